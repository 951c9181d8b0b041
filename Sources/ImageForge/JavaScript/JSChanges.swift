// What statements may change, where they are not followed.

extension JSPattern {
  /// The names that it binds.
  var names: [String] {
    switch self {
    case .name(let name, _): [name]
    case .object(let properties, _): properties.flatMap(\.1.names)
    case .other: []
    }
  }
}

extension JSExpression {
  /// The variable at the left end of `a.b["c"]`.
  var root: String? {
    switch kind {
    case .identifier(let name): name
    case .member(let owner, _), .element(let owner, _): owner.root
    default: nil
    }
  }
}

extension [JSStatement] {
  /// The variables that the statements may change, those of their own left out.
  var changes: [String] {
    let own = Set(
      flatMap { if case .bind(let pattern, _) = $0.kind { pattern.names } else { [String]() } })
    return flatMap { statement -> [String] in
      switch statement.kind {
      case .assign(let target, _): [target.root].compactMap(\.self)
      case .expression(let value): value.changes
      case .if(_, let then, let otherwise): then.changes + otherwise.changes
      case .block(let inner): inner.changes
      case .other(let changes, _): changes
      default: []
      }
    }.filter { !own.contains($0) }
  }
}

extension JSExpression {
  fileprivate var changes: [String] {
    switch kind {
    case .unary("delete", let target): return [target.root].compactMap(\.self)
    case .call(let callee, let arguments):
      guard case .member(let owner, let method) = callee.kind else { return [] }
      if method == "assign" { return [arguments.first?.root].compactMap(\.self) }
      guard JSParser.changing.contains(method) else { return [] }
      return [owner.root].compactMap(\.self)
    default: return []
    }
  }
}
