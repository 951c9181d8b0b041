import ForgeLayers

/// The one form in which forge writes the headers of a tar: ustar (POSIX.1-1988), with a PAX header only where a field
/// does not fit, no names of users and groups, and nothing of the machine or the moment.
package enum TarWriter {
  static let blockSize = 512
  /// Two blocks of zeros.
  static let endSize: Int64 = 1024

  /// What a header says.
  struct Member {
    var kind = LayerEntry.Kind.regular
    var path: ArraySlice<UInt8> = []
    var link: ArraySlice<UInt8> = []
    var mode: UInt16 = 0o644
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    var size: Int64 = 0
    var modified: Int64 = 0
    var nanoseconds: UInt32 = 0
    var deviceMajor: UInt32 = 0
    var deviceMinor: UInt32 = 0
    var attributes: [ExtendedAttribute] = []
  }

  package static func padding(_ size: Int64) -> Int64 { -size & 511 }

  /// The header blocks of a member; its data and their padding follow them.
  static func header(_ member: Member) -> [UInt8] {
    let isFolder = member.kind == .directory
    let name = isFolder ? Array(member.path) + [UInt8(ascii: "/")] : Array(member.path)
    // The root has no name of its own.
    let path = name == [UInt8(ascii: "/")] ? Array("./".utf8) : name
    var records: [UInt8] = []
    let split = Self.split(path)
    if split == nil { records += record("path", path) }
    if member.link.count > 100 { records += record("linkpath", Array(member.link)) }
    if member.size >= 1 << 33 { records += record("size", member.size) }
    if member.uid >= 1 << 21 { records += record("uid", Int64(member.uid)) }
    if member.gid >= 1 << 21 { records += record("gid", Int64(member.gid)) }
    if member.nanoseconds > 0 || member.modified < 0 || member.modified >= 1 << 33 {
      records += record("mtime", Array(time(member.modified, member.nanoseconds).utf8))
    }
    for attribute in member.attributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
      records += record(Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value)
    }
    var blocks: [UInt8] = []
    if !records.isEmpty {
      blocks += block(
        type: "x", name: Array("PaxHeaders/x".utf8), prefix: [], link: [], mode: 0o644, uid: 0,
        gid: 0,
        size: Int64(records.count), modified: 0, devices: nil)
      blocks += records
      blocks += [UInt8](repeating: 0, count: Int(padding(Int64(records.count))))
    }
    let type: Unicode.Scalar =
      switch member.kind {
      case .regular: "0"
      case .hardlink: "1"
      case .symlink: "2"
      case .characterDevice: "3"
      case .blockDevice: "4"
      case .directory: "5"
      case .fifo: "6"
      }
    let isDevice = member.kind == .characterDevice || member.kind == .blockDevice
    return blocks
      + block(
        type: type, name: split?.name ?? Array(path.prefix(100)), prefix: split?.prefix ?? [],
        link: Array(member.link.prefix(100)), mode: member.mode,
        uid: member.uid < 1 << 21 ? member.uid : 0,
        gid: member.gid < 1 << 21 ? member.gid : 0, size: member.size < 1 << 33 ? member.size : 0,
        modified: (0..<1 << 33).contains(member.modified) ? member.modified : 0,
        devices: isDevice ? (member.deviceMajor, member.deviceMinor) : nil)
  }

  /// Name and prefix where the path fits into the two fields; nil where it does not.
  private static func split(_ path: [UInt8]) -> (name: [UInt8], prefix: [UInt8])? {
    if path.count <= 100 { return (path, []) }
    guard path.count <= 256 else { return nil }
    // The last slash that leaves a prefix of at most 155 bytes, and not the one that ends a folder's name.
    for index in path.indices.dropLast().reversed()
    where path[index] == UInt8(ascii: "/") && index <= 155 && index > 0
      && path.count - index - 1 <= 100
    {
      return (Array(path[(index + 1)...]), Array(path[..<index]))
    }
    return nil
  }

  private static func time(_ seconds: Int64, _ nanoseconds: UInt32) -> String {
    guard nanoseconds > 0 else { return String(seconds) }
    // The fraction counts away from zero, the nanoseconds upwards.
    let (whole, fraction) =
      seconds < 0 ? (seconds + 1, 1_000_000_000 - nanoseconds) : (seconds, nanoseconds)
    var digits = String(fraction)
    digits = String(repeating: "0", count: 9 - digits.count) + digits
    while digits.last == "0" { digits.removeLast() }
    return (seconds < 0 && whole == 0 ? "-0" : String(whole)) + "." + digits
  }

  private static func record(_ key: String, _ value: Int64) -> [UInt8] {
    record(key, Array(String(value).utf8))
  }

  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    record(Array(key.utf8), value)
  }

  /// `"%d %s=%s\n"`, the number counting itself.
  private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
    let rest = key.count + value.count + 3
    var length = rest + String(rest).utf8.count
    length = rest + String(length).utf8.count
    return Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [0x0A]
  }

  private static func block(
    type: Unicode.Scalar, name: [UInt8], prefix: [UInt8], link: [UInt8], mode: UInt16, uid: UInt32,
    gid: UInt32,
    size: Int64, modified: Int64, devices: (UInt32, UInt32)?
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: blockSize)
    func put(_ bytes: [UInt8], _ offset: Int) {
      for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int64, _ offset: Int, _ length: Int) {
      var value = value
      for index in (offset..<offset + length - 1).reversed() {
        block[index] = 0x30 + UInt8(value & 7)
        value >>= 3
      }
    }
    put(name, 0)
    octal(Int64(mode), 100, 8)
    octal(Int64(uid), 108, 8)
    octal(Int64(gid), 116, 8)
    octal(size, 124, 12)
    octal(modified, 136, 12)
    block[156] = UInt8(ascii: type)
    put(link, 157)
    put(Array("ustar\u{0}00".utf8), 257)
    if let devices {
      octal(Int64(devices.0), 329, 8)
      octal(Int64(devices.1), 337, 8)
    }
    put(prefix, 345)
    for index in 148..<156 { block[index] = 0x20 }
    let sum = block.reduce(0) { $0 + Int64($1) }
    octal(sum, 148, 7)
    block[154] = 0
    return block
  }
}
