/// The rules of one `.gitignore` (gitignore(5)), for what lies below its folder.
struct GitIgnore: Sendable {
  private struct Rule: Sendable {
    let isNegated: Bool
    let isFolderOnly: Bool
    /// Path segments; one alone matches a name at any depth unless anchored.
    let segments: [[UInt8]]
    let isAnchored: Bool
  }

  private var rules: [Rule] = []
  /// Plain names, where no rule takes anything back: most rules of most files.
  private var names: Set<String> = []
  private var folderNames: Set<String> = []

  var isEmpty: Bool { rules.isEmpty && names.isEmpty && folderNames.isEmpty }

  init(_ text: String) {
    var found: [Rule] = []
    for line in text.split(whereSeparator: \.isNewline).prefix(5_000) {
      if let rule = Self.rule(line) { found.append(rule) }
    }
    guard !found.contains(where: \.isNegated) else {
      rules = found
      return
    }
    for rule in found {
      let isPlain =
        rule.segments.count == 1 && !rule.isAnchored
        && !rule.segments[0].contains(where: Self.isSpecial)
      let name = String(decoding: rule.segments[0], as: UTF8.self)
      if !isPlain {
        rules.append(rule)
      } else if rule.isFolderOnly {
        folderNames.insert(name)
      } else {
        names.insert(name)
      }
    }
  }

  private static func isSpecial(_ byte: UInt8) -> Bool { "*?[\\".utf8.contains(byte) }

  private static func rule(_ line: Substring) -> Rule? {
    var text = line
    // Spaces at the end count only when escaped.
    while text.hasSuffix(" "), !text.hasSuffix("\\ ") { text = text.dropLast() }
    guard !text.isEmpty, !text.hasPrefix("#"), text.utf8.count <= 1_024 else { return nil }
    let isNegated = text.hasPrefix("!")
    if isNegated { text = text.dropFirst() }
    let isFolderOnly = text.hasSuffix("/")
    if isFolderOnly { text = text.dropLast() }
    let isAnchored = text.contains("/")
    let segments = text.split(separator: "/").prefix(32).map { Array($0.utf8) }
    guard !segments.isEmpty else { return nil }
    return Rule(
      isNegated: isNegated, isFolderOnly: isFolderOnly, segments: segments, isAnchored: isAnchored)
  }

  /// Whether the rules exclude (`true`) or take back (`false`) an entry; nil when none speaks of it.
  /// - Parameter path: relative to the folder of the file.
  func verdict(_ name: String, path: Substring, isFolder: Bool) -> Bool? {
    if names.contains(name) || (isFolder && folderNames.contains(name)) { return true }
    guard !rules.isEmpty else { return nil }
    let bytes = Array(name.utf8)
    var parts: [[UInt8]]?
    for rule in rules.reversed() where isFolder || !rule.isFolderOnly {
      let matches: Bool
      if rule.isAnchored {
        let split = parts ?? path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        parts = split
        matches = Self.matches(rule.segments[...], split[...])
      } else {
        matches = Self.fits(rule.segments[0][...], bytes[...])
      }
      if matches { return !rule.isNegated }
    }
    return nil
  }

  private static func matches(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first.elementsEqual("**".utf8) {
      let rest = pattern.drop { $0.elementsEqual("**".utf8) }
      // At the end it means everything inside.
      if rest.isEmpty { return !path.isEmpty }
      return path.indices.contains { matches(rest, path[$0...]) }
    }
    guard let folder = path.first, fits(first[...], folder[...]) else { return false }
    return matches(pattern.dropFirst(), path.dropFirst())
  }

  /// `*`, `?`, `[a-z]`, `\x` within one name; goes back only to the last star, so that it is never slow.
  static func fits(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    var (p, n) = (pattern.startIndex, name.startIndex)
    var star: (pattern: Int, name: Int)?
    while n < name.endIndex {
      if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
        star = (p + 1, n)
        p += 1
      } else if p < pattern.endIndex, let next = one(pattern, p, name[n]) {
        p = next
        n += 1
      } else if let (back, start) = star {
        star = (back, start + 1)
        (p, n) = (back, start + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// The index after what matches one byte; nil when it does not match.
  private static func one(_ pattern: ArraySlice<UInt8>, _ at: Int, _ byte: UInt8) -> Int? {
    let (matches, next) = step(pattern, at, byte)
    guard matches else { return nil }
    return next
  }

  /// Whether the piece of a pattern that begins at an index matches one byte, and where the next piece begins.
  private static func step(
    _ pattern: ArraySlice<UInt8>, _ at: Int, _ byte: UInt8
  ) -> (matches: Bool, next: Int) {
    switch pattern[at] {
    case UInt8(ascii: "?"): return (true, at + 1)
    case UInt8(ascii: "\\") where at + 1 < pattern.endIndex:
      return (pattern[at + 1] == byte, at + 2)
    case UInt8(ascii: "["):
      guard let end = pattern[(at + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
        return (byte == UInt8(ascii: "["), at + 1)
      }
      var members = pattern[(at + 1)..<end]
      let isNegated = members.first == UInt8(ascii: "!") || members.first == UInt8(ascii: "^")
      if isNegated { members = members.dropFirst() }
      var isMember = false
      var index = members.startIndex
      while index < members.endIndex {
        if index + 2 < members.endIndex, members[index + 1] == UInt8(ascii: "-") {
          if members[index] <= byte, byte <= members[index + 2] { isMember = true }
          index += 3
        } else {
          isMember = isMember || members[index] == byte
          index += 1
        }
      }
      return (isMember != isNegated, end + 1)
    default: return (pattern[at] == byte, at + 1)
    }
  }
}
