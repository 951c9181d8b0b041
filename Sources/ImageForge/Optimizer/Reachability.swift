import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers

/// What the entry point of an image can reach: its programs, what the loader and libc open for them, the language
/// runtime, configuration, and everything that no distribution's package put there.
struct Reachability {
  private let root: RootFilesystem
  private let image: ReadImage
  private let contents: FileContents
  private let config: ImageConfig
  private var kept: Set<FileTree.ID> = []
  /// Regular files whose contents may lead further.
  private var pending: [FileTree.ID] = []
  private var looked: Set<FileTree.ID> = []
  private var libraryFolders: [String] = []

  private var keeping: [String] = []
  /// Those of `keeping` that are no paths, but may be modules.
  private var askedModules: [String] = []

  /// What was decided, for people.
  private var notices: [String] = []

  static func nodes(
    _ image: ReadImage, _ contents: FileContents, keeping: [String]
  ) throws -> (nodes: Set<FileTree.ID>, notices: [String]) {
    var work = Reachability(image, contents)
    work.keeping = keeping
    work.askedModules = keeping.filter { PythonImports.isDotted($0[...]) && work.walk($0, marking: false) == nil }
    if let unknown = keeping.first(where: { !work.askedModules.contains($0) && work.walk($0, marking: false) == nil }) {
      throw OptimizerError.usage("there is no path \(DisplayText.escape(unknown)) in the image that could be kept")
    }
    try work.collect(keeping)
    if let unknown = work.askedModules.first {
      throw OptimizerError.usage(
        "there is neither a path nor a Python module \(DisplayText.escape(unknown)) in the image that could be kept")
    }
    return (work.kept, work.notices)
  }

  private init(_ image: ReadImage, _ contents: FileContents) {
    self.image = image
    root = image.root
    self.contents = contents
    config = image.image.config
  }

  /// Folders that distributions fill: only what is reached stays of them. All others stay whole.
  private static let system: Set<String> = [
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "var", "boot", "media", "mnt", "srv",
  ]

  /// What libc, TLS libraries and language runtimes open by name.
  private static let opened = [
    "usr/share/zoneinfo", "usr/share/ca-certificates", "usr/local/share/ca-certificates", "usr/lib/ssl",
    "usr/lib/locale", "usr/lib/os-release", "var/lib/dpkg/status", "var/lib/dpkg/status.d", "lib/apk/db",
    "usr/share/mime",
  ]

  /// Libraries that are opened with dlopen: name services, stack unwinding, resolver.
  private static let dynamic = [
    "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2",
    "librt.so.1", "libutil.so.1", "libm.so.6",
  ]

  private mutating func collect(_ keeping: [String]) throws {
    for child in root.tree.children(FileTree.root) {
      let name = String(decoding: root.tree.name(child), as: UTF8.self)
      if Self.system.contains(name) || root.tree[child].kind == .symlink {
        kept.insert(child)
      } else {
        // Scripts and alternatives of the distribution stay in /etc, but what they call does not for their sake.
        keepTree(child, leads: name != "etc")
      }
    }
    findLibraryFolders()
    for path in Self.opened {
      if let id = walk(path, marking: true) { keepTree(id, leads: false) }
    }
    for folder in ["var/tmp", "var/log", "var/lib", "var/cache", "var/run", "var/lock"] { keep(folder) }
    for path in keeping + config.volumes { keep(path, whole: true) }
    if !["", "/"].contains(config.workingDirectory) { keep(config.workingDirectory, whole: true) }
    for name in Self.dynamic { keepLibrary(name, from: []) }
    keepRuntimes()
    try keepCommands()
    try dropUnreachedModules()
    try follow()
    dropReaderless()
    if let lists = walk("var/lib/dpkg/info", marking: false), !root.tree.children(lists).allSatisfy(kept.contains) {
      notices.append(
        "dpkg's status stays and names all packages, but not its lists of their files: what each package lost, these "
          + "among it, is in the bill of materials (--sbom)")
    }
  }

