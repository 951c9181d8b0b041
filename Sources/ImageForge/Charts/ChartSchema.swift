import ForgeBasics

/// The JSON Schema of values.yaml: Helm refuses with it what the templates could not use.
indirect enum ChartSchema: Encodable {
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([ChartSchema])
  case object([String: ChartSchema])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    }
  }
}

extension ChartSchema {
  init(_ components: [ComponentValues]) {
    var properties: [String: ChartSchema] = [
      // Helm's own, for charts that this one is a part of.
      "global": .type("object"),
      "imageRegistry": .string(pattern: "^$|/$"),
      "imagePullPolicy": .object([
        "enum": .list(["Always", "IfNotPresent", "Never"].map(Self.text))
      ]),
      "imagePullSecrets": .list(of: .type("object")),
      "fullnameOverride": .string(pattern: "^$|^[a-z]([a-z0-9-]*[a-z0-9])?$"),
      "serviceAccount": .closed(["annotations": .strings]),
      "ingress": .closed([
        "enabled": .type("boolean"), "className": .type("string"), "annotations": .strings,
        "host": .type("string"), "tlsSecret": .type("string"),
      ]),
      "networkPolicy": .closed([
        "enabled": .type("boolean"), "ingressNamespaceLabels": .strings,
        "mcpClientNamespaceLabels": .strings, "databasePeers": .list(of: .type("object")),
        "privateRanges": .list(of: .type("string")),
      ]),
    ]
    for component in components { properties[component.key] = .component(component) }
    self = .closed(
      properties,
      [
        "$schema": .text("https://json-schema.org/draft/2020-12/schema")
      ])
  }

  private static func component(_ values: ComponentValues) -> ChartSchema {
    var replicas: [String: ChartSchema] = ["type": .text("integer"), "minimum": .number(0)]
    if !values.isRolling { replicas["maximum"] = .number(1) }
    var properties: [String: ChartSchema] = [
      "image": image, "replicas": .object(replicas), "resources": .type("object"),
    ]
    if values.mayScale {
      properties["autoscaling"] = .closed([
        "enabled": .type("boolean"), "minReplicas": .integer(from: 1),
        "maxReplicas": .integer(from: 1), "targetCPU": .integer(from: 1),
      ])
    }
    if values.isPublic { properties["host"] = .type("string") }
    if values.ownsVolume {
      properties["persistence"] = .closed([
        "size": .type("string"), "storageClass": .type("string"), "existingClaim": .type("string"),
      ])
    }
    if values.isOwner {
      properties["config"] = .object([
        "type": .text("object"),
        "propertyNames": .string(pattern: "^[A-Za-z_][A-Za-z0-9_]*$"),
        "properties": .object(
          Dictionary(uniqueKeysWithValues: values.config.map { ($0.name, scalar) })),
        "additionalProperties": scalar,
      ])
    }
    if values.ownsSecrets {
      properties["existingSecret"] = .type("string")
      properties["secrets"] = .closed(
        Dictionary(uniqueKeysWithValues: values.secrets.map { ($0.name, scalar) }))
    }
    if values.migration != nil {
      properties["migration"] = .closed(["enabled": .type("boolean"), "image": image])
    }
    return .closed(properties)
  }

  private static let image = closed([
    "repository": .string(pattern: "^[a-z0-9_]"), "tag": .type("string"),
    "digest": .string(pattern: "^$|^sha256:[0-9a-f]{64}$"),
  ])

  private static let scalar = object([
    "type": .list(["string", "number", "boolean", "null"].map(text))
  ])
  private static let strings = object([
    "type": .text("object"), "additionalProperties": .type("string"),
  ])

  private static func type(_ name: String) -> ChartSchema { .object(["type": .text(name)]) }

  private static func string(pattern: String) -> ChartSchema {
    .object(["type": .text("string"), "pattern": .text(pattern)])
  }

  private static func integer(from minimum: Int) -> ChartSchema {
    .object(["type": .text("integer"), "minimum": .number(minimum)])
  }

  private static func list(of items: ChartSchema) -> ChartSchema {
    .object(["type": .text("array"), "items": items])
  }

  /// An object without other keys: a mistyped one is an error, and not ignored.
  private static func closed(
    _ properties: [String: ChartSchema], _ more: [String: ChartSchema] = [:]
  ) -> ChartSchema {
    let own: [String: ChartSchema] = [
      "type": .text("object"), "properties": .object(properties),
      "additionalProperties": .flag(false),
    ]
    return .object(own.merging(more) { $1 })
  }
}
