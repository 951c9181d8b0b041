import Foundation
import TestSupport
import Testing

/// What an image says of its origin, read back from the engine's store: the annotations of OCI's image specification.
@Suite(.serialized) struct LabelTests {
  @Test func anImageNamesItsCommitAndItsBase() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write(
      "FROM alpine:3.23\nCOPY package.json /\nUSER 10001:10001\n", to: "app/Dockerfile")
    let date = "2026-03-04T05:06:07 +0100"
    let git = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-C", folder.file("app")]
    let dates = ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date]
    for arguments in [
      ["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"],
      ["remote", "add", "origin", "https://me:password-of-mine@git.example.org/team/web.git"],
    ] {
      try await Command.require("git", git + arguments, environment: dates)
    }
    let commit = try await Command.require("git", git + ["rev-parse", "HEAD"])
    let tag = "localhost/forge-test/labels:1"
    let built = try await Command.forge(
      ["build", folder.file("app"), "--engine", "buildah", "--tag", tag, "--reproducible"])
    #expect(built.status == 0, "\(built)")
    let text = try await Command.require(
      "podman", ["image", "inspect", "--format", "{{json .Labels}}", tag])
    let created = try await Command.require(
      "podman", ["image", "inspect", "--format", "{{.Created.Unix}}", tag])
    // An image that was loaded twice, from archives of two forms, has two.
    let digests = try await Command.require(
      "podman",
      ["image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}", "alpine:3.23"])
    _ = try await Command.run("podman", ["rmi", tag])

    let labels = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    let prefix = "org.opencontainers.image."
    #expect(labels[prefix + "revision"] == commit.trimmingCharacters(in: .newlines))
    #expect(labels[prefix + "source"] == "https://git.example.org/team/web.git")
    #expect(labels[prefix + "created"] == "2026-03-04T04:06:07Z")
    #expect(created.trimmingCharacters(in: .newlines) == "1772597167")
    #expect(labels[prefix + "base.name"] == "alpine:3.23")
    let digest = try #require(labels[prefix + "base.digest"])
    #expect(digest.hasPrefix("sha256:") && digest.count == 71)
    #expect(
      digests.split { $0.isWhitespace }.contains { $0.hasSuffix("@" + digest) },
      "\(digest): \(digests)")
  }
}
