import Foundation

/// Settings that are there and cannot count.
package struct SettingsFileError: ForgeError, Equatable {
  /// The file, as people find it from the current folder.
  package let path: String
  package let reason: String

  package var exitCode: ExitCode { .usage }
  package var description: String { "\(DisplayText.escape(path)): \(reason)" }
}

extension SettingsFile {
  /// The settings that are in force for a folder: those in it, or else the nearest above it in its repository.
  /// - Returns: the path from the current folder; nil where there are none.
  /// - Throws: for a link that leads nowhere or out of the repository, and for a name that nothing reads: who wrote it
  ///   believes that it counts.
  package static func find(in folder: String) throws(SettingsFileError) -> String? {
    let top = repository(of: folder)
    var place = folder == "." ? "" : folder.hasSuffix("/") ? folder : folder + "/"
    var current = realPath(folder.isEmpty ? "." : folder) ?? folder
    while true {
      let path = place + name
      if isThere(path) {
        try check(path, isIn: top ?? current)
        return path
      }
      if let other = mistaken.first(where: { isThere(place + $0) }) {
        throw SettingsFileError(
          path: place + other, reason: "nothing reads a file of this name; call it \(name)")
      }
      guard let top, current != top, current != "/" else { return nil }
      current = (current as NSString).deletingLastPathComponent
      place += "../"
    }
  }

  /// The folder of the repository that holds a folder or file, links followed; nil where none does.
  package static func repository(of path: String) -> String? {
    guard var current = realPath(path.isEmpty ? "." : path) else { return nil }
    while true {
      if isThere(current == "/" ? "/.git" : current + "/.git") { return current }
      if current == "/" { return nil }
      current = (current as NSString).deletingLastPathComponent
    }
  }

  /// Whether a path, links followed, lies in a folder.
  package static func lies(_ path: String, in folder: String) -> Bool {
    guard let real = realPath(path) else { return false }
    return folder == "/" || real == folder || real.hasPrefix(folder + "/")
  }

  /// A path with all links followed; nil where nothing is there.
  package static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  private static func isThere(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func check(_ path: String, isIn folder: String) throws(SettingsFileError) {
    guard realPath(path) != nil else {
      throw SettingsFileError(path: path, reason: "is a link that leads nowhere; mend or remove it")
    }
    guard lies(path, in: folder) else {
      throw SettingsFileError(
        path: path,
        reason: "is a link out of the repository; name the file that it leads to with --policy")
    }
  }
}
