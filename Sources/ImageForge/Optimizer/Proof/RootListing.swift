import Crypto
import ForgeBasics
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// One name of a root filesystem with all that a program could notice of it.
struct RootRecord: Sendable, Equatable {
  var path: [UInt8]
  var kind: LayerEntry.Kind
  /// A folder that no entry of a layer names: runtimes make it with mode 755, owned by root, and the time of the day.
  var isImplicit = false
  var mode: UInt16 = 0o755
  var uid: UInt32 = 0
  var gid: UInt32 = 0
  var modified: Int64 = 0
  var nanoseconds: UInt32 = 0
  var link: [UInt8] = []
  var attributes: [ExtendedAttribute] = []
  var size: Int64 = 0
  var hash = FileContent.Hash()
  var device: [UInt32] = []
  /// Index of the first name of its hardlink group; nil for all but regular files.
  var group: Int?
}

/// A root filesystem as a list, sorted by the bytes of its paths. Records are made when they are asked for: an image of
/// many names would need much memory for all at once.
struct RootListing: RandomAccessCollection {
  private let root: RootFilesystem
  private let content: (FileTree.Origin) -> FileContent.Hash
  private let nodes: [FileTree.ID]
  /// For each name the first one of its hardlink group; -1 for all but regular files.
  private let groups: [Int32]

  /// - Parameter content: what a regular file's content is known by, by the entry that holds its bytes.
  init(_ root: RootFilesystem, content: @escaping (FileTree.Origin) -> FileContent.Hash) {
    (self.root, self.content) = (root, content)
    var found: [FileTree.ID] = []
    if root.tree[FileTree.root].origin.index >= 0 { found.append(FileTree.root) }
    root.walk { id in
      found.append(id)
      return true
    }
    let nodes = root.sortedByPath(found)
    self.nodes = nodes
    var first = [Int32](repeating: -1, count: root.inodes.count)
    groups = nodes.indices.map { index in
      let node = root.tree[nodes[index]]
      guard node.kind == .regular, node.origin.index >= 0 else { return -1 }
      if first[Int(node.inode)] < 0 { first[Int(node.inode)] = Int32(index) }
      return first[Int(node.inode)]
    }
  }

  init(_ image: ReadImage) { self.init(image.root) { image.contentHash($0) } }

  var startIndex: Int { 0 }
  var endIndex: Int { nodes.count }

  subscript(index: Int) -> RootRecord {
    let node = root.tree[nodes[index]]
    var record = RootRecord(path: path(index), kind: node.kind)
    guard node.origin.index >= 0 else {
      record.isImplicit = true
      return record
    }
    let entry = root.entry(root.metadata(node))
    if node.kind != .symlink { record.mode = entry.mode }
    (record.uid, record.gid) = (entry.uid, entry.gid)
    (record.modified, record.nanoseconds) = (entry.modified, entry.modifiedNanoseconds)
    record.attributes = root.attributes(node).sorted { $0.name.lexicographicallyPrecedes($1.name) }
    switch node.kind {
    case .regular:
      let inode = root.inodes[Int(node.inode)]
      record.size = inode.size
      record.hash = content(inode.origin)
      record.group = group(index)
    case .symlink:
      record.link = Array(root.layers[Int(node.target.layer)].entries.link(Int(node.target.index)))
    case .characterDevice, .blockDevice: record.device = [entry.deviceMajor, entry.deviceMinor]
    case .directory, .fifo, .hardlink: break
    }
    return record
  }

  func path(_ index: Int) -> [UInt8] { root.tree.path(nodes[index]) }

  /// Index of the first name of a regular file's hardlink group.
  func group(_ index: Int) -> Int? { groups[index] < 0 ? nil : Int(groups[index]) }

  /// Where a path stands.
  func position(of path: [UInt8]) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self.path(middle).lexicographicallyPrecedes(path) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < count && self.path(low) == path ? low : nil
  }

  /// Bytes of the regular files, each hardlink group once.
  var bytes: Int64 {
    indices.reduce(0) {
      group($1) == $1 ? $0 + root.inodes[Int(root.tree[nodes[$1]].inode)].size : $0
    }
  }

  /// A SHA-256 over all records: equal for equal root filesystems. The contents have to be known by their digests.
  var digest: ForgeBasics.Digest {
    var hasher = SHA256()
    func add(_ bytes: [UInt8]) {
      withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hasher.update(bufferPointer: $0) }
      hasher.update(data: bytes)
    }
    func add(_ number: Int64) {
      withUnsafeBytes(of: number.littleEndian) { hasher.update(bufferPointer: $0) }
    }
    for record in self {
      add(record.path)
      add(record.link)
      for number in [
        Int64(record.kind.rawValue), record.isImplicit ? 1 : 0, Int64(record.mode),
        Int64(record.uid),
      ] {
        add(number)
      }
      for number in [Int64(record.gid), record.modified, Int64(record.nanoseconds), record.size] {
        add(number)
      }
      add(record.hash.bytes)
      add(
        record.device.flatMap { device in
          (0..<4).map { UInt8(truncatingIfNeeded: device >> ($0 * 8)) }
        })
      add(record.group.map(path) ?? [])
      add(Int64(record.attributes.count))
      for attribute in record.attributes {
        add(attribute.name)
        add(attribute.value)
      }
    }
    return ForgeBasics.Digest(sha256: hasher.finalize())
  }
}
