import ForgeBasics
import ForgeSecrets

/// Text that may hold secrets, such as a step of the history, made fit for a report.
package enum SecretText {
  private static let mask = "***"

  /// The text with `***` for every secret that forge knows: tokens by their shape, values by the names of their
  /// variables, passwords in addresses.
  package static func masked(_ text: String) -> String {
    // Almost no step holds any of these.
    guard text.contains("=") || text.contains(":") || text.utf8.count >= 20 else { return text }
    return maskedAssignments(maskedTokens(text)).replacing(/(:\/\/[^\s:@\/]*:)([^\s@\/$\{]+)@/) {
      "\($0.1)\(mask)@"
    }
  }

  private static func maskedTokens(_ text: String) -> String {
    guard let catalogue = try? SecretCatalogue.standard.get() else { return mask }
    let hits = SecretScanner(catalogue).scan(Array(text.utf8))
    guard !hits.isEmpty else { return text }
    var bytes = Array(text.utf8)
    let ends = Set(" \t\r\n\"'`;&|)".utf8)
    for offset in Set(hits.map(\.offset)).sorted(by: >) {
      guard let start = Int(exactly: offset), bytes.indices.contains(start) else { continue }
      // A key has line breaks in it.
      let isKey = bytes[start...].starts(with: "-----BEGIN".utf8)
      let end =
        isKey ? bytes.endIndex : bytes[start...].firstIndex(where: ends.contains) ?? bytes.endIndex
      bytes.replaceSubrange(start..<max(end, start + 1), with: mask.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `NAME=value` with a name that tells of a secret; the value goes on to the closing quote, and among the build
  /// arguments in front of a RUN step, which are not quoted, to the next name.
  private static func maskedAssignments(_ text: String) -> String {
    guard text.contains("=") else { return text }
    let isArguments = text.prefixMatch(of: /(RUN )?\|[0-9]+\s/) != nil
    var out = ""
    var rest = text[...]
    while let equals = rest.firstIndex(of: "=") {
      let name = rest[..<equals].reversed().prefix {
        $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-"
      }
      let start = rest.index(after: equals)
      out += rest[..<start]
      rest = rest[start...]
      let plain = String(String(name.reversed()).drop { $0 == "-" })
      let value: Substring
      if let quote = rest.first, quote == "\"" || quote == "'" {
        value = rest.prefix(upTo: rest.dropFirst().firstIndex(of: quote) ?? rest.endIndex)
      } else if isArguments {
        let end = rest.firstMatch(of: /\s([A-Za-z_][A-Za-z0-9_]*=|\/bin\/)/)?.range.lowerBound
        value = rest[..<(end ?? rest.firstIndex(where: \.isWhitespace) ?? rest.endIndex)]
      } else {
        value = rest.prefix { !$0.isWhitespace && !";&|)".contains($0) }
      }
      let bare = value.drop { $0 == "\"" || $0 == "'" }
      guard !plain.isEmpty, !bare.hasPrefix("$"), isSecret(plain, String(bare)) else { continue }
      out += value.prefix(value.count - bare.count) + mask
      rest = rest[value.endIndex...]
    }
    return out + rest
  }

  /// Whether a variable gives a secret away by its value.
  package static func isSecret(_ name: String, _ value: String) -> Bool {
    guard SecretName.isSecret(name, setTo: value) else { return false }
    // The fingerprint of the key that signs Python's releases: public, in every official Python image.
    return !(name == "GPG_KEY" && value.count == 40 && value.allSatisfy(\.isHexDigit))
  }
}
