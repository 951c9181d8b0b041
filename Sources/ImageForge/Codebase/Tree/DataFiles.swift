import ForgeBasics
import ForgeFindings
import ForgeSyntax
import Foundation

/// Files that a build takes along, and that are not what they seem: data far larger than code, pointers of Git LFS
/// whose content was not fetched, and submodules that are not there.
package enum DataFiles {
  /// What a model or a data set is kept in.
  private static let extensions: Set<Substring> = [
    "safetensors", "gguf", "ggml", "onnx", "pt", "pth", "bin", "ckpt", "h5", "keras", "pb",
    "tflite", "pkl", "pickle",
    "joblib", "npy", "npz", "parquet", "csv", "tsv", "jsonl", "db", "sqlite", "sqlite3", "faiss",
    "zip", "gz", "tar",
    "mp4", "mov",
  ]
  /// A file of this size is a quarter of what an image may hold.
  private static let largeSize = 50_000_000
  private static let limit = 20

  /// Findings for the whole tree; each names its file.
  package static func findings(in tree: ProjectTree) -> [Finding] {
    large(in: tree) + pointers(in: tree) + submodules(in: tree)
  }

  private static func large(in tree: ProjectTree) -> [Finding] {
    var found: [Finding] = []
    for path in tree.files where found.count < limit {
      guard let dot = path.lastIndex(of: "."), extensions.contains(path[path.index(after: dot)...])
      else { continue }
      var status = stat()
      guard stat(tree.root + "/" + path, &status) == 0, status.st_size >= largeSize else {
        continue
      }
      found.append(
        Finding(
          id: "FORGE-T006", severity: .warning,
          message:
            "\(DisplayText.escape(path)) is \(ByteCount.text(Int64(status.st_size))): an image that takes it "
            + "along carries it in every version",
          location: path + ":1",
          fix: "keep it out with .dockerignore, and mount or fetch it where the container runs"))
    }
    return found
  }

  /// Endings that `.gitattributes` gives to Git LFS: `*.png filter=lfs`.
  private static func pointers(in tree: ProjectTree) -> [Finding] {
    guard let attributes = tree.source(".gitattributes") else { return [] }
    let endings = attributes.text.split(whereSeparator: \.isNewline).prefix(1_000).compactMap {
      row -> String? in
      let words = row.split(separator: " ")
      guard words.contains("filter=lfs"), let pattern = words.first, pattern.hasPrefix("*.") else {
        return nil
      }
      return String(pattern.dropFirst())
    }
    guard !endings.isEmpty else { return [] }
    let marked = tree.files.filter { path in endings.contains(where: path.hasSuffix) }.prefix(1_000)
    let pointers = marked.filter { path in
      // A pointer has about 130 bytes; what is larger is the content itself.
      (try? tree.bytes(path, limit: 1_024))?.starts(with: "version https://git-lfs".utf8) == true
    }
    guard let first = pointers.first else { return [] }
    return [
      Finding(
        id: "FORGE-T007", severity: .warning,
        message: DisplayText.escape(first)
          + (pointers.count > 1 ? " and \(pointers.count - 1) more are" : " is")
          + " only a pointer of Git LFS: the content is not here",
        location: first + ":1", fix: "run `git lfs pull` before the build")
    ]
  }

  private static func submodules(in tree: ProjectTree) -> [Finding] {
    guard let modules = tree.source(".gitmodules") else { return [] }
    let rows = modules.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return rows.enumerated().prefix(1_000).compactMap { index, row -> Finding? in
      let parts = row.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
      guard parts.count == 2, parts[0] == "path",
        let path = ProjectPath.resolve(parts[1], from: "."),
        tree.files(below: path).isEmpty
      else { return nil }
      return Finding(
        id: "FORGE-T008", severity: .warning,
        message:
          "the submodule \(DisplayText.escape(path)) is not there: what lies in it was not read",
        location: ".gitmodules:\(index + 1)",
        fix: "run `git submodule update --init` before the build")
    }.prefix(limit).map(\.self)
  }
}
