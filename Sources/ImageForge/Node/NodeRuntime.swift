import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Chooses the version of Node.js: what the project pins, else the newest maintained line that its `engines` and its
/// Next.js allow.
struct NodeRuntime {
  private(set) var runtime: Runtime
  private(set) var conclusion = Conclusion("runtime.version", nil, .assumed, why: "")
  private(set) var findings: [Finding] = []

  private enum Wish {
    case version(SemanticVersion)
    case range(SemanticRange)
    /// `lts/*`, `node`: whatever is newest.
    case any
  }

  /// - Parameter rootManifest: the `package.json` of the workspace's root, for a member.
  init(
    _ manifest: NodeManifest, rootManifest: NodeManifest? = nil, next: SemanticVersion?,
    folder: String,
    in tree: ProjectTree
  ) {
    let releases = NodeReleases.table
    runtime = Runtime(
      name: .node, version: "\(releases.default)",
      source: "default: Node.js \(releases.default), the long-term support line")
    let minimum = next.flatMap(NextReleases.table.minimumNode)
    let engines = engines([manifest, rootManifest].compactMap(\.self))
    let pins = NodePins.find(manifest, rootManifest, folder, tree)
    decide(pins, minimum, engines)
    judge(minimum, engines, next)
    compare(pins)
    conclude(pins, engines)
  }

  private mutating func decide(
    _ pins: [NodePins.Pin], _ minimum: SemanticVersion?,
    _ engines: (range: SemanticRange, source: String)?
  ) {
    for pin in pins {
      guard let wish = Self.wish(pin.text, NodeReleases.table) else {
        note(
          "FORGE-N021", .warning, "the Node.js version cannot be understood", pin.source,
          "write a number, such as 24")
        continue
      }
      if choose(wish, pin.source, minimum, engines) { return }
    }
    if let engines { _ = choose(.range(engines.range), engines.source, minimum, engines) }
  }

  /// Two pins of different lines: somebody works with another Node.js than the image has.
  private mutating func compare(_ pins: [NodePins.Pin]) {
    guard let chosen = SemanticVersion(runtime.version) else { return }
    for pin in pins where pin.source != runtime.source {
      guard case .version(let other)? = Self.wish(pin.text, NodeReleases.table),
        other.major != chosen.major
      else {
        continue
      }
      return note(
        "FORGE-N025", .warning,
        "two places pin different lines of Node.js: \(chosen.major) and \(other.major); \(runtime.version) is taken",
        pin.source, "bring it into line with \(runtime.source)")
    }
  }

  private mutating func conclude(
    _ pins: [NodePins.Pin], _ engines: (range: SemanticRange, source: String)?
  ) {
    let isDefault = runtime.source.hasPrefix("default:")
    let isPin = pins.contains { $0.source == runtime.source }
    conclusion = Conclusion(
      "runtime.version", runtime.version, isDefault ? .assumed : isPin ? .certain : .likely,
      evidence: isDefault ? [] : [runtime.source],
      alternatives: pins.filter { $0.source != runtime.source }.map {
        Conclusion.Alternative(value: DisplayText.escape($0.text), source: $0.source)
      },
      why: isDefault
        ? runtime.source
        : isPin ? "pinned there" : "the newest maintained line that the range allows")
    if let engines, engines.source != runtime.source { conclusion.evidence.append(engines.source) }
  }

  /// Takes a version that fits the wish; false when the wish leaves it open.
  private mutating func choose(
    _ wish: Wish, _ source: String, _ minimum: SemanticVersion?,
    _ engines: (range: SemanticRange, source: String)?
  ) -> Bool {
    switch wish {
    case .any: return false
    case .version(let version):
      // As precise as it was written: 22, 22.20, 22.20.0.
      let text = version.description.split(separator: ".").prefix(version.precision).joined(
        separator: ".")
      runtime = Runtime(name: .node, version: text, source: source)
      return true
    case .range(let range):
      guard let major = Self.best(range, minimum, engines?.range) else {
        note(
          "FORGE-N022", .error, "no release of Node.js that forge knows satisfies the range",
          source,
          "ask for a maintained line, such as >=\(NodeReleases.table.default)")
        return false
      }
      runtime = Runtime(name: .node, version: "\(major)", source: source)
      return true
    }
  }

