import ForgeInspection
import ForgeLayers
import ForgeWriting

/// Files that an image carries and a running service rarely reads: removed only where a user names the set.
public enum StripSet: String, Sendable, CaseIterable, Codable {
  /// Package lists and caches of apt, apk, dnf, pip, npm, yarn and their like; root's logs and temporary files.
  case caches
  /// `/usr/share/doc` without its copyright files and licences, info pages.
  case docs
  /// Manual pages.
  case man
  /// Translations and locale sources; C.UTF-8 stays, and what the config's variables name.
  case locales
  /// `__pycache__` where the source stands beside it: Python starts slower.
  case pycache
  /// Tests inside Python's library and its packages.
  case tests
  /// `*.d.ts` and source maps in node_modules.
  case typings
  /// Static archives, headers, pkg-config files.
  case headers
  /// pip, setuptools, wheel, ensurepip.
  case pip
  /// npm, yarn, pnpm, corepack.
  case npm
  /// Symbols and debug information inside programs and libraries; the files stay.
  case debug
  /// Comments in the Python sources of libraries, and the descriptions in their metadata; docstrings, licences and the
  /// numbers of lines stay.
  case comments

  /// Those that write files otherwise, and remove none.
  package static let rewriting: [StripSet] = [.debug, .comments]

  /// Whether nothing that runs reads it: what `--target` may use without being told.
  public var isSafe: Bool { [.caches, .docs, .man].contains(self) }

  public var summary: String {
    switch self {
    case .caches: "package lists, caches, logs, temporary files"
    case .docs: "documentation, without copyright files"
    case .man: "manual pages"
    case .locales: "translations other than C.UTF-8"
    case .pycache: "compiled Python modules whose source is there"
    case .tests: "tests in Python's library and packages"
    case .typings: "*.d.ts and source maps in node_modules"
    case .headers: "static archives, C headers, pkg-config files"
    case .pip: "pip, setuptools, wheel, ensurepip"
    case .npm: "npm, yarn, pnpm, corepack"
    case .debug: "symbols and debug information"
    case .comments: "comments and descriptions of Python's library and packages"
    }
  }

  /// What an image says of what it needs.
  package struct Context {
    /// The variables of the config.
    var environment: [String]
    /// Packages of the set `pip` that stay.
    var needed: Set<String>

    package init(environment: [String], needed: Set<String> = []) {
      (self.environment, self.needed) = (environment, needed)
    }
  }

