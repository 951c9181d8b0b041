import ForgeInspection
import Testing

@testable import ForgeReports

@Suite struct TreemapTests {
  private static func tree(_ files: [(path: String, size: Int64)]) -> FolderTree {
    var details = InspectionDetails()
    details.files = files.map {
      FileInstance(
        path: Array($0.path.utf8), kind: .regular, mode: 0o644, uid: 0, gid: 0, size: $0.size,
        layer: 0, visible: true)
    }
    let sample = Samples.inspection
    return FolderTree(
      Inspection(
        image: sample.image, sizes: sample.sizes, layers: sample.layers, waste: [],
        largestFiles: [], duplicates: [],
        packages: [], findings: [], details: details))
  }

  /// However small the files are, the area of each byte is drawn: no folder is left blank, and none is drawn over.
  enum Shape: CaseIterable { case modules, specks, flat, deep, manyFolders, manyFiles }

  private static func files(_ shape: Shape) -> [(path: String, size: Int64)] {
    func make(_ count: Int, _ file: (Int) -> (String, Int)) -> [(path: String, size: Int64)] {
      (0..<count).map { number in
        let (path, size) = file(number)
        return (path, Int64(size))
      }
    }
    let deep = String(repeating: "x/", count: 30)
    return switch shape {
    case .modules:
      make(50_000) { ("app/node_modules/p\($0 % 50)/d\($0 % 7)/\($0).js", 300 + $0 % 900) }
    case .specks: make(20_000) { ("lib/\($0).so", $0 % 3) }
    case .flat: make(20_000) { ("\($0)", 1) }
    case .deep: make(3000) { ("a/b/\($0)", 10_000 - $0 * 3) }
    case .manyFiles: make(3000) { ("a/\($0)/x", 5000) }
    case .manyFolders: make(400) { ("d\($0)/\(deep)f", 1000 + $0) }
    }
  }

  /// However small the files are, the area of each byte is drawn: no folder is left blank, and none is drawn over.
  @Test(arguments: Shape.allCases)
  func everyByteHasItsArea(shape: Shape) throws {
    let files = Self.files(shape)
    let tree = Self.tree(files)
    let map = Treemap(tree, width: 1000, height: 560)
    #expect(!map.tiles.isEmpty && map.tiles.count <= Treemap.limit)
    let closed = map.tiles.filter { !$0.isOpen }
    // What is drawn stands for all bytes but what is less than a speck of its folder.
    let bytes = closed.reduce(Int64(0)) { $0 + ($1.rest?.bytes ?? tree.nodes[$1.node].bytes) }
    #expect(
      Double(bytes) >= 0.97 * Double(tree.nodes[0].bytes), "\(bytes) of \(tree.nodes[0].bytes)")
    #expect(bytes <= tree.nodes[0].bytes)
    for (index, tile) in closed.enumerated() {
      for other in closed[(index + 1)...] {
        let width =
          min(tile.box.x + tile.box.width, other.box.x + other.box.width)
          - max(tile.box.x, other.box.x)
        let height =
          min(tile.box.y + tile.box.height, other.box.y + other.box.height)
          - max(tile.box.y, other.box.y)
        if width > 0.01, height > 0.01 { Issue.record("\(tile) overlaps \(other)") }
      }
    }
  }
}
