/// A run of bytes in the arena of a `LayerEntries`.
package struct ByteRun: Sendable, Equatable {
  package var start: UInt32
  package var count: UInt32

  package init(start: UInt32 = 0, count: UInt32 = 0) {
    self.start = start
    self.count = count
  }
}

/// The 128 bits of an XXH3 hash: equal content has equal hashes, and the reverse where nobody forges collisions.
package struct ContentHash: Sendable, Hashable {
  package var low: UInt64 = 0
  package var high: UInt64 = 0

  package init(low: UInt64 = 0, high: UInt64 = 0) {
    self.low = low
    self.high = high
  }
}

/// One entry of a layer; the bytes of its names stand in the `LayerEntries` it belongs to.
package struct LayerEntry: Sendable {
  package enum Kind: UInt8, Sendable {
    case regular, directory, symlink, hardlink, characterDevice, blockDevice, fifo
  }

  package var kind: Kind
  /// Without `./`, doubled or trailing slashes; empty for the root. Bytes, never normalised.
  package var path = ByteRun()
  /// Target of a symlink, as it stands; clean path of a hardlink's target.
  package var link = ByteRun()
  /// Permission bits with setuid, setgid and sticky.
  package var mode: UInt16 = 0
  package var uid: UInt32 = 0
  package var gid: UInt32 = 0
  /// Bytes of a regular file; of a sparse one with its holes. 0 for every other kind.
  package var size: Int64 = 0
  /// Seconds since 1970, and nanoseconds on top.
  package var modified: Int64 = 0
  package var modifiedNanoseconds: UInt32 = 0
  package var deviceMajor: UInt32 = 0
  package var deviceMinor: UInt32 = 0
  /// Of the content of a regular file. A sparse file is hashed with its map, so it never equals a dense one.
  package var hash = ContentHash()
  package var isSparse = false
  package var hasExtendedAttributes = false

  package init(kind: Kind) { self.kind = kind }
}

package struct ExtendedAttribute: Sendable, Equatable {
  package let name: [UInt8]
  package let value: [UInt8]

  package init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

/// The entries of a layer in the order of its tar: plain records, with all names in one arena of bytes, because an
/// object or a string for each of 200,000 entries would cost more than unpacking them.
package struct LayerEntries: RandomAccessCollection, Sendable {
  private var records: [LayerEntry] = []
  private var arena: [UInt8] = []
  private var attributes: [Int: [ExtendedAttribute]] = [:]
  private var heads: [Int: [UInt8]] = [:]

  package var startIndex: Int { 0 }
  package var endIndex: Int { records.count }
  package subscript(index: Int) -> LayerEntry { records[index] }

  package subscript(bytes run: ByteRun) -> ArraySlice<UInt8> {
    arena[Int(run.start)..<Int(run.start) + Int(run.count)]
  }

  package func path(_ index: Int) -> ArraySlice<UInt8> { self[bytes: records[index].path] }
  package func link(_ index: Int) -> ArraySlice<UInt8> { self[bytes: records[index].link] }
  package func extendedAttributes(_ index: Int) -> [ExtendedAttribute] { attributes[index] ?? [] }
  /// The captured first bytes of a file; nil where none were asked for.
  package func head(_ index: Int) -> [UInt8]? { heads[index] }

  /// Bytes of all names so far.
  var arenaSize: Int { arena.count }

  package init() {}

  package mutating func reserve(_ count: Int) { records.reserveCapacity(count) }

  package mutating func append(_ entry: LayerEntry, attributes list: [ExtendedAttribute] = []) {
    if !list.isEmpty { attributes[records.count] = list }
    records.append(entry)
  }

  package mutating func store(_ bytes: some Collection<UInt8>) -> ByteRun {
    let start = arena.count
    arena.append(contentsOf: bytes)
    return ByteRun(start: UInt32(start), count: UInt32(arena.count - start))
  }

  /// What follows about the last entry, once its data was read.
  mutating func finishLast(hash: ContentHash, head: [UInt8]?) {
    records[records.count - 1].hash = hash
    if let head { heads[records.count - 1] = head }
  }
}
