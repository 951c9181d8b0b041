import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// How a service migrates its database.
package struct PythonMigrations {
  package private(set) var fact: Fact<Migrations>?
  package private(set) var findings: [Finding] = []

  private let manifest: PythonManifest?
  private let folder: String
  private let tree: ProjectTree

  package init(_ manifest: PythonManifest?, folder: String, in tree: ProjectTree) {
    self.manifest = manifest
    self.folder = folder
    self.tree = tree
    guard let found = below() ?? configured() else {
      noteAbove()
      return
    }
    fact = found
    findTool()
  }

  // MARK: alembic.ini

  private static let maximumDepth = 4

  /// The alembic.ini of the service: the nearest to its folder, and no test's.
  private func below() -> Fact<Migrations>? {
    let found = tree.files(below: folder).filter { path in
      ProjectTree.name(path) == "alembic.ini" && !PythonSources.isAside(path, in: folder)
        && depth(path) <= Self.maximumDepth
    }
    guard let ini = found.min(by: { (depth($0), $0) < (depth($1), $1) }) else { return nil }
    let start = start(ini)
    guard let file = ProjectPath.relative(ini, to: start) else { return nil }
    let place = if start == folder { String?.none } else { String?.some(start) }
    var command = "alembic upgrade head"
    if file != "alembic.ini" { command = "alembic -c \(file) upgrade head" }
    return .found(
      Migrations(tool: "alembic", command: command, folder: place), at: .source(file: ini, line: 1))
  }

  private func depth(_ path: String) -> Int {
    (ProjectPath.relative(path, to: folder) ?? path).split(separator: "/").count
  }

  /// The folder that alembic is started in: from there `script_location` leads to `env.py`. Alembic looks for its
  /// settings where it is started, so that their own folder is meant where nothing says otherwise.
  private func start(_ ini: String) -> String {
    let own = ProjectTree.parent(ini)
    guard let location = setting("script_location", of: ini) else { return folder }
    // `%(here)s/migrations` and `package:migrations` are the same from everywhere.
    guard !location.contains("%("), !location.contains(":") else { return own }
    let folders =
      [own]
      + ProjectTree.foldersUpwards(from: own).filter {
        ProjectPath.relative($0, to: folder) != nil
      }
    return folders.first { place in
      ProjectPath.resolve(location, from: place).map {
        tree.hasFile(ProjectTree.join($0, "env.py"))
      } == true
    } ?? own
  }

  private func setting(_ key: String, of ini: String) -> String? {
    guard let source = tree.source(ini) else { return nil }
    for row in source.text.split(whereSeparator: \.isNewline).prefix(2_000) {
      let parts = row.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
      if parts.count == 2, parts[0] == key { return parts[1] }
    }
    return nil
  }

  // MARK: pyproject.toml

  private func configured() -> Fact<Migrations>? {
    guard let pyproject = manifest?.pyproject else { return nil }
    for (tool, command) in [("alembic", "alembic upgrade head"), ("aerich", "aerich upgrade")]
    where pyproject.root[["tool", tool]] != nil {
      return .found(
        Migrations(tool: tool, command: command), at: pyproject.place(["tool", tool]))
    }
    return nil
  }

  // MARK: What is missing

  /// Settings above the service's folder, which its image does not hold.
  private mutating func noteAbove() {
    guard folder != ".", manifest?.has("alembic") == true else { return }
    let above = ProjectTree.foldersUpwards(from: folder).dropFirst().map {
      ProjectTree.join($0, "alembic.ini")
    }
    guard let ini = above.first(where: tree.hasFile) else { return }
    findings.note(
      "FORGE-P050", .warning,
      "\(ini) lies above the service's folder: the image cannot migrate the database",
      at: .source(file: ini, line: 1),
      fix: "move alembic.ini and its scripts into the service's folder")
  }

  /// Looks for the tool among what is installed, then among the extras and groups.
  private mutating func findTool() {
    guard let manifest, let tool = fact?.value.tool, !manifest.has(tool) else { return }
    let holding = manifest.sets.filter { $0.dependency(tool) != nil }
    let smallest = holding.min { a, b in
      (a.dependencies.count, a.name) < (b.dependencies.count, b.name)
    }
    if let smallest {
      switch smallest.kind {
      case .extra: fact?.value.extras = [smallest.name]
      case .group: fact?.value.groups = [smallest.name]
      }
      return
    }
    findings.note(
      "FORGE-P050", .warning,
      "nothing installs \(tool), which migrates the database: the target migrate cannot run",
      at: fact?.evidence.first, subject: .package(tool), fix: "add \(tool) to the dependencies")
  }
}
