import ForgeFindings
import Foundation
import TestSupport
import Testing

/// A fixture's image, built by `forge build`. Each is built once in a run of the tests.
struct BuiltImage: Sendable {
  /// The copy of the fixture.
  let project: TemporaryFolder
  let archive: String
  let tag: String
  /// What `forge build --check-size --format json` did.
  let result: CommandResult

  static let backend = Cache(fixture: "todo-backend")
  static let frontend = Cache(fixture: "offline-frontend")

  actor Cache {
    private let fixture: String
    private var task: Task<BuiltImage, any Error>?

    init(fixture: String) { self.fixture = fixture }

    var image: BuiltImage {
      get async throws {
        let task = task ?? Task { [fixture] in try await BuiltImage.build(fixture) }
        self.task = task
        return try await task.value
      }
    }
  }

  private static func build(_ fixture: String) async throws -> BuiltImage {
    let project = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture(fixture), toPath: project.file(fixture))
    let tag = "localhost/forge-test/\(fixture):1.0"
    let archive = project.file("image.tar")
    let result = try await Command.forge([
      "build", project.file(fixture), "--check-size", "--engine", "buildah", "--tag", tag,
      "--output", archive,
      "--format", "json",
    ])
    return BuiltImage(project: project, archive: archive, tag: tag, result: result)
  }

  /// The JSON that the build printed, one service.
  func report() throws -> BuildJSON.Service {
    let report = try JSONDecoder().decode(BuildJSON.self, from: Data(result.output.utf8))
    return try #require(report.services.first)
  }
}

/// The part of the JSON of `forge build` that the tests read, as another program would.
struct BuildJSON: Decodable {
  struct Service: Decodable {
    struct Sizes: Decodable {
      let stored: Int64
      let rootfs: Int64
      let wasted: Int64
    }
    let name: String
    let tag: String
    let archive: String?
    let sizes: Sizes
    let verdict: VerdictJSON?
  }
  let schemaVersion: Int
  let engine: String
  let services: [Service]
}

struct VerdictJSON: Decodable {
  struct Finding: Decodable {
    let id: String
    let severity: String
    let message: String
    let location: String?
    let fix: String?
  }
  let passed: Bool
  let findings: [Finding]
}

struct InspectionJSON: Decodable {
  struct Sizes: Decodable, Equatable {
    let unpacked: Int64
    let stored: Int64
    let rootfs: Int64
    let wasted: Int64
  }
  let sizes: Sizes
}
