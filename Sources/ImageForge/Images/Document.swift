import ForgeBasics
import ForgeLayers

/// One JSON document of an image, read as strictly as a gate must: no key stands twice, not even in another case.
struct Document: Sendable {
  /// What the user named.
  let source: String
  /// What messages call it: `index.json`, `config sha256:…`.
  let name: String
  let bytes: [UInt8]
  let root: JSON
  let limits: LayerLimits
  private let text: SourceText

  /// Objects whose keys are data, not fields: there `Name` and `name` are two.
  private static let maps: Set<String> = [
    "labels", "annotations", "exposedports", "volumes", "layersources",
  ]

  init(
    source: String, name: String, bytes: [UInt8], limits: LayerLimits = LayerLimits()
  ) throws(ImageError) {
    self.source = source
    self.name = name
    self.bytes = bytes
    self.limits = limits
    text = SourceText(name: name, bytes: bytes)
    do {
      root = try JSON.parse(
        text, JSON.Options(duplicateKeys: .rejectEqual, maximumSize: Int(clamping: limits.document))
      )
    } catch {
      throw ImageError(.malformed, source: source, "\(error)")
    }
    try checkKeys(of: root)
  }

  /// Go's decoder takes keys that differ only in case for one field, and the last one wins; others do not.
  private func checkKeys(of value: JSON, isMap: Bool = false) throws(ImageError) {
    for element in value.elements { try checkKeys(of: element) }
    var seen: Set<String> = []
    for member in value.members {
      let folded = JSON.foldKey(member.key)
      if !isMap, !seen.insert(folded).inserted {
        throw failure(
          "the key \"\(DisplayText.escape(member.key))\" stands twice, in different case",
          at: member.keyOffset)
      }
      try checkKeys(of: member.value, isMap: !isMap && Self.maps.contains(folded))
    }
  }

  /// The root, which must be an object.
  func fields() throws(ImageError) -> Fields {
    guard root.isObject else { throw failure("must be an object", at: root.offset) }
    return Fields(document: self, json: root)
  }

  /// Holds a list of layers to the budget.
  func checkLayers(_ count: Int, at offset: Int) throws(ImageError) {
    guard count <= limits.layers else {
      throw ImageError(
        .tooLarge, source: source,
        "\(text.location(at: offset)): lists more than \(limits.layers) layers",
        advice: "if the image can be trusted, raise --max-layers")
    }
  }

  func failure(_ reason: String, at offset: Int, _ kind: ImageError.Kind = .malformed) -> ImageError
  {
    ImageError(
      kind, source: source,
      "\(text.location(at: offset)), column \(text.column(at: offset)): \(reason)")
  }
}

/// The members of one object of a document, looked up as Go does, regardless of case. `null` is as good as absent.
struct Fields: Sendable {
  let document: Document
  let json: JSON

  private func value(_ key: String) -> JSON? {
    let folded = JSON.foldKey(key)
    let found = json.member(key) ?? json.members.first { JSON.foldKey($0.key) == folded }
    guard let value = found?.value, !value.isNull else { return nil }
    return value
  }

  func has(_ key: String) -> Bool { value(key) != nil }

  func string(_ key: String) throws(ImageError) -> String? {
    try read(key, "a string") { $0.string }
  }

  func integer(_ key: String) throws(ImageError) -> Int64? {
    try read(key, "a whole number") { $0.integer }
  }

  func bool(_ key: String) throws(ImageError) -> Bool? {
    try read(key, "true or false") { $0.bool }
  }

  func object(_ key: String) throws(ImageError) -> Fields? {
    try readObject(key) { Fields(document: document, json: $0) }
  }

  func objects(_ key: String) throws(ImageError) -> [Fields]? {
    try read(key, "an array of objects") { value in
      guard value.isArray, value.elements.allSatisfy(\.isObject) else { return nil }
      return value.elements.map { Fields(document: document, json: $0) }
    }
  }

  func strings(_ key: String) throws(ImageError) -> [String]? {
    try read(key, "an array of strings") { value in
      let strings = value.elements.compactMap(\.string)
      guard value.isArray, strings.count == value.elements.count else { return nil }
      return strings
    }
  }

  func stringMap(_ key: String) throws(ImageError) -> [String: String]? {
    try read(key, "an object of strings") { value in
      guard value.isObject else { return nil }
      var map: [String: String] = [:]
      for member in value.members {
        guard let text = member.value.string else { return nil }
        map[member.key] = text
      }
      return map
    }
  }

  /// The members of an object used as a map.
  func entries() throws(ImageError) -> [(String, Fields)] {
    try json.members.map { (member) throws(ImageError) in
      guard member.value.isObject else {
        throw document.failure("must be an object", at: member.value.offset)
      }
      return (member.key, Fields(document: document, json: member.value))
    }
  }

  /// The keys of an object whose values do not matter, as Docker writes sets.
  func set(_ key: String) throws(ImageError) -> [String]? {
    try readObject(key) { $0.members.map(\.key) }
  }

  func require<Value>(_ value: Value?, _ key: String) throws(ImageError) -> Value {
    guard let value else { throw failure("lacks \"\(key)\"") }
    return value
  }

  func failure(_ reason: String, at key: String? = nil, _ kind: ImageError.Kind = .malformed)
    -> ImageError
  {
    document.failure(reason, at: key.flatMap { value($0)?.offset } ?? json.offset, kind)
  }

  private func readObject<Value>(
    _ key: String, _ convert: (JSON) -> Value
  ) throws(ImageError) -> Value? {
    try read(key, "an object") { value in
      guard value.isObject else { return nil }
      return convert(value)
    }
  }

  private func read<Value>(
    _ key: String, _ expected: String, _ convert: (JSON) -> Value?
  ) throws(ImageError) -> Value? {
    guard let value = value(key) else { return nil }
    guard let converted = convert(value) else {
      throw failure("\"\(key)\" must be \(expected)", at: key)
    }
    return converted
  }
}
