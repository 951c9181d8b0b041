import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// Inspects an archive as it comes through a pipe.
func inspectPiped(_ archive: [UInt8], options: InspectionOptions = .init()) throws -> Inspection {
  try Shell.withTemporaryFolder { folder in
    let path = folder + "/image.tar"
    try #require(mkfifo(path, 0o600) == 0)
    // A reader that gives up must not end the test.
    signal(SIGPIPE, SIG_IGN)
    let writer = Thread {
      guard let file = fopen(path, "w") else { return }
      _ = archive.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
      fclose(file)
    }
    writer.start()
    return try Inspector.inspect(path, options: options)
  }
}

/// The report without the temporary path of the source.
func report(_ inspection: Inspection) throws -> [Substring] {
  try StableJSON.encode(inspection).split(separator: "\n").filter { !$0.contains("\"source\"") }
}

/// What is read once gives the same as what can be read at offsets.
@Suite struct StreamTests {
  /// Layers too large to be kept: they are scanned while they pass. The third is the first one again.
  private static let image: TestImage = {
    var random = SeededBytes(seed: 5)
    let noise = random.bytes(150_000)
    let base = layer { tar in
      tar.add("noise", data: noise)
      tar.file("etc/passwd", "app:x:1000:1000::/:/bin/sh\n")
      tar.file("gone", String(repeating: "text ", count: 40_000))
    }
    let second = layer { tar in
      tar.add(".wh.gone")
      tar.add("noise", data: noise, mode: 0o755)
      tar.file("app/main.py", String(repeating: "print(1)\n", count: 20_000))
    }
    return TestImage(
      layers: [base, second, base, layer { $0.file("small", "x") }],
      config: TestConfig(user: "app", cmd: ["app"], history: ["FROM", "RUN", "COPY", "COPY"]))
  }()

  private func expectSame(_ archive: [UInt8], _ what: Comment) throws {
    let file = try withArchive(archive) { try Inspector.inspect($0) }
    let piped = try inspectPiped(archive)
    #expect(try report(piped) == report(file), what)
    #expect(piped.details == file.details, what)
    checkAccounts(piped, what)
  }

  @Test(arguments: TestImage.DockerShape.allCases) func dockerArchives(
    _ shape: TestImage.DockerShape
  ) throws {
    try expectSame(Self.image.dockerArchive(shape), "\(shape)")
    // In any order: the manifest first, the links before what they lead to.
    try expectSame(Self.image.dockerFiles(shape).reversed().tar(), "\(shape), reversed")
  }

  @Test(arguments: [Compressor.none, .gzip, .zstd]) func ociArchives(_ compressor: Compressor)
    throws
  {
    try expectSame(Self.image.ociArchive(compression: compressor), "\(compressor)")
    try expectSame(
      Self.image.ociFiles(compression: compressor).reversed().tar(), "\(compressor), reversed")
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2]) func wrappedArchives(
    _ compressor: Compressor
  ) throws {
    let plain = try Self.image.dockerArchive()
    let wrapped = try compressor.compress(plain)
    let reference = try report(withArchive(plain) { try Inspector.inspect($0) })
    #expect(try report(withArchive(wrapped) { try Inspector.inspect($0) }) == reference)
    #expect(try report(inspectPiped(wrapped)) == reference)
  }

  /// What real tools write.
  @Test func producers() throws {
    try Shell.withTemporaryFolder { folder in
      try Data(Self.image.dockerArchive()).write(to: URL(fileURLWithPath: "\(folder)/image.tar"))
      for target in [
        "docker-archive:\(folder)/docker.tar:todo:1", "oci-archive:\(folder)/oci.tar:todo:1",
      ] {
        try Shell.run(
          [
            "skopeo", "--insecure-policy", "copy", "-q", "docker-archive:\(folder)/image.tar",
            target,
          ])
      }
      for name in ["docker.tar", "oci.tar"] {
        try expectSame(
          Array(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))), "\(name)")
      }
    }
  }

  /// Every truncation is the same error as of a file; around the edges of blocks, and some between.
  @Test func truncations() throws {
    let archive = try Self.image.ociArchive()
    var lengths = Set(stride(from: 0, to: archive.count - 1024, by: 49_999))
    for edge in stride(from: 512, to: archive.count - 1024, by: 512 * 97) {
      lengths.formUnion([edge - 1, edge, edge + 1])
    }
    for length in lengths {
      let part = Array(archive.prefix(length))
      let error = try #require(throws: ImageError.self, "\(length)") { try inspectPiped(part) }
      let expected = try #require(throws: ImageError.self) {
        try withArchive(part) { try Inspector.inspect($0) }
      }
      #expect(error.kind == expected.kind && error.reason == expected.reason, "\(length)")
      #expect(error.exitCode == .unreadableInput)
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd]) func truncationsOfWrappedArchives(
    _ compressor: Compressor
  ) throws {
    let archive = try compressor.compress(Self.image.ociArchive())
    for length in stride(from: 0, to: archive.count, by: 9_973) {
      let error = try #require(throws: (any Error).self, "\(length)") {
        try inspectPiped(Array(archive.prefix(length)))
      }
      #expect((error as? any ForgeError)?.exitCode == .unreadableInput, "\(length): \(error)")
    }
  }

  /// A layer that cannot be read is an error only where the image has it; and its name is the image's.
  @Test func brokenLayers() throws {
    var files = try Self.image.dockerFiles()
    files.insert(.file("junk.bin", SeededBytes.some(6_000_000)), at: 0)
    try expectSame(files.tar(), "a large file that is no layer")

    var broken = Self.image
    broken.layers[1][512 + 124] = UInt8(ascii: "x")
    let archive = try broken.dockerArchive()
    let file = try #require(throws: LayerError.self) {
      try withArchive(archive) { try Inspector.inspect($0) }
    }
    let piped = try #require(throws: LayerError.self) { try inspectPiped(archive) }
    guard case .malformed(let name, let offset, let path, _) = piped,
      case .malformed(_, let otherOffset, let otherPath, _) = file
    else {
      Issue.record("\(piped), \(file)")
      return
    }
    #expect(name.hasPrefix("layer 1 of /") && offset == otherOffset && path == otherPath)
  }

  @Test func otherContent() throws {
    var archive = try Self.image.dockerArchive()
    let text = try #require(archive.firstRange(of: Array("print(1)".utf8)))
    archive[text.lowerBound] = UInt8(ascii: "P")
    let error = try #require(throws: LayerError.self) { try inspectPiped(archive) }
    guard case .mismatch(let name, "diffID", _, _) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(name.hasPrefix("layer 1 of /"))
  }

  /// More documents than are kept are refused, not taken for layers.
  @Test func tooManySmallFiles() throws {
    let filler = [UInt8](repeating: UInt8(ascii: " "), count: 4_000_000)
    let files = (0..<17).map { ArchiveFile.file("\($0).json", filler) }
    let error = try #require(throws: ImageError.self) {
      try inspectPiped(
        (files + Self.image.dockerFiles().filter { $0.name != "manifest.json" }).tar())
    }
    #expect(error.exitCode == .unreadableInput)
  }
}

extension SeededBytes {
  fileprivate static func some(_ count: Int) -> [UInt8] {
    var random = SeededBytes(seed: 8)
    return random.bytes(count)
  }
}
