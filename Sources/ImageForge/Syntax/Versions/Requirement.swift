import ForgeBasics

/// One dependency as PEP 508 writes it: `name[extra] >=1,<2 ; marker` or `name @ url`.
package struct Requirement: Sendable, Equatable {
  /// Normalised as PEP 503 says: lower case, runs of `-_.` as one `-`.
  package let name: String
  /// Normalised, sorted.
  package let extras: [String]
  /// As written, without spaces; empty when any version will do.
  package let specifier: String
  package let url: String?
  package let marker: String?

  package init(
    name: String, extras: [String] = [], specifier: String = "", url: String? = nil,
    marker: String? = nil
  ) {
    self.name = Requirement.normalise(name)
    self.extras = extras.map(Requirement.normalise).sorted()
    self.specifier = specifier
    self.url = url
    self.marker = marker
  }

  /// Nil when the text is no requirement.
  package init?(_ text: some StringProtocol) {
    var rest = Substring(text).trimmed
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard let first = name.first, let last = name.last, first.isLetter || first.isNumber,
      last.isLetter || last.isNumber
    else { return nil }
    rest = rest.dropFirst(name.count).trimmed
    var extras: [String] = []
    if rest.first == "[" {
      guard let close = rest.firstIndex(of: "]") else { return nil }
      extras = rest[rest.index(after: rest.startIndex)..<close].split(separator: ",").map {
        String($0.trimmed)
      }
      rest = rest[rest.index(after: close)...].trimmed
    }
    var url: String?
    var specifier = ""
    let marker: String?
    if rest.first == "@" {
      // A marker is divided from a URL by a space.
      let parts = rest.dropFirst().trimmed.split(separator: " ;", maxSplits: 1)
      guard let address = parts.first?.trimmed, !address.isEmpty else { return nil }
      url = String(address)
      marker = parts.dropFirst().first.map { String($0.trimmed) }
    } else {
      let parts = rest.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
      specifier = String((parts.first ?? "").filter { !$0.isWhitespace && $0 != "(" && $0 != ")" })
      marker = parts.dropFirst().first.map { String($0.trimmed) }
      guard specifier.isEmpty || "<>=!~^*".contains(specifier.first ?? " ") else { return nil }
    }
    self.init(name: String(name), extras: extras, specifier: specifier, url: url, marker: marker)
  }

  package static func normalise(_ name: String) -> String {
    var out = ""
    var dash = false
    for character in name.lowercased() {
      if "-_.".contains(character) {
        dash = true
      } else {
        if dash, !out.isEmpty { out += "-" }
        dash = false
        out.append(character)
      }
    }
    return out
  }

  /// The version of `==1.2.3`; nil for everything else.
  package var pinnedVersion: String? {
    guard specifier.hasPrefix("=="), !specifier.contains(","), !specifier.contains("*") else {
      return nil
    }
    let version = specifier.drop { $0 == "=" }
    guard !version.isEmpty else { return nil }
    return String(version)
  }
}

extension Substring {
  var trimmed: Substring {
    var text = drop { $0.isWhitespace }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
