import ForgeSyntax

/// The modules that the code of a service imports when it is loaded.
package enum PythonImports {
  /// The first parts of their names. What is imported in a function, or may fail, is not needed to start; nor is what
  /// tests and examples import.
  package static func modules(of index: PythonIndex) -> Set<String> {
    var found: Set<String> = []
    for path in index.paths where !PythonSources.isAside(path, in: index.folder) {
      guard let file = index.files[path] else { continue }
      collect(file.module.statements, &found)
    }
    return found
  }

  private static func collect(_ statements: [PythonStatement], _ found: inout Set<String>) {
    for (statement, isGuarded) in statements.withGuards where !isGuarded {
      switch statement.kind {
      case .imports(let names): found.formUnion(names.map { first($0.name) })
      case .importFrom(0, let module, _): found.insert(first(module))
      case .block(_, let header, let body):
        // `if TYPE_CHECKING:` and `if __name__ == "__main__":` do not run then.
        let names = header.flatMap { [$0] + $0.children }.compactMap { $0.dotted?.last }
        guard !names.contains("TYPE_CHECKING"), !names.contains("__name__") else { continue }
        collect(body, &found)
      default: break
      }
    }
  }

  private static func first(_ module: String) -> String {
    String(module.prefix { $0 != "." })
  }
}

extension [PythonStatement] {
  /// Each statement, and whether it is a `try` whose errors are caught, or what catches them.
  package var withGuards: [(statement: PythonStatement, isGuarded: Bool)] {
    enumerated().map { offset, statement in
      guard case .block(let keyword, _, _) = statement.kind else { return (statement, false) }
      if keyword.hasPrefix("except") { return (statement, true) }
      guard keyword == "try", offset + 1 < count,
        case .block(let next, _, _) = self[offset + 1].kind
      else { return (statement, false) }
      return (statement, next.hasPrefix("except"))
    }
  }
}
