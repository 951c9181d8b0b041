import ForgeBasics
import ForgeLayers
import Foundation

/// Writes the files of an archive as an OCI layout folder, which appears whole or not at all.
enum LayoutFolderWriter {
  /// Only an empty folder gives way.
  static func check(_ output: String) throws(OutputError) {
    let manager = FileManager.default
    guard manager.fileExists(atPath: output) else { return }
    guard let names = try? manager.contentsOfDirectory(atPath: output) else {
      throw OutputError(path: output, reason: "it is a file, and an OCI layout is a folder")
    }
    guard names.isEmpty else {
      throw OutputError(path: output, reason: "it is a folder with something in it")
    }
  }

  static func write(_ archive: Blob, to output: String) throws {
    let target = URL(fileURLWithPath: output)
    let parent = target.deletingLastPathComponent()
    let manager = FileManager.default
    try check(output)
    // All bytes are on disk, in files without names, before the first name appears.
    let directory = try TarDirectory(archive, name: "the archive")
    var files: [(name: String, file: ScratchFile)] = []
    for member in directory.members where member.kind == .regular {
      let file = try ScratchFile(in: parent.path)
      try member.data.forEachPiece(name: "the archive") { try file.append($0) }
      try file.sync()
      files.append((String(decoding: member.path, as: UTF8.self), file))
    }
    let hidden = parent.appending(
      path:
        ".\(target.lastPathComponent).forge-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
    )
    do {
      for (name, file) in files {
        let path = hidden.appending(path: name)
        try manager.createDirectory(
          at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.commit(to: path.path)
      }
      guard rename(hidden.path, output) == 0 else {
        throw OutputError(path: output, reason: String(cString: strerror(errno)))
      }
    } catch {
      try? manager.removeItem(at: hidden)
      throw error
    }
  }
}
