import ForgeBasics
import TestSupport
import Testing

@testable import ForgeLayers

/// Damage at random, the same every time: a layer is read whole or refused, and nothing crashes.
@Suite struct FuzzTests {
  /// One of everything.
  private static let tar = TarBuilder.make { tar in
    tar.folder("etc/")
    tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\n")
    tar.pax([("path", "über/lang"), ("size", "5"), ("mtime", "1.5"), ("SCHILY.xattr.user.a", "b")])
    tar.add("short", data: Array("hello".utf8), size: 0)
    tar.add("././@LongLink", type: "L", data: Array("a/long/name".utf8) + [0], magic: "ustar  \0")
    tar.add("cut", data: [UInt8](repeating: 1, count: 600), magic: "ustar  \0")
    tar.symlink("link", to: "etc")
    tar.hardlink("hard", to: "etc/passwd")
    tar.pax([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "30")])
    tar.add(
      "sparse1",
      data: Array("1\n4\n4\n".utf8) + [UInt8](repeating: 0, count: 506) + Array("data".utf8))
    tar.pax([("GNU.sparse.size", "30"), ("GNU.sparse.map", "0,4"), ("GNU.sparse.name", "sparse0")])
    tar.add("cut", data: Array("data".utf8))
    tar.add("sparse", type: "S", data: Array("data".utf8), magic: "ustar  \0") { block in
      block.replaceSubrange(386..<410, with: Array("00000000000\u{0}00000000004\u{0}".utf8))
      block.replaceSubrange(483..<495, with: Array("00000000036\u{0}".utf8))
    }
    tar.add("dev", type: "3")
  }

  private func survives(_ bytes: [UInt8], _ round: Int) throws {
    do {
      let scan = try scan(bytes, LayerScanOptions(capture: { _ in 100 }))
      #expect(scan.diffID == Digest.sha256(bytes) || scan.compression != .none, "round \(round)")
      #expect(scan.entries.allSatisfy { $0.size >= 0 }, "round \(round)")
      for index in scan.entries.indices {
        #expect(
          !scan.entries.path(index).split(separator: UInt8(ascii: "/")).contains(
            Array("..".utf8)[...]))
      }
    } catch is LayerError {}
  }

  @Test func damagedHeadersWithSoundChecksums() throws {
    var random = SeededBytes(seed: 4)
    let interesting: [UInt8] = [
      0, 0x20, 0x2F, 0x2E, 0x30, 0x31, 0x37, 0x39, 0x7F, 0x80, 0xC0, 0xFF,
    ]
    for round in 0..<1500 {
      var bytes = Self.tar
      for _ in 0...(random.next() % 3) {
        let block = Int(random.next() % UInt64(bytes.count / 512)) * 512
        for _ in 0...(random.next() % 8) {
          let value =
            random.next() % 2 == 0
            ? interesting[Int(random.next() % 12)] : UInt8(truncatingIfNeeded: random.next())
          bytes[block + Int(random.next() % 512)] = value
        }
        // A new checksum lets the damage through to the fields.
        TarBuilder.sign(&bytes, block)
      }
      try survives(bytes, round)
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2]) func damagedCompression(
    _ compressor: Compressor
  ) throws {
    var random = SeededBytes(seed: 5)
    let packed = try compressor.compress(Self.tar)
    for round in 0..<250 {
      var bytes = packed
      for _ in 0...(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      try survives(bytes, round)
    }
  }

  @Test func hugeNumbersDoNotOverflow() throws {
    let huge =
      [0x80] + [UInt8](repeating: 0, count: 3) + [0x7F] + [UInt8](repeating: 0xFF, count: 7)
    for offset in [100, 108, 116, 124, 136, 329, 337] {
      for type in ["0", "1", "2", "3", "5", "S", "x", "L"] as [Character] {
        let bytes = TarBuilder.make { tar in
          tar.file("first", "x")
          tar.add("a", type: type, link: "first", magic: "ustar  \0") { block in
            block.replaceSubrange(
              offset..<offset + (offset == 124 || offset == 136 ? 12 : 8),
              with: huge.suffix(offset == 124 || offset == 136 ? 12 : 8))
          }
        }
        try survives(bytes, offset)
      }
    }
    for size in ["999999999999999999", "68719476737"] {
      let bytes = TarBuilder.make { tar in
        for _ in 0..<20 {
          tar.pax([("GNU.sparse.size", size), ("GNU.sparse.map", "0,1")])
          tar.add("a", data: [1])
        }
      }
      #expect(throws: LayerError.self) { try scan(bytes) }
    }
  }
}
