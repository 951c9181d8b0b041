import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What programs and libraries lead to, as the loader finds it (ld.so(8), musl's ldso).
extension Reachability {
  mutating func follow() throws {
    while let id = pending.popLast() {
      guard looked.insert(id).inserted else { continue }
      let node = root.tree[id]
      let inode = root.inodes[Int(node.inode)]
      guard inode.size >= 4 else { continue }
      let isProgram = root.entry(inode.metadata).mode & 0o111 != 0
      let name = root.tree.name(id)
      // Only programs and libraries lead further.
      guard isProgram || name.contains(where: { $0 == UInt8(ascii: ".") }) && isLibrary(name) else {
        continue
      }
      let head = try contents.bytes(inode.origin, limit: 256)
      if ELFFile.isELF(head) {
        let blob = try contents.blob(inode.origin)
        guard let file = try ELFFile(read: { try blob.bytes(at: Int64($0), count: $1) }) else {
          continue
        }
        let folder = root.tree.path(id).dropLast(name.count)
        let origin = String(decoding: folder, as: UTF8.self)
        if let interpreter = file.interpreter { keep(interpreter) }
        inheritedFolders += folders(file.inheritedPaths, of: file, origin).filter {
          !inheritedFolders.contains($0)
        }
        let paths = folders(file.searchPaths, of: file, origin)
        for library in file.needed {
          try keepLibrary(library, from: paths + ["/" + origin], for: file)
        }
      } else if isProgram, head.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) {
        let programs = Self.interpreter(head)
        if let first = programs.first { keep(first) }
        for program in programs.dropFirst() { keepProgram(program) }
      }
    }
  }

  /// What libraries that are reached open in turn: PAM its modules, OpenSSL the providers that its settings name.
  mutating func keepCompanions() throws {
    func isKept(_ path: String) -> Bool {
      walk(path, marking: false).map { kept.contains($0) } ?? false
    }
    let settings = try ["etc/ssl/openssl.cnf", "usr/lib/ssl/openssl.cnf"].flatMap { try lines($0) }
    for folder in libraryFolders {
      if isKept(folder + "/libpam.so.0") { keep(folder + "/security", whole: true) }
      if settings.contains(where: { $0.contains("legacy") }) {
        keep(folder + "/ossl-modules", whole: true)
      }
    }
    try follow()
  }

  /// Search paths with what the loader puts in (ld.so(8), "Dynamic string tokens").
  private func folders(_ paths: [String], of file: ELFFile, _ origin: String) -> [String] {
    paths.flatMap { path in
      let path = path.replacing("${", with: "$").replacing("}", with: "")
        .replacing("$ORIGIN", with: "/" + origin).replacing("$PLATFORM", with: file.platform)
      guard path.contains("$LIB") else { return [path] }
      return (["lib", "lib64"] + triplets.map { "lib/" + $0 }).map {
        path.replacing("$LIB", with: $0)
      }
    }
  }

  private func isLibrary(_ name: ArraySlice<UInt8>) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    return text.hasSuffix(".so") || text.contains(".so.") || text.hasSuffix(".node")
  }

  /// The libraries of the name services that are asked (nsswitch.conf(5)).
  mutating func nameServices() throws -> [String] {
    try lines("etc/nsswitch.conf").flatMap { line in
      line.split { $0 == " " || $0 == "\t" }.dropFirst().filter { !$0.hasPrefix("[") }.map {
        "libnss_\($0).so.2"
      }
    }
  }

  /// Libraries that the loader puts before those that a program needs.
  mutating func keepPreloaded() throws {
    let variable = config.environment.last { $0.hasPrefix("LD_PRELOAD=") }?.dropFirst(11) ?? ""
    for name in variable.split(whereSeparator: { $0 == ":" || $0 == " " }) {
      try keepLibrary(String(name), from: [])
    }
    for line in try lines("etc/ld.so.preload") {
      for name in line.split(whereSeparator: { " :\t".contains($0) }) {
        try keepLibrary(String(name), from: [])
      }
    }
  }

  /// The lines of a file of settings, without comments.
  mutating func lines(_ path: String) throws -> [String] {
    guard let id = walk(path, marking: false), root.tree[id].inode != FileTree.none else {
      return []
    }
    let bytes = try contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
      String($0.prefix { $0 != "#" })
    }
  }

  mutating func findLibraryFolders() throws {
    let environment = config.environment.last { $0.hasPrefix("LD_LIBRARY_PATH=") }?.dropFirst(16)
    libraryFolders = environment?.split { $0 == ":" || $0 == ";" }.map(String.init) ?? []
    var files = ["etc/ld.so.conf"]
    if let folder = walk("etc/ld.so.conf.d", marking: false) {
      files += root.tree.children(folder).map { "etc/ld.so.conf.d/" + text($0) }.filter {
        $0.hasSuffix(".conf")
      }
    }
    for file in files {
      libraryFolders += try lines(file).map { $0.filter { $0 != " " && $0 != "\t" } }.filter {
        $0.hasPrefix("/")
      }
    }
    libraryFolders += ["/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"]
    // Debian keeps libraries in a folder for each architecture.
    for folder in ["usr/lib", "lib"].compactMap({ walk($0, marking: false) }) {
      for child in root.tree.children(folder) where root.tree[child].kind == .directory {
        let name = text(child)
        if name.contains("-linux-"), !triplets.contains(name) {
          triplets.append(name)
          libraryFolders += ["/lib/\(name)", "/usr/lib/\(name)", "/usr/local/lib/\(name)"]
        }
      }
    }
    // musl has one file of folders.
    for child in walk("etc", marking: false).map({ Array(root.tree.children($0)) }) ?? [] {
      let name = text(child)
      guard name.hasPrefix("ld-musl-"), name.hasSuffix(".path") else { continue }
      libraryFolders += try lines("etc/" + name).flatMap {
        $0.split(separator: ":").map(String.init)
      }
    }
    var seen: Set<String> = []
    libraryFolders = libraryFolders.filter {
      seen.insert($0).inserted && walk($0, marking: false) != nil
    }
    // Builds for newer processors: which one the loader takes, the machine decides.
    for folder in libraryFolders {
      guard let builds = walk(folder + "/glibc-hwcaps", marking: false) else { continue }
      hardwareFolders += root.tree.children(builds).map { "\(folder)/glibc-hwcaps/\(text($0))" }
    }
  }

  /// - Parameter program: what needs it; the loader passes over libraries for another machine.
  mutating func keepLibrary(_ name: String, from folders: [String], for program: ELFFile? = nil)
    throws
  {
    if name.contains("/") {
      keep(name)
      return
    }
    for folder in hardwareFolders { keep(folder + "/" + name) }
    for folder in inheritedFolders where try fits(folder + "/" + name, program) != false {
      keep(folder + "/" + name)
    }
    for folder in folders + libraryFolders {
      let path = folder + "/" + name
      guard walk(path, marking: false) != nil else { continue }
      let fits = try fits(path, program)
      if fits != false { keep(path) }
      if fits == true { return }
    }
  }

  /// Whether a library is for the machine of a program; nil for what is no ELF file.
  private mutating func fits(_ path: String, _ program: ELFFile?) throws -> Bool? {
    guard let id = walk(path, marking: false), root.tree[id].inode != FileTree.none else {
      return false
    }
    let head = try contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 64)
    guard ELFFile.isELF(head), head.count >= 20 else { return nil }
    return program?.machine == nil || program?.machine == ELFFile.machine(head)
  }
}
