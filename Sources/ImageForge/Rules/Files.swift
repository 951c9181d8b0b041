import ForgeBasics
import ForgeFindings
import ForgeInspection

/// What several rules ask of files.
extension FileInstance {
  var name: ArraySlice<UInt8> {
    path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
  }

  var shownPath: String { "/" + DisplayText.escape(path) }

  var place: Place { .layer(layer, path: path) }

  func hasPrefix(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { path.count >= $0.count && path[..<$0.count].elementsEqual($0) }
  }

  func hasSuffix(_ text: StaticString) -> Bool {
    text.withUTF8Buffer {
      path.count >= $0.count && path[(path.count - $0.count)...].elementsEqual($0)
    }
  }

  /// Whether a folder of that name is among its parents.
  func isBelow(_ folder: StaticString) -> Bool {
    folder.withUTF8Buffer { folder in
      var start = 0
      while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
        if slash - start == folder.count, path[start..<slash].elementsEqual(folder) { return true }
        start = slash + 1
      }
      return false
    }
  }
}

extension [FileInstance] {
  /// `/a, /b, /c and 8 more`.
  var shownNames: String {
    let shown = prefix(3).map(\.shownPath).joined(separator: ", ")
    return count > 3 ? "\(shown) and \(count - 3) more" : shown
  }

  var bytes: Int64 { reduce(0) { $0 + $1.size } }

  /// One violation a layer, from the files of each, in order.
  func byLayer(_ violation: ([FileInstance]) -> Violation) -> [Violation] {
    Dictionary(grouping: self, by: \.layer).sorted { $0.key < $1.key }.map { violation($0.value) }
  }
}

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
