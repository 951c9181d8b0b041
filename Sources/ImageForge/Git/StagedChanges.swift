import ForgeAnalyzer
import ForgeBasics
import ForgeCodebase
import ForgeRecipes
import ForgeTemplates
import Foundation
import SystemPackage

/// What a commit is about to change, and what of forge's checks that affects.
public struct StagedChanges: Sendable {
  /// The kinds of files on which forge's conclusions rest.
  public enum Kind: Sendable, CaseIterable {
    case dockerfile, ignoreFile, manifest, lockfile, configuration, guide

    /// By the name of the file; nil for source code and everything else.
    public init?(path: String) {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let lower = name.lowercased()
      switch lower {
      case _
      where lower == "dockerfile"
        || lower.hasPrefix("dockerfile.") && !lower.hasSuffix(".dockerignore")
        || lower.hasSuffix(".dockerfile") || lower == "containerfile":
        self = .dockerfile
      case _ where lower.hasSuffix(".dockerignore"), ".gitignore", ".containerignore":
        self = .ignoreFile
      case "package.json", "pyproject.toml", "setup.py", "setup.cfg", "pipfile",
        "pnpm-workspace.yaml",
        _
      where lower.hasPrefix("requirements") && (lower.hasSuffix(".txt") || lower.hasSuffix(".in")):
        self = .manifest
      case "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "bun.lockb",
        "uv.lock", "poetry.lock", "pdm.lock", "pipfile.lock", RecipeSettings.lockfile:
        self = .lockfile
      case SettingsFile.name, ".nvmrc", ".node-version", ".python-version", ".tool-versions",
        "mise.toml", ".npmrc",
        ".yarnrc.yml", "turbo.json", "alembic.ini", "tsconfig.json",
        _ where lower.hasPrefix("next.config.") || lower.hasPrefix(".env"):
        self = .configuration
      case "environment.md": self = .guide
      default: return nil
      }
    }
  }

  /// Relative to the root; what the commit adds or changes.
  public let changed: [String]
  /// Relative to the root; what the commit removes.
  public let removed: [String]
  let files: [GitRepository.StagedFile]
  let repository: GitRepository

  /// Whether anything is staged on which forge's conclusions rest.
  public var affectsRecipes: Bool { (changed + removed).contains { Kind(path: $0) != nil } }

  /// Folders, relative to the root, with a staged file of these kinds.
  public func folders(_ kinds: Set<Kind>) -> [String] {
    let paths = (changed + removed).filter { path in Kind(path: path).map(kinds.contains) ?? false }
    return Set(
      paths.map { $0.contains("/") ? String($0[..<($0.lastIndex(of: "/") ?? $0.endIndex)]) : "." }
    ).sorted()
  }

  /// Looks at the index of the repository.
  public init(of repository: GitRepository) async throws {
    self.repository = repository
    let staged = try await repository.stagedFiles()
    files = staged.changed
    changed = files.map { String(decoding: $0.path, as: UTF8.self) }
    removed = staged.removed.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The folder that holds what is staged, for checks that look at folders: the working tree, or a copy where that
  /// differs in something that these checks could read. Copying costs by the size of the repository, so it is only
  /// asked for where something is staged on which forge's conclusions rest.
  public func tree() async throws -> StagedTree {
    let bases = folders(Set(Kind.allCases)).map(Self.prefix)
    let differs = try await repository.unstagedPaths().contains { path in
      Kind(path: path) != nil || path.hasSuffix("/") || bases.contains(where: path.hasPrefix)
    }
    guard differs else { return StagedTree(root: repository.root, scratch: nil) }
    let scratch = try ScratchFolder()
    // A service may be named after the folder, and forge.yaml call it so.
    let folder = scratch.file(FilePath(repository.root).lastComponent?.string ?? "staged")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try await repository.exportStaged(to: folder)
    return StagedTree(root: folder, scratch: scratch)
  }

  /// Generated files that would be stale after the commit. Files that forge did not write, or that were edited since,
  /// are their author's; a service without any file of forge is not looked at.
  public func staleFiles(in tree: StagedTree) throws -> [GenerationPlan.Entry] {
    let root = tree.root
    let analysis: Analysis
    do {
      analysis = try Analyzer.analyze(root)
      try analysis.requireWhole()
    } catch AnalysisError.noService, AnalysisError.empty {
      return []
    }
    // They are about every service.
    let settings = [SettingsFile.name, RecipeSettings.lockfile]
    let services = analysis.services.filter { service in
      let prefix = Self.prefix(service.path)
      let base = service.workspace.map { Self.prefix($0.root) } ?? prefix
      // Before anything is generated: what has no recipe needs none here.
      let names = ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore", "ENVIRONMENT.md"]
      return names.contains { FileManager.default.fileExists(atPath: "\(root)/\(prefix)\($0)") }
        && (changed + removed).contains { path in
          settings.contains(path) || path.hasPrefix(base) && Kind(path: path) != nil
        }
    }
    let options = try RecipeSettings.load(for: analysis)
    let files = try Generator.generate(Analysis(root: root, services: services), options: options)
    let entries = try GenerationPlan(files: files, root: root).entries
    var stale: [GenerationPlan.Entry] = []
    for service in services {
      let prefix = Self.prefix(service.path)
      let own = entries.filter { entry in
        entry.path.hasPrefix(prefix) && !entry.path.dropFirst(prefix.count).contains("/")
      }
      guard own.contains(where: { $0.state == .current || $0.state == .stale }) else { continue }
      stale += own.filter { $0.state == .stale || $0.state == .missing }
    }
    return stale
  }

  private static func prefix(_ folder: String) -> String { folder == "." ? "" : folder + "/" }
}
