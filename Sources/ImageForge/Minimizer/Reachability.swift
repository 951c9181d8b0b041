import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What the entry point of an image can reach: its programs, what the loader and libc open for them, the language
/// runtime, configuration, and everything that no distribution's package put there.
package struct Reachability {
  let root: RootFilesystem
  private let image: ReadImage
  private let folders = SystemFolders.shared
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
  private var imported: Set<Substring> = []

  private var keeping: [String] = []
  /// Those of `keeping` that are no paths, but may be modules.
  private var askedModules: [String] = []

  /// What was decided, for people.
  private var notices: [String] = []

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

  private mutating func dropReaderless() {
    let asked = Set(keeping.compactMap { walk($0, marking: false) })
    for (path, programs) in folders.readers {
      let isRead = programs.contains { program in
        // Where `/bin` is no link to `/usr/bin`, programs are in either.
        let paths =
          program.contains("/")
          ? [program, String(program.dropFirst(4))] : libraryFolders.map { $0 + "/" + program }
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

  /// What the sources outside of libraries import of what else goes: tests, setuptools.
  private mutating func readImports() throws {
    for id in sources(where: { $0.hasSuffix(".py") }) {
      let file = root.inodes[Int(root.tree[id].inode)]
      guard file.size < 1 << 20 else { continue }
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
        let target = walk(path, marking: false),
        root.tree[target].inode != FileTree.none
      else { continue }
      if root.entry(root.inodes[Int(root.tree[target].inode)].metadata).mode & 0o111 == 0 {
        keep(path)
      }
    }
  }

  /// Regular files outside of libraries.
  private func sources(where isSource: (String) -> Bool) -> [FileTree.ID] {
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
  private mutating func keepTree(_ id: FileTree.ID, leads: Bool = true) {
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
  private mutating func keepNamed(_ path: String) {
    guard let id = walk(path, marking: false) else { return }
    keep(path, whole: isOwn(id))
  }

  private func isOwn(_ folder: FileTree.ID) -> Bool {
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

  // MARK: Entry points

  private mutating func keepCommands() throws {
    let commands = config.commands
    guard let first = commands[0].first else { throw MinimizerError.noCommand }
    guard program(first) != nil else { throw MinimizerError.missingEntryPoint(first) }
    let architecture = image.image.platform.architecture
    guard !folders.bigEndian.contains(architecture) else {
      throw MinimizerError.bigEndian(architecture: architecture)
    }
    try refuseUnknownRuntimes(commands)
    for command in commands {
      // Words of a shell's text may be programs, and words of a command may be paths.
      let words = command.flatMap(ImageConfig.words)
      for word in words {
        for path in Self.paths(word) { keepNamed(path) }
        keepProgram(word)
        keepPackage(word)
      }
      // Which programs a script calls cannot be told.
      if let script = try script(words) { keepCalled(by: script) }
    }
  }

  /// Absolute paths in a word or in the value of a variable; of a URL, what has no host: `sqlite:////data/app.db`.
  private static func paths(_ text: String) -> [String] {
    text.split { ":,;= \t\n\"'`<>|&()[]{}".contains($0) }.compactMap {
      (piece: Substring) -> String? in
      // `-c/etc/app.conf`, `@/etc/app.json`
      let isOption = piece.hasPrefix("-") || piece.hasPrefix("@")
      let path = isOption ? piece.drop { $0 != "/" } : piece
      let slashes = path.prefix { $0 == "/" }.count
      return slashes == 1 || slashes > 2 ? "/" + path.dropFirst(slashes) : nil
    }
  }

  private mutating func keepVariables() {
    for variable in config.environment {
      let parts = variable.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, !folders.searchVariables.contains(parts[0]) else { continue }
      for path in Self.paths(parts[1]) { keepNamed(path) }
      guard parts[0].hasPrefix("LC_") || parts[0].hasPrefix("LANG") else { continue }
      for locale in parts[1].split(separator: ":").map({ $0.prefix { $0 != "." && $0 != "@" } }) {
        for name in [locale, locale.prefix { $0 != "_" }] {
          keep("usr/share/locale/\(name)", whole: true)
        }
      }
    }
  }

  /// What a script of a shell may need: all programs of the search path, and what its text names.
  private mutating func keepCalled(by script: String) {
    for folder in searchPath { keep(folder, whole: true) }
    let words = ImageConfig.words(script)
    for word in words {
      for path in Self.paths(word) { keepNamed(path) }
    }
    for name in Set(words.map(Self.base)) where StripSet.nodePrograms.contains(name) {
      keepProgram(name)
      keepPackage(name)
    }
  }

  /// The text of the shell scripts that a command names, or of files that a shell reads as one; nil where it names none.
  private mutating func script(_ words: [String]) throws -> String? {
    var before = ""
    var hasShell = false
    var text: String?
    func add(_ file: FileTree.ID) throws {
      let bytes = try contents.bytes(root.inodes[Int(root.tree[file].inode)].origin, limit: 1 << 20)
      text = (text ?? "") + String(decoding: bytes, as: UTF8.self) + "\n"
    }
    for word in words {
      let isRead = before == "." || before == "source" || folders.shells.contains(Self.base(before))
      if let id = file(word) {
        let head = try contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 256)
        if head.starts(with: Array("#!".utf8)) {
          if folders.shells.contains(Self.base(Self.interpreter(head).last ?? "")) { try add(id) }
        } else if !ELFFile.isELF(head), isRead || word.hasSuffix(".sh") || word.hasSuffix(".bash") {
          try add(id)
        }
      }
      hasShell = hasShell || folders.shells.contains(Self.base(word))
      // Options of a shell stand between it and its script.
      if !(isRead && word.hasPrefix("-")) { before = word }
    }
    // A package manager runs its project's scripts with a shell.
    if words.contains(where: { StripSet.nodePrograms.contains(Self.base($0)) && program($0) != nil }
    ) {
      text = text ?? ""
      if let manifest = file(config.workingDirectory + "/package.json") { try add(manifest) }
    }
    return text
  }

  private static func base(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// The regular file that a word of a command is.
  private mutating func file(_ word: String) -> FileTree.ID? {
    let path = program(word) ?? config.workingDirectory + "/" + word
    return walk(path, marking: false).flatMap { root.tree[$0].inode != FileTree.none ? $0 : nil }
  }

  /// The programs that a script's first line names: its interpreter, and what `env` starts for it.
  static func interpreter(_ head: [UInt8]) -> [String] {
    let line = String(
      decoding: head.prefix { $0 != 0x0A && $0 != 0x0D }.dropFirst(2), as: UTF8.self)
    let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    guard let first = words.first else { return [] }
    guard first.hasSuffix("/env") else { return [first] }
    // `-S node`, `-Snode`; the name of a variable that `-u` takes away is no program.
    var rest = words.dropFirst().map { $0.hasPrefix("-S") ? String($0.dropFirst(2)) : $0 }.filter {
      !$0.isEmpty
    }[...]
    while let word = rest.first, word.hasPrefix("-") || word.contains("=") {
      rest = rest.dropFirst(word == "-u" ? 2 : 1)
    }
    return [first] + rest.prefix(1)
  }

  /// A program that is part of a package of Node needs all of it, be it a package manager.
  private mutating func keepPackage(_ word: String) {
    guard let path = program(word), let id = walk(path, marking: false) else { return }
    let parts = String(decoding: root.tree.path(id), as: UTF8.self).split(separator: "/")
    var count: Int?
    if let modules = parts.firstIndex(of: "node_modules"), modules + 2 < parts.count {
      count = modules + (parts[modules + 1].hasPrefix("@") ? 3 : 2)
      // What it needs may stand beside it.
      if !StripSet.nodePrograms.contains(String(parts[modules + 1])) {
        keep(parts[...modules].joined(separator: "/"), whole: true)
      }
    } else if parts.starts(with: ["usr", "share", "nodejs"]) {
      // Debian's packages need each other.
      count = 3
    } else if parts.first == "opt", parts.count > 2, parts[1].hasPrefix("yarn-v") {
      count = 2
    } else if parts.starts(with: ["usr", "lib"]) || parts.starts(with: ["usr", "share"]),
      parts.count > 3,
      !parts[2].contains("-linux-"), !parts[2].hasPrefix("python")
    {
      // `/usr/lib/app/main.js`
      count = 3
    }
    guard let count, let folder = keep(parts.prefix(count).joined(separator: "/")) else { return }
    // The folder itself may be one that else goes.
    for child in Array(root.tree.children(folder)) {
      keepTree(child)
      guard root.tree[child].kind == .directory, kept.insert(child).inserted else { continue }
      for next in Array(root.tree.children(child)) { keepTree(next) }
    }
  }

  private mutating func refuseUnknownRuntimes(_ commands: [[String]]) throws {
    guard !asksForLibraries else { return }
    for word in commands.flatMap({ $0 }).flatMap(ImageConfig.words) {
      guard let path = program(word), let id = file(path) else { continue }
      let head = try contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 256)
      var programs = [word]
      if head.starts(with: Array("#!".utf8)) { programs += Self.interpreter(head) }
      for program in programs.compactMap({ self.program($0) }) {
        let name = Self.base(program)
        let isUnknown = folders.unknownRuntimes.contains {
          name == $0
            || name.hasPrefix($0)
              && ($0 == "php" || name.dropFirst($0.count).first?.isNumber == true)
        }
        // Outside of the distribution's folders a runtime stays whole.
        guard isUnknown, let place = walk(program, marking: false),
          folders.system.contains(
            root.tree.path(place).split(separator: UInt8(ascii: "/")).first.map {
              String(decoding: $0, as: UTF8.self)
            }
              ?? "")
        else { continue }
        throw MinimizerError.unknownRuntime(name)
      }
    }
  }

  /// Whether libraries are to be kept that a runtime may need.
  private var asksForLibraries: Bool {
    keeping.contains { path in
      let parts = path.split(separator: "/")
      return ["lib", "lib64", "share", "libexec", "opt"].contains {
        parts.prefix(3).contains($0[...])
      }
        || parts.first == "usr" && parts.count == 1
    }
  }

  private var searchPath: [String] {
    let value = config.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5)
    return (value ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(
      separator: ":"
    ).map(
      String.init)
  }

  mutating func program(_ name: String) -> String? {
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

  mutating func keepProgram(_ name: String) {
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
    let head = String(
      decoding: try contents.bytes(root.inodes[Int(node.inode)].origin, limit: 256), as: UTF8.self)
    let isScript = head.hasPrefix("#!") && head.prefix { $0 != "\n" }.contains("python")
    guard isScript || String(decoding: root.tree.name(id), as: UTF8.self).hasPrefix("python") else {
      return
    }
    var words = config.entrypoint + config.cmd + (config.healthcheck?.test ?? [])
    // A program of one line, `python -c`, and what variables name.
    words += words.flatMap {
      $0.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }.map(String.init)
    }
    words += config.environment.flatMap { $0.split { "=, ;".contains($0) }.map(String.init) }
    let asked = Set(keeping.compactMap { walk($0, marking: false) })
    guard
      let python = try PythonClosure.unreached(
        root, contents, kept: kept, program: id, words: words, asked: asked,
        askedModules: askedModules)
    else { return }
    let (gone, named) = (python.gone, python.named)
    askedModules = python.unknown
    notices.append(
      "\(python.reached) of \(python.modules) Python modules are reached; the rest goes: what is imported by a name that "
        + "is put together at run time, or a character set that no source names, needs --keep MODULE"
    )
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
    for path in named.paths.sorted() { keepNamed(path) }
    for name in named.programs.sorted() { keepProgram(name) }
    for name in named.libraries.sorted() { try keepLibrary(name, from: []) }
  }

  /// What the application's own JavaScript names; packages are not read.
  private mutating func keepWhatNodeNames() throws {
    let commands = config.commands.flatMap { $0 }.flatMap(ImageConfig.words)
    var programs = commands
    for word in commands {
      guard let id = file(word) else { continue }
      let head = try contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 256)
      if head.starts(with: Array("#!".utf8)) { programs += Self.interpreter(head) }
    }
    guard programs.contains(where: { ["node", "nodejs", "bun"].contains(Self.base($0)) }) else {
      return
    }
    var names = NodeNames()
    var left: Int64 = 64 << 20
    for id in sources(where: NodeNames.isSource) {
      let file = root.inodes[Int(root.tree[id].inode)]
      guard kept.contains(id), file.size <= NodeNames.maximumSize, file.size <= left else {
        continue
      }
      left -= file.size
      names.add(try contents.bytes(file.origin))
    }
    for path in names.paths.sorted() { keepNamed(path) }
    for program in names.programs.sorted() { keepProgram(program) }
    notices.append(
      "of JavaScript, the application's own sources were read, and packages in node_modules were not: a program that one "
        + "of these starts, be it a shell, and what it opens outside of the application needs --keep PATH"
    )
  }

  /// Python's library, wherever a Python is; Node is one file.
  private mutating func keepRuntimes() {
    for base in ["usr/local/lib", "usr/lib"] {
      guard let folder = walk(base, marking: false) else { continue }
      for child in Array(root.tree.children(folder)) {
        let name = String(decoding: root.tree.name(child), as: UTF8.self)
        guard name.hasPrefix("python3"), hasProgram(name) else { continue }
        keep("\(base)/\(name)", whole: true)
      }
    }
  }

  /// Debian's own Python is in `/usr/bin`, and has a folder in `/usr/local/lib`, too.
  private mutating func hasProgram(_ name: String) -> Bool {
    name == "python3"
      || ["usr/local/bin", "usr/bin"].contains { walk($0 + "/" + name, marking: false) != nil }
  }
}
