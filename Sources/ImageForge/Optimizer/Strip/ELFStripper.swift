import ForgeLayers
import ForgeMinimizer
import ForgeWriting

/// Takes symbols and debug information out of a program or library (System V ABI, "Sections"): what a debugger reads,
/// and no loader. Every byte that is loaded into memory stays where it is, but for the three fields of the ELF header
/// that tell where the section headers are. Files in which anything is unusual are left alone: 64-bit little-endian
/// only, no relocatable objects, nothing appended behind the sections, no section to drop before one that is loaded.
struct ELFStripper {
  /// Below this many bytes a file is not written again for it.
  static let worthwhile: Int64 = 4 << 10

  private struct Section {
    var header: [UInt8]
    var name = ""
    var type: UInt64 { ELFStripper.number(header, 4, 4) }
    var isLoaded: Bool { ELFStripper.number(header, 8, 8) & 2 != 0 }
    var offset: Int64 { Int64(clamping: ELFStripper.number(header, 24, 8)) }
    var size: Int64 { type == 8 ? 0 : Int64(clamping: ELFStripper.number(header, 32, 8)) }
    var link: Int { Int(ELFStripper.number(header, 40, 4)) }
    var alignment: Int64 { Int64(clamping: ELFStripper.number(header, 48, 8)) }
    var end: Int64 { offset.addingReportingOverflow(size).partialValue }
  }

  private static let headerSize = 64
  private static let sectionSize = 64

