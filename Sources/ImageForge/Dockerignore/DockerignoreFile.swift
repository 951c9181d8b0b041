import ForgeBasics

/// Why a `.dockerignore` file is refused by the builders.
package struct DockerignoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  package let pattern: String
  package let reason: String
  package var description: String {
    "line \(line): the pattern \(DisplayText.escape(pattern)) \(reason)"
  }
}

/// The patterns of a `.dockerignore`, as moby's `ignorefile.ReadAll` reads them and `patternmatcher.New` takes them.
package struct Dockerignore: Sendable {
  /// A pattern and the line that it stands in, from 1.
  package struct Rule: Sendable {
    package let pattern: DockerignorePattern
    package let line: Int
    /// As written.
    package let text: String
  }

  package let rules: [Rule]
  /// Whether any pattern starts with `!`.
  package let hasExceptions: Bool

  /// Ignores nothing.
  package static let none = Dockerignore(rules: [])

  init(rules: [Rule]) {
    self.rules = rules
    hasExceptions = rules.contains { $0.pattern.isException }
  }

  /// What Go's line scanner takes, in bytes.
  private static let maximumLine = 64 << 10
  /// Far above any real file.
  private static let maximumRules = 20_000

  /// - Throws: `DockerignoreError` where the builders would refuse the file, or a pattern at its first use.
  package init(_ source: SourceText) throws(DockerignoreError) {
    var rules: [Rule] = []
    for (index, bytes) in source.bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    )
    .enumerated() {
      let line = index + 1
      guard bytes.count < Self.maximumLine, rules.count < Self.maximumRules else {
        throw DockerignoreError(line: line, pattern: "", reason: "is too long, or one too many")
      }
      let raw = String(decoding: bytes, as: UTF8.self)
      // Only as the first byte: an indented # starts a pattern.
      guard !raw.utf8.starts(with: "#".utf8) else { continue }
      guard let text = Self.normalized(raw) else { continue }
      let pattern: DockerignorePattern
      do { pattern = try DockerignorePattern(text) } catch {
        throw DockerignoreError(line: line, pattern: text, reason: error.reason)
      }
      rules.append(Rule(pattern: pattern, line: line, text: raw.trimmingGoSpace))
    }
    self.init(rules: rules)
  }

  /// `ignorefile.ReadAll`'s form of a line; nil for an empty one.
  static func normalized(_ line: String) -> String? {
    var pattern = line.trimmingGoSpace
    guard !pattern.isEmpty else { return nil }
    let isException = pattern.utf8.first == UInt8(ascii: "!")
    if isException { pattern = String(pattern.unicodeScalars.dropFirst()).trimmingGoSpace }
    if !pattern.isEmpty {
      pattern = GoPath.clean(pattern)
      if pattern.utf8.count > 1, pattern.utf8.first == UInt8(ascii: "/") {
        pattern = String(pattern.unicodeScalars.dropFirst())
      }
    }
    return isException ? "!" + pattern : pattern
  }

  /// The rule that decides about a path, relative to the context, if any matches: the last one counts, and a rule that
  /// matches a parent folder matches what is in it. The path is ignored unless the rule is an exception.
  package func decision(_ path: String) -> Rule? {
    let path = GoPath.clean(path)
    guard path != "." else { return nil }
    var parents: [String] = []
    for (index, byte) in zip(path.utf8.indices, path.utf8)
    where byte == UInt8(ascii: "/") && index > path.startIndex {
      parents.append(String(path[..<index]))
    }
    var isIgnored = false
    var decision: Rule?
    for rule in rules where rule.pattern.isException == isIgnored {
      if rule.pattern.matches(path) || parents.contains(where: rule.pattern.matches) {
        isIgnored = !rule.pattern.isException
        decision = rule
      }
    }
    return decision
  }

  /// Whether the builders leave the path out of the context.
  package func ignores(_ path: String) -> Bool {
    decision(path).map { !$0.pattern.isException } ?? false
  }

  /// Whether something below an ignored folder may yet be kept, so that the builders look into it: an exception
  /// begins with its path, or has a wildcard.
  package func mayKeep(below folder: String) -> Bool {
    rules.contains { rule in
      guard rule.pattern.isException else { return false }
      let text = rule.pattern.cleaned
      return text.hasPrefix(folder + "/")
        || text.unicodeScalars.contains { "*?[\\".unicodeScalars.contains($0) }
    }
  }
}

/// Paths as Go's package `path/filepath` handles them on Unix.
package enum GoPath {
  /// `filepath.Clean`.
  package static func clean(_ path: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if let last = parts.last, last != ".." {
        parts.removeLast()
      } else if !isAbsolute {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    return isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined
  }

  /// A literal path as a pattern that matches it alone: `app/[slug]` becomes `app/\[slug\]`, since brackets are a
  /// class of characters. For a line of a `.dockerignore`.
  package static func escapingPattern(_ path: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in path.unicodeScalars {
      if "*?[]\\".unicodeScalars.contains(scalar) { out.append("\\") }
      out.append(scalar)
    }
    return String(out)
  }

  /// The same for a source of COPY or ADD, where a backslash is the Dockerfile's own escape: `app/[[]slug]`.
  package static func escapingSource(_ path: String) -> String {
    var out = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "[", "*", "?": out += "[\(scalar)]"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

extension String {
  /// `strings.TrimSpace`.
  var trimmingGoSpace: String {
    var scalars = Substring(self).unicodeScalars
    while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
    while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
    return String(scalars)
  }
}
