import ForgeBasics
import ForgeLayers

/// Which packages are installed, from the databases that package managers keep in an image. A database that is
/// malformed, or absent, names nothing: it is information, and never a reason to refuse an image.
struct Packages {
  /// How many leading bytes of a file tell of packages; 0 for almost all files.
  static func capture(_ path: ArraySlice<UInt8>) -> Int {
    switch path.last {
    case UInt8(ascii: "n") where isNamed(path, "package.json"):
      return path.dropLast("package.json".utf8.count + 1).contains(subsequence: "node_modules/") ? 256 << 10 : 0
    case UInt8(ascii: "A") where isNamed(path, "METADATA"): return 64 << 10
    case UInt8(ascii: "D") where isNamed(path, "RECORD"): return 8 << 20
    case UInt8(ascii: "t") where path.starts(with: "var/lib/dpkg/info/".utf8): return 4 << 20
    case UInt8(ascii: "s") where path.elementsEqual("var/lib/dpkg/status".utf8): return 16 << 20
    case UInt8(ascii: "d") where path.elementsEqual("lib/apk/db/installed".utf8): return 16 << 20
    default:
      // Distroless images keep a file for each package.
      return path.starts(with: "var/lib/dpkg/status.d/".utf8) ? 64 << 10 : 0
    }
  }

  private static func isNamed(_ path: ArraySlice<UInt8>, _ name: String) -> Bool {
    path.count > name.utf8.count && path.suffix(name.utf8.count).elementsEqual(name.utf8)
      && path[path.endIndex - name.utf8.count - 1] == UInt8(ascii: "/")
  }

  /// All packages; the largest first.
  static func all(_ root: RootFilesystem) -> [PackageFacts] {
    var packages = Packages(root: root)
    packages.readDebian()
    packages.readAlpine()
    packages.readTree()
    return packages.found.sorted { a, b in
      (b.bytes, a.kind, a.name, a.version) < (a.bytes, b.kind, b.name, b.version)
    }
  }

  private var root: RootFilesystem
  private var found: [PackageFacts] = []

  private init(root: RootFilesystem) { self.root = root }

  private func text(_ node: FileTree.ID?) -> String? {
    guard let node, let bytes = root.content(node) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Bytes of the regular files at these paths, each inode once.
  private mutating func size(_ paths: some Sequence<String>) -> Int64 {
    var inodes: Set<Int32> = []
    for path in paths {
      if let node = root.resolve(path), root.tree[node].inode != FileTree.none { inodes.insert(root.tree[node].inode) }
    }
    return inodes.reduce(0) { $0 + root.inodes[Int($1)].size }
  }

  private mutating func add(_ kind: String, _ name: String?, _ version: String?, _ bytes: @autoclosure () -> Int64) {
    guard let name, let version, !name.isEmpty, !version.isEmpty else { return }
    found.append(
      PackageFacts(kind: kind, name: DisplayText.escape(name), version: DisplayText.escape(version), bytes: bytes()))
  }

  // MARK: Debian

  private mutating func readDebian() {
    var paragraphs: [[String: String]] = Self.paragraphs(text(root.resolve("var/lib/dpkg/status")) ?? "")
      .filter { $0["Status"]?.hasSuffix(" installed") ?? false }
    if let folder = root.resolve("var/lib/dpkg/status.d") {
      for file in Array(root.tree.children(folder))
      where !root.tree.name(file).suffix(8).elementsEqual(".md5sums".utf8) {
        paragraphs += Self.paragraphs(text(file) ?? "")
      }
    }
    for paragraph in paragraphs {
      guard let name = paragraph["Package"] else { continue }
      let base = "var/lib/dpkg/info/"
      var files: [String] = []
      if let list = text(root.resolve(base + name + ".list"))
        ?? text(root.resolve("\(base)\(name):\(paragraph["Architecture"] ?? "").list"))
      {
        files = Self.lines(list)
      } else if let sums = text(root.resolve("var/lib/dpkg/status.d/\(name).md5sums")) {
        // `hash  path`
        files = Self.lines(sums).map { line in line.drop { $0 != " " }.drop { $0 == " " } }.map(String.init)
      }
      let bytes = size(files)
      add("deb", name, paragraph["Version"], bytes)
    }
  }

  private static func lines(_ text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
  }

  /// `Key: value` lines, a blank line between paragraphs (Debian policy, "Syntax of control files").
  private static func paragraphs(_ text: String) -> [[String: String]] {
    var all: [[String: String]] = []
    var current: [String: String] = [:]
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.isEmpty {
        if !current.isEmpty { all.append(current) }
        current = [:]
        continue
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line.first != UInt8(ascii: " ") else { continue }
      let key = String(Substring(line[..<colon]))
      guard ["Package", "Status", "Version", "Architecture", "Name"].contains(key), current[key] == nil else {
        continue
      }
      current[key] = String(Substring(line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }))
        .replacing("\r", with: "")
    }
    if !current.isEmpty { all.append(current) }
    return all
  }

