/// The bytes of one text file, with its name, and the way from an offset to `file:line`.
public struct SourceText: Sendable {
  /// The path as evidence shows it: relative to the analysed root.
  public let name: String
  /// UTF-8; a byte order mark at the start is dropped.
  public let bytes: [UInt8]
  /// Offsets of the first byte of each line.
  private let lineStarts: [Int]

  /// A text of these bytes.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    var starts = [0]
    for (offset, byte) in self.bytes.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(offset + 1)
    }
    lineStarts = starts
  }

  /// A text that is at hand.
  public init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }

  /// The text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Line number of an offset, from 1.
  public func line(at offset: Int) -> Int {
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// Column of an offset in bytes, from 1.
  public func column(at offset: Int) -> Int { offset - lineStarts[line(at: offset) - 1] + 1 }

  /// `file:line`, the form of all evidence.
  public func location(at offset: Int) -> String { "\(name):\(line(at: offset))" }
}
