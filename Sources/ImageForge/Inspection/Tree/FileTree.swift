import ForgeLayers

/// A tree of names: nodes by index, all names in one arena, children found through one hash table.
package struct FileTree: Sendable {
  package typealias ID = Int32
  package static let none: ID = -1
  package static let root: ID = 0

  /// An entry of a layer; `index` is negative for a folder that no entry names.
  package struct Origin: Hashable, Sendable {
    package var layer: Int32
    package var index: Int32
    package init(layer: Int32, index: Int32) {
      self.layer = layer
      self.index = index
    }

    package static let implicit = Origin(layer: -1, index: -1)
  }

  package struct Node: Sendable {
    package fileprivate(set) var parent: ID
    fileprivate(set) var name: ByteRun
    fileprivate(set) var firstChild = none
    fileprivate(set) var nextSibling = none
    fileprivate var previousSibling = none
    fileprivate var nextInBucket = none
    /// Never `hardlink`: a name of a hardlink group is a file like the others.
    package var kind: LayerEntry.Kind
    /// The entry that put the name there.
    package var origin = Origin.implicit
    /// Of a symlink: the entry that holds its target.
    package var target = Origin.implicit
    /// Of a regular file: its index in the list of inodes.
    package var inode: Int32 = none
    /// Whether nothing is below it.
    var isEmpty: Bool { firstChild == FileTree.none }
    /// The last layer that put something here or below.
    var touched: Int32 = -1
    /// The last layer whose whiteouts removed what lower layers had below.
    var cleared: Int32 = -1
  }

  private(set) var nodes = [Node(parent: none, name: ByteRun(), kind: .directory)]
  private var names: [UInt8] = []
  private var buckets = [ID](repeating: none, count: 1 << 10)

  package subscript(id: ID) -> Node {
    get { nodes[Int(id)] }
    set { nodes[Int(id)] = newValue }
  }

  /// Nodes, removed ones among them.
  package var count: Int { nodes.count }
  var nameBytes: Int { names.count }

  package func name(_ id: ID) -> ArraySlice<UInt8> {
    let run = self[id].name
    return names[Int(run.start)..<Int(run.start) + Int(run.count)]
  }

  /// From the root, without a leading slash.
  package func path(_ id: ID) -> [UInt8] {
    var chain: [ID] = []
    var next = id
    while next > Self.root {
      chain.append(next)
      next = self[next].parent
    }
    var path: [UInt8] = []
    for id in chain.reversed() {
      if !path.isEmpty { path.append(UInt8(ascii: "/")) }
      path += name(id)
    }
    return path
  }

  package func children(_ id: ID) -> some Sequence<ID> {
    sequence(first: self[id].firstChild) { self[$0].nextSibling }.prefix { $0 != Self.none }
  }

  /// Every node that can be reached, the root first and parents before their children.
  var visible: [ID] {
    var found: [ID] = []
    var pending = [Self.root]
    while let id = pending.popLast() {
      found.append(id)
      pending += children(id)
    }
    return found
  }

  package func child(_ parent: ID, _ name: ArraySlice<UInt8>) -> ID? {
    var next = buckets[bucket(parent, name)]
    while next != Self.none {
      if self[next].parent == parent, self.name(next).elementsEqual(name) { return next }
      next = self[next].nextInBucket
    }
    return nil
  }

  /// Adds a child; there must be none of that name.
  mutating func add(_ parent: ID, _ name: ArraySlice<UInt8>, kind: LayerEntry.Kind) -> ID {
    if nodes.count >= buckets.count { grow() }
    let id = ID(nodes.count)
    let run = ByteRun(start: UInt32(names.count), count: UInt32(name.count))
    names += name
    var node = Node(parent: parent, name: run, kind: kind)
    let bucket = bucket(parent, name)
    node.nextInBucket = buckets[bucket]
    buckets[bucket] = id
    node.nextSibling = self[parent].firstChild
    if node.nextSibling != Self.none { nodes[Int(node.nextSibling)].previousSibling = id }
    nodes[Int(parent)].firstChild = id
    nodes.append(node)
    return id
  }

  /// Takes a node and all below it out of the tree, and hands each of them to `visit` first.
  mutating func remove(_ id: ID, _ visit: (Node) -> Void) {
    let node = self[id]
    if node.previousSibling == Self.none {
      nodes[Int(node.parent)].firstChild = node.nextSibling
    } else {
      nodes[Int(node.previousSibling)].nextSibling = node.nextSibling
    }
    if node.nextSibling != Self.none {
      nodes[Int(node.nextSibling)].previousSibling = node.previousSibling
    }
    var pending = [id]
    while let next = pending.popLast() {
      pending += children(next)
      visit(self[next])
      forget(next)
    }
  }

  private mutating func forget(_ id: ID) {
    let bucket = bucket(self[id].parent, name(id))
    if buckets[bucket] == id {
      buckets[bucket] = self[id].nextInBucket
      return
    }
    var before = buckets[bucket]
    while before != Self.none, self[before].nextInBucket != id {
      before = self[before].nextInBucket
    }
    if before != Self.none { nodes[Int(before)].nextInBucket = self[id].nextInBucket }
  }

  /// Seeded by the process, so that nobody can choose names that collide.
  private func bucket(_ parent: ID, _ name: ArraySlice<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(parent)
    name.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize() & (buckets.count - 1)
  }

  private mutating func grow() {
    // Nodes that were removed are in no bucket, and must not come back into one.
    var linked: [ID] = []
    for head in buckets {
      var next = head
      while next != Self.none {
        linked.append(next)
        next = self[next].nextInBucket
      }
    }
    buckets = [ID](repeating: Self.none, count: buckets.count * 2)
    for id in linked {
      let bucket = bucket(self[id].parent, name(id))
      nodes[Int(id)].nextInBucket = buckets[bucket]
      buckets[bucket] = id
    }
  }
}