  /// The default line where it fits, else the newest maintained one that does, else the newest.
  private static func best(
    _ range: SemanticRange, _ minimum: SemanticVersion?, _ engines: SemanticRange?
  ) -> Int? {
    let releases = NodeReleases.table
    let fitting = releases.lines.filter { line in
      range.allows(major: line.major) && engines?.allows(major: line.major) != false
        && minimum.map { $0.major <= line.major } != false
    }
    if fitting.contains(where: { $0.major == releases.default }) { return releases.default }
    return (fitting.last(where: releases.isMaintained) ?? fitting.last)?.major
  }

  /// Says what is wrong with the version that was chosen.
  private mutating func judge(
    _ minimum: SemanticVersion?, _ engines: (range: SemanticRange, source: String)?,
    _ next: SemanticVersion?
  ) {
    guard let version = SemanticVersion(runtime.version) else { return }
    let releases = NodeReleases.table
    let line = releases.lines.first { $0.major == version.major }
    if let line, !releases.isMaintained(line) {
      note(
        "FORGE-N020", .warning,
        "Node.js \(line.major) gets no security fixes since \(line.endOfLife)", runtime.source,
        "move to Node.js \(releases.default)")
    } else if line == nil {
      note(
        "FORGE-N020", .warning, "Node.js \(version.major) is not a long-term support line",
        runtime.source,
        "use Node.js \(releases.default)")
    }
    // The newest release of a line counts where only the line is named.
    let reach = version.precision == 3 ? version : SemanticVersion(version.major, 999)
    if let minimum, let next, reach < minimum {
      note(
        "FORGE-N023", .error,
        "Next.js \(next) needs Node.js \(minimum) or newer, and \(runtime.version) is pinned",
        runtime.source, "pin Node.js \(releases.default)")
    }
    if let engines, engines.source != runtime.source, version.precision == 3,
      !engines.range.contains(version)
    {
      note(
        "FORGE-N024", .warning,
        "Node.js \(runtime.version) is pinned, which engines.node (\(engines.source)) excludes",
        runtime.source, "make the two agree")
    } else if let engines, engines.source != runtime.source,
      !engines.range.allows(major: version.major)
    {
      note(
        "FORGE-N024", .warning,
        "Node.js \(runtime.version) is chosen, which engines.node (\(engines.source)) excludes",
        runtime.source, "make the two agree")
    }
  }

  private mutating func note(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    findings.append(
      Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }

  // MARK: Sources

  /// `engines.node` of the application, or else of its workspace's root.
  private mutating func engines(_ manifests: [NodeManifest]) -> (
    range: SemanticRange, source: String
  )? {
    for manifest in manifests {
      guard let engines = manifest.text("engines", "node") else { continue }
      guard let range = SemanticRange(engines.value), !range.intervals.isEmpty else {
        note(
          "FORGE-N021", .warning, "engines.node is not a range of versions", engines.source,
          "write >=20.9 or the like")
        return nil
      }
      return (range, engines.source)
    }
    return nil
  }

  private static func wish(_ text: String, _ releases: NodeReleases) -> Wish? {
    let text = text.lowercased()
    if ["node", "stable", "latest", "current", "lts", "lts/*", "*"].contains(text) { return .any }
    if text.hasPrefix("lts/") || text.hasPrefix("lts-") {
      return releases.lines.first { $0.name == String(text.dropFirst(4)) }.map {
        .version(SemanticVersion("\($0.major)") ?? SemanticVersion($0.major))
      }
    }
    if let version = SemanticVersion(text), version.prerelease.isEmpty { return .version(version) }
    return SemanticRange(text).map { .range($0) }
  }
}
