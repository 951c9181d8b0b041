/// Files by patterns such as `app/**/*.js`: `*` stands for anything but `/`, `?` for one such byte, `**` for any folders.
struct PathPattern: Sendable, Equatable {
  let text: String
  private let segments: [[UInt8]]

  init(_ text: String) {
    self.text = text
    segments = text.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
  }

  func matches(_ path: [UInt8]) -> Bool {
    let parts = path.split(separator: UInt8(ascii: "/"))
    var (segment, part) = (0, 0)
    // Where to go on when what follows the last `**` does not fit.
    var retry: (segment: Int, part: Int)?
    while true {
      if segment < segments.count, segments[segment].elementsEqual("**".utf8) {
        retry = (segment + 1, part)
        segment += 1
      } else if segment < segments.count, part < parts.count,
        Self.matches(segments[segment], parts[part])
      {
        segment += 1
        part += 1
      } else if segment == segments.count, part == parts.count {
        return true
      } else if let last = retry, last.part < parts.count {
        retry = (last.segment, last.part + 1)
        (segment, part) = (last.segment, last.part + 1)
      } else {
        return false
      }
    }
  }

  private static func matches(_ pattern: [UInt8], _ name: ArraySlice<UInt8>) -> Bool {
    var (p, n) = (0, name.startIndex)
    var retry: (p: Int, n: Int)?
    while n < name.endIndex {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        retry = (p + 1, n)
        p += 1
      } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
        p += 1
        n += 1
      } else if let last = retry {
        retry = (last.p, last.n + 1)
        (p, n) = (last.p, last.n + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
