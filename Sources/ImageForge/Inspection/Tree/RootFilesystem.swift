import ForgeBasics
import ForgeLayers

/// Layers stacked into the root filesystem that a container sees (image-spec, layer.md, "Applying Changesets"), with
/// an account of every byte that cannot be seen any more.
///
/// Entries are applied in the order of each tar, as runtimes do; whiteouts spare what their own layer has put there.
package struct RootFilesystem: Sendable {
  /// The stored bytes of one regular entry, under all its names.
  package struct Inode: Sendable {
    package let origin: FileTree.Origin
    /// The last entry that set mode, owner and time.
    package var metadata: FileTree.Origin
    package let size: Int64
    /// Names that lead here; none left means wasted.
    package var links = 1
    var wasLinked = false
  }

  struct WastedInode: Sendable {
    let inode: Int32
    let cause: WasteCause
    let hiddenBy: Int
  }

  /// What does not keep the layers from being stacked, but is odd.
  enum Oddity: String, Sendable, CaseIterable {
    case duplicateEntry, belowSymlink, aufsMetadata, whiteoutWithData, device
  }

  struct Note: Sendable {
    let oddity: Oddity
    let layer: Int
    let path: [UInt8]
    var count: Int
  }

  /// Names of all layers; an honest image has a few hundred thousand.
  static let maximumNodes = 16_000_000
  static let maximumNameBytes = 1 << 30
  static let maximumLinks = 255

  package let layers: [LayerScan]
  private let image: String
  package private(set) var tree = FileTree()
  package private(set) var inodes: [Inode] = []
  /// By inode: hard links that brought extended attributes of their own, in the order in which they did. Runtimes set
  /// them on the file, and take none away.
  package private(set) var attributeLinks: [Int32: [FileTree.Origin]] = [:]
  /// Entries that are hard links: the inode behind each; none for a link to what is no regular file.
  private(set) var hardlinks: [FileTree.Origin: Int32] = [:]
  /// Regular entries that were written through a symbolic link: their path in the root is another than in the layer.
  private(set) var redirected: Set<FileTree.Origin> = []
  /// First bytes of files that were read a second time, by the entry that holds them.
  private var heads: [FileTree.Origin: [UInt8]] = [:]
  private(set) var wasted: [WastedInode] = []
  private(set) var notes: [Note] = []
  private var current = 0
  /// Steps that symbolic links may still cost.
  private var linkSteps: Int
  private var noteIndex: [Oddity: Int] = [:]

  /// - Parameters:
  ///   - image: what messages call the image.
  ///   - linkSteps: steps along paths that symbolic links may cost altogether.
  /// - Throws: `StackingError` where no runtime could unpack the layers.
  package init(_ layers: [LayerScan], image: String = "the image", linkSteps: Int = 20_000_000)
    throws(StackingError)
  {
    self.layers = layers
    self.image = image
    self.linkSteps = linkSteps
    for index in layers.indices {
      current = index
      noteIndex = [:]
      for entry in layers[index].entries.indices { try apply(entry) }
    }
  }

  package func entry(_ origin: FileTree.Origin) -> LayerEntry {
    layers[Int(origin.layer)].entries[Int(origin.index)]
  }
  package func path(_ origin: FileTree.Origin) -> ArraySlice<UInt8> {
    layers[Int(origin.layer)].entries.path(Int(origin.index))
  }

  /// The captured content of a regular file; nil for anything else.
  package func content(_ node: FileTree.ID) -> [UInt8]? {
    guard tree[node].inode != FileTree.none else { return nil }
    return head(inodes[Int(tree[node].inode)].origin)
  }

  /// The captured first bytes of a regular entry; nil where none were asked for.
  func head(_ origin: FileTree.Origin) -> [UInt8]? {
    heads[origin] ?? layers[Int(origin.layer)].entries.head(Int(origin.index))
  }

  /// Keeps the first bytes of a regular entry, which a second reading of its layer has brought.
  mutating func keep(head: [UInt8], of origin: FileTree.Origin) { heads[origin] = head }

  /// The node at a path, links followed as inside a container; nil when there is none.
  package mutating func resolve(_ path: String) -> FileTree.ID? { resolve(Array(path.utf8)[...]) }

  /// The same for a path of bytes, which need not be UTF-8.
  mutating func resolve(_ path: ArraySlice<UInt8>) -> FileTree.ID? {
    try? walk(path, createsParents: false)?.node
  }

  // MARK: Entries

  private static let whiteout = Array(".wh.".utf8)
  private static let opaque = Array(".wh..wh..opq".utf8)
  private static let aufs = Array(".wh..wh.".utf8)

  private mutating func apply(_ index: Int) throws(StackingError) {
    let entry = layers[current].entries[index]
    let path = layers[current].entries.path(index)
    let origin = FileTree.Origin(layer: Int32(current), index: Int32(index))
    guard tree.count < Self.maximumNodes, tree.nameBytes < Self.maximumNameBytes else {
      throw .overLimit(
        layer: layerName, reason: "the image has more than \(Self.maximumNodes) paths")
    }
    guard !path.isEmpty else {
      tree[FileTree.root].origin = origin
      touch(FileTree.root)
      return
    }
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let name = path[(slash.map { $0 + 1 } ?? path.startIndex)...]
    if path.starts(with: Self.aufs), !name.elementsEqual(Self.opaque) {
      note(.aufsMetadata, path)
      return discard(origin, entry)
    }
    // A whiteout makes no parents: where there are none, there is nothing to hide.
    let isWhiteout = name.starts(with: Self.whiteout)
    let folder = slash.map { path[..<$0] } ?? []
    let found = try walk(folder, createsParents: !isWhiteout, entry: path)
    if found?.followed == true {
      note(.belowSymlink, path)
      if entry.kind == .regular || entry.kind == .hardlink { redirected.insert(origin) }
    }
    if isWhiteout {
      try applyWhiteout(name, in: found?.node, path)
      if entry.size > 0 { note(.whiteoutWithData, path) }
      return discard(origin, entry)
    }
    guard let parent = found?.node else { return }
    switch entry.kind {
    case .directory: putFolder(origin, parent, name)
    case .hardlink: try putHardlink(origin, parent, name)
    case .regular:
      let inode = addInode(origin, size: entry.size)
      put(origin, parent, name, kind: .regular, inode: inode, target: .implicit)
    case .symlink: put(origin, parent, name, kind: .symlink, inode: FileTree.none, target: origin)
    case .characterDevice, .blockDevice, .fifo:
      note(.device, path)
      put(origin, parent, name, kind: entry.kind, inode: FileTree.none, target: .implicit)
    }
  }

  private mutating func addInode(_ origin: FileTree.Origin, size: Int64) -> Int32 {
    inodes.append(Inode(origin: origin, metadata: origin, size: size))
    return Int32(inodes.count - 1)
  }

  /// A file that runtimes read and throw away still costs its bytes.
  private mutating func discard(_ origin: FileTree.Origin, _ entry: LayerEntry) {
    guard entry.kind == .regular else { return }
    release(addInode(origin, size: entry.size), .deletedFile)
  }

  private mutating func putFolder(
    _ origin: FileTree.Origin, _ parent: FileTree.ID, _ name: ArraySlice<UInt8>
  ) {
    var node = tree.child(parent, name)
    if let existing = node, tree[existing].kind != .directory {
      noteDuplicate(existing, path(origin))
      remove(existing, .replacedByType)
      node = nil
    }
    let folder = node ?? tree.add(parent, name, kind: .directory)
    tree[folder].origin = origin
    touch(folder)
  }

  /// Puts anything but a folder at a name, in place of whatever is there.
  private mutating func put(
    _ origin: FileTree.Origin, _ parent: FileTree.ID, _ name: ArraySlice<UInt8>,
    kind: LayerEntry.Kind, inode: Int32,
    target: FileTree.Origin
  ) {
    var replaced = FileTree.none
    let node: FileTree.ID
    if let existing = tree.child(parent, name), tree[existing].kind != .directory {
      noteDuplicate(existing, path(origin))
      replaced = tree[existing].inode
      node = existing
    } else {
      if let folder = tree.child(parent, name) {
        noteDuplicate(folder, path(origin))
        remove(folder, .replacedByType)
      }
      node = tree.add(parent, name, kind: kind)
    }
    tree[node].kind = kind
    tree[node].origin = origin
    tree[node].target = target
    tree[node].inode = inode
    if replaced != FileTree.none { release(replaced, causeOfOverwriting(replaced, with: inode)) }
    touch(node)
  }

  private mutating func putHardlink(
    _ origin: FileTree.Origin, _ parent: FileTree.ID, _ name: ArraySlice<UInt8>
  ) throws(StackingError) {
    let link = layers[current].entries.link(Int(origin.index))
    let slash = link.lastIndex(of: UInt8(ascii: "/"))
    // Runtimes unlink the name before they make the link.
    if let folder = tree.child(parent, name), tree[folder].kind == .directory {
      remove(folder, .replacedByType)
    }
    guard
      let (folder, _) = try walk(
        slash.map { link[..<$0] } ?? [], createsParents: false, entry: link),
      let target = tree.child(folder, link[(slash.map { $0 + 1 } ?? link.startIndex)...]),
      tree[target].kind != .directory, target != tree.child(parent, name)
    else {
      throw malformed(
        path(origin), "hardlink to \(DisplayText.escape(link)), which is no file at that point")
    }
    let inode = tree[target].inode
    hardlinks[origin] = inode
    if inode != FileTree.none {
      inodes[Int(inode)].links += 1
      inodes[Int(inode)].wasLinked = true
      inodes[Int(inode)].metadata = origin
      if layers[current].entries[Int(origin.index)].hasExtendedAttributes {
        attributeLinks[inode, default: []].append(origin)
      }
    }
    put(origin, parent, name, kind: tree[target].kind, inode: inode, target: tree[target].target)
  }

  // MARK: Whiteouts

  private mutating func applyWhiteout(
    _ name: ArraySlice<UInt8>, in parent: FileTree.ID?, _ path: ArraySlice<UInt8>
  ) throws(StackingError) {
    if name.elementsEqual(Self.opaque) {
      if let parent { clear(parent, .opaque) }
      return
    }
    if name.starts(with: Self.aufs) { return note(.aufsMetadata, path) }
    let hidden = name.dropFirst(Self.whiteout.count)
    guard !hidden.isEmpty, !hidden.elementsEqual(".".utf8), !hidden.elementsEqual("..".utf8) else {
      throw malformed(path, "a whiteout that names nothing")
    }
    guard let parent, let node = tree.child(parent, hidden) else { return }
    var cause = WasteCause.deletedFile
    if tree[node].kind == .directory { cause = .deletedDirectory }
    if tree[node].touched == current { clear(node, cause) } else { remove(node, cause) }
  }

  /// Removes what lower layers have below a folder. A folder is cleared once a layer: what comes later is the layer's
  /// own, so that many whiteouts cost no more than one.
  private mutating func clear(_ folder: FileTree.ID, _ cause: WasteCause) {
    var pending = [folder]
    while let next = pending.popLast() {
      if tree[next].cleared == current { continue }
      tree[next].cleared = Int32(current)
      for child in Array(tree.children(next)) {
        if tree[child].touched != current {
          remove(child, cause)
        } else if tree[child].kind == .directory {
          pending.append(child)
        }
      }
    }
  }

  private mutating func remove(_ node: FileTree.ID, _ cause: WasteCause) {
    var lost: [Int32] = []
    tree.remove(node) { if $0.inode != FileTree.none { lost.append($0.inode) } }
    for inode in lost { release(inode, cause) }
  }

  // MARK: Accounts

  /// A name of an inode is gone; with the last one its bytes are wasted.
  private mutating func release(_ inode: Int32, _ cause: WasteCause) {
    let index = Int(inode)
    inodes[index].links -= 1
    guard inodes[index].links == 0 else { return }
    var cause = cause
    if inodes[index].origin.layer == current, cause != .deletedFile { cause = .duplicateEntry }
    wasted.append(WastedInode(inode: inode, cause: cause, hiddenBy: current))
  }

  private func causeOfOverwriting(_ old: Int32, with new: Int32) -> WasteCause {
    guard new != FileTree.none else { return .replacedByType }
    let (before, after) = (inodes[Int(old)], inodes[Int(new)])
    let (oldFile, newFile) = (entry(before.origin), entry(after.origin))
    guard oldFile.size == newFile.size, oldFile.hash == newFile.hash else { return .overwritten }
    if before.wasLinked { return .hardlinkCopy }
    if hasSameMetadata(before.metadata, after.metadata) { return .identical }
    return .metadataOnly
  }

  private func hasSameMetadata(_ a: FileTree.Origin, _ b: FileTree.Origin) -> Bool {
    let (x, y) = (entry(a), entry(b))
    guard x.mode == y.mode, x.uid == y.uid, x.gid == y.gid, x.modified == y.modified,
      x.modifiedNanoseconds == y.modifiedNanoseconds
    else { return false }
    return layers[Int(a.layer)].entries.extendedAttributes(Int(a.index))
      == layers[Int(b.layer)].entries.extendedAttributes(Int(b.index))
  }

  // MARK: Paths

  /// Walks to a folder, through links inside the root.
  /// - Returns: the folder and whether a link led there; nil where it is missing and must not be made.
  private mutating func walk(
    _ path: ArraySlice<UInt8>, createsParents: Bool, entry: ArraySlice<UInt8> = []
  ) throws(StackingError) -> (node: FileTree.ID, followed: Bool)? {
    var node = FileTree.root
    var links = 0
    // What is still to walk: the innermost link's rest last.
    var pending = [path]
    while var rest = pending.popLast() {
      while let first = rest.first {
        if first == UInt8(ascii: "/") {
          rest = rest.dropFirst()
          continue
        }
        let name = rest.prefix { $0 != UInt8(ascii: "/") }
        rest = rest.dropFirst(name.count)
        if links > 0 {
          linkSteps -= 1
          guard linkSteps >= 0 else {
            throw .overLimit(layer: layerName, reason: "its symbolic links cost too many steps")
          }
        }
        if name.elementsEqual(".".utf8) { continue }
        if name.elementsEqual("..".utf8) {
          node = max(tree[node].parent, FileTree.root)
          continue
        }
        let child = tree.child(node, name)
        if let child, tree[child].kind == .directory {
          node = child
          continue
        }
        if let child, tree[child].kind == .symlink {
          links += 1
          guard links <= Self.maximumLinks else {
            throw malformed(entry, "its parent is a loop of symbolic links")
          }
          let origin = tree[child].target
          let target = layers[Int(origin.layer)].entries.link(Int(origin.index))
          if target.first == UInt8(ascii: "/") { node = FileTree.root }
          if !rest.isEmpty { pending.append(rest) }
          rest = target
          continue
        }
        // Where no folder stands before `..`, runtimes take both away by the letter.
        let following = rest.drop { $0 == UInt8(ascii: "/") }
        if following.prefix(while: { $0 != UInt8(ascii: "/") }).elementsEqual("..".utf8) {
          rest = following.dropFirst(2)
          continue
        }
        guard createsParents else {
          let isLast = ([rest] + pending).allSatisfy { $0.allSatisfy { "/.".utf8.contains($0) } }
          guard isLast else { return nil }
          return child.map { ($0, links > 0) }
        }
        guard child == nil else { throw malformed(entry, "its parent is a file") }
        node = tree.add(node, name, kind: .directory)
      }
    }
    return (node, links > 0)
  }

  private mutating func touch(_ id: FileTree.ID) {
    var next = id
    while next != FileTree.none, tree[next].touched != current {
      tree[next].touched = Int32(current)
      next = tree[next].parent
    }
  }

  // MARK: Notes

  private mutating func noteDuplicate(_ node: FileTree.ID, _ path: ArraySlice<UInt8>) {
    if tree[node].origin.layer == current { note(.duplicateEntry, path) }
  }

  private mutating func note(_ oddity: Oddity, _ path: ArraySlice<UInt8>) {
    if let index = noteIndex[oddity] {
      notes[index].count += 1
    } else {
      noteIndex[oddity] = notes.count
      notes.append(Note(oddity: oddity, layer: current, path: Array(path), count: 1))
    }
  }

  private var layerName: String { "layer \(current) of \(image)" }

  private func malformed(_ path: ArraySlice<UInt8>, _ reason: String) -> StackingError {
    .malformed(layer: layerName, path: Array(path), reason: reason)
  }
}
