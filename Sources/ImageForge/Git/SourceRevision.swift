import ForgeBasics
import Foundation
import Subprocess

/// Which commit a folder is of. Read from git's files, since git itself would run what the repository's settings name;
/// only a commit's time, which may lie in a pack, is asked of git, in a way that runs nothing.
package struct SourceRevision {
  /// The commit's id.
  package private(set) var commit: String?
  /// Where the repository came from, without the credentials that its address may hold.
  package private(set) var source: String?
  /// When the commit was made, in seconds since 1970: the same in every clone.
  package private(set) var date: Int?

  /// Looks in `folder` and above it.
  package init(of folder: String) async {
    var url = URL(filePath: folder).standardizedFileURL
    for _ in 0..<32 {
      let git = url.appending(path: ".git").path()
      if FileManager.default.fileExists(atPath: git + "/HEAD") {
        read(git)
        if let commit { date = await Self.time(of: commit, in: git) }
        return
      }
      if url.path() == "/" { return }
      url.deleteLastPathComponent()
    }
  }

  private mutating func read(_ git: String) {
    func text(_ name: String) -> String? {
      let bytes = try? BoundedFile.read(git + "/" + name, limit: 16 << 20)
      return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
    let head = text("HEAD")?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    if head.hasPrefix("ref: refs/"), !head.contains("..") {
      let name = String(head.dropFirst(5))
      let packed = text("packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + name) }?
        .prefix(40)
      commit = Self.id(text(name) ?? packed.map(String.init) ?? "")
    } else {
      commit = Self.id(head)
    }
    if let match = text("config")?.firstMatch(of: /\[remote "origin"\][^\[]*?url = (\S+)/) {
      let address = String(match.1)
      if var parts = URLComponents(string: address), parts.scheme?.hasPrefix("http") == true {
        parts.user = nil
        parts.password = nil
        source = parts.string
      } else if !address.contains("://"), !address.hasPrefix("/"), !address.hasPrefix(".") {
        source = address
      }
    }
  }

  /// From the object itself. Nothing is fetched for it (a repository may name the program that fetches), no replacement
  /// is believed, and the repository may be another user's.
  private static func time(of commit: String, in git: String) async -> Int? {
    let result = try? await Subprocess.run(
      .name("git"),
      arguments: [
        "-c", "safe.directory=*", "--no-replace-objects", "--git-dir=\(git)", "cat-file", "commit",
        commit,
      ],
      environment: .inherit.updating(["GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"]),
      output: .bytes(limit: 1 << 20), error: .discarded)
    guard let result, result.terminationStatus.isSuccess else { return nil }
    let text = String(decoding: result.standardOutput, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
    return lines.first { $0.hasPrefix("committer ") }?.firstMatch(
      of: /> ([0-9]{1,12}) [+-][0-9]{4}$/
    )
    .flatMap { Int($0.1) }
  }

  private static func id(_ text: String) -> String? {
    let id = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return id.wholeMatch(of: /[0-9a-f]{40}([0-9a-f]{24})?/) == nil ? nil : id
  }

  /// The labels that OCI's image specification defines for them ("Annotations").
  /// - Parameter date: what counts as the time of creation; nil leaves the label out, so that a build whose steps are
  ///   all in the cache gives the image that is there.
  package func labels(date: Int?) -> [String] {
    [
      commit.map { "org.opencontainers.image.revision=\($0)" },
      source.map { "org.opencontainers.image.source=\($0)" },
      date.map {
        let time = Date(timeIntervalSince1970: TimeInterval($0)).formatted(.iso8601)
        return "org.opencontainers.image.created=\(time)"
      },
    ].compactMap(\.self)
  }
}
