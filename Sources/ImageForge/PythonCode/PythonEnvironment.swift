import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The environment variables that the Python code of a service reads.
package struct PythonEnvironment {
  /// One place that reads a variable.
  struct Reading {
    let name: String
    var need: EnvironmentVariable.Requirement
    var `default`: String?
    let isSecret: Bool
    let place: Place
    /// Whether a test of the variable that has passed makes the read safe: not where a library reads it by itself.
    var isGuardable = false
    /// An example file, which knows nothing but names.
    var isExample = false
  }

  private let index: PythonIndex
  private let folder: String
  private var readings: [Reading] = []
  /// Places that read a variable whose name is computed.
  private var computed: [Place] = []
  private(set) var findings: [Finding] = []
  /// Paths of `env_file`, as written.
  private(set) var environmentFiles: Set<String> = []

  package static func read(
    _ index: PythonIndex, folder: String, in tree: ProjectTree
  ) -> (variables: [EnvironmentVariable], findings: [Finding]) {
    var environment = PythonEnvironment(index: index, folder: folder)
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      environment.readCalls(file)
    }
    let settings = PythonSettings.read(index, folder: folder)
    environment.readings += settings.readings
    environment.readExamples(tree)
    environment.findings += settings.findings
    environment.findings +=
      EnvironmentName.computed(environment.computed, id: "FORGE-F021").map { [$0] } ?? []
    return (environment.merged(), environment.findings)
  }

  private init(index: PythonIndex, folder: String) {
    self.index = index
    self.folder = folder
  }

  // MARK: os.environ

  private mutating func readCalls(_ file: PythonFile) {
    var found: [Reading] = []
    var places: [Place] = []
    PythonIndex.forEachScope(file) { scope, statements in
      let walk = PythonEnvironmentWalk(statements, in: scope, index)
      found += walk.readings
      places += walk.computed
    }
    readings += found
    computed += places
  }

  // MARK: Examples

  private static let examples = [
    ".env.example", ".env.sample", ".env.template", ".env.dist", "env.example",
  ]

  /// Names in example files; their values are examples, not defaults.
  private mutating func readExamples(_ tree: ProjectTree) {
    for name in Self.examples {
      let path = ProjectTree.join(folder, name)
      guard let source = tree.source(path) else { continue }
      let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, row) in rows.enumerated().prefix(2000) {
        var text = row.drop { $0 == " " }
        if text.hasPrefix("export ") { text = text.dropFirst(7) }
        let name = text.prefix { $0 != "=" && $0 != " " }
        guard text.dropFirst(name.count).first == "=", EnvironmentName.isValid(String(name)) else {
          continue
        }
        readings.append(
          Reading(
            name: String(name), need: .unknown, default: nil,
            isSecret: SecretName.isSecret(String(name)),
            place: .source(file: path, line: index + 1), isExample: true))
      }
    }
  }

  // MARK: Merging

  /// Set by the image or the platform, not by whoever deploys.
  private static let platform: Set<String> = [
    "PORT", "HOST", "HOSTNAME", "HOME", "PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "WEB_CONCURRENCY",
    "TZ",
    "KUBERNETES_SERVICE_HOST", "PYTEST_CURRENT_TEST", "CI", "USER",
  ]

  private func merged() -> [EnvironmentVariable] {
    Dictionary(grouping: readings, by: \.name).map { name, readings in
      let code = readings.filter { !$0.isExample }
      let isSecret = (code.isEmpty ? readings : code).contains(where: \.isSecret)
      var scope = EnvironmentVariable.Scope.runtime
      if isSecret { scope = .runtimeSecret }
      if Self.platform.contains(name) { scope = .platform }
      var variable = EnvironmentVariable(
        name: name, scope: scope, requirement: requirement(code, scope),
        places: Set(readings.map(\.place)).sorted { $0.description < $1.description })
      if !isSecret { variable.default = readings.lazy.compactMap(\.default).first }
      return variable
    }.sorted { $0.name < $1.name }
  }

  private func requirement(
    _ code: [Reading], _ scope: EnvironmentVariable.Scope
  ) -> EnvironmentVariable.Requirement {
    if scope == .platform { return .optional }
    let needs = Set(code.map(\.need))
    if needs.contains(.required) { return .required }
    if needs.isEmpty || needs.contains(.unknown) { return .unknown }
    return .optional
  }
}

