/// A version by semver.org 2.0.0. A missing minor or patch number is 0; build metadata is dropped.
package struct SemanticVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let major: Int
  package let minor: Int
  package let patch: Int
  /// `["canary", "77"]`; empty for a release.
  package let prerelease: [String]
  /// How many of the three numbers were written.
  package let precision: Int

  /// The full version.
  package var description: String {
    let release = "\(major).\(minor).\(patch)"
    if prerelease.isEmpty { return release }
    return release + "-" + prerelease.joined(separator: ".")
  }

  package init(_ major: Int, _ minor: Int = 0, _ patch: Int = 0) {
    (self.major, self.minor, self.patch, prerelease, precision) = (major, minor, patch, [], 3)
  }

  /// `1`, `v1.2`, `1.2.3-canary.4+build`. Nil when it is none.
  package init?(_ text: String) {
    let core = text.drop { $0 == "v" || $0 == "=" }.prefix { $0 != "+" }
    let parts = core.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers =
      parts.first?.split(separator: ".", omittingEmptySubsequences: false).map { Self.number($0) }
      ?? []
    guard (1...3).contains(numbers.count), let major = numbers[0] else { return nil }
    guard numbers.allSatisfy({ $0 != nil }) else { return nil }
    self.major = major
    let rest = numbers.dropFirst().compactMap(\.self)
    minor = rest.first ?? 0
    patch = rest.dropFirst().first ?? 0
    precision = numbers.count
    prerelease = parts.dropFirst().flatMap { $0.split(separator: ".").map(String.init) }
    let isClean = prerelease.allSatisfy { $0.utf8.allSatisfy { Self.isIdentifier($0) } }
    guard isClean, parts.count == 1 || !prerelease.isEmpty else { return nil }
  }

  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.count <= 9,
      text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
    else { return nil }
    return Int(text)
  }

  private static func isIdentifier(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
      || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
      || byte == UInt8(ascii: "-")
  }

  package static func == (a: Self, b: Self) -> Bool { !(a < b) && !(b < a) }

  package func hash(into hasher: inout Hasher) {
    hasher.combine([major, minor, patch])
    hasher.combine(prerelease)
  }

  package static func < (a: Self, b: Self) -> Bool {
    let (x, y) = ([a.major, a.minor, a.patch], [b.major, b.minor, b.patch])
    guard x == y else { return x.lexicographicallyPrecedes(y) }
    // A pre-release comes before its release.
    if a.prerelease.isEmpty || b.prerelease.isEmpty {
      return !a.prerelease.isEmpty && b.prerelease.isEmpty
    }
    for (left, right) in zip(a.prerelease, b.prerelease) where left != right {
      switch (Int(left), Int(right)) {
      case (let m?, let n?): return m < n
      case (nil, nil): return left.utf8.lexicographicallyPrecedes(right.utf8)
      case (let m, _): return m != nil
      }
    }
    return a.prerelease.count < b.prerelease.count
  }
}

/// A range of versions as npm writes it: `>=18 <21`, `^20.9 || >=22`, `1.2 - 1.4`, `18.x`. Pre-releases are not
/// treated apart.
package struct SemanticRange: Sendable, Equatable {
  /// From the lower bound up to, but without, the upper one.
  package let intervals: [Range<SemanticVersion>]
  private static let end = SemanticVersion(999_999_999)

  /// Nil when the text is no range. An empty text and `*` allow everything.
  package init?(_ text: String) {
    guard text.utf8.count <= 1_000 else { return nil }
    var found: [Range<SemanticVersion>] = []
    for part in text.replacing("||", with: "|").split(
      separator: "|", omittingEmptySubsequences: false)
    {
      guard let interval = Self.interval(part) else { return nil }
      if !interval.isEmpty { found.append(interval) }
    }
    intervals = found
  }

  package func contains(_ version: SemanticVersion) -> Bool {
    intervals.contains { $0.contains(version) }
  }

  /// Whether some version of a major line is in the range.
  package func allows(major: Int) -> Bool {
    let line = SemanticVersion(major)..<SemanticVersion(major + 1)
    return intervals.contains { $0.overlaps(line) }
  }

  /// The lowest version; nil when there is none.
  package var lowest: SemanticVersion? { intervals.map(\.lowerBound).min() }

  private static func interval(_ text: Substring) -> Range<SemanticVersion>? {
    var low = SemanticVersion(0)
    var high = end
    var words = text.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)
    if words.count == 3, words[1] == "-" { words = [">=" + words[0], "<=" + words[2]] }
    var relation = ""
    for word in words {
      let symbols = String(word.prefix { "<>=^~".contains($0) })
      let rest = word.dropFirst(symbols.count)
      if rest.isEmpty {
        relation = symbols
        continue
      }
      if !symbols.isEmpty { relation = symbols }
      guard let (lower, upper) = bounds(relation, String(rest)) else { return nil }
      relation = ""
      low = max(low, lower)
      high = min(high, upper)
    }
    return low..<max(low, high)
  }

  private static func bounds(_ relation: String, _ text: String) -> (
    SemanticVersion, SemanticVersion
  )? {
    let numbers = text.split(separator: ".").prefix { !["x", "X", "*"].contains($0) }
    if numbers.isEmpty { return (SemanticVersion(0), end) }
    guard let version = SemanticVersion(numbers.joined(separator: ".")) else { return nil }
    let (major, minor, patch) = (version.major, version.minor, version.patch)
    // The first version after all that are written so far: 18 is 18.0.0 up to 19.0.0.
    let next: SemanticVersion =
      switch version.precision {
      case 1: SemanticVersion(major + 1)
      case 2: SemanticVersion(major, minor + 1)
      default: SemanticVersion(major, minor, patch + 1)
      }
    switch relation {
    case "", "=", "==": return (version, next)
    case ">=": return (version, end)
    case ">": return (next, end)
    case "<": return (SemanticVersion(0), version)
    case "<=": return (SemanticVersion(0), next)
    case "~", "~>":
      if version.precision == 1 { return (version, next) }
      return (version, SemanticVersion(major, minor + 1))
    case "^":
      if major > 0 || version.precision == 1 { return (version, SemanticVersion(major + 1)) }
      if minor > 0 || version.precision == 2 { return (version, SemanticVersion(0, minor + 1)) }
      return (version, next)
    default: return nil
    }
  }
}
