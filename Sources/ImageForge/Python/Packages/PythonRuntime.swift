import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Chooses the Python that the image will have.
struct PythonRuntime {
  /// The minor versions that recipes offer, and the end of their support.
  private static let offered = 11...14
  /// The minor version that is taken where nothing asks for another.
  private static let preferred = 13
  /// Last month of security fixes (devguide.python.org/versions), for versions that projects still ask for.
  private static let endOfLife = [7: "2023-06", 8: "2024-10", 9: "2025-10", 10: "2026-10"]

  private struct Pin {
    let minor: Int
    let place: Place
    /// As written.
    let text: String

    /// `3.14t`.
    var wantsFreeThreads: Bool { text.hasSuffix("t") && text.dropLast().last?.isNumber == true }
  }

  /// What a manifest allows.
  private struct Range {
    let set: VersionSpecifier
    /// As written.
    let text: String
    let place: Place
  }

  /// A version, and what asks for it; nil for the default.
  private struct Choice {
    let minor: Int
    let place: Place?
  }

  private(set) var findings: [Finding] = []
  /// Findings that leave open which version is meant.
  private var doubts: [Finding] = []
  private let manifest: PythonManifest?
  private var ranges: [Range] = []
  private var choice = Choice(minor: preferred, place: nil)
  /// What asks for versions that the chosen one does not satisfy.
  private var alternatives: [Conclusion.Alternative] = []

  init(_ manifest: PythonManifest?, folder: String, in tree: ProjectTree) {
    self.manifest = manifest
    readRanges()
    var pins = pins(folder, in: tree)
    if pins.isEmpty, let image = Self.dockerfilePin(folder, in: tree) { pins = [image] }
    comparePins(pins)
    choice = choose(pins.first)
    let asked =
      pins.map { Written($0.text, at: $0.place) }
      + ranges.map { Written(DisplayText.escape($0.text), at: $0.place) }
    let others = asked.filter {
      VersionSpecifier($0.value)?.allowsMinor(3, choice.minor) != true && $0.place != choice.place
    }
    alternatives = others.map { Conclusion.Alternative(value: $0.value, at: $0.place) }
  }

  var version: Fact<String> {
    var fact = Fact.assumed("3.\(choice.minor)", why: Self.defaultReason)
    if let place = choice.place {
      fact = .certain(fact.value, at: place)
      fact.alternatives = alternatives
      // A range leaves a choice; a version file does not.
      if place == manifest?.managerPlace || ranges.contains(where: { $0.place == place }) {
        fact.confidence = .likely
        fact.why = "the version that most packages are published for, within that range"
      }
    }
    for doubt in doubts { fact.doubt(doubt) }
    return fact
  }

  var runtime: Runtime {
    Runtime(
      name: .python, version: "3.\(choice.minor)",
      source: choice.place?.description ?? Self.defaultReason)
  }

  private static let defaultReason = "default: Python 3.\(preferred)"

  // MARK: Choosing

  private mutating func readRanges() {
    for range in manifest?.pythonRanges ?? [] {
      if let set = VersionSpecifier(range.value) {
        ranges.append(Range(set: set, text: range.value, place: range.place))
        continue
      }
      let text = DisplayText.escape(String(range.value.prefix(80)))
      findings.note(
        "FORGE-P037", .warning, "\"\(text)\" is no range of versions; it was passed over",
        at: range.place, fix: "write it as `>=3.12` or `>=3.12,<4`")
    }
  }

  private func isAllowed(_ minor: Int) -> Bool {
    ranges.allSatisfy { $0.set.allowsMinor(3, minor) }
  }

  private mutating func comparePins(_ pins: [Pin]) {
    guard let first = pins.first, let other = pins.first(where: { $0.minor != first.minor }) else {
      return
    }
    doubt(
      Finding(
        id: "FORGE-P030", severity: .warning,
        message: "two files ask for different Pythons: \(first.text) and \(other.text); "
          + "\(first.text) is taken",
        at: other.place, fix: "keep one of them"))
  }

