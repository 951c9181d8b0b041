package struct PythonStatement: Sendable {
  package indirect enum Kind: Sendable {
    /// `import a.b as c, d`.
    case imports([PythonImport])
    /// `from ..pkg import a as b`; `level` counts the dots; the name `*` stands for all.
    case importFrom(level: Int, module: String, names: [PythonImport])
    /// `a = b = value`.
    case assignment(targets: [PythonExpression], value: PythonExpression)
    /// `a: int = value`.
    case annotated(target: PythonExpression, annotation: PythonExpression, value: PythonExpression?)
    case expression(PythonExpression)
    case function(PythonFunction)
    case classDefinition(PythonClass)
    case returns(PythonExpression?)
    /// `if`, `elif`, `else`, `for`, `while`, `with`, `try`, `except`, `finally`, `match`, `case`: each on its own.
    case block(keyword: String, header: [PythonExpression], body: [PythonStatement])
    /// Anything else, with the expressions in it.
    case other([PythonExpression])
  }

  package let offset: Int
  package let kind: Kind
}

package struct PythonImport: Sendable, Equatable {
  package let name: String
  package let alias: String?
  package let offset: Int
}

package struct PythonFunction: Sendable {
  package let name: String
  package let isAsync: Bool
  package let decorators: [PythonExpression]
  package let parameters: [PythonParameter]
  package let returns: PythonExpression?
  package let body: [PythonStatement]
}

package struct PythonParameter: Sendable {
  package let name: String
  package let annotation: PythonExpression?
  package let value: PythonExpression?
}

package struct PythonClass: Sendable {
  package let name: String
  package let decorators: [PythonExpression]
  /// Bases, and keywords such as `metaclass=`.
  package let arguments: [PythonArgument]
  package let body: [PythonStatement]
}

package struct PythonExpression: Sendable {
  package indirect enum Kind: Sendable {
    case name(String)
    case attribute(PythonExpression, String)
    case call(PythonExpression, [PythonArgument])
    case subscripted(PythonExpression, [PythonExpression])
    /// A string literal, adjacent ones joined, escapes decoded.
    case string(String)
    case bytes
    /// An f-string: the expressions in its fields.
    case formatted([PythonExpression])
    /// As it was written.
    case number(String)
    case bool(Bool)
    case none
    case ellipsis
    case list([PythonExpression])
    case tuple([PythonExpression])
    case set([PythonExpression])
    case dictionary([PythonPair])
    /// Operators and operands in the order of the text, without precedence: `a or b`, `not a`, `a if b else c`.
    case operation([String], [PythonExpression])
    /// A lambda, comprehension, `yield`: what is inside, in order.
    case compound([PythonExpression])
  }

  package let offset: Int
  package let kind: Kind
}

/// An entry of a dictionary display; `**other` has no key.
package struct PythonPair: Sendable {
  package let key: PythonExpression?
  package let value: PythonExpression
}

package struct PythonArgument: Sendable {
  /// The keyword; nil for a positional argument.
  package let name: String?
  /// 1 for `*args`, 2 for `**kwargs`.
  package let stars: Int
  package let value: PythonExpression
}

// MARK: - Questions

extension PythonExpression {
  package var string: String? { if case .string(let text) = kind { text } else { nil } }
  package var name: String? { if case .name(let name) = kind { name } else { nil } }

  package var bool: Bool? { if case .bool(let flag) = kind { flag } else { nil } }

  package var integer: Int? {
    guard case .number(let digits) = kind else { return nil }
    return Int(digits.filter { $0 != "_" })
  }

  /// `a.b.c` as its parts; nil when it is anything but names and dots.
  package var dotted: [String]? {
    var parts: [String] = []
    var current = self
    while case .attribute(let base, let name) = current.kind {
      parts.append(name)
      current = base
    }
    guard case .name(let name) = current.kind else { return nil }
    return [name] + parts.reversed()
  }

  /// The called expression and its arguments, when this is a call.
  package var call: (function: PythonExpression, arguments: [PythonArgument])? {
    if case .call(let function, let arguments) = kind { (function, arguments) } else { nil }
  }

  /// The two values of `a if c else b`.
  package var branches: (PythonExpression, PythonExpression)? {
    guard case .operation(let operators, _) = kind,
      let condition = operators.firstIndex(of: "if"),
      let rest = operators[condition...].firstIndex(of: "else"),
      let first = operands(from: 0, through: condition),
      let last = operands(from: rest + 1, through: operators.count)
    else { return nil }
    return (first, last)
  }

