extension JSParser {
  /// Skips a type of TypeScript: unions, generics, literals, functions, arrays.
  mutating func skipType() {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { return skipBalanced() }
    _ = take("|") || take("&")
    while true {
      skipPrimaryType()
      if isNext("|") || isNext("&") || isNext("is") || isNext("extends") || isNext("=>") {
        advance()
        continue
      }
      return
    }
  }

  private mutating func skipPrimaryType() {
    while isNext("typeof") || isNext("keyof") || isNext("readonly") || isNext("unique")
      || isNext("infer")
      || isNext("new") || isNext("asserts")
    { advance() }
    if isNext("<"), let end = typeArgumentsEnd() { at = end }
    if isNext("(") {
      skipBalanced()
      if take("=>") { skipType() }
    } else if isNext("{") || isNext("[") || current.kind == .templateHead {
      skipBalanced()
    } else if current.kind == .identifier || current.kind == .string || current.kind == .number
      || current.kind == .template
    {
      advance()
    } else if take("-") {
      advance()
    } else {
      return
    }
    while true {
      if take(".") {
        advance()
      } else if isNext("["), !current.followsLineBreak {
        skipBalanced()
      } else if isNext("<"), let end = typeArgumentsEnd() {
        at = end
      } else {
        return
      }
    }
  }

  /// Where the type arguments end that open at the current `<`; nil when it is a comparison.
  func typeArgumentsEnd() -> Int? {
    var open = 0
    var index = at
    // Longer lists of type arguments are not written.
    let limit = min(tokens.count, at + 256)
    while index < limit {
      let token = tokens[index]
      switch token.kind {
      case .end, .regex, .templateHead, .templateTail, .templateMiddle, .jsxText: return nil
      case .punctuator:
        switch source.bytes[token.offset] {
        case UInt8(ascii: "<"): open += 1
        case UInt8(ascii: ">"):
          open -= token.range.count
          if open <= 0 {
            // After type arguments comes a call, or the end of a type; after a comparison, an operand.
            let next = tokens[min(index + 1, tokens.count - 1)]
            let isOperand = next.kind == .identifier || next.kind == .number || next.kind == .string
            if isOperand, !next.followsLineBreak { return nil }
            return index + 1
          }
        case UInt8(ascii: ";"), UInt8(ascii: "+"), UInt8(ascii: "*"), UInt8(ascii: "%"),
          UInt8(ascii: "!"):
          return nil
        case UInt8(ascii: "&"), UInt8(ascii: "|"): if token.range.count > 1 { return nil }
        default: break
        }
      default: break
      }
      index += 1
    }
    return nil
  }
}
