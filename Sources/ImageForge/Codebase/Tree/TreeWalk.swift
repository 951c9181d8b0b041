import ForgeBasics
import ForgeFindings
import Foundation

extension ProjectTree {
  /// Bounds of a walk.
  package struct Limits: Sendable {
    package var files = 250_000
    package var depth = 32

    package init(files: Int = 250_000, depth: Int = 32) {
      self.files = files
      self.depth = depth
    }
  }

  /// Walks a folder. What installs or builds leave behind is not entered, links to folders are not followed.
  /// - Throws: `AnalysisError` when the folder itself cannot be walked.
  package init(walking path: String, limits: Limits = Limits()) throws(AnalysisError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
      throw .unreadable(path: path, reason: Self.reason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(path: path) }
    guard let real = Self.resolve(path) else {
      throw .unreadable(path: path, reason: Self.reason(errno))
    }
    var walk = TreeWalk(
      root: path, realRoot: real, repository: GitRepository(above: real), limits: limits)
    guard let entries = walk.entries(of: ".") else {
      throw .unreadable(path: path, reason: Self.reason(errno))
    }
    guard !entries.isEmpty else { throw .empty(path: path) }
    walk.visit(".", entries, depth: 1)
    self.init(
      root: path, files: walk.files.sorted(by: Self.precedes),
      folders: walk.folders.sorted(by: Self.precedes),
      findings: walk.findings)
  }

  /// The path without links, as the kernel sees it.
  package static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}

private struct TreeWalk {
  let root: String
  let realRoot: String
  let limits: ProjectTree.Limits
  var files: [String] = []
  var folders: [String] = []
  var findings: [Finding] = []
  private var isFull = false
  /// The repository that the walked folder lies in; nil for none.
  private let repository: GitRepository?
  /// The `.gitignore` files from the repository's top to the folder that is walked; folders as the repository sees them.
  private var ignores: [(folder: String, rules: GitIgnore)] = []
  /// git's list of what it tracks, which no rule excludes; empty where there is none.
  private lazy var gitIndex: [UInt8] =
    repository.map { BoundedRead.bytes($0.index, limit: 64 << 20) } ?? []

  init(
    root: String, realRoot: String, repository: GitRepository?, limits: ProjectTree.Limits
  ) {
    self.root = root
    self.realRoot = realRoot
    self.repository = repository
    self.limits = limits
    takeRulesAbove()
  }

  /// The rules above the walked folder count in it, unless they exclude that folder itself: then it is a project of its
  /// own inside of a repository of something else.
  private mutating func takeRulesAbove() {
    guard let repository, repository.folder != "." else { return }
    for folder in ProjectTree.foldersUpwards(from: repository.folder).dropFirst().reversed() {
      let file = repository.top + "/" + ProjectTree.join(folder, ".gitignore")
      pushRules(folder, text: BoundedRead.bytes(file, limit: 1 << 20))
    }
    for folder in ProjectTree.foldersUpwards(from: repository.folder).dropLast()
    where isIgnored(ProjectTree.name(folder), inRepository: folder, isFolder: true) {
      ignores = []
      return
    }
  }

  enum Kind { case file, folder, link, other }

  /// The most that is read of one folder's listing.
  private static let maximumEntries = 1_000_000
  private static let maximumFindings = 100
  /// Folders that installs, builds and caches make; never source.
  private static let pruned: Set<String> = [
    "node_modules", ".next", ".git", ".hg", ".svn", ".turbo", ".nx", ".venv", "venv", "__pycache__",
    "site-packages", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox",
  ]
  /// Folders that builds make, except below `sources`, where a route or a package may bear the name.
  private static let builds: Set<String> = ["out", "dist"]
  private static let sources: Set<String> = ["app", "pages", "src"]

