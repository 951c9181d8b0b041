/// What a dynamically linked ELF file asks the loader for (System V ABI, "Object Files", "Dynamic Linking"). 64-bit and
/// 32-bit, little-endian; anything else is no ELF file to us.
struct ELFFile {
  /// PT_INTERP.
  private(set) var interpreter: String?
  /// DT_NEEDED.
  private(set) var needed: [String] = []
  /// DT_RPATH and DT_RUNPATH, entry by entry.
  private(set) var searchPaths: [String] = []
  /// DT_RPATH, which libraries of a program inherit, where it is not void for DT_RUNPATH.
  private(set) var inheritedPaths: [String] = []

  private let bytes: [UInt8]
  private let is64: Bool

  static func isELF(_ head: some Collection<UInt8>) -> Bool { head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) }

  /// Nil for what is no such file, or is damaged.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 64, Self.isELF(bytes), bytes[4] == 1 || bytes[4] == 2, bytes[5] == 1 else { return nil }
    self.bytes = bytes
    is64 = bytes[4] == 2
    guard let start = word(is64 ? 32 : 28), let size = number(is64 ? 54 : 42, 2), let count = number(is64 ? 56 : 44, 2),
      size >= (is64 ? 56 : 32), count <= 4096
    else { return nil }
    var loads: [(address: Int, offset: Int, size: Int)] = []
    var dynamic: (offset: Int, size: Int)?
    for index in 0..<count {
      let header = start + index * size
      guard let type = number(header, 4), let offset = word(header + (is64 ? 8 : 4)),
        let address = word(header + (is64 ? 16 : 8)), let length = word(header + (is64 ? 32 : 16))
      else { return nil }
      switch type {
      case 1: loads.append((address, offset, length))
      case 2: dynamic = (offset, length)
      case 3: interpreter = text(offset)
      default: break
      }
    }
    guard let dynamic else { return }
    var tags: [(tag: Int, value: Int)] = []
    let step = is64 ? 16 : 8
    for offset in stride(from: dynamic.offset, to: dynamic.offset + min(dynamic.size, 1 << 16), by: step) {
      guard let tag = word(offset), let value = word(offset + step / 2), tag != 0 else { break }
      tags.append((tag, value))
    }
    guard let table = tags.first(where: { $0.tag == 5 })?.value,
      let load = loads.first(where: { table >= $0.address && table - $0.address < $0.size })
    else { return }
    let strings = table - load.address + load.offset
    let hasRunPath = tags.contains { $0.tag == 29 }
    for (tag, value) in tags where value < 1 << 40 {
      switch tag {
      case 1: needed += text(strings + value).map { [$0] } ?? []
      case 15, 29:
        let paths = text(strings + value)?.split(separator: ":").map(String.init) ?? []
        searchPaths += paths
        if tag == 15, !hasRunPath { inheritedPaths += paths }
      default: break
      }
    }
  }

  /// Its class and machine (e_ident[EI_CLASS], e_machine).
  struct Machine: Equatable {
    var wordSize: UInt8
    var number: Int
  }

  static func machine(_ head: [UInt8]) -> Machine {
    Machine(wordSize: head[4], number: Int(head[18]) | Int(head[19]) << 8)
  }

  var machine: Machine { Self.machine(bytes) }

  /// What `$PLATFORM` stands for.
  var platform: String {
    switch machine.number {
    case 3: "i686"
    case 40: "v7l"
    case 62: "x86_64"
    case 183: "aarch64"
    default: ""
    }
  }

  private func number(_ offset: Int, _ length: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - length else { return nil }
    var value: UInt64 = 0
    for index in (0..<length).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
    // An offset beyond any file is a damaged file.
    return value < 1 << 62 ? Int(value) : nil
  }

  private func word(_ offset: Int) -> Int? { number(offset, is64 ? 8 : 4) }

  private func text(_ offset: Int) -> String? {
    guard offset >= 0, offset < bytes.count else { return nil }
    let end = bytes[offset...].prefix(4096).firstIndex(of: 0)
    return end.map { String(decoding: bytes[offset..<$0], as: UTF8.self) }
  }
}
