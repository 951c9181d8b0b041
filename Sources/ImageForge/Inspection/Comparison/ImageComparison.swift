import ForgeBasics
import ForgeLayers

extension ImageDiff {
  /// Compares two images.
  /// - Parameter limit: how much the new one may be larger; nil: as much as it likes.
  public init(from old: InspectedImage, to new: InspectedImage, limit: GrowthLimit? = nil) {
    let (a, b) = (old.inspection, new.inspection)
    self.old = Side(image: a.image, sizes: a.sizes)
    self.new = Side(image: b.image, sizes: b.sizes)
    growth = Growth(from: a.sizes.stored, to: b.sizes.stored, limit: limit)
    sharedLayers = zip(a.layers, b.layers).prefix { $0.diffID == $1.diffID }.count
    files = FileComparison.files(old, new)
    packages = Self.packages(a.packages, b.packages)
    layers = Self.layers(a.layers, b.layers, files)
    settings = SettingComparison.settings(a, b)
  }

  /// Versions that both images have cancel out; of the rest, one goes for the other.
  private static func packages(_ old: [PackageFacts], _ new: [PackageFacts]) -> [Package] {
    struct Key: Hashable {
      let kind: String
      let name: String
    }
    func key(_ package: PackageFacts) -> Key { Key(kind: package.kind, name: package.name) }
    let before = Dictionary(grouping: old, by: key)
    let after = Dictionary(grouping: new, by: key)
    var changes: [Package] = []
    func sorted(_ packages: [PackageFacts]?) -> [PackageFacts] {
      (packages ?? []).sorted { ($0.version, $0.bytes) < ($1.version, $1.bytes) }
    }
    for key in Set(before.keys).union(after.keys) {
      var (left, right) = (sorted(before[key])[...], sorted(after[key])[...])
      var (gone, come): ([PackageFacts], [PackageFacts]) = ([], [])
      while let old = left.first, let new = right.first {
        if old.version == new.version {
          if old.bytes != new.bytes { changes.append(Package(old, new)) }
          left.removeFirst()
          right.removeFirst()
        } else if old.version < new.version {
          gone.append(left.removeFirst())
        } else {
          come.append(right.removeFirst())
        }
      }
      gone += left
      come += right
      for index in 0..<max(gone.count, come.count) {
        changes.append(Package(gone.dropFirst(index).first, come.dropFirst(index).first))
      }
    }
    return changes.sorted { a, b in
      if a.growth.magnitude != b.growth.magnitude { return a.growth.magnitude > b.growth.magnitude }
      return (a.kind, a.name, a.oldVersion ?? "", a.newVersion ?? "")
        < (b.kind, b.name, b.oldVersion ?? "", b.newVersion ?? "")
    }
  }

  /// Layers of one diffID are the same; of the rest, those of one build step are taken for each other.
  private static func layers(_ old: [LayerFacts], _ new: [LayerFacts], _ files: [File]) -> [Layer] {
    var counts: [FileCount: Int] = [:]
    for file in files { counts[FileCount(change: file.change, layer: file.layer), default: 0] += 1 }
    var isTaken = [Bool](repeating: false, count: old.count)
    func take<Key>(_ index: [Key: [Int]], _ key: Key) -> Int? {
      guard let found = index[key]?.first(where: { !isTaken[$0] }) else { return nil }
      isTaken[found] = true
      return found
    }
    let byDiffID = Dictionary(grouping: old.indices) { old[$0].diffID }
    let isNew = new.map { take(byDiffID, $0.diffID) == nil }
    let byStep = Dictionary(
      grouping: old.indices.filter { !isTaken[$0] && old[$0].createdBy != nil }
    ) { step(old[$0]) }
    var rows: [Layer] = []
    for (layer, isNew) in zip(new, isNew) where isNew {
      var twin: Int?
      if layer.createdBy != nil { twin = take(byStep, step(layer)) }
      rows.append(Layer(twin.map { old[$0] }, layer, counts))
    }
    return rows + old.indices.filter { !isTaken[$0] }.map { Layer(old[$0], nil, counts) }
  }

