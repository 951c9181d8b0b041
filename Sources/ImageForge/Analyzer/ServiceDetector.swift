import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeNode
import ForgePython

/// Finds the services of a project: looks into every folder that holds a manifest.
struct ServiceDetector {
  private(set) var services: [Service] = []
  /// Manifests that were passed over, since generators fill them in.
  private(set) var findings: [Finding] = []
  private let tree: ProjectTree
  /// The folder that services are looked for in.
  private let top: String

  /// - Parameter top: the folder that services are looked for in; what is above it is the workspace around them.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  init(in tree: ProjectTree, below top: String = ".") throws {
    self.tree = tree
    self.top = top
    try findFrontends()
    try findBackends()
  }

  private mutating func findFrontends() throws(AnalysisError) {
    for folder in folders(with: Self.isNodeManifest) {
      do throws(AnalysisError) {
        if let service = try NextAnalyzer.analyze(folder, in: tree) { services.append(service) }
      } catch {
        guard case .malformed(let location, let reason) = error,
          Self.isTemplate(folder, of: location)
        else { throw error }
        noteTemplate(location, reason)
      }
    }
  }

  private mutating func noteTemplate(_ location: String, _ reason: String) {
    findings.append(
      Finding(
        id: "FORGE-T010", severity: .info,
        message: "a manifest in a folder of templates is none yet (\(DisplayText.escape(reason))): "
          + "not looked at",
        location: location))
  }

  private mutating func findBackends() throws {
    var found: [Service] = []
    let folders = folders(with: Self.isPythonManifest).filter { folder in
      let manifests = tree.names(in: folder).filter { Self.isPythonManifest($0[...]) }
      return PythonSources.isProject(folder, in: tree, among: manifests)
    }
    for folder in folders {
      guard let service = try FastAPIAnalyzer.analyze(folder, in: tree) else { continue }
      // A manifest above the service's own finds the same application: the nearer one is right.
      if let place = service.fastapi?.place { found.removeAll { $0.fastapi?.place == place } }
      found.append(service)
    }
    // Code without a manifest, or only with manifests of something else.
    if found.isEmpty, !folders.contains(top), files.contains(where: { $0.hasSuffix(".py") }),
      let service = try FastAPIAnalyzer.analyze(top, in: tree)
    {
      found.append(service)
    }
    services += found
  }

  /// What came nearest to a service, where there is none.
  var hint: String? {
    if let template = files.first(where: Self.isTemplate) {
      return "\(ProjectTree.parent(template)) is a template: make a project from it first"
    }
    if let manifest = files.first(where: { ProjectTree.name($0) == "package.json" }) {
      return "\(manifest) is here, but is not of an application with next"
    }
    if let source = files.first(where: { $0.hasSuffix(".py") }) {
      return "there is Python code, such as \(source), but no FastAPI application was found in it"
    }
    return nil
  }

  private var files: ArraySlice<String> { tree.files(below: top) }

  // MARK: Manifests

  /// The folders that hold a file with such a name, sorted: parents stand before their children.
  private func folders(with isManifest: (Substring) -> Bool) -> [String] {
    var found: Set<String> = []
    for path in files where !Self.isTemplate(path) {
      let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
      if isManifest(path[start...]) { found.insert(ProjectTree.parent(path)) }
    }
    return found.sorted { $0 == "." || ($1 != "." && ProjectTree.precedes($0, $1)) }
  }

  private static func isNodeManifest(_ name: Substring) -> Bool {
    name == "package.json" || name == "package.json5" || name.hasPrefix("next.config.")
  }

  private static let pythonManifests: Set<Substring> = [
    "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "pdm.lock",
    "pylock.toml", "requirements.in", "requirement.txt", "requirments.txt", "req.txt", "reqs.txt",
  ]

  private static func isPythonManifest(_ name: Substring) -> Bool {
    pythonManifests.contains(name) || (name.hasPrefix("requirements") && name.hasSuffix(".txt"))
  }

  // MARK: Templates

  /// Below `{{cookiecutter.name}}` and its like stands what becomes a project, and is none yet.
  private static func isTemplate(_ path: String) -> Bool {
    path.utf8.contains(UInt8(ascii: "{")) && path.contains("{{")
  }

  /// Whether what cannot be read at `location` is a manifest that a generator fills in: `template/package.json`.
  private static func isTemplate(_ folder: String, of location: String) -> Bool {
    location.hasPrefix(folder + "/package.json")
      && folder.split(separator: "/").contains { $0 == "template" || $0 == "templates" }
  }
}
