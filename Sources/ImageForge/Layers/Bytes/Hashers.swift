import CXxhash
import Crypto
import ForgeBasics

/// The key of fingerprints: drawn anew for each process, so that nobody can prepare other bytes that look the same.
private enum ProcessSecret {
  // Written once, before anyone sees it.
  nonisolated(unsafe) static let bytes: UnsafeRawBufferPointer = {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 192, alignment: 64)
    var random = SystemRandomNumberGenerator()
    for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255, using: &random) }
    return UnsafeRawBufferPointer(bytes)
  }()
}

/// What this process knows bytes by that it saw before: XXH3-128 under its own secret. Ten times as fast as SHA-256;
/// never stored.
package struct Fingerprint: Sendable, Equatable {
  fileprivate let low: UInt64
  fileprivate let high: UInt64
}

/// A running `Fingerprint`. Owns the C state.
package final class FingerprintHasher {
  private let state = XXH3_createState()

  package init() {
    XXH3_128bits_reset_withSecret(state, ProcessSecret.bytes.baseAddress, ProcessSecret.bytes.count)
  }

  deinit { XXH3_freeState(state) }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    xxh128_update(state, bytes.baseAddress, bytes.count)
  }

  package func finish() -> Fingerprint {
    let hash = XXH3_128bits_digest(state)
    return Fingerprint(low: hash.low64, high: hash.high64)
  }
}

/// A running SHA-256 or SHA-512, and a fingerprint beside it where that is wanted.
package final class ByteHasher {
  private enum State {
    case sha256(SHA256)
    case sha512(SHA512)
  }

  package let algorithm: ForgeBasics.Digest.Algorithm
  private var state: State
  private let fingerprinting: FingerprintHasher?

  package init(_ algorithm: ForgeBasics.Digest.Algorithm, withFingerprint: Bool = false) {
    self.algorithm = algorithm
    var fingerprinting: FingerprintHasher?
    if withFingerprint { fingerprinting = FingerprintHasher() }
    self.fingerprinting = fingerprinting
    state =
      switch algorithm {
      case .sha256: .sha256(SHA256())
      case .sha512: .sha512(SHA512())
      }
  }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    fingerprinting?.update(bytes)
    switch state {
    case .sha256(var hash):
      hash.update(bufferPointer: bytes)
      state = .sha256(hash)
    case .sha512(var hash):
      hash.update(bufferPointer: bytes)
      state = .sha512(hash)
    }
  }

  package func finish() -> ForgeBasics.Digest {
    switch state {
    case .sha256(let hash): ForgeBasics.Digest(sha256: hash.finalize())
    case .sha512(let hash): ForgeBasics.Digest(sha512: hash.finalize())
    }
  }

  /// Of the same bytes; nil where it was not wanted.
  package var fingerprint: Fingerprint? { fingerprinting?.finish() }
}

/// XXH3-128 of one file after the other. Owns the C state.
final class ContentHasher {
  private let state = XXH3_createState()
  /// Nil: the hashes are those of every process.
  private let secret: UnsafeRawBufferPointer?
  private(set) var isPending = false

  /// - Parameter isSecret: whether the hashes are this process's own, as fingerprints are.
  init(isSecret: Bool = false) {
    var secret: UnsafeRawBufferPointer?
    if isSecret { secret = ProcessSecret.bytes }
    self.secret = secret
  }

  deinit { XXH3_freeState(state) }

  /// A file whose bytes are all at hand.
  func hash(_ bytes: UnsafeRawBufferPointer) -> ContentHash {
    guard let secret else { return Self.hash(bytes) }
    return ContentHash(
      xxh128_with_secret(bytes.baseAddress, bytes.count, secret.baseAddress, secret.count))
  }

  /// The same for every process.
  static func hash(_ bytes: UnsafeRawBufferPointer) -> ContentHash {
    ContentHash(xxh128(bytes.baseAddress, bytes.count))
  }

  /// A piece of a larger file.
  func update(_ bytes: UnsafeRawBufferPointer) {
    if !isPending {
      if let secret {
        XXH3_128bits_reset_withSecret(state, secret.baseAddress, secret.count)
      } else {
        XXH3_128bits_reset(state)
      }
      isPending = true
    }
    xxh128_update(state, bytes.baseAddress, bytes.count)
  }

  /// The hash of the pieces since the last `finish`.
  func finish() -> ContentHash {
    guard isPending else { return hash(UnsafeRawBufferPointer(start: nil, count: 0)) }
    isPending = false
    return ContentHash(XXH3_128bits_digest(state))
  }
}

extension ContentHash {
  fileprivate init(_ hash: XXH128_hash_t) { self.init(low: hash.low64, high: hash.high64) }
}
