import ForgeBasics
import ForgeImages
import ForgeLayers

/// Reads again what only the stacked root filesystem shows to be of interest: the bytes of a file whose other name, such
/// as a hard link, tells of a secret, and accounts that stand behind a link of another name or are longer than usual.
struct SecondLook {
  private let image: Image
  private let options: InspectionOptions
  private let reading: LayerScanOptions

  /// Bytes that are kept of a file of accounts; runtimes read it whole.
  private static let accountsSize: Int64 = 64 << 20

  init(_ image: Image, _ options: InspectionOptions, _ reading: LayerScanOptions) {
    self.image = image
    self.options = options
    self.reading = reading
  }

  /// Keeps in the root filesystem what it lacks.
  /// - Throws: where a layer has passed and cannot be read again, and a gate needs what it holds.
  func complete(_ root: inout RootFilesystem) throws(LayerError) {
    let byLayer = Dictionary(grouping: lacking(root), by: \.key.layer)
    for (layer, files) in byLayer.sorted(by: { $0.key < $1.key }) {
      let blob: Blob
      do throws(LayerError) {
        blob = try image.layers[Int(layer)].content.blob
      } catch {
        // Only a judgement rests on it.
        if options.findsSecrets { throw error }
        continue
      }
      let entries = root.layers[Int(layer)].entries
      let wanted = Dictionary(
        files.map { (Array(entries.path(Int($0.key.index))), $0.value) }, uniquingKeysWith: max)
      var again = LayerScanOptions(name: reading.name, limits: reading.limits) { path in
        wanted[Array(path)] ?? 0
      }
      again.name = "layer \(layer) of \(ImageStore.displayName(of: image.source))"
      let scan = try LayerReader.scan(blob, options: again)
      for file in files {
        if let head = scan.entries.head(Int(file.key.index)) { root.keep(head: head, of: file.key) }
      }
    }
  }

  /// Entries of which more must be kept, and how many bytes.
  private func lacking(_ root: RootFilesystem) -> [FileTree.Origin: Int] {
    var lacking: [FileTree.Origin: Int] = [:]
    func want(_ inode: Int32, _ count: Int) {
      let origin = root.inodes[Int(inode)].origin
      let needed = min(Int64(count), root.inodes[Int(inode)].size)
      guard needed > 0, Int64(root.head(origin)?.count ?? 0) < needed else { return }
      lacking[origin] = max(lacking[origin] ?? 0, Int(needed))
    }
    for name in root.otherNames {
      let count = options.capture(name.path[...])
      if count > 0 { want(name.inode, count) }
    }
    var root = root
    for path in InspectionDetails.accountPaths {
      guard let node = root.resolve(path), root.tree[node].inode != FileTree.none else { continue }
      let inode = root.tree[node].inode
      want(inode, Int(min(root.inodes[Int(inode)].size, Self.accountsSize)))
    }
    return lacking
  }
}

extension RootFilesystem {
  /// Names of regular files that are not those of the entries which hold their bytes.
  fileprivate var otherNames: [(path: [UInt8], inode: Int32)] {
    guard !hardlinks.isEmpty || !redirected.isEmpty else { return [] }
    var names = hardlinks.filter { $0.value != FileTree.none }
      .map { (path: Array(path($0.key)), inode: $0.value) }
    guard !redirected.isEmpty else { return names }
    for node in tree.visible where redirected.contains(tree[node].origin) {
      if tree[node].inode != FileTree.none { names.append((tree.path(node), tree[node].inode)) }
    }
    return names
  }
}
