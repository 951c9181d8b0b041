import ForgeBasics

/// Secrets in a short text that is no file, such as a step of the history, a label or an argument: what rules report is
/// what reports mask, by the same search.
package enum SecretText {
  private static let mask = "***"

  /// A secret in a text. It never holds the value.
  package struct Found: Sendable {
    /// Of the value, in bytes of UTF-8.
    package let range: Range<Int>
    /// The setting whose value it is; nil for a token that stands by itself.
    package let name: String?
    /// Nil for a value that is known by its name alone.
    package let kind: SecretKind?
    /// The first digits of a SHA-256 of kind and value; empty where the kind is not known.
    package let fingerprint: String
  }

  /// The secrets of a text in their order; no two share a byte.
  package static func found(in text: String) -> [Found] {
    // Almost no text is long enough for a token or holds a sign that assigns.
    guard text.utf8.count >= 20 || text.utf8.contains(where: { "=:-".utf8.contains($0) }) else {
      return []
    }
    let bytes = Array(text.utf8)
    return merged(tokens(bytes) + addresses(bytes) + SecretWords(bytes).found())
  }

  /// The secret in the value of a setting: known by its form, or else by the name.
  package static func found(name: String, value: String) -> [Found] {
    let inside = found(in: value)
    if !inside.isEmpty { return inside.map { $0.named(name) } }
    let pair = found(in: "\(name)=\(value)")
    let whole = 0..<value.utf8.count
    if let known = pair.first(where: { $0.kind != nil }) {
      return [Found(range: whole, name: name, kind: known.kind, fingerprint: known.fingerprint)]
    }
    guard SecretName.isSecret(name, setTo: value) else { return [] }
    return [Found(range: whole, name: name, kind: nil, fingerprint: "")]
  }

  /// The text with `***` in place of every secret.
  package static func masked(_ text: String) -> String {
    let found = found(in: text)
    return found.isEmpty ? text : masked(Array(text.utf8), found.map(\.range))
  }

  /// A command with `***` in place of every secret, where a flag and its value may be two words.
  package static func masked(command: [String]) -> [String] {
    let joined = command.joined(separator: " ")
    let ranges = found(in: joined).map(\.range)
    guard !ranges.isEmpty else { return command }
    let bytes = Array(joined.utf8)
    var start = 0
    return command.map { word in
      let whole = start..<start + word.utf8.count
      start = whole.upperBound + 1
      let inside = ranges.map { $0.clamped(to: whole) }.filter { !$0.isEmpty }.map {
        $0.lowerBound - whole.lowerBound..<$0.upperBound - whole.lowerBound
      }
      return masked(Array(bytes[whole]), inside)
    }
  }

  private static func masked(_ bytes: [UInt8], _ ranges: [Range<Int>]) -> String {
    var out: [UInt8] = []
    var at = 0
    for range in ranges {
      out += bytes[at..<range.lowerBound] + Array(mask.utf8)
      at = range.upperBound
    }
    return String(decoding: out + bytes[at...], as: UTF8.self)
  }

  /// Known by their form.
  private static func tokens(_ bytes: [UInt8]) -> [Found] {
    guard let catalogue = try? SecretCatalogue.standard.get() else {
      return [Found(range: bytes.indices, name: nil, kind: nil, fingerprint: "")]
    }
    let scanner = SecretScanner(catalogue)
    return scanner.scan(bytes).compactMap { hit in
      guard let start = Int(exactly: hit.offset), let length = scanner.lengths[hit] else {
        // Too many candidates to look at: nothing of the text is shown.
        return Found(range: bytes.indices, name: nil, kind: nil, fingerprint: "")
      }
      let kind = catalogue.kind(hit.kind)
      let end = kind?.isKey == true ? endOfKey(bytes, start + length) : start + length
      return Found(
        range: start..<min(bytes.count, end), name: nil, kind: kind, fingerprint: hit.fingerprint)
    }
  }

  /// A key goes on to its footer, whatever parts its lines.
  private static func endOfKey(_ bytes: [UInt8], _ start: Int) -> Int {
    bytes[min(start, bytes.count)...].firstIndex { byte in
      !ByteSet.alphanumeric.contains(byte) && !"+/=\\ \t\r\n".utf8.contains(byte)
    } ?? bytes.endIndex
  }

  private static func addresses(_ bytes: [UInt8]) -> [Found] {
    SecretValue.credentials(bytes).map {
      Found(range: $0, name: nil, kind: nil, fingerprint: "")
    }
  }

  /// Of what overlaps, the one that is known by its form, over the bytes of all.
  private static func merged(_ all: [Found]) -> [Found] {
    var merged: [Found] = []
    for next in all.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard let last = merged.last, last.range.upperBound > next.range.lowerBound else {
        merged.append(next)
        continue
      }
      let better = last.kind == nil ? next : last
      merged[merged.count - 1] = Found(
        range: last.range.lowerBound..<max(last.range.upperBound, next.range.upperBound),
        name: last.name ?? next.name, kind: better.kind, fingerprint: better.fingerprint)
    }
    return merged
  }
}

extension SecretText.Found {
  fileprivate func named(_ name: String) -> Self {
    Self(range: range, name: name, kind: kind, fingerprint: fingerprint)
  }
}
