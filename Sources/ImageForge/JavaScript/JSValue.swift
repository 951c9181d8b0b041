/// What an expression is worth, as far as it can be known without running it.
package indirect enum JSValue: Sendable {
  case string(String)
  case number(Double)
  case bool(Bool)
  case null
  case undefined
  case array([JSValue])
  case object(JSObject)
  /// A function with the names that it closes over.
  case function(JSFunction, [String: JSValue])
  /// Something of another module: its name there (`default`, `*`), and the module.
  case external(name: String, module: String)
  case choice(JSChoice)
  /// Why it is not known.
  case unknown(reason: String)
}

/// The entries of an object in the order in which they were written: later ones win.
package struct JSObject: Sendable {
  package enum Entry: Sendable {
    case value(key: String, JSValue, offset: Int)
    case spread(JSValue)
  }

  package let entries: [Entry]
  /// How many values a search may have to look at.
  let weight: Int

  package init(entries: [Entry] = []) {
    self.entries = entries
    weight = entries.reduce(1) { sum, entry in
      switch entry {
      case .value: sum + 1
      case .spread(let value): sum + value.weight
      }
    }
  }
}

/// One of several values; why it is not known which.
package struct JSChoice: Sendable {
  package let reason: String
  package let alternatives: [JSValue]
  let weight: Int
}

extension JSValue {
  /// Values share parts, so that a few lines can describe a tree of any size: what is heavier is given up.
  private static let maximumWeight = 2_000

  static func choice(reason: String, _ alternatives: [JSValue]) -> JSValue {
    let weight = alternatives.reduce(1) { $0 + $1.weight }
    guard weight <= maximumWeight else { return .unknown(reason: reason) }
    return .choice(JSChoice(reason: reason, alternatives: alternatives, weight: weight))
  }

  static func object(_ entries: [JSObject.Entry]) -> JSValue {
    let object = JSObject(entries: entries)
    guard object.weight <= maximumWeight else {
      return .unknown(reason: "the object is too involved")
    }
    return .object(object)
  }

  static func text(_ text: String) -> JSValue {
    guard text.utf8.count <= 1 << 16 else { return .unknown(reason: "the text is too long") }
    return .string(text)
  }

  fileprivate var weight: Int {
    switch self {
    case .object(let object): object.weight
    case .choice(let choice): choice.weight
    default: 1
    }
  }
}

extension JSValue {
  package var string: String? { if case .string(let text) = settled { text } else { nil } }
  package var bool: Bool? { if case .bool(let flag) = settled { flag } else { nil } }

  package var isAbsent: Bool {
    switch self {
    case .undefined, .null: true
    default: false
    }
  }

  /// The value where all of a choice's alternatives agree; otherwise why it is not known.
  package var settled: JSValue {
    guard case .choice(let choice) = self else { return self }
    let values = choice.alternatives.map(\.settled)
    // Where no alternative is known, what they hang on themselves says more than what chooses between them.
    let reasons = values.map { value in
      if case .unknown(let reason) = value { reason } else { String?.none }
    }
    if let first = reasons.first, let reason = first, !reasons.contains(nil) {
      return .unknown(reason: reason)
    }
    guard let first = values.first, let scalar = first.scalar,
      values.allSatisfy({ $0.scalar == scalar })
    else {
      return .unknown(reason: choice.reason)
    }
    return first
  }

  /// All that the value may be: itself, or the alternatives of a choice.
  package var possibilities: [JSValue] {
    if case .choice(let choice) = self {
      choice.alternatives.flatMap(\.possibilities)
    } else {
      [self]
    }
  }

  /// Why the value is not known; nil when it is.
  package var reason: String? {
    switch self {
    case .unknown(let reason): reason
    case .choice: if case .unknown(let reason) = settled { reason } else { nil }
    case .external(_, let module): "it comes from \(module)"
    default: nil
    }
  }

  /// Comparable by `===`; nil for objects and what is not known.
  var scalar: String? {
    switch self {
    case .string(let text): "s" + text
    case .number(let number): "n\(number)"
    case .bool(let flag): "b\(flag)"
    case .null: "null"
    case .undefined: "undefined"
    default: nil
    }
  }

  /// Whether the value is the result of `||` or `??` with itself on the left; nil where that cannot be told.
  func decides(_ symbol: String) -> Bool? {
    if symbol == "||" { return isTruthy }
    guard reason == nil else { return nil }
    return !settled.isAbsent
  }

  /// Nil when it is not known.
  var isTruthy: Bool? {
    switch settled {
    case .string(let text): !text.isEmpty
    case .number(let number): number != 0 && !number.isNaN
    case .bool(let flag): flag
    case .null, .undefined: false
    case .array, .object, .function: true
    case .external, .unknown, .choice: nil
    }
  }

  /// A property; nil when there is none.
  package subscript(key: String) -> JSValue? {
    switch self {
    case .object(let object): object.lookup(key, below: object.entries.count)
    case .choice(let choice):
      .choice(reason: choice.reason, choice.alternatives.map { $0[key] ?? .undefined })
    case .unknown(let reason): .unknown(reason: reason)
    case .external(_, let module): .external(name: key, module: module)
    default: nil
    }
  }
}

extension JSObject {
  fileprivate func lookup(_ key: String, below end: Int) -> JSValue? {
    for index in (0..<end).reversed() {
      switch entries[index] {
      case .value(key, let value, _): return value
      case .value: continue
      case .spread(.choice(let choice)):
        let found = choice.alternatives.map { $0[key] }
        guard found.contains(where: { $0 != nil }) else { continue }
        // What an alternative lacks, the earlier entries give.
        let rest = lookup(key, below: index) ?? .undefined
        return .choice(reason: choice.reason, found.map { $0 ?? rest })
      case .spread(let value):
        if let found = value[key] { return found }
      }
    }
    return nil
  }

  /// Where a key was last written, itself or in what was spread into the object.
  package func offset(of key: String) -> Int? {
    for entry in entries.reversed() {
      switch entry {
      case .value(key, _, let offset): return offset
      case .value: continue
      case .spread(let value): if let offset = value.offset(of: key) { return offset }
      }
    }
    return nil
  }
}

extension JSValue {
  /// Where a property was written, as a byte offset.
  package func offset(of key: String) -> Int? {
    switch self {
    case .object(let object): object.offset(of: key)
    case .choice(let choice): choice.alternatives.lazy.compactMap { $0.offset(of: key) }.first
    default: nil
    }
  }
}
