import ForgeBasics
import Foundation

/// The pre-commit hook of plain git. A hook that was there is kept beside it and runs first.
public struct GitHook: Sendable {
  /// What became of the hook.
  public enum Outcome: String, Sendable {
    case installed, chained, unchanged, removed, restored, absent
  }

  private let repository: GitRepository
  private let path: String
  private let previous: String

  /// The hook of this repository.
  public init(_ repository: GitRepository) {
    self.repository = repository
    path = repository.hooks + "/pre-commit"
    previous = repository.hooks + "/pre-commit.before-forge"
  }

  /// Where the hook stands.
  public var location: String { path }

  private static let mark = "# forge pre-commit hook; `forge hook uninstall` removes it."

  /// - Parameter program: what is run where `forge` is not on the PATH.
  private static func script(program: String) -> String {
    let quoted = "'" + program.replacing("'", with: "'\\''") + "'"
    return """
      #!/bin/sh
      \(mark)
      # What stood here before forge runs first.
      previous="$(dirname "$0")/pre-commit.before-forge"
      if [ -x "$previous" ]; then "$previous" "$@" || exit $?; fi
      forge=$(command -v forge || echo \(quoted))
      if ! [ -x "$forge" ]; then
        echo "pre-commit: forge is not on the PATH; install it, or commit with --no-verify" >&2
        exit 1
      fi
      exec "$forge" hook run

      """
  }

  /// Installs the hook, or brings it up to date.
  /// - Parameter force: also into a hooks folder outside of the repository, and over an edited hook of forge.
  public func install(program: String, force: Bool = false) throws -> Outcome {
    guard repository.ownsHooks || force else {
      throw GitError.sharedHooks(folder: repository.hooks)
    }
    let script = Self.script(program: program)
    var outcome = Outcome.installed
    if let present = try text() {
      if present == script { return .unchanged }
      if present.contains(Self.mark) {
        guard force || isOurs(present) else { throw GitError.editedHook(path: path) }
      } else {
        try move(path, to: previous)
        outcome = .chained
      }
    }
    do {
      try FileManager.default.createDirectory(
        atPath: repository.hooks, withIntermediateDirectories: true)
      try AtomicFile.write(script.utf8, to: path)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    } catch {
      if outcome == .chained { try move(previous, to: path) }
      throw error is any ForgeError
        ? error : GitError.unwritable(path: path, reason: error.localizedDescription)
    }
    return outcome
  }

  /// Removes the hook, and puts back what stood there before.
  public func uninstall(force: Bool = false) throws -> Outcome {
    guard let present = try text(), present.contains(Self.mark) else { return .absent }
    guard force || isOurs(present) else { throw GitError.editedHook(path: path) }
    if exists(previous) {
      try move(previous, to: path)
      return .restored
    }
    guard unlink(path) == 0 else {
      throw GitError.unwritable(path: path, reason: String(cString: strerror(errno)))
    }
    return .removed
  }

  /// Whether nobody edited it: it is the script for some program.
  private func isOurs(_ text: String) -> Bool {
    let halves = Self.script(program: "\u{0}").split(separator: "\u{0}", maxSplits: 1)
    return halves.count == 2 && text.hasPrefix(halves[0]) && text.hasSuffix(halves[1])
  }

  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// The hook that is there; nil where there is none. A broken symbolic link is a hook with no text.
  private func text() throws -> String? {
    guard exists(path) else { return nil }
    let bytes = try? BoundedFile.read(path, limit: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }

  private func move(_ from: String, to target: String) throws {
    guard !exists(target) || target == path else {
      throw GitError.unwritable(
        path: target, reason: "it is there already, from an earlier installation")
    }
    guard rename(from, target) == 0 else {
      throw GitError.unwritable(path: from, reason: String(cString: strerror(errno)))
    }
  }
}
