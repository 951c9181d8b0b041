import ForgeBasics
import Foundation
import SystemPackage

/// Generated files beside what stands on the disk: what writing them would change.
public struct GenerationPlan: Sendable {
  /// How a generated file stands to what is on the disk.
  public enum State: String, Codable, Sendable {
    /// There is no such file.
    case missing
    /// The file holds exactly this.
    case current
    /// forge wrote the file, nobody edited it, and forge would write it differently now.
    case stale
    /// The file is not forge's, or was edited since, or is no ordinary file.
    case foreign
  }

  /// One generated file.
  public struct Entry: Sendable {
    /// The file as it would be written.
    public let file: GeneratedFile
    /// How it stands to what is on the disk.
    public let state: State
    /// From what is there to what would be written, for reading; empty when the file is current.
    public let diff: String
    /// Whether what is there has `# forge:keep` blocks that have no place in `file`.
    let losesBlocks: Bool

    init(file: GeneratedFile, state: State, diff: String, losesBlocks: Bool = false) {
      self.file = file
      self.state = state
      self.diff = diff
      self.losesBlocks = losesBlocks
    }

    /// Relative to the root.
    public var path: String { file.path }
  }

  /// The folder that the paths are relative to.
  public let root: String
  /// In the order of the files.
  public let entries: [Entry]

  /// Whether nothing would be written.
  public var isCurrent: Bool { entries.allSatisfy { $0.state == .current } }

  /// Compares `files` with the folder `root`. Reads only ordinary files, and follows no symbolic link.
  /// - Throws: `RecipeError.unwritable` for a file that is there but cannot be read.
  public init(files: [GeneratedFile], root: String) throws(RecipeError) {
    self.root = root
    var entries: [Entry] = []
    for file in files { entries.append(try Self.entry(file, root: root)) }
    self.entries = entries
  }

  /// Writes every file that is not current: first all beside their targets, then each is renamed into place. A
  /// symbolic link is replaced, never followed; so is a device.
  /// - Parameter force: Overwrite foreign files too; blocks that are kept are kept even then.
  /// - Returns: The entries that were written.
  /// - Throws: `RecipeError.foreignFiles` without `force`, `lostBlocks`, or `unwritable`; the files are then as they
  ///   were.
  @discardableResult
  public func write(force: Bool = false) throws(RecipeError) -> [Entry] {
    let lossy = entries.filter(\.losesBlocks)
    guard lossy.isEmpty else { throw .lostBlocks(lossy.map(\.path)) }
    let foreign = entries.filter { $0.state == .foreign }
    guard force || foreign.isEmpty else { throw .foreignFiles(foreign.map(\.file.path)) }
    let changed = entries.filter { $0.state != .current }
    var pending: [PendingFile] = []
    do {
      for entry in changed {
        let path = try checkedPath(of: entry.file)
        let target = try PendingFile(for: path, replacesDevices: true)
        pending.append(target)
        let output = try FileDescriptor.open(FilePath(target.temporaryPath), .writeOnly)
        _ = try output.closeAfter { try output.writeAll(Array(entry.file.contents.utf8)) }
      }
      while let next = pending.first {
        try next.commit()
        pending.removeFirst()
      }
    } catch {
      for file in pending { file.discard() }
      throw Self.unwritable(error, path: root)
    }
    return changed
  }

  private static func unwritable(_ error: any Error, path: String) -> RecipeError {
    switch error {
    case let error as RecipeError: error
    case let error as OutputError: .unwritable(path: error.path, reason: error.reason)
    default: .unwritable(path: path, reason: "\(error)")
    }
  }

  /// Where a file goes, if its folder really lies inside the root.
  private func checkedPath(of file: GeneratedFile) throws(RecipeError) -> String {
    let path = Self.join(root, file.path)
    let folder = FilePath(path).removingLastComponent().string
    guard let real = Self.realPath(folder.isEmpty ? "." : folder),
      let realRoot = Self.realPath(root)
    else {
      throw .unwritable(path: path, reason: "its folder does not exist")
    }
    guard real == realRoot || FilePath(real).starts(with: FilePath(realRoot)) else {
      throw .unwritable(path: path, reason: "its folder lies outside \(root)")
    }
    return path
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func join(_ root: String, _ path: String) -> String {
    FilePath(root).pushing(FilePath(path)).string
  }

  private static func entry(_ file: GeneratedFile, root: String) throws(RecipeError) -> Entry {
    let path = join(root, file.path)
    let found: Found
    do {
      found = try read(path)
    } catch {
      throw .unwritable(path: path, reason: "what is there cannot be read: \(error)")
    }
    switch found {
    case .nothing:
      return Entry(file: file, state: .missing, diff: diff("", file))
    case .notAFile(let what):
      return Entry(
        file: file, state: .foreign, diff: "\(DisplayText.escape(file.path)) is \(what)\n")
    case .file(let bytes):
      let old = String(decoding: bytes, as: UTF8.self)
      // A checkout with CRLF line ends is no edit.
      let kept = KeptBlocks(of: old.replacing("\r\n", with: "\n"))
      // Who put blank lines beside a block wants them there.
      let isAround =
        !kept.isEmpty && !old.contains("\r\n")
        && kept.origins.contains { $0.utf8.elementsEqual(file.contents.utf8) }
      if isAround || bytes.elementsEqual(file.contents.utf8) {
        return Entry(file: GeneratedFile(path: file.path, contents: old), state: .current, diff: "")
      }
      guard !kept.isOpen,
        let contents = kept.isEmpty ? file.contents : kept.inserted(into: file.contents)
      else {
        return Entry(file: file, state: .foreign, diff: diff(old, file), losesBlocks: true)
      }
      let file = GeneratedFile(path: file.path, contents: contents)
      return Entry(
        file: file, state: Stamp.isIntact(kept) ? .stale : .foreign, diff: diff(old, file))
    }
  }

  private static func diff(_ old: String, _ file: GeneratedFile) -> String {
    UnifiedDiff.between(old, file.contents, oldName: "a/\(file.path)", newName: "b/\(file.path)")
  }

  private enum Found {
    case nothing
    case notAFile(String)
    case file([UInt8])
  }

  /// Larger than any file that forge writes.
  private static let sizeLimit = 1 << 20

  private static func read(_ path: String) throws -> Found {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return .nothing }
      throw Errno(rawValue: errno)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFLNK: return .notAFile("a symbolic link")
    case S_IFDIR: return .notAFile("a folder")
    default: return .notAFile("no ordinary file")
    }
    guard status.st_size <= sizeLimit else { return .notAFile("larger than \(sizeLimit) bytes") }
    let file = try FileDescriptor.open(
      FilePath(path), .readOnly, options: [.noFollow, .nonBlocking])
    return try file.closeAfter {
      var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
      let count = try bytes.withUnsafeMutableBytes { buffer in
        var filled = 0
        while filled < buffer.count {
          let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
          if read == 0 { break }
          filled += read
        }
        return filled
      }
      return .file(Array(bytes[..<count]))
    }
  }
}
