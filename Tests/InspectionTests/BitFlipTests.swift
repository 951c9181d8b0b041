import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// One bit flipped anywhere: an error, or the same verdict.
@Suite struct BitFlipTests {
  private static let image = TestImage(
    layers: [
      layer { tar in
        tar.folder("etc/")
        tar.file("etc/passwd", "app:x:1000:1000::/:/bin/sh\n")
        tar.pax([("path", "pax/name"), ("SCHILY.xattr.user.a", "v")])
        tar.file("cut", "text")
      },
      layer { tar in
        tar.add(".wh.pax")
        tar.symlink("link", to: "etc")
        tar.file("app", "print(1)")
      },
    ], config: TestConfig(user: "app", cmd: ["app"], history: ["FROM", "COPY"]))

  /// - Parameter uncovered: bytes that no digest covers, so that any text there is as good as another.
  private func expectErrorOrSame(
    _ archive: [UInt8], every step: Int, seed: UInt64, _ what: String, uncovered: Range<Int>? = nil
  ) throws {
    let reference = try withArchive(archive) { try Inspector.inspect($0) }
    let expected = try report(reference)
    var random = SeededBytes(seed: seed)
    var errors = 0
    try Shell.withTemporaryFolder { folder in
      let path = folder + "/image.tar"
      var bytes = archive
      for start in stride(from: 0, to: archive.count * 8, by: step) {
        let bit = start + Int(random.next() % UInt64(step))
        guard bit < archive.count * 8 else { break }
        if let uncovered, uncovered.contains(bit / 8) { continue }
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        defer { bytes[bit / 8] = archive[bit / 8] }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
          let found = try Inspector.inspect(path)
          // A tag can be any text; and where no digest covers a gzip header, its time changes the blob's digest only.
          func verdict(_ lines: [Substring]) -> [Substring] {
            lines.filter { !$0.contains("\"reference\"") && !$0.contains("\"digest\"") }
          }
          let same = try verdict(report(found)) == verdict(expected)
          let isNoted = found.findings.count > reference.findings.count
          #expect(same || isNoted, "\(what): bit \(bit % 8) of byte \(bit / 8)")
          #expect(found.details.files == reference.details.files, "\(what): byte \(bit / 8)")
          #expect(found.image.user == reference.image.user, "\(what): byte \(bit / 8)")
        } catch let error as any ForgeError {
          #expect(
            error.exitCode == .unreadableInput || error.exitCode == .usage, "\(what): \(error)")
          errors += 1
        }
      }
    }
    #expect(errors > 100, "\(what)")
  }

  @Test(arguments: TestImage.DockerShape.allCases) func dockerArchives(
    _ shape: TestImage.DockerShape
  ) throws {
    let archive = try Self.image.dockerArchive(shape)
    // kaniko and jib name the config `config.json`: its digest is nowhere.
    let config = shape == .kaniko ? archive.firstRange(of: Self.image.configBytes) : nil
    try expectErrorOrSame(archive, every: 151, seed: 1, "\(shape)", uncovered: config)
  }

  @Test(arguments: [Compressor.none, .gzip, .zstd]) func ociArchives(_ compressor: Compressor)
    throws
  {
    try expectErrorOrSame(
      Self.image.ociArchive(compression: compressor), every: 151, seed: 2, "\(compressor)")
  }

  @Test(arguments: [Compressor.gzip, .zstd]) func wrapped(_ compressor: Compressor) throws {
    try expectErrorOrSame(
      compressor.compress(Self.image.dockerArchive()), every: 7, seed: 3, "\(compressor)")
  }
}