  /// Builders put checksums of what is copied into the step: `COPY dir:0123… in /app`.
  private static func step(_ layer: LayerFacts) -> String {
    BuildStep.short(layer.createdBy ?? "").split(separator: " ").map { word in
      for kind in ["dir:", "file:", "multi:"] where word.hasPrefix(kind) {
        if word.dropFirst(kind.count).allSatisfy(\.isHexDigit) { return kind }
      }
      return String(word)
    }.joined(separator: " ")
  }
}

extension ImageDiff.Growth {
  fileprivate init(from old: Int64, to new: Int64, limit: GrowthLimit?) {
    let bytes = new - old
    let maximum = limit?.maximum(of: old)
    var percent: Double?
    if old != 0 { percent = Double(bytes) / Double(old) * 100 }
    self.init(
      metric: "stored", bytes: bytes, percent: percent, maximum: maximum,
      passed: bytes <= maximum ?? .max)
  }
}

extension ImageDiff.Change {
  /// What became of what is in one of two images at least.
  fileprivate init(wasThere: Bool, isThere: Bool) {
    self =
      switch (wasThere, isThere) {
      case (false, _): .added
      case (true, false): .removed
      case (true, true): .changed
      }
  }
}

extension ImageDiff.Package {
  /// One of them at least.
  fileprivate init(_ old: PackageFacts?, _ new: PackageFacts?) {
    kind = new?.kind ?? old?.kind ?? ""
    name = new?.name ?? old?.name ?? ""
    change = ImageDiff.Change(wasThere: old != nil, isThere: new != nil)
    oldVersion = old?.version
    newVersion = new?.version
    oldBytes = old?.bytes ?? 0
    newBytes = new?.bytes ?? 0
  }
}

private struct FileCount: Hashable {
  let change: ImageDiff.Change
  let layer: Int
}

extension ImageDiff.Layer {
  /// One of them at least.
  fileprivate init(_ old: LayerFacts?, _ new: LayerFacts?, _ counts: [FileCount: Int]) {
    func count(_ change: ImageDiff.Change, _ layer: LayerFacts?) -> Int {
      layer.flatMap { counts[FileCount(change: change, layer: $0.index)] } ?? 0
    }
    change = ImageDiff.Change(wasThere: old != nil, isThere: new != nil)
    oldIndex = old?.index
    newIndex = new?.index
    createdBy = new?.createdBy ?? old?.createdBy
    oldBytes = old?.stored ?? 0
    newBytes = new?.stored ?? 0
    added = count(.added, new)
    changed = count(.changed, new)
    removed = count(.removed, old)
  }
}

/// Walks two root filesystems side by side.
private struct FileComparison {
  private let old: InspectedImage
  private let new: InspectedImage
  private var found: [(file: ImageDiff.File, path: [UInt8])] = []

  static func files(_ old: InspectedImage, _ new: InspectedImage) -> [ImageDiff.File] {
    var comparison = FileComparison(old: old, new: new)
    comparison.walk()
    return comparison.found.sorted { a, b in
      if a.file.growth.magnitude != b.file.growth.magnitude {
        return a.file.growth.magnitude > b.file.growth.magnitude
      }
      return a.path.lexicographicallyPrecedes(b.path)
    }.map(\.file)
  }

  private init(old: InspectedImage, new: InspectedImage) {
    self.old = old
    self.new = new
  }

  private mutating func walk() {
    var pending: [(FileTree.ID?, FileTree.ID?)] = [(FileTree.root, FileTree.root)]
    while let (before, after) = pending.popLast() {
      compare(before, after)
      let (a, b) = (old.root.tree, new.root.tree)
      for child in before.map({ Array(a.children($0)) }) ?? [] {
        pending.append((child, after.flatMap { b.child($0, a.name(child)) }))
      }
      for child in after.map({ Array(b.children($0)) }) ?? []
      where before.flatMap({ a.child($0, b.name(child)) }) == nil {
        pending.append((nil, child))
      }
    }
  }

