import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Finds the folder that the processes of a service are meant to start in, by the relative paths that the code reads.
package enum PythonWorkingFolder {
  /// Calls that read the file or folder that their first argument names.
  private static let readers: Set<String> = [
    "open", "pathlib.Path", "io.open", "aiofiles.open", "os.listdir", "os.scandir",
    "json.load", "logging.config.fileConfig", "pandas.read_csv", "joblib.load",
  ]

  /// The folder of the imports, where what the code reads is found from there and not from the service's own folder;
  /// relative to the service. Nil where nothing tells the two apart.
  /// - Parameters:
  ///   - appDir: the folder of the imports, relative to the service.
  ///   - paths: relative paths that are known to be read.
  package static func find(
    _ index: PythonIndex, appDir: String, in tree: ProjectTree, also paths: Set<String>
  ) -> Written<String>? {
    guard appDir != "." else { return nil }
    let service = index.folder
    let base = ProjectTree.join(service, appDir)
    var found: Place?
    for (path, place) in read(index) + paths.sorted().map({ ($0, nil) }) {
      let there = exists(path, from: base, in: tree)
      let here = exists(path, from: service, in: tree)
      // One that only the service's own folder has says that the processes start there.
      if here && !there { return nil }
      if there && !here { found = found ?? place ?? .source(file: base) }
    }
    return found.map { Written(appDir, at: $0) }
  }

  private static func exists(_ path: String, from folder: String, in tree: ProjectTree) -> Bool {
    guard let found = ProjectPath.resolve(path, from: folder), found != folder else { return false }
    return tree.hasFile(found) || tree.hasFolder(found)
  }

  /// The literal paths that the code reads, outside of tests.
  private static func read(_ index: PythonIndex) -> [(String, Place?)] {
    var found: [(String, Place?)] = []
    for path in index.paths where !PythonSources.isAside(path, in: index.folder) {
      guard let file = index.files[path] else { continue }
      file.module.statements.forEachExpression { expression in
        guard let (callee, arguments) = expression.call, isReader(callee, index, file),
          let text = arguments.positional.first?.string, text.utf8.count < 256
        else { return }
        found.append((text, file.location(expression.offset)))
      }
    }
    return found
  }

  private static func isReader(
    _ callee: PythonExpression, _ index: PythonIndex, _ file: PythonFile
  ) -> Bool {
    if case .external(let name)? = index.origin(of: callee, in: file) {
      return readers.contains(name)
    }
    // A function of the language's own, which no import names.
    return callee.name == "open"
  }
}
