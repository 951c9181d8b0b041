import ForgeBasics
import ForgeDockerignore
import ForgeSyntax

/// An ignore file for a folder that has none.
enum IgnoreFile {
  private struct Group {
    let comment: String
    let patterns: [String]
  }

  private static let groups = [
    Group(
      comment: "Secrets: pass values to the build as arguments or secret mounts, and to the "
        + "container as its environment.",
      patterns: [
        "**/.env", "**/.env.*", "!**/.env.example", "!**/.env.sample", "!**/.env.template",
        "**/.netrc", "**/.pypirc", "**/*.key", "**/*.pem", "**/id_rsa*", "**/id_ed25519*",
      ]),
    Group(
      comment: "What installs and builds leave behind.",
      patterns: [
        "**/node_modules", "**/.next", "**/.turbo", "**/.venv", "**/venv", "**/__pycache__",
        "**/*.py[cod]", "**/.pytest_cache", "**/.mypy_cache", "**/.ruff_cache",
      ]),
    Group(
      comment: "Version control, editors, and the files that describe the image.",
      patterns: [
        "**/.git", "**/.idea", "**/.vscode", "**/.DS_Store", "**/*.log", "**/Dockerfile*",
        "**/*.dockerignore", "**/compose*.y*ml", "**/docker-compose*.y*ml",
      ]),
  ]
  /// Folders of which nothing belongs into a build, whatever is in them.
  private static let leftovers: Set<String> = [
    "node_modules", ".next", ".turbo", ".venv", "venv", "__pycache__", ".pytest_cache",
    ".mypy_cache", ".ruff_cache", ".git", ".idea", ".vscode",
  ]

  /// The patterns that keep no file out which the build could want.
  /// - Returns: nil where nothing is left of them.
  static func text(for subject: LintSubject) -> String? {
    let dropped = dropped(for: subject)
    var text = ""
    for group in groups {
      let patterns = group.patterns.filter { pattern in
        !dropped.contains(pattern.drop { $0 == "!" }.hasPrefix("**/.env") ? "**/.env" : pattern)
      }
      guard !patterns.isEmpty else { continue }
      text += (text.isEmpty ? "" : "\n") + "# \(group.comment)\n"
      text += patterns.map { $0 + "\n" }.joined()
    }
    guard let ignore = try? Dockerignore(SourceText(name: ".dockerignore", text: text)) else {
      return nil
    }
    let isLost = subject.uses.contains { use in
      // What copies all of the context asks for no file of it.
      guard let path = use.path, path != ".", !use.leavesContext, !use.isGlob,
        subject.context.kind(path) != nil
      else { return false }
      return !subject.context.survives(path, ignore)
    }
    return isLost || text.isEmpty ? nil : text
  }

  /// The patterns that would keep a file out that lies there, and those of files that steps ask for.
  private static func dropped(for subject: LintSubject) -> Set<String> {
    var dropped: Set<String> = []
    let watched = ["**/.env", "**/*.key", "**/*.pem", "**/*.log"]
    _ = subject.context.first(
      below: ".", depth: 12,
      enters: { !leftovers.contains(String($0.split(separator: "/").last ?? "")) },
      where: { path, kind in
        guard kind != .folder else { return false }
        // Settings without secrets may be what the build reads; what holds secrets never goes along.
        if SecretFile.isNamedLikeOne(path), path.contains(".env"),
          SecretFile.content(of: path, in: subject.context) != .secrets
        {
          dropped.insert(watched[0])
        }
        for ending in [".key", ".pem", ".log"] where path.hasSuffix(ending) {
          dropped.insert("**/*" + ending)
        }
        return dropped.count == watched.count
      })
    let steps = subject.dockerfile.instructions.filter { $0.keyword == "RUN" }
    let asks = steps.contains { step in
      ShellCommand.all(of: step).contains { $0.program == "git" || $0.program == "husky" }
    }
    let manifests = ["pyproject.toml", "setup.py", "setup.cfg"].compactMap {
      subject.context.read($0, limit: 1 << 20)?.text
    }
    let versioned = manifests.contains { text in
      [
        "setuptools_scm", "setuptools-scm", "hatch-vcs", "versioningit", "dunamai", "pbr",
        "poetry-dynamic", "uv-dynamic",
      ].contains(where: text.contains)
    }
    // Scripts of the project may ask git for the version, too.
    let scripts = subject.context.read("package.json", limit: 1 << 20)?.text.contains("git ")
    if asks || versioned || scripts == true { dropped.insert("**/.git") }
    return dropped
  }
}
