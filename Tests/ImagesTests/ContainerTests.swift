import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// Hostile tars and folders around an image.
@Suite struct ContainerTests {
  private static let image = TestImage(layers: [layer("a")], config: TestConfig(user: "1000"))
  private static let layerName = Digest.sha256(image.layers[0]).hex + ".tar"

  /// A sound archive with something before it.
  private func archive(
    after first: (inout TarBuilder) -> Void = { _ in }, dropping dropped: String? = nil
  ) throws -> [UInt8] {
    var tar = TarBuilder()
    first(&tar)
    tar.raw(try Self.image.dockerFiles().filter { $0.name != dropped }.tar())
    return tar.bytes
  }

  private func expect(
    _ kind: ImageError.Kind, _ part: String, _ archive: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = try failure(archive, sourceLocation: sourceLocation)
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    #expect(error.description.contains(part), "\(error)", sourceLocation: sourceLocation)
  }

  // MARK: Names and links

  @Test(arguments: ["../etc/passwd", "a/../../b", "..", "a/../b"])
  func namesThatClimb(name: String) throws {
    let error = try failure(archive(after: { $0.file(name, "x") }))
    #expect(error.kind == .malformed)
    #expect(error.description.contains("..") || error.description.contains("leaves"), "\(error)")
  }

  @Test func linksThatLeave() throws {
    for target in ["/etc/passwd", "../../etc/passwd", "../x"] {
      let bytes = try archive(
        after: { $0.symlink(Self.layerName, to: target) }, dropping: Self.layerName)
      try expect(.malformed, "is a link out of the archive", bytes)
      // A link that no part of the image uses harms nobody.
      #expect(try open(archive(after: { $0.symlink("unused", to: target) })).config.user == "1000")
    }
  }

  @Test func linksInCircles() throws {
    let bytes = try archive(
      after: {
        $0.symlink(Self.layerName, to: "b")
        $0.symlink("b", to: "c")
        $0.hardlink("c", to: Self.layerName)
      }, dropping: Self.layerName)
    try expect(.malformed, "in a circle", bytes)
    try expect(
      .malformed, "in a circle",
      archive(after: { $0.symlink(Self.layerName, to: Self.layerName) }, dropping: Self.layerName))
    try expect(
      .missing, "is missing",
      archive(after: { $0.symlink(Self.layerName, to: "nowhere") }, dropping: Self.layerName))
  }

