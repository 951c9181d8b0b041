import ForgeBasics
import ForgeCodebase
import Foundation
import Subprocess
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

private let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Snapshots")

/// The generated files of every sample, as they are committed below `Snapshots/`. After a change that is meant,
/// `FORGE_UPDATE_SNAPSHOTS=1 swift test --filter SnapshotTests` writes them anew; read them then.
@Suite struct SnapshotTests {
  @Test(arguments: Samples.all.map(\.name))
  func matchesSnapshot(_ name: String) throws {
    let files = try Samples.generate(name)
    #expect(files.count == 3)
    for file in files {
      let snapshot = snapshots.appending(path: name).appending(path: snapshotName(file))
      if ProcessInfo.processInfo.environment["FORGE_UPDATE_SNAPSHOTS"] == "1" {
        try FileManager.default.createDirectory(
          at: snapshot.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.contents.write(to: snapshot, atomically: true, encoding: .utf8)
      }
      let expected = try String(contentsOf: snapshot, encoding: .utf8)
      let diff = UnifiedDiff.between(
        expected, file.contents, oldName: "Snapshots/\(name)/\(snapshotName(file))",
        newName: "generated")
      #expect(diff.isEmpty, "\(diff)")
    }
  }

  @Test func everySnapshotHasASample() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: snapshots.path())
    #expect(Set(names) == Set(Samples.all.map(\.name)))
  }

  /// hadolint says nothing about any of them, not even a hint.
  @Test func hadolintIsSilent() async throws {
    let dockerfiles = Samples.all.map { snapshots.appending(path: "\($0.name)/Dockerfile").path() }
    let result = try await run(
      .name("hadolint"), arguments: Arguments(["--no-color"] + dockerfiles),
      output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20))
    #expect(result.terminationStatus.isSuccess)
    #expect(result.standardOutput == "")
  }

  private func snapshotName(_ file: GeneratedFile) -> String {
    let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
    // Without its dot, so that no tool takes it for an ignore file of the snapshots' own folder.
    return name.hasPrefix(".") ? String(name.dropFirst()) : name
  }
}
