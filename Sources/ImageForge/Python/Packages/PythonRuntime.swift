import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Chooses the Python that the image will have.
enum PythonRuntime {
  /// The minor versions that recipes offer, and the end of their support.
  static let offered = 11...14
  static let preferred = 13
  /// Last month of security fixes (devguide.python.org/versions), for versions that projects still ask for.
  private static let endOfLife = [7: "2023-06", 8: "2024-10", 9: "2025-10", 10: "2026-10"]

  private struct Pin {
    let minor: Int
    let location: String
    /// As written.
    let text: String

    /// `3.14t`.
    var wantsFreeThreads: Bool { text.hasSuffix("t") && text.dropLast().last?.isNumber == true }
  }

  static func choose(
    _ manifest: PythonManifest?, folder: String, in tree: ProjectTree
  ) -> (runtime: Runtime, findings: [Finding], alternatives: [Conclusion.Alternative]) {
    var findings: [Finding] = []
    let ranges = (manifest?.pythonRanges ?? []).compactMap { range in
      VersionSpecifier(range.text).map { (set: $0, text: range.text, location: range.location) }
    }
    for range in manifest?.pythonRanges ?? [] where VersionSpecifier(range.text) == nil {
      findings.append(
        Finding(
          id: "FORGE-P037", severity: .warning,
          message:
            "\"\(DisplayText.escape(String(range.text.prefix(80))))\" is no range of versions; it was passed over",
          location: range.location, fix: "write it as `>=3.12` or `>=3.12,<4`"))
    }
    func allowed(_ minor: Int) -> Bool { ranges.allSatisfy { $0.set.allowsMinor(3, minor) } }
    var pins = pins(folder, in: tree, &findings)
    if pins.isEmpty, let image = dockerfilePin(folder, in: tree) { pins = [image] }
    let written =
      pins.map { Conclusion.Alternative(value: $0.text, source: $0.location) }
      + ranges.map {
        Conclusion.Alternative(value: DisplayText.escape($0.text), source: $0.location)
      }
    func runtime(_ minor: Int, _ source: String) -> (Runtime, [Finding], [Conclusion.Alternative]) {
      let others = written.filter { VersionSpecifier($0.value)?.allowsMinor(3, minor) != true }
      return (Runtime(name: .python, version: "3.\(minor)", source: source), findings, others)
    }

    if let first = pins.first, let other = pins.first(where: { $0.minor != first.minor }) {
      findings.append(
        Finding(
          id: "FORGE-P030", severity: .warning,
          message:
            "two files ask for different Pythons: \(first.text) and \(other.text); \(first.text) is taken",
          location: other.location, fix: "keep one of them"))
    }
    if let pin = pins.first {
      if !offered.contains(pin.minor) {
        findings.append(notOffered(pin.minor, at: pin.location))
      } else if allowed(pin.minor) {
        if pin.wantsFreeThreads { findings.append(freeThreads(pin)) }
        return runtime(pin.minor, pin.location)
      } else if let range = ranges.first(where: { !$0.set.allowsMinor(3, pin.minor) }) {
        findings.append(
          Finding(
            id: "FORGE-P031", severity: .warning,
            message:
              "Python \(pin.text) is not in \(DisplayText.escape(range.text)), which \(range.location) demands",
            location: pin.location, fix: "bring the two into line"))
      }
    }
    if let minor = published(manifest, where: allowed), minor != preferred,
      let lock = manifest?.packageManager.source
    {
      findings.append(
        Finding(
          id: "FORGE-P036", severity: .info,
          message:
            "Python 3.\(minor) is taken: the lockfile lists no wheels of some packages for newer ones",
          location: lock, fix: "write .python-version, or lock newer versions of the packages"))
      return runtime(minor, lock)
    }
    if allowed(preferred) {
      return runtime(preferred, ranges.first?.location ?? "default: Python 3.\(preferred)")
    }
    if let newest = offered.reversed().first(where: allowed),
      let range = ranges.first(where: { !$0.set.allowsMinor(3, preferred) })
    {
      return runtime(newest, range.location)
    }
    // Nothing offered satisfies the project: the nearest, and an error that says so.
    let wanted = (0...40).reversed().first(where: allowed)
    if let wanted,
      findings.contains(where: {
        $0.id == "FORGE-P033" && $0.message.hasPrefix("Python 3.\(wanted) ")
      })
    {
      // The version file has said it.
    } else if let range = ranges.first(where: { set in
      !offered.contains { set.set.allowsMinor(3, $0) }
    })
      ?? ranges.first
    {
      findings.append(
        wanted.map { notOffered($0, at: range.location) }
          ?? Finding(
            id: "FORGE-P032", severity: .error,
            message: "no Python satisfies "
              + ranges.map { DisplayText.escape($0.text) }.joined(separator: " and "),
            location: range.location, fix: "bring the constraints into line"))
    }
    if let range = ranges.first {
      let nearest =
        wanted.map { $0 > offered.upperBound ? offered.upperBound : offered.lowerBound }
        ?? preferred
      return runtime(nearest, range.location)
    }
    return runtime(preferred, "default: Python 3.\(preferred)")
  }

