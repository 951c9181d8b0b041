import ForgeBasics
import ForgeLayers

/// Which packages are installed, from the databases that package managers keep in an image. A database that is
/// malformed, or absent, names nothing: it is information, and never a reason to refuse an image.
package struct Packages {
  /// Either is a link to the other, or the only one.
  private static let apkDatabases = ["lib/apk/db/installed", "usr/lib/apk/db/installed"]

  /// How many leading bytes of a file tell of packages; 0 for almost all files.
  package static func capture(_ path: ArraySlice<UInt8>) -> Int {
    switch path.last {
    case UInt8(ascii: "n") where isNamed(path, "package.json"):
      let folder = path.dropLast("package.json".utf8.count + 1)
      guard folder.contains(subsequence: "node_modules/") else { return 0 }
      return 256 << 10
    case UInt8(ascii: "A") where isNamed(path, "METADATA"): return 64 << 10
    case UInt8(ascii: "D") where isNamed(path, "RECORD"): return 8 << 20
    case UInt8(ascii: "t") where path.starts(with: "var/lib/dpkg/info/".utf8): return 4 << 20
    case UInt8(ascii: "t") where isNamed(path, "installed-files.txt"): return 4 << 20
    case UInt8(ascii: "t") where isNamed(path, "top_level.txt"): return 4 << 10
    case UInt8(ascii: "O") where isNamed(path, "PKG-INFO"): return 64 << 10
    case UInt8(ascii: "o") where path.suffix(9).elementsEqual(".egg-info".utf8): return 64 << 10
    case UInt8(ascii: "s") where path.elementsEqual("var/lib/dpkg/status".utf8): return 16 << 20
    case UInt8(ascii: "d") where apkDatabases.contains(where: { path.elementsEqual($0.utf8) }):
      return 16 << 20
    // Distroless images keep a file for each package.
    case _ where path.starts(with: "var/lib/dpkg/status.d/".utf8): return 64 << 10
    default: return 0
    }
  }

  private static func isNamed(_ path: ArraySlice<UInt8>, _ name: String) -> Bool {
    path.count > name.utf8.count && path.suffix(name.utf8.count).elementsEqual(name.utf8)
      && path[path.endIndex - name.utf8.count - 1] == UInt8(ascii: "/")
  }

  package static let none: Int32 = -1

  private var root: RootFilesystem
  private var found: [(facts: PackageFacts, inodes: Set<Int32>)] = []
  /// By inode: the package that owns it, by its index in `found`. What two claim belongs to the first: the system's
  /// package managers come before those of the languages.
  private var owner: [Int32]
  /// By folder or symbolic link: all packages that name it. Nil where no one asks.
  private var claims: [FileTree.ID: [Int32]]?

  /// All packages, the largest first, and for each inode which of them owns it, or `none`.
  package static func all(_ root: RootFilesystem) -> (packages: [PackageFacts], owner: [Int32]) {
    let packages = read(root, names: false)
    let order = packages.order()
    return (order.facts, packages.owner.map(order.newIndex))
  }

  private static func read(_ root: RootFilesystem, names: Bool) -> Packages {
    var packages = Packages(root: root)
    if names { packages.claims = [:] }
    packages.readDebian()
    packages.readAlpine()
    packages.readTree()
    packages.adoptBytecode()
    return packages
  }

  /// As `all`, and for each folder and symbolic link that distributions' databases name: the packages that do.
  package static func allNames(
    _ root: RootFilesystem
  ) -> (packages: [PackageFacts], owner: [Int32], claims: [FileTree.ID: [Int32]]) {
    let packages = read(root, names: true)
    let order = packages.order()
    return (
      order.facts, packages.owner.map(order.newIndex),
      (packages.claims ?? [:]).mapValues { $0.map(order.newIndex) }
    )
  }

  private init(root: RootFilesystem) {
    self.root = root
    owner = [Int32](repeating: Self.none, count: root.inodes.count)
  }

  /// The packages, the largest first.
  private struct Order {
    let facts: [PackageFacts]
    /// By the index in `found`: the index in `facts`.
    let place: [Int32]

    /// Where a package of `found` stands in `facts`; nobody stays nobody.
    func newIndex(_ index: Int32) -> Int32 {
      if index == Packages.none { return index }
      return place[Int(index)]
    }
  }

  private func order() -> Order {
    let facts = found.map { package in
      var facts = package.facts
      var layers: [Int: Int64] = [:]
      for inode in package.inodes {
        let inode = root.inodes[Int(inode)]
        facts.bytes += inode.size
        layers[Int(inode.origin.layer), default: 0] += inode.size
      }
      facts.layer = layers.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
      return facts
    }
    let order = facts.indices.sorted { i, j in
      let (a, b) = (facts[i], facts[j])
      return (b.bytes, a.kind, a.name, a.version, i) < (a.bytes, b.kind, b.name, b.version, j)
    }
    var place = [Int32](repeating: 0, count: facts.count)
    for (new, old) in order.enumerated() { place[old] = Int32(new) }
    return Order(facts: order.map { facts[$0] }, place: place)
  }

  private func text(_ node: FileTree.ID?) -> String? {
    guard let node, let bytes = root.content(node) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The regular files at these paths.
  private mutating func inodes(_ paths: some Sequence<String>) -> Set<Int32> {
    var inodes: Set<Int32> = []
    for path in paths {
      if let node = root.resolve(path), root.tree[node].inode != FileTree.none {
        inodes.insert(root.tree[node].inode)
      }
    }
    return inodes
  }

  /// Notes the folders and symbolic links among these names for the package that is added next.
  private mutating func claim(_ paths: some Sequence<String>) {
    guard claims != nil else { return }
    for path in paths {
      let parts = path.split(separator: "/")
      guard let last = parts.last, last != ".",
        let folder = root.resolve(parts.dropLast().joined(separator: "/")),
        let node = root.tree.child(folder, Array(last.utf8)[...]),
        root.tree[node].inode == FileTree.none
      else { continue }
      claims?[node, default: []].append(Int32(found.count))
    }
  }

  private mutating func add(
    _ kind: String, _ name: String?, _ version: String?, _ inodes: Set<Int32>, names: [String] = []
  ) {
    guard let name, let version, !name.isEmpty, !version.isEmpty else { return }
    claim(names)
    for inode in inodes where owner[Int(inode)] == Self.none {
      owner[Int(inode)] = Int32(found.count)
    }
    found.append(
      (
        PackageFacts(
          kind: kind, name: DisplayText.escape(name), version: DisplayText.escape(version), bytes: 0
        ),
        inodes
      ))
  }

  // MARK: Debian

  private mutating func readDebian() {
    var paragraphs: [[String: String]] = Self.paragraphs(
      text(root.resolve("var/lib/dpkg/status")) ?? ""
    )
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
        files = Self.lines(sums).map { line in line.drop { $0 != " " }.drop { $0 == " " } }.map(
          String.init)
      }
      let inodes = inodes(files)
      add("deb", name, paragraph["Version"], inodes, names: files)
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
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line.first != UInt8(ascii: " ")
      else { continue }
      let key = String(Substring(line[..<colon]))
      guard ["Package", "Status", "Version", "Architecture", "Name"].contains(key),
        current[key] == nil
      else {
        continue
      }
      current[key] = String(
        Substring(line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") })
      )
      .replacing("\r", with: "")
    }
    if !current.isEmpty { all.append(current) }
    return all
  }

  // MARK: Alpine

  /// Lines `P:name`, `V:version`, `F:folder`, `R:file`, a blank line between packages (apk, "installed" database).
  private mutating func readAlpine() {
    guard
      let database = text(root.resolve(Self.apkDatabases[0]))
        ?? text(root.resolve(Self.apkDatabases[1]))
    else {
      return
    }
    var (name, version, folder): (String?, String?, String) = (nil, nil, "")
    var (paths, folders): ([String], [String]) = ([], [])
    for line in (database + "\n\n").utf8.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    {
      let value = String(Substring(line.dropFirst(2)))
      switch line.first {
      case nil:
        let inodes = inodes(paths)
        add("apk", name, version, inodes, names: paths + folders)
        (name, version, folder, paths, folders) = (nil, nil, "", [], [])
      case UInt8(ascii: "P"): name = value
      case UInt8(ascii: "V"): version = value
      case UInt8(ascii: "F"):
        folder = value
        folders.append(value)
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
      for child in Array(root.tree.children(id)) {
        if root.tree.name(child).suffix(9).elementsEqual(".egg-info".utf8) {
          readEgg(child, in: id)
        }
        guard root.tree[child].kind == .directory else { continue }
        pending.append(child)
        if root.tree.name(child).elementsEqual("EGG-INFO".utf8) { readEgg(child, in: id) }
        if root.tree.name(child).suffix(10).elementsEqual(".dist-info".utf8) {
          readPython(child, in: id)
        }
        if isNodePackage(child, in: id) { readNode(child) }
      }
    }
  }

  /// PyPA, "Recording installed projects": METADATA and RECORD.
  private mutating func readPython(_ folder: FileTree.ID, in site: FileTree.ID) {
    guard
      let metadata = Self.paragraphs(
        text(root.tree.child(folder, Array("METADATA".utf8)[...])) ?? ""
      ).first
    else { return }
    let record = text(root.tree.child(folder, Array("RECORD".utf8)[...])) ?? ""
    let prefix = String(decoding: root.tree.path(site), as: UTF8.self) + "/"
    // `path,hash,size`; a path with a comma stands in quotes.
    let paths = Self.lines(record).map { line in
      var path = line.prefix { $0 != "," }
      if line.hasPrefix("\"") { path = line.dropFirst().prefix { $0 != "\"" } }
      if path.hasPrefix("/") { return String(path) }
      return prefix + path
    }
    let inodes = inodes(paths)
    add("python", metadata["Name"], metadata["Version"], inodes)
  }

  /// What setuptools and distutils wrote before wheels: a file or folder `NAME.egg-info` beside the modules, or
  /// `EGG-INFO` within an egg.
  private mutating func readEgg(_ egg: FileTree.ID, in site: FileTree.ID) {
    func member(_ name: String) -> String? { text(root.tree.child(egg, Array(name.utf8)[...])) }
    var written = member("PKG-INFO")
    if root.tree[egg].kind == .regular { written = text(egg) }
    guard let metadata = Self.paragraphs(written ?? "").first else { return }
    let prefix = String(decoding: root.tree.path(site), as: UTF8.self) + "/"
    let own = String(decoding: root.tree.path(egg), as: UTF8.self) + "/"
    var inodes = inodes(Self.lines(member("installed-files.txt") ?? "").map { own + $0 })
    if root.tree.name(egg).elementsEqual("EGG-INFO".utf8) {
      inodes.formUnion(self.inodes(below: site))
    } else if inodes.isEmpty {
      for module in Self.lines(member("top_level.txt") ?? "") where Self.isModule(module) {
        inodes.formUnion(self.inodes([prefix + module + ".py"]))
        if let folder = root.resolve(prefix + module) {
          inodes.formUnion(self.inodes(below: folder))
        }
      }
      inodes.formUnion(self.inodes(below: egg))
    }
    add("python", metadata["Name"], metadata["Version"], inodes)
  }

  /// Whether a line names one module, and leads nowhere else.
  private static func isModule(_ name: String) -> Bool {
    !name.isEmpty && name.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
  }

  /// Of a node and all below it.
  private func inodes(below node: FileTree.ID) -> Set<Int32> {
    var inodes: Set<Int32> = []
    var pending = [node]
    while let id = pending.popLast() {
      if root.tree[id].inode != FileTree.none { inodes.insert(root.tree[id].inode) }
      pending += root.tree.children(id)
    }
    return inodes
  }

  private func isNodePackage(_ id: FileTree.ID, in parent: FileTree.ID) -> Bool {
    func isModules(_ id: FileTree.ID) -> Bool {
      root.tree.name(id).elementsEqual("node_modules".utf8)
    }
    if isModules(parent) { return true }
    let grandparent = root.tree[parent].parent
    return root.tree.name(parent).first == UInt8(ascii: "@") && grandparent != FileTree.none
      && isModules(grandparent)
  }

  private mutating func readNode(_ folder: FileTree.ID) {
    guard let manifest = root.tree.child(folder, Array("package.json".utf8)[...]),
      let bytes = root.content(manifest),
      let json = try? JSON.parse(SourceText(name: "package.json", bytes: bytes), .project)
    else { return }
    var inodes: Set<Int32> = []
    var pending = [folder]
    while let id = pending.popLast() {
      let node = root.tree[id]
      if node.inode != FileTree.none { inodes.insert(node.inode) }
      // Packages below are packages of their own.
      pending += root.tree.children(id).filter {
        !root.tree.name($0).elementsEqual("node_modules".utf8)
      }
    }
    add("npm", json["name"]?.string, json["version"]?.string, inodes)
  }

  /// Bytecode that was compiled after the installation belongs to the owner of its source (PEP 3147).
  private mutating func adoptBytecode() {
    for id in root.tree.visible where root.tree.name(id).elementsEqual("__pycache__".utf8) {
      for file in Array(root.tree.children(id)) {
        let (name, inode) = (root.tree.name(file), root.tree[file].inode)
        guard inode != FileTree.none, owner[Int(inode)] == Self.none,
          name.suffix(4).elementsEqual(".pyc".utf8),
          let dot = name.firstIndex(of: UInt8(ascii: ".")),
          let source = root.tree.child(
            root.tree[id].parent, (Array(name[..<dot]) + ".py".utf8)[...]),
          root.tree[source].inode != FileTree.none
        else { continue }
        let package = owner[Int(root.tree[source].inode)]
        guard package != Self.none else { continue }
        owner[Int(inode)] = package
        found[Int(package)].inodes.insert(inode)
      }
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func contains(subsequence text: String) -> Bool {
    let needle = Array(text.utf8)
    guard count >= needle.count else { return false }
    return (startIndex...(endIndex - needle.count)).contains {
      self[$0..<$0 + needle.count].elementsEqual(needle)
    }
  }
}
