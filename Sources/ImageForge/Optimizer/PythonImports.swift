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
  /// Which of the words in `PythonSeldom.triggers` it holds.
  private(set) var triggers: Set<String> = []
  /// Strings that are dotted names, as `importlib` and configuration take them; what follows a colon is left out.
  private(set) var names: Set<String> = []
  /// Packages of which a module is named at run time: `a.b` for `f"a.b.{name}"` and `"a.b.%s"`.
  private(set) var openPackages: Set<String> = []
  /// Whether it imports by names that are not written in the call.
  private(set) var isDynamic = false
  /// Whether a string has no end: then nothing that was found can be trusted to be all.
  private(set) var isBroken = false

  private let bytes: [UInt8]
  private var position = 0
  /// Brackets that are open.
  private var depth = 0
  /// The indentation of `if TYPE_CHECKING:`, while in its block.
  private var skipped: Int?
  /// The indentation of `def`, while in a function.
  private var function: Int?
  /// Where the string begins that a call to import takes.
  private var argument: Int?

  private let isLibrary: Bool

  /// - Parameter isLibrary: whether it is imported only, and never the program that is started.
  init(_ bytes: [UInt8], isLibrary: Bool = false) {
    self.bytes = bytes
    self.isLibrary = isLibrary
    while position < bytes.count { line() }
    if depth != 0 { isBroken = true }
  }

  /// What no container's Python takes.
  private static let never: [StaticString] = [
    "if TYPE_CHECKING:", "if typing.TYPE_CHECKING:", "if t.TYPE_CHECKING:", "if sys.platform == \"win32\":",
    "if sys.platform == 'win32':", "elif sys.platform == \"win32\":", "elif sys.platform == 'win32':",
    "if sys.platform == \"darwin\":", "if sys.platform == 'darwin':", "elif sys.platform == \"darwin\":",
    "elif sys.platform == 'darwin':", "if os.name == \"nt\":", "if os.name == 'nt':",
    "if sys.platform.startswith(\"win\"):", "if sys.platform.startswith('win'):",
  ]

  private static let program: [StaticString] = ["if __name__ == \"__main__\":", "if __name__ == '__main__':"]

  private static let calls: Set<String> = ["import_module", "__import__", "iter_modules", "walk_packages", "find_spec"]

  private func at(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

  private static func isWord(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
      || byte >= 0x80
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
    if first != 0x0A, first != 0x0D, first != UInt8(ascii: "#"), let limit = skipped, indentation <= limit {
      skipped = nil
    }
    if first != 0x0A, first != 0x0D, first != UInt8(ascii: "#"), let limit = function, indentation <= limit {
      function = nil
    }
    if function == nil, starts("def ") || starts("async def ") { function = indentation }
    if skipped == nil,
      Self.never.contains(where: { starts($0) }) || isLibrary && Self.program.contains(where: { starts($0) })
    {
      skipped = indentation
    }
    var isStart = true
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case 0x0A where depth == 0:
        position += 1
        return
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth = max(0, depth - 1)
        position += 1
      case UInt8(ascii: "\\"): position += at(position + 1) == 0x0D ? 3 : 2
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        string(prefix: "")
        isStart = false
      case UInt8(ascii: ";"), UInt8(ascii: ":"):
        position += 1
        isStart = depth == 0
        continue
      case _ where Self.isWord(byte):
        word(isStart: isStart && depth == 0)
        isStart = false
      case 0x20, 0x09, 0x0D, 0x0A: position += 1
      default:
        position += 1
        isStart = false
      }
    }
  }

  private func starts(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
      position + text.count <= bytes.count
        && text.indices.allSatisfy { bytes[position + $0] == text[$0] }
    }
  }

  private mutating func word(isStart: Bool) {
    let start = position
    while Self.isWord(at(position)) { position += 1 }
    let length = position - start
    if at(position) == UInt8(ascii: "'") || at(position) == UInt8(ascii: "\""), length <= 2 {
      return string(prefix: String(decoding: bytes[start..<position], as: UTF8.self).lowercased())
    }
    guard length >= 3, length <= 20 else { return }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if PythonSeldom.triggers.contains(text) { triggers.insert(text) }
    if isStart, text == "import" {
      list(from: nil)
    } else if isStart, text == "from" {
      from()
    } else if skipped == nil, Self.calls.contains(text), at(position) == UInt8(ascii: "(") {
      var next = position + 1
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
      } else if byte == 0x20 || byte == 0x09 || depth > 0 && (byte == 0x0A || byte == 0x0D) {
        position += 1
      } else if byte == UInt8(ascii: "#"), depth > 0 {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
      } else {
        return
      }
    }
  }

  private mutating func dottedName() -> String {
    blanks()
    let start = position
    while Self.isWord(at(position)) || at(position) == UInt8(ascii: ".") { position += 1 }
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
    let isBracketed = at(position) == UInt8(ascii: "(")
    if isBracketed {
      depth += 1
      position += 1
    }
    while true {
      let name = dottedName()
      if name.isEmpty { break }
      add(base.map { $0.hasSuffix(".") ? $0 + name : $0 + "." + name } ?? name)
      blanks()
      if starts("as "), dottedName() == "as" {
        _ = dottedName()
        blanks()
      }
      guard at(position) == UInt8(ascii: ",") else { break }
      position += 1
    }
  }

  private mutating func add(_ module: String) {
    guard skipped == nil else { return }
    modules.insert(module)
    if function == nil { atOnce.insert(module) }
  }

  // MARK: Strings

  private mutating func string(prefix: String) {
    let quote = bytes[position]
    let isArgument = argument == position
    let isTriple = at(position + 1) == quote && at(position + 2) == quote
    position += isTriple ? 3 : 1
    let start = position
    let isFormatted = prefix.contains("f") || prefix.contains("t")
    /// Where the first replacement field begins.
    var field: Int?
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\\") {
        position += at(position + 1) == 0x0D ? 3 : 2
      } else if byte == quote, !isTriple || at(position + 1) == quote && at(position + 2) == quote {
        note(start..<position, field: field, isArgument: isArgument)
        position += isTriple ? 3 : 1
        return
      } else if byte == 0x0A, !isTriple {
        isBroken = true
        return
      } else if isFormatted, byte == UInt8(ascii: "{") {
        if at(position + 1) == byte {
          position += 2
        } else {
          field = field ?? position
          position += 1
          replacement(quote, isTriple: isTriple)
        }
      } else {
        position += 1
      }
    }
    isBroken = true
  }

  /// A replacement field of a formatted string, to behind its closing brace.
  private mutating func replacement(_ quote: UInt8, isTriple: Bool) {
    var open = 0
    var inFormat = false
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "}") where open == 0:
        position += 1
        return
      case UInt8(ascii: "{") where inFormat:
        position += 1
        replacement(quote, isTriple: isTriple)
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        open -= 1
        position += 1
      case UInt8(ascii: ":") where open == 0:
        inFormat = true
        position += 1
      case quote where inFormat && !isTriple: return
      case UInt8(ascii: "'") where !inFormat, UInt8(ascii: "\"") where !inFormat: string(prefix: "")
      case _ where !inFormat && Self.isWord(byte): word(isStart: false)
      default: position += 1
      }
    }
    isBroken = true
  }

  private mutating func note(_ range: Range<Int>, field: Int?, isArgument: Bool) {
    guard skipped == nil, range.count >= 2, range.count <= 200 else { return }
    let text = String(decoding: bytes[range], as: UTF8.self)
    if field == nil, PythonSeldom.triggers.contains(text) { triggers.insert(text) }
    if let field {
      let head = String(decoding: bytes[range.lowerBound..<field], as: UTF8.self)
      open(head)
    } else if let percent = text.firstIndex(of: "%") {
      open(String(text[..<percent]))
    } else {
      let name = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
      if text.hasSuffix(".") {
        open(text)
      } else if Self.isDotted(name.drop { $0 == "." }) {
        names.insert(String(name))
        if isArgument { called.insert(String(name)) }
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
        return part.utf8.allSatisfy(isWord)
      }
  }
}
