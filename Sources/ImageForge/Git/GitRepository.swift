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

  /// Files that the next commit adds or changes, relative to the root, and those that it removes. Bytes, for a name
  /// need not be UTF-8.
  func stagedPaths() async throws(GitError) -> (changed: [[UInt8]], removed: [[UInt8]]) {
    // One question: each run of git is most of what a commit waits for. Pairs of a letter and a path.
    let words = try await Self.output(
      ["diff", "--cached", "--name-status", "-z", "--no-renames"], in: root
    ).split(separator: 0).map(Array.init)
    var (changed, removed): ([[UInt8]], [[UInt8]]) = ([], [])
    for index in stride(from: 1, to: words.count, by: 2) {
      switch words[index - 1].first {
      case UInt8(ascii: "D"): removed.append(words[index])
      // Of what is not merged, git makes no commit.
      case UInt8(ascii: "U"): continue
      default: changed.append(words[index])
      }
    }
    return (changed, removed)
  }

  /// Whether the working tree holds what is staged and nothing else.
  func isStagedWhole() async throws(GitError) -> Bool {
    // The second column tells of the working tree; `??` is a file that git does not know.
    try await Self.git(["status", "--porcelain", "-z", "--untracked-files=normal"], in: root)
      .split(separator: "\0").allSatisfy { $0.count < 3 || $0.dropFirst().first == " " }
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
    _ arguments: [String], in folder: String
  ) async throws(GitError) -> [UInt8] {
    let name = arguments.first ?? ""
    do {
      // In a hook, git sets GIT_DIR and GIT_INDEX_FILE: they are meant for us too.
      let result = try await Subprocess.run(
        program, arguments: Arguments(["-C", folder] + arguments), output: .bytes(limit: 64 << 20),
        error: .bytes(limit: 1 << 20))
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
