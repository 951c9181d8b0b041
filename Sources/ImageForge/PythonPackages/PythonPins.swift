import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// A version of Python that a file of the project asks for outright.
struct PythonPin: Sendable {
  /// The minor version of Python 3.
  let minor: Int
  /// The release of that minor version, where one is written.
  let patch: Int?
  let place: Place
  /// As written.
  let text: String

  /// `3.14t`.
  var wantsFreeThreads: Bool { text.hasSuffix("t") && text.dropLast().last?.isNumber == true }
}

/// The versions of Python that the files of a service and of the folders above it ask for.
struct PythonPins: Sendable {
  /// The one that rules first.
  private(set) var pins: [PythonPin] = []
  /// What the service's Dockerfile is made from, beside version files.
  private(set) var image: PythonPin?
  /// Version files that ask for another Python than CPython 3.
  private(set) var findings: [Finding] = []

  /// Reads version files: the service's own rule before those of the folders above it. Where there are none, the base
  /// image of the service's Dockerfile counts.
  init(_ folder: String, in tree: ProjectTree) {
    image = Self.dockerfilePin(folder, in: tree)
    for current in ProjectTree.foldersUpwards(from: folder) {
      readVersionFiles(current, in: tree)
      if !pins.isEmpty { return }
    }
    pins = [image].compactMap(\.self)
  }

  // MARK: Version files

  private mutating func readVersionFiles(_ folder: String, in tree: ProjectTree) {
    for (name, read) in Self.readers {
      let path = ProjectTree.join(folder, name)
      guard let source = tree.source(path), let (text, line) = read(source.text) else { continue }
      let place = source.place(line: line)
      if let pin = Self.pin(text, at: place) {
        pins.append(pin)
      } else {
        findings.append(Self.otherPython(text, at: place))
      }
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

  private static func otherPython(_ text: String, at place: Place) -> Finding {
    Finding(
      id: "FORGE-P035", severity: .warning,
      message:
        "\"\(DisplayText.escape(text))\" is no version of CPython 3, which the base images have",
      at: place,
      fix:
        "write the minor version, such as 3.\(PythonReleases.table.default), or give a base image of your own "
        + "with --base IMAGE")
  }

  // MARK: Dockerfiles

  /// `FROM python:3.12-slim` of the service's own Dockerfile.
  private static func dockerfilePin(_ folder: String, in tree: ProjectTree) -> PythonPin? {
    for source in tree.dockerfiles(of: folder) {
      guard let file = try? DockerfileSyntax.parse(source) else { continue }
      for stage in file.stages {
        guard let tag = pythonTag(stage.base),
          let pin = pin(tag, at: file.place(line: stage.from.line))
        else { continue }
        return pin
      }
    }
    return nil
  }

  /// The version in the tag of an image of that name, from any registry: `3.12` of `docker.io/python:3.12-slim`.
  private static func pythonTag(_ image: String) -> String? {
    guard let colon = image.lastIndex(of: ":"),
      image[..<colon].split(separator: "/").last == "python"
    else { return nil }
    return String(image[image.index(after: colon)...].prefix { $0.isNumber || $0 == "." })
  }

  // MARK: Versions

  /// `3.12.4`, `cpython@3.12`, `python-3.12`, `3.14t`. Nil for other Pythons.
  private static func pin(_ text: String, at place: Place) -> PythonPin? {
    let parts = text.split(whereSeparator: { "@-".contains($0) })
    guard !text.hasPrefix("pypy"), !text.hasPrefix("graalpy"),
      let version = parts.first(where: { $0.first?.isNumber == true }),
      let numbers = VersionSpecifier.numbers(version), numbers.count >= 2, numbers[0] == 3,
      numbers[1] < 100
    else { return nil }
    var patch: Int?
    if numbers.count > 2 { patch = numbers[2] }
    return PythonPin(
      minor: numbers[1], patch: patch, place: place, text: DisplayText.escape(text))
  }
}