  /// Nil where nothing is to be gained, or the file is not to be touched.
  static func strip(_ file: Blob) -> RewrittenFile? {
    guard let head = try? file.bytes(count: headerSize), head.count == headerSize,
      ELFFile.isELF(head),
      head[4] == 2, head[5] == 1, [2, 3].contains(number(head, 16, 2)),
      number(head, 58, 2) == sectionSize,
      number(head, 54, 2) == 56
    else { return nil }
    let table = Int64(clamping: number(head, 40, 8))
    let (count, names) = (Int(number(head, 60, 2)), Int(number(head, 62, 2)))
    // Numbers that do not fit into the header (from 0xFF00 sections up) stand elsewhere: left alone.
    guard count > 2, count < 0xFF00, names < count, table >= headerSize, table <= file.length,
      Int64(count * sectionSize) <= file.length - table,
      let headers = try? file.bytes(at: table, count: count * sectionSize),
      headers.count == count * sectionSize
    else { return nil }
    var sections = (0..<count).map { index in
      Section(header: Array(headers[index * sectionSize..<(index + 1) * sectionSize]))
    }
    guard
      sections.allSatisfy({ $0.size >= 0 && $0.offset <= file.length && $0.end <= file.length }),
      sections[names].size < 1 << 20,
      let text = try? file.bytes(at: sections[names].offset, count: Int(sections[names].size))
    else { return nil }
    for index in sections.indices {
      let start = Int(number(sections[index].header, 0, 4))
      guard start < text.count else { return nil }
      sections[index].name = String(decoding: text[start...].prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let loadedEnd = loadedEnd(file, head, sections) else { return nil }
    return rewritten(
      file, head, sections, names: names, text: text, table: table, loadedEnd: loadedEnd)
  }

  /// Where the last byte ends that is loaded.
  private static func loadedEnd(_ file: Blob, _ head: [UInt8], _ sections: [Section]) -> Int64? {
    let (start, count) = (Int64(clamping: number(head, 32, 8)), Int(number(head, 56, 2)))
    guard count > 0, count < 4096, start <= file.length, Int64(count * 56) <= file.length - start,
      let programs = try? file.bytes(at: start, count: count * 56), programs.count == count * 56
    else { return nil }
    var end = max(Int64(headerSize), start + Int64(count * 56))
    for index in 0..<count {
      let (offset, size) = (
        number(programs, index * 56 + 8, 8), number(programs, index * 56 + 32, 8)
      )
      guard offset <= UInt64(file.length), size <= UInt64(file.length) - offset else { return nil }
      end = max(end, Int64(offset + size))
    }
    for section in sections where section.isLoaded { end = max(end, section.end) }
    return end
  }

  private static func isDebug(_ section: Section, _ sections: [Section]) -> Bool {
    guard !section.isLoaded else { return false }
    // SHT_SYMTAB and SHT_SYMTAB_SHNDX; the strings that only these name.
    if section.type == 2 || section.type == 18 { return true }
    return [
      ".strtab", ".debug", ".zdebug", ".rela.debug", ".rel.debug", ".stab", ".gdb_index",
      ".gnu_debugdata",
    ]
    .contains { section.name.hasPrefix($0) }
  }

  private static func rewritten(
    _ file: Blob, _ head: [UInt8], _ sections: [Section], names: Int, text: [UInt8], table: Int64,
    loadedEnd: Int64
  ) -> RewrittenFile? {
    guard let firstDropped = sections.indices.first(where: { isDebug(sections[$0], sections) })
    else { return nil }
    let kept = sections.indices.filter { $0 < firstDropped || !isDebug(sections[$0], sections) }
    let dropped = Set(sections.indices).subtracting(kept)
    // Dynamic symbols name sections by number: those of loaded sections must stay.
    guard !dropped.contains(names),
      kept.allSatisfy({ !sections[$0].isLoaded || $0 < firstDropped }),
      kept.allSatisfy({ !dropped.contains(sections[$0].link) }),
      dropped.allSatisfy({ sections[$0].offset >= loadedEnd || sections[$0].size == 0 }),
      table >= loadedEnd
    else { return nil }
    // Something behind the sections is a payload that the program itself reads.
    let last = max(table + Int64(sections.count * sectionSize), sections.map(\.end).max() ?? 0)
    guard file.length <= last else { return nil }

    let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    var head = head
    var pieces: [RewrittenFile.Piece] = []
    var position = loadedEnd
    var headers: [UInt8] = []
    for index in kept {
      var header = sections[index].header
      put(UInt64(numbers[sections[index].link] ?? 0), &header, 40, 4)
      // SHF_INFO_LINK, and what relocations are for: sh_info is the number of a section.
      if number(header, 8, 8) & 0x40 != 0 || [4, 9].contains(sections[index].type) {
        guard let new = numbers[Int(number(header, 44, 4))] else { return nil }
        put(UInt64(new), &header, 44, 4)
      }
      if !sections[index].isLoaded, sections[index].offset >= loadedEnd, sections[index].size > 0 {
        guard sections[index].size < 16 << 20 else { return nil }
        pad(&pieces, &position, to: max(1, min(sections[index].alignment, 4096)))
        put(UInt64(position), &header, 24, 8)
        pieces.append(.old(sections[index].offset..<sections[index].end))
        position += sections[index].size
      }
      headers += header
    }
    pad(&pieces, &position, to: 8)
    put(UInt64(position), &head, 40, 8)
    put(UInt64(kept.count), &head, 60, 2)
    put(UInt64(numbers[names] ?? 0), &head, 62, 2)
    pieces = [.new(head), .old(Int64(headerSize)..<loadedEnd)] + pieces + [.new(headers)]
    let result = RewrittenFile(pieces: pieces)
    return file.length - result.size >= worthwhile ? result : nil
  }

  private static func pad(
    _ pieces: inout [RewrittenFile.Piece], _ position: inout Int64, to alignment: Int64
  ) {
    let gap = (alignment - position % alignment) % alignment
    if gap > 0 { pieces.append(.new([UInt8](repeating: 0, count: Int(gap)))) }
    position += gap
  }

  fileprivate static func number(_ bytes: [UInt8], _ offset: Int, _ length: Int) -> UInt64 {
    bytes[offset..<offset + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func put(_ value: UInt64, _ bytes: inout [UInt8], _ offset: Int, _ length: Int) {
    for index in 0..<length {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (UInt64(index) * 8))
    }
  }
}
