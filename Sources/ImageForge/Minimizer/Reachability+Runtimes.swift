import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What the language runtimes need of their libraries.
extension Reachability {
  /// Where Python itself is started, only the modules stay that the application can reach.
  mutating func dropUnreachedModules() throws {
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
      var names = python.dynamic.prefix(40).joined(separator: ", ")
      if python.dynamic.count > 40 { names += ", and \(python.dynamic.count - 40) more" }
      notices.append(
        "which modules these import is only known at run time; what they need beside their own package has to be asked "
          + "for with --keep MODULE: \(names)")
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
  mutating func keepWhatNodeNames() throws {
    let commands = config.commands.flatMap { $0 }.flatMap(ImageConfig.words)
    var programs = commands
    for word in commands {
      guard let id = file(word) else { continue }
      let head = try bytes(id, limit: 256)
      if head.starts(with: Array("#!".utf8)) { programs += Self.interpreter(head) }
    }
    guard programs.contains(where: { ["node", "nodejs", "bun"].contains(Self.base($0)) }) else {
      return
    }
    var names = NodeNames()
    var left: Int64 = 64 << 20
    for id in sources(where: NodeNames.isSource) {
      guard kept.contains(id), let file = root.file(id), file.size <= NodeNames.maximumSize,
        file.size <= left
      else {
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
  mutating func keepRuntimes() {
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
  mutating func hasProgram(_ name: String) -> Bool {
    name == "python3"
      || ["usr/local/bin", "usr/bin"].contains { walk($0 + "/" + name, marking: false) != nil }
  }
}
