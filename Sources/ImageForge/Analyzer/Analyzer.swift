import ForgeBasics
import ForgeCodebase
import ForgeFindings
import Foundation

/// Reads a codebase. Nothing of it is ever executed.
public enum Analyzer {
  /// The most findings on templates.
  private static let maximumTemplates = 100

  /// What is in the folder at `path`.
  /// - Throws: `AnalysisError`.
  public static func analyze(_ path: String) throws -> Analysis {
    let place = AnalysisPlace(path)
    let tree = try ProjectTree(walking: place.root)
    let settings = try ServiceSettings(in: tree, at: place.folder)
    let detector = ServiceDetector(
      in: tree, below: place.folder, declared: settings.entrypoints)
    var services = detector.services
    guard !services.isEmpty else {
      if let failure = detector.failures.first { throw failure }
      throw AnalysisError.noService(path: path, hint: detector.hint)
    }
    services.sort(by: stands)
    makeNamesUnique(&services)
    services = services.map { WorkspaceInputs.add(to: $0, in: tree) }
    try settings.apply(to: &services, of: place.folder)
    makeNamesUnique(&services)
    let links = ServiceLinks(services, in: tree)
    var findings = tree.findings + detector.findings.prefix(maximumTemplates)
    findings += DataFiles.findings(in: tree)
    findings.removeAll { !place.concerns($0) }
    if let shared = sharedFolder(services) { findings.append(shared) }
    return Analysis(
      root: place.root, services: services, links: links.links, findings: findings + links.findings)
  }

  /// The folder that an analysis of the one at `path` walks, and that the paths in it start from: the folder itself, or
  /// the root of the workspace that it is a member of.
  public static func root(of path: String) -> String { AnalysisPlace(path).root }

  /// By path, then by kind.
  private static func stands(_ a: Service, before b: Service) -> Bool {
    if a.path != b.path { return ProjectTree.precedes(a.path, b.path) }
    return a.kind.rawValue < b.kind.rawValue
  }

  private static func sharedFolder(_ services: [Service]) -> Finding? {
    guard let (one, other) = Analysis.sharing(services) else { return nil }
    return Finding(
      id: "FORGE-T009", severity: .warning,
      message:
        "\(one.name) and \(other.name) share a folder, which can hold the Dockerfile of one: "
        + "neither is built",
      at: .source(file: one.path),
      fix:
        "leave one out in forge.yaml: `services: {\(other.name): {exclude: true}}`, or give it a "
        + "folder of its own")
  }

  /// Two services of one name would overwrite each other's image.
  private static func makeNamesUnique(_ services: inout [Service]) {
    var seen: Set<String> = []
    for index in services.indices {
      let name = services[index].name
      var candidate = name
      if seen.contains(name), let folder = ServiceName.reduce(services[index].path) {
        candidate = "\(name)-\(folder)"
      }
      var number = 2
      while !seen.insert(candidate).inserted {
        candidate = "\(name)-\(number)"
        number += 1
      }
      services[index].name = candidate
    }
  }
}
