import ForgeBasics
import ForgeCodebase
import ForgeDockerignore
import ForgeEngines
import ForgeLint
import Foundation

extension BuildRecipe {
  /// The folder and the Dockerfile that docker's classic builder gets. It reads no ignore file but `.dockerignore` of the
  /// folder: unless that one counts, and the Dockerfile lies there too, the folder is a copy in the scratch folder,
  /// without what is left out.
  /// - Throws: `ProjectBuildError.context`, or `EngineError.interrupted`.
  func classic(_ scratch: ScratchFolder) throws -> (context: String, dockerfile: String) {
    if let ownDockerfile { return (context, ownDockerfile) }
    let folder = scratch.file("context")
    let ignore: Dockerignore
    do {
      ignore = try Dockerignore(ignoreFile)
    } catch {
      throw ProjectBuildError.context(context, reason: "its ignore file: \(error)")
    }
    let copy = ContextCopy(source: try BuildContext(context), ignore: ignore, target: folder)
    try copy.make()
    try FileManager.default.copyItem(
      atPath: dockerfile, toPath: folder + "/" + ContextCopy.dockerfile)
    // The builder takes both from the folder before the first step.
    try AtomicFile.write(
      ".dockerignore\n\(ContextCopy.dockerfile)\n".utf8, to: folder + "/.dockerignore")
    return (folder, folder + "/" + ContextCopy.dockerfile)
  }
}

/// A copy of a build context as its builder may see it: links stay links, modes and times are kept. Names that are not
/// UTF-8, and what is neither file, folder nor link, are left out.
private struct ContextCopy {
  static let dockerfile = ".forge.Dockerfile"

  let source: BuildContext
  let ignore: Dockerignore
  let target: String

  func make() throws {
    try copy(folder: ".")
    guard !source.isIncomplete else { throw failure(".", "it has too many files") }
  }

  private func copy(folder: String) throws {
    let status = try status(folder)
    guard mkdir(place(folder), 0o700) == 0 else {
      throw failure(folder, String(cString: strerror(errno)))
    }
    for entry in source.entries(of: folder) {
      guard !Task.isCancelled else { throw EngineError.interrupted(.docker, leftovers: []) }
      let path = ProjectPath.join(folder, entry.name)
      guard ![".dockerignore", Self.dockerfile].contains(path), source.survives(path, ignore) else {
        continue
      }
      if entry.kind == .folder { try copy(folder: path) } else { try copy(path) }
    }
    // At last, since it may forbid to write into the folder.
    try finish(folder, status)
  }

  private func copy(_ path: String) throws {
    let status = try status(path)
    do {
      try FileManager.default.copyItem(atPath: original(path), toPath: place(path))
    } catch {
      throw failure(path, error.localizedDescription)
    }
    if status.st_mode & S_IFMT != S_IFLNK { try finish(path, status) }
  }

  private func status(_ path: String) throws -> stat {
    var status = stat()
    // The folder itself may be named by a link.
    let read = if path == "." { stat } else { lstat }
    guard read(original(path), &status) == 0 else {
      throw failure(path, String(cString: strerror(errno)))
    }
    return status
  }

  private func finish(_ path: String, _ status: stat) throws {
    #if os(Linux)
      let times = [status.st_atim, status.st_mtim]
    #else
      let times = [status.st_atimespec, status.st_mtimespec]
    #endif
    guard utimensat(AT_FDCWD, place(path), times, 0) == 0,
      chmod(place(path), status.st_mode & 0o7777) == 0
    else { throw failure(path, String(cString: strerror(errno))) }
  }

  private func place(_ path: String) -> String { Self.place(path, in: target) }

  private func original(_ path: String) -> String { Self.place(path, in: source.root) }

  private static func place(_ path: String, in root: String) -> String {
    if path == "." { return root }
    return "\(root)/\(path)"
  }

  private func failure(_ path: String, _ reason: String) -> ProjectBuildError {
    .context(original(path), reason: reason)
  }
}
