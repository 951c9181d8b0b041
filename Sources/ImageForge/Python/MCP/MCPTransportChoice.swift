import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// The transports that a `run(transport=…)` may get, where the value is no literal: chosen by a variable, an argument
/// of the command line or a condition.
struct MCPTransportChoice {
  /// What is taken when nobody chooses; nil where the code does not say.
  private(set) var fallback: MCPServer.Transport?
  private(set) var possible: [(transport: MCPServer.Transport, source: Place)] = []

  private let index: PythonIndex
  private let scope: PythonScope

  init(_ expression: PythonExpression, _ scope: PythonScope, _ index: PythonIndex) {
    self.index = index
    self.scope = scope
    collect(expression, scope, steps: 0)
    collectOption(of: expression)
  }

  private mutating func add(
    _ text: String?, _ offset: Int, _ scope: PythonScope, isFallback: Bool = false
  ) {
    guard let transport = text.flatMap({ MCPAnalyzer.transports[$0] }) else { return }
    if isFallback { fallback = fallback ?? transport }
    if !possible.contains(where: { $0.transport == transport }) {
      possible.append((transport, scope.file.location(offset)))
    }
  }

  private mutating func collect(_ expression: PythonExpression, _ scope: PythonScope, steps: Int) {
    guard steps < 6, possible.count < 8 else { return }
    switch expression.kind {
    case .string(let text): add(text, expression.offset, scope)
    case .call(let callee, let arguments):
      // `os.getenv("TRANSPORT", "stdio")`; `cast(…, value)` and `.lower()` hand on what they get.
      if ["getenv", "get"].contains(callee.dotted?.last ?? ""),
        let value = arguments.argument(1, "default")
      {
        add(value.string, value.offset, scope, isFallback: true)
      }
      if case .attribute(let base, _) = callee.kind { collect(base, scope, steps: steps + 1) }
      for argument in arguments.prefix(4) { collect(argument.value, scope, steps: steps + 1) }
    case .operation(let operators, let operands):
      for operand in operands.prefix(8) { collect(operand, scope, steps: steps + 1) }
      if operators == ["or"], let last = operands.last {
        add(last.string, last.offset, scope, isFallback: true)
      }
    case .name(let name):
      // A parameter with a default.
      if let value = scope.function?.declaration.parameters.first(where: { $0.name == name })?.value
      {
        add(value.string, value.offset, scope, isFallback: true)
      }
      let place = PythonPlace(expression: expression, scope: scope)
      for maker in index.makers(of: place) where maker.identity != place.identity {
        collect(maker.expression, maker.scope, steps: steps + 1)
      }
    case .attribute(let base, let field):
      guard let value = index.fieldDefault(field, of: PythonPlace(expression: base, scope: scope))
      else { return }
      add(value.string, value.offset, scope, isFallback: true)
    default:
      // A conditional expression: either side.
      var inner: [PythonExpression] = []
      expression.walk { if $0.string != nil { inner.append($0) } }
      for value in inner.prefix(8) { add(value.string, value.offset, scope) }
    }
  }

  /// `add_argument("--transport", choices=[…], default="stdio")` of argparse, and `@click.option` with the same words.
  private mutating func collectOption(of expression: PythonExpression) {
    guard let name = expression.name ?? expression.dotted?.last else { return }
    let option = "--" + name.replacing("_", with: "-")
    var calls: [(scope: PythonScope, arguments: [PythonArgument])] = []
    PythonIndex.forEachScope(scope.file) { scope, statements in
      statements.flattened.forEachOwnExpression { expression in
        guard let (callee, arguments) = expression.call,
          ["add_argument", "option"].contains(callee.dotted?.last),
          arguments.positional.contains(where: { $0.string == option })
        else { return }
        calls.append((scope, arguments))
      }
    }
    for (scope, arguments) in calls.prefix(4) {
      if let value = arguments["default"] {
        add(value.string, value.offset, scope, isFallback: true)
      }
      let listed = arguments["choices"] ?? arguments["type"]?.call?.arguments.positional.first
      for choice in listed?.elements ?? [] { add(choice.string, choice.offset, scope) }
    }
  }
}
