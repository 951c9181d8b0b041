import ForgeBasics
import ForgeDockerignore
import Foundation

/// The folder that a builder gets, seen as the builder sees it: without what the ignore file leaves out. Folders are
/// listed when they are asked for; nothing outside the folder is ever looked at.
package final class BuildContext {
  package enum Kind: Sendable { case file, folder, link }

  package struct Entry: Sendable {
    package let name: String
    package let kind: Kind
  }

  /// As the user named it.
  package let root: String
  private let realRoot: String
  private var listings: [String: [Entry]] = [:]
  /// How many entries may yet be listed: a hostile or huge folder must not take forever.
  private var budget: Int

  /// - Throws: `LintError` when there is no such folder.
  package init(_ root: String, budget: Int = 1_000_000) throws(LintError) {
    var status = stat()
    guard stat(root, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      let real = Self.resolve(root)
    else {
      throw .noFolder(root)
    }
    self.root = root
    realRoot = real
    self.budget = budget
  }

  /// Whether the bound of listed entries was reached, so that answers may be incomplete.
  package var isIncomplete: Bool { budget <= 0 }

  /// What is at a path relative to the root; nil for nothing, for what is neither file, folder nor link, and for what
  /// links lead out of the root.
  package func kind(_ path: String) -> Kind? {
    guard path != "." else { return .folder }
    guard !path.contains("\0"), !path.hasPrefix("../"), path != ".." else { return nil }
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) }
    if let parent {
      guard let real = Self.resolve("\(realRoot)/\(parent)"),
        real == realRoot || real.hasPrefix(realRoot + "/")
      else {
        return nil
      }
    }
    var status = stat()
    guard lstat("\(realRoot)/\(path)", &status) == 0 else { return nil }
    return Self.kind(status.st_mode)
  }

  /// What a file or link of the folder weighs, in bytes; 0 for what is not there.
  package func size(_ path: String) -> Int64 {
    var status = stat()
    guard kind(path) != nil, lstat("\(realRoot)/\(path)", &status) == 0 else { return 0 }
    return Int64(status.st_size)
  }

  /// The entries of a folder, sorted by bytes; empty when it cannot be read. Names that are not UTF-8 are left out.
  package func entries(of folder: String) -> [Entry] {
    if let known = listings[folder] { return known }
    guard budget > 0, kind(folder) == .folder,
      let stream = opendir(folder == "." ? realRoot : "\(realRoot)/\(folder)")
    else { return [] }
    defer { closedir(stream) }
    var found: [Entry] = []
    while budget > 0, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(validating: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name, name != ".", name != ".." else { continue }
      budget -= 1
      if let kind = kind(folder == "." ? name : "\(folder)/\(name)") {
        found.append(Entry(name: name, kind: kind))
      }
    }
    found.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    listings[folder] = found
    return found
  }

  /// The first path for which `isWanted` holds, in a walk below `folder` in sorted order, parents first.
  /// - Parameter enters: which folders are looked into.
  package func first(
    below folder: String, depth: Int = 64, enters: (String) -> Bool = { _ in true },
    where isWanted: (String, Kind) -> Bool
  ) -> String? {
    for entry in entries(of: folder) {
      let path = folder == "." ? entry.name : "\(folder)/\(entry.name)"
      if isWanted(path, entry.kind) { return path }
      guard entry.kind == .folder, depth > 0, enters(path) else { continue }
      if let found = first(below: path, depth: depth - 1, enters: enters, where: isWanted) {
        return found
      }
    }
    return nil
  }

  /// Whether the builder gets the path at all: it is not ignored, or something below it is kept.
  package func survives(_ path: String, _ ignore: Dockerignore) -> Bool {
    if path != ".", !ignore.ignores(path) { return true }
    let enters: (String) -> Bool = { !ignore.ignores($0) || ignore.mayKeep(below: $0) }
    guard path == "." || (kind(path) == .folder && enters(path)) else { return false }
    return first(below: path, enters: enters) { path, _ in !ignore.ignores(path) } != nil
  }

  /// The paths that match a source with wildcards. Only folders that the pattern's literal start allows are listed.
  package func matches(_ pattern: String, limit: Int = 1_000) throws(BadPattern) -> [String] {
    let parts = pattern.split(separator: "/").map(String.init)
    var globs: [GoGlob?] = []
    for part in parts {
      globs.append(GoGlob.isGlob(part) || part.contains("\\") ? try GoGlob(part) : nil)
    }
    var found: [String] = []
    func visit(_ folder: String, _ index: Int) {
      guard index < parts.count, found.count < limit else { return }
      let isLast = index == parts.count - 1
      func take(_ name: String, _ kind: Kind) {
        let path = folder == "." ? name : "\(folder)/\(name)"
        if isLast { found.append(path) } else if kind == .folder { visit(path, index + 1) }
      }
      if let glob = globs[index] {
        for entry in entries(of: folder) where glob.matches(entry.name) {
          take(entry.name, entry.kind)
        }
      } else if let kind = kind(folder == "." ? parts[index] : "\(folder)/\(parts[index])") {
        take(parts[index], kind)
      }
    }
    visit(".", 0)
    return found
  }

  /// The text of a file of the context.
  package func read(_ path: String, limit: Int) -> SourceText? {
    guard kind(path) != nil else { return nil }
    let bytes = try? BoundedFile.read("\(realRoot)/\(path)", limit: limit)
    return bytes.map { SourceText(name: path, bytes: $0) }
  }

  /// Whether a file begins as the archives do that ADD unpacks.
  func isArchive(_ path: String) -> Bool {
    guard kind(path) != nil, let file = FileHandle(forReadingAtPath: "\(realRoot)/\(path)"),
      let start = try? file.read(upToCount: 512)
    else { return true }
    let marks: [[UInt8]] = [
      [0x1f, 0x8b], Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a], [0x28, 0xb5, 0x2f, 0xfd],
    ]
    if marks.contains(where: start.starts) { return true }
    return start.count > 262 && start.dropFirst(257).starts(with: "ustar".utf8)
  }

  private static func kind(_ mode: mode_t) -> Kind? {
    switch mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: nil
    }
  }

  static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}
