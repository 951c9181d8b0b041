/// A set of versions: PEP 440 specifiers (`>=3.11,<4`), Poetry's constraints (`^3.11`, `~3.11`, `3.11.*`) and
/// alternatives (`||`). Pre-releases and local parts are not looked at.
package struct VersionSpecifier: Sendable, Equatable {
  private struct Clause: Sendable, Equatable {
    let relation: String
    let version: [Int]
    let isWildcard: Bool
  }

  private let alternatives: [[Clause]]

  /// Nil when the text is no specifier. An empty text allows everything.
  package init?(_ text: String) {
    var alternatives: [[Clause]] = []
    for part in text.replacing("||", with: "|").split(
      separator: "|", omittingEmptySubsequences: false)
    {
      guard let clauses = Self.clauses(part) else { return nil }
      alternatives.append(clauses)
    }
    self.alternatives = alternatives
  }

  /// The set of the releases of a version: `3.12` is all of 3.12, and `3.12.4` itself alone.
  package static func matching(_ version: String) -> String {
    let isRelease = (numbers(version)?.count ?? 0) > 2
    return "==" + version + (isRelease || version.hasSuffix("*") ? "" : ".*")
  }

  private static func clauses(_ text: Substring) -> [Clause]? {
    var clauses: [Clause] = []
    var rest = text.trimmed
    while !rest.isEmpty {
      let relation = rest.prefix { "<>=!~^".contains($0) }
      rest = rest.dropFirst(relation.count).trimmed
      let word = rest.prefix { !$0.isWhitespace && !",<>=!~^".contains($0) }
      rest = rest.dropFirst(word.count).drop { $0.isWhitespace || $0 == "," }
      guard
        ["", "=", "==", "===", "!=", "<", ">", "<=", ">=", "~=", "~", "^"].contains(
          String(relation))
      else {
        return nil
      }
      guard word != "*" else { continue }
      guard let version = numbers(word) else { return nil }
      clauses.append(
        Clause(relation: String(relation), version: version, isWildcard: word.hasSuffix("*")))
    }
    return clauses
  }

  /// The release numbers of a version: `v3.11.4rc1` is 3.11.4. Nil when it does not begin with a number.
  package static func numbers(_ text: some StringProtocol) -> [Int]? {
    var numbers: [Int] = []
    for part in text.drop(while: { $0 == "v" }).split(
      separator: ".", omittingEmptySubsequences: false)
    {
      let digits = part.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits), number < 1_000_000 else { break }
      numbers.append(number)
      if digits.count < part.count { break }
    }
    guard (1...8).contains(numbers.count) else { return nil }
    return numbers
  }

  /// The versions that the bounds name, newest first; those with three numbers alone, which name one release.
  package var bounds: [[Int]] {
    alternatives.joined().map(\.version).filter { $0.count == 3 }
      .sorted { $1.lexicographicallyPrecedes($0) }
  }

  /// Whether a version is in the set.
  package func allows(_ version: [Int]) -> Bool {
    alternatives.contains { clauses in
      clauses.allSatisfy { Self.allows($0, version) }
    }
  }

  private static func allows(_ clause: Clause, _ version: [Int]) -> Bool {
    let bound = clause.version
    switch clause.relation {
    case ">=": return compare(version, bound) >= 0
    case "<=": return compare(version, bound) <= 0
    case ">": return compare(version, bound) > 0
    case "<": return compare(version, bound) < 0
    case "!=" where clause.isWildcard: return !starts(version, with: bound)
    case "!=": return compare(version, bound) != 0
    case "~=":
      return compare(version, bound) >= 0
        && starts(version, with: Array(bound.prefix(max(1, bound.count - 1))))
    case "~":
      return compare(version, bound) >= 0 && starts(version, with: Array(bound.prefix(2)))
    case "^":
      // Up to the next change of the first number that is not 0.
      let fixed = (bound.firstIndex { $0 != 0 } ?? bound.count - 1) + 1
      return compare(version, bound) >= 0 && starts(version, with: Array(bound.prefix(fixed)))
    default:
      if clause.isWildcard { return starts(version, with: bound) }
      return compare(version, bound) == 0
    }
  }

  private static func starts(_ version: [Int], with prefix: [Int]) -> Bool {
    prefix.indices.allSatisfy { number($0, of: version) == prefix[$0] }
  }

  private static func compare(_ a: [Int], _ b: [Int]) -> Int {
    for index in 0..<max(a.count, b.count) {
      let difference = number(index, of: a) - number(index, of: b)
      if difference != 0 { return difference }
    }
    return 0
  }

  /// What is not written is 0: `3.11` is `3.11.0`.
  private static func number(_ index: Int, of version: [Int]) -> Int {
    version.dropFirst(index).first ?? 0
  }
}
