/// What a Python source may import, found without parsing it: its import statements, wherever they stand, and every
/// string that could be the name of a module. Rather too much than too little; left out is what never runs: behind
/// `if TYPE_CHECKING:`, on other systems, and in a library behind `if __name__ == "__main__":`.
struct PythonImports: Sendable {
  /// Dotted names; leading dots for those that are relative to the package. For `from a import b`: `a` and `a.b`.
  private(set) var modules: Set<String> = []
  /// Those of `modules` that only functions import, when they are called.
  var lazyModules: Set<String> { modules.subtracting(atOnce) }
  private var atOnce: Set<String> = []
  /// Names of modules that stand as strings in calls such as `import_module("a")`.
  private(set) var called: Set<String> = []
  /// Which of the words in `PythonModuleTable.shared.triggers` it holds.
  private(set) var triggers: Set<String> = []
  /// Strings that are dotted names, as `importlib` and configuration take them; what follows a colon is left out.
  private(set) var names: Set<String> = []
  /// Strings without replacement fields, of what is no library: they may name paths and programs.
  private(set) var texts: Set<String> = []
  /// Packages of which a module is named at run time: `a.b` for `f"a.b.{name}"` and `"a.b.%s"`.
  private(set) var openPackages: Set<String> = []
  /// Whether it imports by names that are not written in the call.
  private(set) var isDynamic = false
  /// Whether a string has no end: then nothing that was found can be trusted to be all.
  private(set) var isBroken = false

  private var tokens: PythonTokens
  /// The indentation of `if TYPE_CHECKING:`, while in its block.
  private var skipped: Int?
  /// The indentation of `def`, while in a function.
  private var function: Int?
  /// Where the string begins that a call to import takes.
  private var argument: Int?

  private let isLibrary: Bool

  /// - Parameter isLibrary: whether it is imported only, and never the program that is started.
  init(_ bytes: [UInt8], isLibrary: Bool = false) {
    tokens = PythonTokens(bytes)
    self.isLibrary = isLibrary
    while tokens.position < bytes.count { line() }
    if tokens.isBroken || !tokens.open.isEmpty { isBroken = true }
  }

  /// What no container's Python takes.
  private static let never: [StaticString] = [
    "if TYPE_CHECKING:", "if typing.TYPE_CHECKING:", "if t.TYPE_CHECKING:",
    "if sys.platform == \"win32\":",
    "if sys.platform == 'win32':", "elif sys.platform == \"win32\":",
    "elif sys.platform == 'win32':",
    "if sys.platform == \"darwin\":", "if sys.platform == 'darwin':",
    "elif sys.platform == \"darwin\":",
    "elif sys.platform == 'darwin':", "if os.name == \"nt\":", "if os.name == 'nt':",
    "if sys.platform.startswith(\"win\"):", "if sys.platform.startswith('win'):",
  ]

  private static let program: [StaticString] = [
    "if __name__ == \"__main__\":", "if __name__ == '__main__':",
  ]

  private static let calls: Set<String> = [
    "import_module", "__import__", "iter_modules", "walk_packages", "find_spec",
  ]

  /// By first byte and length: whether a word may be one that is looked for. Few are.
  private static let isLookedFor: [Bool] = {
    var table = [Bool](repeating: false, count: 256 * 32)
    for word in PythonModuleTable.shared.triggers.union(calls).union(["import", "from"])
    where word.utf8.count < 32 {
      if let first = word.utf8.first { table[Int(first) * 32 + word.utf8.count] = true }
    }
    return table
  }()

  private func at(_ index: Int) -> UInt8 { tokens.at(index) }

  private var bytes: [UInt8] { tokens.bytes }

  private var position: Int {
    get { tokens.position }
    set { tokens.position = newValue }
  }

  // MARK: Lines

  /// One logical line.
  private mutating func line() {
    var indentation = 0
    while at(position) == 0x20 || at(position) == 0x09 {
      indentation += 1
      position += 1
    }
    let first = at(position)
    if first != 0x0A, first != 0x0D, first != UInt8(ascii: "#"), let limit = skipped,
      indentation <= limit
    {
      skipped = nil
    }
    if first != 0x0A, first != 0x0D, first != UInt8(ascii: "#"), let limit = function,
      indentation <= limit
    {
      function = nil
    }
    if function == nil, starts("def ") || starts("async def ") { function = indentation }
    if skipped == nil,
      Self.never.contains(where: { starts($0) })
        || isLibrary && Self.program.contains(where: { starts($0) })
    {
      skipped = indentation
    }
    var isStart = true
    while let token = tokens.next() {
      switch token {
      case .lineEnd: if tokens.open.isEmpty { return }
      case .comment, .continuation, .bracket: break
      case .text(let text):
        for token in tokens.fields { field(token) }
        note(text)
        if argument == text.start, isPutTogether { isDynamic = true }
        isStart = false
      case .word(let range):
        word(range, isStart: isStart && tokens.open.isEmpty)
        isStart = false
      case .other(let byte):
        isStart = tokens.open.isEmpty && (byte == UInt8(ascii: ";") || byte == UInt8(ascii: ":"))
      }
    }
  }

