import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// A variable that tells a package index who asks, while the packages are installed.
package struct IndexVariable {
  package let name: String
  /// `file:line`.
  package let location: Place
  /// Whether the installation cannot do without it.
  package let required: Bool
}

extension PythonManifest {
  /// The variables by which package indexes are told who asks: those that an index's address names, those that uv and
  /// Poetry look for by an index's name, and the settings of pip and uv that hold an address with its password.
  package func indexVariables(in tree: ProjectTree, folder: String) throws -> [IndexVariable] {
    var found = (requirements?.variables ?? []).map {
      IndexVariable(name: $0.name, location: $0.location, required: true)
    }
    found += Self.settings(in: tree, folder: folder)
    if let pyproject {
      // An authentication that uv is not told of is tried with what it finds.
      found += Self.indexes(pyproject, ["tool", "uv", "index"]).flatMap { index in
        let authenticate = index.table["authenticate"]?.string
        guard authenticate != "never", authenticate == "always" || !index.isPublic else {
          return [IndexVariable]()
        }
        // uv's rule: upper case, and an underscore for everything else.
        let part = index.name.uppercased().unicodeScalars.map {
          $0.properties.isAlphabetic || ("0"..."9").contains($0) ? Character($0) : "_"
        }
        return index.variables("UV_INDEX_\(String(part))_", required: authenticate == "always")
      }
      if packageManager.name == .poetry {
        found += Self.indexes(pyproject, ["tool", "poetry", "source"]).filter { !$0.isPublic }
          .flatMap { index in
            let part = index.name.uppercased().replacing("-", with: "_").replacing(".", with: "_")
            return index.variables("POETRY_HTTP_BASIC_\(part)_", required: false)
          }
      }
      found += Self.named(pyproject, ["tool", "pdm", "source"])
    }
    let path = folder == "." ? "Pipfile" : "\(folder)/Pipfile"
    if packageManager.name == .pipenv, let source = try tree.read(path),
      let pipfile = try? TOMLDocument.parse(source)
    {
      found += Self.named(pipfile, ["source"])
    }
    return found.filter { EnvironmentName.isValid($0.name) }
  }

  // MARK: Indexes

  private struct Index {
    let name: String
    let table: TOML
    let location: Place

    /// Indexes that everybody may read, by the names and the paths that they are known by.
    var isPublic: Bool {
      let name = name.lowercased()
      return name == "pypi" || name == "testpypi" || name.hasPrefix("pytorch")
        || table["url"]?.string?.contains("/whl/") == true
    }

    func variables(_ prefix: String, required: Bool) -> [IndexVariable] {
      ["USERNAME", "PASSWORD"].map {
        IndexVariable(name: prefix + $0, location: location, required: required)
      }
    }
  }

  private static func indexes(_ document: TOMLDocument, _ key: [String]) -> [Index] {
    (document.root[key]?.elements ?? []).prefix(100).compactMap { table in
      guard let name = table["name"]?.string, !name.isEmpty, name.utf8.count <= 100 else {
        return nil
      }
      return Index(name: name, table: table, location: document.place(key, containing: name))
    }
  }

  /// Variables that the addresses of indexes hold: `${NAME}` and `$NAME`.
  private static func named(_ document: TOMLDocument, _ key: [String]) -> [IndexVariable] {
    (document.root[key]?.elements ?? []).flatMap { index in
      (index["url"]?.string ?? "").matches(of: /\$\{?([A-Za-z_][A-Za-z0-9_]*)/).map { match in
        let name = String(match.1)
        return IndexVariable(
          name: name, location: document.place(key, containing: name), required: true)
      }
    }
  }

  // MARK: Settings of the tools

  /// What pip and uv take an index's address from, password and all.
  private static let addresses = [
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX", "UV_INDEX",
  ]
  private static let places = [
    ".env.example", ".env.sample", ".env.template", ".env", "Dockerfile", "Containerfile",
    "Dockerfile.prod",
    "docker/Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml",
  ]

  /// Those settings that the project's own files name: its environment, its Dockerfile, its compose file. pip reads
  /// them in whatever step it runs, so that nothing in the code shows them.
  private static func settings(in tree: ProjectTree, folder: String) -> [IndexVariable] {
    var found: [IndexVariable] = []
    for place in places {
      guard let source = tree.source(ProjectTree.join(folder, place)),
        !GeneratedMark.stands(in: source.text)
      else { continue }
      for (number, row) in source.text.split(
        omittingEmptySubsequences: false, whereSeparator: \.isNewline
      ).enumerated()
        .prefix(2_000) where row.contains("_INDEX") && row.drop(while: \.isWhitespace).first != "#"
      {
        let words = Set(
          row.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.map(String.init))
        for name in addresses where words.contains(name) {
          found.append(
            IndexVariable(
              name: name, location: .source(file: source.name, line: number + 1), required: false))
        }
      }
    }
    return found
  }
}
