import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What the entry point of an image can reach: its programs, what the loader and libc open for them, the language
/// runtime, configuration, and everything that no distribution's package put there.
package struct Reachability {
  let root: RootFilesystem
  let image: ReadImage
  let folders = SystemFolders.shared
  let contents: FileContents
  let config: ImageConfig
  var kept: Set<FileTree.ID> = []
  /// Regular files whose contents may lead further.
  var pending: [FileTree.ID] = []
  var looked: Set<FileTree.ID> = []
  /// Folders that links led to.
  private var linked: Set<FileTree.ID> = []
  var libraryFolders: [String] = []
  /// Where programs say that their libraries, and what these need in turn, are looked for (DT_RPATH).
  var inheritedFolders: [String] = []
  /// Folders of libraries for some processors only (ld.so(8), "glibc-hwcaps").
  var hardwareFolders: [String] = []
  /// Debian's names of architectures: `x86_64-linux-gnu`.
  var triplets: [String] = []

  /// Modules that the application's own sources import, and all above them.
  var imported: Set<Substring> = []

  var keeping: [String] = []
  /// Those of `keeping` that are no paths, but may be modules.
  var askedModules: [String] = []

  /// What was decided, for people.
  var notices: [String] = []

  /// The names of an image that stay, and what was decided, for people.
  package struct Result {
    package var nodes: Set<FileTree.ID>
    package var notices: [String]
  }

  /// - Parameter keeping: paths, or names of Python modules, that stay whatever reaches them.
  package static func nodes(
    of image: ReadImage, _ contents: FileContents, keeping: [String]
  ) throws -> Result {
    var work = Reachability(image, contents)
    work.keeping = keeping
    work.askedModules = keeping.filter {
      PythonImports.isDotted($0[...]) && work.walk($0, marking: false) == nil
    }
    if let unknown = keeping.first(where: {
      !work.askedModules.contains($0) && work.walk($0, marking: false) == nil
    }) {
      throw MinimizerError.noSuchPath(unknown)
    }
    try work.collect(keeping)
    if let unknown = work.askedModules.first {
      throw MinimizerError.noSuchPathOrModule(unknown)
    }
    return Result(nodes: work.kept, notices: work.notices)
  }

  private init(_ image: ReadImage, _ contents: FileContents) {
    self.image = image
    root = image.root
    self.contents = contents
    config = image.image.config
  }

  private mutating func collect(_ keeping: [String]) throws {
    try readImports()
    for child in Array(root.tree.children(FileTree.root)) {
      let name = text(child)
      if root.tree[child].kind == .symlink {
        keepNamed("/" + name)
        kept.insert(child)
      } else if folders.system.contains(name) {
        kept.insert(child)
      } else {
        // Scripts and alternatives of the distribution stay in /etc, but what they call does not for their sake.
        keepTree(child, leads: name != "etc")
      }
    }
    keepLinkedSettings()
    keepOwn()
    try findLibraryFolders()
    for path in folders.opened {
      if let id = walk(path, marking: true) { keepTree(id, leads: false) }
    }
    for folder in folders.written { keep(folder) }
    for path in keeping + config.volumes { keep(path, whole: true) }
    if !["", "/"].contains(config.workingDirectory) { keep(config.workingDirectory, whole: true) }
    for name in try folders.dynamic + nameServices() { try keepLibrary(name, from: []) }
    try keepPreloaded()
    keepRuntimes()
    try keepCommands()
    keepVariables()
    try dropUnreachedModules()
    try keepWhatNodeNames()
    try follow()
    try keepCompanions()
    dropReaderless()
    if let lists = walk("var/lib/dpkg/info", marking: false),
      !root.tree.children(lists).allSatisfy(kept.contains)
    {
      notices.append(
        "dpkg's status stays and names all packages, but not its lists of their files: what each package lost, these "
          + "among it, is in the bill of materials (--sbom)")
    }
  }

  mutating func isKept(_ path: String) -> Bool {
    guard let id = walk(path, marking: false) else { return false }
    return kept.contains(id)
  }

  /// The first bytes of a regular file; none of anything else.
  func bytes(_ id: FileTree.ID, limit: Int) throws -> [UInt8] {
    guard let file = root.file(id) else { return [] }
    return try contents.bytes(file.origin, limit: limit)
  }

  /// Drops what only programs and libraries read that go.
  private mutating func dropReaderless() {
    let asked = Set(keeping.compactMap { walk($0, marking: false) })
    for (path, programs) in folders.readers {
      let isRead = programs.contains { program in
        // Where `/bin` is no link to `/usr/bin`, programs are in either.
        var paths = [program, String(program.dropFirst(4))]
        if !program.contains("/") { paths = libraryFolders.map { $0 + "/" + program } }
        return paths.contains { isKept($0) }
      }
      guard !isRead, let id = root.node(at: path.utf8) else { continue }
      var gone: Set<FileTree.ID> = []
      var pending = [id]
      while let next = pending.popLast() {
        gone.insert(next)
        pending += root.tree.children(next)
      }
      if gone.isDisjoint(with: asked) { kept.subtract(gone) }
    }
  }

  /// What the sources outside of libraries import of what else goes: tests, setuptools.
  private mutating func readImports() throws {
    for id in sources(where: { $0.hasSuffix(".py") }) {
      guard let file = root.file(id), file.size < 1 << 20 else { continue }
      for module in PythonImports(try contents.bytes(file.origin)).modules {
        var name = module[...]
        while !name.isEmpty, imported.insert(name).inserted {
          name = name[..<(name.lastIndex(of: ".") ?? name.startIndex)]
        }
      }
    }
  }

  /// Files elsewhere that settings in /etc are links to; not programs, and not what stands for alternatives.
  private mutating func keepLinkedSettings() {
    for id in kept where root.tree[id].kind == .symlink {
      let path = String(decoding: root.tree.path(id), as: UTF8.self)
      guard path.hasPrefix("etc/"), !path.hasPrefix("etc/alternatives/"),
        let file = walk(path, marking: false).flatMap(root.file)
      else { continue }
      if root.entry(file.metadata).mode & 0o111 == 0 { keep(path) }
    }
  }

  /// Regular files outside of libraries.
  func sources(where isSource: (String) -> Bool) -> [FileTree.ID] {
    var sources: [FileTree.ID] = []
    root.walk { id in
      let name = text(id)
      if root.tree[id].kind == .directory {
        return !["site-packages", "dist-packages", "node_modules"].contains(name)
          && !name.hasPrefix("python3")
      }
      if root.tree[id].kind == .regular, isSource(name) { sources.append(id) }
      return true
    }
    return sources
  }

  private mutating func keepOwn() {
    for path in folders.own { keep(path, whole: true) }
    for (path, filled) in folders.shared {
      guard let folder = walk(path, marking: false) else { continue }
      for child in Array(root.tree.children(folder)) where !filled.contains(text(child)) {
        // Logs of distributions and of the build lie beside the folders of services.
        if path == "var/log", root.tree[child].kind == .regular { continue }
        keep(path)
        keep(root.tree.path(child), whole: true)
      }
    }
    guard let libraries = walk("usr/local/lib", marking: false) else { return }
    for child in Array(root.tree.children(libraries)) where root.tree[child].kind == .directory {
      let name = text(child)
      if name.hasPrefix("python3") || name == "node_modules" || name == "pkgconfig" { continue }
      keep("usr/local/lib")
      keep(root.tree.path(child), whole: true)
    }
  }

  func text(_ id: FileTree.ID) -> String { String(decoding: root.tree.name(id), as: UTF8.self) }

  // MARK: Keeping names

  /// - Parameter leads: whether programs and links in it lead further.
  mutating func keepTree(_ id: FileTree.ID, leads: Bool = true) {
    var stack = [id]
    while let next = stack.popLast() {
      let node = root.tree[next]
      if isDispensable(next) { continue }
      guard kept.insert(next).inserted || node.kind == .directory else { continue }
      if leads, node.inode != FileTree.none { pending.append(next) }
      if leads, node.kind == .symlink, let target = keep(root.tree.path(next)),
        root.tree[target].kind == .directory, isOwn(target), linked.insert(target).inserted
      {
        stack.append(target)
      }
      stack += root.tree.children(next)
    }
  }

  /// What even a kept tree can do without: Python's type stubs, C and Cython sources, tests, package managers.
  private func isDispensable(_ id: FileTree.ID) -> Bool {
    let sets = [StripSet.tests, .pip, .npm, .pycache]
    let bytes = root.tree.path(id)
    // Longer than those of any package.
    guard bytes.count < 1024 else { return false }
    let path = String(decoding: bytes, as: UTF8.self)
    let parts = path.split(separator: "/")
    guard let name = parts.last else { return false }
    if sets.contains(where: {
      $0.contains(root, id, StripSet.Context(environment: config.environment))
    }) {
      return !isImported(parts)
    }
    let table = PythonModuleTable.shared
    if path.contains("/site-packages/"), root.tree[id].kind == .regular {
      guard let kind = table.sources.first(where: { name.hasSuffix($0.ending) }) else {
        return false
      }
      return !isOne(of: kind.readers, besides: parts)
    }
    return (table.unused.contains(String(name)) || name.hasPrefix("config-3"))
      && root.isPythonLibrary(parts.dropLast()) && !isImported(parts)
  }

  /// Whether one of these packages is in the same `site-packages` as a path.
  private func isOne(of packages: [String], besides path: [Substring]) -> Bool {
    guard let index = path.firstIndex(of: "site-packages"),
      let site = root.node(at: path[...index].joined(separator: "/").utf8)
    else { return false }
    return packages.contains { root.tree.child(site, Array($0.utf8)[...]) != nil }
  }

  /// Whether the application's own sources import the module at a path, or one in it.
  private func isImported(_ path: [Substring]) -> Bool {
    guard !imported.isEmpty,
      let library = path.lastIndex(where: { $0.hasSuffix("-packages") || $0.hasPrefix("python3.") })
    else { return false }
    let parts = path[(library + 1)...]
    let name = parts.joined(separator: ".")
    if imported.contains(name[...]) || name.hasSuffix(".py") && imported.contains(name.dropLast(3))
    {
      return true
    }
    let table = PythonModuleTable.shared
    return parts.count == 1 && table.setuptoolsParts.contains { name.hasPrefix($0) }
      && table.setuptoolsImports.contains { imported.contains($0[...]) }
  }

  /// Keeps what the config names, and all in it where it is a folder of its own.
  mutating func keepNamed(_ path: String) {
    guard let id = walk(path, marking: false) else { return }
    keep(path, whole: isOwn(id))
  }

  func isOwn(_ folder: FileTree.ID) -> Bool {
    !folders.neverWhole.contains(String(decoding: root.tree.path(folder), as: UTF8.self))
  }

  /// Keeps a path as a program that opens it would walk it: its folders, and every link on the way.
  /// - Returns: where it ends; nil where it leads nowhere.
  @discardableResult
  mutating func keep(_ path: String, whole: Bool = false) -> FileTree.ID? {
    keep(Array(path.utf8), whole: whole)
  }

  @discardableResult
  mutating func keep(_ path: [UInt8], whole: Bool = false) -> FileTree.ID? {
    guard let id = walk(path, marking: true) else { return nil }
    if root.tree[id].inode != FileTree.none { pending.append(id) }
    if whole, root.tree[id].kind == .directory { keepTree(id) }
    return id
  }

  mutating func walk(_ path: String, marking: Bool) -> FileTree.ID? {
    walk(Array(path.utf8), marking: marking)
  }

  mutating func walk(_ path: [UInt8], marking: Bool) -> FileTree.ID? {
    var id = FileTree.root
    var rest = path.split(separator: UInt8(ascii: "/")).map { Array($0) }[...]
    var links = 0
    while let name = rest.first {
      rest = rest.dropFirst()
      if name == [UInt8(ascii: ".")] { continue }
      if name == Array("..".utf8) {
        id = max(root.tree[id].parent, FileTree.root)
        continue
      }
      guard let child = root.tree.child(id, name[...]) else { return nil }
      if marking { kept.insert(child) }
      let node = root.tree[child]
      guard node.kind == .symlink else {
        id = child
        continue
      }
      links += 1
      guard links <= 40 else { return nil }
      let target = root.layers[Int(node.target.layer)].entries.link(Int(node.target.index))
      if target.first == UInt8(ascii: "/") { id = FileTree.root }
      rest = (target.split(separator: UInt8(ascii: "/")).map { Array($0) } + rest)[...]
    }
    return id
  }
}
