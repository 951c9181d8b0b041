import ForgeBasics
import ForgeFindings
import ForgeImages
import ForgeLayers

/// The table of contents that a layer carries for runtimes which mount it before it is there: `stargz.index.json` of
/// eStargz, a skippable frame of zstd:chunked. Such a runtime shows the files of the table, every other one those of
/// the tar; so both must be the same.
enum LazyIndex {
  private static let file = "stargz.index.json"
  /// Tell where the files that are fetched ahead end; runtimes hide them.
  private static let landmarks = [".prefetch.landmark", ".no.prefetch.landmark"]
  private static let stargzDigest = "containerd.io/snapshot/stargz/toc.digest"
  /// The second is the prefix that containers/storage wrote before.
  private static let chunkedPrefixes = [
    "io.github.containers.zstd-chunked.", "io.containers.zstd-chunked.",
  ]
  /// Bytes; of some 50,000 files.
  static let maximumSize = 16 << 20

  /// How many leading bytes of a file are wanted.
  static func capture(_ path: ArraySlice<UInt8>) -> Int {
    guard path.elementsEqual(file.utf8) else { return 0 }
    return maximumSize + 1
  }

  /// What of an entry both sides tell alike.
  private struct Entry {
    var kind: LayerEntry.Kind
    var size: Int64 = 0
    var link: [UInt8] = []
    /// Permissions, uid and gid; nil where a table leaves them out.
    var metadata: [Int64?]

    func agrees(with other: Entry) -> Bool {
      guard kind == other.kind, size == other.size, link == other.link else { return false }
      // Those of a hardlink are its target's, and a link has no permissions.
      return zip(metadata, other.metadata).enumerated().allSatisfy { index, pair in
        guard kind != .hardlink, kind != .symlink || index > 0, let a = pair.0, let b = pair.1
        else { return true }
        return a == b
      }
    }
  }

  private struct Unusable: Error {
    let reason: String
  }

  static func findings(_ image: Image, _ root: RootFilesystem) -> [Finding] {
    zip(image.layers, root.layers).enumerated().flatMap { index, pair in
      findings(pair.0, pair.1, index: index)
    }
  }

  private static func findings(_ layer: ImageLayer, _ scan: LayerScan, index: Int) -> [Finding] {
    let fix =
      "convert the image again from one that has no table, or copy it with `skopeo copy` and another compression"
    let stargz = scan.entries.indices.last { scan.entries.path($0).elementsEqual(file.utf8) }
    let position = chunked("manifest-position", layer)
    if stargz != nil || layer.annotations[stargzDigest] != nil, position != nil {
      return [
        Finding(
          id: "FORGE-A017", severity: .error,
          message:
            "the layer has two tables of contents, of eStargz and of zstd:chunked: which files it holds depends "
            + "on the runtime", at: .layer(index), fix: fix, evidence: .archive)
      ]
    }
    do throws(Unusable) {
      let table: [UInt8]
      let digest: String?
      if let stargz {
        table = scan.entries.head(stargz) ?? []
        digest = layer.annotations[stargzDigest]
      } else if let position {
        table = try chunkedTable(layer, position)
        digest = nil
      } else {
        return []
      }
      guard table.count <= maximumSize else {
        throw Unusable(reason: "it is longer than \(maximumSize) bytes")
      }
      if let digest, digest != Digest.sha256(table).description {
        throw Unusable(reason: "it has another digest")
      }
      guard let path = try firstDifference(entries(of: table), entries(of: scan)) else { return [] }
      return [
        Finding(
          id: "FORGE-A016", severity: .error,
          message:
            "the layer's table of contents and its tar differ: a runtime that mounts it lazily shows other files "
            + "than one that unpacks it", at: .layer(index, path: path),
          fix: fix,
          evidence: .archive)
      ]
    } catch {
      return [
        Finding(
          id: "FORGE-A018", severity: .warning,
          message: "the layer's table of contents cannot be compared with its tar: \(error.reason)",
          at: .layer(index),
          fix: fix, evidence: .archive)
      ]
    }
  }

  private static func chunked(_ key: String, _ layer: ImageLayer) -> String? {
    chunkedPrefixes.lazy.compactMap { layer.annotations[$0 + key] }.first
  }

