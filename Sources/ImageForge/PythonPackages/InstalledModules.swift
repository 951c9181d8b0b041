import ForgeCatalogue
import ForgeSyntax

/// Which modules come with Python, or with what the project declares.
package struct InstalledModules: Sendable {
  private let manifest: PythonManifest?

  /// The table is embedded; a test reads it.
  package static let standard: Set<String> =
    (try? Catalogue.decode(Set<String>.self, from: "data/python-standard-modules.yaml")) ?? []

  package init(_ manifest: PythonManifest?) { self.manifest = manifest }

  /// - Parameter module: the first part of the name that is imported.
  package func contains(_ module: String) -> Bool {
    Self.standard.contains(module) || manifest?.has(Requirement.normalise(module)) == true
  }
}