  /// The offered version for which most of the locked packages have a wheel; of several the preferred, then the newest.
  /// Nil where no package of the lockfile is compiled.
  private static func published(_ manifest: PythonManifest?, where allowed: (Int) -> Bool) -> Int? {
    let compiled = (manifest?.lockfile?.packages.values.map(\.self) ?? []).filter { package in
      package.isMain && package.wheels.contains { $0.contains("manylinux") }
        && !package.wheels.contains { $0.hasSuffix("-any.whl") }
    }
    guard !compiled.isEmpty else { return nil }
    let order =
      [preferred] + offered.filter { $0 < preferred }.reversed() + offered.filter { $0 > preferred }
    let counts = order.filter(allowed).map { minor in
      (
        minor,
        compiled.count { PythonWheel.libcs($0.wheels, python: "3.\(minor)").contains(.glibc) }
      )
    }
    guard let most = counts.map(\.1).max() else { return nil }
    return counts.first { $0.1 == most }?.0
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
          minor: minor, location: "\(source.name):\(index + 1)", text: DisplayText.escape(tag))
      }
    }
    return nil
  }

  private static func otherPython(_ text: String, at location: String) -> Finding {
    Finding(
      id: "FORGE-P035", severity: .warning,
      message:
        "\"\(DisplayText.escape(text))\" is no version of CPython 3, which the base images have",
      location: location,
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
      location: pin.location,
      fix: "ask for 3.\(pin.minor), or give a base image of your own with --base IMAGE")
  }

  private static func notOffered(_ minor: Int, at location: String) -> Finding {
    let reason =
      endOfLife[minor].map { "has had no security fixes since \($0)" }
      ?? (minor < offered.lowerBound
        ? "has had no security fixes for years" : "is not known to this version of forge")
    return Finding(
      id: "FORGE-P033", severity: .error, message: "Python 3.\(minor) \(reason)",
      location: location,
      fix: "move to Python 3.\(preferred)")
  }

  // MARK: Files that pin

  /// What version files ask for, the one that rules first: the service's own before those above it.
  private static func pins(_ folder: String, in tree: ProjectTree, _ findings: inout [Finding])
    -> [Pin]
  {
    var pins: [Pin] = []
    var current = folder
    while true {
      for (name, read) in readers {
        let path = ProjectTree.join(current, name)
        guard let source = tree.source(path), let (text, line) = read(source.text) else { continue }
        guard let minor = minor(text) else {
          findings.append(otherPython(text, at: "\(path):\(line)"))
          continue
        }
        pins.append(Pin(minor: minor, location: "\(path):\(line)", text: DisplayText.escape(text)))
      }
      if !pins.isEmpty || current == "." { return pins }
      current = ProjectTree.parent(current)
    }
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
