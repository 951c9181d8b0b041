import Foundation
import TestSupport
import Testing

/// A Dockerfile as it is often written, mended by `forge lint --fix`, or taken over by `--from-existing`: it still
/// builds, and what comes out is what was asked for.
@Suite(.serialized) struct MendedTests {
  private static let dockerfile = """
    FROM python:3.13-slim-trixie as Server
    MAINTAINER Jane
    ENV LOG_LEVEL warning
    LABEL team=web
    WORKDIR srv
    ADD . .
    RUN pip install -r requirements.txt
    EXPOSE 9000:9000/TCP
    CMD uvicorn main:app --host 0.0.0.0 --port 9000

    """

  private func project() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Self.dockerfile, to: "app/Dockerfile")
    try folder.write("fastapi\nuvicorn\n", to: "app/requirements.txt")
    try folder.write("from fastapi import FastAPI\n\napp = FastAPI()\n", to: "app/main.py")
    try folder.write("3.13\n", to: "app/.python-version")
    try folder.write("TOKEN=very-secret\n", to: "app/.env")
    return folder
  }

  /// The configuration of the image that a build gives.
  private func build(_ folder: TemporaryFolder, _ tag: String, _ more: [String] = []) async throws
    -> [String: Any]
  {
    let image = "localhost/forge-test/\(tag):latest"
    let result = try await Command.forge(
      [
        "build", folder.file("app"), "--engine", "buildah", "--tag", image, "--output",
        folder.file("image.tar"),
        "--format", "json",
      ] + more)
    #expect(result.status == 0, "\(result)")
    let files = try await Command.forge(["check", folder.file("image.tar"), "--format", "json"])
    #expect(!files.output.contains(".env"), "\(files)")
    let output = try await Command.require("buildah", ["inspect", "--type", "image", image])
    _ = try await Command.run("buildah", ["rmi", image])
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    return try #require((object?["OCIv1"] as? [String: Any])?["config"] as? [String: Any])
  }

  @Test func aMendedFileBuilds() async throws {
    let folder = try project()
    let fixed = try await Command.forge(["lint", folder.file("app"), "--fix"])
    #expect(fixed.status == 0 && fixed.output == "passed: Dockerfile\n", "\(fixed)")
    let hadolint = try await Command.run("hadolint", [folder.file("app/Dockerfile")])
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)")
    let config = try await build(folder, "mended")
    #expect(config["User"] as? String == "10001:10001")
    #expect(config["WorkingDir"] as? String == "/srv")
    #expect(
      config["Cmd"] as? [String] == ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "9000"])
    #expect((config["Env"] as? [String])?.contains("LOG_LEVEL=warning") == true)
    #expect((config["ExposedPorts"] as? [String: Any])?.keys.sorted() == ["9000/tcp"])
  }

  @Test func anExistingFileTakenOverBuilds() async throws {
    let folder = try project()
    let written = try await Command.forge([
      "generate", folder.file("app"), "--from-existing", "--force",
    ])
    #expect(written.status == 0, "\(written)")
    let config = try await build(folder, "taken-over")
    #expect(config["User"] as? String == "10001:10001")
    #expect((config["Labels"] as? [String: String])?["team"] == "web")
    #expect((config["Env"] as? [String])?.contains("LOG_LEVEL=warning") == true)
    #expect((config["ExposedPorts"] as? [String: Any])?.keys.sorted() == ["9000/tcp"])
    #expect(
      config["Cmd"] as? [String] == ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "9000"])
  }

  /// What the secret was read for is in the image, to the byte; the secret is not.
  @Test func aMendedSecretBuildsTheSame() async throws {
    let folder = try project()
    try folder.write(
      """
      FROM python:3.13-slim-trixie
      ARG API_TOKEN
      WORKDIR /srv
      COPY main.py ./
      RUN echo "$API_TOKEN" | sha256sum > token.sum && touch -d @0 token.sum
      USER 10001:10001
      CMD ["python", "main.py"]

      """, to: "app/Dockerfile")
    try folder.write("Dockerfile*\n", to: "app/.dockerignore")
    try folder.write("verysecretvalue123", to: "token")
    // The engine itself: forge refuses a secret as a build argument.
    let before = "localhost/forge-test/secret-before:latest"
    _ = try await Command.require(
      "buildah",
      [
        "build", "--build-arg", "API_TOKEN=verysecretvalue123", "--tag", before, folder.file("app"),
      ])
    _ = try await Command.require(
      "buildah", ["push", before, "oci-archive:" + folder.file("before.tar")])
    _ = try await Command.run("buildah", ["rmi", before])
    let fixed = try await Command.forge(["lint", folder.file("app"), "--fix"])
    #expect(fixed.status == 0 && !fixed.output.contains("verysecretvalue123"), "\(fixed)")
    let file = try String(contentsOfFile: folder.file("app/Dockerfile"), encoding: .utf8)
    #expect(!file.contains("ARG") && file.contains("--mount=type=secret"), "\(file)")
    let config = try await build(
      folder, "secret-after", ["--secret", "id=API_TOKEN,src=" + folder.file("token")])
    #expect((config["Env"] as? [String])?.contains { $0.contains("API_TOKEN") } == false)
    let result = try await Command.forge([
      "diff", folder.file("before.tar"), folder.file("image.tar"), "--format", "json",
    ])
    let diff = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    // The engine leaves the folder that it mounted the secret in.
    let files = try #require(diff?["files"] as? [[String: Any]])
    #expect(
      files.allSatisfy { ($0["path"] as? String)?.hasPrefix("run") == true }, "\(result)")
  }

  /// A step of the user's own, its file, and an entry script run in the file that takes over.
  @Test func stepsThatAreTakenOverRun() async throws {
    let folder = try project()
    try folder.write(
      """
      FROM python:3.13-slim-trixie
      WORKDIR /srv
      COPY requirements.txt .
      RUN pip install -r requirements.txt
      COPY . .
      COPY app.ini /etc/app/app.ini
      RUN useradd --uid 1500 app && mkdir /data && chown app /data
      RUN python -c "import fastapi; open('/srv/version.txt', 'w').write(fastapi.__version__)"
      USER app
      ENTRYPOINT ["/srv/entry.sh"]
      CMD uvicorn main:app --host 0.0.0.0 --port ${PORT:-9000}

      """, to: "app/Dockerfile")
    try folder.write("[x]\n", to: "app/app.ini")
    try folder.write(
      "#!/bin/sh\nset -e\ntest -s /app/version.txt -a -s /etc/app/app.ini\nexec \"$@\"\n",
      to: "app/entry.sh")
    let written = try await Command.forge([
      "generate", folder.file("app"), "--from-existing", "--force",
    ])
    #expect(written.status == 0, "\(written)")
    let image = "localhost/forge-test/steps:1"
    let built = try await Command.forge([
      "build", folder.file("app"), "--engine", "podman", "--tag", image,
    ])
    #expect(built.status == 0, "\(built)")
    let tested = try await Command.forge(["test", image, "--engine", "podman"])
    #expect(tested.status == 0, "\(tested)")
    _ = try await Command.run("podman", ["rmi", image])
  }

  /// BuildKit's check of the base's platform, by the engines that do not know it.
  @Test func aBaseOfAnotherPlatformIsSaid() async throws {
    let folder = try project()
    let base = "localhost/forge-test/foreign-base:1"
    let container = try await Command.require("buildah", ["from", "scratch"])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    try await Command.require("buildah", ["config", "--arch", "s390x", container])
    try await Command.require("buildah", ["commit", "--rm", container, base])
    try folder.write(
      "FROM \(base)\nCOPY main.py /\nUSER 10001:10001\nCMD [\"/main.py\"]\n", to: "app/Dockerfile")
    let image = "localhost/forge-test/on-foreign:1"
    let built = try await Command.forge([
      "build", folder.file("app"), "--engine", "buildah", "--tag", image,
    ])
    _ = try await Command.run("buildah", ["rmi", image, base])
    #expect(built.errors.contains("Dockerfile:1: InvalidBaseImagePlatform: "), "\(built)")
  }
}
