import ForgeInspection
import ForgeLayers

/// Takes the comments out of a Python source: nothing that is executed, and every line keeps its number, so that
/// tracebacks and `inspect.getsource` still show the code. What stays: docstrings, the interpreter and encoding in the
/// first two lines (PEP 263), type comments, and every block of comments that speaks of a licence or copyright.
/// A source in which anything is unusual is left alone.
struct PythonComments {
  /// Below this many bytes a file is not written again for it.
  static let worthwhile: Int64 = 64

  private struct Comment {
    /// With the blanks before it; without the end of the line.
    var range: Range<Int>
    var line: Int
    var isWholeLine: Bool
    var isKept: Bool
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var open: [UInt8] = []
  private var comments: [Comment] = []
  private var isUnusual = false

  /// Nil where nothing is to be gained, or the source is not to be touched.
  static func strip(_ bytes: [UInt8]) -> RewrittenFile? {
    var work = PythonComments(bytes)
    work.scan()
    guard !work.isUnusual, work.open.isEmpty else { return nil }
    work.keepNotices()
    var pieces: [RewrittenFile.Piece] = []
    var start = 0
    for comment in work.comments where !comment.isKept {
      if comment.range.lowerBound > start { pieces.append(.old(Int64(start)..<Int64(comment.range.lowerBound))) }
      start = comment.range.upperBound
    }
    if start < bytes.count { pieces.append(.old(Int64(start)..<Int64(bytes.count))) }
    let file = RewrittenFile(pieces: pieces)
    return Int64(bytes.count) - file.size >= worthwhile ? file : nil
  }

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func at(_ index: Int) -> UInt8 { index >= 0 && index < bytes.count ? bytes[index] : 0 }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
      || byte >= 0x80
  }

  private static let prefixes: Set<String> = ["r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"]

  // MARK: Scanning

  private mutating func scan() {
    while position < bytes.count, !isUnusual {
      let byte = bytes[position]
      switch byte {
      case 0x0A:
        line += 1
        position += 1
      case 0x0D, 0:
        // Ends of lines of other systems.
        guard byte == 0x0D, at(position + 1) == 0x0A else {
          isUnusual = true
          return
        }
        position += 1
      case UInt8(ascii: "#"): comment()
      case UInt8(ascii: "\\"): continuation()
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open.append(byte)
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        let opening = byte == UInt8(ascii: ")") ? UInt8(ascii: "(") : byte - 2
        guard open.popLast() == opening else {
          isUnusual = true
          return
        }
        position += 1
      case UInt8(ascii: "'"), UInt8(ascii: "\""): string("")
      case _ where Self.isWord(byte): word()
      default: position += 1
      }
    }
  }

  private mutating func word() {
    let start = position
    while Self.isWord(at(position)) { position += 1 }
    guard position - start <= 2, at(position) == UInt8(ascii: "'") || at(position) == UInt8(ascii: "\"") else { return }
    let prefix = String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
    string(Self.prefixes.contains(prefix) ? prefix : "")
  }

  private mutating func comment() {
    let start = position
    while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
    var first = start
    while [0x20, 0x09].contains(at(first - 1)), first > 0 { first -= 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let isTyped = text.dropFirst().drop { $0 == " " || $0 == "\t" }.hasPrefix("type:")
    if line <= 2, text.contains("coding"),
      !["utf-8", "utf8", "ascii", "latin-1", "iso-8859-1"].contains(where: { text.lowercased().contains($0) })
    {
      // Where a byte may be half of a character.
      isUnusual = true
    }
    comments.append(
      Comment(
        range: first..<position, line: line, isWholeLine: first == 0 || at(first - 1) == 0x0A,
        isKept: isTyped || line <= 2 && (text.contains("coding") || text.hasPrefix("#!"))))
  }

  /// A backslash at the end of a line. What follows must not be a comment, of which an end of the line would be left.
  private mutating func continuation() {
    position += at(position + 1) == 0x0D ? 2 : 1
    guard at(position) == 0x0A else {
      isUnusual = true
      return
    }
    position += 1
    line += 1
    var next = position
    while [0x20, 0x09].contains(at(next)) { next += 1 }
    if at(next) == UInt8(ascii: "#") { isUnusual = true }
  }

  private mutating func string(_ prefix: String) {
    let quote = bytes[position]
    let isTriple = at(position + 1) == quote && at(position + 2) == quote
    let isFormatted = prefix.contains("f") || prefix.contains("t")
    position += isTriple ? 3 : 1
    while position < bytes.count, !isUnusual {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\\") {
        // `f"\{x}"` is a backslash and a field.
        if isFormatted, at(position + 1) == UInt8(ascii: "{") {
          position += 1
        } else {
          if at(position + 1) == 0x0A { line += 1 }
          position += at(position + 1) == 0x0D && at(position + 2) == 0x0A ? 1 : 2
        }
      } else if byte == quote, !isTriple || at(position + 1) == quote && at(position + 2) == quote {
        position += isTriple ? 3 : 1
        return
      } else if byte == 0x0A {
        let isContinued = at(position - 1) == 0x0D && at(position - 2) == UInt8(ascii: "\\")
        guard isTriple || isContinued else {
          isUnusual = true
          return
        }
        line += 1
        position += 1
      } else if isFormatted, byte == UInt8(ascii: "{") {
        position += 1
        if at(position) == byte { position += 1 } else { field(quote, isTriple: isTriple, depth: 0) }
      } else {
        position += 1
      }
    }
    isUnusual = true
  }

