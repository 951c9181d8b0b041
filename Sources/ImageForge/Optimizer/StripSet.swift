import ForgeInspection
import ForgeLayers

/// Files that an image carries and a running service rarely reads: removed only where a user names the set.
public enum StripSet: String, Sendable, CaseIterable, Codable {
  /// Package lists and caches of apt, apk, pip, npm and yarn; logs and temporary files.
  case caches
  /// `/usr/share/doc` without its copyright files, info pages.
  case docs
  /// Manual pages.
  case man
  /// Translations and locale sources; C.UTF-8 stays.
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
  /// npm, yarn, corepack.
  case npm
  /// Symbols and debug information inside programs and libraries; the files stay.
  case debug
  /// Comments in the Python sources of libraries, and the descriptions in their metadata; docstrings, licences and the
  /// numbers of lines stay.
  case comments

  /// Those that write files otherwise, and remove none.
  static let rewriting: [StripSet] = [.debug, .comments]

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
    case .npm: "npm, yarn, corepack"
    case .debug: "symbols and debug information"
    case .comments: "comments and descriptions of Python's library and packages"
    }
  }

  /// Whether a name of the root filesystem belongs to the set, with all below it.
  func contains(_ root: RootFilesystem, _ id: FileTree.ID) -> Bool {
    let path = root.tree.path(id)
    let node = root.tree[id]
    let text = String(decoding: path, as: UTF8.self)
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isFolder = node.kind == .directory
    let name = parts.last ?? ""
    /// Below one of these folders, not the folder itself: programs may expect that to be there.
    func isBelow(_ folders: String...) -> Bool { folders.contains { text.hasPrefix($0 + "/") } }
    func isOne(_ paths: String...) -> Bool { paths.contains(text) }
    switch self {
    case .debug, .comments: return false
    case .caches:
      return isBelow(
        "var/lib/apt/lists", "var/cache/apt", "var/cache/apk", "var/cache/ldconfig", "root/.cache",
        "root/.npm", "usr/local/share/.cache", "tmp", "var/tmp")
        || (isBelow("var/log") && node.kind == .regular)
        || parts.count > 3 && parts[0] == "home" && [".cache", ".npm"].contains(parts[2])
        || isOne(
          "var/cache/debconf/config.dat-old", "var/cache/debconf/templates.dat-old", "var/lib/dpkg/status-old",
          "var/lib/dpkg/available-old", "var/lib/dpkg/diversions-old")
    case .docs:
      if isBelow("usr/share/doc", "usr/local/share/doc") { return !isFolder && name != "copyright" }
      return isBelow(
        "usr/share/info", "usr/share/doc-base", "usr/share/gtk-doc", "usr/share/lintian", "usr/share/linda")
    case .man: return isBelow("usr/share/man", "usr/local/share/man", "usr/local/man", "usr/man")
    case .locales:
      return isBelow("usr/share/locale", "usr/share/i18n") && text != "usr/share/locale/locale.alias"
        || isBelow("usr/lib/locale") && !text.lowercased().hasPrefix("usr/lib/locale/c.utf")
    case .pycache:
      guard node.kind == .regular, let source = CompiledPython.source(of: path), name.hasSuffix(".pyc") else {
        return false
      }
      return root.node(at: source) != nil
    case .tests:
      guard isFolder, name == "tests" || name == "test" else { return false }
      let inPackage =
        parts.firstIndex { $0 == "site-packages" || $0 == "dist-packages" }
        .map { parts.count > $0 + 2 } ?? false
      let inLibrary =
        parts.dropLast().last.map { $0.hasPrefix("python3") || $0 == "idlelib" || $0 == "lib2to3" || $0 == "tkinter" }
        ?? false
      return inPackage || inLibrary && parts.contains("lib")
    case .typings:
      guard node.kind == .regular, parts.contains("node_modules") else { return false }
      return [".d.ts", ".d.mts", ".d.cts", ".js.map", ".mjs.map", ".cjs.map", ".css.map", ".ts.map"].contains {
        name.hasSuffix($0)
      }
    case .headers:
      return isBelow("usr/include", "usr/local/include")
        || parts.count > 1 && parts.dropLast().last == "pkgconfig"
        || node.kind == .regular && (name.hasSuffix(".a") || name.hasSuffix(".la")) && text.contains("lib")
    case .pip:
      let folder = parts.dropLast().last ?? ""
      let packages = ["pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"]
      if folder == "site-packages" || folder == "dist-packages" {
        return packages.contains(String(name)) || name == "distutils-precedence.pth"
          || packages.contains {
            name.hasPrefix($0 + "-") && (name.hasSuffix(".dist-info") || name.hasSuffix(".egg-info"))
          }
      }
      if name == "ensurepip", isFolder { return folder.hasPrefix("python3") }
      return folder == "bin" && !isFolder && (name == "wheel" || name.wholeMatch(of: /pip3?(\.\d+)?/) != nil)
    case .npm:
      let folder = parts.dropLast().last ?? ""
      if folder == "node_modules", parts.dropLast(2).last == "lib" {
        return ["npm", "corepack", "yarn"].contains(String(name))
      }
      if folder == "opt", name.hasPrefix("yarn") { return true }
      return folder == "bin" && !isFolder
        && ["npm", "npx", "corepack", "yarn", "yarnpkg", "pnpm", "pnpx"].contains(String(name))
    }
  }
}

extension RootFilesystem {
  /// The node at exactly this path, no link followed.
  func node(at path: [UInt8]) -> FileTree.ID? {
    var id = FileTree.root
    for name in path.split(separator: UInt8(ascii: "/")) {
      guard let child = tree.child(id, name) else { return nil }
      id = child
    }
    return id
  }
}
