import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Where `server.js` lands below `<distDir>/standalone`: at the application's path as seen from the folder that Next.js
/// traces files from. Only what the image's build sees counts, which is `top` and what lies below it.
struct NextTracing {
  private(set) var server = "server.js"
  private(set) var conclusion: Conclusion
  private(set) var findings: [Finding] = []

  private static let lockfiles = [
    "pnpm-lock.yaml", "package-lock.json", "yarn.lock", "bun.lock", "bun.lockb",
  ]
  /// From here on the highest lockfile counts, before it the nearest.
  private static let highest = SemanticVersion(15, 3)

  init(
    _ folder: String, top: String, version: SemanticVersion?, _ config: NextConfig,
    in tree: ProjectTree
  ) {
    conclusion = Conclusion(
      "next.standaloneServer", server, .likely,
      why: "the application's folder is the root of what is built")
    if let root = config.settings.tracingRoot {
      let place = config.places["outputFileTracingRoot"] ?? (config.file ?? "") + ":1"
      guard let member = ProjectPath.relative(folder, to: root),
        ProjectPath.relative(root, to: top) != nil
      else {
        findings.append(
          Finding(
            id: "FORGE-N040", severity: .warning,
            message:
              "outputFileTracingRoot names a folder that the image's build does not see: \(root)",
            location: place, fix: "leave it out, or build from that folder"))
        return
      }
      settle(member, evidence: [place], .certain, "outputFileTracingRoot says what is traced from")
      return
    }
    if let doubt = config.doubts["outputFileTracingRoot"] {
      conclusion.confidence = .unknown
      conclusion.why = doubt
    }
    let found = Self.locked(folder, top: top, tree)
    guard let nearest = found.first, let last = found.last else { return }
    let takesHighest = version.map { Self.highest <= $0 } ?? true
    let root = takesHighest ? last : nearest
    guard let member = ProjectPath.relative(folder, to: root.folder) else { return }
    settle(
      member, evidence: [root.file + ":1"], .likely,
      "Next.js traces from the folder of the \(takesHighest ? "highest" : "nearest") lockfile")
    guard found.count > 1 else { return }
    conclusion.alternatives = found.filter { $0.file != root.file }.map { other in
      let member = ProjectPath.relative(folder, to: other.folder) ?? "."
      return Conclusion.Alternative(
        value: ProjectTree.join(member, "server.js"), source: other.file + ":1")
    }
    findings.append(
      Finding(
        id: "FORGE-N027", severity: .warning,
        message:
          "there are lockfiles in several folders above one another: where server.js lands hangs on them",
        location: nearest.file + ":1", fix: "delete the one that is not the workspace's"))
  }

  private mutating func settle(
    _ member: String, evidence: [String], _ confidence: Conclusion.Confidence, _ why: String
  ) {
    server = ProjectTree.join(member, "server.js")
    conclusion = Conclusion(
      "next.standaloneServer", server, confidence, evidence: evidence, why: why)
  }

  /// The folders with a lockfile, from the application upwards.
  private static func locked(_ folder: String, top: String, _ tree: ProjectTree) -> [(
    folder: String, file: String
  )] {
    var found: [(folder: String, file: String)] = []
    var place = folder
    while true {
      if let name = lockfiles.first(where: { tree.hasFile(ProjectTree.join(place, $0)) }) {
        found.append((place, ProjectTree.join(place, name)))
      }
      if place == top || place == "." { return found }
      place = ProjectTree.parent(place)
    }
  }
}
