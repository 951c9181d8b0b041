import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What the commands, scripts and variables of the config lead to.
extension Reachability {
  mutating func keepCommands() throws {
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
  static func paths(_ text: String) -> [String] {
    text.split { ":,;= \t\n\"'`<>|&()[]{}".contains($0) }.compactMap {
      (piece: Substring) -> String? in
      // `-c/etc/app.conf`, `@/etc/app.json`
      let isOption = piece.hasPrefix("-") || piece.hasPrefix("@")
      var path = piece
      if isOption { path = path.drop { $0 != "/" } }
      let slashes = path.prefix { $0 == "/" }.count
      guard slashes == 1 || slashes > 2 else { return nil }
      return "/" + path.dropFirst(slashes)
    }
  }

  mutating func keepVariables() {
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
  mutating func keepCalled(by script: String) {
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
  mutating func script(_ words: [String]) throws -> String? {
    var before = ""
    var hasShell = false
    var text: String?
    func add(_ file: FileTree.ID) throws {
      let bytes = try bytes(file, limit: 1 << 20)
      text = (text ?? "") + String(decoding: bytes, as: UTF8.self) + "\n"
    }
    for word in words {
      let isRead = before == "." || before == "source" || folders.shells.contains(Self.base(before))
      if let id = file(word) {
        let head = try bytes(id, limit: 256)
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

  static func base(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  /// The regular file that a word of a command is.
  mutating func file(_ word: String) -> FileTree.ID? {
    let path = program(word) ?? config.workingDirectory + "/" + word
    guard let id = walk(path, marking: false), root.file(id) != nil else { return nil }
    return id
  }

  /// The programs that a script's first line names: its interpreter, and what `env` starts for it.
  static func interpreter(_ head: [UInt8]) -> [String] {
    let line = String(
      decoding: head.prefix { $0 != 0x0A && $0 != 0x0D }.dropFirst(2), as: UTF8.self)
    let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    guard let first = words.first else { return [] }
    guard first.hasSuffix("/env") else { return [first] }
    // `-S node`, `-Snode`; the name of a variable that `-u` takes away is no program.
    var rest = words.dropFirst().map { word in
      guard word.hasPrefix("-S") else { return word }
      return String(word.dropFirst(2))
    }.filter { !$0.isEmpty }[...]
    while let word = rest.first, word.hasPrefix("-") || word.contains("=") {
      rest.removeFirst()
      if word == "-u" { rest = rest.dropFirst() }
    }
    return [first] + rest.prefix(1)
  }

  /// A program that is part of a package of Node needs all of it, be it a package manager.
  mutating func keepPackage(_ word: String) {
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

  mutating func refuseUnknownRuntimes(_ commands: [[String]]) throws {
    guard !asksForLibraries else { return }
    for word in commands.flatMap({ $0 }).flatMap(ImageConfig.words) {
      guard let path = program(word), let id = file(path) else { continue }
      let head = try bytes(id, limit: 256)
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
}
