import ForgeBasics
import ForgeLayers

/// A layer as it stands in the output.
package struct WrittenLayer: Sendable {
  package let diffID: Digest
  /// Of the blob.
  let digest: Digest
  package let size: Int64
  let compression: LayerCompression
  /// The layer of the input whose blob this is; nil where it was written.
  package let copied: Int?
  /// The layers of the input that went into it.
  package let inputs: [Int]
  /// Where its blob stands in the archive.
  let offset: Int64
  /// What reading the blob again told.
  package let scan: LayerScan
}
