import Foundation
import TestSupport
import Testing

@Suite struct HookTests {
  /// A repository with the backend and its generated files.
  private func repository() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
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
    for _ in 0..<2 { try await Command.require(Command.forge, ["hook", "install"], in: folder.path) }
    try folder.write("a", to: "note.txt")
    try await git(["add", "note.txt"], folder)
    try await git(["commit", "-qm", "note"], folder)
    try #expect(String(contentsOfFile: folder.file("ran"), encoding: .utf8) == "before\n")
    try await Command.require(Command.forge, ["hook", "uninstall"], in: folder.path)
    try #expect(String(contentsOfFile: folder.file(".git/hooks/pre-commit"), encoding: .utf8) == before)
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

  @Test func aSecretStopsTheCommitAndIsNotShown() async throws {
    let folder = try await repository()
    let value =
      "gh" + "p_"
      + String(
        (0..<36).map { _ in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".randomElement() ?? "a" })
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
    try FileManager.default.copyItem(atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    for (name, extra) in [("a", []), ("b", ["--action", "example/forge@v1"])] {
      let text = try await Command.require(Command.forge, ["ci", "github", "backend"] + extra, in: folder.path)
      try folder.write(text, to: "\(name).yml")
      try await Command.require("actionlint", [folder.file("\(name).yml")])
    }
    try folder.write(
      try await Command.require(Command.forge, ["ci", "shell", "backend"], in: folder.path), to: "gate.sh")
    try await Command.require("shellcheck", [folder.file("gate.sh")])
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
      ["check", "image.tar", "--report", "sarif=a,b.sarif,html=c.html", "--report", "json=/no/such/d.json"],
      in: folder.path)
    #expect(result.status == 3, "\(result)")
    #expect(result.output.contains("FORGE-X003"), "\(result)")
    #expect(result.errors.contains("/no/such/d.json"), "\(result)")
    try #expect(folder.names() == ["a,b.sarif", "c.html", "image.tar"])
  }
}