  @Test func partsThatAreNoFiles() throws {
    try expect(
      .malformed, "is a folder",
      archive(after: { $0.folder(Self.layerName) }, dropping: Self.layerName))
    for type in ["3", "4", "6"] as [Character] {
      try expect(
        .malformed, "is a device",
        archive(after: { $0.add(Self.layerName, type: type) }, dropping: Self.layerName))
    }
    try expect(
      .unsupported, "is a sparse file",
      archive(
        after: {
          $0.pax([
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "5"),
          ])
          $0.add(Self.layerName, data: [1])
        }, dropping: Self.layerName))
  }

  @Test func manifestPaths() throws {
    for path in ["../\(Self.layerName)", "/\(Self.layerName)", "", "a/../../x", "."] {
      let text = TestImage.dockerManifest([("\(Self.image.configDigest.hex).json", [], [path])])
      let files = try Self.image.dockerFiles().dropLast() + [.file("manifest.json", text)]
      try expect(.malformed, "is not a path inside the archive", Array(files).tar())
    }
    let text = TestImage.dockerManifest([
      ("./\(Self.image.configDigest.hex).json", [], [".//\(Self.layerName)"])
    ])
    let files = try Self.image.dockerFiles().dropLast() + [.file("manifest.json", text)]
    #expect(try open(Array(files).tar()).layers.count == 1)
  }

  // MARK: Headers

  @Test func sizes() throws {
    try expect(
      .malformed, "two sizes",
      archive(after: {
        $0.pax([("size", "512")])
        $0.add("x", data: [1])
      }))
    // Where it fits no ustar field, the field is 0.
    #expect(
      try open(
        archive(after: {
          $0.pax([("size", "3")])
          $0.add("x", data: [1, 2, 3], size: 0)
        })
      ).layers.count == 1)
    try expect(
      .malformed, "declares a size",
      archive(after: { $0.add("x", type: "2", data: [1], link: "y") }))
    try expect(
      .malformed, "declares a size",
      archive(after: { $0.add("x", type: "1", data: [1], link: "y") }))
    try expect(.malformed, "declares a size", archive(after: { $0.add("x", type: "5", data: [1]) }))
    try expect(.truncated, "within x", archive(after: { $0.add("x", size: 0o7777777777) }))
    let negative: (inout [UInt8]) -> Void = { block in
      for index in 124..<136 { block[index] = 0xFF }
    }
    try expect(.malformed, "size is not a number", archive(after: { $0.add("x", patch: negative) }))
    let words: (inout [UInt8]) -> Void = { block in block[124] = UInt8(ascii: "9") }
    try expect(.malformed, "size is not a number", archive(after: { $0.add("x", patch: words) }))
  }

  @Test func extensionHeaders() throws {
    try expect(
      .malformed, "two PAX headers",
      archive(after: {
        $0.pax([("path", "a")])
        $0.pax([("path", "b")])
        $0.file("x", "")
      }))
    try expect(
      .malformed, "both a PAX and a GNU header",
      archive(after: {
        $0.pax([("path", "a")])
        $0.add("././@LongLink", type: "L", data: Array("b\0".utf8))
        $0.file("x", "")
      }))
    try expect(
      .malformed, "two long names",
      archive(after: {
        $0.add("././@LongLink", type: "L", data: Array("a\0".utf8))
        $0.add("././@LongLink", type: "L", data: Array("b\0".utf8))
        $0.file("x", "")
      }))
    try expect(
      .malformed, "a global PAX header",
      archive(after: { $0.pax([("path", "manifest.json")], type: "g") }))
    #expect(
      try open(archive(after: { $0.pax([("comment", "made by git")], type: "g") })).layers.count
        == 1)
    try expect(.malformed, "has no member", TarBuilder.make { $0.pax([("path", "a")]) })
    try expect(
      .tooLarge, "extension header",
      archive(after: {
        $0.add("x", type: "L", data: [UInt8](repeating: 97, count: 2 << 20))
      }))
    try expect(
      .tooLarge, "longer than 4096",
      archive(after: {
        $0.add("x", type: "L", data: [UInt8](repeating: 97, count: 5000))
        $0.file("x", "")
      }))
    try expect(.malformed, "unknown type", archive(after: { $0.add("x", type: "Z") }))
  }

  /// A long name that renames a harmless member to one that counts.
  @Test func longNameIsTheName() throws {
    let bytes = try archive(after: {
      $0.add("././@LongLink", type: "L", data: Array("manifest.json\0".utf8))
      $0.file("harmless", "[]")
    })
    try expect(.ambiguous, "manifest.json stands twice", bytes)
    try expect(
      .ambiguous, "manifest.json stands twice",
      archive(after: {
        $0.pax([("path", "manifest.json")])
        $0.file("harmless", "[]")
      }))
  }

  @Test func endMarker() throws {
    let bytes = try archive()
    try expect(.truncated, "its headers", bytes.dropLast(1024))
    try expect(.truncated, "its end marker", bytes.dropLast(512))
    try expect(
      .malformed, "single block of zeros", bytes.dropLast(512) + Self.image.dockerArchive())
    try expect(.malformed, "checksum", bytes.dropLast(1024) + [UInt8](repeating: 65, count: 1024))
  }

  @Test func tooManyMembers() throws {
    var tar = TarBuilder()
    tar.folder("d")
    let header = tar.bytes
    let many = (0...(1 << 16)).flatMap { _ in header }
    try expect(.tooLarge, "members", many + archive())
  }

  // MARK: Folders

  /// Changes a layout folder before it is opened.
  private func layout(_ change: (_ folder: String, _ blob: String) throws -> Void) throws
    -> ImageError
  {
    try Shell.withTemporaryFolder { folder in
      try Self.image.writeOCILayout(to: "\(folder)/layout", compression: .none)
      let blob = "\(folder)/layout/blobs/sha256/\(Digest.sha256(Self.image.layers[0]).hex)"
      _ = try ImageStore.open("\(folder)/layout")
      try change("\(folder)/layout", blob)
      return try #require(throws: ImageError.self) { try ImageStore.open("\(folder)/layout") }
    }
  }

  @Test func blobIsALink() throws {
    let manager = FileManager.default
    // Even to the same bytes: what it points to can change between two looks.
    let error = try layout { folder, blob in
      try manager.moveItem(atPath: blob, toPath: "\(folder)/elsewhere")
      try manager.createSymbolicLink(atPath: blob, withDestinationPath: "\(folder)/elsewhere")
    }
    #expect(error.description.contains("symbolic link"))
    let host = try layout { _, blob in
      try manager.removeItem(atPath: blob)
      try manager.createSymbolicLink(atPath: blob, withDestinationPath: "/etc/passwd")
    }
    #expect(host.description.contains("symbolic link"))
    #expect(!host.description.contains("root:"))
    let folder = try layout { folder, _ in
      try manager.moveItem(atPath: "\(folder)/blobs", toPath: "\(folder)/elsewhere")
      try manager.createSymbolicLink(atPath: "\(folder)/blobs", withDestinationPath: "elsewhere")
    }
    #expect(folder.description.contains("symbolic link"))
    let index = try layout { folder, _ in
      try manager.removeItem(atPath: "\(folder)/index.json")
      try manager.createSymbolicLink(
        atPath: "\(folder)/index.json", withDestinationPath: "/etc/passwd")
    }
    #expect(index.description.contains("symbolic link"))
  }

  @Test func blobIsNoFile() throws {
    let pipe = try layout { _, blob in
      try FileManager.default.removeItem(atPath: blob)
      try #require(mkfifo(blob, 0o600) == 0)
    }
    #expect(pipe.description.contains("is not a regular file"))
    let folder = try layout { _, blob in
      try FileManager.default.removeItem(atPath: blob)
      try FileManager.default.createDirectory(atPath: blob, withIntermediateDirectories: false)
    }
    #expect(folder.description.contains("is not a regular file"))
    let short = try layout { _, blob in try #require(truncate(blob, 100) == 0) }
    #expect(short.kind == .mismatch)
  }

  @Test func unknownVersion() throws {
    let error = try layout { folder, _ in
      try #"{"imageLayoutVersion":"2.0.0"}"#.write(
        toFile: "\(folder)/oci-layout", atomically: false, encoding: .utf8)
    }
    #expect(error.kind == .unsupported)
  }
}
