/// Writes numbers and runs of bytes one after the other.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  /// Little-endian groups of seven bits (LEB128).
  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func number(_ value: some BinaryInteger) { number(UInt64(truncatingIfNeeded: value)) }

  /// Small in both directions: 0, -1, 1, -2 …
  mutating func signed(_ value: Int64) { number(UInt64(bitPattern: value << 1 ^ value >> 63)) }

  mutating func fixed(_ value: UInt64) {
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (shift * 8))) }
  }

  mutating func raw(_ run: some Collection<UInt8>) { bytes.append(contentsOf: run) }

  /// A run with its length in front.
  mutating func run(_ run: some Collection<UInt8>) {
    number(run.count)
    raw(run)
  }
}

/// Reads what `ByteWriter` wrote. Beyond the end, or where a number does not fit, everything reads as nothing and
/// `isSound` is false from then on: so that a reader of untrusted bytes needs to ask once.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private var next = 0
  private(set) var isSound = true

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { next == bytes.count }
  /// What is not read yet.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[next...]) }

  mutating func fail() {
    isSound = false
    next = bytes.count
  }

  mutating func byte() -> UInt8 {
    guard next < bytes.count else {
      fail()
      return 0
    }
    next += 1
    return bytes[next - 1]
  }

  mutating func number() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = byte()
      if shift == 63, byte > 1 {
        fail()
        return 0
      }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  /// A number of a narrower type, at most `limit`.
  mutating func number<Value: FixedWidthInteger>(_ type: Value.Type, upTo limit: Value = .max)
    -> Value
  {
    guard let value = Value(exactly: number()), value <= limit else {
      fail()
      return 0
    }
    return value
  }

  mutating func signed() -> Int64 {
    let value = number()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  mutating func fixed() -> UInt64 {
    guard bytes.count - next >= 8 else {
      fail()
      return 0
    }
    next += 8
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: next - 8, as: UInt64.self))
  }

  mutating func raw(_ count: Int) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - next else {
      fail()
      return UnsafeRawBufferPointer(rebasing: bytes[..<0])
    }
    next += count
    return UnsafeRawBufferPointer(rebasing: bytes[next - count..<next])
  }

  mutating func run() -> UnsafeRawBufferPointer { raw(number(Int.self)) }
}