  /// `c` of `a or b or c`: what is taken where everything before it is empty.
  package var lastResort: PythonExpression? {
    guard case .operation(let operators, _) = kind, branches == nil,
      let last = operators.lastIndex(of: "or")
    else { return nil }
    return operands(from: last + 1, through: operators.count)
  }

  /// Some of the operands that stand side by side, whatever binds more, with the operators between them.
  private func operands(from first: Int, through last: Int) -> PythonExpression? {
    guard case .operation(let operators, let operands) = kind, first <= last,
      operands.count == operators.count + 1
    else { return nil }
    if first == last { return operands[first] }
    return PythonExpression(
      offset: operands[first].offset,
      kind: .operation(Array(operators[first..<last]), Array(operands[first...last])))
  }

  /// The elements of a list, tuple or set display.
  package var elements: [PythonExpression]? {
    switch kind {
    case .list(let elements), .tuple(let elements), .set(let elements): elements
    default: nil
    }
  }

  /// The expressions directly inside.
  package var children: [PythonExpression] {
    switch kind {
    case .name, .string, .bytes, .number, .bool, .none, .ellipsis: []
    case .attribute(let base, _): [base]
    case .call(let function, let arguments): [function] + arguments.map(\.value)
    case .subscripted(let base, let indices): [base] + indices
    case .formatted(let parts), .list(let parts), .tuple(let parts), .set(let parts),
      .compound(let parts):
      parts
    case .dictionary(let pairs): pairs.flatMap { [$0.key, $0.value].compactMap(\.self) }
    case .operation(_, let operands): operands
    }
  }

  /// This expression and all inside it, outer ones first.
  package func walk(_ body: (PythonExpression) -> Void) {
    var waiting = [self]
    while let next = waiting.popLast() {
      body(next)
      waiting.append(contentsOf: next.children.reversed())
    }
  }
}

extension [PythonArgument] {
  package subscript(name: String) -> PythonExpression? { first { $0.name == name }?.value }

  /// The positional arguments before the first `*`.
  package var positional: [PythonExpression] {
    prefix { $0.stars == 0 }.filter { $0.name == nil }.map(\.value)
  }

  /// An argument that may be given by place or by name.
  package func argument(_ index: Int, _ name: String) -> PythonExpression? {
    self[name] ?? positional.dropFirst(index).first
  }
}

extension PythonStatement {
  /// The expressions that stand directly in this statement; decorators, defaults and bases included.
  package var expressions: [PythonExpression] {
    switch kind {
    case .imports, .importFrom: []
    case .assignment(let targets, let value): targets + [value]
    case .annotated(let target, let annotation, let value):
      [target, annotation] + (value.map { [$0] } ?? [])
    case .expression(let value): [value]
    case .function(let function):
      function.decorators
        + function.parameters.flatMap { [$0.annotation, $0.value].compactMap(\.self) }
        + (function.returns.map { [$0] } ?? [])
    case .classDefinition(let type): type.decorators + type.arguments.map(\.value)
    case .returns(let value): value.map { [$0] } ?? []
    case .block(_, let header, _): header
    case .other(let expressions): expressions
    }
  }

  /// The statements inside.
  package var body: [PythonStatement] {
    switch kind {
    case .function(let function): function.body
    case .classDefinition(let type): type.body
    case .block(_, _, let body): body
    default: []
    }
  }
}

extension [PythonStatement] {
  /// All statements, inner ones after the one that holds them.
  package func forEachDeep(_ visit: (PythonStatement) -> Void) {
    for statement in self {
      visit(statement)
      statement.body.forEachDeep(visit)
    }
  }

  /// Every expression anywhere below, outer ones first.
  package func forEachExpression(_ visit: (PythonExpression) -> Void) {
    forEachDeep { statement in for expression in statement.expressions { expression.walk(visit) } }
  }

  /// The statements that run in this scope: those inside `if`, `try`, `with` and loops too, those in functions and
  /// classes not.
  package var flattened: [PythonStatement] {
    flatMap { statement -> [PythonStatement] in
      if case .block(_, _, let body) = statement.kind {
        [statement] + body.flattened
      } else {
        [statement]
      }
    }
  }
}