  /// The entries of a folder, sorted; nil when it cannot be read (`errno` says why).
  mutating func entries(of folder: String) -> [(name: String, kind: Kind)]? {
    guard let stream = opendir(root + "/" + folder) else { return nil }
    defer { closedir(stream) }
    var found: [(name: String, kind: Kind)] = []
    while let entry = readdir(stream) {
      let kind = Self.kind(entry.pointee.d_type)
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(validating: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else {
        note("FORGE-T004", .info, "a name that is not UTF-8 was left out", in: folder)
        continue
      }
      if name == "." || name == ".." { continue }
      // Far above the limit of files, which is applied in sorted order: the same files are dropped every time.
      if found.count >= Self.maximumEntries { break }
      found.append((name, kind ?? self.kind(ofFile: ProjectTree.join(folder, name))))
    }
    return found.sorted { ProjectTree.precedes($0.name, $1.name) }
  }

  mutating func visit(_ folder: String, _ entries: [(name: String, kind: Kind)], depth: Int) {
    let holdsSources = folder.split(separator: "/").contains { Self.sources.contains(String($0)) }
    let hasRules = pushRules(folder, entries)
    defer { if hasRules { ignores.removeLast() } }
    for (name, kind) in entries where !isFull {
      let path = ProjectTree.join(folder, name)
      if !ignores.isEmpty, isIgnored(name, path, isFolder: kind == .folder) { continue }
      switch kind {
      case .file: add(path)
      case .link: visitLink(path)
      case .folder
      where Self.pruned.contains(name) || (Self.builds.contains(name) && !holdsSources): continue
      case .folder: enter(path, depth: depth)
      case .other: continue
      }
    }
  }

  // MARK: .gitignore

  private mutating func pushRules(_ folder: String, _ entries: [(name: String, kind: Kind)]) -> Bool
  {
    guard entries.contains(where: { $0.name == ".gitignore" && $0.kind == .file }) else {
      return false
    }
    let file = root + "/" + ProjectTree.join(folder, ".gitignore")
    return pushRules(inRepository(folder), text: BoundedRead.bytes(file, limit: 1 << 20))
  }

  @discardableResult
  private mutating func pushRules(_ folder: String, text: [UInt8]) -> Bool {
    let rules = GitIgnore(String(decoding: text, as: UTF8.self))
    guard !rules.isEmpty else { return false }
    ignores.append((folder, rules))
    return true
  }

  /// A path of the walked folder as the repository sees it.
  private func inRepository(_ path: String) -> String {
    guard let folder = repository?.folder, folder != "." else { return path }
    if path == "." { return folder }
    return folder + "/" + path
  }

  /// What git leaves out is not source. Settings of the environment are looked at all the same: they lie in the build's
  /// context, and that they must not get into an image is what forge is there for.
  private mutating func isIgnored(_ name: String, _ path: String, isFolder: Bool) -> Bool {
    guard !name.hasPrefix(".env"), name != ".npmrc", name != ".git" else { return false }
    return isIgnored(name, inRepository: inRepository(path), isFolder: isFolder)
  }

  private mutating func isIgnored(
    _ name: String, inRepository path: String, isFolder: Bool
  ) -> Bool {
    for (folder, rules) in ignores.reversed() {
      var below = path[...]
      if folder != "." { below = path.dropFirst(folder.utf8.count + 1) }
      guard let verdict = rules.verdict(name, path: below, isFolder: isFolder) else { continue }
      return verdict && !isTracked(path, isFolder: isFolder)
    }
    return false
  }

  /// A file that git tracks stays tracked, whatever the rules say. The index holds paths as they are (up to version 3).
  private mutating func isTracked(_ path: String, isFolder: Bool) -> Bool {
    guard !gitIndex.isEmpty else { return false }
    var bytes = Array(path.utf8)
    // A path of the index ends in a zero; what lies in a folder goes on behind its slash.
    bytes.append(0)
    if isFolder { bytes[bytes.count - 1] = UInt8(ascii: "/") }
    return gitIndex.holds(bytes)
  }

  private mutating func add(_ path: String) {
    guard files.count < limits.files else {
      isFull = true
      note(
        "FORGE-T001", .warning, "more than \(limits.files) files: the rest was not looked at",
        in: ".")
      return
    }
    files.append(path)
  }

  private mutating func enter(_ path: String, depth: Int) {
    guard depth < limits.depth else {
      return note(
        "FORGE-T002", .warning, "nested deeper than \(limits.depth) folders: not looked at",
        in: path)
    }
    guard folders.count < limits.files else {
      isFull = true
      return
    }
    guard let entries = entries(of: path) else {
      return note(
        "FORGE-T003", .warning, "cannot be read (\(ProjectTree.reason(errno))): not looked at",
        in: path)
    }
    // A Python virtual environment, whatever it is called.
    if entries.contains(where: { $0.name == "pyvenv.cfg" }) { return }
    folders.append(path)
    visit(path, entries, depth: depth + 1)
  }

  /// A link to a file inside the root is that file; a link to a folder is not followed: if its target is inside the
  /// root it is seen there, and outside of it is not this project's.
  private mutating func visitLink(_ path: String) {
    guard let target = ProjectTree.resolve(root + "/" + path) else { return }
    let isInside = realRoot == "/" || target == realRoot || target.hasPrefix(realRoot + "/")
    guard isInside else {
      return note(
        "FORGE-T005", .info, "a link that leads out of the folder was not followed", in: path)
    }
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG { add(path) }
  }

  private mutating func note(
    _ id: FindingID, _ severity: Severity, _ message: String, in path: String
  ) {
    // A hostile tree must not make a report of a million lines.
    guard findings.count < Self.maximumFindings else { return }
    findings.note(id, severity, message, at: .source(file: path))
  }

  private static func kind(_ type: UInt8) -> Kind? {
    switch Int(type) {
    case Int(DT_REG): .file
    case Int(DT_DIR): .folder
    case Int(DT_LNK): .link
    case Int(DT_UNKNOWN): nil
    default: .other
    }
  }

  /// For file systems that do not tell the kind in the listing.
  private func kind(ofFile path: String) -> Kind {
    var status = stat()
    guard lstat(root + "/" + path, &status) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    default: return .other
    }
  }
}
