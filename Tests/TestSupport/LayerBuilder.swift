import Foundation

/// Writes tar archives, sound or not, field by field.
public struct TarBuilder {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// Appends one header block, and data with its padding.
  /// - Parameters:
  ///   - size: what the header declares; the size of `data` where it is nil.
  ///   - patch: changes the block before its checksum is made.
  public mutating func add(
    _ name: String, type: Character = "0", data: [UInt8] = [], link: String = "", mode: Int = 0o644,
    uid: Int = 0,
    gid: Int = 0, size: Int? = nil, modified: Int = 0, magic: String = "ustar\u{0}00",
    patch: (inout [UInt8]) -> Void = { _ in }
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: some Sequence<UInt8>, _ offset: Int, _ length: Int) {
      for (index, byte) in text.prefix(length).enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int, _ offset: Int, _ length: Int) {
      let digits = String(value, radix: 8)
      put(
        (String(repeating: "0", count: max(0, length - 1 - digits.count)) + digits).utf8, offset,
        length)
    }
    put(name.utf8, 0, 100)
    octal(mode, 100, 8)
    octal(uid, 108, 8)
    octal(gid, 116, 8)
    octal(size ?? data.count, 124, 12)
    octal(modified, 136, 12)
    block[156] = type.asciiValue ?? 0
    put(link.utf8, 157, 100)
    put(magic.utf8, 257, 8)
    patch(&block)
    Self.sign(&block, 0)
    bytes += block
    bytes += data
    pad()
  }

  public mutating func file(
    _ name: String, _ text: String, mode: Int = 0o644, uid: Int = 0, modified: Int = 0
  ) {
    add(name, data: Array(text.utf8), mode: mode, uid: uid, modified: modified)
  }

  public mutating func folder(_ name: String, mode: Int = 0o755) {
    add(name, type: "5", mode: mode)
  }
  public mutating func symlink(_ name: String, to target: String) {
    add(name, type: "2", link: target, mode: 0o777)
  }
  public mutating func hardlink(_ name: String, to target: String) {
    add(name, type: "1", link: target)
  }

  /// A PAX extended header with these records, for the next entry.
  public mutating func pax(_ records: [(String, String)], type: Character = "x") {
    add("PaxHeaders/x", type: type, data: records.flatMap { Self.record($0.0, $0.1) })
  }

  /// Gives the header at an offset the checksum of its bytes.
  public static func sign(_ tar: inout [UInt8], _ offset: Int) {
    tar.replaceSubrange(offset + 148..<offset + 156, with: [UInt8](repeating: 0x20, count: 8))
    let digits = String(tar[offset..<offset + 512].reduce(0) { $0 + Int($1) }, radix: 8)
    tar.replaceSubrange(
      offset + 148..<offset + 155,
      with: (String(repeating: "0", count: 6 - digits.count) + digits + "\0").utf8)
  }

  /// `"%d %s=%s\n"`, the number counting itself.
  public static func record(_ key: String, _ value: String) -> [UInt8] {
    let rest = " \(key)=\(value)\n".utf8.count
    var length = rest + String(rest).utf8.count
    length = rest + String(length).utf8.count
    return Array("\(length) \(key)=\(value)\n".utf8)
  }

  public mutating func raw(_ more: [UInt8]) { bytes += more }
  public mutating func pad() { bytes += [UInt8](repeating: 0, count: -bytes.count & 511) }
  public mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

  /// A whole archive.
  public static func make(_ body: (inout TarBuilder) -> Void) -> [UInt8] {
    var tar = TarBuilder()
    body(&tar)
    tar.end()
    return tar.bytes
  }
}

/// Compresses with the tools that engines' layers come from.
public enum Compressor: String, CaseIterable, Sendable {
  case none, gzip, zstd, xz, bzip2

  public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    switch self {
    case .none: bytes
    case .gzip: try Shell.run(["gzip", "-n", "-c"], input: bytes)
    case .zstd: try Shell.run(["zstd", "-q", "-c"], input: bytes)
    case .xz: try Shell.run(["xz", "-c"], input: bytes)
    case .bzip2: try Shell.run(["bzip2", "-c"], input: bytes)
    }
  }
}

/// Bytes that do not compress, the same for the same seed.
public struct SeededBytes: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// SplitMix64.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
