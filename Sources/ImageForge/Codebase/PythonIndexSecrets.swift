import ForgeBasics
import ForgeSyntax

extension PythonManifest {
  /// The variables by which package indexes are told who asks: those that an index's address names, and those that uv
  /// asks for where an index says `authenticate = "always"`.
  func indexVariables(in tree: ProjectTree, folder: String) throws -> [(name: String, location: String)] {
    var found = requirements?.variables ?? []
    if let pyproject {
      for index in pyproject.root[["tool", "uv", "index"]]?.elements ?? [] {
        guard let name = index["name"]?.string, index["authenticate"]?.string == "always" else { continue }
        let location = pyproject.location(["tool", "uv", "index"], containing: name)
        // uv's rule: upper case, and an underscore for everything else.
        let part = String(
          name.uppercased().unicodeScalars.map {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) ? Character($0) : "_"
          })
        for ending in ["USERNAME", "PASSWORD"] { found.append(("UV_INDEX_\(part)_\(ending)", location)) }
      }
      for source in pyproject.root[["tool", "pdm", "source"]]?.elements ?? [] {
        for name in Self.variables(in: source["url"]?.string ?? "") {
          found.append((name, pyproject.location(["tool", "pdm", "source"], containing: name)))
        }
      }
    }
    let path = folder == "." ? "Pipfile" : "\(folder)/Pipfile"
    if packageManager.name == .pipenv, let source = try tree.read(path), let pipfile = try? TOMLDocument.parse(source) {
      for index in pipfile.root["source"]?.elements ?? [] {
        for name in Self.variables(in: index["url"]?.string ?? "") {
          found.append((name, pipfile.location(["source"], containing: name)))
        }
      }
    }
    return found.filter { EnvironmentName.isValid($0.name) }
  }

  /// `${NAME}` and `$NAME`.
  private static func variables(in address: String) -> [String] {
    address.matches(of: /\$\{?([A-Za-z_][A-Za-z0-9_]*)/).map { String($0.1) }
  }
}
