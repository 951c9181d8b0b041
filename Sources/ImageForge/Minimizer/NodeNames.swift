/// What JavaScript sources name in strings: paths, and where they start programs, these.
struct NodeNames {
  private(set) var paths: Set<String> = []
  private(set) var programs: Set<String> = []

  /// Larger sources are bundles, or data.
  static let maximumSize: Int64 = 4 << 20

  static func isSource(_ name: String) -> Bool {
    [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"].contains { name.hasSuffix($0) }
      && !name.hasSuffix(".d.ts")
  }

  mutating func add(_ source: [UInt8]) {
    let texts = Self.strings(source)
    paths.formUnion(texts.filter { $0.hasPrefix("/") && !$0.hasPrefix("//") })
    guard texts.contains(where: { $0 == "child_process" || $0 == "node:child_process" }) else {
      return
    }
    // exec() and `shell: true`.
    paths.insert("/bin/sh")
    for text in texts {
      // Each part of a pipe begins with a program.
      for part in text.split(whereSeparator: { "|;&".contains($0) }) {
        programs.formUnion(part.split { $0 == " " || $0 == "\t" }.prefix(1).map(String.init))
      }
    }
  }

  /// The short strings between quotes. Comments and regular expressions are not told from code: what they add, or hide
  /// on their line, is little.
  private static func strings(_ source: [UInt8]) -> Set<String> {
    var strings: Set<String> = []
    var start: Int?
    var index = 0
    while index < source.count {
      let byte = source[index]
      if let open = start {
        if byte == source[open] {
          if index - open <= 512 {
            strings.insert(String(decoding: source[(open + 1)..<index], as: UTF8.self))
          }
          start = nil
        } else if byte == UInt8(ascii: "\\") {
          index += 1
        } else if byte == UInt8(ascii: "\n"), source[open] != UInt8(ascii: "`") {
          start = nil
        }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
      {
        start = index
      }
      index += 1
    }
    return strings
  }
}
