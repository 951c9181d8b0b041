import ForgeBasics
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// The Python modules that an application can reach by what its sources, and theirs, import or name.
struct PythonClosure {
  private let root: RootFilesystem
  private let contents: FileContents
  private let modules: PythonModules
  private let table = PythonModuleTable.shared
  private var reached: Set<String> = []
  private var pending: [String] = []
  /// By group: the modules that distributions offer (`entry_points.txt`).
  private var entryPoints: [String: [String]] = [:]
  /// Modules that may be the program itself.
  private var started: Set<String> = []
  /// The rules of rare modules that a source outside of their distribution lifted.
  private var used: Set<String> = []
  /// By rule: what was passed over for it.
  private var passedOver: [String: Set<String>] = [:]
  /// Reached modules that import by names which are put together at run time.
  private var dynamic: Set<String> = []
  /// Modules in C that are part of the interpreter.
  private var builtIn: Set<String> = []
  private var named = PythonNames()
  /// Packages that the application's own sources import.
  private var ownPackages: Set<String> = []

  /// - Parameters:
  ///   - kept: names that are kept, libraries among them.
  ///   - program: what the image starts: a script in Python, or the interpreter.
  ///   - words: what commands and variables of the config say.
  ///   - asked: names that are to stay; what modules among them import stays, too.
  ///   - askedModules: the same by the names of modules, with all below them.
  /// - Returns: nil where there is no Python.
  static func unreached(
    _ root: RootFilesystem, _ contents: FileContents, kept: Set<FileTree.ID>, program: FileTree.ID,
    words: [String],
    asked: Set<FileTree.ID>, askedModules: [String]
  ) throws -> Result? {
    var work = PythonClosure(root, contents, kept)
    guard work.modules.definitions["os"] != nil else { return nil }
    work.keep(asked, askedModules)
    try work.readEntryPoints()
    try work.readInterpreter(program)
    if let script = try work.bytes(program), script.starts(with: Array("#!".utf8)) {
      work.follow(PythonImports(script), package: "", from: "")
    }
    try work.start(kept, words)
    try work.follow()
    try work.followScripts(kept)
    return Result(
      gone: try work.unreached().union(work.brokenScripts(kept)), reached: work.reached.count,
      modules: work.modules.definitions.count,
      dynamic: work.dynamic.sorted(), named: work.named,
      unknown: askedModules.filter { work.modules.definitions[$0] == nil })
  }

  struct Result {
    /// Names in libraries that nothing reaches, and programs that cannot start without these.
    var gone: Set<FileTree.ID>
    var reached: Int
    var modules: Int
    /// What imports by names that are put together at run time: modules, and paths of the application's sources.
    var dynamic: [String]
    /// What the application's sources name beside modules.
    var named: PythonNames
    /// Modules that were asked for and are not there.
    var unknown: [String]
  }

  private init(_ root: RootFilesystem, _ contents: FileContents, _ kept: Set<FileTree.ID>) {
    self.root = root
    self.contents = contents
    modules = PythonModules(root, kept: kept)
  }

  // MARK: Starting points