  /// What stands in a replacement field.
  private mutating func field(_ token: PythonTokens.Token) {
    switch token {
    case .word(let range): word(range, isStart: false)
    case .text(let text): note(text)
    default: break
    }
  }

  /// Whether the string before this continues: `"." + name`.
  private var isPutTogether: Bool {
    var next = position
    while [0x20, 0x0A, 0x0D, 0x09].contains(at(next)) { next += 1 }
    return at(next) == UInt8(ascii: "+") || at(next) == UInt8(ascii: "%")
      || at(next) == UInt8(ascii: ".")
  }

  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
      position + text.count <= bytes.count
        && text.indices.allSatisfy { bytes[position + $0] == text[$0] }
    }
  }

  private mutating func word(_ range: Range<Int>, isStart: Bool) {
    guard range.count < 32, Self.isLookedFor[Int(bytes[range.lowerBound]) * 32 + range.count] else {
      return
    }
    let text = String(decoding: bytes[range], as: UTF8.self)
    if PythonModuleTable.shared.triggers.contains(text) { triggers.insert(text) }
    if isStart, text == "import" {
      list(from: nil)
    } else if isStart, text == "from" {
      from()
    } else if skipped == nil, Self.calls.contains(text), at(range.upperBound) == UInt8(ascii: "(") {
      var next = range.upperBound + 1
      while [0x20, 0x0A, 0x0D, 0x09].contains(at(next)) { next += 1 }
      if at(next) != UInt8(ascii: "'"), at(next) != UInt8(ascii: "\"") {
        isDynamic = true
      } else {
        argument = next
      }
    }
  }

  // MARK: Import statements

  private mutating func blanks() {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\\") {
        position += at(position + 1) == 0x0D ? 3 : 2
      } else if byte == 0x20 || byte == 0x09
        || !tokens.open.isEmpty && (byte == 0x0A || byte == 0x0D)
      {
        position += 1
      } else if byte == UInt8(ascii: "#"), !tokens.open.isEmpty {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      } else {
        return
      }
    }
  }

  private mutating func dottedName() -> String {
    blanks()
    let start = position
    while PythonTokens.isWord(at(position)) || at(position) == UInt8(ascii: ".") { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func from() {
    let base = dottedName()
    let word = dottedName()
    // `yield from x` and names that begin so are no imports.
    if word == "import" {
      list(from: base)
    } else if word.hasPrefix("."), base.isEmpty {
      isBroken = true
    }
  }

  /// The names after `import`; `base` is what they are taken from.
  private mutating func list(from base: String?) {
    blanks()
    if let base { add(base) }
    if at(position) == UInt8(ascii: "(") { _ = tokens.next() }
    while true {
      let name = dottedName()
      if name.isEmpty { break }
      add(base.map { $0.hasSuffix(".") ? $0 + name : $0 + "." + name } ?? name)
      blanks()
      if starts("as "), dottedName() == "as" {
        // What is called by another name is not followed.
        if skipped == nil, Self.calls.contains(name) { isDynamic = true }
        _ = dottedName()
        blanks()
      }
      guard at(position) == UInt8(ascii: ",") else { break }
      position += 1
    }
  }

  private mutating func add(_ module: String) {
    guard skipped == nil else { return }
    for word in module.split(separator: ".")
    where PythonModuleTable.shared.triggers.contains(String(word)) {
      triggers.insert(String(word))
    }
    modules.insert(module)
    if function == nil { atOnce.insert(module) }
  }

  // MARK: Strings

  private mutating func note(_ string: PythonTokens.Text) {
    guard skipped == nil, string.content.count >= 2, string.content.count <= 200 else { return }
    let text = String(decoding: bytes[string.content], as: UTF8.self)
    if string.field == nil, !isLibrary { texts.insert(text) }
    if string.field == nil, PythonModuleTable.shared.triggers.contains(text) {
      triggers.insert(text)
    }
    if let field = string.field {
      let head = String(decoding: bytes[string.content.lowerBound..<field], as: UTF8.self)
      open(head)
    } else if let percent = text.firstIndex(of: "%") {
      open(String(text[..<percent]))
    } else {
      let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
      if text.hasSuffix(".") {
        open(text)
      } else if Self.isDotted(name.drop { $0 == "." }) {
        names.insert(String(name))
        if argument == string.start { called.insert(String(name)) }
      }
    }
  }

  /// `a.b.` or `a.b._`, before what is put in at run time.
  private mutating func open(_ head: String) {
    guard let dot = head.lastIndex(of: ".") else { return }
    let package = head[..<dot]
    let rest = head[head.index(after: dot)...]
    guard rest.allSatisfy({ $0 == "_" || $0.isLetter }), Self.isDotted(package) else { return }
    openPackages.insert(String(package))
  }

  static func isDotted(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
        guard let first = part.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return part.utf8.allSatisfy(PythonTokens.isWord)
      }
  }
}
