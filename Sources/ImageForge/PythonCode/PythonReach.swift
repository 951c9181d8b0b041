import ForgeCodebase
import ForgeSyntax

/// Which files of a service are loaded when it starts: those of its entry points, and what they import, wherever the
/// import stands.
package struct PythonReach: Sendable {
  /// Nil where it cannot be known: a file was not read, or a module is named by a value.
  private let loaded: Set<String>?

  /// - Parameter entries: the files that are started; without any, nothing is known.
  package init(from entries: [String], in index: PythonIndex) {
    var loaded: Set<String> = []
    var waiting = entries
    var isKnown = !entries.isEmpty
    while let path = waiting.popLast() {
      guard loaded.insert(path).inserted else { continue }
      guard let file = index.files[path] else {
        isKnown = false
        break
      }
      waiting += Self.packages(above: path, in: index) + Self.imported(by: file, in: index)
      if Self.importsByValue(file) { isKnown = false }
    }
    self.loaded = isKnown ? loaded : nil
  }

  /// Whether a file may be loaded: what is not known counts as loaded.
  package func contains(_ path: String) -> Bool { loaded?.contains(path) ?? true }

  /// Importing a module runs the packages that it lies in.
  private static func packages(above path: String, in index: PythonIndex) -> [String] {
    var found: [String] = []
    var folder = ProjectTree.parent(path)
    while true {
      let package = ProjectTree.join(folder, "__init__.py")
      guard package != path, index.allPaths.contains(package) else { return found }
      found.append(package)
      guard folder != "." else { return found }
      folder = ProjectTree.parent(folder)
    }
  }

  private static func imported(by file: PythonFile, in index: PythonIndex) -> [String] {
    var found: [String] = []
    func add(_ module: String, level: Int) {
      if let path = index.path(ofModule: module, level: level, from: file) { found.append(path) }
    }
    file.module.statements.forEachDeep { statement in
      switch statement.kind {
      case .imports(let names):
        for name in names { add(name.name, level: 0) }
      case .importFrom(let level, let module, let names):
        add(module, level: level)
        for name in names {
          add([module, name.name].filter { !$0.isEmpty }.joined(separator: "."), level: level)
        }
      default: break
      }
    }
    return found
  }

  private static func importsByValue(_ file: PythonFile) -> Bool {
    var found = false
    file.module.statements.forEachExpression { expression in
      guard let name = expression.call?.function.dotted?.last else { return }
      found =
        found || ["import_module", "__import__", "walk_packages", "iter_modules"].contains(name)
    }
    return found
  }
}

extension PythonFile {
  /// Where a statement stands.
  package struct Surroundings: Sendable {
    package let scope: PythonScope
    /// The errors, of those that were asked for, after which a `try` around it goes on.
    package let tolerated: Set<String>
    /// Whether it runs when the file is loaded, whatever is the case: in no function, and behind no `if`.
    package let runsAlways: Bool
  }

  /// Visits every statement, those of functions and classes too.
  /// - Parameter errors: the names of errors after which a `try` goes on.
  package func forEachStatement(
    tolerating errors: Set<String>, _ visit: (PythonStatement, Surroundings) -> Void
  ) {
    let functions = Dictionary(allFunctions.map { ($0.offset, $0) }) { first, _ in first }
    func walk(_ statements: [PythonStatement], _ around: Surroundings) {
      for (position, statement) in statements.enumerated() {
        visit(statement, around)
        var scope = around.scope
        var (tolerated, runsAlways) = (around.tolerated, around.runsAlways)
        switch statement.kind {
        case .function:
          scope = PythonScope(file: self, function: functions[statement.offset])
          runsAlways = false
        case .block("try", _, _):
          let handlers = statements.dropFirst(position + 1).prefix(while: Self.isHandler)
          for handler in handlers { tolerated.formUnion(caught(by: handler, of: errors)) }
        case .block(let keyword, _, _) where ["if", "elif", "else", "except"].contains(keyword):
          runsAlways = false
        default: break
        }
        walk(
          statement.body,
          Surroundings(scope: scope, tolerated: tolerated, runsAlways: runsAlways))
      }
    }
    let top = PythonScope(file: self, function: nil)
    walk(module.statements, Surroundings(scope: top, tolerated: [], runsAlways: true))
  }

  private static func isHandler(_ statement: PythonStatement) -> Bool {
    if case .block("except", _, _) = statement.kind { true } else { false }
  }

  /// The errors that a handler catches, if it neither raises another nor ends the program.
  private func caught(by handler: PythonStatement, of errors: Set<String>) -> Set<String> {
    guard case .block(_, let header, let body) = handler.kind else { return [] }
    var caught: Set<String> = []
    if header.isEmpty { caught = errors }
    for expression in header {
      expression.walk { part in
        if let name = part.dotted?.last, errors.contains(name) { caught.insert(name) }
      }
    }
    var ends = false
    body.forEachDeep { statement in
      if starts(with: "raise", at: statement.offset) { ends = true }
      for expression in statement.expressions {
        let name = expression.call?.function.dotted?.last ?? ""
        if ["exit", "_exit", "quit"].contains(name) { ends = true }
      }
    }
    if ends { return [] }
    return caught
  }

  /// Whether a word stands at a place of the source.
  private func starts(with word: String, at offset: Int) -> Bool {
    module.source.bytes.dropFirst(offset).prefix(word.utf8.count).elementsEqual(word.utf8)
  }
}
