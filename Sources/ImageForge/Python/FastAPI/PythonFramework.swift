import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgePythonPackages
import ForgeSyntax

/// Frameworks that are not FastAPI, from `recipes/data/python-frameworks.yaml`.
enum PythonFramework {
  struct Entry: Decodable, Sendable {
    let name: String
    /// Distributions that bring it.
    let packages: [String]
    /// What makes an application of it, by the names under which it is imported.
    let makers: Set<String>
  }

  /// The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let table: [Entry] =
    (try? Catalogue.decode([Entry].self, from: "data/python-frameworks.yaml")) ?? []

  /// The framework that makes a value, where it is one of the table's.
  static func making(_ place: PythonPlace, in index: PythonIndex) -> Written<String>? {
    for maker in index.makers(of: place) {
      guard let entry = table.first(where: { index.isConstructor(maker, $0.makers) }) else {
        continue
      }
      return Written(entry.name, at: maker.location)
    }
    return nil
  }

  /// The framework of a folder without a FastAPI application: of what its files bind, else of what it declares.
  static func found(in index: PythonIndex, folder: String, _ manifest: PythonManifest?)
    -> Written<String>?
  {
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      let scope = PythonScope(file: file, function: nil)
      for binding in file.bindings.sorted(by: { $0.key < $1.key }).flatMap(\.value) {
        let place = PythonPlace(expression: binding.value, scope: scope)
        if let found = making(place, in: index) { return found }
      }
    }
    for entry in table {
      if let dependency = entry.packages.lazy.compactMap({ manifest?.dependency($0) }).first {
        return Written(entry.name, at: dependency.location)
      }
    }
    return nil
  }
}
