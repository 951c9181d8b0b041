import ForgeBasics

extension DockerfileSyntax {
  /// The longest line that BuildKit's scanner takes, in bytes.
  private static let maximumLine = 64 << 10
  /// The most instructions of a file.
  private static let maximumInstructions = 10_000

  /// Reads a Dockerfile as BuildKit's parser does (frontend/dockerfile/parser).
  package static func parse(_ source: SourceText) throws(SyntaxError) -> DockerfileSyntax {
    var reader = Reader(source: source)
    try reader.read()
    return DockerfileSyntax(
      name: source.name, directives: reader.directives, escape: Character(reader.escape),
      instructions: reader.instructions, emptyContinuations: reader.emptyContinuations,
      comments: reader.comments)
  }

  private struct Reader {
    let name: String
    let lines: [String]
    var next = 0
    var escape: Unicode.Scalar = "\\"
    var directives: [Directive] = []
    var mayBeDirective = true
    var instructions: [DockerfileInstruction] = []
    var emptyContinuations: [Int] = []
    var comments: [Int: String] = [:]

    init(source: SourceText) {
      name = source.name
      var lines = source.bytes.split(
        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
      )
      .map { String(decoding: $0, as: UTF8.self) }
      if lines.last?.isEmpty == true { lines.removeLast() }
      self.lines = lines
    }

    func failure(_ line: Int, _ reason: String) -> SyntaxError {
      SyntaxError(place: .source(file: name, line: line), reason: reason)
    }

    /// The next line without its end; the line before it has the number `next`.
    mutating func takeLine() throws(SyntaxError) -> String? {
      guard next < lines.count else { return nil }
      let line = lines[next]
      next += 1
      guard line.utf8.count < maximumLine else {
        throw failure(next, "the line is longer than \(maximumLine) bytes")
      }
      return line
    }

    mutating func read() throws(SyntaxError) {
      while let line = try takeLine() {
        let start = next
        if try readDirective(line) { continue }
        if Self.isComment(line) {
          comments[next] = String(line.trimmingSpaces.dropFirst()).trimmingSpaces
          continue
        }
        let text = Self.trimmingStart(line.droppingCarriageReturns)
        var (joined, continues) = continuation(text)
        if !continues, joined.isEmpty { continue }
        while continues, let more = try takeLine() {
          // A comment between continued lines is dropped, whole.
          if Self.isComment(more) { continue }
          let text = more.droppingCarriageReturns
          if Self.trimmingStart(text).isEmpty {
            emptyContinuations.append(next)
            continue
          }
          let part: String
          (part, continues) = continuation(text)
          joined += part
        }
        guard !joined.trimmingSpaces.isEmpty else { continue }
        try add(joined, start: start)
        guard instructions.count <= maximumInstructions else {
          throw failure(start, "more than \(maximumInstructions) instructions")
        }
      }
      guard !instructions.isEmpty else { throw failure(1, "there is no instruction") }
    }

    // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
    private nonisolated(unsafe) static let directive = /#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)/

    /// `# name=value`, which must stand in front of everything else.
    private mutating func readDirective(_ line: String) throws(SyntaxError) -> Bool {
      guard mayBeDirective else { return false }
      guard let match = line.trimmingSpaces.wholeMatch(of: Self.directive) else {
        mayBeDirective = false
        return false
      }
      let directive = Directive(name: match.1.lowercased(), value: String(match.2), line: next)
      // BuildKit knows three; any other is a comment, and ends the directives.
      guard ["syntax", "escape", "check"].contains(directive.name) else {
        mayBeDirective = false
        return false
      }
      guard !directives.contains(where: { $0.name == directive.name }) else {
        throw failure(next, "the directive \(directive.name) stands twice")
      }
      if directive.name == "escape" {
        guard let token = Unicode.Scalar(directive.value), token == "\\" || token == "`" else {
          throw failure(next, "the directive escape may only be \\ or `")
        }
        escape = token
      }
      directives.append(directive)
      return true
    }

