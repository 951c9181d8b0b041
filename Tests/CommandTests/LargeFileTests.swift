import Foundation
import TestSupport
import Testing

/// A file that is far too large is refused before it is read: its size costs neither memory nor time.
@Suite struct LargeFileTests {
  private static let oversized = 4 << 30

  /// A project whose file of that name has gigabytes, none of which is on the disk.
  private func project(with name: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("fastapi==0.115.0\n", to: "requirements.txt")
    try folder.write("from fastapi import FastAPI\napp = FastAPI()\n", to: "main.py")
    #expect(FileManager.default.createFile(atPath: folder.file(name), contents: nil))
    #expect(truncate(folder.file(name), off_t(Self.oversized)) == 0)
    return folder
  }

  /// Runs forge in an address space that could never hold the file.
  private func forge(_ arguments: String, in folder: TemporaryFolder) async throws -> CommandResult
  {
    try await Command.run(
      "sh", ["-c", "ulimit -v 3000000; exec '\(Command.forge)' \(arguments)"], in: folder.path)
  }

  @Test func aLockOfGigabytesCostsNothing() async throws {
    let folder = try project(with: "forge.lock")
    let result = try await forge("generate --stdout .", in: folder)
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("larger than 1 MiB"), "\(result)")
  }

  @Test func aPolicyOfGigabytesCostsNothing() async throws {
    let folder = try project(with: "policy.yaml")
    let result = try await forge("policy show --policy policy.yaml", in: folder)
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("larger than 1 MiB: no settings of forge"), "\(result)")
  }

  @Test func aBaselineOfGigabytesCostsNothing() async throws {
    let folder = try project(with: "sizes.json")
    let result = try await forge("baseline compare x.tar --baseline sizes.json", in: folder)
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("larger than 16 MiB: not a baseline"), "\(result)")
  }
}
