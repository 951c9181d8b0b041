/// Where the data of a sparse file stands in it; the rest are holes.
struct SparseMap {
  /// Bytes of the file with its holes.
  let realSize: Int64
  /// Bytes in the tar.
  let stored: Int64
  let pieces: [Int64]

  /// Nil unless the pieces, alternating offsets and lengths, ascend, stay within the file and add up to `stored`.
  init?(pieces: [Int64], realSize: Int64, stored: Int64) {
    guard pieces.count.isMultiple(of: 2), realSize >= 0 else { return nil }
    var (end, sum) = (Int64(0), Int64(0))
    for index in stride(from: 0, to: pieces.count, by: 2) {
      let (offset, length) = (pieces[index], pieces[index + 1])
      guard offset >= end, length >= 0, length <= realSize, offset <= realSize - length else {
        return nil
      }
      end = offset + length
      sum += length
    }
    guard sum == stored else { return nil }
    (self.pieces, self.realSize, self.stored) = (pieces, realSize, stored)
  }
}

extension TarBlock {
  /// Pairs of a GNU sparse map in this block: 4 at offset 386 of a header, 21 at the start of an extension block.
  /// A pair of empty fields ends it. Nil when a field is no number.
  func sparsePairs(at offset: Int, count: Int) -> [Int64]? {
    var pairs: [Int64] = []
    for start in (0..<count).map({ offset + $0 * 24 }) {
      if bytes[start] == 0 || bytes[start + 12] == 0 { break }
      guard let position = number(start, 12), let length = number(start + 12, 12) else {
        return nil
      }
      pairs += [position, length]
    }
    return pairs
  }
}