  /// A replacement field of a formatted string, to behind its closing brace (PEP 701).
  private mutating func field(_ quote: UInt8, isTriple: Bool, depth: Int) {
    guard depth < 8 else {
      isUnusual = true
      return
    }
    var open = 0
    var inFormat = false
    while position < bytes.count, !isUnusual {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "}") where open == 0:
        position += 1
        return
      case UInt8(ascii: "{") where inFormat:
        position += 1
        field(quote, isTriple: isTriple, depth: depth + 1)
      case quote where inFormat, UInt8(ascii: "\\"):
        isUnusual = true
        return
      case _ where inFormat:
        if byte == 0x0A { line += 1 }
        position += 1
      case UInt8(ascii: "#"):
        isUnusual = true
        return
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        open -= 1
        position += 1
        if open < 0 {
          isUnusual = true
          return
        }
      case UInt8(ascii: ":") where open == 0:
        inFormat = true
        position += 1
      case UInt8(ascii: "'"), UInt8(ascii: "\""): string("")
      case _ where Self.isWord(byte): word()
      default:
        if byte == 0x0A { line += 1 }
        position += 1
      }
    }
    isUnusual = true
  }

  // MARK: Notices

  private static let notices = ["copyright", "licen", "spdx", "(c)", "\u{A9}", "author", "permission"]

  /// Licences ask that their notices stay: a block of lines stays whole where one of them speaks of it.
  private mutating func keepNotices() {
    var start = 0
    while start < comments.count {
      var end = start + 1
      while end < comments.count, comments[end].isWholeLine, comments[end - 1].isWholeLine,
        comments[end].line == comments[end - 1].line + 1
      {
        end += 1
      }
      let speaks = comments[start..<end].contains { comment in
        let text = String(decoding: bytes[comment.range], as: UTF8.self).lowercased()
        return Self.notices.contains { text.contains($0) }
      }
      if speaks { for index in start..<end { comments[index].isKept = true } }
      start = end
    }
  }

  // MARK: Which sources

  /// Whether a name is a module of Python's library or of its packages that no compiled file stands beside: that names
  /// the size of its source.
  static func isCandidate(_ root: RootFilesystem, _ id: FileTree.ID) -> Bool {
    let name = root.tree.name(id)
    guard name.suffix(3).elementsEqual(".py".utf8) else { return false }
    let folder = root.tree[id].parent
    guard isLibrary(root, folder) else { return false }
    let module = Array(name.dropLast(3))
    func isCompiled(_ file: ArraySlice<UInt8>) -> Bool {
      file.starts(with: module + [UInt8(ascii: ".")]) && file.suffix(4).elementsEqual(".pyc".utf8)
    }
    if root.tree.child(folder, (module + Array(".pyc".utf8))[...]) != nil { return false }
    guard let cache = root.tree.child(folder, Array("__pycache__".utf8)[...]) else { return true }
    return !root.tree.children(cache).contains { isCompiled(root.tree.name($0)) }
  }

  /// Python's library, `site-packages`, and the packages below them: templates of sources are in other folders.
  private static func isLibrary(_ root: RootFilesystem, _ folder: FileTree.ID) -> Bool {
    var id = folder
    while id > FileTree.root {
      let name = root.tree.name(id)
      if name.elementsEqual("site-packages".utf8) || name.elementsEqual("dist-packages".utf8) { return true }
      if name.starts(with: "python3".utf8), root.tree.child(id, Array("os.py".utf8)[...]) != nil { return true }
      guard root.tree.child(id, Array("__init__.py".utf8)[...]) != nil else { return false }
      id = root.tree[id].parent
    }
    return false
  }
}
