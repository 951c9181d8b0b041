import ForgeBasics

/// A JSON document that is changed in places: what forge does not know stays, in its order, numbers as they were written.
package indirect enum EditableJSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([EditableJSON])
  case object([(key: String, value: EditableJSON)])

  package init(_ json: JSON) {
    self =
      switch json.value {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .number(let digits): .number(digits)
      case .string(let text): .string(text)
      case .array(let elements): .array(elements.map { EditableJSON($0) })
      case .object(let members): .object(members.map { ($0.key, EditableJSON($0.value)) })
      }
  }

  package static func == (a: EditableJSON, b: EditableJSON) -> Bool { a.text == b.text }

  /// A member of an object, found as Go's decoder does, regardless of case; setting nil takes it away.
  package subscript(key: String) -> EditableJSON? {
    get {
      guard case .object(let members) = self else { return nil }
      return Self.index(of: key, in: members).map { members[$0].value }
    }
    set {
      guard case .object(var members) = self else { return }
      if let index = Self.index(of: key, in: members) {
        if let newValue { members[index].value = newValue } else { members.remove(at: index) }
      } else if let newValue {
        members.append((key, newValue))
      }
      self = .object(members)
    }
  }

  private static func index(of key: String, in members: [(key: String, value: EditableJSON)])
    -> Int?
  {
    members.firstIndex { $0.key == key }
      ?? members.firstIndex { JSON.foldKey($0.key) == JSON.foldKey(key) }
  }

  var elements: [EditableJSON] { if case .array(let elements) = self { elements } else { [] } }
  package var keys: [String] {
    if case .object(let members) = self { members.map(\.key) } else { [] }
  }
  var string: String? { if case .string(let text) = self { text } else { nil } }
  var isTrue: Bool { if case .bool(true) = self { true } else { false } }

  /// Compact text, as engines write it.
  var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  var bytes: [UInt8] { Array(text.utf8) }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let string): Self.quote(string, &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        element.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.quote(member.key, &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ string: String, _ text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
