import ForgeBasics
import Foundation
import Subprocess
import SystemPackage

/// Why a git repository cannot be worked with.
public enum GitError: ForgeError, Equatable {
  case failed(command: String, reason: String)
  case sharedHooks(folder: String)
  case editedHook(path: String)
  case unwritable(path: String, reason: String)

  public var exitCode: ExitCode { .usage }
  public var description: String {
    switch self {
    case .failed(let command, let reason):
      "git \(command) failed: \(DisplayText.escape(reason)); run forge in a git repository, with git on the PATH"
    case .sharedHooks(let folder):
      "core.hooksPath is \(DisplayText.escape(folder)), outside of this repository, and serves others too; set "
        + "core.hooksPath for this repository, or install there with --force"
    case .editedHook(let path):
      "\(DisplayText.escape(path)) was edited since forge wrote it; take out forge's lines by hand, or use --force"
    case .unwritable(let path, let reason):
      "\(DisplayText.escape(path)) cannot be changed: \(DisplayText.escape(reason)); check its permissions"
    }
  }
}

/// The git repository around a folder, asked through the git command.
public struct GitRepository: Sendable {
  /// The root of the working tree.
  public let root: String
  /// Where git looks for hooks: `core.hooksPath`, or the common folder of all worktrees.
  public let hooks: String
  /// The folder that all worktrees share.
  private let common: String

  /// - Throws: `GitError` where there is no repository with a working tree, or no git.
  public init(at folder: String = ".") async throws(GitError) {
    let lines = try await Self.git(
      [
        "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-path", "hooks",
        "--git-common-dir",
      ], in: folder
    ).split(separator: "\n").map(String.init)
    guard lines.count == 3 else {
      throw .failed(command: "rev-parse", reason: "it did not name the working tree")
    }
    (root, hooks, common) = (lines[0], lines[1], lines[2])
  }

  /// Whether the hooks are this repository's own.
  var ownsHooks: Bool {
    [root, common].contains { hooks == $0 || hooks.hasPrefix($0 + "/") }
  }

  /// A file that the next commit adds or changes.
  struct StagedFile: Sendable, Equatable {
    enum Kind: Sendable {
      case regular, link
      /// A repository of its own, of which only the commit is noted here.
      case repository
    }

    /// Relative to the root, as git has it: a name need not be UTF-8.
    let path: [UInt8]
    /// The name of its content in git's store.
    let blob: String
    let kind: Kind
  }

  /// What the next commit adds or changes, and the paths that it removes, relative to the root.
  func stagedFiles() async throws(GitError) -> (changed: [StagedFile], removed: [[UInt8]]) {
    // One question: each run of git is most of what a commit waits for. Pairs of
    // `:MODE MODE BLOB BLOB LETTER`, old before new, and a path (git-diff, "raw output format").
    let words = try await Self.output(
      ["diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev"], in: root
    ).split(separator: 0).map(Array.init)
    var (changed, removed): ([StagedFile], [[UInt8]]) = ([], [])
    for index in stride(from: 1, to: words.count, by: 2) {
      let fields = String(decoding: words[index - 1], as: UTF8.self).split(separator: " ")
      guard fields.count == 5 else {
        throw .failed(command: "diff", reason: "it answered in a form that is not known")
      }
      switch fields[4] {
      case "D": removed.append(words[index])
      // Of what is not merged, git makes no commit.
      case "U": continue
      default:
        let kind = Self.kind(mode: fields[1])
        changed.append(StagedFile(path: words[index], blob: String(fields[3]), kind: kind))
      }
    }
    return (changed, removed)
  }

  /// By the mode of an entry of the index (gitformat-index, "mode").
  private static func kind(mode: Substring) -> StagedFile.Kind {
    switch mode {
    case "120000": .link
    case "160000": .repository
    default: .regular
    }
  }

  /// Where the working tree differs from what is staged: files that were edited since, and files and folders (ending
  /// in `/`) that git does not know.
  func unstagedPaths() async throws(GitError) -> [String] {
    // The second column tells of the working tree.
    try await Self.git(
      ["status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames"], in: root
    )
    .split(separator: "\0").filter { $0.count > 3 && $0.dropFirst().first != " " }
    .map { String($0.dropFirst(3)) }
  }

  /// The content of a staged file.
  enum BlobContent {
    case bytes([UInt8])
    /// Too large to be held in memory: written to this file for as long as it is looked at.
    case file(String)
    /// Not in git's store, as in a clone that holds only a part.
    case missing
  }

