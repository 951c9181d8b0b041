import ForgeBasics
import ForgeInspection
import ForgeLayers
import ForgeMinimizer
import ForgeWriting

/// Gives files of an image another content that does the same.
enum ContentRewriting {
  struct File {
    var path: [UInt8]
    /// Index of what its content becomes.
    var rewrite: Int
    var report: RewrittenPath
  }

  /// - Parameters:
  ///   - set: `debug` or `comments`.
  ///   - kept: layers from the base that stay as they are.
  static func apply(
    _ set: StripSet, to plan: inout OptimizationPlan, kept: Int, contents: FileContents
  ) throws -> [File] {
    let image = plan.image
    let root = try image.stacked()
    // A sparse file's bytes cannot be written again.
    let fixed = image.layers.indices.filter { image.layers[$0].entries.contains(where: \.isSparse) }
    var files: [File] = []
    /// By inode: its rewrite, or nil where it stays.
    var seen: [Int32: Int?] = [:]
    var changes: [FileTree.Origin: Int] = [:]
    try root.walk { id in
      let node = root.tree[id]
      guard node.inode != FileTree.none else { return true }
      let inode = root.inodes[Int(node.inode)]
      let index: Int?
      if let known = seen[node.inode] {
        index = known
      } else {
        let entry = root.entry(inode.origin)
        let source = image.source(inode.origin)
        let isCandidate =
          Int(inode.origin.layer) >= kept && !fixed.contains(Int(inode.origin.layer))
          && source.layer >= 0
          && (set == .debug
            ? entry.size > ELFStripper.worthwhile
              && isProgram(root.tree.path(id), root.entry(inode.metadata).mode)
            : entry.size > PythonComments.worthwhile && entry.size < 4 << 20
              && (PythonComments.isCandidate(root, id) || PythonComments.isMetadata(root, id)))
        index =
          isCandidate
          ? try rewrite(
            source, set, isMetadata: PythonComments.isMetadata(root, id), contents, &plan.rewrites)
          : nil
        seen[node.inode] = index
        if let index { changes[inode.origin] = index }
      }
      guard let index else { return true }
      let path = root.tree.path(id)
      let report = RewrittenPath(
        path: DisplayText.escape(path), set: set.rawValue, before: inode.size,
        after: plan.rewrites[index].file.size)
      files.append(File(path: path, rewrite: index, report: report))
      return true
    }
    let rewrites = plan.rewrites
    for layer in Set(changes.keys.map { Int($0.layer) }) {
      plan.image.layers[layer].rewrite { entry in
        changes[FileTree.Origin(layer: Int32(layer), index: Int32(entry))].map {
          ($0, rewrites[$0])
        }
      }
    }
    return files
  }

  private static func isProgram(_ path: [UInt8], _ mode: UInt16) -> Bool {
    let name = path[...].fileName
    return mode & 0o111 != 0 || name.suffix(3).elementsEqual(".so".utf8)
      || name.suffix(5).elementsEqual(".node".utf8)
      || String(decoding: name, as: UTF8.self).contains(".so.")
  }

  private static func rewrite(
    _ origin: FileTree.Origin, _ set: StripSet, isMetadata: Bool, _ contents: FileContents,
    _ rewrites: inout [Rewrite]
  ) throws -> Int? {
    try contents.prepare([Int(origin.layer)])
    let blob = try contents.blob(origin)
    let file: RewrittenFile?
    if set == .debug {
      file = ELFStripper.strip(blob)
    } else {
      let bytes = try blob.bytes(count: Int(blob.length))
      file = isMetadata ? PythonComments.stripDescription(bytes) : PythonComments.strip(bytes)
    }
    guard let file else { return nil }
    var namer = ContentNamer(contents.notes)
    try file.forEachPiece(of: blob, name: "layer \(origin.layer)") { namer.update($0) }
    rewrites.append(Rewrite(origin: origin, file: file, hash: namer.finish()))
    return rewrites.count - 1
  }
}

extension PlannedLayer {
  /// Gives regular entries another content.
  fileprivate mutating func rewrite(_ change: (Int) -> (number: Int, rewrite: Rewrite)?) {
    var maker = PlannedLayerBuilder()
    for position in entries.indices {
      var entry = entries[position]
      var source = sources[position]
      if let (number, rewrite) = change(position) {
        entry.size = rewrite.file.size
        entry.hash = ContentHash(low: rewrite.hash.words.0, high: rewrite.hash.words.1)
        source = FileTree.Origin(layer: Rewrite.layer, index: Int32(number))
      }
      maker.add(
        entry, path: entries.path(position), link: entries.link(position),
        attributes: entries.extendedAttributes(position), source: source)
    }
    self = maker.layer(inputs: inputs)
  }
}

extension FileContent.Hash {
  var digest: ForgeBasics.Digest {
    let hex = bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    return ForgeBasics.Digest("sha256:" + hex) ?? .sha256([])
  }

  /// Nil for a digest of another kind.
  init?(_ digest: ForgeBasics.Digest) {
    guard digest.algorithm == .sha256 else { return nil }
    var bytes: [UInt8] = []
    var rest = digest.hex[...]
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    guard bytes.count == 32 else { return nil }
    self.init()
    words = bytes.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
  }
}
