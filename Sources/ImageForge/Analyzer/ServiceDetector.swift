import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeNode
import ForgePython
import ForgePythonCode

/// Finds the services of a project: looks into every folder that holds a manifest.
struct ServiceDetector {
  private(set) var services: [Service] = []
  /// Manifests that were passed over, since generators fill them in.
  private(set) var findings: [Finding] = []
  /// Why folders could not be read that hold manifests.
  private(set) var failures: [AnalysisError] = []
  private let tree: ProjectTree
  /// The folder that services are looked for in.
  private let top: String
  /// By folder: the entry points that `forge.yaml` names.
  private let declared: [String: Written<String>]
  /// Folders of Python code that hold no service, and why.
  private var passedOver: [(folder: String, reason: String, place: Place)] = []

  /// - Parameter top: the folder that services are looked for in; what is above it is the workspace around them.
  init(in tree: ProjectTree, below top: String = ".", declared: [String: Written<String>]) {
    self.tree = tree
    self.top = top
    self.declared = declared
    findFrontends()
    findBackends()
    if services.isEmpty { return }
    for (folder, reason, place) in passedOver.prefix(Self.maximumFindings) {
      findings.note(
        "FORGE-T012", .info,
        "\(DisplayText.escape(folder)) holds \(reason): no image is made of it",
        at: place)
    }
    for failure in failures.prefix(Self.maximumFindings) { findings.append(finding(failure)) }
  }

  /// The most findings of one kind.
  private static let maximumFindings = 20

  /// What could not be read is said, and does not silence what stands beside it.
  private func finding(_ failure: AnalysisError) -> Finding {
    var severity = Severity.error
    if let place = failure.location, ServiceDetector.isAside(place) { severity = .warning }
    return Finding(
      id: "FORGE-T011", severity: severity,
      message: "what this file belongs to was left out: \(failure.reason)",
      location: failure.location, fix: failure.remedy)
  }

  private static let sideFolders: Set<Substring> = [
    "test", "tests", "testdata", "fixtures", "__fixtures__", "__tests__", "examples", "example",
    "docs", "samples", "template", "templates",
  ]

  private static func isAside(_ path: String) -> Bool {
    path.split(separator: "/").dropLast().contains(where: sideFolders.contains)
  }

  private mutating func findFrontends() {
    for folder in folders(with: Self.isNodeManifest) {
      do throws(AnalysisError) {
        if let service = try NextAnalyzer.analyze(folder, in: tree) { services.append(service) }
      } catch {
        guard case .malformed(let location, let reason) = error,
          Self.isTemplate(folder, of: location)
        else {
          failures.append(error)
          continue
        }
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

  private mutating func findBackends() {
    var found: [Service] = []
    let folders = folders(with: Self.isPythonManifest).filter { folder in
      let manifests = tree.names(in: folder).filter { Self.isPythonManifest($0[...]) }
      return PythonSources.isProject(folder, in: tree, among: manifests)
    }
    let named = declared.keys.filter { folder in
      !folders.contains(folder) && tree.hasFolder(folder)
        && ProjectPath.relative(folder, to: top) != nil
    }.sorted()
    for folder in folders + named {
      guard let service = examine(folder) else { continue }
      // A manifest above the service's own finds the same application: the nearer one is right.
      if let place = service.fastapi?.place { found.removeAll { $0.fastapi?.place == place } }
      found.append(service)
    }
    // Code without a manifest, or only with manifests of something else.
    if found.isEmpty, !(folders + named).contains(top),
      files.contains(where: { $0.hasSuffix(".py") }), let service = examine(top)
    {
      found.append(service)
    }
    services += found
  }

  /// The service of a folder; why there is none, or why it cannot be known, is noted.
  private mutating func examine(_ folder: String) -> Service? {
    do {
      switch try FastAPIAnalyzer.examine(folder, in: tree, declared: declared[folder]) {
      case .service(let service): return service
      case .other(let framework):
        passedOver.append((folder, "an application of \(framework.value)", framework.place))
      case .hidden(let place):
        passedOver.append(
          (folder, "a FastAPI application that no module holds, so that no server finds it", place))
      case .nothing: break
      }
    } catch let error as AnalysisError {
      failures.append(error)
    } catch {
      failures.append(.unreadable(path: folder, reason: "\(error)"))
    }
    return nil
  }

  /// What came nearest to a service, where there is none.
  var hint: String? {
    if let template = files.first(where: Self.isTemplate) {
      return "\(ProjectTree.parent(template)) is a template: make a project from it first"
    }
    if let manifest = files.first(where: { ProjectTree.name($0) == "package.json" }) {
      return "\(manifest) is here, but is not of an application with next"
    }
    if let (folder, reason, place) = passedOver.first {
      var subject = folder + " holds"
      if folder == "." { subject = "there is" }
      return "\(subject) \(reason): \(place.description)"
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
