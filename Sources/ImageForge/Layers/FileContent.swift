import Crypto
import Foundation

/// The bytes of a regular file: where they stand in the uncompressed tar of its layer, and their SHA-256.
package struct FileContent: Sendable, Hashable {
  /// 32 bytes, as four words.
  package struct Hash: Sendable, Hashable {
    package var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    package init(_ digest: SHA256Digest) {
      digest.withUnsafeBytes { words = $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    package static func == (a: Hash, b: Hash) -> Bool { a.words == b.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
  }

  /// Bytes from the start of the tar.
  package var offset: Int64 = 0
  package var hash = Hash()

  package init() {}
}

/// Takes note of the contents of one layer's files, fed in the order of the tar.
struct ContentRecorder {
  private(set) var contents: [FileContent] = []
  private var running = SHA256()

  /// At the header of an entry.
  mutating func begin() {
    contents.append(FileContent())
    running = SHA256()
  }

  /// At data of the last entry, which starts at `offset` in the tar.
  mutating func update(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
    if contents[contents.count - 1].offset == 0 { contents[contents.count - 1].offset = offset }
    running.update(bufferPointer: bytes)
  }

  mutating func finish() { contents[contents.count - 1].hash = FileContent.Hash(running.finalize()) }
}
