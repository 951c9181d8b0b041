/// What a dynamically linked ELF file asks the loader for (System V ABI, "Object Files", "Dynamic Linking"). 64-bit and
/// 32-bit, little-endian; anything else is no ELF file to us.
package struct ELFFile {
  /// PT_INTERP.
  private(set) var interpreter: String?
  /// DT_NEEDED.
  private(set) var needed: [String] = []
  /// DT_RPATH and DT_RUNPATH, entry by entry.
  private(set) var searchPaths: [String] = []
  /// DT_RPATH, which libraries of a program inherit, where it is not void for DT_RUNPATH.
  private(set) var inheritedPaths: [String] = []

  let machine: Machine

  package static func isELF(_ head: some Collection<UInt8>) -> Bool {
    head.starts(with: [0x7F, 0x45, 0x4C, 0x46])
  }

  init?(_ bytes: [UInt8]) {
    self.init { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }
  }

  /// Nil for what is no such file, or is damaged.
  /// - Parameter read: the bytes at an offset, that many or those up to the end. Few are asked for, however large the
  ///   file is.
  init?(read: (Int, Int) throws -> [UInt8]) rethrows {
    let head = try read(0, 64)
    guard head.count == 64, Self.isELF(head), head[4] == 1 || head[4] == 2, head[5] == 1 else {
      return nil
    }
    machine = Self.machine(head)
    var reader = Reader(is64: head[4] == 2)
    let is64 = reader.is64
    guard let start = try reader.word(is64 ? 32 : 28, read),
      let size = try reader.number(is64 ? 54 : 42, 2, read),
      let count = try reader.number(is64 ? 56 : 44, 2, read), size >= (is64 ? 56 : 32),
      count <= 4096
    else { return nil }
    var loads: [(address: Int, offset: Int, size: Int)] = []
    var dynamic: (offset: Int, size: Int)?
    for index in 0..<count {
      let header = start + index * size
      guard let type = try reader.number(header, 4, read),
        let offset = try reader.word(header + (is64 ? 8 : 4), read),
        let address = try reader.word(header + (is64 ? 16 : 8), read),
        let length = try reader.word(header + (is64 ? 32 : 16), read)
      else { return nil }
      switch type {
      case 1: loads.append((address, offset, length))
      case 2: dynamic = (offset, length)
      case 3: interpreter = try Reader.text(offset, read)
      default: break
      }
    }
    guard let dynamic else { return }
    var tags: [(tag: Int, value: Int)] = []
    let step = is64 ? 16 : 8
    for offset in stride(
      from: dynamic.offset, to: dynamic.offset + min(dynamic.size, 1 << 16), by: step)
    {
      guard let tag = try reader.word(offset, read),
        let value = try reader.word(offset + step / 2, read), tag != 0
      else { break }
      tags.append((tag, value))
    }
    guard let table = tags.first(where: { $0.tag == 5 })?.value,
      let load = loads.first(where: { table >= $0.address && table - $0.address < $0.size })
    else { return }
    let strings = table - load.address + load.offset
    let hasRunPath = tags.contains { $0.tag == 29 }
    for (tag, value) in tags where value < 1 << 40 {
      switch tag {
      case 1: needed += try Reader.text(strings + value, read).map { [$0] } ?? []
      case 15, 29:
        let paths =
          try Reader.text(strings + value, read)?.split(separator: ":").map(String.init) ?? []
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

  /// Reads numbers from a page that was read at once.
  private struct Reader {
    let is64: Bool
    private var page: [UInt8] = []
    private var start = 0

    init(is64: Bool) { self.is64 = is64 }

    mutating func number(_ offset: Int, _ length: Int, _ read: (Int, Int) throws -> [UInt8])
      rethrows -> Int?
    {
      if offset < start || offset + length > start + page.count {
        (page, start) = (try read(offset, 4096), offset)
      }
      let index = offset - start
      guard index + length <= page.count else { return nil }
      var value: UInt64 = 0
      for byte in page[index..<index + length].reversed() { value = value << 8 | UInt64(byte) }
      // An offset beyond any file is a damaged file; two of them can be added.
      return value < 1 << 60 ? Int(value) : nil
    }

    mutating func word(_ offset: Int, _ read: (Int, Int) throws -> [UInt8]) rethrows -> Int? {
      try number(offset, is64 ? 8 : 4, read)
    }

    static func text(_ offset: Int, _ read: (Int, Int) throws -> [UInt8]) rethrows -> String? {
      let bytes = try read(offset, 4096)
      return bytes.firstIndex(of: 0).map { String(decoding: bytes[..<$0], as: UTF8.self) }
    }
  }
}
