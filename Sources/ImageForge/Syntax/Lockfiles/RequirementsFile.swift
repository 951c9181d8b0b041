import ForgeBasics
import ForgeFindings

/// A requirements file of pip (pip's reference, "Requirements File Format"), line by line. Includes are named, not
/// followed.
package struct RequirementsFile: Sendable {
  package enum Entry: Sendable, Equatable {
    case requirement(Requirement, hashed: Bool)
    /// `-r other.txt`, as written.
    case include(String)
    /// `-c constraints.txt`, as written.
    case constraint(String)
    /// A folder or archive on this machine, perhaps with `-e`: `./libs/x`.
    case local(String, editable: Bool)
    /// A version control address, perhaps with `-e`: `git+https://…`.
    case remote(String, editable: Bool)
    /// `--index-url` and its like.
    case option(String, value: String)
    /// What cannot be understood.
    case unknown(String)
  }

  package struct Line: Sendable, Equatable {
    package let entry: Entry
    /// From 1.
    package let line: Int
  }

  package let source: SourceText
  package let lines: [Line]
  /// The tool that says in the header that it wrote this file: `pip-compile`, `uv`, `poetry`, `pdm`, `pipenv`.
  package let generator: String?

  package init(_ source: SourceText) {
    let source = Self.decoded(source)
    self.source = source
    var lines: [Line] = []
    var pending = ""
    var start = 0
    let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, row) in rows.enumerated() {
      let row = Self.withoutComment(row)
      if pending.isEmpty { start = index + 1 }
      if row.last == "\\" {
        pending += row.dropLast() + " "
        continue
      }
      let text = Substring(pending + row).trimmed
      pending = ""
      if !text.isEmpty { lines.append(Line(entry: Self.entry(text), line: start)) }
    }
    let text = Substring(pending).trimmed
    if !text.isEmpty { lines.append(Line(entry: Self.entry(text), line: start)) }
    self.lines = lines
    generator = Self.generator(rows.prefix(6))
  }

  /// Where a line stands as evidence names it, `file:line`.
  package func location(_ line: Line) -> String { source.place(line: line.line).description }
  package func place(_ line: Line) -> Place { source.place(line: line.line) }

  /// PowerShell's `>` writes UTF-16 with a byte order mark, and pip reads it.
  private static func decoded(_ source: SourceText) -> SourceText {
    let bytes = source.bytes
    guard bytes.count >= 2 else { return source }
    let isLittle = bytes[0] == 0xFF && bytes[1] == 0xFE
    guard isLittle || (bytes[0] == 0xFE && bytes[1] == 0xFF) else { return source }
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map { at in
      isLittle
        ? UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
        : UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1])
    }
    return SourceText(name: source.name, text: String(decoding: units, as: UTF16.self))
  }

  /// A `#` begins a comment at the start of a line or after a space.
  private static func withoutComment(_ row: Substring) -> Substring {
    var previous: Character = " "
    for index in row.indices {
      if row[index] == "#", previous.isWhitespace { return row[..<index].trimmed }
      previous = row[index]
    }
    return row.trimmed
  }

  private static func generator(_ rows: some Sequence<Substring>) -> String? {
    for row in rows where row.hasPrefix("#") {
      let text = row.lowercased()
      guard text.contains("generated") || text.contains("export") else { continue }
      for tool in ["pip-compile", "uv", "poetry", "pdm", "pipenv"] where text.contains(tool) {
        return tool
      }
      return "a tool"
    }
    return nil
  }

  // MARK: Entries

  private static func entry(_ text: Substring) -> Entry {
    if text.hasPrefix("-") { return option(text) }
    if isRemote(text) { return .remote(String(text.prefix { !$0.isWhitespace }), editable: false) }
    if isPath(text) { return .local(localPath(text), editable: false) }
    // Options of one requirement: `--hash=…`, `--config-settings`.
    let body = text.firstRange(of: " --").map { text[..<$0.lowerBound] } ?? text
    guard let requirement = Requirement(body) else { return .unknown(String(text)) }
    return .requirement(requirement, hashed: text.contains("--hash"))
  }

  private static func option(_ text: Substring) -> Entry {
    let name: Substring
    var value: Substring
    if !text.hasPrefix("--"), text.count > 2 {
      // `-rfile` is as good as `-r file`.
      name = text.prefix(2)
      value = text.dropFirst(2).trimmed
    } else {
      name = text.prefix { !$0.isWhitespace && $0 != "=" }
      value = text.dropFirst(name.count).trimmed
    }
    if value.first == "=" { value = value.dropFirst().trimmed }
    if let quote = value.first, quote == "\"" || quote == "'", value.last == quote, value.count > 1
    {
      value = value.dropFirst().dropLast()
    }
    switch name {
    case "-r", "--requirement": return .include(String(value))
    case "-c", "--constraint": return .constraint(String(value))
    case "-e", "--editable":
      return isRemote(value)
        ? .remote(String(value), editable: true) : .local(localPath(value), editable: true)
    default: return .option(String(name), value: String(value))
    }
  }

  private static func isRemote(_ text: Substring) -> Bool {
    ["git+", "hg+", "svn+", "bzr+", "http://", "https://"].contains { text.hasPrefix($0) }
  }

  private static func isPath(_ text: Substring) -> Bool {
    let word = text.prefix { !$0.isWhitespace && $0 != "[" && $0 != ";" }
    return word == "." || word.hasPrefix("./") || word.hasPrefix("../") || word.hasPrefix("/")
      || word.hasPrefix("file:")
      || word.hasSuffix(".whl") || word.hasSuffix(".tar.gz")
      || (word.contains("/") && !text.contains("@"))
  }

  /// Without extras, marker and `file:`.
  private static func localPath(_ text: Substring) -> String {
    var path = text.prefix { !$0.isWhitespace && $0 != "[" && $0 != ";" && $0 != "#" }
    if path.hasPrefix("file:") { path = path.dropFirst(5) }
    if path.hasPrefix("///") { path = path.dropFirst(2) }
    return String(path)
  }
}
