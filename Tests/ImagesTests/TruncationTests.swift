import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// A part of an image is never taken for an image.
@Suite struct TruncationTests {
  private static let small = TestImage(
    layers: [layer("app.py", "print(1)")], config: TestConfig(user: "1000"))

  /// Tries all lengths around the edges of blocks, and every `step`th between.
  private func expectFailures(of archive: [UInt8], every step: Int) throws {
    _ = try open(archive)
    try Shell.withTemporaryFolder { folder in
      let path = "\(folder)/image.tar"
      try Data(archive).write(to: URL(fileURLWithPath: path))
      for length in (0..<archive.count).reversed() {
        let distance = min(length % 512, 512 - length % 512)
        guard distance < 3 || length % step == 0 || length < 512 else { continue }
        try #require(truncate(path, length) == 0)
        let error = #expect(throws: ImageError.self, "\(length) of \(archive.count) bytes open") {
          _ = try ImageStore.open(path)
        }
        #expect(error?.exitCode == .unreadableInput)
      }
    }
  }

  @Test(arguments: TestImage.DockerShape.allCases)
  func dockerArchive(shape: TestImage.DockerShape) throws {
    try expectFailures(of: Self.small.dockerArchive(shape), every: 37)
  }

  @Test func ociArchive() throws { try expectFailures(of: Self.small.ociArchive(), every: 1) }

  @Test(arguments: [Compressor.gzip, .zstd])
  func wrapped(compression: Compressor) throws {
    try expectFailures(of: compression.compress(Self.small.dockerArchive()), every: 1)
    try expectFailures(of: compression.compress(Self.small.ociArchive()), every: 1)
  }

  /// More zeros than the two blocks of the end marker are padding: GNU tar writes up to 10 KiB.
  @Test func padding() throws {
    let archive = try Self.small.dockerArchive()
    for count in [1, 512, 8192] {
      #expect(try open(archive + [UInt8](repeating: 0, count: count)).notes.isEmpty)
    }
    let joined = try open(archive + archive)
    #expect(joined.notes.map(\.id) == ["FORGE-A102"])
  }

  @Test func layoutWithoutABlob() throws {
    for missing in try Self.small.ociFiles() where missing.name != "index.json" {
      try Shell.withTemporaryFolder { folder in
        let files = try Self.small.ociFiles().filter { $0.name != missing.name }
        try files.write(to: "\(folder)/layout")
        let error = try #require(throws: ImageError.self) {
          try ImageStore.open("\(folder)/layout")
        }
        #expect(error.exitCode == .unreadableInput)
        #expect(error.description.contains(missing.name.suffix(64)))
      }
    }
  }
}
