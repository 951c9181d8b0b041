import ForgeBasics
import ForgeInspection
import ForgeLayers
import Foundation

/// A folder of an OCI layout, which appears whole or not at all (image-spec, image-layout.md).
package struct LayoutFolderDestination: ImageDestination {
  package let path: String

  package init(path: String) { self.path = path }

  /// Only an empty folder gives way.
  package func check() throws {
    let manager = FileManager.default
    guard manager.fileExists(atPath: path) else { return }
    guard let names = try? manager.contentsOfDirectory(atPath: path) else {
      throw OutputError(path: path, reason: "it is a file, and an OCI layout is a folder")
    }
    guard names.isEmpty else {
      throw OutputError(path: path, reason: "it is a folder with something in it")
    }
  }

  package func commit(_ archive: WrittenArchive) throws {
    try check()
    let target = URL(fileURLWithPath: path)
    let parent = target.deletingLastPathComponent()
    // All bytes are on disk, in files without names, before the first name appears.
    let files = try Self.unpack(archive.blob, in: parent)
    let hidden = parent.appending(path: ".\(target.lastPathComponent).forge-\(randomSuffix())")
    let manager = FileManager.default
    do {
      for (name, file) in files {
        let place = hidden.appending(path: name)
        try manager.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.commit(to: place.path)
      }
      guard rename(hidden.path, path) == 0 else {
        throw OutputError(path: path, reason: String(cString: strerror(errno)))
      }
    } catch {
      try? manager.removeItem(at: hidden)
      throw error
    }
  }

  private static func unpack(
    _ archive: Blob, in folder: URL
  ) throws -> [(name: String, file: ScratchFile)] {
    try TarDirectory(archive, name: "the archive").members.filter { $0.kind == .regular }.map {
      let file = try ScratchFile(in: folder.path)
      try $0.data.forEachPiece(name: "the archive") { try file.append($0) }
      try file.sync()
      return (String(decoding: $0.path, as: UTF8.self), file)
    }
  }
}