  private mutating func compare(_ before: FileTree.ID?, _ after: FileTree.ID?) {
    let (a, b) = (before.map { old.root.tree[$0] }, after.map { new.root.tree[$0] })
    // A folder that came or went is told by what is in it; only of an empty one would nothing be said.
    let (wasThere, isThere) = (isTold(before, old), isTold(after, new))
    let change: ImageDiff.Change
    if a != nil, b != nil, a?.kind == b?.kind {
      change = .changed
    } else if wasThere || isThere {
      change = ImageDiff.Change(wasThere: wasThere, isThere: isThere)
    } else {
      return
    }
    var differs: [String] = []
    if let a, let b, change == .changed {
      differs = Self.differences(a, old.root, b, new.root)
      guard !differs.isEmpty else { return }
    }
    let (oldInode, newInode) = (a?.inode ?? FileTree.none, b?.inode ?? FileTree.none)
    let path: [UInt8]
    let layer: Int32
    if change == .removed, let before, let a {
      (path, layer) = (old.root.tree.path(before), Self.layer(a))
    } else if let after, let b {
      (path, layer) = (new.root.tree.path(after), Self.layer(b))
    } else {
      return
    }
    var package = new.owners.package(newInode)
    if newInode == FileTree.none { package = old.owners.package(oldInode) }
    found.append(
      (
        ImageDiff.File(
          path: DisplayText.escape(path), change: change, differs: differs,
          oldBytes: Self.size(oldInode, old.root),
          newBytes: Self.size(newInode, new.root), layer: Int(layer),
          package: package.map { "\($0.kind) \($0.name)" }), path
      ))
  }

  /// The layer of a node's entry; of a folder without one, the last that put something into it.
  private static func layer(_ node: FileTree.Node) -> Int32 {
    guard node.origin.layer < 0 else { return node.origin.layer }
    return max(node.touched, 0)
  }

  private func isTold(_ node: FileTree.ID?, _ image: InspectedImage) -> Bool {
    guard let node else { return false }
    let tree = image.root.tree
    return tree[node].kind != .directory || tree[node].isEmpty
  }

  private static func size(_ inode: Int32, _ root: RootFilesystem) -> Int64 {
    guard inode != FileTree.none else { return 0 }
    return root.inodes[Int(inode)].size
  }

  /// Times are left out: every build sets them anew.
  private static func differences(
    _ a: FileTree.Node, _ rootA: RootFilesystem, _ b: FileTree.Node, _ rootB: RootFilesystem
  ) -> [String] {
    guard a.kind == b.kind else { return ["type"] }
    var differs: [String] = []
    if a.inode != FileTree.none, b.inode != FileTree.none {
      let (x, y) = (
        rootA.entry(rootA.inodes[Int(a.inode)].origin),
        rootB.entry(rootB.inodes[Int(b.inode)].origin)
      )
      if x.size != y.size || x.hash != y.hash { differs.append("content") }
    }
    if a.kind == .symlink, rootA.link(a) != rootB.link(b) { differs.append("target") }
    let (x, y) = (rootA.metadataEntry(a), rootB.metadataEntry(b))
    // The mode of a symbolic link means nothing.
    if a.kind != .symlink, x.mode != y.mode { differs.append("mode") }
    if x.uid != y.uid || x.gid != y.gid { differs.append("owner") }
    if x.deviceMajor != y.deviceMajor || x.deviceMinor != y.deviceMinor { differs.append("type") }
    if rootA.sortedAttributes(a) != rootB.sortedAttributes(b) { differs.append("attributes") }
    return differs
  }
}

extension RootFilesystem {
  /// Of a symbolic link.
  fileprivate func link(_ node: FileTree.Node) -> ArraySlice<UInt8> {
    layers[Int(node.target.layer)].entries.link(Int(node.target.index))
  }

  /// The entry that a node has mode and owner of. Runtimes make a folder that no entry names with mode 755, for root.
  fileprivate func metadataEntry(_ node: FileTree.Node) -> LayerEntry {
    let origin = metadata(node)
    guard origin.index < 0 else { return entry(origin) }
    var folder = LayerEntry(kind: .directory)
    folder.mode = 0o755
    return folder
  }

  fileprivate func sortedAttributes(_ node: FileTree.Node) -> [ExtendedAttribute] {
    attributes(node).sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }
}
