import ForgeBasics
import Foundation
import Testing

@Suite struct AtomicFileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func replacesAndKeepsPermissions() throws {
    try withFolder { folder in
      let path = folder + "/script"
      try AtomicFile.write("one".utf8, to: path)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      try AtomicFile.write("two".utf8, to: path)
      try #expect(String(contentsOfFile: path, encoding: .utf8) == "two")
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o755)
      try #expect(names(in: folder) == ["script"])
    }
  }

  @Test func refusesAFolderAndAMissingParent() throws {
    try withFolder { folder in
      #expect(throws: OutputError.self) { try AtomicFile.write("x".utf8, to: folder) }
      #expect(throws: OutputError.self) { try AtomicFile.write("x".utf8, to: folder + "/none/x") }
      try #expect(names(in: folder) == [])
    }
  }

  @Test func discardLeavesNothing() throws {
    try withFolder { folder in
      let path = folder + "/image.tar"
      try AtomicFile.write("old".utf8, to: path)
      let pending = try PendingFile(for: path)
      try #expect(names(in: folder).count == 2)
      pending.discard()
      try #expect(names(in: folder) == ["image.tar"])
      try #expect(String(contentsOfFile: path, encoding: .utf8) == "old")
    }
  }
}