  /// What one program alone reads goes where that program goes.
  private static let readers: [(path: String, programs: [String])] = [
    ("etc/apt", ["usr/bin/apt", "usr/bin/apt-get"]), ("etc/dpkg", ["usr/bin/dpkg"]),
    ("etc/pam.d", ["libpam.so.0"]), ("etc/pam.conf", ["libpam.so.0"]), ("etc/security", ["libpam.so.0"]),
    ("etc/login.defs", ["usr/bin/login", "usr/bin/passwd", "usr/bin/su", "usr/sbin/useradd", "usr/sbin/groupadd"]),
    ("etc/skel", ["usr/sbin/useradd", "usr/sbin/adduser"]), ("etc/default/useradd", ["usr/sbin/useradd"]),
    ("etc/bash.bashrc", ["usr/bin/bash"]), ("etc/inputrc", ["libreadline.so.8", "libedit.so.2"]),
    ("etc/debconf.conf", ["usr/bin/debconf"]), ("etc/ca-certificates.conf", ["usr/sbin/update-ca-certificates"]),
    ("etc/selinux/semanage.conf", ["libsemanage.so.2"]), ("usr/lib/ssl/misc", ["usr/bin/perl"]),
    // The text that time zones are compiled from: the C++ library reads it (`std::chrono::tzdb`).
    ("usr/share/zoneinfo/tzdata.zi", ["libstdc++.so.6"]),
  ]

  private mutating func dropReaderless() {
    let asked = Set(keeping.compactMap { walk($0, marking: false) })
    for (path, programs) in Self.readers {
      let isRead = programs.contains { program in
        // Where `/bin` is no link to `/usr/bin`, programs are in either.
        let paths =
          program.contains("/") ? [program, String(program.dropFirst(4))] : libraryFolders.map { $0 + "/" + program }
        return paths.contains { walk($0, marking: false).map { kept.contains($0) } ?? false }
      }
      guard !isRead, let id = root.node(at: Array(path.utf8)) else { continue }
      var gone: Set<FileTree.ID> = []
      var pending = [id]
      while let next = pending.popLast() {
        gone.insert(next)
        pending += root.tree.children(next)
      }
      if gone.isDisjoint(with: asked) { kept.subtract(gone) }
    }
  }

  // MARK: Keeping names

  /// - Parameter leads: whether programs and links in it lead further.
  private mutating func keepTree(_ id: FileTree.ID, leads: Bool = true) {
    var stack = [id]
    while let next = stack.popLast() {
      let node = root.tree[next]
      if isDispensable(next) { continue }
      guard kept.insert(next).inserted || node.kind == .directory else { continue }
      if leads, node.inode != FileTree.none { pending.append(next) }
      if leads, node.kind == .symlink { keep(String(decoding: root.tree.path(next), as: UTF8.self)) }
      stack += root.tree.children(next)
    }
  }

  /// What even a kept tree can do without: type stubs, C and Cython sources, tests, package managers.
  private func isDispensable(_ id: FileTree.ID) -> Bool {
    let sets = [StripSet.tests, .pip, .npm, .typings, .pycache]
    if sets.contains(where: { $0.contains(root, id, environment: config.environment) }) { return true }
    let path = String(decoding: root.tree.path(id), as: UTF8.self)
    let parts = path.split(separator: "/")
    guard let name = parts.last else { return false }
    if path.contains("/site-packages/"), root.tree[id].kind == .regular {
      return [".pyi", ".pyx", ".pxd", ".c", ".h", ".cpp", ".a"].contains { name.hasSuffix($0) }
    }
    if parts.count == 5, parts[3].hasPrefix("python3") || parts[2].hasPrefix("python3") {
      return Self.unusedModules.contains(String(name)) || name.hasPrefix("config-3")
    }
    return parts.count == 4 && parts[2].hasPrefix("python3") && Self.unusedModules.contains(String(name))
      || parts.count == 5 && parts[3].hasPrefix("python3") && Self.unusedModules.contains(String(name))
  }

  private static let unusedModules: Set<String> = [
    "idlelib", "tkinter", "turtledemo", "turtle.py", "lib2to3", "pydoc_data", "test",
  ]

  /// Keeps a path as a program that opens it would walk it: its folders, and every link on the way.
  /// - Returns: where it ends; nil where it leads nowhere.
  @discardableResult
  private mutating func keep(_ path: String, whole: Bool = false) -> FileTree.ID? {
    guard let id = walk(path, marking: true) else { return nil }
    if root.tree[id].inode != FileTree.none { pending.append(id) }
    if whole, root.tree[id].kind == .directory { keepTree(id) }
    return id
  }

