import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The environment variables that classes of pydantic-settings read.
struct PythonSettings {
  private(set) var readings: [PythonEnvironment.Reading] = []
  private(set) var findings: [Finding] = []
  private let index: PythonIndex

  private static let bases: Set<String> = [
    "pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings",
    "pydantic.BaseSettings",
    "pydantic.v1.BaseSettings",
  ]
  private static let models: Set<String> = [
    "pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel",
  ]

  /// How a class names its variables.
  private struct Naming {
    var prefix = ""
    var delimiter: String?
    var isCaseSensitive = false
    /// `fields` of version 1: the variable of a field, as written.
    var fields: [String: String] = [:]
  }

  private struct TypePlace {
    let type: PythonClass
    let file: PythonFile
  }

  static func read(_ index: PythonIndex, folder: String) -> PythonSettings {
    var settings = PythonSettings(index: index)
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      for type in file.classes.sorted(by: { $0.key < $1.key }).map(\.value)
      where settings.isSettings(type, in: file) {
        settings.read(TypePlace(type: type, file: file))
      }
    }
    return settings
  }

  private init(index: PythonIndex) { self.index = index }

  private func isSettings(_ type: PythonClass, in file: PythonFile) -> Bool {
    type.arguments.positional.contains { index.isClass($0, in: file, oneOf: Self.bases) }
  }

  private mutating func read(_ place: TypePlace) {
    let chain = chain(of: place)
    var naming = Naming()
    for ancestor in chain.reversed() { configure(&naming, from: ancestor.type) }
    var seen: Set<String> = []
    for ancestor in chain {
      for field in fields(of: ancestor.type) where seen.insert(field.name).inserted {
        read(field, naming.prefix + field.name, in: ancestor.file, naming, required: true, depth: 0)
      }
    }
  }

  /// A class and those of the project that it inherits from, the nearest first.
  private func chain(of place: TypePlace) -> [TypePlace] {
    var chain = [place]
    var at = 0
    while at < chain.count, chain.count < 16 {
      let (type, file) = (chain[at].type, chain[at].file)
      for base in type.arguments.positional {
        if case .member(let path, let name)? = index.origin(of: base, in: file),
          let other = index.files[path],
          let type = other.classes[name],
          !chain.contains(where: { $0.type.name == name && $0.file.path == path })
        {
          chain.append(TypePlace(type: type, file: other))
        }
      }
      at += 1
    }
    return chain
  }

  // MARK: Configuration

  /// `model_config = SettingsConfigDict(…)` or `{…}`, `class Config:` of version 1, class keywords.
  private func configure(_ naming: inout Naming, from type: PythonClass) {
    // `env_prefix=_prefix`, where the class says what that is.
    let constants = type.body.flatMap(\.assignments)
    func apply(_ name: String, _ value: PythonExpression, to naming: inout Naming) {
      let constant = constants.first { $0.name == value.name }?.value
      self.apply(name, constant ?? value, to: &naming)
    }
    for argument in type.arguments {
      if let name = argument.name { apply(name, argument.value, to: &naming) }
    }
    for statement in type.body {
      if case .classDefinition(let inner) = statement.kind, inner.name == "Config" {
        for (name, value) in inner.body.flatMap(\.assignments) { apply(name, value, to: &naming) }
      }
      for (name, value) in statement.assignments where name == "model_config" {
        if let (_, arguments) = value.call {
          for argument in arguments {
            if let name = argument.name { apply(name, argument.value, to: &naming) }
          }
        } else if case .dictionary(let pairs) = value.kind {
          for pair in pairs {
            if let name = pair.key?.string { apply(name, pair.value, to: &naming) }
          }
        }
      }
    }
  }

  private func apply(_ name: String, _ value: PythonExpression, to naming: inout Naming) {
    switch name {
    case "env_prefix": naming.prefix = value.string ?? naming.prefix
    case "env_nested_delimiter": naming.delimiter = value.string
    case "fields":
      guard case .dictionary(let pairs) = value.kind else { return }
      for pair in pairs {
        guard let field = pair.key?.string else { continue }
        var written: PythonExpression? = pair.value
        if case .dictionary(let options) = pair.value.kind {
          written = options.first { $0.key?.string == "env" || $0.key?.string == "alias" }?.value
        }
        naming.fields[field] = written?.string ?? written?.elements?.first?.string
      }
    case "case_sensitive": naming.isCaseSensitive = value.bool ?? false
    default: break
    }
  }

  // MARK: Fields

  private struct Field {
    let name: String
    let annotation: PythonExpression
    let value: PythonExpression?
    let offset: Int
  }

  private func fields(of type: PythonClass) -> [Field] {
    type.body.flattened.compactMap { statement in
      guard case .annotated(let target, let annotation, let value) = statement.kind,
        let name = target.name,
        !name.hasPrefix("_"), name != "model_config", !mentions(annotation, "ClassVar")
      else { return nil }
      return Field(name: name, annotation: annotation, value: value, offset: statement.offset)
    }
  }

  private mutating func read(
    _ field: Field, _ plainName: String, in file: PythonFile, _ naming: Naming, required: Bool,
    depth: Int
  ) {
    guard readings.count < 5000 else { return }
    let options =
      field.value?.call.flatMap { isField($0.function) ? $0.arguments : nil }
      ?? annotatedOptions(field)
    let value = defaultValue(of: field, options)
    let isRequired =
      required && value == nil && !hasFactory(options) && !isOptionalBefore2(field, in: file)
    // A field of a model of the project: one variable for each of its fields.
    // Settings inside settings have names of their own.
    if let delimiter = naming.delimiter, depth < 4,
      let model = model(of: field.annotation, in: file)
    {
      for inner in fields(of: model.type) {
        read(
          inner, plainName + delimiter + inner.name, in: model.file, naming, required: isRequired,
          depth: depth + 1)
      }
      return
    }
    let alias = alias(options) ?? (depth == 0 ? naming.fields[field.name] : nil)
    let written = alias ?? plainName
    let name = naming.isCaseSensitive ? written : written.uppercased()
    guard EnvironmentName.isValid(name) else { return }
    let literal = value.flatMap { value -> String? in
      mentions(field.annotation, "NoDecode") || isNoDecode(field.annotation, in: file)
        ? value.elements.map { $0.compactMap(\.string).joined(separator: ",") }
          ?? PythonLiteral.text(value)
        : PythonLiteral.text(value)
    }
    let isSecret =
      mentions(field.annotation, "SecretStr") || mentions(field.annotation, "SecretBytes")
      || (!isNumeric(field.annotation) && SecretName.isSecret(name, default: literal))
    // An address without a password gives nothing away.
    let isHarmless =
      literal.map { $0.isEmpty || ($0.contains("://") && !SecretName.holdsCredentials($0)) } ?? true
    if isSecret, !isHarmless {
      findings.append(
        Finding(
          id: "FORGE-F020", severity: .warning,
          message: "the secret \(name) has a default in the source",
          at: file.location(field.offset),
          fix: "take the default out, so that the service cannot start without its own"))
    }
    readings.append(
      PythonEnvironment.Reading(
        name: name, need: .demanded(unless: !isRequired), default: literal, isSecret: isSecret,
        place: file.location(field.offset)))
  }

  /// Version 1 of pydantic takes `None` for the default of a field that may be `None`; version 2 demands it.
  private func isOptionalBefore2(_ field: Field, in file: PythonFile) -> Bool {
    guard mentions(field.annotation, "Optional") || admitsNone(field.annotation) else {
      return false
    }
    guard case .external(let name)? = index.origin(ofName: "BaseSettings", in: file) else {
      return false
    }
    return name.hasPrefix("pydantic.")
  }

  private func admitsNone(_ annotation: PythonExpression) -> Bool {
    guard case .operation(let operators, let operands) = annotation.kind, operators.contains("|")
    else { return false }
    return operands.contains { operand in
      if case .none = operand.kind { return true }
      return false
    }
  }

  private func isField(_ callee: PythonExpression) -> Bool { callee.dotted?.last == "Field" }

  /// `Annotated[str, Field(alias="X")]`.
  private func annotatedOptions(_ field: Field) -> [PythonArgument]? {
    guard case .subscripted(let base, let parts) = field.annotation.kind,
      base.dotted?.last == "Annotated"
    else {
      return nil
    }
    return parts.lazy.compactMap { $0.call.flatMap { isField($0.function) ? $0.arguments : nil } }
      .first
  }

  /// Nil when the field has none; `None` counts as one.
  private func defaultValue(of field: Field, _ options: [PythonArgument]?) -> PythonExpression? {
    var value = field.value
    if let call = field.value?.call, isField(call.function) {
      value = call.arguments.argument(0, "default")
    }
    if value == nil, field.value == nil { value = options?["default"] }
    if case .ellipsis? = value?.kind { return nil }
    return value
  }

  private func hasFactory(_ options: [PythonArgument]?) -> Bool {
    options?["default_factory"] != nil
  }

  /// The name by which the environment knows the field, when it is not its own.
  private func alias(_ options: [PythonArgument]?) -> String? {
    for key in ["validation_alias", "alias", "env"] {
      guard let value = options?[key] else { continue }
      if let text = value.string { return text }
      if let text = value.elements?.first?.string { return text }
      if let text = value.call?.arguments.positional.first?.string { return text }
    }
    return nil
  }

  private func isNumeric(_ annotation: PythonExpression) -> Bool {
    ["int", "bool", "float", "timedelta"].contains { mentions(annotation, $0) }
  }

  private func mentions(_ annotation: PythonExpression, _ name: String) -> Bool {
    var found = false
    annotation.walk { expression in
      if expression.dotted?.last == name { found = true }
      // `x: "SecretStr"`.
      if let text = expression.string, text.contains(name) { found = true }
    }
    return found
  }

  /// An alias such as `CommaSeparated = Annotated[list[str], NoDecode]`.
  private func isNoDecode(_ annotation: PythonExpression, in file: PythonFile) -> Bool {
    let place = PythonPlace(expression: annotation, scope: PythonScope(file: file, function: nil))
    return annotation.name != nil
      && index.makers(of: place).contains { mentions($0.expression, "NoDecode") }
  }

  /// The class of the project that a field's type names.
  private func model(of annotation: PythonExpression, in file: PythonFile) -> TypePlace? {
    var found: TypePlace?
    annotation.walk { expression in
      guard found == nil, expression.dotted != nil,
        index.isClass(expression, in: file, oneOf: Self.models),
        case .member(let path, let name)? = index.origin(of: expression, in: file),
        let other = index.files[path],
        let type = other.classes[name]
      else { return }
      found = TypePlace(type: type, file: other)
    }
    return found
  }
}
