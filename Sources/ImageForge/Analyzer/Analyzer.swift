import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeNode
import ForgePython
import Foundation

/// Reads a codebase. Nothing of it is ever executed.
public enum Analyzer {
  /// What is in the folder at `path`.
  /// - Throws: `AnalysisError`.
  public static func analyze(_ path: String) throws -> Analysis {
    let tree = try ProjectTree(walking: path)
    let settings = try ServiceSettings(in: tree)
    var services: [Service] = []
    var templates: [Finding] = []
    for folder in folders(with: isNodeManifest, in: tree) {
      do {
        if let service = try NextAnalyzer.analyze(folder, in: tree) { services.append(service) }
      } catch AnalysisError.malformed(let location, let reason)
        where isTemplate(folder, of: location)
      {
        templates.append(
          Finding(
            id: "FORGE-T006", severity: .info,
            message:
              "a manifest in a folder of templates is none yet (\(DisplayText.escape(reason))): not looked at",
            location: location))
      }
    }
    services += try backends(in: tree)
    guard !services.isEmpty else { throw AnalysisError.noService(path: path, hint: hint(tree)) }
    services.sort {
      ProjectTree.precedes($0.path, $1.path)
        || ($0.path == $1.path && $0.kind.rawValue < $1.kind.rawValue)
    }
    makeNamesUnique(&services)
    for index in services.indices { services[index].completeConclusions() }
    services = services.map { WorkspaceInputs.add(to: $0, in: tree) }
    try settings.apply(to: &services)
    makeNamesUnique(&services)
    for index in services.indices { services[index].completeConclusions() }
    let links = ServiceLinks.find(services, in: tree)
    return Analysis(
      root: path, services: services, links: links.links,
      findings: tree.findings + templates.prefix(100) + DataFiles.findings(in: tree)
        + sharedFolder(services)
        + links.findings)
  }

  private static func sharedFolder(_ services: [Service]) -> [Finding] {
    guard let (one, other) = Analysis.sharing(services) else { return [] }
    return [
      Finding(
        id: "FORGE-T009", severity: .warning,
        message:
          "\(one.name) and \(other.name) share a folder, which can hold the Dockerfile of one: neither is built",
        location: one.path,
        fix:
          "leave one out in forge.yaml: `services: {\(other.name): {exclude: true}}`, or give it a folder of its own"
      )
    ]
  }

  private static func backends(in tree: ProjectTree) throws -> [Service] {
    var found: [Service] = []
    let pythonFolders = folders(with: isPythonManifest, in: tree).filter {
      PythonSources.isProject($0, in: tree, among: allManifests(of: $0, in: tree))
    }
    for folder in pythonFolders {
      guard let service = try FastAPIAnalyzer.analyze(folder, in: tree) else { continue }
      // A manifest above the service's own finds the same application: the nearer one is right.
      if let source = service.fastapi?.source { found.removeAll { $0.fastapi?.source == source } }
      found.append(service)
    }
    // Code without a manifest, or only with manifests of something else.
    if found.isEmpty, !pythonFolders.contains("."),
      tree.files.contains(where: { $0.hasSuffix(".py") }),
      let service = try FastAPIAnalyzer.analyze(".", in: tree)
    {
      found.append(service)
    }
    return found
  }

  private static func allManifests(of folder: String, in tree: ProjectTree) -> [String] {
    tree.names(in: folder).filter { isPythonManifest($0[...]) }
  }

  /// The folders that hold a file with such a name, sorted: parents stand before their children.
  private static func folders(with belongs: (Substring) -> Bool, in tree: ProjectTree) -> [String] {
    var found: Set<String> = []
    for path in tree.files where !isTemplate(path) {
      let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
      if belongs(path[start...]) { found.insert(ProjectTree.parent(path)) }
    }
    return found.sorted { $0 == "." || ($1 != "." && ProjectTree.precedes($0, $1)) }
  }

  /// Below `{{cookiecutter.name}}` and its like stands what becomes a project, and is none yet.
  private static func isTemplate(_ path: String) -> Bool {
    path.utf8.contains(UInt8(ascii: "{")) && path.contains("{{")
  }

  /// Whether what cannot be read at `location` is a manifest that a generator fills in: `template/package.json`.
  private static func isTemplate(_ folder: String, of location: String) -> Bool {
    location.hasPrefix(folder + "/package.json")
      && folder.split(separator: "/").contains { $0 == "template" || $0 == "templates" }
  }

  private static func isNodeManifest(_ name: Substring) -> Bool {
    name == "package.json" || name == "package.json5" || name.hasPrefix("next.config.")
  }

  private static let pythonManifests: Set<Substring> = [
    "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "pdm.lock",
    "pylock.toml",
  ]

  private static func isPythonManifest(_ name: Substring) -> Bool {
    pythonManifests.contains(name) || (name.hasPrefix("requirements") && name.hasSuffix(".txt"))
  }

  private static func hint(_ tree: ProjectTree) -> String? {
    if let template = tree.files.first(where: isTemplate) {
      return "\(ProjectTree.parent(template)) is a template: make a project from it first"
    }
    if let manifest = tree.files.first(where: { ProjectTree.name($0) == "package.json" }) {
      return "\(manifest) is here, but is not of an application with next"
    }
    if let source = tree.files.first(where: { $0.hasSuffix(".py") }) {
      return "there is Python code, such as \(source), but no FastAPI application was found in it"
    }
    return nil
  }

  /// Two services of one name would overwrite each other's image.
  private static func makeNamesUnique(_ services: inout [Service]) {
    var seen: Set<String> = []
    for index in services.indices {
      let name = services[index].name
      var candidate = name
      var number = 2
      if seen.contains(name), let folder = ServiceName.reduce(services[index].path) {
        candidate = "\(name)-\(folder)"
      }
      while !seen.insert(candidate).inserted {
        candidate = "\(name)-\(number)"
        number += 1
      }
      services[index].name = candidate
    }
  }
}
