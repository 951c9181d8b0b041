import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Chooses the Python that the image will have.
package struct PythonRuntime {
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
    /// Where one release alone will do.
    var patch: Int?
    let place: Place?
    /// By which rule it follows from that place, where it is not written there.
    var why: String?

    var text: String { patch.map { "3.\(minor).\($0)" } ?? "3.\(minor)" }
  }

  package private(set) var findings: [Finding] = []
  /// Findings that leave open which version is meant.
  private var doubts: [Finding] = []
  private let manifest: PythonManifest?
  private let releases = PythonReleases.table
  private let wheels: LockedWheels
  private var ranges: [Range] = []
  /// What the service's Dockerfile is made from.
  private var image: PythonPin?
  private var choice = Choice(minor: PythonReleases.table.default, place: nil)
  /// What asks for versions that the chosen one does not satisfy.
  private var alternatives: [Conclusion.Alternative] = []

  package init(_ manifest: PythonManifest?, folder: String, in tree: ProjectTree) {
    self.manifest = manifest
    wheels = LockedWheels(manifest?.lockfile)
    readRanges()
    let read = PythonPins(folder, in: tree)
    let pins = read.pins
    for finding in read.findings { doubt(finding) }
    comparePins(pins)
    image = read.image
    choice = choose(pins.first)
    noteRelease(pins.first)
    noteMissingWheels()
    let asked =
      pins.map { Written($0.text, at: $0.place) }
      + ranges.map { Written(DisplayText.escape($0.text), at: $0.place) }
    let others = asked.filter { asked in
      let isSame = "\(asked.value).".hasPrefix("3.\(choice.minor).")
      let isMet = VersionSpecifier(asked.value).map { allows(choice.minor, by: [$0]) }
      return !isSame && isMet != true && asked.place != choice.place
    }
    alternatives = others.map { Conclusion.Alternative(value: $0.value, at: $0.place) }
  }

  package var version: Fact<String> {
    var fact = Fact.assumed(choice.text, why: defaultReason)
    if let place = choice.place {
      fact = .certain(fact.value, at: place)
      fact.alternatives = alternatives
      if let why = choice.why {
        fact.confidence = .likely
        fact.why = why
      }
    }
    for doubt in doubts { fact.doubt(doubt) }
    return fact
  }

  package var minor: Int { choice.minor }

  package var runtime: Runtime {
    Runtime(
      name: .python, version: choice.text, source: choice.place?.description ?? defaultReason)
  }

  private var defaultReason: String { "default: Python 3.\(releases.default)" }

  // MARK: Ranges

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

  /// Beyond the number of any release: what allows it allows the newest.
  private static let newestPatch = 999
  /// No minor version had so many releases.
  private static let mostPatches = 60

  /// Whether the newest release of a minor version is allowed.
  private func allows(_ minor: Int, by sets: [VersionSpecifier]) -> Bool {
    sets.allSatisfy { $0.allows([3, minor, Self.newestPatch]) }
  }

  private func isAllowed(_ minor: Int) -> Bool { allows(minor, by: ranges.map(\.set)) }

  /// The newest release of a minor version that is allowed where its newest is not: `==3.12.4`. Nil for none.
  private func onlyPatch(_ minor: Int) -> Int? {
    guard !isAllowed(minor) else { return nil }
    return (0...Self.mostPatches).reversed().first { patch in
      ranges.allSatisfy { $0.set.allows([3, minor, patch]) }
    }
  }

  /// The first range that leaves no release of a minor version.
  private func range(against minor: Int) -> Range? {
    ranges.first { range in
      !allows(minor, by: [range.set])
        && !(0...Self.mostPatches).contains { range.set.allows([3, minor, $0]) }
    }
  }

  // MARK: Choosing

  private mutating func comparePins(_ pins: [PythonPin]) {
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

  private mutating func choose(_ pin: PythonPin?) -> Choice {
    if let pin, releases.offered.contains(pin.minor) {
      if let range = range(against: pin.minor) {
        doubt(Self.contradiction(pin, range))
      } else {
        if pin.wantsFreeThreads { doubt(Self.freeThreads(pin)) }
        return Choice(minor: pin.minor, patch: onlyPatch(pin.minor), place: pin.place)
      }
    } else if let pin {
      if let choice = chooseRetired() ?? chooseLocked(for: pin.minor) { return choice }
      let choice = chooseInstead(of: pin)
      doubt(notOffered(pin.minor, at: pin.place, taken: choice))
      return choice
    }
    if let choice = choosePublished() ?? chooseClassified() { return choice }
    if isAllowed(releases.default) {
      return Choice(
        minor: releases.default, place: ranges.first?.place,
        why: ranges.isEmpty ? nil : Self.usual)
    }
    if let newest = releases.offered.reversed().first(where: isAllowed),
      let range = ranges.first(where: { !allows(releases.default, by: [$0.set]) })
    {
      return Choice(minor: newest, place: range.place, why: Self.usual)
    }
    return chooseRelease() ?? chooseRetired() ?? chooseNearest()
  }

  private static let usual =
    "the version that most packages are published for, within that range"

  /// What stands in for a version that no image has: the nearest that is maintained.
  private func chooseInstead(of pin: PythonPin) -> Choice {
    let allowed = releases.offered.filter(isAllowed)
    if let image, allowed.contains(image.minor) {
      return Choice(
        minor: image.minor, place: image.place, why: "what the Dockerfile that is there runs on")
    }
    let nearest: Int
    if pin.minor < releases.oldest {
      let complete = allowed.first { wheels.missing(for: $0).isEmpty }
      nearest = complete ?? allowed.first ?? releases.oldest
    } else {
      nearest = allowed.last ?? releases.newest
    }
    return Choice(
      minor: nearest, place: pin.place, why: "the nearest to what is asked for that is maintained")
  }

  /// One release alone, where no minor version's newest is allowed.
  private func chooseRelease() -> Choice? {
    for minor in releases.offered.reversed() {
      guard let patch = onlyPatch(minor) else { continue }
      let place = ranges.first { !allows(minor, by: [$0.set]) }?.place
      return Choice(
        minor: minor, patch: patch, place: place, why: "the newest release that is allowed")
    }
    return nil
  }

  /// A version without security fixes, where the project allows nothing else: package managers refuse others.
  private mutating func chooseRetired() -> Choice? {
    guard !releases.offered.contains(where: { isAllowed($0) || onlyPatch($0) != nil }),
      let minor = releases.retired.last(where: { isAllowed($0) || onlyPatch($0) != nil }),
      let range = ranges.first(where: { range in
        !releases.offered.contains { allows($0, by: [range.set]) }
      }),
      let month = releases.endOfLife(of: minor)
    else { return nil }
    findings.note(
      "FORGE-P033", .warning,
      "Python 3.\(minor) has had no security fixes since \(month); "
        + "it is taken, since \(DisplayText.escape(range.text)) allows no newer one",
      at: range.place, fix: "move to Python 3.\(releases.default)")
    return Choice(
      minor: minor, patch: onlyPatch(minor), place: range.place,
      why: "the newest that the project allows")
  }

  /// A version without security fixes, where what is locked can be installed on no newer one: their wheels are missing,
  /// or a package that is locked for it is left out.
  /// - Parameter wanted: the version that is asked for.
  private mutating func chooseLocked(for wanted: Int) -> Choice? {
    guard let lock = manifest?.managerPlace else { return nil }
    func obstacle(_ minor: Int) -> String? {
      wheels.missing(for: minor).first { ($0.pythons.last ?? minor) < minor }?.name
        ?? wheels.leftOut(on: minor, lockedFor: wanted)
    }
    var possible = (releases.retired + releases.offered).filter { $0 >= wanted }
    if possible.contains(where: isAllowed) { possible = possible.filter(isAllowed) }
    let newer = possible.filter(releases.offered.contains)
    let old = possible.filter { releases.retired.contains($0) && wheels.missing(for: $0).isEmpty }
    guard let first = newer.first, let name = obstacle(first),
      newer.allSatisfy({ obstacle($0) != nil }),
      let minor = old.last(where: { wheels.leftOut(on: $0, lockedFor: wanted) == nil }),
      let month = releases.endOfLife(of: minor)
    else { return nil }
    findings.note(
      "FORGE-P033", .warning,
      "Python 3.\(minor) has had no security fixes since \(month); it is taken, since "
        + "\(DisplayText.escape(name)) is locked for no newer one",
      at: lock, fix: "lock the packages anew, for Python 3.\(releases.default)")
    return Choice(
      minor: minor, place: lock, why: "the newest that what is locked can be installed on")
  }

  /// The newest of the versions that the classifiers list.
  private func chooseClassified() -> Choice? {
    guard let listed = manifest?.classifiedPythons, !listed.value.isEmpty else { return nil }
    let allowed = releases.offered.filter { listed.value.contains($0) && isAllowed($0) }
    guard !allowed.contains(releases.default), let newest = allowed.last else { return nil }
    return Choice(
      minor: newest, place: listed.place, why: "the newest that the classifiers list")
  }

  /// Nothing that is offered satisfies the project: the nearest, and an error that says so.
  private mutating func chooseNearest() -> Choice {
    guard let first = ranges.first else { return Choice(minor: releases.default, place: nil) }
    let wanted = (0...40).reversed().first { isAllowed($0) || onlyPatch($0) != nil }
    let narrow = ranges.first { range in
      !releases.offered.contains { allows($0, by: [range.set]) }
    }
    let place = (narrow ?? first).place
    guard let wanted else {
      let texts = ranges.map { DisplayText.escape($0.text) }
      doubt(
        Finding(
          id: "FORGE-P032", severity: .error,
          message: "no Python satisfies " + texts.joined(separator: " and "), at: place,
          fix: "bring the constraints into line"))
      return Choice(minor: releases.default, place: first.place)
    }
    if let choice = chooseLocked(for: wanted) { return choice }
    let minor = wanted > releases.newest ? releases.newest : releases.oldest
    let choice = Choice(minor: minor, place: first.place, why: "the nearest that is maintained")
    doubt(notOffered(wanted, at: place, taken: choice))
    return choice
  }

  private mutating func doubt(_ finding: Finding) {
    findings.append(finding)
    doubts.append(finding)
  }

  // MARK: Wheels

  /// The version for which the lockfile lists wheels of all packages that have any, or of most. Nil where it is the
  /// one that would be taken anyway.
  private mutating func choosePublished() -> Choice? {
    guard let lock = manifest?.managerPlace else { return nil }
    let older = releases.offered.filter { $0 < releases.default }.reversed()
    let newer = releases.offered.filter { $0 > releases.default }
    let allowed = ([releases.default] + older + newer).filter(isAllowed)
    guard let minor = wheels.best(of: allowed), minor != releases.default else { return nil }
    if !wheels.missing(for: minor).isEmpty,
      let oldest = releases.retired.first(where: isAllowed),
      let choice = chooseLocked(for: oldest)
    {
      return choice
    }
    guard wheels.missing(for: minor).count < wheels.missing(for: releases.default).count else {
      return Choice(
        minor: minor, place: lock,
        why: "the oldest that is maintained: some locked packages have wheels for older ones alone")
    }
    findings.note(
      "FORGE-P036", .info,
      "Python 3.\(minor) is taken: the lockfile lists no wheels of some packages for newer ones",
      at: lock, fix: "write .python-version, or lock newer versions of the packages")
    return Choice(
      minor: minor, place: lock, why: "the newest that the locked packages have wheels for")
  }

  private mutating func noteMissingWheels() {
    for package in wheels.missing(for: choice.minor).prefix(10) {
      let pythons = package.pythons.map { "3.\($0)" }.joined(separator: ", ")
      let name = DisplayText.escape(package.name + (package.version.map { " \($0)" } ?? ""))
      let place = manifest?.lockfile?.place(of: package.name)
      if package.hasSource {
        findings.note(
          "FORGE-P043", .warning,
          "\(name) has no wheel for Python \(choice.text), only for \(pythons): the build compiles "
            + "it, which its sources may not allow",
          at: place, subject: .package(package.name),
          fix: "lock a newer version of it, or give an image of an older Python with --base IMAGE")
      } else {
        findings.note(
          "FORGE-P043", .error,
          "\(name) has no wheel for Python \(choice.text), only for \(pythons), and no sources: it "
            + "cannot be installed",
          at: place, subject: .package(package.name), fix: "lock another version of it")
      }
    }
  }

  // MARK: Findings

  /// Says when one release is taken because nothing else will do, and when one that is asked for is not.
  private mutating func noteRelease(_ pin: PythonPin?) {
    if let patch = choice.patch {
      let range = ranges.first { !allows(choice.minor, by: [$0.set]) }
      findings.note(
        "FORGE-P044", .warning,
        "\(DisplayText.escape(range?.text ?? "the project")) allows Python 3.\(choice.minor).\(patch) "
          + "alone: the image lacks the security fixes of later releases",
        at: range?.place ?? choice.place, fix: "allow them: `==3.\(choice.minor).*`")
      return
    }
    guard let pin, let patch = pin.patch, pin.place == choice.place, pin.minor == choice.minor
    else { return }
    findings.note(
      "FORGE-P044", .info,
      "the newest release of Python 3.\(pin.minor) is taken, not 3.\(pin.minor).\(patch), which "
        + "lacks later security fixes",
      at: pin.place,
      fix: "ask for 3.\(pin.minor), or set `python: 3.\(pin.minor).\(patch)` in forge.yaml")
  }

  private static func contradiction(_ pin: PythonPin, _ range: Range) -> Finding {
    Finding(
      id: "FORGE-P031", severity: .warning,
      message: "Python \(pin.text) is not in \(DisplayText.escape(range.text)), which "
        + "\(range.place) demands",
      at: pin.place, fix: "bring the two into line")
  }

  private static func freeThreads(_ pin: PythonPin) -> Finding {
    Finding(
      id: "FORGE-P034", severity: .warning,
      message:
        "\(pin.text) is the build without the global lock, which the base images do not have; 3.\(pin.minor) is "
        + "taken",
      at: pin.place,
      fix: "ask for 3.\(pin.minor), or give a base image of your own with --base IMAGE")
  }

  private func notOffered(_ minor: Int, at place: Place, taken: Choice) -> Finding {
    var reason = "is not known to this version of forge"
    if let month = releases.endOfLife(of: minor) {
      reason = "has had no security fixes since \(month)"
    } else if minor < releases.oldest {
      reason = "has had no security fixes for years"
    }
    return Finding(
      id: "FORGE-P033", severity: .error,
      message: "Python 3.\(minor) \(reason); \(taken.text) is taken", at: place,
      fix:
        "move to Python 3.\(releases.default), or try 3.\(taken.minor) and say so in .python-version"
    )
  }
}
