import ForgeBasics

/// Finding and reading the files that are linted.
package enum LintFiles {
  /// The most that is read of a Dockerfile or an ignore file, in bytes.
  package static let limit = 1 << 20

  /// The text of a regular file; nil when it is not there, not readable or larger than the limit.
  package static func read(_ path: String, name: String, limit: Int = limit) -> SourceText? {
    let bytes = try? BoundedFile.read(path, limit: limit)
    return bytes.map { SourceText(name: name, bytes: $0) }
  }

  /// The same of a file that is there.
  package static func require(_ path: String, name: String) throws(LintError) -> SourceText {
    guard let source = read(path, name: name) else {
      throw .unreadable(
        path: path, reason: "not a regular file of at most \(ByteCount.text(Int64(limit)))")
    }
    return source
  }

  /// `Dockerfile`, `Containerfile`, with what people put in front or behind: `Dockerfile.dev`, `api.Dockerfile`.
  static func isDockerfile(_ name: String) -> Bool {
    let lower = name.lowercased()
    guard !lower.hasSuffix(".dockerignore"), !lower.hasSuffix(".containerignore"),
      !lower.hasSuffix(".md")
    else {
      return false
    }
    return ["dockerfile", "containerfile"].contains { word in
      lower == word || lower.hasPrefix(word + ".") || lower.hasSuffix("." + word)
    }
  }

  private static let pruned: Set<String> = [
    "node_modules", ".git", ".next", ".venv", "venv", "__pycache__", "site-packages", ".turbo",
    ".nx",
  ]

  /// The Dockerfiles in a folder and the folders below it, sorted.
  static func dockerfiles(in context: BuildContext) -> [String] {
    var found: [String] = []
    _ = context.first(
      below: ".", depth: 8,
      enters: { !pruned.contains(String($0.split(separator: "/").last ?? "")) },
      where: { path, kind in
        if kind == .file, isDockerfile(String(path.split(separator: "/").last ?? "")) {
          found.append(path)
        }
        return found.count >= 1_000
      })
    return found
  }
}
