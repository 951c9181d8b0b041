import ForgeInspection
import ForgeLayers
import ForgeMinimizer
import ForgeWriting

/// Takes the comments out of a Python source: nothing that is executed, and every line keeps its number, so that
/// tracebacks and `inspect.getsource` still show the code. What stays: docstrings, the interpreter and encoding in the
/// first two lines (PEP 263), type comments, and every block of comments that speaks of a licence or copyright.
/// A source in which anything is unusual (`PythonTokens`) is left alone.
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

  private var tokens: PythonTokens
  private var bytes: [UInt8] { tokens.bytes }
  private var comments: [Comment] = []
  private var isUnusual = false

  /// Nil where nothing is to be gained, or the source is not to be touched.
  static func strip(_ bytes: [UInt8]) -> RewrittenFile? {
    var work = PythonComments(bytes)
    work.scan()
    guard !work.isUnusual, work.tokens.open.isEmpty else { return nil }
    work.keepNotices()
    var pieces: [RewrittenFile.Piece] = []
    var start = 0
    for comment in work.comments where !comment.isKept {
      if comment.range.lowerBound > start {
        pieces.append(.old(Int64(start)..<Int64(comment.range.lowerBound)))
      }
      start = comment.range.upperBound
    }
    if start < bytes.count { pieces.append(.old(Int64(start)..<Int64(bytes.count))) }
    let file = RewrittenFile(pieces: pieces)
    return Int64(bytes.count) - file.size >= worthwhile ? file : nil
  }

  private init(_ bytes: [UInt8]) { tokens = PythonTokens(bytes) }

  private mutating func scan() {
    // Where a line goes on after a backslash must be no comment, of which an end of the line would be left.
    var isContinued = false
    while !isUnusual {
      let line = tokens.line
      guard let token = tokens.next() else { break }
      if case .comment(let range) = token {
        isUnusual = isContinued
        comment(range, line)
      }
      if case .continuation = token { isContinued = true } else { isContinued = false }
      isUnusual = isUnusual || tokens.isUnusual
    }
  }

  private mutating func comment(_ range: Range<Int>, _ line: Int) {
    var first = range.lowerBound
    while [0x20, 0x09].contains(tokens.at(first - 1)) { first -= 1 }
    let text = String(decoding: bytes[range], as: UTF8.self)
    let isTyped = text.dropFirst().drop { $0 == " " || $0 == "\t" }.hasPrefix("type:")
    if line <= 2, text.contains("coding"),
      !["utf-8", "utf8", "ascii", "latin-1", "iso-8859-1"].contains(where: {
        text.lowercased().contains($0)
      })
    {
      // Where a byte may be half of a character.
      isUnusual = true
    }
    comments.append(
      Comment(
        range: first..<range.upperBound, line: line,
        isWholeLine: first == 0 || tokens.at(first - 1) == 0x0A,
        isKept: isTyped || line <= 2 && (text.contains("coding") || text.hasPrefix("#!"))))
  }

  // MARK: Notices

  private static let notices = [
    "copyright", "licen", "spdx", "(c)", "\u{A9}", "author", "permission",
  ]

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

  // MARK: Descriptions

  /// The fields of a package's metadata without the description below them, which is for people who look for packages
  /// (PyPA, "Core metadata specifications"). It stays where it holds a notice of copyright.
  static func stripDescription(_ bytes: [UInt8]) -> RewrittenFile? {
    var end = 0
    while end < bytes.count, bytes[end] != 0x0A || end + 1 < bytes.count && bytes[end + 1] != 0x0A {
      end += 1
    }
    end += 1
    guard bytes.starts(with: Array("Metadata-Version:".utf8)), bytes.count - end >= Int(worthwhile)
    else { return nil }
    let text = String(decoding: bytes[end...], as: UTF8.self).lowercased()
    guard
      !["copyright", "(c)", "\u{A9}", "spdx", "permission is"].contains(where: { text.contains($0) }
      )
    else {
      return nil
    }
    return RewrittenFile(pieces: [.old(0..<Int64(end))])
  }

  /// Whether a name is the metadata of a package that is installed.
  static func isMetadata(_ root: RootFilesystem, _ id: FileTree.ID) -> Bool {
    let folder = root.tree[id].parent
    guard root.tree.name(id).elementsEqual("METADATA".utf8), folder > FileTree.root,
      root.tree.name(folder).suffix(10).elementsEqual(".dist-info".utf8)
    else { return false }
    let site = root.tree.name(root.tree[folder].parent)
    return site.elementsEqual("site-packages".utf8) || site.elementsEqual("dist-packages".utf8)
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
      if name.elementsEqual("site-packages".utf8) || name.elementsEqual("dist-packages".utf8) {
        return true
      }
      if name.starts(with: "python3".utf8), root.tree.child(id, Array("os.py".utf8)[...]) != nil {
        return true
      }
      guard root.tree.child(id, Array("__init__.py".utf8)[...]) != nil else { return false }
      id = root.tree[id].parent
    }
    return false
  }
}
