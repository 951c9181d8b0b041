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
    for file in inspection.details.files
    where file.visible && file.kind == .regular && file.size > 0 && !file.isLink {
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
    /// A file or folder; for a rest, the folder that it is in.
    let node: Int
    let box: Box
    /// A folder that is divided further: its name stands above its tiles.
    let isOpen: Bool
    /// What of a folder is too small to be drawn by itself.
    var rest: Rest?
  }

  struct Rest: Equatable {
    var count = 0
    var bytes: Int64 = 0
    /// Of its largest part.
    var layer = 0
  }

  /// A place that is given away: to a node, or to the rest of its folder.
  private struct Place {
    let node: Int
    var box: Box
    var rest: Rest?
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
    var pending = [Place(node: 0, box: Box(x: 0, y: 0, width: width, height: height))]
    var next = 0
    while next < pending.count {
      let (node, box) = (pending[next].node, pending[next].box)
      let rest = pending[next].rest
      next += 1
      // The root has no name to show.
      let top = if node == 0 { 2.0 } else { Self.title }
      let inner = Box(
        x: box.x + 2, y: box.y + top, width: box.width - 4, height: box.height - top - 2)
      var children: [Place] = []
      if rest == nil, inner.width > 24, inner.height > 18 {
        children = squarify(node, in: inner, atMost: Self.limit - pending.count)
      }
      // A folder of which only a rest could be drawn is drawn whole.
      let isOpen =
        children.contains { $0.rest == nil } || node == 0 && rest == nil && !children.isEmpty
      if node != 0 || rest != nil {
        tiles.append(Tile(node: node, box: box, isOpen: isOpen, rest: rest))
      }
      if isOpen { pending += children }
    }
  }

  /// Lays out the children of a folder, the largest first; those too small to see, or too many, share one place.
  private func squarify(_ folder: Int, in box: Box, atMost count: Int) -> [Place] {
    let bytes = tree.nodes[folder].bytes
    guard bytes > 0, count > 1 else { return [] }
    let scale = box.width * box.height / Double(bytes)
    var out: [Place] = []
    var free = box
    typealias Part = (node: Int, rest: Rest?, area: Double)
    var row: [Part] = []
    func worst(_ row: [Part], _ side: Double) -> Double {
      let sum = row.reduce(0) { $0 + $1.area }
      return row.map {
        max(side * side * $0.area / (sum * sum), sum * sum / (side * side * $0.area))
      }.max()
        ?? .infinity
    }
    func flush() {
      let sum = row.reduce(0) { $0 + $1.area }
      guard sum > 0, free.width > 0, free.height > 0 else { return }
      var offset = 0.0
      if free.width >= free.height {
        let thickness = sum / free.height
        for (node, rest, area) in row {
          let box = Box(x: free.x, y: free.y + offset, width: thickness, height: area / thickness)
          out.append(Place(node: node, box: box, rest: rest))
          offset += area / thickness
        }
        free.x += thickness
        free.width -= thickness
      } else {
        let thickness = sum / free.width
        for (node, rest, area) in row {
          let box = Box(x: free.x + offset, y: free.y, width: area / thickness, height: thickness)
          out.append(Place(node: node, box: box, rest: rest))
          offset += area / thickness
        }
        free.y += thickness
        free.height -= thickness
      }
      row = []
    }
    for part in parts(of: folder, scale, atMost: count - 1) {
      let side = min(free.width, free.height)
      if !row.isEmpty, worst(row + [part], side) > worst(row, side) { flush() }
      row.append(part)
    }
    flush()
    return out
  }

  /// The children that can be seen and the rest, the largest first.
  private func parts(of folder: Int, _ scale: Double, atMost count: Int) -> [(
    node: Int, rest: Rest?, area: Double
  )] {
    var parts: [(node: Int, rest: Rest?, area: Double)] = []
    var rest = Rest()
    var layers: [Int: Int64] = [:]
    for child in tree.nodes[folder].children {
      let node = tree.nodes[child]
      let area = Double(node.bytes) * scale
      if area >= Self.smallest * Self.smallest, parts.count < count {
        parts.append((child, nil, area))
      } else {
        rest.count += 1
        rest.bytes += node.bytes
        layers[node.layer, default: 0] += node.bytes
      }
    }
    rest.layer = layers.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
    let area = Double(rest.bytes) * scale
    if area >= Self.smallest * Self.smallest {
      parts.insert((folder, rest, area), at: parts.firstIndex { $0.area < area } ?? parts.endIndex)
    }
    return parts
  }
}