  private mutating func walk(_ path: String, marking: Bool) -> FileTree.ID? {
    var id = FileTree.root
    var rest = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }[...]
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

  // MARK: Entry points

  private mutating func keepCommands() throws {
    var commands = [config.entrypoint + config.cmd]
    if let test = config.healthcheck?.test, let kind = test.first, test.count > 1 {
      switch kind {
      case "CMD": commands.append(Array(test.dropFirst()))
      case "CMD-SHELL": commands.append((config.shell.isEmpty ? ["/bin/sh", "-c"] : config.shell) + test.dropFirst())
      default: break
      }
    }
    guard let first = commands[0].first else {
      throw OptimizerError.usage("the image names no entry point and no command: there is nothing to reach from")
    }
    guard program(first) != nil else {
      throw OptimizerError.usage("the entry point \(DisplayText.escape(first)) is not in the image")
    }
    for command in commands {
      // Words of a shell's text may be programs, and words of a command may be paths.
      for word in command.flatMap({ $0.split { " \t\n;|&()\"'`$".contains($0) } }).map(String.init) {
        if word.hasPrefix("/") { keep(word) } else { keepProgram(word) }
      }
    }
  }

  private var searchPath: [String] {
    let value = config.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5)
    return (value ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(separator: ":").map(
      String.init)
  }

  private mutating func program(_ name: String) -> String? {
    if name.hasPrefix("/") { return walk(name, marking: false).map { _ in name } }
    if name.contains("/") {
      let path = config.workingDirectory + "/" + name
      return walk(path, marking: false).map { _ in path }
    }
    for folder in searchPath {
      let path = folder + "/" + name
      if let id = walk(path, marking: false), root.tree[id].inode != FileTree.none { return path }
    }
    return nil
  }

  private mutating func keepProgram(_ name: String) {
    guard !name.isEmpty, let path = program(name) else { return }
    keep(path)
  }

