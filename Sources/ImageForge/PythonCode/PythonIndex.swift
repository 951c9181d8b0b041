import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// One Python file and the names it binds.
package struct PythonFile: Sendable {
  /// What an imported name stands for, as written.
  package enum Import: Sendable {
    case module(String)
    case member(level: Int, module: String, name: String)
  }

  package struct Binding: Sendable {
    package let value: PythonExpression
    package let offset: Int
    /// Whether it is made only where the file is run, and not where it is imported.
    package let isInMain: Bool
  }

  /// A function, and what is asked of it again and again.
  package struct Function: Sendable {
    package let declaration: PythonFunction
    package let offset: Int
    /// Assignments in its body.
    package let locals: [String: [PythonExpression]]
    package let returns: [PythonExpression]
    /// The class whose method it is.
    let owner: String?

    /// Whether a name stands for the object that the method belongs to.
    func isOwnObject(_ name: String) -> Bool {
      owner != nil && declaration.parameters.first?.name == name
    }

    /// Whether its value is read as a field.
    var isGetter: Bool {
      declaration.decorators.contains {
        ["property", "cached_property"].contains($0.dotted?.last ?? "")
      }
    }
  }

  /// A value that an object gets for one of its fields, and the method that gives it.
  struct Field: Sendable {
    let value: PythonExpression
    let method: Function?
  }

  /// What a class gives its objects.
  struct Members: Sendable {
    var fields: [String: [Field]] = [:]
    var methods: [String: Function] = [:]
  }

  /// Of many assignments to one name, so many count.
  static let maximumBindings = 16

  package let path: String
  package let module: PythonModule
  package private(set) var imports: [String: Import] = [:]
  private(set) var starImports: [(level: Int, module: String)] = []
  /// Assignments at the top level, in order.
  package private(set) var bindings: [String: [Binding]] = [:]
  package private(set) var functions: [String: Function] = [:]
  package private(set) var classes: [String: PythonClass] = [:]
  /// Functions anywhere, methods too.
  package private(set) var allFunctions: [Function] = []
  /// What runs only where the file itself is run: the bodies of `if __name__ == "__main__":`.
  private var main: [Range<Int>] = []
  /// By class.
  private(set) var members: [String: Members] = [:]

  init(path: String, module: PythonModule) {
    self.path = path
    self.module = module
    // By the offset of the method.
    var owners: [Int: String] = [:]
    module.statements.forEachDeep { statement in
      switch statement.kind {
      case .imports(let names):
        for name in names {
          if let alias = name.alias {
            imports[alias] = .module(name.name)
          } else if let first = name.name.split(separator: ".").first {
            imports[String(first)] = .module(String(first))
          }
        }
      case .importFrom(let level, let from, let names):
        for name in names {
          if name.name == "*" {
            starImports.append((level, from))
          } else {
            imports[name.alias ?? name.name] = .member(level: level, module: from, name: name.name)
          }
        }
      case .classDefinition(let type):
        for inner in type.body.flattened { owners[inner.offset] = type.name }
      case .function(let function):
        let owner = owners[statement.offset]
        let made = Function(function, offset: statement.offset, owner: owner)
        allFunctions.append(made)
        if let owner { members[owner, default: Members()].add(made) }
      default: break
      }
    }
    let top = module.statements
    for (statement, next) in zip(top, top.dropFirst().map(\.offset) + [Int.max]) {
      guard case .block("if", let header, _) = statement.kind,
        case .operation(["=="], let sides)? = header.first?.kind,
        sides.contains(where: { $0.name == "__name__" })
      else { continue }
      main.append(statement.offset..<next)
    }
    for statement in module.statements.flattened {
      switch statement.kind {
      case .function(let function):
        functions[function.name] = Function(function, offset: statement.offset, owner: nil)
      case .classDefinition(let type):
        classes[type.name] = type
        for (name, value) in type.body.flattened.flatMap(\.assignments) {
          members[type.name, default: Members()].add(Field(value: value, method: nil), to: name)
        }
      default:
        for (name, value) in statement.assignments
        where bindings[name, default: []].count < Self.maximumBindings {
          bindings[name, default: []].append(
            Binding(
              value: value, offset: statement.offset, isInMain: isInMain(statement.offset)))
        }
      }
    }
  }

  package func location(_ offset: Int) -> Place { module.source.place(at: offset) }

  /// Whether what stands at an offset runs only where the file itself is run.
  package func isInMain(_ offset: Int) -> Bool { main.contains { $0.contains(offset) } }

  /// Whether what imports the file finds a value under this name.
  package func holds(_ name: String) -> Bool { bindings[name]?.contains { !$0.isInMain } ?? false }

  /// Whether a line of the file imports a name out of one of the modules.
  func imports(member wanted: String, of modules: Set<String>) -> Bool {
    imports.values.contains { imported in
      guard case .member(0, let module, let name) = imported else { return false }
      return name == wanted && modules.contains(module)
    }
  }

  /// Whether a line of the file imports something of an installed package.
  package func imports(package: String) -> Bool {
    let isNamed = { (module: String) in module == package || module.hasPrefix(package + ".") }
    return starImports.contains { $0.level == 0 && isNamed($0.module) }
      || imports.values.contains { imported in
        switch imported {
        case .module(let name): isNamed(name)
        case .member(let level, let module, _): level == 0 && isNamed(module)
        }
      }
  }
}

