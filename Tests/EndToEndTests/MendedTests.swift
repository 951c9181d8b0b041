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
  private func build(_ folder: TemporaryFolder, _ tag: String) async throws -> [String: Any] {
    let image = "localhost/forge-test/\(tag):latest"
    let result = try await Command.forge([
      "build", folder.file("app"), "--engine", "buildah", "--tag", image, "--output", folder.file("image.tar"),
      "--format", "json",
    ])
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
    #expect(config["Cmd"] as? [String] == ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "9000"])
    #expect((config["Env"] as? [String])?.contains("LOG_LEVEL=warning") == true)
    #expect((config["ExposedPorts"] as? [String: Any])?.keys.sorted() == ["9000/tcp"])
  }

  @Test func anExistingFileTakenOverBuilds() async throws {
    let folder = try project()
    let written = try await Command.forge(["generate", folder.file("app"), "--from-existing", "--force"])
    #expect(written.status == 0, "\(written)")
    let config = try await build(folder, "taken-over")
    #expect(config["User"] as? String == "10001:10001")
    #expect((config["Labels"] as? [String: String])?["team"] == "web")
    #expect((config["Env"] as? [String])?.contains("LOG_LEVEL=warning") == true)
    #expect((config["ExposedPorts"] as? [String: Any])?.keys.sorted() == ["9000/tcp"])
    #expect(config["Cmd"] as? [String] == ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "9000"])
  }
}
