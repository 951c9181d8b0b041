// Trees of expressions are evaluated and released by recursion, so that their height must have a bound.

extension JSExpression.Kind {
  /// The height of the highest expression below; 0 where there is none.
  var height: Int {
    switch self {
    case .string, .number, .bool, .null, .undefined, .regex, .identifier, .new, .other: 0
    case .member(let inner, _), .unary(_, let inner), .await(let inner), .spread(let inner):
      inner.height
    case .element(let left, let right), .binary(_, let left, let right):
      max(left.height, right.height)
    case .conditional(let condition, let then, let otherwise):
      max(condition.height, then.height, otherwise.height)
    case .template(_, let parts), .array(let parts): parts.tallest(\.height)
    case .object(let properties): properties.tallest(\.height)
    case .call(let callee, let arguments): max(callee.height, arguments.tallest(\.height))
    case .function(let function): function.height
    }
  }
}

extension JSProperty {
  fileprivate var height: Int {
    switch self {
    case .value(_, let value), .spread(let value): value.height
    case .computed(let key, let value): max(key.height, value.height)
    }
  }
}

extension JSPattern {
  var height: Int {
    switch self {
    case .name(_, let value): value?.height ?? 0
    case .object(let properties, let value):
      max(properties.tallest(\.1.height), value?.height ?? 0)
    case .other: 0
    }
  }
}

extension JSStatement {
  var height: Int {
    switch kind {
    case .import, .throw, .other: 0
    case .bind(let pattern, let value): max(pattern.height, value?.height ?? 0)
    case .function(_, let function): function.height
    case .assign(let target, let value): max(target.height, value.height)
    case .expression(let value), .exportDefault(let value): value.height
    case .return(let value): value?.height ?? 0
    case .if(let condition, let then, let otherwise):
      max(condition.height, then.tallest(\.height), otherwise.tallest(\.height))
    case .block(let statements): statements.tallest(\.height)
    }
  }
}

extension Array {
  func tallest(_ height: (Element) -> Int) -> Int { reduce(0) { Swift.max($0, height($1)) } }
}