extension PythonFile.Members {
  fileprivate mutating func add(_ field: PythonFile.Field, to name: String) {
    guard fields[name, default: []].count < PythonFile.maximumBindings else { return }
    fields[name, default: []].append(field)
  }

  /// A method, and the fields that it gives values to: `self.app = …`.
  fileprivate mutating func add(_ method: PythonFile.Function) {
    methods[method.declaration.name] = method
    for statement in method.declaration.body.flattened {
      for (target, value) in statement.targets {
        guard case .attribute(let base, let field) = target.kind, let name = base.name,
          method.isOwnObject(name)
        else { continue }
        add(PythonFile.Field(value: value, method: method), to: field)
      }
    }
  }
}

extension PythonFile.Function {
  fileprivate init(_ declaration: PythonFunction, offset: Int, owner: String?) {
    var locals: [String: [PythonExpression]] = [:]
    var returns: [PythonExpression] = []
    for statement in declaration.body.flattened {
      if case .returns(let value?) = statement.kind, returns.count < PythonFile.maximumBindings {
        returns.append(value)
      }
      for (name, value) in statement.assignments
      where locals[name, default: []].count < PythonFile.maximumBindings {
        locals[name, default: []].append(value)
      }
    }
    self.init(
      declaration: declaration, offset: offset, locals: locals, returns: returns, owner: owner)
  }
}

extension PythonStatement {
  /// The names that this statement gives a value; `with x as y` too.
  package var assignments: [(name: String, value: PythonExpression)] {
    targets.compactMap { target, value in target.name.map { ($0, value) } }
  }

  /// What this statement gives a value: names, and fields of objects.
  var targets: [(target: PythonExpression, value: PythonExpression)] {
    switch kind {
    case .assignment(let targets, let value):
      targets.map { ($0, value) }
    case .annotated(let target, _, let value):
      if let value { [(target, value)] } else { [] }
    case .block("with", let header, _):
      header.flatMap { $0.elements ?? [$0] }.compactMap { item in
        guard case .operation(["as"], let operands) = item.kind, operands.count == 2 else {
          return nil
        }
        return (operands[1], operands[0])
      }
    default: []
    }
  }
}

/// Where an expression stands: a file, and the function in it, if any.
package struct PythonScope: Sendable {
  package let file: PythonFile
  package let function: PythonFile.Function?

  package init(file: PythonFile, function: PythonFile.Function? = nil) {
    self.file = file
    self.function = function
  }
}

/// An expression and where it stands.
package struct PythonPlace: Sendable {
  package let expression: PythonExpression
  package let scope: PythonScope

  package init(expression: PythonExpression, scope: PythonScope) {
    self.expression = expression
    self.scope = scope
  }

  package var location: Place { scope.file.location(expression.offset) }
  /// The same place has the same identity.
  package var identity: String { "\(scope.file.path):\(expression.offset)" }
}

