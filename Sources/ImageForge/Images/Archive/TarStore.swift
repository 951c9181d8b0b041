import ForgeBasics
import ForgeFindings
import ForgeLayers

/// The files of an archive, by name: one walk over its headers, no copy. Links are followed inside the archive only.
struct TarStore: NamedFiles {
  let source: String
  let limits: LayerLimits
  let notes: [Finding]
  let layoutForm = Image.Form.ociArchive
  private let members: [[UInt8]: TarMember]

  /// An archive that can be read at offsets.
  init(_ blob: Blob, source: String, limits: LayerLimits) throws(ImageError) {
    let directory = try Self.read(source) { () throws(LayerError) in
      try TarDirectory(blob, name: "the archive", limits: limits)
    }
    try self.init(directory, source, limits)
  }

  /// An archive that can be read once only: its layers are read here.
  init(_ archive: StreamedArchive, source: String, limits: LayerLimits) throws(ImageError) {
    // Nothing is read on that does not even start like a tar.
    let start = try Self.read(source) { () throws(LayerError) in try archive.firstBlock() }
    guard archive.compression == .none || TarBlock.isHeader(start) else {
      throw ImageError(.notAnImage, source: source, "what is compressed in it is not a tar archive")
    }
    let directory = try Self.read(source) { () throws(LayerError) in
      try TarDirectory(archive, name: "the archive", limits: limits)
    }
    try self.init(directory, source, limits)
  }

  private static let dataAfterEnd = Finding.archive(
    "FORGE-A102", "the archive holds data after its end, which engines do not see",
    fix: "make the archive again; do not join archives")

  private static func read<Value>(
    _ source: String, _ body: () throws(LayerError) -> Value
  ) throws(ImageError) -> Value {
    do {
      return try body()
    } catch {
      throw ImageError(error, source: source)
    }
  }

  /// - Throws: `ImageError` when readers could disagree on what a name is.
  private init(_ directory: TarDirectory, _ source: String, _ limits: LayerLimits)
    throws(ImageError)
  {
    self.source = source
    self.limits = limits
    var members: [[UInt8]: TarMember] = [:]
    members.reserveCapacity(directory.members.count)
    for member in directory.members where !member.path.isEmpty {
      guard let earlier = members.updateValue(member, forKey: member.path) else { continue }
      // Some tools store a layer once for each image that has it: the same bytes are the same to every reader.
      guard try Self.isSame(earlier, member, source) else {
        throw ImageError(
          .ambiguous, source: source,
          "\(DisplayText.escape(member.path)) stands twice in the archive")
      }
    }
    try Self.checkParents(members, source: source)
    self.members = members
    notes = if directory.hasDataAfterEnd { [Self.dataAfterEnd] } else { [] }
  }

  private static func isSame(_ a: TarMember, _ b: TarMember, _ source: String) throws(ImageError)
    -> Bool
  {
    guard a.kind == b.kind else { return false }
    switch a.kind {
    case .directory: return true
    case .regular:
      return try read(source) { () throws(LayerError) in try a.data.hasSameBytes(as: b.data) }
    case .symlink, .hardlink: return a.link == b.link
    case .sparse, .device: return false
    }
  }

  /// What unpacks below a link lands elsewhere: an engine that unpacks would not see what a reader of names sees.
  private static func checkParents(_ members: [[UInt8]: TarMember], source: String)
    throws(ImageError)
  {
    let slash = UInt8(ascii: "/")
    // With the slash as the lowest byte, the first name below a name follows it at once.
    let names = members.keys.sorted { a, b in
      a.lexicographicallyPrecedes(b) { $0 != $1 && ($0 == slash || ($1 != slash && $0 < $1)) }
    }
    for (name, next) in zip(names, names.dropFirst())
    where next.count > name.count && next[name.count] == slash && next.starts(with: name)
      && members[name]?.kind != .directory
    {
      throw ImageError(
        .ambiguous, source: source,
        "\(DisplayText.escape(next)) stands below \(DisplayText.escape(name)), which is not a folder"
      )
    }
  }

  func file(_ path: String) throws(ImageError) -> StoredFile? {
    var name = Array(path.utf8)
    for _ in 0..<40 {
      guard let member = members[name] else { return nil }
      switch member.kind {
      case .regular:
        return StoredFile(path: String(decoding: name, as: UTF8.self), content: member.data)
      case .hardlink: name = member.link
      case .symlink:
        let folder = name.lastIndex(of: UInt8(ascii: "/")).map { name[...$0] } ?? []
        guard let target = Self.resolve(folder + member.link), !member.link.starts(with: "/".utf8)
        else {
          throw failure(path, "is a link out of the archive")
        }
        name = target
      case .directory: throw failure(path, "is a folder, not a file")
      case .sparse: throw failure(path, "is a sparse file", .unsupported)
      case .device: throw failure(path, "is a device or pipe, not a file")
      }
    }
    throw failure(path, "is a link that leads in a circle")
  }

  /// Takes `.` and `..` away; nil when the path leaves the archive.
  private static func resolve(_ path: some Collection<UInt8>) -> [UInt8]? {
    var parts: [ArraySlice<UInt8>] = []
    for part in Array(path).split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8)
    {
      if part.elementsEqual("..".utf8) {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(part)
      }
    }
    return Array(parts.joined(separator: "/".utf8))
  }

  private func failure(_ path: String, _ reason: String, _ kind: ImageError.Kind = .malformed)
    -> ImageError
  {
    ImageError(kind, source: source, "\(DisplayText.escape(path)) \(reason)")
  }
}

extension ImageError {
  /// What the reader of tars and compressions says about a whole archive.
  init(_ error: LayerError, source: String) {
    let kind: Kind =
      switch error {
      case .unreadable: .unreadable
      case .notALayer: .notAnImage
      case .truncated: .truncated
      case .corrupt, .malformed: .malformed
      case .overLimit: .tooLarge
      case .mismatch: .mismatch
      }
    if case .notALayer = error {
      self.init(kind, source: source, "it is neither a tar archive nor one wrapped in gzip or zstd")
    } else {
      self.init(kind, source: source, error.problem, advice: error.remedy)
    }
  }
}