extension EnvironmentVariable.Requirement {
  static func demanded(unless hasDefault: Bool) -> Self {
    if hasDefault { return .optional }
    return .required
  }
}

extension PythonIndex {
  private static let getters: Set<String> = [
    "os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault",
  ]
  /// Of python-decouple, environs and starlette, each with the place of the default among the arguments: without one
  /// they demand the variable.
  private static let configs: [(maker: String, defaultPlace: Int)] = [
    ("environs.Env", 1), ("environs.FileAwareEnv", 1), ("decouple.Config", 1),
    ("starlette.config.Config", 2),
  ]

  /// The variables that an expression itself reads.
  /// - Parameter prefix: what a library puts in front of names where the expression stands.
  func environmentReads(
    _ expression: PythonExpression, _ scope: PythonScope, prefix: String
  ) -> [PythonEnvironment.Reading] {
    switch expression.kind {
    case .subscripted(let base, let indices) where indices.count == 1:
      guard case .external("os.environ")? = origin(of: base, in: scope.file) else { return [] }
      return readings(of: indices[0], expression, scope) { reading in
        reading.need = .required
        reading.isGuardable = true
      }
    case .call(let callee, let arguments):
      if case .external(let name)? = origin(of: callee, in: scope.file) {
        if Self.getters.contains(name), let key = arguments.argument(0, "key") {
          let value = arguments.argument(1, "default")
          return readings(of: key, expression, scope, default: value) { reading in
            reading.isGuardable = true
            reading.need = Self.need(of: name, default: value)
          }
        }
        if name == "decouple.config", let key = arguments.argument(0, "option") {
          let value = arguments.argument(1, "default")
          return readings(of: key, expression, scope, default: value) { reading in
            reading.need = .demanded(unless: value != nil)
          }
        }
        if name == "dynaconf.Dynaconf" || name == "dynaconf.LazySettings" {
          return validated(arguments, expression, scope)
        }
      }
      return configReads(callee, arguments, expression, scope, prefix: prefix)
    default: return []
    }
  }

  private static func need(
    of getter: String, default value: PythonExpression?
  ) -> EnvironmentVariable.Requirement {
    switch (getter, value?.kind) {
    case ("os.environ.setdefault", _): return .optional
    case ("os.environ.pop", nil): return .required
    case ("os.environ.pop", _): return .optional
    // `os.getenv("X", None)` says no more than `os.getenv("X")`.
    case (_, nil), (_, .some(.none)): return .unknown
    default: return .optional
    }
  }

  /// `env("X")`, `env.str("X", "default")`, `config("X", cast=int)`.
  private func configReads(
    _ callee: PythonExpression, _ arguments: [PythonArgument], _ expression: PythonExpression,
    _ scope: PythonScope, prefix: String
  ) -> [PythonEnvironment.Reading] {
    var base = callee
    if case .attribute(let object, let method) = callee.kind {
      guard !["prefixed", "read_env", "seal", "dump"].contains(method) else { return [] }
      base = object
    }
    guard base.name != nil, let key = arguments.positional.first?.string else { return [] }
    let object = PythonPlace(expression: base, scope: scope)
    let config = Self.configs.first { !constructors(of: object, [$0.maker]).isEmpty }
    guard let config else { return [] }
    let value = arguments.argument(config.defaultPlace, "default")
    return readings(named: [prefix + key], expression, scope, default: value) { reading in
      reading.need = .demanded(unless: value != nil)
    }
  }

