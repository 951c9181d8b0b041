import Foundation
import TestSupport
import Testing

@Suite struct HookTests {
  /// A repository with the backend and its generated files.
  private func repository() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    try await git(["init", "-q"], folder)
    try await Command.require(Command.forge, ["generate", folder.file("backend")])
    try await git(["add", "-A"], folder)
    try await git(["commit", "-qm", "start"], folder)
    return folder
  }

  @discardableResult
  private func git(_ arguments: [String], _ folder: TemporaryFolder) async throws -> String {
    try await Command.require(
      "git", ["-c", "user.email=a@example.org", "-c", "user.name=a"] + arguments, in: folder.path)
  }

  @Test func aHookThatWasThereIsKeptAndRunsFirst() async throws {
    let folder = try await repository()
    let before = "#!/bin/sh\necho before >> ran\n"
    try folder.write(before, to: ".git/hooks/pre-commit")
    try await Command.require("chmod", ["+x", folder.file(".git/hooks/pre-commit")])
    for _ in 0..<2 {
      try await Command.require(Command.forge, ["hook", "install"], in: folder.path)
    }
    try folder.write("a", to: "note.txt")
    try await git(["add", "note.txt"], folder)
    try await git(["commit", "-qm", "note"], folder)
    try #expect(String(contentsOfFile: folder.file("ran"), encoding: .utf8) == "before\n")
    try await Command.require(Command.forge, ["hook", "uninstall"], in: folder.path)
    try #expect(
      String(contentsOfFile: folder.file(".git/hooks/pre-commit"), encoding: .utf8) == before)
  }

  @Test func hooksPathOfTheRepositoryIsUsedAndASharedOneRefused() async throws {
    let folder = try await repository()
    try await git(["config", "core.hooksPath", "my-hooks"], folder)
    try await Command.require(Command.forge, ["hook", "install"], in: folder.path)
    #expect(FileManager.default.isExecutableFile(atPath: folder.file("my-hooks/pre-commit")))
    let shared = try TemporaryFolder()
    try await git(["config", "core.hooksPath", shared.path], folder)
    let result = try await Command.forge(["hook", "install"], in: folder.path)
    #expect(result.status == 2, "\(result)")
    try #expect(shared.names() == [])
  }

  /// What is staged counts, not what the working tree holds.
  @Test func aStaleDockerfileStopsTheCommit() async throws {
    let folder = try await repository()
    let clean = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(clean.status == 0, "\(clean)")
    try folder.write("3.12\n", to: "backend/.python-version")
    let unstaged = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(unstaged.status == 0, "\(unstaged)")
    try await git(["add", "-A"], folder)
    try folder.write("3.13\n", to: "backend/.python-version")
    let staged = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(staged.status == 1, "\(staged)")
    #expect(staged.errors.contains("backend/Dockerfile is stale"), "\(staged)")
  }

  /// The hook and the CI template judge by what `generate --check` reads: forge.yaml, forge.lock, and decisions that a
  /// Dockerfile remembers; the hook as they are staged.
  @Test func settingsCountAsTheyAreStaged() async throws {
    let folder = try TemporaryFolder()
    let app = folder.file("shop")
    let digest = "sha256:" + String(repeating: "5e", count: 32)
    try folder.write("fastapi==0.115.0\nuvicorn==0.30.0\n", to: "shop/requirements.txt")
    try folder.write("from fastapi import FastAPI\napp = FastAPI()\n", to: "shop/main.py")
    try folder.write(
      "FROM python:3.12-slim-bookworm\nLABEL team=web\nCMD uvicorn main:app\n",
      to: "shop/Dockerfile")
    try await git(["init", "-q", "shop"], folder)
    let shop = ["-C", "shop"]
    func hook() async throws -> CommandResult { try await Command.forge(["hook", "run"], in: app) }
    func commit() async throws {
      try await git(shop + ["add", "-A"], folder)
      let result = try await hook()
      #expect(result.status == 0, "\(result)")
      try await git(shop + ["commit", "-qm", "x"], folder)
    }
    try await Command.require(Command.forge, ["generate", app, "--from-existing", "--force"])
    try await commit()
    try await Command.require("rm", [app + "/Dockerfile"])

    // The service is named after the folder.
    try folder.write("services:\n  shop:\n    base: distroless\n", to: "shop/forge.yaml")
    try await Command.require(Command.forge, ["generate", app])
    try await commit()
    // Copied, since the working tree differs.
    try folder.write("services:\n  shop:\n    base: alpine\n", to: "shop/forge.yaml")
    try folder.write("staged\n", to: "shop/note.txt")
    try folder.write("fastapi==0.115.0\nuvicorn==0.30.0\n\n", to: "shop/requirements.txt")
    try await git(shop + ["add", "note.txt", "requirements.txt"], folder)
    let unstaged = try await hook()
    #expect(unstaged.status == 0, "\(unstaged)")
    try await git(shop + ["add", "-A"], folder)
    let staged = try await hook()
    #expect(staged.status == 1 && staged.errors.contains("Dockerfile is stale"), "\(staged)")
    try await Command.require(Command.forge, ["generate", app])
    try await commit()

    // A lock alone makes what stands on its images stale; what was made with it is not.
    let base = try #require(
      String(contentsOfFile: app + "/Dockerfile", encoding: .utf8).firstMatch(of: /\nFROM (\S+)/)?.1
    )
    try folder.write(
      #"{"schemaVersion": 1, "bases": {"\#(base)": "\#(digest)"}}"#, to: "shop/forge.lock")
    try await git(shop + ["add", "-A"], folder)
    try await #expect(hook().status == 1)
    try await Command.require(Command.forge, ["generate", app])
    try #expect(String(contentsOfFile: app + "/Dockerfile", encoding: .utf8).contains(digest))
    try await commit()
    let gate = try await Command.require(Command.forge, ["ci", "shell", "shop"], in: folder.path)
    #expect(gate.contains("\n\"$forge\" generate --check"), "\(gate)")
  }

  /// Two services of one folder cannot be generated: no matter where none of forge's files is.
  @Test func aServiceWithoutForgesFilesIsNotLookedAt() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write("fastapi==0.115.0\nuvicorn==0.30.0\n", to: "app/requirements.txt")
    try folder.write("from fastapi import FastAPI\napp = FastAPI()\n", to: "app/main.py")
    try await git(["init", "-q"], folder)
    try await git(
      ["add", "app/main.py", "app/package.json", "app/next.config.mjs", "app/requirements.txt"],
      folder)
    let result = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(result.status == 0, "\(result)")
    try await Command.require("touch", [folder.file("app/Dockerfile")])
    try await git(["add", "app"], folder)
    let shared = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(shared.status == 2 && shared.errors.contains("share the folder app"), "\(shared)")
  }

  /// The pre-commit framework, with the hooks of this repository, as a team would use them.
  @Test func thePreCommitFramework() async throws {
    let hooks = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.root + ".pre-commit-hooks.yaml",
      toPath: hooks.file(".pre-commit-hooks.yaml"))
    try await git(["init", "-q"], hooks)
    try await git(["add", "-A"], hooks)
    try await git(["commit", "-qm", "hooks"], hooks)
    let revision = try await git(["rev-parse", "HEAD"], hooks).trimmingCharacters(
      in: .whitespacesAndNewlines)

    let folder = try await repository()
    try folder.write(
      "repos:\n  - repo: \(hooks.path)\n    rev: \(revision)\n    hooks: [{id: forge}, {id: forge-generate-check}]\n",
      to: ".pre-commit-config.yaml")
    try await git(["add", "-A"], folder)
    let program = URL(filePath: Command.forge).deletingLastPathComponent().path()
    let environment = [
      "PATH": "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "")",
      "PRE_COMMIT_HOME": hooks.file("cache"),
    ]
    func run() async throws -> CommandResult {
      try await Command.run(
        "pre-commit", ["run", "--all-files"], in: folder.path, environment: environment)
    }
    let good = try await run()
    #expect(good.status == 0, "\(good)")
    #expect(good.output.contains("Passed"), "\(good)")
    try folder.write("FROM scratch\n", to: "backend/Dockerfile")
    try await git(["add", "-A"], folder)
    let stale = try await run()
    #expect(stale.status == 1, "\(stale)")
    #expect(stale.output.contains("Failed"), "\(stale)")
  }

  @Test func worktreesShareTheHook() async throws {
    let folder = try await repository()
    try await Command.require(Command.forge, ["hook", "install"], in: folder.path)
    try await git(["worktree", "add", "-q", folder.file("other"), "-b", "other"], folder)
    let again = try await Command.forge(["hook", "install"], in: folder.file("other"))
    #expect(again.status == 0 && again.output.contains("installed already"), "\(again)")
    try folder.write("3.12\n", to: "other/backend/.python-version")
    let commit = try await Command.run(
      "git", ["-c", "user.email=a@example.org", "-c", "user.name=a", "commit", "-qam", "stale"],
      in: folder.file("other"))
    #expect(commit.status == 1 && commit.errors.contains("is stale"), "\(commit)")
  }

  /// A repository has no system folders, and nothing in it is passed over in silence.
  @Test func everythingThatIsStagedIsSearched() async throws {
    let token = "ghp_" + "Zx8kQv27LmPq9RtY3wNsZx8kQv27LmPq9RtY"
    let address = "postgres://app:Kd83jfLq02mcVx91pQzT@db.internal.corp:5432/app"
    let many = (0..<120).map {
      "AIza" + String(format: "%03d", $0) + "Qx8kZv27LmPq9RtY3wNsBd4Fg6Hj1KlW"
    }
    let cases: [(name: String, text: String, status: Int32)] = [
      ("lib/db.ts", "export const u = \"\(address)\"\n", 1),
      ("bin/db.ts", "export const u = \"\(address)\"\n", 1),
      ("etc/db.ts", "export const u = \"\(address)\"\n", 1),
      (".env", "PORT=3000\n", 1), (".env", "# nothing\nPORT=\n", 0),
      (".env.example", "PORT=3000\n", 0), (".env.production", "NEXT_PUBLIC_URL=https://x.org\n", 0),
      ("id_rsa", "whatever\n", 1), ("id_rsa.pub", "ssh-rsa AAAAB3\n", 0),
      ("large.txt", String(repeating: "x\n", count: 4_600_000) + "t = '\(token)'\n", 1),
      ("many.txt", many.joined(separator: "\n") + "\nt = '\(token)'\n", 1),
      ("clean.ts", "export const port = 3000\n", 0),
    ]
    for test in cases {
      let folder = try TemporaryFolder()
      try await git(["init", "-q"], folder)
      try folder.write(test.text, to: test.name)
      try await git(["add", "-A", "-f"], folder)
      let result = try await Command.forge(["hook", "run"], in: folder.path)
      #expect(result.status == test.status, "\(test.name): \(result)")
    }
    let folder = try TemporaryFolder()
    try await git(["init", "-q"], folder)
    try await Command.require(
      "/bin/sh", ["-c", "printf \"t = '\(token)'\\n\" > \"$(printf 'caf\\351.txt')\"; git add -A"],
      in: folder.path)
    #expect(try await Command.forge(["hook", "run"], in: folder.path).status == 1)
  }

  @Test func aSecretStopsTheCommitAndIsNotShown() async throws {
    let folder = try await repository()
    let value =
      "gh" + "p_"
      + String(
        (0..<36).map { _ in
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".randomElement() ?? "a"
        })
    try folder.write("token = '\(value)'\n", to: "backend/app/token.py")
    try await git(["add", "-A"], folder)
    let result = try await Command.forge(["hook", "run"], in: folder.path)
    #expect(result.status == 1, "\(result.status)")
    #expect(result.errors.contains("backend/app/token.py:1"))
    #expect(!(result.errors + result.output).contains(value))
  }
}

