import ForgeBasics

/// A member of an archive whose data is left where it stands.
package struct TarMember: Sendable {
  package enum Kind: Sendable {
    case regular, directory, symlink, hardlink, device, sparse
  }

  /// Without `./`, leading, doubled and trailing slashes; empty for the root.
  package let path: [UInt8]
  package let kind: Kind
  /// Target of a symlink, as it stands; clean path of a hardlink's target.
  package let link: [UInt8]
  package let data: LayerSource
}

/// The members of a tar archive that holds an image, found by one walk over its headers.
///
/// Stricter than the reader of layers: an archive is written by few programs, so whatever readers could disagree about
/// is an error. It must end with its marker, two blocks of zeros, since one that was cut off between two members
/// is else a smaller archive.
package struct TarDirectory: Sendable {
  package let members: [TarMember]
  /// Whether bytes other than zero follow the end marker.
  package let hasDataAfterEnd: Bool

  /// Ten thousand images of several layers stay below it.
  package static let maximumMembers = 1 << 16
  /// Bytes of all names.
  package static let maximumNames = 64 << 20

  /// Finds the members of an archive that can be read at offsets.
  package init(_ blob: Blob, name: String, limits: LayerLimits = LayerLimits()) throws(LayerError) {
    try self.init(StoredArchive(blob, name: name), name: name, limits: limits)
  }

  /// Reads an archive to its end, from wherever its bytes come.
  package init(
    _ bytes: any ArchiveBytes, name: String, limits: LayerLimits = LayerLimits()
  ) throws(LayerError) {
    var walk = TarWalk(bytes, name: name, limits: limits)
    members = try walk.members()
    hasDataAfterEnd = try bytes.hasDataAfterEnd()
  }
}

private struct TarWalk {
  private let archive: any ArchiveBytes
  private let name: String
  private var found: [TarMember] = []
  private var nameBytes = 0
  private let limits: LayerLimits

  /// What extension headers say about the member that follows.
  private struct Extensions {
    var pax: PaxRecords?
    var longName: [UInt8]?
    var longLink: [UInt8]?
    var isEmpty: Bool { pax == nil && longName == nil && longLink == nil }
  }

  init(_ archive: any ArchiveBytes, name: String, limits: LayerLimits) {
    self.archive = archive
    self.name = name
    self.limits = limits
  }

  mutating func members() throws(LayerError) -> [TarMember] {
    var extensions = Extensions()
    while true {
      let start = archive.offset
      var place = "its headers"
      if found.isEmpty { place = "its first header" }
      let bytes = try block(within: place)
      let isEnd = bytes.withUnsafeBytes { TarBlock(bytes: $0).isZero }
      if isEnd {
        guard extensions.isEmpty else {
          throw malformed(start, "an extension header has no member")
        }
        let second = try block(within: "its end marker")
        guard second.allSatisfy({ $0 == 0 }) else {
          throw malformed(start, "a single block of zeros")
        }
        return found
      }
      guard bytes.withUnsafeBytes({ TarBlock(bytes: $0).isSound }) else {
        if start == 0 { throw .notALayer(layer: name) }
        throw malformed(start, "the header's checksum is wrong")
      }
      try member(bytes, at: start, &extensions)
    }
  }

  /// Reads one header and skips what belongs to it.
  private mutating func member(
    _ bytes: [UInt8], at start: Int64, _ extensions: inout Extensions
  ) throws(LayerError) {
    let (type, size, rawName, rawLink) = bytes.withUnsafeBytes { buffer in
      let block = TarBlock(bytes: buffer)
      return (block.type, block.number(124, 12), block.name, Array(block.text(157, 100)))
    }
    guard let size, size >= 0 else { throw malformed(start, "the size is not a number") }
    switch type {
    case UInt8(ascii: "x"):
      guard extensions.pax == nil else { throw malformed(start, "two PAX headers for one member") }
      extensions.pax = try records(size, at: start)
    case UInt8(ascii: "g"):
      guard try !records(size, at: start).changesEntries else {
        throw malformed(start, "a global PAX header renames or resizes members")
      }
    case UInt8(ascii: "L"):
      guard extensions.longName == nil else {
        throw malformed(start, "two long names for one member")
      }
      extensions.longName = Array(try header(size, at: start).prefix { $0 != 0 })
    case UInt8(ascii: "K"):
      guard extensions.longLink == nil else {
        throw malformed(start, "two long links for one member")
      }
      extensions.longLink = Array(try header(size, at: start).prefix { $0 != 0 })
    default:
      let (pax, longName, longLink) = (extensions.pax, extensions.longName, extensions.longLink)
      extensions = Extensions()
      guard pax?.path == nil || longName == nil, pax?.linkPath == nil || longLink == nil else {
        throw malformed(start, "both a PAX and a GNU header name the member")
      }
      // A size that fits no ustar field is 0 there.
      if let other = pax?.size, size != 0, other != size {
        throw malformed(start, "the headers declare two sizes, \(size) and \(other)")
      }
      try add(
        type: type, name: pax?.path ?? longName ?? rawName,
        link: pax?.linkPath ?? longLink ?? rawLink,
        size: pax?.size ?? size, isSparse: pax?.sparse.isUsed ?? false, at: start)
    }
  }

