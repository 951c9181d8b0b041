import ForgeBasics
import ForgeFindings

/// Everything that one pass over a layer tells.
package struct LayerScan: Sendable {
  package let compression: LayerCompression
  /// Of the blob as it stands.
  package let digest: Digest
  /// Of the uncompressed tar, to its very last byte.
  package let diffID: Digest
  /// Bytes of the blob.
  package let compressed: Int64
  /// Bytes of the uncompressed tar, headers and padding included.
  package let unpacked: Int64
  package let entries: LayerEntries
  /// What the scanner of contents found, by the index of the entry; -1 for data behind the end of the tar.
  package var hits: [Int: [SecretHit]] = [:]
  /// Which version of the scanner looked; nil: none did.
  package var contentVersion: String?
  /// What readers of tar archives may disagree about, or should not be in a layer; each kind once, with its count.
  package let anomalies: [LayerAnomaly]
  /// One for each entry where the options ask for notes; else empty.
  package var contents: [FileContent] = []
  /// Of the blob as it stands, and of the uncompressed tar, where the options ask for notes.
  package private(set) var fingerprints: (blob: Fingerprint, tar: Fingerprint)?

  /// A layer that is planned and not yet written: entries without bytes.
  package init(planned entries: LayerEntries) {
    let nothing = Digest.sha256([])
    self.init(
      compression: .none, digest: nothing, diffID: nothing, compressed: 0, unpacked: 0,
      entries: entries, anomalies: [])
  }

  init(
    compression: LayerCompression, digest: Digest, diffID: Digest, compressed: Int64,
    unpacked: Int64,
    entries: LayerEntries, hits: [Int: [SecretHit]] = [:], contentVersion: String? = nil,
    anomalies: [LayerAnomaly], contents: [FileContent] = [],
    fingerprints: (Fingerprint, Fingerprint)? = nil
  ) {
    self.fingerprints = fingerprints
    self.contentVersion = contentVersion
    self.hits = hits
    self.compression = compression
    self.digest = digest
    self.diffID = diffID
    self.compressed = compressed
    self.unpacked = unpacked
    self.entries = entries
    self.anomalies = anomalies
    self.contents = contents
  }

  /// The same tar in another blob.
  func restated(
    compression: LayerCompression, digest: Digest, compressed: Int64,
    fingerprints: (Fingerprint, Fingerprint)?
  ) -> LayerScan {
    LayerScan(
      compression: compression, digest: digest, diffID: diffID, compressed: compressed,
      unpacked: unpacked,
      entries: entries, hits: hits, contentVersion: contentVersion, anomalies: anomalies,
      contents: contents,
      fingerprints: fingerprints)
  }
}
