import ForgeBasics
import TestSupport
import Testing

@testable import ForgeLayers

@Suite struct SparseTests {
  /// Pieces at 4 and 20 of a file of 30 bytes.
  private let data = Array("datamore".utf8)

  private func check(_ tar: [UInt8]) throws {
    let scan = try scan(tar)
    #expect(scan.paths == ["sparse", "after"])
    #expect(scan.entries[0].size == 30 && scan.entries[0].isSparse)
    #expect(scan.anomaly(.sparse)?.count == 1)
  }

  private func oldGNU(_ pieces: [(Int, Int)], realSize: Int, data: [UInt8]) -> [UInt8] {
    func field(_ value: Int) -> [UInt8] {
      let digits = String(value, radix: 8)
      return Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8) + [0]
    }
    var tar = TarBuilder()
    let fields = pieces.map { field($0.0) + field($0.1) }
    // The extension blocks stand between header and data.
    var extensions: [UInt8] = []
    var rest = fields.dropFirst(4)
    while !rest.isEmpty {
      var block = rest.prefix(21).flatMap { $0 }
      block += [UInt8](repeating: 0, count: 504 - block.count)
      rest = rest.dropFirst(21)
      extensions += block + [rest.isEmpty ? 0 : 1] + [UInt8](repeating: 0, count: 7)
    }
    tar.add("sparse", type: "S", size: data.count, magic: "ustar  \0") { block in
      for (index, field) in fields.prefix(4).enumerated() {
        block.replaceSubrange(386 + index * 24..<410 + index * 24, with: field)
      }
      block[482] = extensions.isEmpty ? 0 : 1
      block.replaceSubrange(483..<495, with: field(realSize))
    }
    tar.raw(extensions + data)
    tar.pad()
    tar.file("after", "x")
    tar.end()
    return tar.bytes
  }

  @Test func oldGNUFormat() throws {
    try check(oldGNU([(4, 4), (20, 4)], realSize: 30, data: data))
    try check(oldGNU((0..<8).map { ($0 * 2, 1) }, realSize: 30, data: data))
  }

  @Test func manyExtensionBlocks() throws {
    let data = [UInt8](repeating: 9, count: 100)
    let scan = try scan(oldGNU((0..<100).map { ($0 * 2, 1) }, realSize: 200, data: data))
    #expect(scan.paths == ["sparse", "after"])
    #expect(scan.entries[0].size == 200)
  }

  @Test func paxFormats() throws {
    try check(
      TarBuilder.make { tar in
        tar.pax([
          ("GNU.sparse.size", "30"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "4"),
          ("GNU.sparse.numbytes", "4"), ("GNU.sparse.offset", "20"), ("GNU.sparse.numbytes", "4"),
        ])
        tar.add("sparse", data: data)
        tar.file("after", "x")
      })
    try check(
      TarBuilder.make { tar in
        tar.pax([
          ("GNU.sparse.name", "sparse"), ("GNU.sparse.size", "30"), ("GNU.sparse.map", "4,4,20,4"),
        ])
        tar.add("GNUSparseFile.1/sparse", data: data)
        tar.file("after", "x")
      })
    try check(
      TarBuilder.make { tar in
        tar.pax([
          ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse"),
          ("GNU.sparse.realsize", "30"),
        ])
        let map = Array("2\n4\n4\n20\n4\n".utf8)
        tar.add(
          "GNUSparseFile.1/sparse", data: map + [UInt8](repeating: 0, count: 512 - map.count) + data
        )
        tar.file("after", "x")
      })
  }

  @Test func mapsThatDoNotFitAreRefused() throws {
    let overlapping = [(4, 4), (6, 4)]
    let outside = [(4, 4), (28, 4)]
    let tooShort = [(4, 4)]
    for pieces in [overlapping, outside, tooShort, [(Int(1) << 32, 8)]] {
      #expect(throws: LayerError.self) { try scan(oldGNU(pieces, realSize: 30, data: data)) }
    }
    for map in ["9999999999\n", "2\n4\n4\n20\n", "x\n", "2\n4\n4\n20\n-4\n", ""] {
      #expect(throws: LayerError.self, "\(map)") {
        try scan(
          TarBuilder.make { tar in
            tar.pax([
              ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "30"),
            ])
            tar.add(
              "sparse",
              data: Array(map.utf8) + [UInt8](repeating: 0, count: 512 - map.utf8.count) + data)
          })
      }
    }
  }

  @Test func holesCountTowardsTheLimit() throws {
    #expect(throws: LayerError.self) {
      try scan(
        TarBuilder.make { tar in
          tar.pax([("GNU.sparse.size", "900000000000000000"), ("GNU.sparse.map", "0,8")])
          tar.add("sparse", data: data)
        })
    }
  }
}
