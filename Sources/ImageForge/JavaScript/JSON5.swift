import ForgeBasics

/// JSON5 (spec.json5.org), which pnpm allows for manifests: an object literal of JavaScript.
package enum JSON5 {
  /// Reads one JSON5 text into the same value as JSON.
  /// - Throws: `JSONError` when the text is not one object or list of plain values.
  package static func parse(_ source: SourceText) throws(JSONError) -> JSON {
    // As an expression, so that a brace does not open a block.
    let front = Array("module.exports =".utf8)
    let text = SourceText(name: source.name, bytes: front + source.bytes)
    let statements = JSParser.parse(text)
    guard statements.count == 1, case .assign(_, let value)? = statements.first?.kind else {
      throw JSONError(source, at: 0, reason: "not one JSON5 value")
    }
    return try convert(value, source, shift: front.count)
  }

  private static func convert(_ value: JSExpression, _ source: SourceText, shift: Int)
    throws(JSONError) -> JSON
  {
    let offset = max(0, value.offset - shift)
    let kind: JSON.Value
    switch value.kind {
    case .string(let text): kind = .string(text)
    case .number(let number): kind = .number(Int64(exactly: number).map { "\($0)" } ?? "\(number)")
    case .bool(let flag): kind = .bool(flag)
    case .null: kind = .null
    case .array(let elements):
      var converted: [JSON] = []
      for element in elements { converted.append(try convert(element, source, shift: shift)) }
      kind = .array(converted)
    case .object(let properties):
      var members: [JSON.Member] = []
      for property in properties {
        guard case .value(let key, let inner) = property else { throw failure(source, offset) }
        let member = try convert(inner, source, shift: shift)
        members.append(JSON.Member(key: key, keyOffset: member.offset, value: member))
      }
      kind = .object(members)
    default: throw failure(source, offset)
    }
    return JSON(value: kind, offset: offset)
  }

  private static func failure(_ source: SourceText, _ offset: Int) -> JSONError {
    JSONError(source, at: offset, reason: "JSON5 holds plain values only")
  }
}
