import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// A dependency that the project declares itself, and where.
package struct PythonDependency: Sendable {
  package let requirement: Requirement
  /// `file:line`.
  package let location: Place
}

/// A requirements file and everything that it includes, inside the service's folder.
struct PythonRequirements: Sendable {
  private(set) var dependencies: [PythonDependency] = []
  /// Versions that constraints files fix.
  private(set) var constraints: [String: PythonDependency] = [:]
  /// Files and folders that an installation reads, relative to the root.
  private(set) var inputs: Set<String> = []
  /// Variables in the addresses of package indexes: `${TOKEN}`, with their places.
  private(set) var variables: [(name: String, location: Place)] = []
  /// Of package indexes and of what is fetched by its address.
  private(set) var addresses: [String] = []
  private(set) var needsGit = false
  private(set) var hasHashes = false
  /// Whether a tool wrote the file that was asked for.
  private(set) var generator: String?
  private(set) var findings: [Finding] = []

  private let folder: String
  private let tree: ProjectTree
  private static let maximumFiles = 100

  static func read(_ path: String, folder: String, in tree: ProjectTree) throws
    -> PythonRequirements
  {
    var requirements = PythonRequirements(folder: folder, tree: tree)
    try requirements.follow(path, isConstraints: false)
    return requirements
  }

  private init(folder: String, tree: ProjectTree) {
    self.folder = folder
    self.tree = tree
  }

  private mutating func follow(_ path: String, isConstraints: Bool) throws {
    guard inputs.count < Self.maximumFiles, inputs.insert(path).inserted,
      let source = try tree.read(path)
    else {
      return
    }
    let file = RequirementsFile(source)
    if inputs.count == 1 { generator = file.generator }
    for line in file.lines {
      let location = file.place(line)
      switch line.entry {
      case .requirement(let requirement, let hashed):
        add(PythonDependency(requirement: requirement, location: location), isConstraints)
        hasHashes = hasHashes || hashed
        if let url = requirement.url { checkAddress(url, location) }
      case .include(let other), .constraint(let other):
        var isConstraint = isConstraints
        if case .constraint = line.entry { isConstraint = true }
        try include(other, from: path, location, isConstraint)
      case .local(let target, _):
        addFolder(target, location)
      case .remote(let address, _):
        checkAddress(address, location)
        if let egg = address.firstRange(of: "#egg="),
          let requirement = Requirement(address[egg.upperBound...].prefix { $0 != "&" })
        {
          add(PythonDependency(requirement: requirement, location: location), isConstraints)
        }
      case .option(let name, let value):
        if ["-i", "-f", "--index-url", "--extra-index-url", "--find-links"].contains(name) {
          checkAddress(value, location)
        }
      case .unknown(let text):
        guard findings.count < 50 else { continue }
        findings.append(
          Finding(
            id: "FORGE-P010", severity: .error,
            message:
              "pip cannot read the requirement \"\(DisplayText.escape(String(text.prefix(80))))\"",
            at: location, fix: "write it as `name==version`, `name @ url` or `-e ./folder`"))
      }
    }
  }

  private mutating func add(_ dependency: PythonDependency, _ isConstraint: Bool) {
    if isConstraint {
      constraints[dependency.requirement.name] = dependency
    } else {
      dependencies.append(dependency)
    }
  }

  /// Where a path of a requirements file leads, when the dependency step may copy it.
  private mutating func resolve(_ text: String, from base: String, _ location: Place) -> String? {
    guard let path = ProjectPath.resolve(text, from: base),
      ProjectPath.relative(path, to: folder) != nil
    else {
      findings.append(
        Finding(
          id: "FORGE-P011", severity: .error,
          message:
            "\"\(DisplayText.escape(text))\" leaves the service's folder; it is not in the build context",
          at: location,
          fix: "move the file into the service's folder, and refer to it from there"))
      return nil
    }
    guard ProjectPath.isPlain(path) else {
      findings.append(
        Finding(
          id: "FORGE-P012", severity: .error,
          message:
            "\"\(DisplayText.escape(text))\" has characters that cannot stand in a Dockerfile",
          at: location, fix: "use only letters, digits and `._-/` in the name"))
      return nil
    }
    return path
  }

  private mutating func include(
    _ text: String, from path: String, _ location: Place, _ isConstraints: Bool
  ) throws {
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      findings.append(
        Finding(
          id: "FORGE-P013", severity: .warning,
          message:
            "requirements from the network can change from build to build; they were not read",
          at: location, fix: "keep a copy of the file in the project"))
      return
    }
    guard let other = resolve(text, from: ProjectTree.parent(path), location) else { return }
    guard tree.hasFile(other) else {
      findings.append(
        Finding(
          id: "FORGE-P014", severity: .error, message: "the included file \(other) is not there",
          at: location,
          fix: "add the file, or take the line out"))
      return
    }
    try follow(other, isConstraints: isConstraints)
  }

  /// `-e ./libs/x`: pip takes it relative to where it runs, which is the service's folder.
  private mutating func addFolder(_ text: String, _ location: Place) {
    guard let path = resolve(text, from: folder, location) else { return }
    guard tree.hasFolder(path) || tree.hasFile(path) else {
      findings.append(
        Finding(
          id: "FORGE-P014", severity: .error, message: "\(path) is not there", at: location,
          fix: "add the folder, or take the line out"))
      return
    }
    inputs.insert(path)
  }

  private mutating func checkAddress(_ address: String, _ location: Place) {
    if address.hasPrefix("git+") { needsGit = true }
    addresses.append(address)
    var rest = address[...]
    while let open = rest.firstRange(of: "${"),
      let close = rest[open.upperBound...].firstIndex(of: "}")
    {
      let name = String(rest[open.upperBound..<close])
      if EnvironmentName.isValid(name) { variables.append((name, location)) }
      rest = rest[close...]
    }
    if SecretName.holdsCredentials(address) {
      findings.append(
        Finding(
          id: "FORGE-P015", severity: .error,
          message: "an address holds a user name and a password",
          at: location,
          fix: "write `${TOKEN}` in its place, and give the variable to the build as a secret"))
    }
  }
}
