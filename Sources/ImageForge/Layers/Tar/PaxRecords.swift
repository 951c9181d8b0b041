/// The records of a PAX extended header (POSIX.1-2001, pax, "pax Extended Header") that say something of a layer's
/// entry. A record with an empty value is as if it were not there.
struct PaxRecords {
  struct Malformed: Error {
    let reason: String
  }

  private(set) var path: [UInt8]?
  private(set) var linkPath: [UInt8]?
  private(set) var size: Int64?
  private(set) var uid: Int64?
  private(set) var gid: Int64?
  private(set) var modified: (seconds: Int64, nanoseconds: UInt32)?
  private(set) var extendedAttributes: [ExtendedAttribute] = []
  private(set) var sparse = Sparse()

  /// GNU tar's `GNU.sparse.*` (GNU tar manual, "PAX Format").
  struct Sparse {
    var major: [UInt8] = []
    var minor: [UInt8] = []
    var name: [UInt8]?
    var realSize: Int64?
    /// Alternating offsets and lengths, of 0.0 and 0.1.
    var map: [Int64]?

    var isPresent: Bool {
      !major.isEmpty || !minor.isEmpty || name != nil || realSize != nil || map != nil
    }
  }

  /// Whether a reader that applied these records to the entries would see other entries.
  var changesEntries: Bool {
    path != nil || linkPath != nil || size != nil || uid != nil || gid != nil
      || !extendedAttributes.isEmpty
      || sparse.realSize != nil || sparse.name != nil || sparse.map != nil
  }

  init(_ bytes: [UInt8]) throws(Malformed) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // "%d %s=%s\n", the number counts the whole record.
      guard let space = rest.prefix(20).firstIndex(of: 0x20),
        let length = Self.decimal(rest[..<space]), length <= rest.count,
        length > space - rest.startIndex + 2
      else { throw Malformed(reason: "a PAX record has a wrong length") }
      let record = rest.prefix(Int(length))
      rest = rest.dropFirst(Int(length))
      guard record.last == 0x0A, let equals = record[space...].firstIndex(of: UInt8(ascii: "=")),
        equals > space + 1
      else { throw Malformed(reason: "a PAX record is not of the form key=value") }
      try add(key: record[(space + 1)..<equals], value: record[(equals + 1)...].dropLast())
    }
  }

  private mutating func add(key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(Malformed) {
    // Names of attributes are bytes.
    let name = Array(key.dropFirst("SCHILY.xattr.".utf8.count))
    let key = String(decoding: key, as: UTF8.self)
    if value.isEmpty { return forget(key, name) }
    func number() throws(Malformed) -> Int64 {
      guard let number = Self.decimal(value) else {
        throw Malformed(reason: "PAX record \(key) is not a number")
      }
      return number
    }
    func text() throws(Malformed) -> [UInt8] {
      guard !value.contains(0) else {
        throw Malformed(reason: "PAX record \(key) holds a NUL byte")
      }
      return Array(value)
    }
    switch key {
    case "path": path = try text()
    case "linkpath": linkPath = try text()
    case "size": size = try number()
    case "uid": uid = try number()
    case "gid": gid = try number()
    case "mtime":
      guard let time = Self.time(value) else {
        throw Malformed(reason: "PAX record mtime is not a time")
      }
      modified = time
    case "GNU.sparse.major": sparse.major = Array(value)
    case "GNU.sparse.minor": sparse.minor = Array(value)
    case "GNU.sparse.name": sparse.name = try text()
    case "GNU.sparse.size", "GNU.sparse.realsize": sparse.realSize = try number()
    case "GNU.sparse.offset", "GNU.sparse.numbytes":
      let isOffset = key.hasSuffix("offset")
      if sparse.map == nil { sparse.map = [] }
      guard sparse.map?.count.isMultiple(of: 2) == isOffset else {
        throw Malformed(reason: "PAX records of a sparse map are out of order")
      }
      let number = try number()
      sparse.map?.append(number)
    case "GNU.sparse.map":
      var map: [Int64] = []
      for part in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
        guard let number = Self.decimal(part) else {
          throw Malformed(reason: "PAX record \(key) is not a sparse map")
        }
        map.append(number)
      }
      sparse.map = map
    case _ where key.hasPrefix("SCHILY.xattr."):
      extendedAttributes.removeAll { $0.name == name }
      guard extendedAttributes.count < 100 else {
        throw Malformed(reason: "more than 100 extended attributes")
      }
      extendedAttributes.append(ExtendedAttribute(name: name, value: Array(value)))
    default: break
    }
  }

  private mutating func forget(_ key: String, _ attribute: [UInt8]) {
    switch key {
    case "path": path = nil
    case "linkpath": linkPath = nil
    case "size": size = nil
    case "uid": uid = nil
    case "gid": gid = nil
    case "mtime": modified = nil
    case _ where key.hasPrefix("SCHILY.xattr."):
      extendedAttributes.removeAll { $0.name == attribute }
    default: break
    }
  }

  /// Digits only: no sign, no blanks. Nil when it does not fit. Sums of a few numbers of 18 digits fit, too.
  static func decimal(_ text: some Collection<UInt8>, digits: Int = 18) -> Int64? {
    guard !text.isEmpty, text.count <= digits else { return nil }
    var value: Int64 = 0
    for byte in text {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (tens, isLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isLarger) = tens.addingReportingOverflow(Int64(byte - 0x30))
      guard !isLarge, !isLarger else { return nil }
      value = sum
    }
    return value
  }

  /// Seconds with a fraction, possibly negative; the nanoseconds count upwards from the second below.
  private static func time(_ text: ArraySlice<UInt8>) -> (seconds: Int64, nanoseconds: UInt32)? {
    let isNegative = text.first == UInt8(ascii: "-")
    var magnitude = text
    if isNegative { magnitude = text.dropFirst() }
    let parts = magnitude.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    // A header without records can hold times of all 64 bits.
    guard let seconds = decimal(parts[0], digits: 19) else { return nil }
    var nanoseconds: Int64 = 0
    if parts.count == 2 {
      guard parts[1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      let digits = parts[1].prefix(9)
      nanoseconds = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
      for _ in digits.count..<9 { nanoseconds *= 10 }
    }
    guard isNegative else { return (seconds, UInt32(nanoseconds)) }
    guard nanoseconds > 0 else { return (-seconds, 0) }
    return (-seconds - 1, UInt32(1_000_000_000 - nanoseconds))
  }
}