  private mutating func start(_ kept: Set<FileTree.ID>, _ words: [String]) throws {
    for name in table.always { add(name, from: "") }
    for name in modules.children["encodings"] ?? [] { add("encodings." + name, from: "", .named) }
    for name in modules.children[""] ?? [] where name.hasPrefix("_sysconfigdata") {
      add(name, from: "")
    }
    for word in words {
      let name = word.split(separator: ":").first.map(String.init) ?? ""
      resolve(name, package: "", from: "")
      started.formUnion([name, name + ".__main__"])
      if modules.definitions[name] != nil { add(name + ".__main__", from: "") }
    }
    // Sources outside of libraries are the application's, and all of them count.
    for id in kept where !isInLibrary(id) {
      let name = PythonModules.text(root, id)
      guard name.hasSuffix(".py") || name.hasSuffix(".so"), let bytes = try bytes(id) else {
        continue
      }
      if name.hasSuffix(".so") {
        if bytes.holds(Array("PyInit_\(name.prefix { $0 != "." })".utf8)) {
          followProgram(bytes, "")
        }
        continue
      }
      let source = PythonImports(bytes)
      if source.isDynamic { dynamic.insert(DisplayText.escape(root.tree.path(id))) }
      named.add(source.texts, of: String(decoding: bytes, as: UTF8.self))
      ownPackages.formUnion(source.modules.map { String($0.prefix { $0 != "." }) })
      follow(source, package: "", from: "")
    }
    for site in modules.sites {
      for child in root.tree.children(site) where PythonModules.text(root, child).hasSuffix(".pth")
      {
        if let source = try bytes(child) { follow(PythonImports(source), package: "", from: "") }
      }
    }
  }

  private mutating func keep(_ asked: Set<FileTree.ID>, _ askedModules: [String]) {
    for (name, list) in modules.definitions {
      let isAsked =
        askedModules.contains { name == $0 || name.hasPrefix($0 + ".") }
        || !asked.isEmpty && list.contains { isBelow($0.id, asked) }
      if isAsked { add(name, from: "") }
    }
  }

  private func isInLibrary(_ id: FileTree.ID) -> Bool { isBelow(id, modules.libraries) }

  private func isBelow(_ id: FileTree.ID, _ folders: Set<FileTree.ID>) -> Bool {
    var id = id
    while id > FileTree.root {
      if folders.contains(id) { return true }
      id = root.tree[id].parent
    }
    return false
  }

  private func bytes(_ id: FileTree.ID) throws -> [UInt8]? {
    guard let file = destination(id) else { return nil }
    return try contents.bytes(root.inodes[Int(root.tree[file].inode)].origin)
  }

