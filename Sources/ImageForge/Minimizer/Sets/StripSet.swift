import ForgeInspection
import ForgeLayers
import ForgeWriting

/// Files that an image carries and a running service rarely reads: removed only where a user names the set. Which
/// these are, `recipes/data/strip-sets.yaml` says.
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
  public var isSafe: Bool { StripTable.shared[self]?.isSafe ?? false }

  /// What it removes, as a phrase for people.
  public var summary: String { StripTable.shared[self]?.summary ?? "" }

  /// The programs of the set `npm`.
  package static var nodePrograms: [String] { StripTable.shared.nodePrograms }

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
    let file = StripCandidate(root, id)
    if let row = StripTable.shared[self] {
      if file.isBelow(row.below) || row.paths.contains(file.path) { return true }
    }
    switch self {
    case .man, .debug, .comments: return false
    case .caches: return file.isCache
    case .docs: return file.isDocument
    case .locales: return file.isTranslation(beside: Self.locales(context.environment))
    case .pycache: return file.isCompiledFromSource
    case .tests: return file.isPythonTests
    case .typings: return file.isTyping
    case .headers: return file.isForLinkers
    case .pip: return file.isPartOfPip(needed: context.needed)
    case .npm: return file.isNodePackageManager
    }
  }

  /// The locales that variables name, other than C: `de_DE` for `LANG=de_DE.UTF-8`.
  private static func locales(_ environment: [String]) -> [Substring] {
    environment.flatMap { variable -> [Substring] in
      let parts = variable.split(separator: "=", maxSplits: 1)
      guard parts.count == 2,
        parts[0] == "LANG" || parts[0] == "LANGUAGE" || parts[0].hasPrefix("LC_")
      else { return [] }
      return parts[1].split(separator: ":").map { $0.prefix { $0 != "." && $0 != "@" } }
    }.filter { $0 != "C" && $0 != "POSIX" }
  }
}
