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
    "tflite", "pkl", "pickle", "joblib", "npy", "npz", "parquet", "csv", "tsv", "jsonl", "db",
    "sqlite", "sqlite3", "faiss", "zip", "gz", "tar", "mp4", "mov",
  ]
  /// In bytes: a file of this size is a quarter of what an image may hold.
  private static let largeSize = 50_000_000
  /// The most findings of one kind.
  private static let maximumFindings = 20
  /// The most lines of a file of git's, and the most files that are opened.
  private static let maximumCount = 1_000

  /// Findings for the whole tree; each names its file.
  package static func findings(in tree: ProjectTree) -> [Finding] {
    var findings = largeFiles(in: tree)
    if let pointer = pointers(in: tree) { findings.append(pointer) }
    return findings + submodules(in: tree)
  }

  private static func largeFiles(in tree: ProjectTree) -> [Finding] {
    var findings: [Finding] = []
    for path in tree.files where findings.count < maximumFindings {
      guard let dot = path.lastIndex(of: "."), extensions.contains(path[path.index(after: dot)...])
      else { continue }
      var status = stat()
      guard stat(tree.root + "/" + path, &status) == 0, status.st_size >= largeSize else {
        continue
      }
      let size = ByteCount.text(Int64(status.st_size))
      findings.note(
        "FORGE-T006", .warning,
        "\(DisplayText.escape(path)) is \(size): an image that takes it along carries it in every "
          + "version",
        at: .source(file: path, line: 1),
        fix: "keep it out with .dockerignore, and mount or fetch it where the container runs")
    }
    return findings
  }

  /// Files that `.gitattributes` gives to Git LFS (`*.png filter=lfs`), and whose content is not here.
  private static func pointers(in tree: ProjectTree) -> Finding? {
    guard let attributes = tree.source(".gitattributes") else { return nil }
    let rows = attributes.text.split(whereSeparator: \.isNewline).prefix(maximumCount)
    let endings = rows.compactMap { row -> Substring? in
      let words = row.split(separator: " ")
      guard words.contains("filter=lfs"), let pattern = words.first, pattern.hasPrefix("*.") else {
        return nil
      }
      return pattern.dropFirst()
    }
    guard !endings.isEmpty else { return nil }
    let marked = tree.files.filter { path in endings.contains(where: path.hasSuffix) }
    let pointers = marked.prefix(maximumCount).filter { isPointer($0, in: tree) }
    guard let first = pointers.first else { return nil }
    var subject = DisplayText.escape(first) + " is"
    if pointers.count > 1 {
      subject = DisplayText.escape(first) + " and \(pointers.count - 1) more are"
    }
    return Finding(
      id: "FORGE-T007", severity: .warning,
      message: subject + " only a pointer of Git LFS: the content is not here",
      at: .source(file: first, line: 1), fix: "run `git lfs pull` before the build")
  }

  /// A pointer has about 130 bytes; what is larger is the content itself.
  private static func isPointer(_ path: String, in tree: ProjectTree) -> Bool {
    guard let bytes = try? tree.bytes(path, limit: 1_024) else { return false }
    return bytes.starts(with: "version https://git-lfs".utf8)
  }

  private static func submodules(in tree: ProjectTree) -> [Finding] {
    guard let modules = tree.source(".gitmodules") else { return [] }
    let rows = modules.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var findings: [Finding] = []
    for (index, row) in rows.enumerated().prefix(maximumCount)
    where findings.count < maximumFindings {
      let parts = row.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
      guard parts.count == 2, parts[0] == "path",
        let path = ProjectPath.resolve(parts[1], from: "."), tree.files(below: path).isEmpty
      else { continue }
      findings.note(
        "FORGE-T008", .warning,
        "the submodule \(DisplayText.escape(path)) is not there: what lies in it was not read",
        at: modules.place(line: index + 1),
        fix: "run `git submodule update --init` before the build")
    }
    return findings
  }
}
