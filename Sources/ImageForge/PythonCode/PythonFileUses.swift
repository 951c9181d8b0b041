import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Finds what the Python code of a service writes and reads by paths that stand in it.
package struct PythonFileUses {
  /// What a call writes: its path is the argument of this place or name.
  private struct Writer {
    let position: Int
    let name: String
    var makesFolder = false
  }

  private static let writers: [String: Writer] = [
    "os.makedirs": Writer(position: 0, name: "name", makesFolder: true),
    "os.mkdir": Writer(position: 0, name: "path", makesFolder: true),
    "logging.FileHandler": Writer(position: 0, name: "filename"),
    "logging.handlers.RotatingFileHandler": Writer(position: 0, name: "filename"),
    "logging.handlers.TimedRotatingFileHandler": Writer(position: 0, name: "filename"),
    "logging.handlers.WatchedFileHandler": Writer(position: 0, name: "filename"),
    "logging.basicConfig": Writer(position: 99, name: "filename"),
    "loguru.logger.add": Writer(position: 0, name: "sink"),
    "sqlite3.connect": Writer(position: 0, name: "database"),
    "aiosqlite.connect": Writer(position: 0, name: "database"),
    "tinydb.TinyDB": Writer(position: 0, name: "path"),
    "shelve.open": Writer(position: 0, name: "filename"),
    "diskcache.Cache": Writer(position: 0, name: "directory", makesFolder: true),
    "chromadb.PersistentClient": Writer(position: 0, name: "path", makesFolder: true),
    "shutil.copy": Writer(position: 1, name: "dst"),
    "shutil.copy2": Writer(position: 1, name: "dst"),
    "shutil.copyfile": Writer(position: 1, name: "dst"),
    "shutil.move": Writer(position: 1, name: "dst"),
    "shutil.copytree": Writer(position: 1, name: "dst", makesFolder: true),
  ]
  /// Each makes a file or folder in the system's folder for them, or fails without one.
  private static let temporary: Set<String> = [
    "tempfile.gettempdir", "tempfile.NamedTemporaryFile", "tempfile.TemporaryFile",
    "tempfile.TemporaryDirectory", "tempfile.SpooledTemporaryFile", "tempfile.mkstemp",
    "tempfile.mkdtemp", "tempfile.mktemp",
  ]
  private static let methods: Set<String> = ["write_text", "write_bytes", "touch"]

  /// Packages that keep what they fetch in the user's home. The table is embedded; a test reads it.
  static let homeUsers: [String] =
    (try? Catalogue.decode([String].self, from: "data/python-home-users.yaml")) ?? []

  private(set) var uses: FileUses
  private let index: PythonIndex
  private let paths: PythonPaths

  /// Whether the file that is looked at is loaded by what runs: what others write, tools of the developers do.
  private var isLoaded = true

  /// - Parameter reach: the files that are loaded.
  package static func find(
    _ index: PythonIndex, reach: PythonReach, folder: String, in tree: ProjectTree
  ) -> FileUses {
    var found = PythonFileUses(
      uses: FileUses(folder: folder, in: tree), index: index, paths: PythonPaths(index: index))
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      found.isLoaded = reach.contains(path)
      found.readImports(of: file, tests: ProjectTree.join(folder, "tests"))
      PythonIndex.forEachScope(file) { scope, statements in
        for statement in statements.flattened where !file.isInMain(statement.offset) {
          for expression in statement.expressions { found.visit(expression, scope) }
        }
      }
    }
    return found.uses
  }

  /// Tests that the code itself imports are no mere tests; and some packages write into the home.
  private mutating func readImports(of file: PythonFile, tests: String) {
    for imported in file.imports.values {
      let (module, level) =
        switch imported {
        case .module(let name): (name, 0)
        case .member(let level, let module, _): (module, level)
        }
      guard module == "tests" || module.hasPrefix("tests."),
        let path = index.path(ofModule: module, level: level, from: file),
        ProjectPath.relative(path, to: tests) != nil
      else { continue }
      uses.readFolder("tests")
    }
    guard isLoaded else { return }
    // Uploads beyond a megabyte are kept in temporary files.
    if file.imports(member: "UploadFile", of: ["fastapi", "starlette.datastructures"]) {
      uses.writeFolder(.absolute("/tmp"), at: .source(file: file.path, line: 1))
    }
    if Self.homeUsers.contains(where: file.imports(package:)) {
      uses.writeHome(at: .source(file: file.path, line: 1))
    }
  }

  private mutating func visit(_ expression: PythonExpression, _ scope: PythonScope) {
    var waiting = [expression]
    while let next = waiting.popLast() {
      let place = PythonPlace(expression: next, scope: scope)
      if let (callee, arguments) = next.call { readCall(callee, arguments, place) }
      switch next.kind {
      case .string(let text): readText(text, place)
      case .dictionary(let pairs): readHandler(pairs, scope)
      case .operation, .call:
        // A whole path is looked at once: its parts are none.
        if let path = paths.path(of: place) {
          uses.read(path, at: place.location)
          continue
        }
      default: break
      }
      waiting.append(contentsOf: next.children.reversed())
    }
  }

  private mutating func readText(_ text: String, _ place: PythonPlace) {
    if isLoaded, text.hasPrefix("sqlite"), let colon = text.firstRange(of: ":///") {
      writeDatabase(String(text[colon.upperBound...]), at: place.location)
    } else if text.contains("."), !text.contains(" "), let path = FileUses.Path(written: text) {
      uses.read(path, at: place.location)
    }
  }

  /// `sqlite:///./app.db`, `sqlite+aiosqlite:////data/app.db`.
  private mutating func writeDatabase(_ text: String, at place: Place) {
    let name = String(text.prefix { $0 != "?" })
    guard !name.isEmpty, !name.contains(":memory:"), !name.contains("{"),
      let path = FileUses.Path(written: name)
    else { return }
    uses.writeFile(path, at: place)
  }

  /// An entry of a dictionary of logging: `{"class": "logging.FileHandler", "filename": "logs/app.log"}`.
  private mutating func readHandler(_ pairs: [PythonPair], _ scope: PythonScope) {
    func value(_ key: String) -> PythonExpression? {
      pairs.first { $0.key?.string == key }?.value
    }
    guard isLoaded, let name = value("filename"), let kind = value("class")?.string,
      kind.hasSuffix("FileHandler")
    else { return }
    let place = PythonPlace(expression: name, scope: scope)
    if let path = paths.path(of: place) { uses.writeFile(path, at: place.location) }
  }

  private mutating func readCall(
    _ callee: PythonExpression, _ arguments: [PythonArgument], _ place: PythonPlace
  ) {
    guard isLoaded else { return }
    let scope = place.scope
    func all(_ expression: PythonExpression) -> [FileUses.Path] {
      paths.paths(of: PythonPlace(expression: expression, scope: scope))
    }
    if case .attribute(let base, let method) = callee.kind, writes(method, arguments) {
      let found = all(base)
      for path in found where method == "mkdir" { uses.writeFolder(path, at: place.location) }
      for path in found where method != "mkdir" { uses.writeFile(path, at: place.location) }
      if !found.isEmpty { return }
    }
    guard let name = externalName(of: callee, in: scope.file) else { return }
    if Self.temporary.contains(name), arguments["dir"] == nil {
      uses.writeFolder(.absolute("/tmp"), at: place.location)
      return
    }
    if ["open", "io.open", "aiofiles.open"].contains(name) {
      guard isWriting(arguments.argument(1, "mode")), let file = arguments.positional.first
      else { return }
      for path in all(file) { uses.writeFile(path, at: place.location) }
      return
    }
    guard let writer = Self.writers[name],
      let written = arguments.argument(writer.position, writer.name),
      written.string?.contains(":memory:") != true
    else { return }
    for path in all(written) where writer.makesFolder { uses.writeFolder(path, at: place.location) }
    for path in all(written) where !writer.makesFolder { uses.writeFile(path, at: place.location) }
  }

  /// Whether a method of a path writes.
  private func writes(_ method: String, _ arguments: [PythonArgument]) -> Bool {
    if method == "open" { return isWriting(arguments.argument(0, "mode")) }
    return method == "mkdir" || Self.methods.contains(method)
  }

  private func isWriting(_ mode: PythonExpression?) -> Bool {
    guard let text = mode?.string, text.utf8.count <= 4 else { return false }
    return text.contains { "wax+".contains($0) }
  }

  /// The name under which a function is known, those that Python has of its own among them.
  private func externalName(of callee: PythonExpression, in file: PythonFile) -> String? {
    if case .external(let name)? = index.origin(of: callee, in: file) { return name }
    return callee.name == "open" ? "open" : nil
  }
}
