import ForgeBasics
import ForgeSyntax

/// The `content-hash` of poetry.lock, as Poetry makes it: SHA-256 of the tables that it reads, written as Python's
/// `json.dumps(…, sort_keys=True)` writes them.
enum PoetryDigest {
  private static let legacyKeys = ["dependencies", "source", "extras", "dev-dependencies"]
  private static let projectKeys = ["requires-python", "dependencies", "optional-dependencies"]

  /// The digests that versions of Poetry make of a manifest: those before 2.3 did not read dependency groups. Empty
  /// where a value has no known spelling.
  static func all(of root: TOML) -> [String] {
    [true, false].compactMap { withGroups in
      content(of: root, withGroups: withGroups).flatMap(digest)
    }
  }

  private static func digest(_ content: [String: TOML?]) -> String? {
    var text = ""
    guard write(content, to: &text) else { return nil }
    return Digest.sha256(Array(text.utf8)).hex
  }

  private static func content(of root: TOML, withGroups: Bool) -> [String: TOML?]? {
    var project: [String: TOML] = [:]
    for key in projectKeys { project[key] = root["project"]?[key] }
    let groups = withGroups ? root["dependency-groups"]?.table ?? [:] : [:]
    let isLegacy = project.isEmpty && groups.isEmpty
    var poetry: [String: TOML?] = [:]
    for key in legacyKeys + ["group"] {
      let value = root[["tool", "poetry", key]]
      if value == nil, key == "group" || !isLegacy { continue }
      poetry.updateValue(value, forKey: key)
    }
    guard !isLegacy else { return poetry }
    var content: [String: TOML?] = [:]
    if !project.isEmpty { content["project"] = .table(project) }
    if !groups.isEmpty { content["dependency-groups"] = .table(groups) }
    content["tool"] = .table(["poetry": .table(poetry.compactMapValues(\.self))])
    return content
  }

  // MARK: Python's JSON

  /// Whether all of it has a spelling: not every number and no date has one here.
  private static func write(_ members: [String: TOML?], to text: inout String) -> Bool {
    text += "{"
    let sorted = members.sorted { a, b in
      a.key.unicodeScalars.lexicographicallyPrecedes(b.key.unicodeScalars)
    }
    for (index, (key, value)) in sorted.enumerated() {
      if index > 0 { text += ", " }
      write(key, to: &text)
      text += ": "
      guard write(value, to: &text) else { return false }
    }
    text += "}"
    return true
  }

  private static func write(_ value: TOML?, to text: inout String) -> Bool {
    switch value {
    case nil: text += "null"
    case .string(let string): write(string, to: &text)
    case .integer(let number): text += "\(number)"
    case .bool(let flag): text += flag ? "true" : "false"
    case .double, .date: return false
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        guard write(element, to: &text) else { return false }
      }
      text += "]"
    case .table(let members): return write(members.mapValues { $0 }, to: &text)
    }
    return true
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for unit in string.utf16 {
      switch unit {
      case 0x22: text += "\\\""
      case 0x5C: text += "\\\\"
      case 0x08: text += "\\b"
      case 0x09: text += "\\t"
      case 0x0A: text += "\\n"
      case 0x0C: text += "\\f"
      case 0x0D: text += "\\r"
      case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let hex = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      }
    }
    text += "\""
  }
}
