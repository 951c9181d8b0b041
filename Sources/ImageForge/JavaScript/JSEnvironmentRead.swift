import ForgeBasics

/// One place where JavaScript reads an environment variable.
package struct JSEnvironmentRead: Sendable, Equatable {
  /// What the code says about the variable's absence, from what proves most to what proves least.
  package enum Use: Sendable, Equatable {
    /// Without it the code throws: a check, a member of what is then undefined, a schema that demands it.
    case demanded
    /// The code says that it is there (`X!`, `X as string`), which nothing checks.
    case asserted
    /// `?? other` or `|| other`; the text where it is a literal.
    case defaulted(String?)
    /// Its absence means something: it is compared, tested, or read where a test has passed.
    case tested
    /// The value is handed on as it is; what becomes of its absence is not told here.
    case plain
  }

  /// Empty where it is computed: `process.env[key]`.
  package let name: String
  package let offset: Int
  package var use: Use
  /// Whether Next.js can put the value in its place: not when it is read by way of another name or by destructuring.
  package let isInlined: Bool
  /// Whether the module does this when it is loaded, and not in a function that is called later.
  package var isAtLoad = false
  /// Where the value is used: the read itself, or the uses of the constant that holds it.
  package var usedAt: [Int] = []
  /// Whether a schema of the whole environment names it.
  package var isInSchema = false
  /// A value that its schema takes; nil where the schema says nothing that is understood.
  package var example: String?

  /// All reads of `process.env` in a source, in its order.
  /// - Parameter jsx: whether the file may hold JSX.
  package static func find(in source: SourceText, jsx: Bool) -> [JSEnvironmentRead] {
    JSEnvironmentFacts.read(source, jsx: jsx).reads
  }
}

/// What a module of JavaScript says about the environment.
package struct JSEnvironmentFacts: Sendable, Equatable {
  /// A variable that turns the check of the others off.
  package struct Switch: Sendable, Equatable {
    package let name: String
    /// The value that does it.
    package let value: String
    package let offset: Int

    package init(name: String, value: String, offset: Int) {
      self.name = name
      self.value = value
      self.offset = offset
    }
  }

  /// A call that the module makes when it is loaded, of a name that it imports.
  package struct ImportedCall: Sendable, Equatable {
    package let module: String
    /// The name under which the module exports it: `default` for its default export.
    package let imported: String
    /// Behind the imported name, with dots: `fromEnv`.
    package let member: String
    /// From the name to the closing bracket.
    package let range: Range<Int>
    package let argumentCount: Int
    /// The keys of the first argument where that is an object that is written out.
    package let keys: Set<String>?
  }

  package var reads: [JSEnvironmentRead] = []
  package var switches: [Switch] = []
  package var calls: [ImportedCall] = []

  package init() {}

  /// - Parameter jsx: whether the file may hold JSX.
  package static func read(_ source: SourceText, jsx: Bool) -> JSEnvironmentFacts {
    let tree = JSTokenTree(source, jsx: jsx)
    var facts = JSEnvironmentFacts()
    if source.bytes.contains("process") {
      var finder = JSEnvironmentFinder(tree)
      finder.run()
      facts.reads = finder.reads.sorted { $0.offset < $1.offset }
      facts.switches = finder.switches
    }
    facts.calls = JSImportedCalls.find(in: tree)
    return facts
  }
}

extension [UInt8] {
  /// Whether the bytes hold a word; a scan that compares only where the first byte fits.
  package func contains(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard length > 0, count >= length else { return false }
    return withUnsafeBufferPointer { text in
      word.withUTF8Buffer { pattern in
        var at = 0
        while at <= text.count - length {
          if text[at] == pattern[0] {
            var matched = 1
            while matched < length, text[at + matched] == pattern[matched] { matched += 1 }
            if matched == length { return true }
          }
          at += 1
        }
        return false
      }
    }
  }
}
