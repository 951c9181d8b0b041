/// Looks at the content of regular files while a layer is read: one object a layer, used by one thread at a time.
package protocol ContentScanner: AnyObject {
  /// The data of a file begins. The path is empty for what follows the end of the tar.
  func begin(path: ArraySlice<UInt8>)
  /// The next bytes of the data; of a sparse file, without the holes.
  func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool)
  /// The data has ended: what was found in it.
  func finish() -> [ContentMark]
}

/// What a scanner found in the content of a file.
package struct ContentMark: Sendable, Hashable, Codable {
  /// Of what sort; the scanner's own word.
  package var kind: String
  /// Bytes from the start of the data.
  package var offset: Int64
  /// From 1; 0 where lines mean nothing.
  package var line: Int
  package var fingerprint: String

  package init(kind: String, offset: Int64, line: Int, fingerprint: String) {
    self.kind = kind
    self.offset = offset
    self.line = line
    self.fingerprint = fingerprint
  }
}

/// Makes a scanner for each layer.
package struct ContentScanning: Sendable {
  /// Changes whenever scanners may find something else: what one version found does not tell what another finds.
  package let version: String
  package let makeScanner: @Sendable () -> any ContentScanner

  package init(version: String, makeScanner: @escaping @Sendable () -> any ContentScanner) {
    self.version = version
    self.makeScanner = makeScanner
  }
}
