import ForgeBasics
import TestSupport
import Testing

@testable import ForgeLayers

@Suite struct PassingTests {
  /// More than all buffers of a `PassingLayer` hold.
  private static let tar = TarBuilder.make { tar in
    tar.add(
      "large", data: (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
    tar.file("small", "text")
  }

  private func pass(_ bytes: [UInt8], _ piece: Int, known: LayerScan? = nil) throws -> LayerScan {
    var options = LayerScanOptions(name: "layer")
    options.notes = .digests
    let layer = PassingLayer(options, known: known)
    defer { layer.cancel() }
    bytes.withUnsafeBytes { all in
      for start in stride(from: 0, to: all.count, by: piece) {
        layer.write(UnsafeRawBufferPointer(rebasing: all[start..<min(start + piece, all.count)]))
      }
    }
    return try layer.finish()
  }

  @Test(arguments: [1000, 262_144, 10_000_000]) func whatPassesIsReadAsWhatStands(piece: Int) throws
  {
    let expected = try scan(Self.tar)
    let passed = try pass(Self.tar, piece)
    #expect(passed.digest == expected.digest && passed.diffID == expected.diffID)
    #expect(passed.compressed == Int64(Self.tar.count) && passed.unpacked == expected.unpacked)
    #expect(passed.paths == ["large", "small"] && passed.contents.count == 2)
    let recognized = try pass(Self.tar, piece, known: passed)
    #expect(recognized.digest == expected.digest && recognized.compressed == expected.compressed)
    #expect(recognized.contents == passed.contents)
    let (one, other) = (try #require(passed.fingerprints), try #require(recognized.fingerprints))
    #expect(one == other && one.blob == one.tar)
  }

  /// What the command xxhsum gives, which takes the narrower vectors of every processor.
  @Test func contentHashesAreThoseOfXXH3() throws {
    let tar = TarBuilder.make { tar in
      tar.file("text", "text")
      tar.add("large", data: [UInt8](repeating: 0, count: 100_000))
      tar.file("empty", "")
    }
    let expected = [
      ContentHash(low: 0x2680_5256_87aa_c7c5, high: 0xc5a6_4eff_f922_4e39),
      ContentHash(low: 0x315c_72a6_4b7d_f4d2, high: 0xe1f8_7636_4c6f_ec62),
      ContentHash(low: 0x6001_c324_468d_497f, high: 0x99aa_06d3_0147_98d8),
    ]
    #expect(try scan(tar).entries.map(\.hash) == expected)
  }

  /// Content at hand is known by the same as content in a layer, and by another thing in each kind of notes.
  @Test func contentsAreKnownByTheSame() throws {
    let tar = TarBuilder.make { tar in
      tar.file("text", "text")
      tar.add("large", data: [UInt8](repeating: 7, count: 900_000))
      tar.file("empty", "")
    }
    var seen: Set<FileContent.Hash> = []
    for notes in [ContentNotes.fingerprints, .digests] {
      var options = LayerScanOptions(name: "layer")
      options.notes = notes
      let found = try scan(tar, options).contents.map(\.hash)
      let expected = [Array("text".utf8), [UInt8](repeating: 7, count: 900_000), []].map { bytes in
        var namer = ContentNamer(notes)
        bytes.withUnsafeBytes { all in
          namer.update(UnsafeRawBufferPointer(rebasing: all[..<(all.count / 2)]))
          namer.update(UnsafeRawBufferPointer(rebasing: all[(all.count / 2)...]))
        }
        return namer.finish()
      }
      #expect(found == expected)
      seen.formUnion(found)
    }
    #expect(seen.count == 6)
    #expect(try scan(tar).contents.isEmpty)
  }

  @Test(arguments: [0, 3_000_000, 6_000_500]) func anotherTarIsNotTheKnownOne(offset: Int) throws {
    let known = try pass(Self.tar, 1 << 20)
    var other = Self.tar
    other[offset] ^= 1
    let passed = try pass(other, 1 << 20, known: known)
    #expect(passed.fingerprints?.tar != known.fingerprints?.tar)
    #expect(passed.digest != known.digest)
  }

  @Test func aReaderThatGaveUpHoldsNobodyBack() throws {
    // No tar from the first block on, and far more bytes than are kept.
    let noise = [UInt8](repeating: 0x55, count: 12_000_000)
    #expect(throws: LayerError.self) { try pass(noise, 100_000) }
    #expect(throws: LayerError.self) { try pass(Array(Self.tar.prefix(5_000_000)), 100_000) }
  }

  @Test func whatNobodyWantsEnds() {
    let unused = PassingLayer(LayerScanOptions(), known: nil)
    unused.cancel()
    let begun = PassingLayer(LayerScanOptions(), known: nil)
    Self.tar.withUnsafeBytes { begun.write(UnsafeRawBufferPointer(rebasing: $0[..<1000])) }
    begun.cancel()
    begun.cancel()
  }
}