  /// Whether a name of the root filesystem belongs to the set, with all below it.
  package func contains(
    _ root: RootFilesystem, _ id: FileTree.ID, _ context: Context
  ) -> Bool {
    let path = root.tree.path(id)
    let node = root.tree[id]
    let text = String(decoding: path, as: UTF8.self)
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isFolder = node.kind == .directory
    let name = parts.last ?? ""
    let folder = parts.dropLast().last ?? ""
    var parent: String { parts.dropLast().joined(separator: "/") }
    /// Below one of these folders, not the folder itself: programs may expect that to be there.
    func isBelow(_ folders: String...) -> Bool { folders.contains { text.hasPrefix($0 + "/") } }
    func isOne(_ paths: String...) -> Bool { paths.contains(text) }
    switch self {
    case .debug, .comments: return false
    case .caches:
      if isBelow("tmp", "var/tmp", "var/log") {
        // Folders and empty files were made to be written to, and so was what belongs to a service's own user.
        return node.kind == .regular && root.inodes[Int(node.inode)].size > 0
          && root.entry(root.inodes[Int(node.inode)].metadata).uid == 0
      }
      if parts.first == "root" { return Self.isToolCache(parts.dropFirst()) }
      if parts.first == "home" { return Self.isToolCache(parts.dropFirst(2)) }
      return isBelow(
        "var/lib/apt/lists", "var/cache/apt", "var/cache/apk", "var/cache/ldconfig",
        "var/cache/dnf", "var/cache/yum",
        "usr/local/share/.cache/yarn")
        || isOne(
          "var/cache/debconf/config.dat-old", "var/cache/debconf/templates.dat-old",
          "var/lib/dpkg/status-old",
          "var/lib/dpkg/available-old", "var/lib/dpkg/diversions-old")
    case .docs:
      if isBelow("usr/share/doc", "usr/local/share/doc") {
        // A package's copyright file may be read through a link in place of its folder.
        if node.kind == .symlink, folder == "doc" { return false }
        return !isFolder && !Self.isLicence(name)
          && !parts.dropFirst(4).contains(where: Self.isLicence)
      }
      return isBelow(
        "usr/share/info", "usr/share/doc-base", "usr/share/gtk-doc", "usr/share/lintian",
        "usr/share/linda")
    case .man: return isBelow("usr/share/man", "usr/local/share/man", "usr/local/man", "usr/man")
    case .locales:
      guard isBelow("usr/share/locale", "usr/share/i18n", "usr/lib/locale") else { return false }
      if isBelow("usr/share/i18n") { return true }
      if text == "usr/share/locale/locale.alias"
        || text.lowercased().hasPrefix("usr/lib/locale/c.utf")
      {
        return false
      }
      let locales = Self.locales(context.environment)
      if text == "usr/lib/locale/locale-archive" { return locales.isEmpty }
      let own = parts[3].prefix { $0 != "." && $0 != "@" }
      return !locales.contains { $0 == own || $0.prefix { $0 != "_" } == own }
    case .pycache:
      guard node.kind == .regular, let source = CompiledPython.source(of: path),
        name.hasSuffix(".pyc")
      else {
        return false
      }
      return root.node(at: source) != nil
    case .tests:
      guard isFolder, name == "tests" || name == "test" else { return false }
      if let site = parts.firstIndex(where: { $0 == "site-packages" || $0 == "dist-packages" }) {
        // A package may offer what others test with: `django.test`.
        return parts.count > site + 2 && (name == "tests" || Self.holdsTests(root, id))
      }
      let isPart = ["idlelib", "lib2to3", "tkinter"].contains(folder)
      return Self.isPythonLibrary(root, parts.dropLast(isPart ? 2 : 1))
    case .typings:
      guard node.kind == .regular, parts.contains("node_modules") else { return false }
      // The compiler reads its own.
      if folder == "lib", parts.dropLast(2).last == "typescript", name.hasSuffix(".d.ts") {
        return false
      }
      return [
        ".d.ts", ".d.mts", ".d.cts", ".js.map", ".mjs.map", ".cjs.map", ".css.map", ".ts.map",
      ].contains {
        name.hasSuffix($0)
      }
    case .headers:
      if isBelow("usr/include", "usr/local/include") { return true }
      guard isBelow("usr", "opt", "lib"), !isFolder else { return false }
      if folder == "pkgconfig" { return name.hasSuffix(".pc") }
      return node.kind == .regular && name.hasPrefix("lib")
        && (name.hasSuffix(".a") || name.hasSuffix(".la"))
        && !parts.contains("node_modules")
    case .pip:
      if folder == "site-packages" || folder == "dist-packages" {
        let parts: [(name: String, of: String)] =
          Self.pipPackages.map { ($0, $0) } + Self.setuptoolsParts
        guard name.hasSuffix(".dist-info") || name.hasSuffix(".egg-info") else {
          return parts.contains { $0.name == name && !context.needed.contains($0.of) }
        }
        return Self.pipPackages.contains { package in
          name.hasPrefix(package + "-") && name.dropFirst(package.count + 1).first?.isNumber == true
            && !context.needed.contains(package)
        }
      }
      if name == "ensurepip", isFolder { return folder.hasPrefix("python3") }
      guard folder == "bin", !isFolder,
        name == "wheel" || name.wholeMatch(of: /pip3?(\.\d+)?/) != nil,
        !context.needed.contains(name == "wheel" ? "wheel" : "pip")
      else { return false }
      return Self.holdsPython(root, parts.dropLast(2))
    case .npm:
      if ["usr/lib/node_modules", "usr/local/lib/node_modules"].contains(parent) {
        return ["npm", "corepack", "yarn", "pnpm"].contains(name)
      }
      if parent == "usr/share/nodejs" { return name == "npm" || name == "corepack" }
      if parent == "opt" {
        return name.hasPrefix("yarn-v") && name.dropFirst(6).first?.isNumber == true
      }
      return ["usr/bin", "usr/local/bin", "bin"].contains(parent) && !isFolder
        && Self.nodePrograms.contains(String(name))
    }
  }

  /// The packages of the set `pip`, and what belongs to setuptools beside its own folder.
  private static let pipPackages = ["pip", "setuptools", "wheel"]
  private static let setuptoolsParts = [
    "pkg_resources", "_distutils_hack", "distutils-precedence.pth",
  ].map {
    (name: $0, of: "setuptools")
  }

