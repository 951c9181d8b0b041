import ForgeBasics

/// Reads layers: any compression, any dialect of tar, in one pass.
package enum LayerReader {
  /// Reads a layer to its last byte.
  /// - Throws: `LayerError` when the layer cannot be read whole, is ambiguous, or is not the expected one.
  package static func scan(_ blob: Blob, options: LayerScanOptions = .init()) throws(LayerError) -> LayerScan {
    throw .notALayer(layer: options.name ?? blob.file.name)
  }
}
