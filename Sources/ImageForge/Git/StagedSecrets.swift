import ForgeBasics
import ForgeFindings
import ForgeRules
import ForgeSecrets
import Foundation

extension StagedChanges {
  /// Secrets in what the commit adds or changes, and what could not be searched for them; never their values.
  public func secrets() async throws -> [Finding] {
    // A submodule is a repository of its own.
    let files = files.filter { $0.kind != .repository }
    guard !files.isEmpty else { return [] }
    let search = StagedSearch(try SecretCatalogue.standard.get())
    var findings: [Finding] = []
    try await repository.readBlobs(files) { file, content in
      findings += search.findings(file, content)
    }
    return findings
  }
}

/// Looks for secrets in one staged file after the other.
private struct StagedSearch {
  let catalogue: SecretCatalogue
  let scanner: SecretScanner

  /// Bytes that are read at a time.
  private static let pieceSize = 1 << 20
  /// Bytes of a file that its name alone may condemn.
  private static let headSize = 64 << 10

  init(_ catalogue: SecretCatalogue) {
    self.catalogue = catalogue
    scanner = SecretScanner(catalogue)
  }

  func findings(_ file: GitRepository.StagedFile, _ content: GitRepository.BlobContent) -> [Finding]
  {
    switch content {
    case .bytes(let target) where file.kind == .link:
      told(scanner.scan(target, path: place(file.path)), in: file.path)
    case .bytes(let bytes):
      judged(scanner.scan(bytes, path: place(file.path)), head: bytes, in: file.path)
    case .file(let copy): large(file.path, copy)
    case .missing: [unread(file.path, "git does not have its content here")]
    }
  }

  /// A repository has no system: what lies in `lib` or `etc` there is the application's own.
  private func place(_ path: [UInt8]) -> [UInt8] { Array("app/".utf8) + path }

  private func large(_ path: [UInt8], _ copy: String) -> [Finding] {
    let file = open(copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return [unread(path, lastError)] }
    defer { close(file) }
    scanner.begin(path: place(path))
    var head: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: Self.pieceSize)
    while true {
      let count = piece.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      guard count >= 0 else { return [unread(path, lastError)] }
      piece.withUnsafeBytes {
        scanner.take(UnsafeRawBufferPointer(rebasing: $0[..<count]), isLast: count == 0)
      }
      if count == 0 { break }
      if head.count < Self.headSize { head += piece[..<min(count, Self.headSize - head.count)] }
    }
    return judged(scanner.finish(), head: head, in: path)
  }

  /// What the content tells; else what the name alone tells.
  private func judged(_ hits: [SecretHit], head: [UInt8], in path: [UInt8]) -> [Finding] {
    let found = told(hits, in: path)
    let head = Array(head.prefix(Self.headSize))
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

  private var lastError: String { String(cString: strerror(errno)) }

  private func unread(_ path: [UInt8], _ reason: String) -> Finding {
    let name = DisplayText.escape(path)
    return Finding(
      id: "FORGE-I041", severity: .error,
      message: "\(name) was not searched for secrets: \(reason)", location: name,
      fix: "fetch or repair it, and commit again")
  }
}