  /// What of the set `pip` an installed package needs, by its metadata (core metadata, Requires-Dist), and the name of
  /// such a package. Extras are not installed packages' needs; other markers count as met.
  package static func needed(_ root: RootFilesystem) -> [String: String] {
    var needed: [String: String] = [:]
    root.walk { id in
      guard root.tree[id].kind == .regular, root.tree.name(id).elementsEqual("METADATA".utf8) else {
        return true
      }
      let site = String(decoding: root.tree.path(id), as: UTF8.self).split(separator: "/").dropLast(
        2
      ).last
      guard site == "site-packages" || site == "dist-packages", let bytes = root.content(id) else {
        return true
      }
      let header = String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false) {
        $0.isNewline
      }
      .prefix { !$0.isEmpty }
      guard let name = header.first(where: { $0.hasPrefix("Name: ") })?.dropFirst(6) else {
        return true
      }
      guard !pipPackages.contains(name.lowercased()) else { return true }
      for line in header where line.hasPrefix("Requires-Dist: ") {
        let requirement = line.dropFirst(15)
        let package = requirement.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
          .lowercased()
        guard pipPackages.contains(package), !requirement.contains(/;.*\bextra\s*==/) else {
          continue
        }
        needed[package] = min(needed[package] ?? String(name), String(name))
      }
      return true
    }
    return needed
  }

  /// The programs of the set `npm`.
  package static let nodePrograms = ["npm", "npx", "corepack", "yarn", "yarnpkg", "pnpm", "pnpx"]

  /// Whether a path in a home folder is that of a package manager's or compiler's cache.
  private static func isToolCache(_ path: ArraySlice<Substring>) -> Bool {
    guard path.count > 2, let first = path.first, let second = path.dropFirst().first else {
      return false
    }
    let tools = ["pip", "uv", "pypoetry", "pdm", "yarn", "pnpm", "node-gyp", "go-build"]
    return first == ".cache" && tools.contains(String(second))
      || first == ".npm" && (second == "_cacache" || second == "_logs")
  }

  private static func isLicence(_ name: Substring) -> Bool {
    let name = name.lowercased()
    return ["copyright", "licen", "copying", "notice"].contains { name.hasPrefix($0) }
  }

  /// The locales that variables name, other than C: `de_DE` for `LANG=de_DE.UTF-8`.
  private static func locales(_ environment: [String]) -> [Substring] {
    environment.flatMap { variable -> [Substring] in
      let parts = variable.split(separator: "=", maxSplits: 1)
      guard parts.count == 2,
        parts[0] == "LANG" || parts[0] == "LANGUAGE" || parts[0].hasPrefix("LC_")
      else {
        return []
      }
      return parts[1].split(separator: ":").map { $0.prefix { $0 != "." && $0 != "@" } }
    }.filter { $0 != "C" && $0 != "POSIX" }
  }

  private static func holdsTests(_ root: RootFilesystem, _ id: FileTree.ID) -> Bool {
    root.tree.children(id).contains { child in
      let name = String(decoding: root.tree.name(child), as: UTF8.self)
      return name.hasSuffix("_test.py") || name.hasPrefix("test_") && name.hasSuffix(".py")
    }
  }

  /// Whether a path is that of a Python's standard library: `lib/python3.13` with the modules in it.
  static func isPythonLibrary(_ root: RootFilesystem, _ path: ArraySlice<Substring>) -> Bool {
    guard let name = path.last, name.wholeMatch(of: /python3\.\d+/) != nil,
      path.dropLast().last == "lib"
    else {
      return false
    }
    return root.node(at: Array((path + ["os.py"]).joined(separator: "/").utf8)) != nil
  }

  /// Whether a prefix, such as `usr/local` or that of a virtual environment, holds a Python.
  private static func holdsPython(_ root: RootFilesystem, _ prefix: ArraySlice<Substring>) -> Bool {
    guard let folder = root.node(at: Array((prefix + ["lib"]).joined(separator: "/").utf8)) else {
      return false
    }
    return root.tree.children(folder).contains { child in
      String(decoding: root.tree.name(child), as: UTF8.self).wholeMatch(of: /python3(\.\d+)?/)
        != nil
    }
  }
}
