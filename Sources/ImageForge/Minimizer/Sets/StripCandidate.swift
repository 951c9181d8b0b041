import ForgeInspection
import ForgeLayers
import ForgeWriting

/// A name of a root filesystem that may belong to a strip set.
struct StripCandidate {
  private let root: RootFilesystem
  private let id: FileTree.ID
  private let node: FileTree.Node
  /// Without a leading slash.
  let path: String
  private let parts: [Substring]
  private let name: Substring
  /// The name of the folder that it is in.
  private let folder: Substring

  private var table: StripTable { StripTable.shared }

  init(_ root: RootFilesystem, _ id: FileTree.ID) {
    (self.root, self.id) = (root, id)
    node = root.tree[id]
    path = String(decoding: root.tree.path(id), as: UTF8.self)
    parts = path.split(separator: "/", omittingEmptySubsequences: false)
    name = parts.last ?? ""
    folder = parts.dropLast().last ?? ""
  }

  private var isFolder: Bool { node.kind == .directory }

  /// Whether it is below one of these folders, and not the folder itself.
  func isBelow(_ folders: [String]) -> Bool { folders.contains { path.hasPrefix($0 + "/") } }

  private func ends(in suffixes: [String]) -> Bool { suffixes.contains { name.hasSuffix($0) } }

  // MARK: The sets

  var isCache: Bool {
    if isBelow(table.temporary) {
      guard node.kind == .regular else { return false }
      let inode = root.inodes[Int(node.inode)]
      return inode.size > 0 && root.entry(inode.metadata).uid == 0
    }
    let home: ArraySlice<Substring>
    switch parts.first {
    case "root": home = parts.dropFirst()
    case "home": home = parts.dropFirst(2)
    default: return false
    }
    let inHome = home.joined(separator: "/")
    return table.homeCaches.contains { inHome.hasPrefix($0 + "/") }
  }

  var isDocument: Bool {
    guard isBelow(table.documents), !isFolder else { return false }
    // A package's copyright file may be read through a link in place of its folder.
    if node.kind == .symlink, folder == "doc" { return false }
    return !isLicence(name) && !parts.dropFirst(4).contains(where: isLicence)
  }

  private func isLicence(_ name: Substring) -> Bool {
    let name = name.lowercased()
    return table.licences.contains { name.hasPrefix($0) }
  }

  /// - Parameter locales: those that stay.
  func isTranslation(beside locales: [Substring]) -> Bool {
    guard isBelow(table.locales) else { return false }
    if path == "usr/share/locale/locale.alias" { return false }
    if path.lowercased().hasPrefix("usr/lib/locale/c.utf") { return false }
    if path == "usr/lib/locale/locale-archive" { return locales.isEmpty }
    let own = parts[3].prefix { $0 != "." && $0 != "@" }
    return !locales.contains { $0 == own || $0.prefix { $0 != "_" } == own }
  }

  var isCompiledFromSource: Bool {
    guard node.kind == .regular, name.hasSuffix(".pyc"),
      let source = CompiledPython.source(of: root.tree.path(id))
    else { return false }
    return root.node(at: source) != nil
  }

  var isPythonTests: Bool {
    guard isFolder, name == "tests" || name == "test" else { return false }
    if let site = parts.firstIndex(where: { $0 == "site-packages" || $0 == "dist-packages" }) {
      // A package may offer what others test with: `django.test`.
      return parts.count > site + 2 && (name == "tests" || holdsTests)
    }
    let isPart = table.testedParts.contains { $0 == folder }
    return root.isPythonLibrary(parts.dropLast(isPart ? 2 : 1))
  }

  private var holdsTests: Bool {
    root.tree.children(id).contains { child in
      let name = String(decoding: root.tree.name(child), as: UTF8.self)
      return name.hasSuffix("_test.py") || name.hasPrefix("test_") && name.hasSuffix(".py")
    }
  }

  var isTyping: Bool {
    guard node.kind == .regular, parts.contains("node_modules") else { return false }
    // The compiler reads its own.
    if folder == "lib", parts.dropLast(2).last == "typescript", name.hasSuffix(".d.ts") {
      return false
    }
    return ends(in: table.typings)
  }

  var isForLinkers: Bool {
    guard isBelow(table.libraryRoots), !isFolder else { return false }
    if folder == "pkgconfig" { return name.hasSuffix(".pc") }
    return node.kind == .regular && name.hasPrefix("lib") && ends(in: table.staticLibraries)
      && !parts.contains("node_modules")
  }

  /// - Parameter needed: packages that stay.
  func isPartOfPip(needed: Set<String>) -> Bool {
    if folder == "site-packages" || folder == "dist-packages" {
      guard let package = pipPackage else { return false }
      return !needed.contains(package)
    }
    if name == "ensurepip", isFolder { return folder.hasPrefix("python3") }
    guard folder == "bin", !isFolder,
      name == "wheel" || name.wholeMatch(of: /pip3?(\.\d+)?/) != nil,
      !needed.contains(name == "wheel" ? "wheel" : "pip")
    else { return false }
    return root.holdsPython(parts.dropLast(2))
  }

  /// The package of the set `pip` that a name in `site-packages` belongs to.
  private var pipPackage: String? {
    if name.hasSuffix(".dist-info") || name.hasSuffix(".egg-info") {
      return table.pipPackages.first { package in
        let version = name.dropFirst(package.count + 1)
        return name.hasPrefix(package + "-") && version.first?.isNumber == true
      }
    }
    if table.setuptoolsParts.contains(where: { $0 == name }) { return "setuptools" }
    return table.pipPackages.first { $0 == name }
  }

  var isNodePackageManager: Bool {
    let parent = parts.dropLast().joined(separator: "/")
    if parent == "opt" {
      return name.hasPrefix("yarn-v") && name.dropFirst(6).first?.isNumber == true
    }
    return table.nodeProgramFolders.contains(parent) && !isFolder
      && table.nodePrograms.contains { $0 == name }
  }
}

extension RootFilesystem {
  /// Whether a path is that of a Python's standard library: `lib/python3.13` with the modules in it.
  func isPythonLibrary(_ path: ArraySlice<Substring>) -> Bool {
    guard let name = path.last, name.wholeMatch(of: /python3\.\d+/) != nil,
      path.dropLast().last == "lib"
    else { return false }
    return node(at: (path + ["os.py"]).joined(separator: "/").utf8) != nil
  }

  /// Whether a prefix, such as `usr/local` or that of a virtual environment, holds a Python.
  fileprivate func holdsPython(_ prefix: ArraySlice<Substring>) -> Bool {
    guard let folder = node(at: (prefix + ["lib"]).joined(separator: "/").utf8) else {
      return false
    }
    return tree.children(folder).contains { child in
      let name = String(decoding: tree.name(child), as: UTF8.self)
      return name.wholeMatch(of: /python3(\.\d+)?/) != nil
    }
  }
}
