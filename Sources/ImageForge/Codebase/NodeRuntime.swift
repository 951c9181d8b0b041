import ForgeBasics
import ForgeSyntax

/// Chooses the version of Node.js: what the project pins, else the newest maintained line that its `engines` and its
/// Next.js allow.
struct NodeRuntime {
  private(set) var runtime: Runtime
  private(set) var findings: [Finding] = []

  private enum Wish {
    case version(SemanticVersion)
    case range(SemanticRange)
    /// `lts/*`, `node`: whatever is newest.
    case any
  }

  init(_ manifest: NodeManifest, next: SemanticVersion?, folder: String, in tree: ProjectTree) {
    let releases = NodeReleases.table
    runtime = Runtime(
      name: .node, version: "\(releases.default)",
      source: "default: Node.js \(releases.default), the long-term support line")
    let minimum = next.flatMap(NextReleases.table.minimumNode)
    let engines = engines(manifest)

    for pin in Self.pins(manifest, folder, tree) {
      guard let wish = Self.wish(pin.text, releases) else {
        note(
          "FORGE-N021", .warning, "the Node.js version cannot be understood", pin.source, "write a number, such as 24")
        continue
      }
      guard choose(wish, pin.source, minimum, engines) else { continue }
      judge(minimum, engines, next)
      return
    }
    if let engines { _ = choose(.range(engines.range), engines.source, minimum, engines) }
    judge(minimum, engines, next)
  }

  /// Takes a version that fits the wish; false when the wish leaves it open.
  private mutating func choose(
    _ wish: Wish, _ source: String, _ minimum: SemanticVersion?, _ engines: (range: SemanticRange, source: String)?
  ) -> Bool {
    switch wish {
    case .any: return false
    case .version(let version):
      // As precise as it was written: 22, 22.20, 22.20.0.
      let text = version.description.split(separator: ".").prefix(version.precision).joined(separator: ".")
      runtime = Runtime(name: .node, version: text, source: source)
      return true
    case .range(let range):
      guard let major = Self.best(range, minimum, engines?.range) else {
        note(
          "FORGE-N022", .error, "no release of Node.js that forge knows satisfies the range", source,
          "ask for a maintained line, such as >=\(NodeReleases.table.default)")
        return false
      }
      runtime = Runtime(name: .node, version: "\(major)", source: source)
      return true
    }
  }

  /// The default line where it fits, else the newest maintained one that does, else the newest.
  private static func best(_ range: SemanticRange, _ minimum: SemanticVersion?, _ engines: SemanticRange?) -> Int? {
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
    _ minimum: SemanticVersion?, _ engines: (range: SemanticRange, source: String)?, _ next: SemanticVersion?
  ) {
    guard let version = SemanticVersion(runtime.version) else { return }
    let releases = NodeReleases.table
    let line = releases.lines.first { $0.major == version.major }
    if let line, !releases.isMaintained(line) {
      note(
        "FORGE-N020", .warning, "Node.js \(line.major) gets no security fixes since \(line.endOfLife)", runtime.source,
        "move to Node.js \(releases.default)")
    } else if line == nil {
      note(
        "FORGE-N020", .warning, "Node.js \(version.major) is not a long-term support line", runtime.source,
        "use Node.js \(releases.default)")
    }
    // The newest release of a line counts where only the line is named.
    let reach = version.precision == 3 ? version : SemanticVersion(version.major, 999)
    if let minimum, let next, reach < minimum {
      note(
        "FORGE-N023", .error, "Next.js \(next) needs Node.js \(minimum) or newer, and \(runtime.version) is pinned",
        runtime.source, "pin Node.js \(releases.default)")
    }
    if let engines, engines.source != runtime.source, version.precision == 3, !engines.range.contains(version) {
      note(
        "FORGE-N024", .warning, "Node.js \(runtime.version) is pinned, which engines.node (\(engines.source)) excludes",
        runtime.source, "make the two agree")
    } else if let engines, engines.source != runtime.source, !engines.range.allows(major: version.major) {
      note(
        "FORGE-N024", .warning, "Node.js \(runtime.version) is chosen, which engines.node (\(engines.source)) excludes",
        runtime.source, "make the two agree")
    }
  }

  private mutating func note(_ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String) {
    findings.append(Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }

  // MARK: Sources

  private mutating func engines(_ manifest: NodeManifest) -> (range: SemanticRange, source: String)? {
    guard let engines = manifest.text("engines", "node") else { return nil }
    guard let range = SemanticRange(engines.value), !range.intervals.isEmpty else {
      note(
        "FORGE-N021", .warning, "engines.node is not a range of versions", engines.source, "write >=20.9 or the like")
      return nil
    }
    return (range, engines.source)
  }

  /// What names a version outright, the strongest first.
  private static func pins(
    _ manifest: NodeManifest, _ folder: String, _ tree: ProjectTree
  ) -> [(text: String, source: String)] {
    var found: [(text: String, source: String)] = []
    // A file at the top of the repository counts for all below it.
    for place in folder == "." ? ["."] : [folder, "."] {
      for name in [".nvmrc", ".node-version"] {
        let path = ProjectTree.join(place, name)
        if let text = firstLine(path, tree, where: { _ in true }) { found.append((text.text, text.source)) }
      }
      let tools = firstLine(ProjectTree.join(place, ".tool-versions"), tree) {
        $0.hasPrefix("nodejs ") || $0.hasPrefix("node ")
      }
      if let tools, let version = tools.text.split(separator: " ").dropFirst().first {
        found.append((String(version), tools.source))
      }
    }
    if let volta = manifest.text("volta", "node") { found.append((volta.value, volta.source)) }
    return found
  }

  /// The first line of a file that is not empty, not a comment, and as wanted.
  private static func firstLine(
    _ path: String, _ tree: ProjectTree, where isWanted: (Substring) -> Bool
  ) -> (text: String, source: String)? {
    guard let source = try? tree.read(path, limit: 1 << 16) else { return nil }
    let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, row) in rows.enumerated() {
      let text = row.prefix { $0 != "#" }.trimmingPrefix { $0.isWhitespace }
      guard !text.isEmpty, isWanted(text) else { continue }
      let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
      return (String(text[..<end]), "\(path):\(index + 1)")
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
