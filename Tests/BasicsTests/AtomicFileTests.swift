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

  /// As `/dev/null` and `/dev/stdout` have to stay what they are.
  @Test(.enabled(if: geteuid() == 0, "only root makes devices")) func aDeviceIsWrittenInto() throws
  {
    try withFolder { folder in
      let (device, link) = (folder + "/null", folder + "/link")
      try #require(mknod(device, S_IFCHR | 0o666, dev_t(1 << 8 | 3)) == 0)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "null")
      for path in [device, link] {
        try AtomicFile.write("x".utf8, to: path)
        let pending = try AtomicFile.prepare("x".utf8, for: path)
        try #expect(names(in: folder) == ["link", "null"])
        pending.discard()
        #expect(!FileManager.default.fileExists(atPath: pending.temporaryPath))
      }
      var status = stat()
      #expect(lstat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
      // Unless it has to give way.
      try PendingFile(for: device, replacesDevices: true).commit()
      #expect(lstat(device, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
    }
  }

  @Test func aPipeGetsAll() throws {
    try withFolder { folder in
      let pipe = folder + "/pipe"
      try #require(mkfifo(pipe, 0o600) == 0)
      let text = String(repeating: "0123456789", count: 30_000)
      let reader = Process()
      reader.executableURL = URL(filePath: "/bin/sh")
      reader.arguments = ["-c", "cat \(pipe) > \(folder)/read"]
      try reader.run()
      try AtomicFile.write(text.utf8, to: pipe)
      reader.waitUntilExit()
      try #expect(String(contentsOfFile: folder + "/read", encoding: .utf8) == text)
      try #expect(names(in: folder) == ["pipe", "read"])
      var status = stat()
      #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }
  }

  /// Also where it is an ordinary file, whose name nobody gave: what is there stays.
  @Test func anOpenFileIsWrittenInto() throws {
    try withFolder { folder in
      let path = folder + "/log"
      try #require(FileManager.default.createFile(atPath: path, contents: nil))
      let file = try #require(FileHandle(forWritingAtPath: path))
      try file.write(contentsOf: Data("one ".utf8))
      for place in ["/dev/fd/", "/proc/self/fd/"] {
        try AtomicFile.write("two ".utf8, to: "\(place)\(file.fileDescriptor)")
      }
      try file.write(contentsOf: Data("three".utf8))
      try file.close()
      try #expect(String(contentsOfFile: folder + "/log", encoding: .utf8) == "one two two three")
      try #expect(names(in: folder) == ["log"])
    }
  }
}
