import ForgeCodebase
import ForgeSyntax

/// Works out paths that stand in Python code: literals, `pathlib`, `os.path`, `__file__`, names and fields of the project.
struct PythonPaths {
  let index: PythonIndex

  /// The paths that an expression may be, where it is a name or a call of the project's own.
  func paths(of place: PythonPlace) -> [FileUses.Path] {
    var found: [FileUses.Path] = []
    for maker in index.makers(of: place) {
      if let path = path(of: maker), !found.contains(path) { found.append(path) }
    }
    if found.isEmpty, let path = path(of: place) { return [path] }
    return found
  }

  /// The path that an expression is; nil where the code does not say.
  func path(of place: PythonPlace) -> FileUses.Path? {
    var budget = 64
    return path(of: place, &budget)
  }

  private func path(of place: PythonPlace, _ budget: inout Int) -> FileUses.Path? {
    budget -= 1
    guard budget > 0 else { return nil }
    func inner(_ expression: PythonExpression) -> FileUses.Path? {
      path(of: PythonPlace(expression: expression, scope: place.scope), &budget)
    }
    switch place.expression.kind {
    case .string(let text): return FileUses.Path(written: text)
    case .name("__file__"): return .project(place.scope.file.path)
    case .operation(let operators, let operands) where operators.allSatisfy { $0 == "/" }:
      guard let first = operands.first.flatMap(inner) else { return nil }
      return join(first, operands.dropFirst(), place.scope)
    // `os.getenv("DATA_DIR") or "data"`
    case .operation where place.expression.lastResort != nil:
      return place.expression.lastResort.flatMap(inner)
    case .operation where place.expression.branches != nil:
      guard let (first, other) = place.expression.branches else { return nil }
      return inner(first) ?? inner(other)
    case .operation(let operators, _) where operators.allSatisfy { $0 == "+" }:
      if let text = index.text(of: place) { return FileUses.Path(written: text) }
      return sum(of: place, inner)
    case .attribute(let base, "parent"): return inner(base)?.parent
    case .subscripted(let base, let indices):
      guard case .attribute(let path, "parents") = base.kind, let count = indices.first?.integer,
        (0..<16).contains(count), var found = inner(path)
      else { return nil }
      for _ in 0...count { found = found.parent }
      return found
    case .call(let callee, let arguments): return path(of: callee, arguments, place, &budget)
    case .name, .attribute:
      for maker in index.makers(of: place) where maker.identity != place.identity {
        if let found = path(of: maker, &budget) { return found }
      }
      return nil
    default: return nil
    }
  }

  private func path(
    of callee: PythonExpression, _ arguments: [PythonArgument], _ place: PythonPlace,
    _ budget: inout Int
  ) -> FileUses.Path? {
    func inner(_ expression: PythonExpression) -> FileUses.Path? {
      path(of: PythonPlace(expression: expression, scope: place.scope), &budget)
    }
    let positional = arguments.positional
    let name = callee.dotted?.last
    if case .attribute(let base, let method) = callee.kind {
      switch method {
      case "resolve", "absolute", "as_posix": return inner(base)
      case "expanduser":
        if positional.isEmpty { return inner(base) }
      case "joinpath":
        return inner(base).flatMap { join($0, positional[...], place.scope) }
      default: break
      }
    }
    switch callee.dotted?.suffix(2).joined(separator: ".") {
    case "Path.home": return .home(".")
    case "Path.cwd", "os.getcwd": return .working(".")
    case "os.getenv", "environ.get": return arguments.argument(1, "default").flatMap(inner)
    default: break
    }
    switch name {
    case "getcwd": return .working(".")
    case "getenv": return arguments.argument(1, "default").flatMap(inner)
    case "Field": return arguments.argument(0, "default").flatMap(inner)
    case "Path", "PurePath", "PosixPath":
      guard let first = positional.first else { return .working(".") }
      return inner(first).flatMap { join($0, positional.dropFirst(), place.scope) }
    case "str", "abspath", "realpath", "fspath", "normpath", "expanduser":
      return positional.first.flatMap(inner)
    case "dirname": return positional.first.flatMap(inner)?.parent
    case "join":
      guard callee.dotted?.dropLast().last != nil, let first = positional.first else { return nil }
      return inner(first).flatMap { join($0, positional.dropFirst(), place.scope) }
    default: return nil
    }
  }

  /// `os.getcwd() + os.sep + "logs"`: a path, and texts behind it that begin with a separator.
  private func sum(
    of place: PythonPlace, _ path: (PythonExpression) -> FileUses.Path?
  ) -> FileUses.Path? {
    let parts = place.expression.summands
    guard let base = parts.first.flatMap(path) else { return nil }
    var rest = ""
    for part in parts.dropFirst() {
      if ["os.sep", "os.path.sep", "sep"].contains(part.dotted?.joined(separator: ".")) {
        rest += "/"
        continue
      }
      let text = index.text(of: PythonPlace(expression: part, scope: place.scope))
      guard let text else { return nil }
      rest += text
    }
    guard rest.hasPrefix("/") else { return nil }
    return base.appending(String(rest.drop { $0 == "/" }))
  }

  private func join(
    _ base: FileUses.Path, _ parts: ArraySlice<PythonExpression>, _ scope: PythonScope
  ) -> FileUses.Path? {
    var path = base
    for part in parts {
      guard let text = index.text(of: PythonPlace(expression: part, scope: scope)),
        let next = path.appending(text)
      else { return nil }
      path = next
    }
    return path
  }
}

extension PythonExpression {
  /// What is added up, in order: those of `a + b + c`; the expression itself where it is no sum.
  fileprivate var summands: [PythonExpression] {
    guard case .operation(let operators, let operands) = kind,
      operators.allSatisfy({ $0 == "+" })
    else { return [self] }
    return operands.flatMap(\.summands)
  }
}
