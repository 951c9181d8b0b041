import ForgeBasics
import ForgeFindings
import Foundation

/// The files of a project, found in one bounded walk. Paths are relative to the root, with `/`; sorted.
package struct ProjectTree: Sendable {
  /// The analysed folder, as the user named it.
  package let root: String
  /// Regular files (and symbolic links to regular files inside the root), sorted by bytes.
  package let files: [String]
  /// Folders, sorted; the root is `.` and not listed.
  package let folders: [String]
  /// What the walk had to leave out.
  package let findings: [Finding]
  /// The folders that hold a manifest of the Node.js world; sorted.
  package let packageFolders: [String]
  private let fileSet: Set<String>
  private let folderSet: Set<String>

  package init(root: String, files: [String], folders: [String], findings: [Finding]) {
    self.root = root
    self.files = files
    self.folders = folders
    self.findings = findings
    packageFolders = Set(files.filter(Self.isPackageManifest).map(Self.parent)).sorted(
      by: Self.precedes)
    fileSet = Set(files)
    folderSet = Set(folders)
  }

  /// Whether a regular file is at the path, relative to the root.
  package func hasFile(_ path: String) -> Bool { fileSet.contains(path) }

  /// Whether a folder that the walk entered is at the path.
  package func hasFolder(_ path: String) -> Bool { path == "." || folderSet.contains(path) }

  /// The files of a folder and of all folders below it, sorted.
  package func files(below folder: String) -> ArraySlice<String> {
    guard folder != "." else { return files[...] }
    // `/` sorts before `0`: what starts with `folder/` lies between the two.
    let first = files.partitioningIndex { !Self.precedes($0, folder + "/") }
    let last = files.partitioningIndex { !Self.precedes($0, folder + "0") }
    return files[first..<max(first, last)]
  }

  /// The names of the files that lie in the folder itself, sorted.
  package func names(in folder: String) -> [String] {
    let prefix = Self.join(folder, "")
    return files(below: folder).compactMap { path in
      let name = path.utf8.dropFirst(prefix.utf8.count)
      guard !name.contains(UInt8(ascii: "/")) else { return nil }
      return String(name)
    }
  }

  private static func isPackageManifest(_ path: String) -> Bool {
    path.hasSuffix("package.json") && (path.utf8.count == 12 || path.hasSuffix("/package.json"))
      || path.hasSuffix("package.json5")
        && (path.utf8.count == 13 || path.hasSuffix("/package.json5"))
  }

  /// Joins a folder (`.` for the root) and a name.
  package static func join(_ folder: String, _ name: String) -> String {
    ProjectPath.join(folder, name)
  }

  /// The folder of a path; `.` for what lies in the root, and for the root itself.
  package static func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// A folder and all above it, up to the root.
  package static func foldersUpwards(from folder: String) -> [String] {
    var found = [folder]
    var current = folder
    while current != "." {
      current = parent(current)
      found.append(current)
    }
    return found
  }

  /// The last component of a path.
  package static func name(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  package static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}

// MARK: - Reading

extension ProjectTree {
  /// The most that is read of a manifest or lockfile, in bytes. The largest lockfiles of monorepos have about 10 MB.
  package static let maximumFileSize = 32 << 20
  /// The most that is read of a source file; what is larger is a bundle that nobody wrote.
  package static let maximumSourceSize = 2 << 20

  /// The text of a file; nil when it is not there, not readable or larger than the limit.
  package func source(_ path: String) -> SourceText? {
    try? read(path, limit: Self.maximumFileSize)
  }

  /// The text of a file; nil when it is not there.
  /// - Throws: `AnalysisError` when it is there and cannot be read whole.
  package func read(_ path: String, limit: Int = maximumFileSize) throws(AnalysisError)
    -> SourceText?
  {
    try bytes(path, limit: limit).map { SourceText(name: path, bytes: $0) }
  }

  /// The bytes of a file; nil when it is not there. Only what the walk found is ever opened.
  package func bytes(_ path: String, limit: Int = maximumFileSize) throws(AnalysisError) -> [UInt8]?
  {
    guard hasFile(path) else { return nil }
    // Not blocking, so that a pipe that took the file's place since the walk cannot hang the analysis.
    let file = open(root + "/" + path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(path: path, reason: Self.reason(errno)) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "not a regular file")
    }
    guard status.st_size <= limit else { throw .tooLarge(path: path, limit: limit) }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count, let base = buffer.baseAddress {
        let got = Foundation.read(file, base + count, buffer.count - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failure == 0 else { throw .unreadable(path: path, reason: Self.reason(failure)) }
    return bytes
  }

  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `belongs`, in a collection where all that do stand at the end.
  package func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
