import ForgeBasics
import ForgeFindings

/// Why a text is not of its language, or not one that forge reads, and where.
package struct SyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
  package let place: Place
  package let reason: String

  /// The place as people read it, `file:line`.
  package var location: String { place.description }
  package var description: String { "\(place): \(reason)" }

  /// - Parameter line: from 1.
  init(_ source: SourceText, line: Int = 1, reason: String) {
    self.init(place: source.place(line: line), reason: reason)
  }

  /// - Parameter offset: in bytes; beyond the end it stands for the last line.
  init(_ source: SourceText, at offset: Int, reason: String) {
    let last = max(source.bytes.count - 1, 0)
    self.init(place: source.place(at: min(offset, last)), reason: reason)
  }

  init(place: Place, reason: String) {
    self.place = place
    self.reason = reason
  }
}
