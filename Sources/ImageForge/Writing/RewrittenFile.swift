import ForgeInspection
import ForgeLayers

/// The bytes of a file that is written otherwise than it stands in the input: pieces of the old, and new ones.
package struct RewrittenFile: Sendable {
  package enum Piece: Sendable {
    /// Bytes of the old content.
    case old(Range<Int64>)
    case new([UInt8])
  }

  package var pieces: [Piece]

  package init(pieces: [Piece]) { self.pieces = pieces }

  /// Bytes of the new content.
  package var size: Int64 {
    pieces.reduce(0) { sum, piece in
      switch piece {
      case .old(let range): sum + Int64(range.count)
      case .new(let bytes): sum + Int64(bytes.count)
      }
    }
  }

  /// Hands over the new content in order.
  package func forEachPiece(
    of old: Blob, name: String, _ body: (UnsafeRawBufferPointer) throws -> Void
  )
    throws
  {
    for piece in pieces {
      switch piece {
      case .old(let range):
        guard range.upperBound <= old.length else { throw WritingError.changed(name) }
        let part = Blob(
          file: old.file, offset: old.offset + range.lowerBound, length: Int64(range.count))
        try part.forEachPiece(name: name, body)
      case .new(let bytes): try bytes.withUnsafeBytes(body)
      }
    }
  }
}

/// A file that is written otherwise than it stands in the input.
package struct Rewrite: Sendable {
  /// In place of a layer's number in `PlannedLayer.sources`; the index is that of the rewrite.
  package static let layer: Int32 = -2

  /// Where the input has the bytes it is made from.
  package var origin: FileTree.Origin
  package var file: RewrittenFile
  package var hash: FileContent.Hash

  package init(origin: FileTree.Origin, file: RewrittenFile, hash: FileContent.Hash) {
    (self.origin, self.file, self.hash) = (origin, file, hash)
  }
}
