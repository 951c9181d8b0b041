import Foundation
import TestSupport
import Testing

/// What a gate must not pass by saying nothing.
@Suite struct NeverPassTests {
  private func image(in folder: TemporaryFolder) throws -> String {
    let layer = TarBuilder.make { $0.file("app/a", "1") }
    let path = folder.file("root.tar")
    try Data(TestImage(layers: [layer], config: TestConfig(user: "")).dockerArchive())
      .write(to: URL(filePath: path))
    return path
  }

  private func shell(_ script: String, _ arguments: [String]) async throws -> Int32 {
    let result = try await Command.run(
      "/bin/sh", ["-c", script, "sh", Command.forge] + arguments)
    return Int32(result.status)
  }

  @Test(arguments: [[], ["hook"], ["cache"], ["baseline"], ["ci", "--no-such"]])
  func noCommandIsAUsageError(arguments: [String]) async throws {
    let result = try await Command.forge(arguments)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
  }

  @Test func helpThatIsAskedForIsNone() async throws {
    for arguments in [["help"], ["--help"], ["hook", "--help"], ["--version"]] {
      #expect(try await Command.forge(arguments).status == 0, "\(arguments)")
    }
  }

  /// Where file descriptors are closed or few, the verdict stands or an error is said.
  @Test(arguments: ["<&-", "2>&-", "<&- 2>&-"])
  func closedDescriptors(closing: String) async throws {
    let folder = try TemporaryFolder()
    let image = try image(in: folder)
    let script = "\"$1\" check \"$2\" --no-cache \(closing) >/dev/null"
    #expect(try await shell(script, [image]) == 1)
  }

  @Test(arguments: [4, 5, 6, 8, 10, 16])
  func fewDescriptors(limit: Int) async throws {
    let folder = try TemporaryFolder()
    let image = try image(in: folder)
    // The shell itself needs a descriptor to redirect.
    let script = "exec >/dev/null 2>&1; ulimit -n \(limit); exec \"$1\" check \"$2\" --no-cache"
    let status = try await shell(script, [image])
    #expect([1, 3, 70].contains(status), "\(status)")
  }
}