  private mutating func choose(_ pin: Pin?) -> Choice {
    if let pin {
      if !Self.offered.contains(pin.minor) {
        doubt(Self.notOffered(pin.minor, at: pin.place))
      } else if let range = ranges.first(where: { !$0.set.allowsMinor(3, pin.minor) }) {
        doubt(Self.contradiction(pin, range))
      } else {
        if pin.wantsFreeThreads { doubt(Self.freeThreads(pin)) }
        return Choice(minor: pin.minor, place: pin.place)
      }
    }
    if let choice = choosePublished() { return choice }
    if isAllowed(Self.preferred) {
      return Choice(minor: Self.preferred, place: ranges.first?.place)
    }
    if let newest = Self.offered.reversed().first(where: isAllowed),
      let range = ranges.first(where: { !$0.set.allowsMinor(3, Self.preferred) })
    {
      return Choice(minor: newest, place: range.place)
    }
    return chooseNearest(refused: pin?.minor)
  }

  /// Nothing that is offered satisfies the project: the nearest, and an error that says so.
  /// - Parameter refused: the version of which a finding has said already that it is not offered.
  private mutating func chooseNearest(refused: Int?) -> Choice {
    guard let first = ranges.first else { return Choice(minor: Self.preferred, place: nil) }
    let wanted = (0...40).reversed().first(where: isAllowed)
    let narrow = ranges.first { range in
      !Self.offered.contains { range.set.allowsMinor(3, $0) }
    }
    let place = (narrow ?? first).place
    guard let wanted else {
      let texts = ranges.map { DisplayText.escape($0.text) }
      doubt(
        Finding(
          id: "FORGE-P032", severity: .error,
          message: "no Python satisfies " + texts.joined(separator: " and "), at: place,
          fix: "bring the constraints into line"))
      return Choice(minor: Self.preferred, place: first.place)
    }
    if wanted != refused { doubt(Self.notOffered(wanted, at: place)) }
    let isNewer = wanted > Self.offered.upperBound
    return Choice(
      minor: isNewer ? Self.offered.upperBound : Self.offered.lowerBound, place: first.place)
  }

  private mutating func doubt(_ finding: Finding) {
    findings.append(finding)
    doubts.append(finding)
  }

  // MARK: Wheels

  private mutating func choosePublished() -> Choice? {
    guard let minor = published(), minor != Self.preferred, let lock = manifest?.managerPlace
    else { return nil }
    findings.note(
      "FORGE-P036", .info,
      "Python 3.\(minor) is taken: the lockfile lists no wheels of some packages for newer ones",
      at: lock, fix: "write .python-version, or lock newer versions of the packages")
    return Choice(minor: minor, place: lock)
  }

  /// The offered version for which most of the locked packages have a wheel; of several the preferred, then the newest.
  /// Nil where no package of the lockfile is compiled.
  private func published() -> Int? {
    let packages = manifest?.lockfile?.packages.values.map(\.self) ?? []
    let compiled = packages.filter { package in
      package.isMain && package.wheels.contains { $0.contains("manylinux") }
        && !package.wheels.contains { $0.hasSuffix("-any.whl") }
    }
    guard !compiled.isEmpty else { return nil }
    let older = Self.offered.filter { $0 < Self.preferred }.reversed()
    let newer = Self.offered.filter { $0 > Self.preferred }
    let counts = ([Self.preferred] + older + newer).filter(isAllowed).map { minor in
      let published = compiled.count {
        PythonWheel.libcs($0.wheels, python: "3.\(minor)").contains(.glibc)
      }
      return (minor: minor, count: published)
    }
    guard let most = counts.map(\.count).max() else { return nil }
    return counts.first { $0.count == most }?.minor
  }

  // MARK: Findings

  private static func contradiction(_ pin: Pin, _ range: Range) -> Finding {
    Finding(
      id: "FORGE-P031", severity: .warning,
      message: "Python \(pin.text) is not in \(DisplayText.escape(range.text)), which "
        + "\(range.place) demands",
      at: pin.place, fix: "bring the two into line")
  }

