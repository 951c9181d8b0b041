import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// The classes that the analysis knows, by the names under which they are imported.
enum FastAPIObjects {
  static let application: Set<String> = ["fastapi.FastAPI", "fastapi.applications.FastAPI"]
  static let router: Set<String> = ["fastapi.APIRouter", "fastapi.routing.APIRouter"]

  /// An application object of the service that a server can be pointed at.
  struct Application: Sendable {
    /// Path of the file that binds it.
    let file: String
    let name: String
    let isFactory: Bool
    /// The calls of `FastAPI(…)` behind it.
    let constructors: [PythonPlace]
    let location: Place
    /// Whether it wraps another one in middleware.
    let isWrapper: Bool
  }

  private static let maximumApplications = 200

  /// Every application that is bound at the top level of a file, and every function that makes one.
  static func applications(in index: PythonIndex) -> [Application] {
    var found: [Application] = []
    for path in index.paths where found.count < maximumApplications {
      guard let file = index.files[path] else { continue }
      let scope = PythonScope(file: file, function: nil)
      for (name, bindings) in file.bindings.sorted(by: { $0.key < $1.key }) where isIdentifier(name)
      {
        for binding in bindings where !binding.isInMain {
          let place = PythonPlace(expression: binding.value, scope: scope)
          // An alias of an imported application is not a second one.
          if isAlias(binding.value, in: file, index) { continue }
          let (constructors, isWrapper) = constructors(of: place, in: index)
          guard !constructors.isEmpty else { continue }
          found.append(
            Application(
              file: path, name: name, isFactory: false, constructors: constructors,
              location: file.location(binding.offset), isWrapper: isWrapper))
          break
        }
      }
      for (name, function) in file.functions.sorted(by: { $0.key < $1.key })
      where isIdentifier(name) && !function.declaration.isAsync && !name.hasPrefix("_")
        && function.declaration.parameters.allSatisfy({ $0.value != nil })
        && function.declaration.decorators.allSatisfy(keepsResult)
      {
        let made = made(by: function, in: file, index)
        guard !made.isEmpty else { continue }
        found.append(
          Application(
            file: path, name: name, isFactory: true, constructors: made,
            location: file.location(function.offset),
            isWrapper: false))
      }
    }
    return found
  }

  private static func isAlias(
    _ value: PythonExpression, in file: PythonFile, _ index: PythonIndex
  ) -> Bool {
    switch value.kind {
    case .call: false
    // A field of an object, but no name of a module.
    case .attribute: index.origin(of: value, in: file) != nil
    default: true
    }
  }

  private static func keepsResult(_ decorator: PythonExpression) -> Bool {
    let name = (decorator.call?.function ?? decorator).dotted?.last
    return name == "cache" || name == "lru_cache"
  }

  /// The applications that a function returns.
  private static func made(
    by function: PythonFile.Function, in file: PythonFile, _ index: PythonIndex
  ) -> [PythonPlace] {
    let inner = PythonScope(file: file, function: function)
    let made = function.returns.flatMap { value in
      constructors(of: PythonPlace(expression: value, scope: inner), in: index).places
    }
    if made.isEmpty, let promised = promise(of: function, in: file, index) { return [promised] }
    return made
  }

  /// `-> FastAPI`: that a function gives back an application, where its body does not show which.
  private static func promise(
    of function: PythonFile.Function, in file: PythonFile, _ index: PythonIndex
  ) -> PythonPlace? {
    guard let type = function.declaration.returns,
      index.isClass(type, in: file, oneOf: application)
    else { return nil }
    return PythonPlace(expression: type, scope: PythonScope(file: file, function: nil))
  }

  /// The calls of `FastAPI(…)` that make a value, through middleware that wraps it.
  static func constructors(
    of place: PythonPlace, in index: PythonIndex, steps: Int = 0
  ) -> (places: [PythonPlace], isWrapper: Bool) {
    guard steps < 3 else { return ([], false) }
    var found: [PythonPlace] = []
    var isWrapper = false
    for maker in index.makers(of: place) {
      if index.isConstructor(maker, application) {
        found.append(maker)
      } else if let (callee, arguments) = maker.expression.call, let name = callee.dotted?.last,
        name.hasSuffix("Middleware") || name == "ASGIApp"
      {
        for argument in arguments.prefix(4) where found.count < 16 {
          let inner = PythonPlace(expression: argument.value, scope: maker.scope)
          let wrapped = constructors(of: inner, in: index, steps: steps + 1).places
          if !wrapped.isEmpty { isWrapper = true }
          found += wrapped
        }
      }
    }
    if found.isEmpty, let callee = place.expression.call?.function,
      case .member(let path, let name)? = index.origin(of: callee, in: place.scope.file),
      let file = index.files[path], let function = file.functions[name],
      let promised = promise(of: function, in: file, index)
    {
      found.append(promised)
    }
    return (found, isWrapper)
  }

  /// A name that may stand in a command line: ASCII letters, digits, `_`.
  static func isIdentifier(_ name: some StringProtocol) -> Bool {
    EnvironmentName.isValid(String(name))
  }
}
