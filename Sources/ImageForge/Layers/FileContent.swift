import Crypto
import Foundation

/// What a scan takes note of besides the entries.
package enum ContentNotes: Sendable {
  case nothing
  /// Where each file's bytes stand, and a fingerprint of them.
  case fingerprints
  /// The same with their SHA-256 in place of the fingerprint: for what is stored, and where files of one image are
  /// held to be the same.
  case digests
}

/// The bytes of a regular file: where they stand in the uncompressed tar of its layer, and what they are known by.
package struct FileContent: Sendable, Hashable {
  /// The SHA-256 of the bytes or, within this process, their fingerprint: 32 bytes, as four words.
  package struct Hash: Sendable, Hashable {
    package var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    package init(_ digest: SHA256Digest) {
      digest.withUnsafeBytes { words = $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    /// Of a fingerprint.
    init(_ hash: ContentHash) { words = (hash.low, hash.high, 0, 0) }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    package static func == (a: Hash, b: Hash) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
  }

  /// Bytes from the start of the tar.
  package var offset: Int64 = 0
  package var hash = Hash()

  package init() {}
}

/// Makes the hash of content that is at hand, as a scan with the same notes makes it.
package struct ContentNamer {
  private var sha256: SHA256?
  private let fingerprint: ContentHasher?

  package init(_ notes: ContentNotes) {
    switch notes {
    case .digests: (sha256, fingerprint) = (SHA256(), nil)
    default: (sha256, fingerprint) = (nil, ContentHasher(isSecret: true))
    }
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256?.update(bufferPointer: bytes)
    fingerprint?.update(bytes)
  }

  package func finish() -> FileContent.Hash {
    if let sha256 { return FileContent.Hash(sha256.finalize()) }
    return FileContent.Hash(fingerprint?.finish() ?? ContentHash())
  }
}

/// Takes note of the contents of one layer's files, fed in the order of the tar.
struct ContentRecorder {
  private(set) var contents: [FileContent] = []
  /// Nil where the fingerprint does.
  private var sha256: SHA256?

  /// Nil where nothing is to be noted.
  init?(_ notes: ContentNotes) {
    if notes == .nothing { return nil }
    if notes == .digests { sha256 = SHA256() }
  }

  /// At the header of an entry.
  mutating func begin() {
    contents.append(FileContent())
    if sha256 != nil { sha256 = SHA256() }
  }

  /// At data of the last entry, which starts at `offset` in the tar.
  mutating func update(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
    if contents[contents.count - 1].offset == 0 { contents[contents.count - 1].offset = offset }
    sha256?.update(bufferPointer: bytes)
  }

  /// - Parameter fingerprint: of the entry's content.
  mutating func finish(_ fingerprint: ContentHash) {
    contents[contents.count - 1].hash =
      sha256.map { FileContent.Hash($0.finalize()) } ?? FileContent.Hash(fingerprint)
  }
}