  /// The file that a name is, or leads to: distributions link modules of the standard library to each other.
  private func destination(_ id: FileTree.ID) -> FileTree.ID? {
    var id = id
    for _ in 0..<8 {
      let node = root.tree[id]
      guard node.kind == .symlink else { return node.inode == FileTree.none ? nil : id }
      let target = root.layers[Int(node.target.layer)].entries.link(Int(node.target.index))
      var next = target.first == UInt8(ascii: "/") ? FileTree.root : node.parent
      for part in target.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
        if part.elementsEqual("..".utf8) {
          next = max(root.tree[next].parent, FileTree.root)
        } else if let child = root.tree.child(next, part) {
          next = child
        } else {
          return nil
        }
      }
      id = next
    }
    return nil
  }

  /// Which modules in C an interpreter holds: their names stand in its data.
  private mutating func readInterpreter(_ program: FileTree.ID) throws {
    var files = [program]
    for folder in ["usr/local/bin", "usr/bin", "usr/local/lib", "usr/lib"] {
      guard let id = root.node(at: Array(folder.utf8)) else { continue }
      files += root.tree.children(id).filter {
        let name = PythonModules.text(root, $0)
        return name.hasPrefix("python3.") || name.hasPrefix("libpython3.")
      }
    }
    for file in files where root.tree[file].kind == .regular {
      guard let program = try bytes(file), ELFFile.isELF(program) else { continue }
      for name in table.twins.values where program.holds(Array(name.utf8)) {
        builtIn.insert(name)
      }
    }
  }

  private mutating func readEntryPoints() throws {
    for site in modules.sites {
      for child in root.tree.children(site) {
        guard let file = root.tree.child(child, Array("entry_points.txt".utf8)[...]),
          let text = try bytes(file)
        else {
          continue
        }
        var group = ""
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
          if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
            group = String(line[line.index(after: line.startIndex)..<end])
          } else if group != "console_scripts", group != "gui_scripts",
            let equals = line.firstIndex(of: "=")
          {
            let target = line[line.index(after: equals)...].drop { $0 == " " }
            entryPoints[group, default: []].append(String(target.prefix { $0 != ":" && $0 != " " }))
          }
        }
      }
    }
  }

  /// Programs in Python, as packages install them.
  private func scripts(_ kept: Set<FileTree.ID>) throws -> [(
    id: FileTree.ID, source: PythonImports
  )] {
    var scripts: [(FileTree.ID, PythonImports)] = []
    for id in kept where PythonModules.text(root, root.tree[id].parent) == "bin" && !isInLibrary(id)
    {
      let node = root.tree[id]
      guard node.inode != FileTree.none, root.inodes[Int(node.inode)].size < 1 << 20,
        let source = try bytes(id),
        source.starts(with: Array("#!".utf8)),
        String(decoding: source.prefix(200), as: UTF8.self).contains("python")
      else { continue }
      scripts.append((id, PythonImports(source)))
    }
    return scripts
  }

  /// Those that import at once what nothing reaches.
  private func brokenScripts(_ kept: Set<FileTree.ID>) throws -> [FileTree.ID] {
    try scripts(kept).filter { _, source in
      source.modules.subtracting(source.lazyModules).contains { name in
        let top = Self.top(name)
        return !modules.isStandard(top) && modules.definitions[top] != nil && !reached.contains(top)
      }
    }.map(\.id)
  }

  /// Programs in Python of the packages that the application imports, such as `alembic` beside a service.
  private mutating func followScripts(_ kept: Set<FileTree.ID>) throws {
    for (_, script) in try scripts(kept) {
      let tops = script.modules.map { String($0.prefix { $0 != "." }) }.filter {
        !modules.isStandard($0)
      }
      guard tops.contains(where: { ownPackages.contains($0) }) else { continue }
      follow(script, package: "", from: "")
      try follow()
    }
  }

  // MARK: Following

  /// How a module is reached.
  private enum Way {
    /// By a statement that runs when its own module is imported.
    case imported
    /// By a statement in a function.
    case lazy
    /// By a string, or a name that is put together.
    case named
  }

  private mutating func add(_ name: String, from: String, _ way: Way = .imported) {
    if way != .imported || table.optional.contains(name), isPassedOver(name, from, way) {
      return
    }
    if let twin = table.twins[String(name.prefix { $0 != "." })], isThere(twin) {
      return
    }
    // Packages are imported before their modules.
    var end = name.startIndex
    while end < name.endIndex {
      end = name[end...].firstIndex(of: ".") ?? name.endIndex
      let part = String(name[..<end])
      guard modules.definitions[part] != nil else { return }
      if reached.insert(part).inserted {
        pending.append(part)
      }
      if end < name.endIndex { end = name.index(after: end) }
    }
  }

  /// Whether the rule of a rare module says that this does not reach it.
  private mutating func isPassedOver(_ name: String, _ from: String, _ way: Way) -> Bool {
    guard let rule = table.rareModule(name), !used.contains(rule.module) else {
      return false
    }
    if let client = rule.client {
      // A word in a library is most often something else.
      let isWord = way == .named && !from.isEmpty
      guard isWord || from == client || from.hasPrefix(client + ".") else { return false }
    } else {
      guard rule.drivers.allSatisfy({ modules.definitions[$0] == nil }) else { return false }
      let (top, other) = (Self.top(name), Self.top(from))
      let isOwn = top == other || modules.isStandard(top) && modules.isStandard(other)
      guard
        way == .named && !rule.isOptional
          || isOwn && table.rareModule(from)?.module != rule.module
      else {
        return false
      }
    }
    if modules.definitions[name] != nil { passedOver[rule.module, default: []].insert(name) }
    return true
  }

  private static func top(_ name: String) -> String { String(name.prefix { $0 != "." }) }

  /// Whether a module in C is a file of the library or part of the interpreter.
  private func isThere(_ name: String) -> Bool {
    modules.definitions[name]?.contains { $0.kind == .extensionModule } ?? false
      || builtIn.contains(name)
  }

  /// A name that may end in that of something in a module; relative to `package` where it begins with dots.
  private mutating func resolve(
    _ name: String, package: String, from: String, _ way: Way = .imported
  ) {
    let dots = name.prefix { $0 == "." }.count
    if dots > 0 {
      let base = package.split(separator: ".").dropLast(dots - 1)
      guard !base.isEmpty else { return }
      add(
        (base.map(String.init) + [String(name.dropFirst(dots))]).joined(separator: "."), from: from,
        way)
      if name.count == dots { add(base.joined(separator: "."), from: from, way) }
    } else {
      add(name, from: from, way)
    }
  }

  private mutating func follow(_ source: PythonImports, package: String, from: String) {
    let lazy = source.lazyModules
    for name in source.modules {
      resolve(name, package: package, from: from, lazy.contains(name) ? .lazy : .imported)
    }
    learn(source, from)
    for name in source.called { resolve(name, package: package, from: from, .lazy) }
    // A table of what modules were called in Python 2.
    let names = from == "_compat_pickle" ? [] : source.names
    for name in names {
      // In a library, a word alone is most often something else; applications name their plugins so.
      if from.isEmpty || source.isDynamic || name.contains(".") {
        resolve(name, package: package, from: from, .named)
        if !package.isEmpty, !name.hasPrefix(".") { add(package + "." + name, from: from, .named) }
      }
      for target in entryPoints[name] ?? [] { add(target, from: from) }
    }
    for name in source.openPackages {
      for child in modules.children[name] ?? [] { add(name + "." + child, from: from, .named) }
    }
    if source.isDynamic, !from.isEmpty, !modules.isStandard(Self.top(from)) { dynamic.insert(from) }
    if source.isDynamic || source.isBroken, !package.isEmpty {
      for child in modules.children[package] ?? [] {
        add(package + "." + child, from: from, .named)
      }
    }
  }

  /// What a source says of the use of rare modules: what was passed over for want of it is reached now.
  private mutating func learn(_ source: PythonImports, _ from: String) {
    let top = Self.top(from)
    guard !modules.isStandard(top), !table.encodingLists.contains(top) else { return }
    for rule in table.rare.values where !used.contains(rule.module) {
      let owner = Self.top(rule.client ?? rule.module)
      guard owner != top,
        !rule.words.isDisjoint(with: source.triggers) || rule.isUsed(by: source.modules)
      else {
        continue
      }
      used.insert(rule.module)
      if rule.client == nil { add(rule.module, from: from) }
      for name in passedOver[rule.module] ?? [] { add(name, from: from) }
    }
  }

  private mutating func follow() throws {
    while let name = pending.popLast() {
      for definition in modules.definitions[name] ?? [] {
        switch definition.kind {
        case .source:
          let package = name.split(separator: ".").dropLast().joined(separator: ".")
          guard let source = try bytes(definition.id) else { continue }
          follow(
            PythonImports(source, isLibrary: !started.contains(name)), package: package, from: name)
        case .package:
          guard let file = root.tree.child(definition.id, Array("__init__.py".utf8)[...]),
            let source = try bytes(file)
          else { continue }
          follow(PythonImports(source, isLibrary: true), package: name, from: name)
        case .extensionModule:
          if let program = try bytes(definition.id) { followProgram(program, name) }
        }
      }
    }
  }

  /// A compiled module imports by names in its data.
  private mutating func followProgram(_ program: [UInt8], _ name: String) {
    let package = name.split(separator: ".").dropLast().joined(separator: ".")
    var texts: Set<String> = []
    program.withUnsafeBufferPointer { bytes in
      var start = 0
      for index in 0...bytes.count {
        let byte = index < bytes.count ? bytes[index] : 0
        let isPart =
          (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x30...0x39).contains(byte) || byte == 0x5F
          || byte == 0x2E
        if isPart { continue }
        if index - start >= 2, index - start <= 400 {
          texts.insert(
            String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self))
        }
        start = index + 1
      }
    }
    for text in texts {
      for module in modules.modules(in: text[...]) { add(module, from: name, .named) }
      if !package.isEmpty { add(package + "." + text, from: name, .named) }
    }
  }

  // MARK: Result

  private func unreached() throws -> Set<FileTree.ID> {
    var gone: Set<FileTree.ID> = []
    for (name, list) in modules.definitions where !reached.contains(name) {
      for definition in list {
        // A library without a tag may be no module, and opened by its path.
        if definition.kind == .extensionModule,
          PythonModules.text(root, definition.id).count(where: { $0 == "." }) == 1
        {
          continue
        }
        // A package of which a part is reached keeps its data; its own modules are looked at one by one.
        if definition.kind != .package || !name.contains(".") && !definition.isStandard
          || table.rare[name] != nil
        {
          gone.insert(definition.id)
        }
      }
    }
    for site in modules.sites {
      for child in root.tree.children(site) {
        let name = PythonModules.text(root, child)
        if name.hasSuffix(".dist-info"), try isUnreached(distribution: child) {
          gone.insert(child)
        } else if name.hasSuffix(".libs"), modules.definitions[String(name.dropLast(5))] != nil,
          !reached.contains(String(name.dropLast(5)))
        {
          gone.insert(child)
        }
      }
    }
    return gone
  }

  /// Whether none of the modules that a distribution installed (its `RECORD`) is reached.
  private func isUnreached(distribution: FileTree.ID) throws -> Bool {
    guard let file = root.tree.child(distribution, Array("RECORD".utf8)[...]),
      let text = try bytes(file)
    else {
      return false
    }
    var tops: Set<String> = []
    for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let path = line.prefix { $0 != "," }
      let top = path.prefix { $0 != "/" }.prefix { $0 != "." }
      if path.hasSuffix(".py") || path.hasSuffix(".so"), modules.definitions[String(top)] != nil {
        tops.insert(String(top))
      }
    }
    return !tops.isEmpty && tops.isDisjoint(with: reached)
  }
}

