import ForgeBasics
import Foundation

extension Optimizer {
  /// Refuses outputs that would replace what is read, or each other, or lie in each other.
  /// - Parameters:
  ///   - outputs: files and folders that will be written.
  ///   - inputs: archives and layout folders that are read.
  /// - Throws: a usage error that names both.
  public static func checkOutputs(_ outputs: [String], inputs: [String]) throws {
    guard !outputs.contains("-") else {
      throw OptimizerError.usage("what is written is read again, which standard output cannot be: name a file")
    }
    let places = outputs.map(OutputPlace.init)
    for (index, place) in places.enumerated() where !place.isDevice {
      for input in inputs where place.touches(OutputPlace(input)) {
        throw OptimizerError.usage(
          "\(DisplayText.escape(outputs[index])) is an input, or in one, and inputs are never modified; choose another file"
        )
      }
      if let other = places.firstIndex(where: { place.isInside($0) }) {
        throw OptimizerError.usage(
          "\(DisplayText.escape(outputs[index])) lies in \(DisplayText.escape(outputs[other])), which is written as a whole; "
            + "choose another file")
      }
      if let other = places[..<index].firstIndex(where: { $0.isSame(place) }) {
        throw OptimizerError.usage(
          "\(DisplayText.escape(outputs[other])) and \(DisplayText.escape(outputs[index])) would replace each other; "
            + "choose two files")
      }
    }
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
