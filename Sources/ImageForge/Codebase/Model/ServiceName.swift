/// Names of services, which become parts of image names and of Dockerfiles.
package enum ServiceName {
  /// Reduces a name from a manifest to what an image name may hold: `[a-z0-9]` with single `.`, `_`, `-` between,
  /// at most 63 characters, without an npm scope. Nil when nothing is left.
  package static func reduce(_ name: String) -> String? {
    var bare = name[...]
    if name.hasPrefix("@") { bare = name.split(separator: "/", maxSplits: 1).last ?? "" }
    var out: [UInt8] = []
    for byte in bare.lowercased().utf8 where out.count < 63 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        out.append(byte)
      default:
        guard let last = out.last, isAlphanumeric(last) else { continue }
        if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") {
          out.append(byte)
        } else {
          out.append(UInt8(ascii: "-"))
        }
      }
    }
    while let last = out.last, !isAlphanumeric(last) { out.removeLast() }
    guard !out.isEmpty else { return nil }
    return String(decoding: out, as: UTF8.self)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