  /// `FROM python:3.12-slim` of the service's own Dockerfile.
  private static func dockerfilePin(_ folder: String, in tree: ProjectTree) -> Pin? {
    for name in ["Dockerfile", "Dockerfile.prod", "Containerfile", "docker/Dockerfile"] {
      guard let source = tree.source(ProjectTree.join(folder, name)) else { continue }
      for (index, row) in source.text.split(
        omittingEmptySubsequences: false, whereSeparator: \.isNewline
      ).enumerated()
        .prefix(2_000) where row.uppercased().hasPrefix("FROM ")
      {
        let image = row.split(separator: " ").dropFirst().first { !$0.hasPrefix("--") } ?? ""
        guard let colon = image.lastIndex(of: ":"),
          image[..<colon].split(separator: "/").last == "python"
        else {
          continue
        }
        let tag = String(image[image.index(after: colon)...].prefix { $0.isNumber || $0 == "." })
        guard let minor = minor(tag) else { continue }
        return Pin(
          minor: minor, place: source.place(line: index + 1), text: DisplayText.escape(tag))
      }
    }
    return nil
  }

  private static func otherPython(_ text: String, at place: Place) -> Finding {
    Finding(
      id: "FORGE-P035", severity: .warning,
      message:
        "\"\(DisplayText.escape(text))\" is no version of CPython 3, which the base images have",
      at: place,
      fix:
        "write the minor version, such as 3.\(preferred), or give a base image of your own with --base IMAGE"
    )
  }

  private static func freeThreads(_ pin: Pin) -> Finding {
    Finding(
      id: "FORGE-P034", severity: .warning,
      message:
        "\(pin.text) is the build without the global lock, which the base images do not have; 3.\(pin.minor) is "
        + "taken",
      at: pin.place,
      fix: "ask for 3.\(pin.minor), or give a base image of your own with --base IMAGE")
  }

  private static func notOffered(_ minor: Int, at place: Place) -> Finding {
    var reason = "is not known to this version of forge"
    if let month = endOfLife[minor] {
      reason = "has had no security fixes since \(month)"
    } else if minor < offered.lowerBound {
      reason = "has had no security fixes for years"
    }
    return Finding(
      id: "FORGE-P033", severity: .error, message: "Python 3.\(minor) \(reason)",
      at: place, fix: "move to Python 3.\(preferred)")
  }

  // MARK: Files that pin

  /// What version files ask for, the one that rules first: the service's own before those above it.
  private mutating func pins(_ folder: String, in tree: ProjectTree) -> [Pin] {
    var pins: [Pin] = []
    for current in ProjectTree.foldersUpwards(from: folder) {
      for (name, read) in Self.readers {
        let path = ProjectTree.join(current, name)
        guard let source = tree.source(path), let (text, line) = read(source.text) else { continue }
        let place = source.place(line: line)
        guard let minor = Self.minor(text) else {
          doubt(Self.otherPython(text, at: place))
          continue
        }
        pins.append(Pin(minor: minor, place: place, text: DisplayText.escape(text)))
      }
      if !pins.isEmpty { break }
    }
    return pins
  }

  private static let readers: [(String, @Sendable (String) -> (String, Int)?)] = [
    (".python-version", { firstLine($0) { $0 } }),
    (".tool-versions", { firstLine($0) { $0.hasPrefix("python ") ? $0.dropFirst(7) : nil } }),
    (
      "mise.toml",
      { firstLine($0) { $0.hasPrefix("python") && $0.contains("=") ? $0.drop { $0 != "=" } : nil } }
    ),
    ("runtime.txt", { firstLine($0) { $0.hasPrefix("python-") ? $0.dropFirst(7) : nil } }),
  ]

  private static func firstLine(_ text: String, _ pick: (Substring) -> Substring?) -> (String, Int)?
  {
    for (index, row) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let row = row.drop { $0 == " " || $0 == "\t" }
      guard !row.isEmpty, row.first != "#", let found = pick(row) else { continue }
      return (String(found.prefix(40).filter { !"=\"' ".contains($0) }), index + 1)
    }
    return nil
  }

  /// `3.12.4`, `cpython@3.12`, `python-3.12`, `3.14t`: 12, 12, 12, 14. Nil for other Pythons.
  private static func minor(_ text: String) -> Int? {
    let bare = text.split(whereSeparator: { "@-".contains($0) })
    guard !text.hasPrefix("pypy"), !text.hasPrefix("graalpy"),
      let version = bare.first(where: { $0.first?.isNumber == true }),
      let numbers = VersionSpecifier.numbers(version), numbers.count >= 2, numbers[0] == 3,
      numbers[1] < 100
    else { return nil }
    return numbers[1]
  }
}
