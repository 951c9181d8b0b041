import ForgeFindings

/// Looks at the content of regular files while a layer is read: one object a layer, used by one thread at a time.
package protocol ContentScanner: AnyObject {
  /// The data of a file begins. The path is empty for what follows the end of the tar.
  func begin(path: ArraySlice<UInt8>)
  /// The next bytes of the data; of a sparse file, without the holes.
  func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool)
  /// The data has ended: what was found in it.
  func finish() -> [SecretHit]
}

/// A search of the contents of files: makes a scanner for each layer.
package struct ContentSearch: Sendable {
  /// Changes whenever scanners may find something else: what one version found does not tell what another finds.
  package let version: String
  package let makeScanner: @Sendable () -> any ContentScanner

  package init(version: String, makeScanner: @escaping @Sendable () -> any ContentScanner) {
    self.version = version
    self.makeScanner = makeScanner
  }
}
