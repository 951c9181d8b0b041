import ForgeBasics
import ForgeFindings
import ForgeRules
import ForgeSecrets
import Foundation

extension StagedChanges {
  /// Secrets in what the commit adds or changes, and what could not be searched for them; never their values.
  public func secrets() throws -> [Finding] {
    guard !changedPaths.isEmpty else { return [] }
    let catalogue = try SecretCatalogue.standard.get()
    let search = StagedSearch(root: root, catalogue: catalogue)
    return changedPaths.flatMap(search.findings)
  }
}

/// Looks for secrets in one staged file after the other.
private struct StagedSearch {
  let root: String
  let catalogue: SecretCatalogue
  let scanner: SecretScanner

  /// Bytes that are read at a time.
  private static let pieceSize = 1 << 20
  /// Bytes of a file that its name alone may condemn.
  private static let headSize = 64 << 10

  init(root: String, catalogue: SecretCatalogue) {
    self.root = root
    self.catalogue = catalogue
    scanner = SecretScanner(catalogue)
  }

  func findings(_ path: [UInt8]) -> [Finding] {
    let full = (Array(root.utf8) + [UInt8(ascii: "/")] + path + [0]).map { CChar(bitPattern: $0) }
    var status = stat()
    guard lstat(full, &status) == 0 else { return [unread(path)] }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return regular(path, full)
    case S_IFLNK:
      var target = [CChar](repeating: 0, count: 4096)
      let count = readlink(full, &target, target.count)
      guard count >= 0 else { return [unread(path)] }
      let text = target.prefix(count).map { UInt8(bitPattern: $0) }
      return told(scanner.scan(text, path: place(path)), in: path)
    // A submodule is a repository of its own.
    default: return []
    }
  }

  /// A repository has no system: what lies in `lib` or `etc` there is the application's own.
  private func place(_ path: [UInt8]) -> [UInt8] { Array("app/".utf8) + path }

  private func regular(_ path: [UInt8], _ full: [CChar]) -> [Finding] {
    let file = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return [unread(path)] }
    defer { close(file) }
    scanner.begin(path: place(path))
    var head: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: Self.pieceSize)
    while true {
      let count = piece.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      guard count >= 0 else { return [unread(path)] }
      piece.withUnsafeBytes {
        scanner.take(UnsafeRawBufferPointer(rebasing: $0[..<count]), isLast: count == 0)
      }
      if count == 0 { break }
      if head.count < Self.headSize { head += piece[..<min(count, Self.headSize - head.count)] }
    }
    let found = told(scanner.finish(), in: path)
    guard found.isEmpty, let what = Gate.secretFile(path, head: head) else { return found }
    return [
      Finding(
        id: "FORGE-I009", severity: .error, message: "\(DisplayText.escape(path)) is \(what)",
        location: DisplayText.escape(path),
        fix: "take it out of the commit, and add it to .gitignore")
    ]
  }

  private func told(_ hits: [SecretHit], in path: [UInt8]) -> [Finding] {
    let name = DisplayText.escape(path)
    return hits.map { hit in
      guard let kind = catalogue.kind(hit.kind) else {
        return Finding(
          id: "FORGE-I010", severity: .error,
          message: "\(name) looks like secrets at too many places to examine all of them",
          location: name, fix: "leave the file out of the commit, or look at it by hand")
      }
      return Finding(
        id: "FORGE-I010", severity: kind.severity,
        message: "\(name) holds a secret: \(kind.title) (\(kind.id), sha256 \(hit.fingerprint)…)",
        location: name + (hit.line > 0 ? ":\(hit.line)" : ""),
        fix: "take it out and revoke it; give the value when the container starts")
    }
  }

  /// The system's last error is why.
  private func unread(_ path: [UInt8]) -> Finding {
    let reason = String(cString: strerror(errno))
    let name = DisplayText.escape(path)
    return Finding(
      id: "FORGE-I041", severity: .error,
      message: "\(name) was not searched for secrets: \(reason)", location: name,
      fix: "make it readable, and commit again")
  }
}