  /// Reads contents from git's store, some at a time, in the order of the files.
  func readBlobs(
    _ files: [StagedFile], _ body: (StagedFile, BlobContent) -> Void
  ) async throws {
    let sizes = try await catFile("--batch-check=%(objectsize)", files, limit: 1 << 26)
    let lines = String(decoding: sizes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > files.count else {
      throw GitError.failed(command: "cat-file", reason: "it ended before its last answer")
    }
    var part: [(file: StagedFile, size: Int)] = []
    var held = 0
    for (file, line) in zip(files, lines) {
      guard let size = Int(line) else {
        body(file, .missing)
        continue
      }
      if size > Self.batch {
        try await readLarge(file, body)
        continue
      }
      if held + size > Self.batch {
        try await readBatch(part, body)
        (part, held) = ([], 0)
      }
      part.append((file, size))
      held += size
    }
    try await readBatch(part, body)
  }

  /// How many bytes of contents are held in memory at once.
  private static let batch = 32 << 20

  private func readBatch(
    _ part: [(file: StagedFile, size: Int)], _ body: (StagedFile, BlobContent) -> Void
  ) async throws(GitError) {
    guard !part.isEmpty else { return }
    // Of each `BLOB blob SIZE`, a line's end, the content, and a line's end.
    let room = part.reduce(0) { $0 + $1.size + 128 }
    let bytes = try await catFile("--batch", part.map(\.file), limit: room)
    var at = bytes.startIndex
    for (file, size) in part {
      guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "\n")), bytes.count - end > size + 1
      else {
        throw .failed(command: "cat-file", reason: "it ended before its last answer")
      }
      body(file, .bytes(Array(bytes[(end + 1)..<(end + 1 + size)])))
      at = end + size + 2
    }
  }

  private func readLarge(
    _ file: StagedFile, _ body: (StagedFile, BlobContent) -> Void
  ) async throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("blob")
    let output = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .exclusiveCreate],
      permissions: .ownerReadWrite)
    let result = try await Subprocess.run(
      Self.program, arguments: ["-C", root, "cat-file", "blob", file.blob], input: .none,
      output: .fileDescriptor(output, closeAfterSpawningProcess: true), error: .discarded)
    switch result.terminationStatus {
    case .exited(0): body(file, .file(path))
    default: body(file, .missing)
    }
  }

  private func catFile(
    _ form: String, _ files: [StagedFile], limit: Int
  ) async throws(GitError) -> [UInt8] {
    let names = files.map { $0.blob + "\n" }.joined()
    return try await Self.output(
      ["cat-file", form], in: root, input: Array(names.utf8), limit: limit)
  }

  /// Writes what is staged into a folder.
  func exportStaged(to folder: String) async throws(GitError) {
    _ = try await Self.git(["checkout-index", "--all", "--quiet", "--prefix=\(folder)/"], in: root)
  }

  /// git of the PATH. Left to the one who starts it, each folder of the PATH would cost a process on its own.
  private static let program: Executable = {
    let folders =
      ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
    let path = folders.map { $0 + "/git" }.first { path in
      var status = stat()
      return path.hasPrefix("/") && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        && access(path, X_OK) == 0
    }
    return path.map { .path(FilePath($0)) } ?? .name("git")
  }()

  private static func git(_ arguments: [String], in folder: String) async throws(GitError) -> String
  {
    String(decoding: try await output(arguments, in: folder), as: UTF8.self)
  }

  private static func output(
    _ arguments: [String], in folder: String, input: [UInt8] = [], limit: Int = 64 << 20
  ) async throws(GitError) -> [UInt8] {
    let name = arguments.first ?? ""
    do {
      // In a hook, git sets GIT_DIR and GIT_INDEX_FILE: they are meant for us too.
      let result = try await Subprocess.run(
        program, arguments: Arguments(["-C", folder] + arguments), input: .array(input),
        output: .bytes(limit: limit), error: .bytes(limit: 1 << 20))
      guard case .exited(0) = result.terminationStatus else {
        let words = String(decoding: result.standardError, as: UTF8.self)
        throw GitError.failed(
          command: name, reason: words.split(separator: "\n").first.map(String.init) ?? "no reason")
      }
      return result.standardOutput
    } catch let error as GitError {
      throw error
    } catch {
      throw .failed(command: name, reason: "\(error)")
    }
  }
}
