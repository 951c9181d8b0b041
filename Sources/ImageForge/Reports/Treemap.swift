import ForgeBasics
import ForgeInspection

/// The visible files of an image as a tree of folders with their bytes.
struct FolderTree {
  struct Node {
    /// The last part of the path.
    let name: ArraySlice<UInt8>
    let parent: Int
    var bytes: Int64 = 0
    var files = 0
    /// The layer of a file; for a folder, of its largest part.
    var layer = 0
    var children: [Int] = []
  }

  private(set) var nodes = [Node(name: [], parent: 0)]

  init(_ inspection: Inspection) {
    var lookup: [[ArraySlice<UInt8>: Int]] = [[:]]
    for file in inspection.details.files where file.visible && file.kind == .regular && file.size > 0 {
      var node = 0
      nodes[0].bytes += file.size
      nodes[0].files += 1
      for part in file.path.split(separator: UInt8(ascii: "/")) {
        if let known = lookup[node][part] {
          node = known
        } else {
          nodes.append(Node(name: part, parent: node))
          lookup.append([:])
          let new = nodes.count - 1
          lookup[node][part] = new
          nodes[node].children.append(new)
          node = new
        }
        nodes[node].bytes += file.size
        nodes[node].files += 1
      }
      nodes[node].layer = file.layer
    }
    for index in nodes.indices.reversed() {
      let children = nodes[index].children.sorted { (nodes[$1].bytes, $0) < (nodes[$0].bytes, $1) }
      nodes[index].children = children
      if let largest = children.first { nodes[index].layer = nodes[largest].layer }
    }
  }

  /// With `/` in front; escaped.
  func path(_ index: Int) -> String {
    var parts: [String] = []
    var index = index
    while index != 0 {
      parts.append(DisplayText.escape(nodes[index].name))
      index = nodes[index].parent
    }
    return "/" + parts.reversed().joined(separator: "/")
  }
}

/// Rectangles whose areas are the bytes of files and folders, squarified (Bruls, Huizing, van Wijk, 2000).
struct Treemap {
  struct Box: Equatable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
  }

  struct Tile: Equatable {
    let node: Int
    let box: Box
    /// A folder that is divided further: its name stands above its tiles.
    let isOpen: Bool
  }

  /// No more tiles than that, however many files there are.
  static let limit = 1500
  /// The room for a folder's name.
  private static let title = 16.0
  private static let smallest = 7.0

  private(set) var tiles: [Tile] = []
  private let tree: FolderTree

  init(_ tree: FolderTree, width: Double, height: Double) {
    self.tree = tree
    // Widest first, so that the limit cuts detail and not whole folders.
    var pending = [(node: 0, box: Box(x: 0, y: 0, width: width, height: height))]
    var next = 0
    while next < pending.count, tiles.count < Self.limit {
      let (node, box) = pending[next]
      next += 1
      let inner = Box(
        x: box.x + 2, y: box.y + (node == 0 ? 2 : Self.title), width: box.width - 4,
        height: box.height - (node == 0 ? 4 : Self.title + 2))
      let isOpen = !tree.nodes[node].children.isEmpty && inner.width > 24 && inner.height > 18
      if node != 0 { tiles.append(Tile(node: node, box: box, isOpen: isOpen)) }
      if isOpen { pending += squarify(tree.nodes[node].children, of: tree.nodes[node].bytes, in: inner) }
    }
  }

  /// Lays out the children, the largest first; those too small to see are left out, and their place stays empty.
  private func squarify(_ children: [Int], of bytes: Int64, in box: Box) -> [(node: Int, box: Box)] {
    guard bytes > 0 else { return [] }
    let scale = box.width * box.height / Double(bytes)
    var out: [(node: Int, box: Box)] = []
    var free = box
    var row: [(node: Int, area: Double)] = []
    func worst(_ row: [(node: Int, area: Double)], _ side: Double) -> Double {
      let sum = row.reduce(0) { $0 + $1.area }
      return row.map { max(side * side * $0.area / (sum * sum), sum * sum / (side * side * $0.area)) }.max()
        ?? .infinity
    }
    func flush() {
      let sum = row.reduce(0) { $0 + $1.area }
      guard sum > 0, free.width > 0, free.height > 0 else { return }
      var offset = 0.0
      if free.width >= free.height {
        let thickness = sum / free.height
        for (node, area) in row {
          out.append((node, Box(x: free.x, y: free.y + offset, width: thickness, height: area / thickness)))
          offset += area / thickness
        }
        free.x += thickness
        free.width -= thickness
      } else {
        let thickness = sum / free.width
        for (node, area) in row {
          out.append((node, Box(x: free.x + offset, y: free.y, width: area / thickness, height: thickness)))
          offset += area / thickness
        }
        free.y += thickness
        free.height -= thickness
      }
      row = []
    }
    for child in children {
      let area = Double(tree.nodes[child].bytes) * scale
      if area < Self.smallest * Self.smallest { break }
      let side = min(free.width, free.height)
      if !row.isEmpty, worst(row + [(child, area)], side) > worst(row, side) { flush() }
      row.append((child, area))
    }
    flush()
    return out
  }
}
