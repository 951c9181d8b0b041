import ForgeBasics
import ForgeCodebase

/// Names of components: DNS labels that begin with a letter, short enough to stand behind the name of a release.
struct ComponentNames {
  /// A label has 63 characters, and a release's name, a hyphen and a suffix stand in the same one.
  static let limit = 40
  private static let hashLength = 8
  private var taken: Set<String> = []

  /// The label for a name, and never the same for two.
  mutating func label(for name: String) -> String {
    var label = Self.label(name, limit: Self.limit)
    if taken.contains(label) { label = Self.hashed(label, by: name, limit: Self.limit) }
    var count = 2
    while !taken.insert(label).inserted {
      label = Self.hashed(label, by: "\(name) \(count)", limit: Self.limit)
      count += 1
    }
    return label
  }

  /// `name` in the letters of a label. What had to be cut ends with a hash of the whole name.
  static func label(_ name: String, limit: Int) -> String {
    var label = ""
    for byte in name.lowercased().utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        label.unicodeScalars.append(Unicode.Scalar(byte))
      default: if !label.hasSuffix("-") { label += "-" }
      }
    }
    label = label.trimmingHyphens
    if label.isEmpty { return hashed("app", by: name, limit: limit) }
    if let first = label.utf8.first, first <= UInt8(ascii: "9") { label = "app-" + label }
    guard label.utf8.count > limit else { return label }
    return hashed(label, by: name, limit: limit)
  }

  private static func hashed(_ label: String, by name: String, limit: Int) -> String {
    let hash = Digest.sha256(name.utf8).hex.prefix(hashLength)
    let front = String(label.prefix(limit - hashLength - 1)).trimmingHyphens
    return "\(front)-\(hash)"
  }
}

extension String {
  fileprivate var trimmingHyphens: String {
    var text = self[...]
    while text.hasPrefix("-") { text.removeFirst() }
    while text.hasSuffix("-") { text.removeLast() }
    return String(text)
  }
}
