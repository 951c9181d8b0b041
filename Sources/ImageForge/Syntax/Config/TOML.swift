import ForgeBasics
import ForgeFindings
import TOMLKit

/// A TOML value (toml.io, version 1.0, and the inline tables of 1.1). Tables are sorted by key.
package indirect enum TOML: Sendable, Equatable {
  case string(String)
  case integer(Int)
  case double(Double)
  case bool(Bool)
  /// A date, time or both.
  case date
  case array([TOML])
  case table([String: TOML])

  package subscript(key: String) -> TOML? {
    if case .table(let table) = self { table[key] } else { nil }
  }

  /// The value at a path of keys.
  package subscript(path: [String]) -> TOML? {
    path.reduce(Optional(self)) { value, key in value?[key] }
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var integer: Int? { if case .integer(let number) = self { number } else { nil } }
  package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  package var table: [String: TOML]? { if case .table(let table) = self { table } else { nil } }
  package var elements: [TOML] { if case .array(let elements) = self { elements } else { [] } }
  /// The strings of an array.
  package var strings: [String] { elements.compactMap(\.string) }
}

/// A TOML file: its values, and where they stand.
package struct TOMLDocument: Sendable {
  package let source: SourceText
  package let root: TOML
  /// Lines of headers and keys, by their path.
  private let lines: [[String]: Int]

  /// 32 MiB; a lockfile of thousands of packages has a few.
  private static let maximumSize = 32 << 20
  private static let maximumDepth = 64

  package static func parse(_ source: SourceText) throws(SyntaxError) -> TOMLDocument {
    func failure(_ reason: String, line: Int = 1) -> SyntaxError {
      SyntaxError(source, line: line, reason: reason)
    }
    guard source.bytes.count <= maximumSize else { throw failure("the file is larger than 32 MiB") }
    let bytes = TOMLInlineTables.rewritten(source.bytes) ?? source.bytes
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("the text is not UTF-8")
    }
    if let zero = source.bytes.firstIndex(of: 0) {
      throw failure("there is a NUL character", line: source.line(at: zero))
    }
    if let deep = tooDeepKey(source.bytes) {
      throw failure("a key has too many parts", line: source.line(at: deep))
    }
    if let problem = TOMLGuard.problem(in: bytes) {
      throw failure(problem.reason, line: source.line(at: problem.offset))
    }
    do {
      let table = try TOMLTable(string: text)
      let root = try value(of: table.tomlValue, depth: 0, failure("tables are nested too deeply"))
      return TOMLDocument(source: source, root: root, lines: keyLines(source.text))
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      throw failure(
        DisplayText.escape(error.description),
        line: source.line(at: offset(line: begin.line, column: begin.column, in: bytes)))
    } catch let error as SyntaxError {
      throw error
    } catch {
      throw failure("it cannot be read")
    }
  }

  /// The offset of a place that the parser names, which counts the line ends that it saw.
  private static func offset(line: Int, column: Int, in bytes: [UInt8]) -> Int {
    var start = 0
    for _ in 1..<max(line, 1) {
      guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { break }
      start = end + 1
    }
    return min(start + max(column - 1, 0), max(bytes.count - 1, 0))
  }

  private static func value(of value: TOMLValue, depth: Int, _ tooDeep: SyntaxError)
    throws(SyntaxError)
    -> TOML
  {
    guard depth < maximumDepth else { throw tooDeep }
    switch value.type {
    case .string: return .string(value.string ?? "")
    case .int: return .integer(value.int ?? 0)
    case .double: return .double(value.double ?? 0)
    case .bool: return .bool(value.bool ?? false)
    case .date, .time, .dateTime: return .date
    case .array:
      var elements: [TOML] = []
      if let array = value.array {
        for element in array {
          elements.append(try self.value(of: element.tomlValue, depth: depth + 1, tooDeep))
        }
      }
      return .array(elements)
    case .table:
      var members: [String: TOML] = [:]
      if let table = value.table {
        for key in table.keys {
          guard let member = table[key] else { continue }
          members[key] = try self.value(of: member.tomlValue, depth: depth + 1, tooDeep)
        }
      }
      return .table(members)
    }
  }

  /// The offset of a dotted key of hundreds of parts: the reader below would nest as many tables.
  private static func tooDeepKey(_ bytes: [UInt8]) -> Int? {
    var dots = 0
    var last: UInt8 = 0
    var spaced = false
    for (offset, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "."):
        dots = last == UInt8(ascii: ".") ? 0 : dots + 1
        last = byte
        spaced = false
        if dots > 200 { return offset }
      case UInt8(ascii: " "), UInt8(ascii: "\t"):
        spaced = true
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
        // Two words with a space between are no key.
        if spaced, last != UInt8(ascii: ".") { dots = 0 }
        last = byte
        spaced = false
      default:
        dots = 0
        last = 0
        spaced = false
      }
    }
    return nil
  }

  // MARK: Places

  /// The line of a key or header; of the nearest one above it when it is not written on its own.
  /// - Parameter text: looked for from there on, for an element of an array over several lines.
  package func place(_ path: [String], containing text: String? = nil) -> Place {
    var path = path
    while !path.isEmpty, lines[path] == nil { path.removeLast() }
    let start = lines[path] ?? 1
    guard let text, let place = place(of: text, from: start) else {
      return source.place(line: start)
    }
    return place
  }

  /// The same as `file:line`.
  package func location(_ path: [String], containing text: String? = nil) -> String {
    place(path, containing: text).description
  }

  /// `file:line` of the first line from `line` on that holds the text.
  package func location(of text: String, from line: Int = 1) -> String? {
    place(of: text, from: line)?.description
  }

  /// The first line from `line` on that holds the text.
  package func place(of text: String, from line: Int = 1) -> Place? {
    var start = 0
    for _ in 1..<max(line, 1) {
      guard let end = source.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      start = end + 1
    }
    return source.bytes[start...].prefix(64 << 10).firstRange(of: Array(text.utf8)).map {
      source.place(at: $0.lowerBound)
    }
  }

  /// Where headers and keys stand at the beginning of a line. For evidence only: a multi-line string may mislead it.
  private static func keyLines(_ text: String) -> [[String]: Int] {
    var lines: [[String]: Int] = [:]
    var header: [String] = []
    for (index, row) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let row = row.drop { $0 == " " || $0 == "\t" }
      if row.first == "[" {
        let inner = row.drop { $0 == "[" }.prefix { $0 != "]" }
        // An array may also go on with `[`.
        guard row.contains("]"), !inner.isEmpty else { continue }
        header = keys(inner)
        if lines[header] == nil { lines[header] = index + 1 }
      } else if let equals = row.firstIndex(of: "="), row.first != "#" {
        let path = header + keys(row[..<equals])
        if lines[path] == nil { lines[path] = index + 1 }
      }
    }
    return lines
  }

  private static func keys(_ text: Substring) -> [String] {
    text.split(separator: ".").map { part in
      String(part.filter { !" \t\"'".contains($0) })
    }
  }
}
