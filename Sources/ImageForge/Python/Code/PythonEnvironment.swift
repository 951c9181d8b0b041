import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The environment variables that the Python code of a service reads.
struct PythonEnvironment {
  /// One place that reads a variable.
  struct Reading {
    let name: String
    let required: Bool
    let `default`: String?
    let isSecret: Bool
    let source: String
    /// An example file, which knows nothing but names.
    var isExample = false
  }

  private let index: PythonIndex
  private let folder: String
  private var readings: [Reading] = []
  /// Places that read a variable whose name is computed.
  private var computed: [String] = []
  private(set) var findings: [Finding] = []
  /// Paths of `env_file`, as written.
  private(set) var environmentFiles: Set<String> = []

  static func read(
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
    var places: [String] = []
    PythonIndex.forEachScope(file) { scope, statements in
      // Methods and nested classes are scopes of their own, or reached by `forEachScope`.
      for expression in statements.withoutFunctions.flatMap(\.readExpressions) {
        expression.walk { expression in
          if let reading = reading(expression, scope, hasFallback: false) {
            found.append(reading)
          } else if readsComputedName(expression, scope) {
            places.append(scope.file.location(expression.offset))
          }
          // `os.getenv("X") or "default"`.
          if case .operation(let operators, let operands) = expression.kind, operators == ["or"],
            let first = operands.first, let last = operands.last,
            let reading = reading(first, scope, hasFallback: true)
          {
            found.append(
              Reading(
                name: reading.name, required: false, default: PythonLiteral.text(last),
                isSecret: reading.isSecret,
                source: reading.source))
          }
        }
      }
    }
    readings += found
    computed += places
  }

  /// `os.environ[name]`, where nothing tells what `name` is.
  private func readsComputedName(_ expression: PythonExpression, _ scope: PythonScope) -> Bool {
    var key: PythonExpression?
    switch expression.kind {
    case .subscripted(let base, let indices) where indices.count == 1:
      if case .external("os.environ")? = index.origin(of: base, in: scope.file) { key = indices[0] }
    case .call(let callee, let arguments):
      if case .external(let name)? = index.origin(of: callee, in: scope.file),
        Self.getters.contains(name)
      {
        key = arguments.argument(0, "key")
      }
    default: break
    }
    return key.map { index.text(of: PythonPlace(expression: $0, scope: scope)) == nil } ?? false
  }

  private static let getters: Set<String> = [
    "os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault",
  ]
  /// Of python-decouple, environs and starlette: without a default they demand the variable.
  private static let configs: Set<String> = ["decouple.config"]
  private static let configObjects: Set<String> = [
    "environs.Env", "starlette.config.Config", "decouple.Config",
  ]

  private func reading(_ expression: PythonExpression, _ scope: PythonScope, hasFallback: Bool)
    -> Reading?
  {
    let source = scope.file.location(expression.offset)
    func made(_ name: PythonExpression, required: Bool, _ value: PythonExpression?) -> Reading? {
      guard let name = index.text(of: PythonPlace(expression: name, scope: scope)),
        EnvironmentName.isValid(name)
      else {
        return nil
      }
      let written = value.flatMap {
        index.text(of: PythonPlace(expression: $0, scope: scope)) ?? PythonLiteral.text($0)
      }
      let text = written.flatMap { PythonLiteral.isPlain($0) ? $0 : nil }
      return Reading(
        name: name, required: required && !hasFallback, default: text,
        isSecret: SecretName.isSecret(name, default: text), source: source)
    }
    switch expression.kind {
    case .subscripted(let base, let indices) where indices.count == 1:
      guard case .external("os.environ")? = index.origin(of: base, in: scope.file) else {
        return nil
      }
      return made(indices[0], required: true, nil)
    case .call(let callee, let arguments):
      if case .external(let name)? = index.origin(of: callee, in: scope.file) {
        if Self.getters.contains(name), let key = arguments.argument(0, "key") {
          return made(key, required: false, arguments.argument(1, "default"))
        }
        if Self.configs.contains(name), let key = arguments.argument(0, "option") {
          let value = arguments["default"]
          return made(key, required: value == nil, value)
        }
      }
      let base: PythonExpression
      if case .attribute(let object, _) = callee.kind { base = object } else { base = callee }
      guard base.name != nil, let key = arguments.positional.first, key.string != nil,
        !index.constructors(of: PythonPlace(expression: base, scope: scope), Self.configObjects)
          .isEmpty
      else { return nil }
      let value =
        arguments["default"] ?? (arguments.positional.count > 1 ? arguments.positional.last : nil)
      return made(key, required: value == nil, value)
    default: return nil
    }
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
            name: String(name), required: false, default: nil,
            isSecret: SecretName.isSecret(String(name)),
            source: "\(path):\(index + 1)", isExample: true))
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
      let isPlatform = Self.platform.contains(name)
      return EnvironmentVariable(
        name: name, scope: isPlatform ? .platform : isSecret ? .runtimeSecret : .runtime,
        required: !isPlatform && readings.contains(where: \.required),
        default: isSecret ? nil : readings.lazy.compactMap(\.default).first,
        sources: Set(readings.map(\.source)).sorted())
    }.sorted { $0.name < $1.name }
  }
}

extension PythonStatement {
  /// The expressions without what an assignment or `del` writes to.
  fileprivate var readExpressions: [PythonExpression] {
    switch kind {
    case .assignment(_, let value): [value]
    case .annotated(_, _, let value): value.map { [$0] } ?? []
    default: expressions
    }
  }
}

extension [PythonStatement] {
  /// These statements and all below, except in functions, which are scopes of their own.
  var withoutFunctions: [PythonStatement] {
    flatMap { statement -> [PythonStatement] in
      if case .function = statement.kind { return [statement] }
      return [statement] + statement.body.withoutFunctions
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