extension [UInt8] {
  /// Whether a text stands in it before a zero byte: linkers keep `a_b` and `_b` in one place.
  fileprivate func holds(_ text: [UInt8]) -> Bool {
    let wanted = text + [0]
    return withUnsafeBufferPointer { bytes in
      var index = 0
      while index + wanted.count <= bytes.count {
        if bytes[index] == wanted[0], bytes[index + 1] == wanted[1],
          wanted.indices.allSatisfy({ bytes[index + $0] == wanted[$0] })
        {
          return true
        }
        index += 1
      }
      return false
    }
  }
}

/// What Python sources name in strings, beside modules: paths, and where they start programs or open libraries, these.
struct PythonNames {
  private(set) var paths: Set<String> = []
  private(set) var programs: Set<String> = []
  private(set) var libraries: Set<String> = []

  fileprivate mutating func add(_ texts: Set<String>, of source: String) {
    func mentions(_ words: String...) -> Bool { words.contains { source.contains($0) } }
    paths.formUnion(texts.filter { $0.hasPrefix("/") && !$0.hasPrefix("//") })
    if mentions("shell=True", "os.system", "popen") { paths.insert("/bin/sh") }
    if mentions("subprocess", "os.system", "popen", "which") {
      for text in texts {
        // Each part of a pipe begins with a program.
        for part in text.split(whereSeparator: { "|;&".contains($0) }) {
          programs.formUnion(part.split { $0 == " " || $0 == "\t" }.prefix(1).map(String.init))
        }
      }
    }
    if mentions("ctypes", "cffi") {
      libraries.formUnion(
        texts.filter { $0.hasPrefix("lib") && $0.contains(".so") && !$0.contains("/") })
    }
  }
}
