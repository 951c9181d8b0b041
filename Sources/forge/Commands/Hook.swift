import ArgumentParser
import ForgeBasics
import ForgeGit
import Foundation

struct Hook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check what is staged before each commit.",
    discussion: """
      A hook that is there is kept, and runs first. Worktrees and core.hooksPath are respected.

      Examples:
        forge hook install
        forge hook run            what git runs before a commit
        forge hook uninstall
      """,
    subcommands: [Install.self, Uninstall.self, Run.self])

  struct Install: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Install the pre-commit hook of this repository.",
      discussion: """
        Examples:
          forge hook install
        """)

    @Flag(help: "Install into a shared hooks folder too, and over an edited hook.")
    var force = false

    func run() async throws {
      let hook = try await GitHook(GitRepository())
      let program = Bundle.main.executablePath ?? ProgramArguments.program
      let words =
        switch try hook.install(program: program, force: force) {
        case .chained: "installed; the hook that was there is kept beside it and runs first"
        case .unchanged: "is installed already"
        default: "installed"
        }
      try StandardOutput.write("\(DisplayText.escape(hook.location)): \(words)\n")
    }
  }

  struct Uninstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove the hook, and put back what was there before.",
      discussion: """
        Examples:
          forge hook uninstall
        """)

    @Flag(help: "Remove an edited hook too.")
    var force = false

    func run() async throws {
      let hook = try await GitHook(GitRepository())
      let words =
        switch try hook.uninstall(force: force) {
        case .restored: "removed; the hook that was there before is back"
        case .absent: "no hook of forge is there"
        default: "removed"
        }
      try StandardOutput.write("\(DisplayText.escape(hook.location)): \(words)\n")
    }
  }

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check what is staged; exit with 1 when the commit should not be made.",
      discussion: """
        Staged Dockerfiles, ignore files, manifests, lockfiles and settings: are the generated files of the services \
        that they belong to still right? Staged Dockerfiles and ignore files: do they fit the folder? Every staged \
        file: does it hold a secret?

        Examples:
          forge hook run
        """)

    @Argument(help: .hidden)
    var files: [String] = []

    func run() async throws {
      let staged = try await StagedChanges(of: GitRepository())
      var failed = false
      if staged.affectsRecipes { failed = try await !recipesPass(staged) }
      for finding in try await staged.secrets() {
        if finding.severity == .error { failed = true }
        let kind = finding.severity == .error ? "" : "\(finding.severity.rawValue): "
        StandardError.print("\(finding.location ?? ""): \(finding.id) \(kind)\(finding.message)")
      }
      if failed {
        StandardError.print(
          "forge: the commit is stopped; `git commit --no-verify` makes it nevertheless")
        throw ExitStatus(code: .policyFailed)
      }
    }

    /// Whether generated files, Dockerfiles and example files fit what is staged; says what does not.
    private func recipesPass(_ staged: StagedChanges) async throws -> Bool {
      let tree = try await staged.tree()
      var passed = true
      for entry in try staged.staleFiles(in: tree) {
        passed = false
        let state = if entry.state == .missing { "missing" } else { "stale" }
        StandardError.print(
          "\(DisplayText.escape(entry.path)) is \(state): run `forge generate`, and stage the result"
        )
      }
      for folder in staged.folders([.dockerfile, .ignoreFile]) {
        passed = try await passes("lint", ["\(tree.root)/\(folder)"]) && passed
      }
      for folder in staged.folders([.configuration, .manifest])
      where FileManager.default.fileExists(atPath: "\(tree.root)/\(folder)/.env.example") {
        passed = try await passes("env", ["\(tree.root)/\(folder)", "--check"]) && passed
      }
      return passed
    }

    /// Runs another command of forge, if this forge has it.
    private func passes(_ name: String, _ arguments: [String]) async throws -> Bool {
      guard Forge.configuration.subcommands.contains(where: { $0._commandName == name }) else {
        return true
      }
      do {
        var command = try Forge.parseAsRoot([name] + arguments)
        if var command = command as? any AsyncParsableCommand {
          try await command.run()
        } else {
          try command.run()
        }
        return true
      } catch let status as ExitStatus {
        return status.code == .success
      } catch let error as any ForgeError where error.exitCode == .usage {
        // Nothing there that the command could look at, such as a folder that no service is in.
        return true
      }
    }
  }
}