  private mutating func add(
    type: UInt8, name rawName: [UInt8], link: [UInt8], size: Int64, isSparse: Bool, at start: Int64
  ) throws(LayerError) {
    var kind: TarMember.Kind
    switch type {
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
      kind = .regular
      if isSparse { kind = .sparse }
    case UInt8(ascii: "1"): kind = .hardlink
    case UInt8(ascii: "2"): kind = .symlink
    case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): kind = .device
    case UInt8(ascii: "5"): kind = .directory
    default: throw malformed(start, "a member of an unknown type", path: rawName)
    }
    // Writers before ustar marked a folder by its name.
    if kind == .regular, rawName.last == UInt8(ascii: "/") { kind = .directory }
    guard size == 0 || kind == .regular || kind == .sparse else {
      throw malformed(start, "a member without data declares a size", path: rawName)
    }
    let path = try clean(rawName, at: start)
    let target =
      switch kind {
      case .hardlink: try clean(link, at: start)
      case .symlink: link
      case .regular, .directory, .device, .sparse: [UInt8]()
      }
    nameBytes += path.count + target.count
    guard found.count < TarDirectory.maximumMembers, nameBytes <= TarDirectory.maximumNames else {
      throw .overLimit(
        layer: name, path: path, limit: .members,
        reason: "it has more than \(TarDirectory.maximumMembers) members")
    }
    found.append(
      TarMember(path: path, kind: kind, link: target, data: try archive.member(path, size: size)))
  }

  private func clean(_ raw: [UInt8], at start: Int64) throws(LayerError) -> [UInt8] {
    guard raw.count <= limits.path else {
      throw .overLimit(
        layer: name, path: raw, limit: .path, reason: "a name is longer than \(limits.path) bytes")
    }
    var path: [UInt8] = []
    do {
      guard try !TarPath.clean(raw, into: &path) else {
        throw malformed(start, "the name holds `..`", path: raw)
      }
    } catch let error as LayerError {
      throw error
    } catch {
      throw malformed(start, "the name leaves the archive or holds a NUL byte", path: raw)
    }
    return path
  }

  private func records(_ size: Int64, at start: Int64) throws(LayerError) -> PaxRecords {
    let bytes = try header(size, at: start)
    do {
      return try PaxRecords(bytes)
    } catch {
      throw malformed(start, error.reason)
    }
  }

  /// The data of an extension header.
  private func header(_ size: Int64, at start: Int64) throws(LayerError) -> [UInt8] {
    guard size <= limits.header else {
      throw .overLimit(
        layer: name, path: [], limit: .header,
        reason: "an extension header is longer than \(limits.header) bytes")
    }
    let bytes = try archive.read(TarBlock.padded(size), within: "an extension header")
    return Array(bytes.prefix(Int(size)))
  }

  private func block(within part: String) throws(LayerError) -> [UInt8] {
    try archive.read(Int64(TarBlock.size), within: part)
  }

  private func malformed(_ start: Int64, _ reason: String, path: [UInt8] = []) -> LayerError {
    .malformed(layer: name, offset: start, path: path, reason: reason)
  }
}

extension PaxRecords.Sparse {
  fileprivate var isUsed: Bool { !major.isEmpty || name != nil || realSize != nil || map != nil }
}
