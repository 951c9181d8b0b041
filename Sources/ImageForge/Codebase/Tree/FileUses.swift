import ForgeBasics
import ForgeFindings

/// What the code of a service writes and reads by paths that stand in it, as both languages collect it.
package struct FileUses {
  /// A path as code writes it.
  package enum Path: Equatable {
    /// Relative to the analysed root.
    case project(String)
    /// Relative to the folder in which the server is started.
    case working(String)
    /// Below the user's home.
    case home(String)
    case absolute(String)

    /// The path of what `path` names from here; nil where that cannot be said.
    package func appending(_ path: String) -> Path? {
      if path.hasPrefix("/") { return .absolute(path) }
      switch self {
      case .project(let base): return ProjectPath.resolve(path, from: base).map(Path.project)
      case .working(let base): return ProjectPath.resolve(path, from: base).map(Path.working)
      case .home(let base): return ProjectPath.resolve(path, from: base).map(Path.home)
      case .absolute(let base): return .absolute(base + "/" + path)
      }
    }

    package var parent: Path {
      switch self {
      // What lies above the analysed root lies above the application's folder in the image.
      case .project("."): .absolute("/")
      case .project(let path): .project(ProjectTree.parent(path))
      case .working(let path): .working(ProjectTree.parent(path))
      case .home(let path): .home(ProjectTree.parent(path))
      case .absolute(let path):
        .absolute(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/")
      }
    }

    /// `./data`, `/data`, `~/.cache`: a path as it is written out.
    package init?(written text: String) {
      guard !text.isEmpty, text.utf8.count <= 256, !text.contains("\0"), !text.contains("://")
      else { return nil }
      if text == "~" || text.hasPrefix("~/") {
        guard let path = ProjectPath.resolve(String(text.dropFirst(2)), from: ".") else {
          return nil
        }
        self = .home(path)
      } else if text.hasPrefix("/") {
        self = .absolute(text)
      } else {
        guard let path = ProjectPath.resolve(text, from: ".") else { return nil }
        self = .working(path)
      }
    }
  }

  private let folder: String
  private let tree: ProjectTree
  private(set) package var writes: [WrittenPath] = []
  /// Files and folders of the source, relative to the service.
  private(set) package var reads: Set<String> = []
  private(set) package var findings: [Finding] = []

  private static let maximumCount = 200
  /// Folders of the system, which no image gives to its user.
  private static let system: Set<Substring> = [
    "etc", "usr", "bin", "sbin", "lib", "lib64", "proc", "sys", "dev", "boot", "root", "opt", "run",
  ]

  package init(folder: String, in tree: ProjectTree) {
    self.folder = folder
    self.tree = tree
  }

  // MARK: Writing

  package mutating func writeFolder(_ path: Path, at place: Place) {
    guard writes.count < Self.maximumCount else { return }
    switch relative(path) {
    case .service(let path): add(path, at: place)
    case .elsewhere(let path): add(elsewhere: path, at: place)
    case nil: break
    }
  }

  package mutating func writeFile(_ path: Path, at place: Place) {
    guard case .service(let file)? = relative(path) else {
      return writeFolder(path.parent, at: place)
    }
    guard file != "." else { return }
    add(ProjectTree.parent(file), file: file, at: place)
  }

  private enum Target {
    case service(String)
    case elsewhere(String)
  }

  /// As seen from the service's folder, which is the server's too.
  private func relative(_ path: Path) -> Target? {
    switch path {
    case .project(let path):
      if let own = ProjectPath.relative(path, to: folder) { return .service(own) }
      return relative(.absolute(aboveImage(path)))
    case .working(let path): return .service(path)
    case .home(let path): return .elsewhere("~/" + path)
    case .absolute(let path):
      let parts = path.split(separator: "/").filter { $0 != "." }
      guard !parts.contains("..") else { return nil }
      if parts.first == "app" {
        return .service(ProjectPath.joined(parts.dropFirst()))
      }
      return .elsewhere("/" + parts.joined(separator: "/"))
    }
  }

  /// Where a path outside of the service's folder leads in the image, whose folder of the service has only `/` above.
  private func aboveImage(_ path: String) -> String {
    var above = ProjectTree.parent(folder)
    while true {
      if let rest = ProjectPath.relative(path, to: above) { return rest == "." ? "/" : "/" + rest }
      above = ProjectTree.parent(above)
    }
  }

  private mutating func add(_ path: String, file: String? = nil, at place: Place) {
    guard ProjectPath.isPlain(path) else { return }
    let files = tree.files(below: ProjectTree.join(folder, path))
    var write = WrittenPath(
      folder: path,
      holdsFiles: path == "." || files.contains { !ProjectTree.name($0).hasPrefix(".git") },
      source: place.description)
    if let file, tree.hasFile(ProjectTree.join(folder, file)) {
      write.file = file
    } else if let file, write.holdsFiles, ProjectPath.isPlain(file),
      !tree.hasFolder(ProjectTree.join(folder, file))
    {
      write.newFile = file
    }
    let isKnown = writes.contains { known in
      known.folder == path && known.file == write.file && known.newFile == write.newFile
    }
    if isKnown { return }
    if let name = write.newFile {
      findings.note(
        "FORGE-F042", .info,
        "the code makes \(name) beside its own files: in the image it is a link into /data",
        at: place,
        fix: "mount a volume at /data where it is to outlive the container")
    } else if path == "." {
      findings.note(
        "FORGE-F042", .info,
        "the code writes into its own folder: what it writes ends with the container", at: place,
        fix: "write into a folder of its own, such as ./data, where a volume can be mounted")
    }
    writes.append(write)
  }

  private mutating func add(elsewhere path: String, at place: Place) {
    let first = path.dropFirst().split(separator: "/").first ?? ""
    guard path.hasPrefix("~") || !Self.system.contains(first) else {
      findings.note(
        "FORGE-F040", .warning,
        "the code writes \(DisplayText.escape(path)), a folder of the system that the image's user may not write",
        at: place, fix: "write below the application's folder, /data or /tmp")
      return
    }
    guard !first.isEmpty, first != "var" || path.split(separator: "/").count > 1,
      PlainPath.isAbsolute(path), !writes.contains(where: { $0.folder == path })
    else { return }
    writes.append(WrittenPath(folder: path, source: place.description))
  }

  /// The code, or what it imports, keeps files in the user's home.
  package mutating func writeHome(at place: Place) {
    guard !writes.contains(where: { $0.folder.hasPrefix("~") }) else { return }
    writes.append(WrittenPath(folder: "~", source: place.description))
  }

  // MARK: Reading

  /// Notes a file of the source that the code names, if it is one.
  package mutating func read(_ path: Path, at place: Place) {
    guard reads.count < Self.maximumCount, case .service(let file)? = relative(path),
      file != ".", !reads.contains(file)
    else { return }
    let inTree = ProjectTree.join(folder, file)
    guard tree.hasFile(inTree), ProjectPath.isPlain(file) else { return }
    let name = ProjectTree.name(file)
    // Environment files hold secrets, and everybody reads them only where they are.
    guard !name.hasPrefix(".env") else { return }
    guard !isSecret(name, inTree) else {
      findings.note(
        "FORGE-F041", .warning,
        "the code reads \(DisplayText.escape(file)), which the image leaves out: it holds a secret",
        at: place, fix: "mount it into the container, or pass its content as a secret")
      return
    }
    reads.insert(file)
  }

  /// Notes a folder of the source that the code imports.
  package mutating func readFolder(_ path: String) { reads.insert(path) }

  private func isSecret(_ name: String, _ path: String) -> Bool {
    let lower = name.lowercased()
    if [".netrc", ".pypirc", "id_rsa", "id_ed25519"].contains(where: lower.hasPrefix) {
      return true
    }
    if lower.hasSuffix(".p12") || lower.hasSuffix(".pfx") { return true }
    guard lower.hasSuffix(".pem") || lower.hasSuffix(".key") else { return false }
    // Certificates and public keys are for everyone.
    guard let text = try? tree.read(path, limit: ProjectTree.maximumSourceSize)?.text else {
      return true
    }
    return !text.contains("-----BEGIN") || text.contains("PRIVATE KEY")
  }

  /// Absolute paths that can stand in a Dockerfile.
  private enum PlainPath {
    static func isAbsolute(_ path: String) -> Bool {
      var body = path[...]
      if body.hasPrefix("~") { body = body.dropFirst() }
      return body.isEmpty || ProjectPath.isPlain(String(body))
    }
  }
}

extension Service {
  /// Takes over what the code writes and reads.
  package mutating func take(_ uses: FileUses) {
    writes = uses.writes.sorted { ($0.folder, $0.file ?? "") < ($1.folder, $1.file ?? "") }
    reads = uses.reads.sorted(by: ProjectTree.precedes)
  }
}
