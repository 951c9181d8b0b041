import ForgeCodebase
import ForgeSyntax
import Foundation

/// A service's folder that is itself a package: its files are imported by the folder's own name, from the folder above.
enum OwnPackage {
  /// The name by which the code imports the service's folder; nil where it imports its files without it.
  static func name(
    of folder: String, _ files: [PythonFile], _ paths: Set<String>, in tree: ProjectTree
  ) -> String? {
    let path = folder == "." ? tree.root : folder
    let name = URL(filePath: path).standardizedFileURL.lastPathComponent
    func holds(_ module: some StringProtocol) -> Bool {
      let stem = ProjectTree.join(folder, String(module).replacing(".", with: "/"))
      return paths.contains(stem + ".py") || paths.contains { $0.hasPrefix(stem + "/") }
    }
    guard EnvironmentName.isValid(name), !holds(name),
      !tree.hasFolder(ProjectTree.join(folder, name))
    else { return nil }
    for file in files where !PythonSources.isAside(file.path, in: folder) {
      let isAtTop = ProjectTree.parent(file.path) == folder
      for imported in file.imports.values {
        switch imported {
        case .module(let module):
          if module.hasPrefix(name + "."), holds(module.dropFirst(name.count + 1)) { return name }
        case .member(0, name, let member):
          if holds(member) { return name }
        case .member(0, let module, _):
          if module.hasPrefix(name + "."), holds(module.dropFirst(name.count + 1)) { return name }
        case .member(1, let module, let member):
          if isAtTop, holds([module, member].first { !$0.isEmpty } ?? "") { return name }
        case .member: break
        }
      }
    }
    return nil
  }
}