    /// The line without its continuation mark, and whether it had one. An escaped mark is none.
    private func continuation(_ line: String) -> (text: String, continues: Bool) {
      var scalars = Substring(line).unicodeScalars
      while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
      guard scalars.last == escape else { return (line, false) }
      scalars.removeLast()
      guard scalars.last != escape else { return (line, false) }
      return (String(scalars), true)
    }

    private mutating func add(_ line: String, start: Int) throws(SyntaxError) {
      let text = line.trimmingSpaces.unicodeScalars
      let spelling = String(text.prefix { !$0.isDockerfileSpace })
      let rest = text.dropFirst(spelling.unicodeScalars.count).drop { $0.isDockerfileSpace }
      let (flags, arguments) = splitFlags(rest)
      let keyword = spelling.uppercased()
      var heredocs: [DockerfileInstruction.Heredoc] = []
      // The exec form has none.
      let isExecForm =
        arguments.hasPrefix("[")
        && (try? JSON.parse(SourceText(name: "", text: arguments), .project)) != nil
      if ["RUN", "COPY", "ADD"].contains(keyword), !isExecForm, arguments.contains("<<") {
        for mark in DockerfileWords.heredocs(in: arguments) {
          heredocs.append(try heredoc(mark, start: start))
        }
      }
      instructions.append(
        DockerfileInstruction(
          keyword: keyword, spelling: spelling, flags: flags, arguments: arguments,
          heredocs: heredocs, line: start,
          endLine: next))
    }

    /// Reads lines up to the here-document's name.
    private mutating func heredoc(
      _ mark: DockerfileWords.HeredocMark, start: Int
    ) throws(SyntaxError) -> DockerfileInstruction.Heredoc {
      var content = ""
      while let line = try takeLine() {
        var end = Substring(line.droppingCarriageReturns)
        if mark.chomps { end = end.drop { $0 == "\t" } }
        if end == mark.name {
          return DockerfileInstruction.Heredoc(
            name: mark.name, expands: mark.expands, chomps: mark.chomps, content: content)
        }
        content += line + "\n"
      }
      throw failure(start, "the here-document \(mark.name) has no end")
    }

    /// Leading words that start with `--`, quotes and escapes removed; a lone `--` ends them.
    private func splitFlags(
      _ text: Substring.UnicodeScalarView
    ) -> (flags: [DockerfileInstruction.Flag], arguments: String) {
      var flags: [DockerfileInstruction.Flag] = []
      var rest = text
      while true {
        rest = rest.drop { $0.properties.isWhitespace }
        guard rest.starts(with: "--".unicodeScalars) else { break }
        var word = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        while let scalar = rest.first, quote != nil || !scalar.properties.isWhitespace {
          rest.removeFirst()
          if scalar == quote {
            quote = nil
          } else if quote == nil, scalar == "'" || scalar == "\"" {
            quote = scalar
          } else if scalar == escape {
            if let escaped = rest.popFirst() { word.append(escaped) }
          } else {
            word.append(scalar)
          }
        }
        let flag = String(word)
        if flag == "--" { break }
        let parts = flag.dropFirst(2).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        flags.append(
          DockerfileInstruction.Flag(
            name: String(parts[0]).lowercased(), value: parts.dropFirst().first.map(String.init)))
      }
      return (flags, String(rest).trimmingSpaces)
    }

    private static func isComment(_ line: String) -> Bool { trimmingStart(line).hasPrefix("#") }

    private static func trimmingStart(_ line: String) -> String {
      String(line.unicodeScalars.drop { $0.properties.isWhitespace })
    }
  }
}

extension String {
  fileprivate var droppingCarriageReturns: String {
    var scalars = Substring(self).unicodeScalars
    while scalars.last == "\r" { scalars.removeLast() }
    return String(scalars)
  }
}