  /// Where Python itself is started, only the modules stay that the application can reach.
  private mutating func dropUnreachedModules() throws {
    guard let first = (config.entrypoint + config.cmd).first, let path = program(first),
      let id = walk(path, marking: false)
    else { return }
    let node = root.tree[id]
    guard node.inode != FileTree.none else { return }
    let head = String(decoding: try contents.bytes(root.inodes[Int(node.inode)].origin, limit: 256), as: UTF8.self)
    let isScript = head.hasPrefix("#!") && head.prefix { $0 != "\n" }.contains("python")
    guard isScript || String(decoding: root.tree.name(id), as: UTF8.self).hasPrefix("python") else { return }
    var words = config.entrypoint + config.cmd + (config.healthcheck?.test ?? [])
    // A program of one line, `python -c`, and what variables name.
    words += words.flatMap { $0.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }.map(String.init) }
    words += config.environment.flatMap { $0.split { "=, ;".contains($0) }.map(String.init) }
    let asked = Set(keeping.compactMap { walk($0, marking: false) })
    guard
      let python = try PythonClosure.unreached(
        root, contents, kept: kept, program: id, words: words, asked: asked, askedModules: askedModules)
    else { return }
    let gone = python.gone
    askedModules = python.unknown
    notices.append(
      "\(python.reached) of \(python.modules) Python modules are reached; the rest goes: what is imported by a name that "
        + "is put together at run time, or a character set that no source names, needs --keep MODULE")
    if !python.dynamic.isEmpty {
      let names = python.dynamic.prefix(40).joined(separator: ", ")
      let more = python.dynamic.count > 40 ? ", and \(python.dynamic.count - 40) more" : ""
      notices.append(
        "which modules these import is only known at run time; what they need beside their own package has to be asked "
          + "for with --keep MODULE: \(names)\(more)")
    }
    func isGone(_ id: FileTree.ID) -> Bool {
      var id = id
      var isGone = false
      while id > FileTree.root {
        if asked.contains(id) { return false }
        isGone = isGone || gone.contains(id)
        id = root.tree[id].parent
      }
      return isGone
    }
    let lost = kept.filter { isGone($0) }
    kept.subtract(lost)
    pending.removeAll { lost.contains($0) }
  }

  /// Python's library, wherever a Python is; Node is one file.
  private mutating func keepRuntimes() {
    for base in ["usr/local/lib", "usr/lib"] {
      guard let folder = walk(base, marking: false) else { continue }
      for child in Array(root.tree.children(folder)) {
        let name = String(decoding: root.tree.name(child), as: UTF8.self)
        guard name.hasPrefix("python3"), hasProgram(name, base) else { continue }
        keep("\(base)/\(name)", whole: true)
      }
    }
  }

  private mutating func hasProgram(_ name: String, _ base: String) -> Bool {
    walk(base.replacing("/lib", with: "/bin") + "/" + name, marking: false) != nil || name == "python3"
  }

  // MARK: What files lead to

  private mutating func follow() throws {
    while let id = pending.popLast() {
      guard looked.insert(id).inserted else { continue }
      let node = root.tree[id]
      let inode = root.inodes[Int(node.inode)]
      guard inode.size >= 4 else { continue }
      let isProgram = root.entry(inode.metadata).mode & 0o111 != 0
      let name = root.tree.name(id)
      // Only programs and libraries lead further.
      guard isProgram || name.contains(where: { $0 == UInt8(ascii: ".") }) && isLibrary(name) else { continue }
      let head = try contents.bytes(inode.origin, limit: 256)
      if ELFFile.isELF(head) {
        guard let file = ELFFile(try contents.bytes(inode.origin, limit: 256 << 20)) else { continue }
        let folder = root.tree.path(id).dropLast(name.count)
        let origin = String(decoding: folder, as: UTF8.self)
        if let interpreter = file.interpreter { keep(interpreter) }
        let paths = file.searchPaths.map {
          $0.replacing("${ORIGIN}", with: "/" + origin).replacing("$ORIGIN", with: "/" + origin)
        }
        for library in file.needed { keepLibrary(library, from: paths + ["/" + origin]) }
      } else if isProgram, head.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
        let line = String(decoding: head.prefix { $0 != 0x0A }.dropFirst(2), as: UTF8.self)
        let words = line.split(separator: " ").map(String.init)
        guard let interpreter = words.first else { continue }
        keep(interpreter)
        if interpreter.hasSuffix("/env"), let program = words.dropFirst().first(where: { !$0.hasPrefix("-") }) {
          keepProgram(program)
        }
        let shell = (interpreter.hasSuffix("/env") ? words.dropFirst().first : words.first) ?? ""
        if ["/sh", "/bash", "/dash", "/ash"].contains(where: { ("/" + shell).hasSuffix($0) }), isEntryScript(id) {
          // Which programs a script calls cannot be told: all stay.
          for folder in searchPath { keep(folder, whole: true) }
        }
      }
    }
  }

  private func isLibrary(_ name: ArraySlice<UInt8>) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    return text.hasSuffix(".so") || text.contains(".so.") || text.hasSuffix(".node")
  }

  /// Whether the entry point or command is this very file.
  private mutating func isEntryScript(_ id: FileTree.ID) -> Bool {
    (config.entrypoint + config.cmd).contains { word in program(word).flatMap { walk($0, marking: false) } == id }
  }

  private mutating func findLibraryFolders() {
    let environment = config.environment.last { $0.hasPrefix("LD_LIBRARY_PATH=") }?.dropFirst(16)
    libraryFolders = environment?.split(separator: ":").map(String.init) ?? []
    libraryFolders += ["/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"]
    // Debian keeps libraries in a folder for each architecture.
    if let folder = walk("usr/lib", marking: false) {
      for child in root.tree.children(folder) where root.tree[child].kind == .directory {
        let name = String(decoding: root.tree.name(child), as: UTF8.self)
        if name.contains("-linux-") {
          libraryFolders += ["/lib/\(name)", "/usr/lib/\(name)", "/usr/local/lib/\(name)"]
        }
      }
    }
  }

  private mutating func keepLibrary(_ name: String, from folders: [String]) {
    if name.contains("/") {
      keep(name)
      return
    }
    for folder in folders + libraryFolders where walk(folder + "/" + name, marking: false) != nil {
      keep(folder + "/" + name)
      return
    }
  }
}
