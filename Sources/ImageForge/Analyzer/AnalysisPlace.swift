import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeNode
import ForgePython
import Foundation

/// Where an analysis begins: in the folder that was given; or, where that belongs to a workspace, at the workspace's
/// root, from which its members are built. So the answer is the same from either folder.
struct AnalysisPlace {
  /// The folder to walk.
  let root: String
  /// The folder that was given, relative to `root`: only what lies in it is analysed.
  let folder: String

  /// Repositories nest no deeper than their folders do.
  private static let maximumDepth = 32
  /// What says that a folder is a workspace's root, or a member.
  private static let manifests = [
    "package.json", "package.json5", "pnpm-workspace.yaml", "turbo.json", "turbo.jsonc", "nx.json",
    "lerna.json", "pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock", "project.json",
    "next.config.js", "next.config.mjs", "next.config.ts",
  ]
  /// The most folders that are looked into for members.
  private static let maximumMembers = 200

  /// - Parameter path: as the user named it.
  init(_ path: String) {
    guard let real = ProjectTree.resolve(path), let above = Above(real),
      let workspace = above.workspace
    else {
      (root, folder) = (path, ".")
      return
    }
    folder = ProjectPath.relative(above.folder, to: workspace) ?? "."
    let steps = folder.split(separator: "/").count
    let named = Self.name(path, steps: steps)
    let wanted = above.path(of: workspace)
    // A name that leads elsewhere, through a link, is none.
    if ProjectTree.resolve(named) == wanted { root = named } else { root = wanted }
  }

  /// Whether a finding that no service made is about the given folder, or about the whole of what was walked.
  func concerns(_ finding: Finding) -> Bool {
    guard folder != ".", case .source(let file, _)? = finding.place else { return true }
    return file == "." || ProjectPath.relative(file, to: folder) != nil
  }

  /// The folder so many steps above one, as a user would write it: `apps/web` is below `.`, and `.` below `../..`.
  private static func name(_ path: String, steps: Int) -> String {
    let isAbsolute = path.hasPrefix("/")
    var parts = path.split(separator: "/").filter { $0 != "." }
    for _ in 0..<steps {
      if let last = parts.last, last != ".." { parts.removeLast() } else { parts.append("..") }
    }
    let text = parts.joined(separator: "/")
    if isAbsolute { return "/" + text }
    return text.isEmpty ? "." : text
  }

  /// The folders above a given one, up to the repository's top, with nothing but their manifests.
  private struct Above {
    /// The topmost folder that counts, without links.
    private let top: String
    /// The given folder, relative to it.
    let folder: String
    private let tree: ProjectTree

    /// Nil where nothing above counts.
    init?(_ real: String) {
      var owner = stat()
      guard stat(real, &owner) == 0 else { return nil }
      var levels = [real]
      for _ in 0..<AnalysisPlace.maximumDepth {
        guard let current = levels.last, !Self.exists(current + "/.git") else { break }
        let parent = Self.parent(current)
        var status = stat()
        // What another user put above the project is none of it.
        guard parent != "/", stat(parent, &status) == 0, status.st_uid == owner.st_uid else {
          break
        }
        levels.append(parent)
      }
      guard levels.count > 1, let top = levels.last else { return nil }
      self.top = top
      folder = String(real.dropFirst(top.count + 1))
      var files: [String] = []
      for level in levels { files += Self.manifests(in: level, below: top) }
      for member in Self.subfolders(of: real) { files += Self.manifests(in: member, below: top) }
      tree = ProjectTree(
        root: top, files: files.sorted(by: ProjectTree.precedes), folders: [], findings: [])
    }

    /// The root of the workspace that the given folder, or one in it, is a member of; relative to the top.
    var workspace: String? {
      let candidates = [folder] + tree.packageFolders.filter { ProjectTree.parent($0) == folder }
      for candidate in candidates {
        let node = NextAnalyzer.workspace(of: candidate, in: tree)
        let python = FastAPIAnalyzer.workspace(of: candidate, in: tree)
        // One below the given folder is found by the walk itself.
        for root in [node, python].compactMap(\.self)
        where root != folder && ProjectPath.relative(folder, to: root) != nil {
          return root
        }
      }
      return nil
    }

    func path(of folder: String) -> String { folder == "." ? top : top + "/" + folder }

    private static func manifests(in level: String, below top: String) -> [String] {
      AnalysisPlace.manifests.filter { isFile(level + "/" + $0) }.map { name in
        String((level + "/" + name).dropFirst(top.count + 1))
      }
    }

    private static func subfolders(of folder: String) -> [String] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let plain = names.filter { !$0.hasPrefix(".") && $0 != "node_modules" }.sorted()
      return plain.prefix(AnalysisPlace.maximumMembers).map { folder + "/" + $0 }
    }

    private static func parent(_ path: String) -> String {
      let parent = ProjectTree.parent(path)
      return parent.isEmpty ? "/" : parent
    }

    private static func exists(_ path: String) -> Bool {
      var status = stat()
      return lstat(path, &status) == 0
    }

    private static func isFile(_ path: String) -> Bool {
      var status = stat()
      return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
  }
}