  // MARK: Alpine

  /// Lines `P:name`, `V:version`, `F:folder`, `R:file`, a blank line between packages (apk, "installed" database).
  private mutating func readAlpine() {
    guard let database = text(root.resolve("lib/apk/db/installed")) else { return }
    var (name, version, folder): (String?, String?, String) = (nil, nil, "")
    var paths: [String] = []
    for line in (database + "\n\n").utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let value = String(Substring(line.dropFirst(2)))
      switch line.first {
      case nil:
        let bytes = size(paths)
        add("apk", name, version, bytes)
        (name, version, folder, paths) = (nil, nil, "", [])
      case UInt8(ascii: "P"): name = value
      case UInt8(ascii: "V"): version = value
      case UInt8(ascii: "F"): folder = value
      case UInt8(ascii: "R"): paths.append(folder + "/" + value)
      default: break
      }
    }
  }

  // MARK: Python and npm

  /// Packages that a folder of the tree stands for.
  private mutating func readTree() {
    var pending = [FileTree.root]
    while let id = pending.popLast() {
      for child in Array(root.tree.children(id)) where root.tree[child].kind == .directory {
        pending.append(child)
        if root.tree.name(child).suffix(10).elementsEqual(".dist-info".utf8) { readPython(child, in: id) }
        if isNodePackage(child, in: id) { readNode(child) }
      }
    }
  }

  /// PyPA, "Recording installed projects": METADATA and RECORD.
  private mutating func readPython(_ folder: FileTree.ID, in site: FileTree.ID) {
    guard let metadata = Self.paragraphs(text(root.tree.child(folder, Array("METADATA".utf8)[...])) ?? "").first
    else { return }
    let record = text(root.tree.child(folder, Array("RECORD".utf8)[...])) ?? ""
    let prefix = String(decoding: root.tree.path(site), as: UTF8.self) + "/"
    // `path,hash,size`; a path with a comma stands in quotes.
    let paths = Self.lines(record).map { line in
      let path = line.hasPrefix("\"") ? line.dropFirst().prefix { $0 != "\"" } : line.prefix { $0 != "," }
      return path.hasPrefix("/") ? String(path) : prefix + path
    }
    let bytes = size(paths)
    add("python", metadata["Name"], metadata["Version"], bytes)
  }

  private func isNodePackage(_ id: FileTree.ID, in parent: FileTree.ID) -> Bool {
    func isModules(_ id: FileTree.ID) -> Bool { root.tree.name(id).elementsEqual("node_modules".utf8) }
    if isModules(parent) { return true }
    let grandparent = root.tree[parent].parent
    return root.tree.name(parent).first == UInt8(ascii: "@") && grandparent != FileTree.none && isModules(grandparent)
  }

  private mutating func readNode(_ folder: FileTree.ID) {
    guard let manifest = root.tree.child(folder, Array("package.json".utf8)[...]), let bytes = root.content(manifest),
      let json = try? JSON.parse(SourceText(name: "package.json", bytes: bytes), .project)
    else { return }
    var inodes: Set<Int32> = []
    var pending = [folder]
    while let id = pending.popLast() {
      let node = root.tree[id]
      if node.inode != FileTree.none { inodes.insert(node.inode) }
      // Packages below are packages of their own.
      pending += root.tree.children(id).filter { !root.tree.name($0).elementsEqual("node_modules".utf8) }
    }
    let total = inodes.reduce(0) { $0 + root.inodes[Int($1)].size }
    add("npm", json["name"]?.string, json["version"]?.string, total)
  }
}

extension ArraySlice<UInt8> {
  fileprivate func contains(subsequence text: String) -> Bool {
    let needle = Array(text.utf8)
    guard count >= needle.count else { return false }
    return (startIndex...(endIndex - needle.count)).contains { self[$0..<$0 + needle.count].elementsEqual(needle) }
  }
}