/// The Python files of a service, and what their names stand for. Names are followed through assignments, imports and
/// the calls of the project's own functions; nothing is evaluated.
package struct PythonIndex: Sendable {
  /// What a dotted name stands for.
  package enum Origin: Sendable, Equatable {
    /// Of an installed package: `fastapi.FastAPI`.
    case external(String)
    /// A name at the top level of a file of the project.
    case member(file: String, name: String)
    case module(file: String)
  }

  package let folder: String
  /// By path.
  package let files: [String: PythonFile]
  /// Paths, sorted.
  package let paths: [String]
  /// All Python files of the service, read or not.
  package let allPaths: Set<String>
  /// The name by which the code imports the service's folder itself; nil where it does not.
  package let package: String?
  /// The folders that hold Python files, at any depth.
  private let folders: Set<String>
  /// Calls of functions that have parameters, by function name.
  private let callSites: [String: [PythonPlace]]

  private static let maximumSteps = 8

  init(folder: String, files: [PythonFile], allPaths: Set<String>, package: String? = nil) {
    self.folder = folder
    self.package = package
    self.files = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    self.allPaths = allPaths
    folders = allPaths.reduce(into: []) { folders, path in
      var parent = ProjectTree.parent(path)
      while parent != ".", folders.insert(parent).inserted { parent = ProjectTree.parent(parent) }
    }
    paths = files.map(\.path).sorted()
    let defined = Set(
      files.flatMap { $0.functions.filter { !$0.value.declaration.parameters.isEmpty }.keys })
    var callSites: [String: [PythonPlace]] = [:]
    for file in files {
      Self.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard let function = expression.call?.function.dotted?.last, defined.contains(function),
            callSites[function, default: []].count < PythonFile.maximumBindings
          else { return }
          callSites[function, default: []].append(PythonPlace(expression: expression, scope: scope))
        }
      }
    }
    self.callSites = callSites
  }

  /// `pkg.mod`, as a file is imported from the first folder above it that is no package.
  package func module(of path: String, in folder: String) -> String {
    var root = ProjectTree.parent(path)
    while root != folder, root != ".", allPaths.contains(ProjectTree.join(root, "__init__.py")) {
      root = ProjectTree.parent(root)
    }
    let relative = ProjectPath.relative(path, to: root) ?? path
    return relative.dropLast(3).split(separator: "/").filter { $0 != "__init__" }.joined(
      separator: ".")
  }

  /// The folder from which the imports of a file can be found: the first that is no package or one above it, or, where
  /// they need that, a package that is meant to be the folder of the imports.
  /// - Parameters:
  ///   - nearest: the first folder above the file that is no package.
  ///   - isInstalled: whether a module comes from elsewhere: then a file of that name is not meant.
  package func importRoot(
    of file: PythonFile, atLeast nearest: String, isInstalled: (String) -> Bool
  ) -> String {
    var wanted: Set<String> = []
    var climbs = 0
    file.module.statements.forEachDeep { statement in
      switch statement.kind {
      case .imports(let names): wanted.formUnion(names.map(\.name))
      case .importFrom(0, let module, _): wanted.insert(module)
      case .importFrom(let level, _, _): climbs = max(climbs, level)
      default: break
      }
    }
    func count(from root: String, _ modules: Set<String>) -> Int {
      let below = ProjectPath.relative(file.path, to: root) ?? ""
      guard below.split(separator: "/").count - 1 >= climbs else { return -1 }
      return modules.count { module in
        let stem = ProjectTree.join(root, module.replacing(".", with: "/"))
        return allPaths.contains(stem + ".py") || folders.contains(stem)
      }
    }
    let all = folders(above: file.path)
    let outer = all.drop { $0 != nearest }
    var best = (root: nearest, count: -1)
    for root in outer {
      let found = count(from: root, wanted)
      if found > best.count { best = (root, found) }
    }
    best.count = max(best.count, 0)
    let own = wanted.filter { !isInstalled(String($0.prefix { $0 != "." })) }
    for root in all.prefix(while: { $0 != nearest }) {
      let found = count(from: root, own)
      if found > best.count { best = (root, found) }
    }
    return best.root
  }

  /// The folders above a file, the nearest first, up to the service's own.
  private func folders(above path: String) -> [String] {
    var found: [String] = []
    var current = ProjectTree.parent(path)
    while true {
      found.append(current)
      if current == folder || current == "." { return found }
      current = ProjectTree.parent(current)
    }
  }

  /// Visits the top level of a file and each of its functions.
  package static func forEachScope(
    _ file: PythonFile, _ visit: (PythonScope, [PythonStatement]) -> Void
  ) {
    visit(PythonScope(file: file, function: nil), file.module.statements)
    for function in file.allFunctions {
      visit(PythonScope(file: file, function: function), function.declaration.body)
    }
  }

  // MARK: Names

  /// What a dotted expression stands for.
  package func origin(of expression: PythonExpression, in file: PythonFile) -> Origin? {
    expression.dotted.flatMap { origin(of: $0[...], in: file, steps: 0) }
  }

  package func origin(ofName name: String, in file: PythonFile) -> Origin? {
    origin(of: [name], in: file, steps: 0)
  }

  private func origin(of parts: ArraySlice<String>, in file: PythonFile, steps: Int) -> Origin? {
    guard steps < Self.maximumSteps, let first = parts.first else { return nil }
    let rest = parts.dropFirst()
    if file.bindings[first] != nil || file.functions[first] != nil || file.classes[first] != nil {
      return rest.isEmpty ? .member(file: file.path, name: first) : nil
    }
    switch file.imports[first] {
    case .module(let name):
      return follow(module: name, level: 0, rest, from: file, steps: steps)
    case .member(let level, let module, let name):
      return follow(module: module, level: level, [name] + rest, from: file, steps: steps)
    case nil:
      for star in file.starImports {
        guard let path = path(ofModule: star.module, level: star.level, from: file),
          let other = files[path],
          path != file.path
        else { continue }
        if let found = origin(of: parts, in: other, steps: steps + 1) { return found }
      }
      return nil
    }
  }

  private func follow(
    module: String, level: Int, _ rest: ArraySlice<String>, from file: PythonFile, steps: Int
  ) -> Origin? {
    // `from . import x` and `import a.b`: the parts may be modules as well as members.
    var module = module
    var rest = rest
    var found = path(ofModule: module, level: level, from: file)
    while let next = rest.first {
      let longer = module.isEmpty ? next : module + "." + next
      guard let path = path(ofModule: longer, level: level, from: file) else { break }
      if let known = found, let file = files[known],
        file.bindings[next] != nil || file.functions[next] != nil
      {
        break
      }
      found = path
      module = longer
      rest = rest.dropFirst()
    }
    guard let found else {
      guard level == 0 else { return nil }
      return .external(([module] + rest).joined(separator: "."))
    }
    if rest.isEmpty { return .module(file: found) }
    // A file that was not worth reading binds nothing of interest.
    guard let other = files[found] else { return nil }
    return origin(of: rest, in: other, steps: steps + 1)
  }

  /// The file of a module, as seen from another file.
  func path(ofModule module: String, level: Int, from file: PythonFile) -> String? {
    let relative = module.replacing(".", with: "/")
    if level > 0 {
      var base = ProjectTree.parent(file.path)
      for _ in 1..<level { base = ProjectTree.parent(base) }
      return self.file(at: relative.isEmpty ? base : ProjectTree.join(base, relative))
    }
    guard !module.isEmpty else { return nil }
    for root in importRoots(of: file.path) {
      if let path = self.file(at: ProjectTree.join(root, relative)) { return path }
    }
    guard let package, module.hasPrefix(package + ".") else { return nil }
    return self.file(at: ProjectTree.join(folder, String(relative.dropFirst(package.count + 1))))
  }

  /// The folders that may be on the import path of a file: those above it, the nearest first, and `src`.
  func importRoots(of path: String) -> [String] {
    folders(above: path) + [ProjectTree.join(folder, "src")]
  }

  private func file(at path: String) -> String? {
    [path + ".py", path + "/__init__.py"].first(where: allPaths.contains)
  }

  // MARK: Values

  /// The expressions that make the value of an expression: names, imports, parameters and own functions followed.
  package func makers(of place: PythonPlace) -> [PythonPlace] {
    var found: [PythonPlace] = []
    var seen: Set<String> = []
    collectMakers(place, steps: 0, &seen, &found)
    return found
  }

  private func collectMakers(
    _ place: PythonPlace, steps: Int, _ seen: inout Set<String>, _ found: inout [PythonPlace]
  ) {
    guard steps < Self.maximumSteps, found.count < 16, seen.insert(place.identity).inserted else {
      return
    }
    let (expression, scope) = (place.expression, place.scope)
    func go(_ expression: PythonExpression, _ scope: PythonScope) {
      collectMakers(
        PythonPlace(expression: expression, scope: scope), steps: steps + 1, &seen, &found)
    }
    switch expression.kind {
    case .name(let name):
      if let function = scope.function {
        if function.isOwnObject(name) { return found.append(place) }
        if let values = function.locals[name] {
          for value in values { go(value, scope) }
          return
        }
        if let index = function.declaration.parameters.firstIndex(where: { $0.name == name }) {
          for site in callSites[function.declaration.name] ?? []
          where calls(site, function, in: scope.file) {
            if let value = site.expression.call?.arguments.argument(index, name) {
              go(value, site.scope)
            }
          }
          return
        }
      }
      followMember(expression, scope, go)
    case .attribute(let base, let field):
      let before = found.count
      defer { if found.count == before { found.append(place) } }
      followMember(expression, scope, go)
      for (file, members) in members(of: PythonPlace(expression: base, scope: scope), steps) {
        for value in members.fields[field] ?? [] {
          go(value.value, PythonScope(file: file, function: value.method))
        }
        // A property.
        guard let getter = members.methods[field], getter.isGetter else { continue }
        for value in getter.returns { go(value, PythonScope(file: file, function: getter)) }
      }
    case .call(let callee, _):
      let before = found.count
      for inner in functions(of: callee, scope, steps) {
        for value in inner.function?.returns ?? [] { go(value, inner) }
      }
      if found.count == before { found.append(place) }
    default:
      guard let (first, other) = expression.branches else { return found.append(place) }
      go(first, scope)
      go(other, scope)
    }
  }

  /// The functions of the project that a call may reach: one by its name, or methods by the objects that have them.
  private func functions(
    of callee: PythonExpression, _ scope: PythonScope, _ steps: Int
  ) -> [PythonScope] {
    if case .member(let path, let name)? = origin(of: callee, in: scope.file) {
      guard let file = files[path], let function = file.functions[name] else { return [] }
      return [PythonScope(file: file, function: function)]
    }
    guard case .attribute(let base, let method) = callee.kind else { return [] }
    return members(of: PythonPlace(expression: base, scope: scope), steps).compactMap {
      file, members in
      members.methods[method].map { PythonScope(file: file, function: $0) }
    }
  }

  /// What the objects that an expression may be have from classes of the project, the classes above them included.
  private func members(of place: PythonPlace, _ steps: Int) -> [(PythonFile, PythonFile.Members)] {
    guard steps < Self.maximumSteps else { return [] }
    var makers: [PythonPlace] = []
    var seen: Set<String> = []
    collectMakers(place, steps: steps + 1, &seen, &makers)
    var found: [(PythonFile, PythonFile.Members)] = []
    var known: Set<String> = []
    for maker in makers {
      guard let (file, name) = ownClass(of: maker) else { continue }
      collectMembers(name, in: file, &known, &found)
    }
    // `Server.app` asks the class itself.
    if case .member(let path, let name)? = origin(of: place.expression, in: place.scope.file),
      let file = files[path], file.classes[name] != nil
    {
      collectMembers(name, in: file, &known, &found)
    }
    return found
  }

  /// The class of the project that an object is of.
  private func ownClass(of maker: PythonPlace) -> (PythonFile, String)? {
    if let owner = maker.scope.function?.owner, let name = maker.expression.name,
      maker.scope.function?.isOwnObject(name) == true
    {
      return (maker.scope.file, owner)
    }
    guard let callee = maker.expression.call?.function,
      case .member(let path, let name)? = origin(of: callee, in: maker.scope.file),
      let file = files[path], file.classes[name] != nil
    else { return nil }
    return (file, name)
  }

  private func collectMembers(
    _ name: String, in file: PythonFile, _ known: inout Set<String>,
    _ found: inout [(PythonFile, PythonFile.Members)]
  ) {
    guard known.count < Self.maximumSteps, known.insert("\(file.path):\(name)").inserted,
      let type = file.classes[name]
    else { return }
    if let members = file.members[name] { found.append((file, members)) }
    for base in type.arguments.positional {
      guard case .member(let path, let name)? = origin(of: base, in: file), let other = files[path]
      else { continue }
      collectMembers(name, in: other, &known, &found)
    }
  }

  private func followMember(
    _ expression: PythonExpression, _ scope: PythonScope,
    _ go: (PythonExpression, PythonScope) -> Void
  ) {
    guard case .member(let path, let name)? = origin(of: expression, in: scope.file),
      let file = files[path]
    else {
      return
    }
    let outer = PythonScope(file: file, function: nil)
    for binding in file.bindings[name] ?? [] { go(binding.value, outer) }
  }

  private func calls(_ site: PythonPlace, _ function: PythonFile.Function, in file: PythonFile)
    -> Bool
  {
    guard let callee = site.expression.call?.function else { return false }
    return origin(of: callee, in: site.scope.file)
      == .member(file: file.path, name: function.declaration.name)
  }

  /// Whether a class is one of the named ones of an installed package, or inherits from one.
  package func isClass(
    _ expression: PythonExpression, in file: PythonFile, oneOf names: Set<String>
  )
    -> Bool
  {
    var seen: Set<String> = []
    return isClass(expression, in: file, oneOf: names, &seen)
  }

  private func isClass(
    _ expression: PythonExpression, in file: PythonFile, oneOf names: Set<String>,
    _ seen: inout Set<String>
  ) -> Bool {
    var expression = expression
    // `class Server(FastMCP[Context])`
    if case .subscripted(let base, _) = expression.kind { expression = base }
    switch origin(of: expression, in: file) {
    case .external(let name): return names.contains(name)
    case .member(let path, let name):
      guard let other = files[path], let type = other.classes[name], seen.count < 64,
        seen.insert("\(path):\(name)").inserted
      else { return false }
      return type.arguments.positional.contains { isClass($0, in: other, oneOf: names, &seen) }
    default: return false
    }
  }

  /// The calls of one of the named classes that make a value.
  package func constructors(of place: PythonPlace, _ names: Set<String>) -> [PythonPlace] {
    makers(of: place).filter { isConstructor($0, names) }
  }

  package func isConstructor(_ place: PythonPlace, _ names: Set<String>) -> Bool {
    guard let callee = place.expression.call?.function else { return false }
    return isClass(callee, in: place.scope.file, oneOf: names)
  }

  /// A string that is written in the code: a literal, a constant, a sum of both, the default of a settings field.
  package func text(of place: PythonPlace) -> String? {
    var budget = 64
    return text(of: place, &budget)
  }

  /// - Parameter budget: how many more expressions may be looked at.
  private func text(of place: PythonPlace, _ budget: inout Int) -> String? {
    budget -= 1
    guard budget > 0 else { return nil }
    switch place.expression.kind {
    case .string(let text): return text
    case .operation(let operators, let operands) where operators.allSatisfy { $0 == "+" }:
      var joined = ""
      for operand in operands {
        guard let part = text(of: PythonPlace(expression: operand, scope: place.scope), &budget)
        else { return nil }
        joined += part
      }
      return joined
    case .attribute(let base, let field):
      if let found = makers(of: place).first, found.expression.string != nil {
        return found.expression.string
      }
      return fieldDefault(field, of: PythonPlace(expression: base, scope: place.scope))?.string
    case .name:
      let found = makers(of: place)
      guard found.count == 1, found[0].identity != place.identity else { return nil }
      return text(of: found[0], &budget)
    default: return nil
    }
  }

  /// `settings.API_V1_STR`, where `settings` is an object of a class of the project.
  package func fieldDefault(_ field: String, of base: PythonPlace) -> PythonExpression? {
    for maker in makers(of: base) {
      guard let callee = maker.expression.call?.function,
        case .member(let path, let name)? = origin(of: callee, in: maker.scope.file),
        let type = files[path]?.classes[name]
      else { continue }
      for (name, value) in type.body.flatMap(\.assignments) where name == field {
        guard let (callee, arguments) = value.call, callee.dotted?.last == "Field" else {
          return value
        }
        return arguments.argument(0, "default")
      }
    }
    return nil
  }
}

extension [PythonStatement] {
  /// Expressions of these statements alone, not of the bodies of functions and classes below.
  package func forEachOwnExpression(_ visit: (PythonExpression) -> Void) {
    for statement in self { for expression in statement.expressions { expression.walk(visit) } }
  }
}
