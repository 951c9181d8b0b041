import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeLayers

@Suite struct CompressionTests {
  /// More than a buffer, so that a second thread takes part.
  static let large: [UInt8] = {
    var random = SeededBytes(seed: 1)
    let noise = random.bytes(700_000)
    return TarBuilder.make { tar in
      tar.folder("app/")
      tar.add("app/noise", data: noise)
      tar.file("app/text", String(repeating: "to be or not to be ", count: 40_000))
      tar.add("app/empty")
    }
  }()

  @Test(arguments: Compressor.allCases) func readsEveryCompression(_ compressor: Compressor) throws
  {
    let packed = try compressor.compress(Self.large)
    let scan = try scan(packed)
    #expect(scan.compression.rawValue == compressor.rawValue)
    #expect(scan.digest == Digest.sha256(packed))
    #expect(scan.diffID == Digest.sha256(Self.large))
    #expect(scan.compressed == Int64(packed.count))
    #expect(scan.unpacked == Int64(Self.large.count))
    #expect(scan.paths == ["app", "app/noise", "app/text", "app/empty"])
    #expect(scan.entries.map(\.size) == [0, 700_000, 760_000, 0])
    #expect(scan.anomalies.isEmpty)
  }

  @Test func usesTheAlgorithmOfTheExpectedDigests() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    let digest = try #require(
      Digest(
        "sha512:"
          + String(decoding: Shell.run(["sha512sum"], input: tar), as: UTF8.self).prefix {
            $0 != " "
          }))
    let plain = try scan(tar, LayerScanOptions(expectedDigest: digest))
    #expect(plain.digest == digest)
    #expect(plain.diffID == Digest.sha256(tar))
    let packed = try scan(
      try Compressor.gzip.compress(tar), LayerScanOptions(expectedDiffID: digest))
    #expect(packed.diffID == digest)
  }

  @Test func refusesOtherBytesThanExpected() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    let other = Digest.sha256([])
    #expect(
      try failure(tar, LayerScanOptions(expectedDigest: other))
        == .mismatch(layer: "layer", what: "digest", expected: other, found: Digest.sha256(tar)))
    #expect(
      try failure(try Compressor.zstd.compress(tar), LayerScanOptions(expectedDiffID: other))
        == .mismatch(layer: "layer", what: "diffID", expected: other, found: Digest.sha256(tar)))
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2])
  func everyTruncationIsAnError(_ compressor: Compressor) throws {
    let tar = TarBuilder.make { tar in
      tar.folder("etc/")
      tar.file("etc/os-release", "ID=debian\n")
    }
    let packed = try compressor.compress(tar)
    _ = try scan(packed)
    for length in 0..<packed.count {
      #expect(throws: LayerError.self, "\(length) of \(packed.count) bytes") {
        try scan(Array(packed.prefix(length)))
      }
    }
  }

  @Test func everyTruncationOfAPlainLayerIsNoticed() throws {
    let tar = TarBuilder.make { tar in
      tar.folder("etc/")
      tar.file("etc/os-release", "ID=debian\n")
    }
    let whole = LayerScanOptions(expectedDiffID: Digest.sha256(tar))
    for length in 0..<tar.count {
      let part = Array(tar.prefix(length))
      #expect(throws: LayerError.self, "\(length) of \(tar.count) bytes") { try scan(part, whole) }
      // Without an expected digest a tar that stops between two entries is legal, but odd.
      let isBetweenEntries = [512, 1536].contains(length)
      let isAfterOneZeroBlock = length == 2048
      if isBetweenEntries {
        #expect(try scan(part).anomaly(.noEndOfArchive) != nil)
      } else if !isAfterOneZeroBlock {
        #expect(throws: LayerError.self, "\(length) of \(tar.count) bytes") { try scan(part) }
      }
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2])
  func trailingGarbageIsAnError(_ compressor: Compressor) throws {
    let packed = try compressor.compress(TarBuilder.make { $0.file("a", "x") })
    // Four zeros are padding in xz (XZ file format, "Stream Padding"); five are not.
    for garbage in [[0], [0x1F], Array("garbage".utf8), [UInt8](repeating: 0, count: 1001)]
      as [[UInt8]]
    {
      #expect(throws: LayerError.self, "\(garbage.prefix(8))") { try scan(packed + garbage) }
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2])
  func everyFlippedBitIsNoticed(_ compressor: Compressor) throws {
    let tar = TarBuilder.make { $0.file("a", "some text to compress") }
    let packed = try compressor.compress(tar)
    for index in packed.indices {
      var damaged = packed
      damaged[index] ^= 0x10
      // A bit of a gzip header's time or system changes nothing.
      if let scan = try? scan(damaged) {
        #expect(scan.diffID == Digest.sha256(tar), "byte \(index)")
      }
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2])
  func readsManyMembers(_ compressor: Compressor) throws {
    let tar = Self.large
    var packed: [UInt8] = []
    // Cuts at odd places, an empty member among them.
    for (start, end) in [(0, 1), (1, 1), (1, 513), (513, 300_001), (300_001, tar.count)] {
      packed += try compressor.compress(Array(tar[start..<end]))
    }
    let scan = try scan(packed)
    #expect(scan.diffID == Digest.sha256(tar))
    #expect(scan.paths == ["app", "app/noise", "app/text", "app/empty"])
  }

  /// Headers and trailers of members then fall on every place of the input buffers.
  @Test func readsManySmallGzipMembers() throws {
    let tar = TarBuilder.make { tar in
      for index in 0..<40 {
        tar.file("file\(index)", String(repeating: "\(index)", count: 100 + index))
      }
    }
    let script = """
      import sys, gzip, io
      data = sys.stdin.buffer.read()
      out = sys.stdout.buffer
      for i in range(0, len(data), 7):
          b = io.BytesIO()
          with gzip.GzipFile("n" * (i % 50), "wb", 9, b, 1) as g: g.write(data[i:i+7])
          out.write(b.getvalue())
      """
    let packed = try Shell.run(["python3", "-c", script], input: tar)
    #expect(packed.count > BufferedInput.bufferSize / 2)
    #expect(try scan(packed).diffID == Digest.sha256(tar))
  }

  @Test func readsAllFieldsOfAGzipHeader() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    let script = """
      import sys, zlib, struct
      data = sys.stdin.buffer.read()
      head = bytes([0x1f, 0x8b, 8, 31, 0, 0, 0, 0, 0, 255]) + struct.pack("<H", 5) + b"extra" + b"name\\0" + b"comment\\0"
      body = zlib.compressobj(9, zlib.DEFLATED, -15)
      sys.stdout.buffer.write(head + struct.pack("<H", zlib.crc32(head) & 0xffff) + body.compress(data) + body.flush()
          + struct.pack("<II", zlib.crc32(data), len(data)))
      """
    var packed = try Shell.run(["python3", "-c", script], input: tar)
    #expect(try scan(packed).diffID == Digest.sha256(tar))
    packed[14] ^= 1
    #expect(throws: LayerError.self) { try scan(packed) }
  }

  @Test func readsSkippableZstdFrames() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    let packed = try Compressor.zstd.compress(tar)
    let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
    let scan = try scan(skippable + packed + skippable)
    #expect(scan.compression == .zstd)
    #expect(scan.diffID == Digest.sha256(tar))
    #expect(throws: LayerError.self) { try self.truncatedFrame(packed + skippable) }
  }

  private func truncatedFrame(_ bytes: [UInt8]) throws { _ = try scan(Array(bytes.dropLast())) }

  @Test func refusesAZstdWindowOverTheLimit() throws {
    // A frame header that asks for a window of 2 GiB.
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]
    #expect(throws: LayerError.self) { try scan(frame) }
  }

  @Test func emptyGzipMembersAndWhatFollows() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    let packed = try Compressor.gzip.compress(tar)
    let empty = try Compressor.gzip.compress([])
    let many = [[UInt8]](repeating: empty, count: 5000).flatMap { $0 }
    #expect(try scan(many + packed + many).diffID == Digest.sha256(tar))
    // Go's reader takes neither zeros nor anything else behind the last member.
    for tail in [
      [0], [UInt8](repeating: 0, count: 512), Array("garbage".utf8), [0x1F], [0x1F, 0x8B],
    ] as [[UInt8]] {
      #expect(throws: LayerError.self, "\(tail.prefix(8))") { try scan(packed + tail) }
    }
  }

  @Test func refusesAZstdDictionary() throws {
    // One raw block of one byte in a frame that names dictionary 7.
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x21, 7, 1, 9, 0, 0, 0x78]
    let error = try failure(frame)
    #expect("\(error)".contains("Dictionary"), "\(error)")
  }

  @Test func refusesAnEndlessLayer() throws {
    var limits = LayerLimits()
    limits.unpacked = 1 << 20
    let zeros = [UInt8](repeating: 0, count: 3 << 20)
    let packed = try Compressor.gzip.compress(TarBuilder.make { $0.add("big", data: zeros) })
    guard case .overLimit = try failure(packed, LayerScanOptions(limits: limits)) else {
      Issue.record("not refused for its size")
      return
    }
  }

  @Test func refusesWhatIsNoLayer() throws {
    for bytes in [[], [1], Array("hello, world".utf8), [UInt8](repeating: 7, count: 5000)]
      as [[UInt8]]
    {
      #expect(throws: LayerError.self) { try scan(bytes) }
    }
    #expect(try failure([UInt8](repeating: 7, count: 5000)) == .notALayer(layer: "layer"))
    let packedText = try Compressor.gzip.compress([UInt8](repeating: 7, count: 5000))
    #expect(try failure(packedText) == .notALayer(layer: "layer"))
  }

  @Test func anEmptyLayerIsALayer() throws {
    let scan = try scan([UInt8](repeating: 0, count: 1024))
    #expect(scan.entries.isEmpty)
    #expect(scan.diffID.hex == "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")
  }
}
