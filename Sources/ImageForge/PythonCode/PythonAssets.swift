import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Finds the folders of files that the code serves (`StaticFiles`) or renders (`Jinja2Templates`).
package struct PythonAssets {
  package private(set) var folders: [String] = []
  /// Relative paths that the code gives as they are: they begin in the folder that the process starts in.
  package private(set) var relativePaths: Set<String> = []
  package private(set) var findings: [Finding] = []

  private static let makers: Set<String> = [
    "fastapi.staticfiles.StaticFiles", "starlette.staticfiles.StaticFiles",
    "fastapi.templating.Jinja2Templates",
    "starlette.templating.Jinja2Templates", "jinja2.FileSystemLoader",
    "jinja2.loaders.FileSystemLoader",
  ]

  /// - Parameter made: folders that the code makes itself, relative to the service.
  package static func find(
    _ index: PythonIndex, folder: String, made: Set<String>, in tree: ProjectTree
  ) -> PythonAssets {
    var assets = PythonAssets()
    var found: Set<String> = []
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard let (callee, arguments) = expression.call,
            case .external(let name)? = index.origin(of: callee, in: file), makers.contains(name),
            let value = arguments.argument(
              0, name.hasSuffix("FileSystemLoader") ? "searchpath" : "directory")
          else { return }
          let place = PythonPlace(expression: value, scope: scope)
          if let base = Self.folder(place, index, steps: 0) {
            guard let path = ProjectPath.relative(base, to: folder), tree.hasFolder(base) else {
              return
            }
            found.insert(path)
          } else if let text = index.text(of: place),
            let wanted = ProjectPath.resolve(text, from: folder)
          {
            assets.relativePaths.insert(text)
            let places =
              [wanted]
              + (ProjectPath.resolve(text, from: ProjectTree.parent(path)).map { [$0] } ?? [])
            if let there = places.first(where: tree.hasFolder) {
              if let path = ProjectPath.relative(there, to: folder) { found.insert(path) }
            } else if name.hasSuffix("StaticFiles"),
              ProjectPath.relative(wanted, to: folder).map(made.contains) != true,
              arguments["check_dir"]?.bool != false,
              assets.findings.count < 20
            {
              assets.findings.append(missing(text, file.location(expression.offset)))
            }
          }
        }
      }
    }
    assets.folders = found.sorted(by: ProjectTree.precedes)
    assets.noteScripts(folder, in: tree)
    return assets
  }

  /// A package.json beside the Python code, whose script makes files that the application serves.
  private mutating func noteScripts(_ folder: String, in tree: ProjectTree) {
    let path = ProjectTree.join(folder, "package.json")
    guard let source = tree.source(path), let manifest = try? JSON.parse(source, .project),
      manifest["dependencies"]?["next"] == nil, let script = manifest["scripts"]?["build"],
      let text = script.string
    else { return }
    findings.append(
      Finding(
        id: "FORGE-F031", severity: .info,
        message:
          "package.json makes files with `\(DisplayText.escape(String(text.prefix(80))))`, which the image does "
          + "not run",
        at: source.place(at: script.offset),
        fix: "commit what it makes, or run it before the build"))
  }

  private static func missing(_ text: String, _ location: Place) -> Finding {
    Finding(
      id: "FORGE-F030", severity: .warning,
      message:
        "the folder \(DisplayText.escape(text)), which is served as static files, is not in the source",
      at: location,
      fix:
        "commit the folder (a .gitkeep in it will do), or see to it that the build makes it: StaticFiles refuses to "
        + "start without it")
  }

  /// A path built from `__file__`: `Path(__file__).parent / "static"`, `os.path.join(os.path.dirname(__file__), "x")`.
  /// Relative to the root; nil for anything else.
  private static func folder(_ place: PythonPlace, _ index: PythonIndex, steps: Int) -> String? {
    guard steps < 8 else { return nil }
    func inner(_ expression: PythonExpression) -> String? {
      folder(PythonPlace(expression: expression, scope: place.scope), index, steps: steps + 1)
    }
    switch place.expression.kind {
    case .name("__file__"): return place.scope.file.path
    case .operation(let operators, let operands) where operators.allSatisfy { $0 == "/" }:
      guard let first = operands.first.flatMap(inner) else { return nil }
      return join(first, operands.dropFirst().map(\.string))
    case .attribute(let base, "parent"): return inner(base).map(ProjectTree.parent)
    case .subscripted(let base, let indices):
      guard case .attribute(let path, "parents") = base.kind, let count = indices.first?.integer,
        count < 16
      else {
        return nil
      }
      return inner(path).map { start in
        (0...max(0, count)).reduce(start) { path, _ in ProjectTree.parent(path) }
      }
    case .call(let callee, let arguments):
      let name = callee.dotted?.last
      if case .attribute(let base, let method) = callee.kind,
        ["resolve", "absolute", "as_posix"].contains(method),
        arguments.isEmpty
      {
        return inner(base)
      }
      guard let first = arguments.positional.first else { return nil }
      switch name {
      case "Path", "str", "abspath", "realpath": return inner(first)
      case "dirname": return inner(first).map(ProjectTree.parent)
      case "join", "joinpath":
        return inner(first).flatMap { join($0, arguments.positional.dropFirst().map(\.string)) }
      default: return nil
      }
    case .name(let name):
      let bindings = place.scope.file.bindings[name] ?? []
      guard bindings.count == 1 else {
        guard
          case .member(let path, let original)? = index.origin(ofName: name, in: place.scope.file),
          let file = index.files[path], let binding = file.bindings[original]?.first
        else { return nil }
        let scope = PythonScope(file: file, function: nil)
        return folder(PythonPlace(expression: binding.value, scope: scope), index, steps: steps + 1)
      }
      return inner(bindings[0].value)
    default: return nil
    }
  }

  private static func join(_ base: String, _ parts: [String?]) -> String? {
    var path = base
    for part in parts {
      guard let part, let next = ProjectPath.resolve(part, from: path) else { return nil }
      path = next
    }
    return path
  }
}
