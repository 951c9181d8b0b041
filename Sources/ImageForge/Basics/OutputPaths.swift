import Foundation

/// An output that would replace what is read, or another output.
public struct OutputPathError: ForgeError, Equatable {
  public let description: String
  public var exitCode: ExitCode { .usage }
}

/// What is to be known of outputs before the work for them begins.
public enum OutputPaths {
  /// Refuses outputs that would replace what is read, or each other, or lie in each other.
  /// - Parameters:
  ///   - outputs: files and folders that will be written.
  ///   - inputs: files, and folders that are read as a whole; `-` is standard input.
  /// - Throws: a usage error that names both.
  public static func check(_ outputs: [String], inputs: [String]) throws(OutputPathError) {
    let places = outputs.map(OutputPlace.init)
    let read = inputs.map { OutputPlace($0 == "-" ? "/dev/stdin" : $0) }
    for (index, place) in places.enumerated() where !place.isDevice {
      let name = DisplayText.escape(outputs[index])
      guard !read.contains(where: place.touches) else {
        throw OutputPathError(
          description:
            "\(name) is an input, or in one, and inputs are never modified; choose another file")
      }
      if let other = places.firstIndex(where: place.isInside) {
        throw OutputPathError(
          description:
            "\(name) lies in \(DisplayText.escape(outputs[other])), which is written as a whole; "
            + "choose another file")
      }
      if let other = places[..<index].firstIndex(where: place.isSame) {
        throw OutputPathError(
          description:
            "\(DisplayText.escape(outputs[other])) and \(name) would replace each other; "
            + "choose two files")
      }
    }
  }

  /// Whether the path leads to a file in the folder or below it.
  package static func isFile(_ path: String, below folder: String) -> Bool {
    let place = OutputPlace(path)
    return place.isFile && place.isInside(OutputPlace(folder))
  }
}

/// Where a path leads, whether or not there is something yet.
private struct OutputPlace {
  /// Absolute, without symbolic links but for the last component of what is not there.
  private var path: String
  private var identity: stat?

  init(_ path: String) {
    var info = stat()
    if stat(path, &info) == 0 { identity = info }
    if let real = Self.real(path) {
      self.path = real
    } else {
      let url = URL(fileURLWithPath: path)
      let folder = url.deletingLastPathComponent().path
      self.path = (Self.real(folder) ?? folder) + "/" + url.lastPathComponent
    }
  }

  /// Neither file nor folder: writing replaces nothing.
  var isDevice: Bool {
    guard let mode = identity?.st_mode else { return false }
    return mode & S_IFMT != S_IFREG && mode & S_IFMT != S_IFDIR
  }

  var isFile: Bool { (identity?.st_mode ?? 0) & S_IFMT == S_IFREG }

  func isSame(_ other: Self) -> Bool {
    if path == other.path { return true }
    guard let a = identity, let b = other.identity else { return false }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino
  }

  /// Whether it is the other one, or a file in that folder.
  func touches(_ input: Self) -> Bool { isSame(input) || isInside(input) }

  func isInside(_ other: Self) -> Bool { path.hasPrefix(other.path + "/") }

  private static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(validatingCString: real)
  }
}
