import ForgeBasics

/// Works out what a module exports, without running it: `process.env.NODE_ENV` is `production`, those of hosting
/// platforms are not set, other variables are not known, and a function of another module gives back the configuration
/// that it was given (`withX(config)`).
package struct JSModule {
  private typealias Names = [String: JSValue]

  /// Steps after which a module is not worth the time.
  private var budget = 20_000
  private var depth = 0
  private static let maximumDepth = 40
  private static let exports = "module.exports"
  /// The values of `next/constants`.
  private let constants: [String: String]
  private let surroundings: Surroundings

  /// What a module can see of the project around it.
  package struct Surroundings {
    /// The file's path below the project's root; empty when it is not known.
    package var path: String
    /// The exports of a module named by a relative specifier, as an object; nil when it cannot be read.
    package var load: (String) -> JSValue?

    package init(path: String = "", load: @escaping (String) -> JSValue? = { _ in nil }) {
      self.path = path
      self.load = load
    }

    /// Where paths of the project seem to lie: `__dirname` is this and the folder.
    package static let root = "/@project"
    var file: String { Self.root + "/" + path }
    var folder: String { JSPath.parent(file) }
  }

  /// The default export, a function already called with `arguments`.
  /// - Parameter constants: names that imports of them stand for.
  package static func exportedValue(
    of statements: [JSStatement], arguments: [JSValue] = [], constants: [String: String] = [:],
    in surroundings: Surroundings = Surroundings()
  ) -> JSValue {
    var module = JSModule(constants: constants, surroundings: surroundings)
    var names: Names = [:]
    module.hoist(statements, into: &names)
    let value = module.run(statements, names) { names in
      names[Self.exports] ?? .unknown(reason: "the file has no default export")
    }
    return module.called(value ?? .unknown(reason: "the file only throws"), with: arguments)
  }

  /// All names of a module, its default export under `default`. For CommonJS, the members of `module.exports` too.
  package static func exports(
    of statements: [JSStatement], constants: [String: String] = [:], in surroundings: Surroundings
  ) -> JSValue {
    var module = JSModule(constants: constants, surroundings: surroundings)
    var names: Names = [:]
    module.hoist(statements, into: &names)
    let value = module.run(statements, names) { names in
      let exported = names[Self.exports]
      let own: [JSObject.Entry] = names.sorted { $0.key < $1.key }.filter { $0.key != Self.exports }
        .map { .value(key: $0.key, $0.value, offset: elsewhere) }
      return .object(
        own + (exported.map { [.spread($0), .value(key: "default", $0, offset: elsewhere)] } ?? []))
    }
    return value ?? .unknown(reason: "the file only throws")
  }

  /// The offset of what stands in another file.
  private static let elsewhere = -1

  private init(constants: [String: String], surroundings: Surroundings) {
    self.constants = constants
    self.surroundings = surroundings
  }

  private mutating func called(_ value: JSValue, with arguments: [JSValue]) -> JSValue {
    switch value {
    case .function(let function, let names): apply(function, names, arguments, caller: [:])
    case .choice(let choice):
      .choice(reason: choice.reason, choice.alternatives.map { called($0, with: arguments) })
    default: value
    }
  }

  // MARK: Statements

  /// What is run.
  private enum Step {
    case statement(JSStatement)
    /// The end of a block: what its `let` and `const` hid is seen again.
    case restore([String: JSValue?])
  }

  /// Declared functions exist before the first statement runs.
  private func hoist(_ statements: [JSStatement], into names: inout Names) {
    for statement in statements {
      if case .function(let name, let function) = statement.kind {
        names[name] = .function(function, [:])
      }
    }
  }

  /// Runs statements to their `return`, or to `finish` at their end. Where a condition is not known both ways are
  /// gone to the end. Nil when they throw.
  private mutating func run(
    _ statements: [JSStatement], _ start: Names, finish: (Names) -> JSValue
  ) -> JSValue? {
    run(statements.map(Step.statement), start, finish: finish)
  }

  private mutating func run(
    _ steps: [Step], _ start: Names, finish: (Names) -> JSValue
  ) -> JSValue? {
    depth += 1
    defer { depth -= 1 }
    var names = start
    for (index, step) in steps.enumerated() {
      budget -= 1
      guard budget > 0, depth < Self.maximumDepth else {
        return .unknown(reason: "the file is too involved")
      }
      let statement: JSStatement
      switch step {
      case .statement(let next): statement = next
      case .restore(let hidden):
        for (name, value) in hidden { names[name] = value }
        continue
      }
      switch statement.kind {
      case .bind(let pattern, let value):
        bind(pattern, value.map { evaluate($0, names) } ?? .undefined, into: &names)
      case .import(let name, let imported, let module):
        names[name] = self.imported(imported, from: module)
      case .function: break
      case .expression(let value): perform(value, at: statement.offset, &names)
      case .other(let changes, let mayReturn):
        if mayReturn { return .unknown(reason: "a loop decides it") }
        lose(changes, &names)
      case .assign(let target, let value):
        assign(evaluate(value, names), to: target, at: statement.offset, &names)
      case .exportDefault(let value): names[Self.exports] = evaluate(value, names)
      case .return(let value): return value.map { evaluate($0, names) } ?? .undefined
      case .throw: return nil
      case .block(let inner):
        return run(Self.scoped(inner, names) + steps[(index + 1)...], names, finish: finish)
      case .if(let condition, let then, let otherwise):
        let rest = steps[(index + 1)...]
        let tested = evaluate(condition, names)
        var branches = [then, otherwise]
        if let known = tested.isTruthy {
          branches = if known { [then] } else { [otherwise] }
        }
        let ways = branches.compactMap {
          run(Self.scoped($0, names) + rest, names, finish: finish)
        }
        // A branch that throws is no way.
        guard ways.count == 2 else { return ways.first }
        return .choice(reason: tested.reason ?? "a condition is computed", ways)
      }
    }
    return finish(names)
  }

  /// The statements of a block, with what they hide given back at its end.
  private static func scoped(_ statements: [JSStatement], _ names: Names) -> [Step] {
    var hidden: [String: JSValue?] = [:]
    for statement in statements where statement.isLexical {
      if case .bind(let pattern, _) = statement.kind {
        for name in pattern.names { hidden[name] = .some(names[name]) }
      }
    }
    var steps = statements.map(Step.statement)
    if !hidden.isEmpty { steps.append(.restore(hidden)) }
    return steps
  }

  /// An expression that stands alone is there for what it changes.
  private mutating func perform(_ expression: JSExpression, at offset: Int, _ names: inout Names) {
    switch expression.kind {
    case .unary("delete", let target):
      guard case .member(let owner, let key) = target.kind else {
        return lose([target.root].compactMap(\.self), &names)
      }
      assign(
        .undefined, to: JSExpression(kind: .member(owner, key), offset: offset), at: offset, &names)
    case .await(let value): perform(value, at: offset, &names)
    case .call(let callee, let arguments):
      if case .member(let owner, "assign") = callee.kind, case .identifier("Object") = owner.kind,
        let target = arguments.first
      {
        return assign(evaluate(expression, names), to: target, at: offset, &names)
      }
      if case .member(let owner, let method) = callee.kind, JSParser.changing.contains(method) {
        return lose([owner.root].compactMap(\.self), &names)
      }
      guard case .identifier(let name) = callee.kind, case .function(let function, _)? = names[name]
      else { return }
      let changes = function.body.changes
      lose(changes, &names)
      // What is handed over may be changed under the parameter's name.
      for (parameter, argument) in zip(function.parameters, arguments) {
        if !Set(parameter.names).isDisjoint(with: changes) {
          lose([argument.root].compactMap(\.self), &names)
        }
      }
    default: break
    }
  }

  private func lose(_ changed: [String], _ names: inout Names) {
    for name in changed {
      var key = name
      if name == "module" || name == "exports" { key = Self.exports }
      if names[key] != nil {
        names[key] = .unknown(reason: "it is changed in a way that is not followed")
      }
    }
  }

  private func imported(_ name: String, from module: String) -> JSValue {
    if let constant = constants[name] { return .string(constant) }
    guard module.hasPrefix("."), let exports = surroundings.load(module) else {
      return .external(name: name, module: module)
    }
    if name == "*" { return exports }
    return exports[name] ?? .undefined
  }

  private mutating func bind(_ pattern: JSPattern, _ value: JSValue, into names: inout Names) {
    switch pattern {
    case .name(let name, let fallback):
      if case .undefined = value, let fallback {
        names[name] = evaluate(fallback, names)
      } else {
        names[name] = value
      }
    case .object(let properties, _):
      for (key, inner) in properties {
        var property = value[key] ?? .undefined
        if case .external = property, let constant = constants[key] { property = .string(constant) }
        bind(inner, property, into: &names)
      }
    case .other: break
    }
  }

  /// `name = value`, `module.exports = value`, `config.output = value`.
  private mutating func assign(
    _ value: JSValue, to target: JSExpression, at offset: Int, _ names: inout Names
  ) {
    if let name = Self.variable(target) {
      names[name] = value
    } else if case .member(let owner, let key) = target.kind {
      if let name = Self.variable(owner) {
        let before = names[name] ?? .object(JSObject())
        names[name] = .object([.spread(before), .value(key: key, value, offset: offset)])
      } else {
        // `config.experimental.x = …`: the inner object is changed.
        assign(
          .unknown(reason: "it is changed in line by line assignments"), to: owner, at: offset,
          &names)
      }
    }
  }

  private static func variable(_ target: JSExpression) -> String? {
    switch target.kind {
    case .identifier(let name): return name
    case .member(let owner, let key):
      guard case .identifier(let name) = owner.kind else { return nil }
      guard (name, key) == ("module", "exports") || (name, key) == ("exports", "default") else {
        return nil
      }
      return exports
    default: return nil
    }
  }

  // MARK: Expressions

  private mutating func evaluate(_ expression: JSExpression, _ names: Names) -> JSValue {
    budget -= 1
    depth += 1
    defer { depth -= 1 }
    guard budget > 0, depth < Self.maximumDepth else {
      return .unknown(reason: "the file is too involved")
    }
    switch expression.kind {
    case .string(let text): return .string(text)
    case .number(let number): return .number(number)
    case .bool(let flag): return .bool(flag)
    case .null: return .null
    case .undefined: return .undefined
    case .identifier("__dirname"): return .string(surroundings.folder)
    case .identifier("__filename"): return .string(surroundings.file)
    case .identifier(let name):
      return names[name] ?? .unknown(reason: "\(name) is not defined in the file")
    case .member(let owner, let key): return member(owner, key, names)
    case .element(let owner, let index):
      guard case .string(let key) = evaluate(index, names) else {
        return .unknown(reason: "a key is computed")
      }
      return member(owner, key, names)
    case .template(let texts, let values):
      return template(texts, values.map { evaluate($0, names) })
    case .array(let elements): return array(elements, names)
    case .object(let properties): return object(properties, names)
    case .function(let function): return .function(function, names)
    case .call(let callee, let arguments): return call(callee, arguments, names)
    case .conditional(let condition, let then, let otherwise):
      let tested = evaluate(condition, names)
      switch tested.isTruthy {
      case true?: return evaluate(then, names)
      case false?: return evaluate(otherwise, names)
      case nil:
        return .choice(
          reason: tested.reason ?? "a condition is computed",
          [evaluate(then, names), evaluate(otherwise, names)])
      }
    case .binary(let symbol, let left, let right): return binary(symbol, left, right, names)
    case .unary("!", let operand):
      let value = evaluate(operand, names)
      return value.isTruthy.map { .bool(!$0) } ?? .unknown(reason: value.reason ?? "it is computed")
    case .unary("-", let operand):
      if case .number(let number) = evaluate(operand, names) { return .number(-number) }
      return .unknown(reason: "it is computed")
    case .await(let value), .spread(let value): return evaluate(value, names)
    case .regex, .new, .unary, .other: return .unknown(reason: "it is computed")
    }
  }

  private mutating func array(_ elements: [JSExpression], _ names: Names) -> JSValue {
    var values: [JSValue] = []
    for element in elements {
      let value = evaluate(element, names)
      guard case .spread = element.kind else {
        values.append(value)
        continue
      }
      guard case .array(let inner) = value.settled, values.count + inner.count < 1_000 else {
        return .unknown(reason: value.reason ?? "a part of the list is computed")
      }
      values += inner
    }
    return .array(values)
  }

  private mutating func member(_ owner: JSExpression, _ key: String, _ names: Names) -> JSValue {
    if let exported = Self.variable(JSExpression(kind: .member(owner, key), offset: owner.offset)) {
      return names[exported] ?? .undefined
    }
    if case .member(let process, "env") = owner.kind, case .identifier("process") = process.kind {
      // `next build` sets it, whatever the environment says.
      if key == "NODE_ENV" { return .string("production") }
      if Self.isHosting(key) { return .undefined }
      return .unknown(reason: "process.env.\(key) decides it")
    }
    if case .member(let keyword, "meta") = owner.kind, case .identifier("import") = keyword.kind {
      switch key {
      case "dirname": return .string(surroundings.folder)
      case "filename": return .string(surroundings.file)
      case "url": return .string("file://" + surroundings.file)
      default: break
      }
    }
    let value = evaluate(owner, names)
    if case .external = value, let constant = constants[key] { return .string(constant) }
    return value[key] ?? .undefined
  }

  /// Set by hosting platforms on their own builders; never where a container image is built.
  private static func isHosting(_ variable: String) -> Bool {
    variable == "VERCEL" || variable.hasPrefix("VERCEL_") || variable == "NETLIFY"
      || variable == "CF_PAGES"
  }

  private func template(_ texts: [String], _ values: [JSValue]) -> JSValue {
    var out = texts.first ?? ""
    for (value, text) in zip(values, texts.dropFirst()) {
      guard case .string(let piece) = value.settled else {
        return .unknown(reason: value.reason ?? "it is computed")
      }
      out += piece + text
    }
    return .text(out)
  }

  private mutating func object(_ properties: [JSProperty], _ names: Names) -> JSValue {
    .object(
      properties.map { property in
        switch property {
        case .value(let key, let expression):
          return .value(key: key, evaluate(expression, names), offset: expression.offset)
        case .computed(let key, let expression):
          guard case .string(let name) = evaluate(key, names).settled else {
            return .spread(.unknown(reason: "a key is computed"))
          }
          return .value(key: name, evaluate(expression, names), offset: expression.offset)
        case .spread(let expression): return .spread(evaluate(expression, names))
        }
      })
  }

  private mutating func binary(
    _ symbol: String, _ left: JSExpression, _ right: JSExpression, _ names: Names
  ) -> JSValue {
    let first = evaluate(left, names)
    switch symbol {
    case "&&":
      switch first.isTruthy {
      case true?: return evaluate(right, names)
      case false?: return first
      case nil:
        return .choice(
          reason: first.reason ?? "a condition is computed", [.bool(false), evaluate(right, names)])
      }
    case "||", "??":
      switch first.decides(symbol) {
      case true?: return first
      case false?: return evaluate(right, names)
      case nil:
        return .choice(
          reason: first.reason ?? "a condition is computed", [first, evaluate(right, names)])
      }
    default:
      let (a, b) = (first.settled, evaluate(right, names).settled)
      let isEquality = ["===", "!==", "==", "!="].contains(symbol)
      if isEquality, let x = a.scalar, let y = b.scalar {
        return .bool((x == y) == symbol.hasPrefix("="))
      }
      if symbol == "+", case .string(let x) = a, case .string(let y) = b { return .text(x + y) }
      return .unknown(reason: a.reason ?? b.reason ?? "it is computed")
    }
  }

  // MARK: Calls

  private mutating func call(_ callee: JSExpression, _ arguments: [JSExpression], _ names: Names)
    -> JSValue
  {
    if case .identifier(let name) = callee.kind, name == "require" || name == "import",
      case .string(let module)? = arguments.first.map({ evaluate($0, names) })
    {
      // CommonJS gives what `module.exports` holds.
      guard name == "require", module.hasPrefix("."), let exports = surroundings.load(module) else {
        return imported("*", from: module)
      }
      return exports["default"] ?? exports
    }
    let values = arguments.map { evaluate($0, names) }
    if case .member(let owner, let method) = callee.kind {
      if case .identifier("Object") = owner.kind, method == "assign" {
        return .object(values.map { .spread($0) })
      }
      // `plugins.reduce((config, plugin) => plugin(config), config)`
      if method == "reduce", values.count == 2 { return values[1] }
    }
    if case .member(let process, "cwd") = callee.kind, case .identifier("process") = process.kind {
      return .string(surroundings.folder)
    }
    let function = evaluate(callee, names)
    if let path = JSPath.call(function, values, cwd: surroundings.folder) { return path }
    if case .function(let body, let closed) = function {
      return apply(body, closed, values, caller: names)
    }
    // A wrapper of another module, `withX(config, options)`: the first object is the configuration.
    for value in values {
      switch value {
      case .object, .choice, .function: return value
      default: continue
      }
    }
    if case .external(_, let module) = function {
      if values.isEmpty { return function }
      return .unknown(reason: values.lazy.compactMap(\.reason).first ?? "\(module) computes it")
    }
    return .unknown(reason: function.reason ?? "it is computed")
  }

  private mutating func apply(
    _ function: JSFunction, _ closed: Names, _ arguments: [JSValue], caller: Names
  ) -> JSValue {
    // What a function of the top level does not close over it finds where it is called.
    var names = caller.merging(closed) { $1 }
    for (index, parameter) in function.parameters.enumerated() {
      bind(parameter, arguments.dropFirst(index).first ?? .undefined, into: &names)
    }
    hoist(function.body, into: &names)
    return run(function.body, names) { _ in .undefined } ?? .unknown(reason: "it throws")
  }
}
