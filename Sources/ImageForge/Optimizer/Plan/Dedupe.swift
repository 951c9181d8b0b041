import ForgeInspection
import ForgeLayers
import ForgeWriting

/// Makes identical files of one layer hard links of each other.
enum Dedupe {
  /// Below this many bytes a layer is not written again for it.
  static let worthwhile: Int64 = 64 << 10

  /// Folders whose files programs write to in place, or that are mounted over.
  private static let excluded: [[UInt8]] = [
    "etc/", "var/", "run/", "tmp/", "home/", "root/", "dev/", "proc/", "sys/", "srv/", "data/",
    "mnt/", "media/",
  ].map { Array($0.utf8) }

  /// What must agree besides the content.
  private struct Key: Hashable {
    let hash: FileContent.Hash
    let size: Int64
    let mode: UInt16
    let uid: UInt32
    let gid: UInt32
    let modified: Int64
    let nanoseconds: UInt32
  }

  /// - Parameter kept: layers from the base that stay as they are.
  /// - Returns: the names that became links, and whose file they share now.
  static func apply(
    _ image: inout PlannedImage, kept: Int, content: (FileTree.Origin) -> FileContent.Hash
  ) throws -> [[UInt8]: [UInt8]] {
    var linked: [[UInt8]: [UInt8]] = [:]
    // Names that later layers link to, or describe again, are left alone: their fate is not their layer's alone.
    let root = try image.stacked()
    for index in image.layers.indices.dropFirst(kept) {
      let (layer, found, gain) = link(image.layers[index], Int32(index), root, content)
      guard gain >= (image.layers[index].original == nil ? 1 : worthwhile) else { continue }
      image.layers[index] = layer
      linked.merge(found) { first, _ in first }
    }
    return linked
  }

  private static func link(
    _ layer: PlannedLayer, _ number: Int32, _ root: RootFilesystem,
    _ content: (FileTree.Origin) -> FileContent.Hash
  ) -> (PlannedLayer, [[UInt8]: [UInt8]], Int64) {
    let settled = settledEntries(root, number)
    var maker = PlannedLayerBuilder()
    var first: [Key: [Int]] = [:]
    var linked: [[UInt8]: [UInt8]] = [:]
    var gain: Int64 = 0
    // A sparse file's bytes cannot be written again.
    if layer.entries.contains(where: \.isSparse) { return (layer, [:], 0) }
    for index in layer.entries.indices {
      var entry = layer.entries[index]
      let (path, attributes) = (layer.entries.path(index), layer.entries.extendedAttributes(index))
      var link = layer.entries.link(index)
      var source = layer.sources[index]
      if entry.kind == .regular, entry.size > 0, settled.contains(Int32(index)),
        isAllowed(path, entry)
      {
        let key = Key(
          hash: content(source), size: entry.size, mode: entry.mode, uid: entry.uid, gid: entry.gid,
          modified: entry.modified, nanoseconds: entry.modifiedNanoseconds)
        if let twin = first[key, default: []].first(where: {
          layer.entries.extendedAttributes($0) == attributes
        }) {
          gain += entry.size + TarWriter.padding(entry.size)
          linked[Array(path)] = Array(layer.entries.path(twin))
          link = layer.entries.path(twin)
          (entry.kind, entry.size, source) = (.hardlink, 0, .implicit)
        } else {
          first[key, default: []].append(index)
        }
      }
      maker.add(entry, path: path, link: link, attributes: attributes, source: source)
    }
    return (maker.layer(inputs: layer.inputs), linked, gain)
  }

  /// Regular entries of a layer that are in the final root filesystem just as they stand in it.
  private static func settledEntries(_ root: RootFilesystem, _ layer: Int32) -> Set<Int32> {
    var settled: Set<Int32> = []
    root.walk { id in
      let node = root.tree[id]
      if node.inode != FileTree.none, node.origin.layer == layer {
        let inode = root.inodes[Int(node.inode)]
        let isOwn = inode.origin == node.origin && inode.metadata.layer == layer
        if isOwn, root.path(node.origin).elementsEqual(root.tree.path(id)),
          root.attributeLinks[node.inode] == nil,
          isSame(root.entry(inode.metadata), root.entry(inode.origin))
        {
          settled.insert(node.origin.index)
        }
      }
      return true
    }
    return settled
  }

  private static func isSame(_ a: LayerEntry, _ b: LayerEntry) -> Bool {
    (a.mode, a.uid, a.gid) == (b.mode, b.uid, b.gid)
      && (a.modified, a.modifiedNanoseconds) == (b.modified, b.modifiedNanoseconds)
  }

  private static func isAllowed(_ path: ArraySlice<UInt8>, _ entry: LayerEntry) -> Bool {
    // Programs that run as someone else stay files of their own.
    guard entry.mode & 0o6000 == 0 else { return false }
    if excluded.contains(where: { path.starts(with: $0) }) { return false }
    return !path.split(separator: UInt8(ascii: "/")).contains {
      $0.elementsEqual("cache".utf8) || $0.elementsEqual(".cache".utf8)
    }
  }
}
