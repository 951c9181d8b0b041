import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// What a client of an application must know of its addresses.
enum FastAPIAccess {
  private static let middleware: Set<String> = [
    "fastapi.middleware.cors.CORSMiddleware", "starlette.middleware.cors.CORSMiddleware",
  ]

  /// `app.add_middleware(CORSMiddleware, …)`, `Middleware(CORSMiddleware, …)`, `CORSMiddleware(app, …)`; else what
  /// answers in its stead, of which no more than the place is known.
  static func cors(_ index: PythonIndex, folder: String) -> CORSFacts? {
    var own: CORSFacts?
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      var found: CORSFacts?
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard found == nil else { return }
          if own == nil, answersItself(expression) {
            own = CORSFacts(
              origins: [], isOpenEnded: true, at: file.location(expression.offset))
          }
          guard let (callee, arguments) = expression.call else { return }
          let names = [callee] + arguments.positional.prefix(2)
          guard names.contains(where: { isMiddleware($0, file, index) }) else { return }
          found = read(arguments, scope, index, at: file.location(expression.offset))
        }
      }
      if let found { return found }
    }
    return own
  }

  /// `app.add_middleware(OurCORS, …)`, `Middleware(OurCORS, …)`, or code that writes the header by hand.
  private static func answersItself(_ expression: PythonExpression) -> Bool {
    if let text = expression.string { return text.lowercased() == "access-control-allow-origin" }
    guard let (callee, arguments) = expression.call, let last = callee.dotted?.last,
      ["add_middleware", "Middleware"].contains(last)
    else { return false }
    return arguments.positional.first?.dotted?.last?.lowercased().contains("cors") ?? false
  }

  private static func isMiddleware(
    _ expression: PythonExpression, _ file: PythonFile, _ index: PythonIndex
  ) -> Bool {
    guard case .external(let name)? = index.origin(of: expression, in: file) else { return false }
    return middleware.contains(name)
  }

  private static func read(
    _ arguments: [PythonArgument], _ scope: PythonScope, _ index: PythonIndex, at place: Place
  ) -> CORSFacts {
    var origins: [String] = []
    var isOpenEnded = arguments["allow_origin_regex"] != nil || arguments.contains { $0.stars == 2 }
    if let value = arguments["allow_origins"] {
      let place = PythonPlace(expression: value, scope: scope)
      let makers = index.makers(of: place)
      // A field of settings has a default, which the environment replaces.
      if case .attribute(let base, let field) = value.kind,
        let list = index.fieldDefault(field, of: PythonPlace(expression: base, scope: scope))
      {
        origins = list.elements?.compactMap(\.string) ?? list.string.map { [$0] } ?? []
        isOpenEnded = true
      } else if makers.count == 1, let elements = makers[0].expression.elements {
        let texts = elements.map {
          index.text(of: PythonPlace(expression: $0, scope: makers[0].scope))
        }
        origins = texts.compactMap(\.self)
        isOpenEnded = isOpenEnded || texts.contains(nil)
      } else {
        isOpenEnded = true
      }
    }
    return CORSFacts(
      origins: origins.prefix(50).map { DisplayText.escape($0) }, isOpenEnded: isOpenEnded,
      at: place)
  }

  /// `FastAPI(root_path="/api")`: where a proxy publishes the application.
  static func rootPath(_ constructors: [PythonPlace], _ index: PythonIndex) -> String? {
    constructors.lazy.compactMap { place -> String? in
      guard let value = place.expression.call?.arguments["root_path"],
        let text = index.text(of: PythonPlace(expression: value, scope: place.scope)),
        ProjectPath.isPlain(text)
      else { return nil }
      return text
    }.first
  }
}

extension FastAPIRoutes {
  /// The paths under which the application answers, without parameters: those of its routers and of its GET routes;
  /// sorted. Nil where one of them cannot be read.
  func bases(of constructors: [PythonPlace]) -> [String]? {
    var found: Set<String> = []
    for route in all(of: constructors, onUnknown: { found.insert("?") }) {
      let fixed = route.path.split(separator: "/", omittingEmptySubsequences: false).prefix {
        !$0.hasPrefix("{")
      }
      found.insert(fixed.joined(separator: "/"))
    }
    return found.contains("?") ? nil : found.filter { !$0.isEmpty }.sorted()
  }
}