@Suite struct CITests {
  @Test func actionlintAcceptsTheWorkflow() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    for (name, extra) in [("a", []), ("b", ["--action", "example/forge@v1"])] {
      let text = try await Command.require(
        Command.forge, ["ci", "github", "backend"] + extra, in: folder.path)
      try folder.write(text, to: "\(name).yml")
      try await Command.require("actionlint", [folder.file("\(name).yml")])
    }
    try folder.write(
      try await Command.require(Command.forge, ["ci", "shell", "backend"], in: folder.path),
      to: "gate.sh")
    try await Command.require("shellcheck", [folder.file("gate.sh")])
  }

  /// By the schemas that GitLab's and GitHub's editors use.
  @Test func schemasAcceptTheTemplates() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    for (ci, schema) in [("gitlab", "vendor.gitlab-ci"), ("github", "vendor.github-workflows")] {
      let text = try await Command.require(Command.forge, ["ci", ci, "backend"], in: folder.path)
      try folder.write(text, to: ci + ".yml")
      try await Command.require(
        "check-jsonschema", ["--builtin-schema", schema, folder.file(ci + ".yml")])
    }
    try await Command.require(
      "check-jsonschema",
      ["--builtin-schema", "vendor.github-actions", Repository.root + "action.yml"])
  }

  /// A template of the project's own counts for the CI's file as for Dockerfiles; an exported copy changes nothing.
  @Test func theProjectsOwnTemplateCounts() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    try folder.write("recipes: ./own\n", to: "backend/forge.yaml")
    try await Command.require(
      Command.forge, ["recipes", "export", folder.file("backend/own")], in: folder.path)
    let copied = try await Command.require(
      Command.forge, ["recipes", "list", "backend"], in: folder.path)
    #expect(!copied.contains("the project's own"), "\(copied)")
    let name = "ci/github.yml.mustache"
    try folder.write("# ours\npath: {{{path}}}\n", to: "backend/own/\(name)")
    let list = try await Command.require(
      Command.forge, ["recipes", "list", "backend"], in: folder.path)
    let marked = list.split(separator: "\n").filter { $0.contains("the project's own") }
    #expect(marked == ["\(name)  (the project's own)"])
    let text = try await Command.require(
      Command.forge, ["ci", "github", "backend"], in: folder.path)
    #expect(text == "# ours\npath: backend\n")
    try folder.write("{{#action}}\n", to: "backend/own/\(name)")
    let broken = try await Command.forge(["ci", "github", "backend"], in: folder.path)
    #expect(broken.status == 2 && broken.errors.contains("\(name):1"), "\(broken)")
  }

  @Test(arguments: ["a b", "$(id)", "a;id", "-x", "a\nb"])
  func noPathBecomesCode(path: String) async throws {
    let result = try await Command.forge(["ci", "shell", "--", path])
    #expect(result.status == 2, "\(result)")
    #expect(result.output.isEmpty)
  }

  /// Several reports in one run, and a report that cannot be written.
  @Test func reportsOfOneRun() async throws {
    let folder = try TemporaryFolder()
    try folder.write("no image", to: "image.tar")
    let result = try await Command.forge(
      [
        "check", "image.tar", "--report", "sarif=a,b.sarif,html=c.html", "--report",
        "json=/no/such/d.json",
      ],
      in: folder.path)
    #expect(result.status == 3, "\(result)")
    #expect(result.output.contains("FORGE-X003"), "\(result)")
    #expect(result.errors.contains("/no/such/d.json"), "\(result)")
    try #expect(folder.names() == ["a,b.sarif", "c.html", "image.tar"])
  }
}
