import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The version of Next.js that will be installed: from the lockfile, else the lowest that the manifest allows.
struct NextVersion {
  let fact: Fact<String?>
  let version: SemanticVersion?
  /// What says it: the lockfile, or the manifest.
  let place: Place
  /// A range without a lockfile installs the newest version of it, not the lowest.
  private let isPinned: Bool

  init(requested: Written<String>, locked: Written<String>?) {
    isPinned = locked != nil || SemanticVersion(requested.value)?.precision == 3
    place = locked?.place ?? requested.place
    var fact: Fact<String?>
    if let locked {
      fact = Fact(
        locked.value, .certain, evidence: [locked.place, requested.place],
        why: "the lockfile pins it")
    } else {
      fact = Self.lowest(requested)
    }
    let asked = DisplayText.escape(requested.value)
    if asked != fact.value {
      fact.alternatives = [Conclusion.Alternative(value: asked, at: requested.place)]
    }
    self.fact = fact
    version = fact.value.flatMap { SemanticVersion($0) }
  }

  var framework: Framework {
    Framework(name: "next", version: fact.value, source: place.description)
  }

  private static func lowest(_ requested: Written<String>) -> Fact<String?> {
    let range = SemanticRange(requested.value)
    var lowest = range?.intervals.isEmpty == false ? range?.lowest : nil
    // `latest` and `*` bound nothing.
    if lowest?.major == 0 { lowest = nil }
    guard let version = lowest ?? SemanticVersion(requested.value) else {
      return Fact(
        nil, .unknown, evidence: [requested.place],
        why: "no lockfile pins it, and what the manifest asks for has no lower bound")
    }
    return Fact(
      version.description, .likely, evidence: [requested.place],
      why: "the lowest version that the manifest allows: no lockfile pins one")
  }

  // MARK: Vulnerabilities

  /// The vulnerabilities of the version, as one finding: one update fixes them all.
  func vulnerabilities(router: NextFacts.Router?, folder: String, in tree: ProjectTree) -> [Finding]
  {
    guard isPinned, let version else { return [] }
    let concerning = NextReleases.table.vulnerable.filter { known in
      guard let file = known.file else { return true }
      // Since Next.js 16 `proxy` does what `middleware` did.
      let names = file == "middleware" ? [file, "proxy"] : [file]
      return names.contains { Self.hasSource($0, in: folder, tree) }
    }
    func isOpen(_ known: NextReleases.Vulnerability) -> Bool {
      guard let affected = known.router else { return true }
      return router == affected || router == .both
    }
    let found = concerning.filter { $0.fix(for: version) != nil }
    // The worst stands first in the table.
    guard let worst = found.first(where: isOpen) ?? found.first else { return [] }
    var message = "Next.js \(version) has \(worst.id): \(worst.title)"
    let others = found.filter { $0.id != worst.id }.map(\.id)
    if !others.isEmpty { message += "; and \(others.joined(separator: ", "))" }
    let fixed = NextReleases.table.fixed(version, of: concerning)
    return [
      Finding(
        id: "FORGE-N001", severity: isOpen(worst) ? .error : .warning, message: message, at: place,
        fix: "update next to \(fixed) or newer, and build again")
    ]
  }

  private static func hasSource(_ name: String, in folder: String, _ tree: ProjectTree) -> Bool {
    ["", "src/"].contains { prefix in
      ["ts", "js", "mjs", "tsx", "jsx"].contains { ending in
        tree.hasFile(ProjectTree.join(folder, "\(prefix)\(name).\(ending)"))
      }
    }
  }
}
