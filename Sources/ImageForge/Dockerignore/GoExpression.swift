/// The part of Go's regular expressions (RE2) that ignore patterns can turn into. Matching takes time linear in the
/// path's length, whatever the pattern.
struct GoExpression: Sendable {
  private indirect enum Node: Sendable {
    case literal(Unicode.Scalar)
    /// Any but a line feed.
    case any
    case set(CharacterSet)
    case start
    case end
    case sequence([Node])
    case optional(Node)
    case star(Node)
  }

  private struct CharacterSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      ranges.contains { $0.contains(scalar.value) } != isNegated
    }

    /// The ranges of the complement.
    var complement: [ClosedRange<UInt32>] {
      var out: [ClosedRange<UInt32>] = []
      var next: UInt32 = 0
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if range.lowerBound > next { out.append(next...(range.lowerBound - 1)) }
        next = max(next, range.upperBound + 1)
      }
      out.append(next...0x10FFFF)
      return out
    }
  }

  private enum Instruction: Sendable {
    case consume(Node)
    case assertStart
    case assertEnd
    /// Goes on at both.
    case split(Int, Int)
    case jump(Int)
    case accept
  }

  private let program: [Instruction]

  /// - Throws: `BadPattern` when Go's compiler refuses it, or for an escape that no file name needs.
  init(_ text: String) throws(BadPattern) {
    var parser = Parser(rest: Array(text.unicodeScalars)[...])
    let node = Node.sequence(try parser.sequence(isGroup: false))
    guard parser.rest.isEmpty else { throw BadPattern(reason: "is malformed") }
    var program: [Instruction] = []
    Self.emit(node, &program)
    program.append(.accept)
    self.program = program
  }

  /// Whether the expression, which is anchored, matches the whole text.
  func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var current = States(count: program.count)
    var following = States(count: program.count)
    add(0, at: 0, of: scalars.count, to: &current)
    for (position, scalar) in scalars.enumerated() {
      guard !current.list.isEmpty else { return false }
      following.clear()
      for state in current.list {
        if case .consume(let node) = program[state], Self.takes(node, scalar) {
          add(state + 1, at: position + 1, of: scalars.count, to: &following)
        }
      }
      swap(&current, &following)
    }
    return current.list.contains { if case .accept = program[$0] { true } else { false } }
  }

  private struct States {
    var list: [Int] = []
    var marks: [Bool]

    init(count: Int) { marks = Array(repeating: false, count: count) }

    mutating func clear() {
      list.removeAll(keepingCapacity: true)
      for index in marks.indices { marks[index] = false }
    }
  }

  private func add(_ start: Int, at position: Int, of count: Int, to states: inout States) {
    var pending = [start]
    while let state = pending.popLast() {
      guard !states.marks[state] else { continue }
      states.marks[state] = true
      switch program[state] {
      case .jump(let target): pending.append(target)
      case .split(let first, let second): pending += [second, first]
      case .assertStart: if position == 0 { pending.append(state + 1) }
      case .assertEnd: if position == count { pending.append(state + 1) }
      case .consume, .accept: states.list.append(state)
      }
    }
  }

  private static func takes(_ node: Node, _ scalar: Unicode.Scalar) -> Bool {
    switch node {
    case .literal(let literal): literal == scalar
    case .any: scalar != "\n"
    case .set(let set): set.contains(scalar)
    default: false
    }
  }

  private static func emit(_ node: Node, _ program: inout [Instruction]) {
    switch node {
    case .literal, .any, .set: program.append(.consume(node))
    case .start: program.append(.assertStart)
    case .end: program.append(.assertEnd)
    case .sequence(let nodes): for node in nodes { emit(node, &program) }
    case .optional(let inner):
      let split = program.count
      program.append(.accept)
      emit(inner, &program)
      program[split] = .split(split + 1, program.count)
    case .star(let inner):
      let split = program.count
      program.append(.accept)
      emit(inner, &program)
      program.append(.jump(split))
      program[split] = .split(split + 1, program.count)
    }
  }

  private struct Parser {
    var rest: ArraySlice<Unicode.Scalar>

    mutating func sequence(isGroup: Bool) throws(BadPattern) -> [Node] {
      var nodes: [Node] = []
      while let scalar = rest.first {
        if scalar == ")" {
          guard isGroup else { throw BadPattern(reason: "is malformed") }
          return nodes
        }
        rest.removeFirst()
        let node: Node
        switch scalar {
        case "^": node = .start
        case "$": node = .end
        case ".": node = .any
        case "[": node = .set(try characterClass())
        case "(":
          node = .sequence(try sequence(isGroup: true))
          guard rest.popFirst() == ")" else { throw BadPattern(reason: "is malformed") }
        case "\\": node = try escape()
        case "*", "?": throw BadPattern(reason: "repeats nothing")
        default: node = .literal(scalar)
        }
        if rest.first == "*" || rest.first == "?" {
          nodes.append(rest.removeFirst() == "*" ? .star(node) : .optional(node))
          guard rest.first != "*", rest.first != "?" else {
            throw BadPattern(reason: "repeats a repetition")
          }
        } else {
          nodes.append(node)
        }
      }
      guard !isGroup else { throw BadPattern(reason: "is malformed") }
      return nodes
    }

    private static let named: [Unicode.Scalar: Unicode.Scalar] = [
      "a": "\u{07}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}",
    ]

    /// A class of Perl: `\d` and so on.
    private static func perlClass(_ letter: Unicode.Scalar) -> CharacterSet? {
      let digits: ClosedRange<UInt32> = 0x30...0x39
      let space: [ClosedRange<UInt32>] = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]
      let word: [ClosedRange<UInt32>] = [digits, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
      switch letter {
      case "d": return CharacterSet(ranges: [digits])
      case "D": return CharacterSet(ranges: [digits], isNegated: true)
      case "s": return CharacterSet(ranges: space)
      case "S": return CharacterSet(ranges: space, isNegated: true)
      case "w": return CharacterSet(ranges: word)
      case "W": return CharacterSet(ranges: word, isNegated: true)
      default: return nil
      }
    }

    /// A single character behind a backslash.
    private mutating func escapedCharacter() throws(BadPattern) -> Unicode.Scalar {
      guard let scalar = rest.popFirst() else { throw BadPattern(reason: "ends with a backslash") }
      if let control = Self.named[scalar] { return control }
      // Letters and digits mean something else in Go's expressions, or are refused.
      guard scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
        throw BadPattern(reason: "escapes \(scalar), which needs no backslash")
      }
      return scalar
    }

    private mutating func escape() throws(BadPattern) -> Node {
      if let letter = rest.first, let set = Self.perlClass(letter) {
        rest.removeFirst()
        return .set(set)
      }
      return .literal(try escapedCharacter())
    }

    /// What follows `[`.
    private mutating func characterClass() throws(BadPattern) -> CharacterSet {
      var set = CharacterSet()
      if rest.first == "^" {
        rest.removeFirst()
        set.isNegated = true
      }
      var isFirst = true
      while rest.first != "]" || isFirst {
        // Go allows `-` only at the ends of a class.
        if rest.first == "-", !isFirst, rest.dropFirst().first != "]" {
          throw BadPattern(reason: "has a stray -")
        }
        isFirst = false
        if rest.starts(with: "[:".unicodeScalars), let end = rest.dropFirst(2).firstIndex(of: ":"),
          rest[(end + 1)...].first == "]"
        {
          throw BadPattern(reason: "has a named class")
        }
        if rest.first == "\\", let letter = rest.dropFirst().first,
          let perl = Self.perlClass(letter)
        {
          rest.removeFirst(2)
          set.ranges += perl.isNegated ? perl.complement : perl.ranges
          continue
        }
        let low = try member()
        var high = low
        if rest.first == "-", let after = rest.dropFirst().first, after != "]" {
          rest.removeFirst()
          high = try member()
          guard high >= low else { throw BadPattern(reason: "has a range that runs backwards") }
        }
        set.ranges.append(low.value...high.value)
      }
      rest.removeFirst()
      return set
    }

    private mutating func member() throws(BadPattern) -> Unicode.Scalar {
      guard let scalar = rest.popFirst() else {
        throw BadPattern(reason: "has a class that is not closed")
      }
      return scalar == "\\" ? try escapedCharacter() : scalar
    }
  }
}