  /// Reads `offset:length:uncompressed length:type` of a blob.
  private static func chunkedTable(_ layer: ImageLayer, _ position: String) throws(Unusable)
    -> [UInt8]
  {
    let parts = position.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    guard parts.count == 4, let offset = parts[0], let length = parts[1], let size = parts[2],
      parts[3] == 1,
      offset >= 0, length > 0, size > 0, offset <= layer.size, length <= layer.size - offset
    else { throw Unusable(reason: "its position is malformed") }
    guard size <= maximumSize, length <= maximumSize else {
      throw Unusable(reason: "it is longer than \(maximumSize) bytes")
    }
    guard case .blob(let blob) = layer.content else {
      throw Unusable(reason: "it has passed; save the image to a file")
    }
    let part = blob.part(at: offset, count: length)
    do {
      if let digest = chunked("manifest-checksum", layer),
        digest != Digest.sha256(try part.bytes(count: Int(length))).description
      {
        throw Unusable(reason: "it has another digest")
      }
      let stream = try DecompressedStream(part, name: "the table")
      let bytes = try stream.bytes(count: Int(size) + 1)
      guard stream.compression == .zstd, bytes.count == size else {
        throw Unusable(reason: "its size is another one")
      }
      return bytes
    } catch let error as Unusable {
      throw error
    } catch {
      throw Unusable(reason: DisplayText.escape("\(error)"))
    }
  }

  private static func entries(of scan: LayerScan) -> [[UInt8]: Entry] {
    var entries: [[UInt8]: Entry] = [:]
    for index in scan.entries.indices {
      let entry = scan.entries[index]
      // Empty for what is no link.
      entries[Array(scan.entries.path(index))] = Entry(
        kind: entry.kind, size: entry.size, link: Array(scan.entries.link(index)),
        metadata: [Int64(entry.mode & 0o7777), Int64(entry.uid), Int64(entry.gid)])
    }
    return entries
  }

  /// Reads a table; both forms are one (stargz-snapshotter, docs/estargz.md).
  private static func entries(of table: [UInt8]) throws(Unusable) -> [[UInt8]: Entry] {
    let json: JSON
    do {
      json = try JSON.parse(
        SourceText(name: "the table", bytes: table),
        .init(duplicateKeys: .rejectFolded, maximumSize: maximumSize))
    } catch {
      throw Unusable(reason: DisplayText.escape("\(error)"))
    }
    var entries: [[UInt8]: Entry] = [:]
    for element in json["entries"]?.elements ?? [] {
      guard let name = element["name"]?.string, let type = element["type"]?.string else {
        throw Unusable(reason: "an entry has no name or type")
      }
      if type == "chunk" { continue }
      guard let kind = kind(type) else {
        throw Unusable(reason: "an entry is of the unknown type \(DisplayText.escape(type))")
      }
      let link = element["linkName"]?.string ?? ""
      let permissions = (element["mode"]?.integer).map { $0 & 0o7777 }
      var entry = Entry(
        kind: kind, metadata: [permissions, element["uid"]?.integer, element["gid"]?.integer])
      switch kind {
      case .regular: entry.size = element["size"]?.integer ?? 0
      case .symlink: entry.link = Array(link.utf8)
      case .hardlink: entry.link = clean(link)
      case .directory, .characterDevice, .blockDevice, .fifo: break
      }
      entries[clean(name)] = entry
    }
    return entries
  }

  private static func kind(_ type: String) -> LayerEntry.Kind? {
    switch type {
    case "reg": .regular
    case "dir": .directory
    case "symlink": .symlink
    case "hardlink": .hardlink
    case "char": .characterDevice
    case "block": .blockDevice
    case "fifo": .fifo
    default: nil
    }
  }

  private static func clean(_ name: String) -> [UInt8] {
    Array(
      name.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        .joined(separator: "/".utf8))
  }

  /// The first path, by its bytes, that one side tells otherwise. Parents may be left out of either.
  private static func firstDifference(_ table: [[UInt8]: Entry], _ tar: [[UInt8]: Entry])
    -> [UInt8]?
  {
    let own = ([file] + landmarks).map { Array($0.utf8) } + [[]]
    var different: [[UInt8]] = table.filter { path, entry in
      !own.contains(path) && tar[path].map(entry.agrees) != true
    }.map(\.key)
    different += tar.keys.filter { table[$0] == nil && !own.contains($0) }
    return different.filter { tar[$0] != nil || table[$0]?.kind != .directory }
      .filter { table[$0] != nil || tar[$0]?.kind != .directory }.min {
        $0.lexicographicallyPrecedes($1)
      }
  }
}
