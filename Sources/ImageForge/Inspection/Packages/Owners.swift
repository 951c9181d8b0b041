/// Whose the inodes of a stacked image are.
struct Owners: Sendable {
  let packages: [PackageFacts]
  /// By inode: an index of `packages`, or one of the constants.
  private var owner: [Int32]

  private static let next: Int32 = -2

  init(_ root: RootFilesystem) {
    (packages, owner) = Packages.all(root)
    for folder in root.tree.visible where Self.isNextOutput(folder, root.tree) {
      var pending = [folder]
      while let id = pending.popLast() {
        let inode = root.tree[id].inode
        if inode != FileTree.none, owner[Int(inode)] == Packages.none {
          owner[Int(inode)] = Self.next
        }
        pending += root.tree.children(id)
      }
    }
  }

  /// The package that owns an inode.
  func package(_ inode: Int32) -> PackageFacts? {
    guard inode != FileTree.none, owner[Int(inode)] >= 0 else { return nil }
    return packages[Int(owner[Int(inode)])]
  }

  /// The row of `OwnerFacts` that an inode belongs to.
  func kind(_ inode: Int32) -> String {
    if let package = package(inode) { return package.kind }
    if owner[Int(inode)] == Self.next { return "next" }
    return "other"
  }

  /// Each of the inodes in one row.
  func facts(_ inodes: some Sequence<Int32>, of root: RootFilesystem, base: BaseFacts?)
    -> [OwnerFacts]
  {
    var rows: [String: OwnerFacts] = [:]
    for index in inodes {
      let (kind, inode) = (kind(index), root.inodes[Int(index)])
      var row = rows[kind] ?? OwnerFacts(owner: kind, bytes: 0, files: 0, base: 0)
      row.bytes += inode.size
      row.files += 1
      if Int(inode.origin.layer) < base?.layers ?? 0 { row.base += inode.size }
      rows[kind] = row
    }
    return rows.values.sorted { ($1.bytes, $0.owner) < ($0.bytes, $1.owner) }
  }

  /// `.next`, or a folder of another name (`distDir`) that holds a build; `_next` of a static export.
  private static func isNextOutput(_ id: FileTree.ID, _ tree: FileTree) -> Bool {
    guard tree[id].kind == .directory else { return false }
    func has(_ name: String) -> Bool { tree.child(id, Array(name.utf8)[...]) != nil }
    let name = tree.name(id)
    if name.elementsEqual(".next".utf8) { return true }
    if name.elementsEqual("_next".utf8) { return has("static") }
    return has("BUILD_ID") && (has("server") || has("static"))
  }
}
