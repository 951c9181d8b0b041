/// An expression of JavaScript, as far as configuration files use the language. Types of TypeScript are dropped.
package struct JSExpression: Sendable {
  package indirect enum Kind: Sendable {
    case string(String)
    case number(Double)
    case bool(Bool)
    case null
    /// `undefined` and `void 0`.
    case undefined
    case regex
    case identifier(String)
    /// `object.name` and `object["name"]`.
    case member(JSExpression, String)
    /// `object[expression]`.
    case element(JSExpression, JSExpression)
    /// Text pieces, one more than there are expressions.
    case template([String], [JSExpression])
    case array([JSExpression])
    case object([JSProperty])
    case function(JSFunction)
    case call(JSExpression, [JSExpression])
    case new
    case conditional(JSExpression, JSExpression, JSExpression)
    case binary(String, JSExpression, JSExpression)
    case unary(String, JSExpression)
    case await(JSExpression)
    case spread(JSExpression)
    /// Outside of the subset.
    case other
  }

  package let kind: Kind
  /// In bytes, in the text that was parsed.
  package let offset: Int
  /// How many expressions lie in one another at most, this one and the bodies of functions included.
  let height: Int

  init(kind: Kind, offset: Int) {
    self.kind = kind
    self.offset = offset
    height = 1 + kind.height
  }
}

package enum JSProperty: Sendable {
  case value(key: String, JSExpression)
  /// `[expression]: value`
  case computed(JSExpression, JSExpression)
  case spread(JSExpression)
}

package struct JSFunction: Sendable {
  package let parameters: [JSPattern]
  package let body: [JSStatement]
  /// Of the highest expression in it.
  let height: Int

  init(parameters: [JSPattern], body: [JSStatement]) {
    self.parameters = parameters
    self.body = body
    height = max(parameters.tallest(\.height), body.tallest(\.height))
  }
}

/// What a declaration or parameter binds.
package indirect enum JSPattern: Sendable {
  case name(String, default: JSExpression?)
  /// Property name and what it is bound to.
  case object([(key: String, JSPattern)], default: JSExpression?)
  case other
}

/// A statement, as far as it can bear on the value of a configuration.
package struct JSStatement: Sendable {
  package indirect enum Kind: Sendable {
    case bind(JSPattern, JSExpression?)
    /// A name from another module.
    case `import`(name: String, imported: String, module: String)
    case function(String, JSFunction)
    case assign(JSExpression, JSExpression)
    case expression(JSExpression)
    case exportDefault(JSExpression)
    case `return`(JSExpression?)
    case `throw`
    case `if`(JSExpression, [JSStatement], [JSStatement])
    case block([JSStatement])
    /// A loop and its like: it may change these variables, and may return.
    case other(changes: [String], mayReturn: Bool)
  }

  package let kind: Kind
  package let offset: Int
  /// `let` and `const`, which end with their block.
  package var isLexical = false
}
