/// A secret that was found. It never holds the value.
package struct SecretHit: Sendable, Hashable, Codable {
  /// Id of a kind; empty where there were too many candidates to look at all of them.
  package var kind: String
  /// Bytes from the start of the file.
  package var offset: Int64
  /// From 1; 0 in a file that is no text.
  package var line: Int
  /// The first digits of a SHA-256 of kind and value: tells whether two places hold the same secret.
  package var fingerprint: String

  package init(kind: String, offset: Int64, line: Int, fingerprint: String) {
    self.kind = kind
    self.offset = offset
    self.line = line
    self.fingerprint = fingerprint
  }
}
