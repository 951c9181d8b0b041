import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// Damaged archives are refused, or are still the same image: never another one, never a crash.
@Suite struct MutationTests {
  private static let image = TestImage(
    layers: [layer("base"), layer("app.py", "print(1)")],
    config: TestConfig(user: "1000", cmd: ["app"], environment: ["A=b"], history: ["FROM", "COPY"]))

  /// One to three small damages.
  private func damage(_ bytes: inout [UInt8], _ random: inout SeededBytes) {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(UInt8.random(in: 0x20..<0x7F, using: &random), at: at)
      case 4:
        // A block twice, as a header that stands twice.
        let block = at / 512 * 512
        bytes.insert(contentsOf: bytes[block..<min(block + 512, bytes.count)], at: block)
      case 5:
        let block = at / 512 * 512
        bytes.removeSubrange(block..<min(block + 512, bytes.count))
      default:
        // A byte that is not padding.
        if let start = bytes[at...].firstIndex(where: { $0 != 0 }) {
          bytes[start] = UInt8.random(in: 0x20..<0x7F, using: &random)
        }
      }
      if bytes.isEmpty { bytes = [0] }
    }
  }

  @Test(arguments: [TestImage.DockerShape.podman, .docker25])
  func dockerArchives(shape: TestImage.DockerShape) throws {
    try expectSameOrRefused(Self.image.dockerArchive(shape), seed: 1)
  }

  @Test func ociArchives() throws { try expectSameOrRefused(Self.image.ociArchive(), seed: 2) }

  private func expectSameOrRefused(_ archive: [UInt8], seed: UInt64) throws {
    var random = SeededBytes(seed: seed)
    var refused = 0
    try Shell.withTemporaryFolder { folder in
      let path = "\(folder)/image.tar"
      for round in 0..<800 {
        var bytes = archive
        damage(&bytes, &random)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
          let image = try ImageStore.open(path)
          #expect(image.config.bytes == Self.image.configBytes, "round \(round)")
          #expect(image.layers.count == 2, "round \(round)")
        } catch let error as ImageError {
          #expect(error.exitCode == .unreadableInput, "round \(round): \(error)")
          refused += 1
        }
      }
    }
    // Most damages hit something; padding and the content of layers may change without notice here.
    #expect(refused > 400)
  }

  /// The same for the text of a config whose digest is right: whatever it says is read, or refused with its place.
  @Test func configs() throws {
    let whole = String(decoding: sample.configBytes, as: UTF8.self)
    var random = SeededBytes(seed: 3)
    var opened = 0
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "null", "1e9", "\\u0000", "\\ud800", "\"User\":\"root\",",
      "-", " ",
    ]
    try Shell.withTemporaryFolder { folder in
      for _ in 0..<800 {
        var text = Array(whole.utf8)
        for _ in 0..<Int.random(in: 1...2, using: &random) {
          let at = Int.random(in: 0..<text.count, using: &random)
          if Bool.random(using: &random) {
            text.remove(at: at)
          } else if let piece = pieces.randomElement(using: &random) {
            text.insert(contentsOf: piece.utf8, at: at)
          }
        }
        let image = TestImage(
          layers: sample.layers, config: TestConfig(text: String(decoding: text, as: UTF8.self)))
        let path = "\(folder)/image.tar"
        try Data(image.ociArchive(compression: .none)).write(to: URL(fileURLWithPath: path))
        do {
          let config = try ImageStore.open(path).config
          #expect(config.bytes == image.configBytes)
          opened += 1
        } catch let error as ImageError {
          #expect(
            error.description.contains("config sha256:") || error.kind == .malformed, "\(error)")
        }
      }
    }
    #expect((50..<700).contains(opened))
  }
}