  /// `Dynaconf(envvar_prefix="APP", validators=[Validator("NAME", must_exist=True)])`
  private func validated(
    _ arguments: [PythonArgument], _ expression: PythonExpression, _ scope: PythonScope
  ) -> [PythonEnvironment.Reading] {
    var prefix = (arguments["envvar_prefix"]?.string ?? "DYNACONF") + "_"
    if arguments["envvar_prefix"]?.bool == false { prefix = "" }
    return (arguments["validators"]?.elements ?? []).flatMap { element in
      guard let call = element.call, call.function.dotted?.last == "Validator" else {
        return [PythonEnvironment.Reading]()
      }
      let value = call.arguments["default"]
      let mustExist = call.arguments["must_exist"]?.bool == true && value == nil
      return call.arguments.positional.compactMap(\.string).flatMap { key in
        return readings(
          named: [(prefix + key).uppercased()], element, scope, default: value
        ) { reading in
          reading.need = .demanded(unless: !mustExist)
        }
      }
    }
  }

  /// `os.environ[name]`, where nothing tells what `name` is.
  func readsComputedName(_ expression: PythonExpression, _ scope: PythonScope) -> Bool {
    var key: PythonExpression?
    switch expression.kind {
    case .subscripted(let base, let indices) where indices.count == 1:
      if case .external("os.environ")? = origin(of: base, in: scope.file) { key = indices[0] }
    case .call(let callee, let arguments):
      if case .external(let name)? = origin(of: callee, in: scope.file),
        Self.getters.contains(name)
      {
        key = arguments.argument(0, "key")
      }
    default: break
    }
    return key.map { names(of: $0, scope).isEmpty } ?? false
  }

  /// What a key is: one text, or those that a helper is called with.
  private func names(of key: PythonExpression, _ scope: PythonScope) -> [String] {
    let place = PythonPlace(expression: key, scope: scope)
    if let text = text(of: place) { return [text] }
    return makers(of: place).compactMap { self.text(of: $0) }
  }

  private func readings(
    of key: PythonExpression, _ expression: PythonExpression, _ scope: PythonScope,
    default value: PythonExpression? = nil, finish: (inout PythonEnvironment.Reading) -> Void
  ) -> [PythonEnvironment.Reading] {
    readings(
      named: names(of: key, scope), expression, scope, default: value, finish: finish)
  }

  private func readings(
    named names: [String], _ expression: PythonExpression, _ scope: PythonScope,
    default value: PythonExpression?, finish: (inout PythonEnvironment.Reading) -> Void
  ) -> [PythonEnvironment.Reading] {
    let written = value.flatMap {
      text(of: PythonPlace(expression: $0, scope: scope)) ?? PythonLiteral.text($0)
    }
    let plain = written.flatMap { PythonLiteral.isPlain($0) ? $0 : nil }
    return names.filter(EnvironmentName.isValid).map { name in
      var reading = PythonEnvironment.Reading(
        name: name, need: .unknown, default: plain,
        isSecret: SecretName.isSecret(name, default: plain),
        place: scope.file.location(expression.offset))
      finish(&reading)
      return reading
    }
  }
}

/// Values as they are written in the code.
enum PythonLiteral {
  /// The text that an environment variable would hold for this value; nil when it is no literal.
  static func text(_ value: PythonExpression) -> String? {
    switch value.kind {
    case .string(let text): return isPlain(text) ? text : nil
    case .number(let digits): return digits
    case .bool(let flag): return flag ? "true" : "false"
    case .operation(["-"], let operands):
      guard case .number(let digits)? = operands.first?.kind else { return nil }
      return "-" + digits
    case .list(let elements), .tuple(let elements), .set(let elements):
      let parts = elements.map(json)
      return parts.contains(nil) ? nil : "[" + parts.compactMap(\.self).joined(separator: ",") + "]"
    case .dictionary(let pairs) where pairs.isEmpty: return "{}"
    case .call(let callee, let arguments):
      // `HttpUrl("https://…")`, `Path("data")`: one literal in a type.
      guard arguments.count == 1, let text = arguments[0].value.string, arguments[0].name == nil,
        callee.dotted?.last?.first?.isUppercase == true
      else { return nil }
      return isPlain(text) ? text : nil
    default: return nil
    }
  }

  /// A default goes into documents and configuration: one line of moderate length.
  static func isPlain(_ text: String) -> Bool {
    text.utf8.count <= 500
      && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
  }

  private static func json(_ value: PythonExpression) -> String? {
    guard let text = text(value) else { return nil }
    guard value.string != nil else { return text }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
