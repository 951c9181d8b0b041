/// Words of a Dockerfile: here-document marks, and the expansion of variables (BuildKit's frontend/dockerfile/shell).
package enum DockerfileWords {
  struct HeredocMark {
    let name: String
    let expands: Bool
    let chomps: Bool
  }

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let heredocMark = /[0-9]*<<(-?)\s*([^<]+)/

  /// The `<<NAME` marks among the words of a line.
  static func heredocs(in line: String) -> [HeredocMark] {
    guard line.contains("<<") else { return [] }
    return split(line, escape: "\\").compactMap { word in
      guard let match = word.wholeMatch(of: heredocMark) else { return nil }
      let raw = String(match.2)
      guard !raw.contains("$"), let name = expand(raw, escape: "\\", value: { _ in nil }),
        !name.isEmpty
      else {
        return nil
      }
      let isQuoted = raw.contains("'") || raw.contains("\"")
      return HeredocMark(name: name, expands: !isQuoted, chomps: !match.1.isEmpty)
    }
  }

  /// Splits at white space outside quotes; quotes and escapes stay.
  package static func split(_ line: String, escape: Character) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    var quote: Unicode.Scalar?
    var isEscaped = false
    let escape = escape.unicodeScalars.first
    for scalar in line.unicodeScalars {
      if quote == nil, !isEscaped, scalar.properties.isWhitespace {
        if !word.isEmpty { words.append(String(word)) }
        word = String.UnicodeScalarView()
        continue
      }
      word.append(scalar)
      if isEscaped {
        isEscaped = false
      } else if scalar == escape, quote != "'" {
        isEscaped = true
      } else if scalar == quote {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }

  /// What a variable is worth.
  package enum Value: Sendable, Equatable {
    case known(String)
    case unset
  }

  /// A word without its quotes, with its variables' values.
  /// - Parameter value: nil for a variable whose value only the build knows.
  /// - Returns: nil when such a variable is used, when a quote or brace is open, or for a modifier other than `-` and
  ///   `+`.
  package static func expand(
    _ word: String, escape: Character = "\\", value: @escaping (String) -> Value?
  ) -> String? {
    var expansion = Expansion(
      rest: Array(word.unicodeScalars)[...], escape: escape.unicodeScalars.first ?? "\\",
      value: value)
    return expansion.word(until: Unicode.Scalar?.none, depth: 0)
  }

  /// The names of the variables that a word uses.
  package static func variables(in word: String, escape: Character = "\\") -> [String] {
    var names: [String] = []
    _ = expand(word, escape: escape) { name in
      names.append(name)
      return .known("")
    }
    return names
  }

  private struct Expansion {
    var rest: ArraySlice<Unicode.Scalar>
    let escape: Unicode.Scalar
    let value: (String) -> Value?

    mutating func word(until end: Unicode.Scalar?, depth: Int) -> String? {
      guard depth < 32 else { return nil }
      var out = String.UnicodeScalarView()
      while let scalar = rest.first {
        if scalar == end { return String(out) }
        rest.removeFirst()
        switch scalar {
        case "'":
          guard let close = rest.firstIndex(of: "'") else { return nil }
          out.append(contentsOf: rest[..<close])
          rest = rest[(close + 1)...]
        case "\"":
          guard let text = quoted(depth: depth) else { return nil }
          out.append(contentsOf: text.unicodeScalars)
        case escape:
          if let next = rest.popFirst() { out.append(next) }
        case "$":
          guard let text = variable(depth: depth) else { return nil }
          out.append(contentsOf: text.unicodeScalars)
        default: out.append(scalar)
        }
      }
      guard end == nil else { return nil }
      return String(out)
    }

    /// Up to the closing `"`.
    private mutating func quoted(depth: Int) -> String? {
      var out = String.UnicodeScalarView()
      while let scalar = rest.popFirst() {
        switch scalar {
        case "\"": return String(out)
        case "$":
          guard let text = variable(depth: depth) else { return nil }
          out.append(contentsOf: text.unicodeScalars)
        case escape:
          guard let next = rest.popFirst() else { return nil }
          // In double quotes only these can be escaped.
          if next != "\"", next != "$", next != escape { out.append(scalar) }
          out.append(next)
        default: out.append(scalar)
        }
      }
      return nil
    }

    /// What follows a `$`.
    private mutating func variable(depth: Int) -> String? {
      guard rest.first == "{" else {
        let name = takeName()
        if name.isEmpty { return "$" }
        return plain(name)
      }
      rest.removeFirst()
      let name = takeName()
      guard !name.isEmpty, var modifier = rest.popFirst() else { return nil }
      if modifier == "}" { return plain(name) }
      let ignoresEmpty = modifier == ":"
      if ignoresEmpty {
        guard let next = rest.popFirst() else { return nil }
        modifier = next
      }
      guard modifier == "-" || modifier == "+", let other = word(until: "}", depth: depth + 1)
      else { return nil }
      rest.removeFirst()
      guard let value = value(name) else { return nil }
      let isSet = if case .known(let text) = value { !ignoresEmpty || !text.isEmpty } else { false }
      switch (modifier == "+", isSet) {
      case (true, true), (false, false): return other
      case (true, false): return ""
      case (false, true): return plain(name)
      }
    }

    private func plain(_ name: String) -> String? {
      switch value(name) {
      case .known(let text): text
      case .unset: ""
      case nil: nil
      }
    }

    private mutating func takeName() -> String {
      var name = String.UnicodeScalarView()
      while let scalar = rest.first, scalar.isASCII,
        scalar == "_" || scalar.properties.isAlphabetic
          || (!name.isEmpty && ("0"..."9").contains(scalar))
      {
        name.append(scalar)
        rest.removeFirst()
      }
      return String(name)
    }
  }
}
