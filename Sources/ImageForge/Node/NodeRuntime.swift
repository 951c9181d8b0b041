import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Chooses the version of Node.js: what the project pins, else the newest maintained line that its `engines` and its
/// Next.js allow.
struct NodeRuntime {
  private(set) var version: Fact<String>
  private(set) var findings: [Finding] = []
  /// What names the version; nil for the default.
  private var place: Place?
  private let releases = NodeReleases.table
  /// The lowest Node.js that the project's Next.js runs on.
  private let minimum: SemanticVersion?
  /// `engines.node` of the application, or else of its workspace's root.
  private var engines: Written<SemanticRange>?

  var runtime: Runtime {
    Runtime(name: .node, version: version.value, source: place?.description ?? defaultReason)
  }

  /// What a file asks for.
  private enum Request {
    case version(SemanticVersion)
    case range(SemanticRange)
    /// `lts/*`, `node`: whatever is newest.
    case any
  }

  /// - Parameters:
  ///   - manifests: of the application and, for a member, of the workspace's root.
  ///   - next: the version of Next.js, where it is known.
  init(_ manifests: [NodeManifest], pins: [NodePins.Pin], next: SemanticVersion?) {
    minimum = next.flatMap(NextReleases.table.minimumNode)
    version = .assumed("\(releases.default)", why: "")
    readEngines(manifests)
    choose(pins)
    explain(pins)
    checkSupport()
    checkMinimum(next)
    checkEngines()
    comparePins(pins)
  }

  private var defaultReason: String {
    "default: Node.js \(releases.default), the long-term support line"
  }

  // MARK: Choosing

  private mutating func readEngines(_ manifests: [NodeManifest]) {
    guard let text = manifests.lazy.compactMap({ $0.text("engines", "node") }).first else { return }
    guard let range = SemanticRange(text.value), !range.intervals.isEmpty else {
      findings.note(
        "FORGE-N021", .warning, "engines.node is not a range of versions", at: text.place,
        fix: "write >=20.9 or the like")
      return
    }
    engines = Written(range, at: text.place)
  }

  private mutating func choose(_ pins: [NodePins.Pin]) {
    for pin in pins {
      guard let request = request(pin.value) else {
        findings.note(
          "FORGE-N021", .warning, "the Node.js version cannot be understood", at: pin.place,
          fix: "write a number, such as 24")
        continue
      }
      if take(request, at: pin.place) { return }
    }
    if let engines { _ = take(.range(engines.value), at: engines.place) }
  }

  private func request(_ written: String) -> Request? {
    let text = written.lowercased()
    if ["node", "stable", "latest", "current", "lts", "lts/*", "*"].contains(text) { return .any }
    if text.hasPrefix("lts/") || text.hasPrefix("lts-") {
      let line = releases.lines.first { $0.name == String(text.dropFirst(4)) }
      return line.flatMap { SemanticVersion("\($0.major)") }.map(Request.version)
    }
    if let version = SemanticVersion(text), version.prerelease.isEmpty { return .version(version) }
    return SemanticRange(text).map(Request.range)
  }

  /// Takes a version that fits what is asked for; false when that leaves it open.
  private mutating func take(_ request: Request, at place: Place) -> Bool {
    switch request {
    case .any: return false
    case .version(let asked):
      // As precise as it was written: 22, 22.20, 22.20.0.
      let parts = asked.description.split(separator: ".").prefix(asked.precision)
      version.value = parts.joined(separator: ".")
    case .range(let range):
      guard let major = newestLine(in: range) else {
        findings.note(
          "FORGE-N022", .error, "no release of Node.js that forge knows satisfies the range",
          at: place, fix: "ask for a maintained line, such as >=\(releases.default)")
        return false
      }
      version.value = "\(major)"
    }
    self.place = place
    return true
  }

  /// The default line where it fits, else the newest maintained one that does, else the newest.
  private func newestLine(in range: SemanticRange) -> Int? {
    let fitting = releases.lines.filter { line in
      if let minimum, line.major < minimum.major { return false }
      if let engines, !engines.value.allows(major: line.major) { return false }
      return range.allows(major: line.major)
    }
    if fitting.contains(where: { $0.major == releases.default }) { return releases.default }
    let line = fitting.last(where: releases.isMaintained) ?? fitting.last
    return line?.major
  }

  private mutating func explain(_ pins: [NodePins.Pin]) {
    if let place {
      let isPin = pins.contains { $0.place == place }
      version = .certain(version.value, at: place, why: "pinned there")
      if !isPin {
        version.confidence = .likely
        version.why = "the newest maintained line that the range allows"
      }
    } else {
      version.why = defaultReason
    }
    version.alternatives = pins.filter { $0.place != place }.map {
      Conclusion.Alternative(value: DisplayText.escape($0.value), at: $0.place)
    }
    if let engines, engines.place != place { version.evidence.append(engines.place) }
  }

  // MARK: What is wrong with it

  private mutating func checkSupport() {
    guard let major = SemanticVersion(version.value)?.major else { return }
    guard let line = releases.lines.first(where: { $0.major == major }) else {
      findings.note(
        "FORGE-N020", .warning, "Node.js \(major) is not a long-term support line", at: place,
        fix: "use Node.js \(releases.default)")
      return
    }
    guard !releases.isMaintained(line) else { return }
    findings.note(
      "FORGE-N020", .warning, "Node.js \(major) gets no security fixes since \(line.endOfLife)",
      at: place, fix: "move to Node.js \(releases.default)")
  }

  private mutating func checkMinimum(_ next: SemanticVersion?) {
    guard let minimum, let next, let chosen = SemanticVersion(version.value) else { return }
    // The newest release of a line counts where only the line is named.
    let newest = chosen.precision == 3 ? chosen : SemanticVersion(chosen.major, 999)
    guard newest < minimum else { return }
    findings.note(
      "FORGE-N023", .error,
      "Next.js \(next) needs Node.js \(minimum) or newer, and \(version.value) is pinned",
      at: place, fix: "pin Node.js \(releases.default)")
  }

  private mutating func checkEngines() {
    guard let engines, engines.place != place, let chosen = SemanticVersion(version.value) else {
      return
    }
    let verb: String
    if chosen.precision == 3, !engines.value.contains(chosen) {
      verb = "pinned"
    } else if !engines.value.allows(major: chosen.major) {
      verb = "chosen"
    } else {
      return
    }
    findings.note(
      "FORGE-N024", .warning,
      "Node.js \(version.value) is \(verb), which engines.node (\(engines.place)) excludes",
      at: place ?? engines.place, fix: "make the two agree")
  }

  /// Two pins of different lines: somebody works with another Node.js than the image has.
  private mutating func comparePins(_ pins: [NodePins.Pin]) {
    guard let place, let chosen = SemanticVersion(version.value) else { return }
    for pin in pins where pin.place != place {
      guard case .version(let other)? = request(pin.value), other.major != chosen.major else {
        continue
      }
      let finding = findings.note(
        "FORGE-N025", .warning,
        "two places pin different lines of Node.js: \(chosen.major) and \(other.major); "
          + "\(version.value) is taken",
        at: pin.place, fix: "bring it into line with \(place)")
      version.doubt(finding)
      return
    }
  }
}
