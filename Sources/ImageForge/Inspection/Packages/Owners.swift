import ForgeBasics

/// Bytes of the root filesystem that are one owner's.
public struct OwnerFacts: Codable, Sendable, Equatable {
  /// `deb`, `apk`, `python`, `npm`: packages of that kind; `next`: the output of `next build`; `other`: nobody's.
  public var owner: String
  /// Of the files that are its own.
  public var bytes: Int64
  /// Regular files; a hardlink group is one.
  public var files: Int
  /// The part of `bytes` that the layers of the base image store; 0 where the base is not known.
  public var base: Int64

  /// An owner of these parts.
  public init(owner: String, bytes: Int64, files: Int, base: Int64) {
    self.owner = owner
    self.bytes = bytes
    self.files = files
    self.base = base
  }
}

/// The image that an image was built on.
public struct BaseFacts: Codable, Sendable, Equatable {
  /// As its builder recorded it, such as `docker.io/library/python:3.13-slim`.
  public var name: String?
  /// How many of the lowest layers are its.
  public var layers: Int
  /// What tells: a place in the history.
  public var evidence: String

  /// A base of these parts.
  public init(name: String?, layers: Int, evidence: String) {
    self.name = name
    self.layers = layers
    self.evidence = evidence
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(layers, forKey: .layers)
    try container.encode(evidence, forKey: .evidence)
  }
}

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
    owner[Int(inode)] >= 0 ? packages[Int(owner[Int(inode)])] : nil
  }

  /// The row of `OwnerFacts` that an inode belongs to.
  func kind(_ inode: Int32) -> String {
    package(inode)?.kind ?? (owner[Int(inode)] == Self.next ? "next" : "other")
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
