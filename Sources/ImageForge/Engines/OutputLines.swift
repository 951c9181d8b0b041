import ForgeBasics
import Foundation

/// Splits an engine's output into lines, whatever it writes: memory is bounded by `maximumLength`.
struct LineSplitter {
  static let maximumLength = 4096

  private var line: [UInt8] = []
  private var isCut = false

  /// Takes a piece of output; `emit` gets each line that it completes. A carriage return ends a line too, as progress
  /// bars use it; empty lines are dropped.
  mutating func add(_ bytes: UnsafeRawBufferPointer, emit: (String) -> Void) {
    var rest = bytes[...]
    while let end = rest.firstIndex(where: { $0 == 0x0a || $0 == 0x0d }) {
      append(rest[rest.startIndex..<end])
      flush(emit)
      rest = rest[(end + 1)...]
    }
    append(rest)
  }

  /// Emits what stands after the last line break.
  mutating func flush(_ emit: (String) -> Void) {
    defer {
      line.removeAll(keepingCapacity: true)
      isCut = false
    }
    guard !line.isEmpty else { return }
    var text = OutputText.clean(String(decoding: line, as: UTF8.self))
    if isCut { text += "…" }
    emit(text)
  }

  private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) {
    let room = Self.maximumLength - line.count
    if bytes.count > room { isCut = true }
    line.append(contentsOf: bytes.prefix(room))
  }
}

/// Output of an engine made fit for a terminal or a log.
package enum OutputText {
  /// Colours are dropped and tabs become spaces, since tools write both without harm; everything else that could move
  /// the cursor or hide text is escaped.
  package static func clean(_ line: String) -> String {
    guard line.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return line }
    return DisplayText.escape(withoutColours(line).replacingOccurrences(of: "\t", with: "  "))
  }

  /// The step that a line of a build announces, `3/9 RUN npm ci`: of `[2/3] STEP 3/9: RUN npm ci`, `Step 3/9 : RUN npm
  /// ci` or `#12 [build 3/9] RUN npm ci`.
  package static func step(in line: String) -> String? {
    if let match = line.prefixMatch(
      of: /(?:\[[0-9]+\/[0-9]+\] )?(?:STEP|Step) ([0-9]+\/[0-9]+) ?: (.+)/)
    {
      return "\(match.1) \(match.2)"
    }
    if let match = line.prefixMatch(of: /#[0-9]+ \[(?:[a-z0-9_.-]+ )?([0-9]+\/[0-9]+)\] (.+)/) {
      return "\(match.1) \(match.2)"
    }
    return nil
  }

  /// The base image that a line names: of `STEP 1/9: FROM python:3.12-slim AS build`, `Step 1/9 : FROM …`,
  /// `#2 [internal] load metadata for docker.io/library/python:3.12-slim` or `initializing source docker://…:`.
  static func base(in line: String) -> String? {
    if line.lowercased().hasPrefix("step ") || line.hasPrefix("["),
      let name = word(after: "FROM ", in: line)
    {
      // `FROM --platform=… name`
      guard name.hasPrefix("--") else { return name }
      return word(after: name + " ", in: line)
    }
    if line.hasPrefix("#"), let name = word(after: "load metadata for ", in: line) { return name }
    return nil
  }

  private static func word(after marker: String, in line: String) -> String? {
    guard let range = line.range(of: marker) else { return nil }
    let word = line[range.upperBound...].prefix { $0 != " " }
    guard !word.isEmpty else { return nil }
    return String(word)
  }

  /// Removes `ESC [ digits and semicolons m`.
  private static func withoutColours(_ line: String) -> String {
    guard line.utf8.contains(0x1b) else { return line }
    let bytes = Array(line.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x1b, index + 1 < bytes.count, bytes[index + 1] == 0x5b {
        var end = index + 2
        while end < bytes.count, bytes[end] == 0x3b || (0x30...0x39).contains(bytes[end]) {
          end += 1
        }
        if end < bytes.count, bytes[end] == 0x6d {
          index = end + 1
          continue
        }
      }
      out.append(bytes[index])
      index += 1
    }
    return String(decoding: out, as: UTF8.self)
  }
}

/// What is remembered of an engine's output: its last lines, those of the last step whole where they are not too many,
/// and the base image that it named last.
struct OutputTail: Sendable {
  static let capacity = 20
  /// How many lines of one step are kept.
  static let stepCapacity = 200

  private(set) var lines: [String] = []
  private(set) var lastBase: String?
  private var isInStep = false

  mutating func add(_ line: String) {
    if OutputText.step(in: line) != nil {
      isInStep = true
      lines.removeAll()
    }
    let capacity = if isInStep { Self.stepCapacity } else { Self.capacity }
    if lines.count == capacity { lines.removeFirst() }
    lines.append(line)
    if let base = OutputText.base(in: line) { lastBase = base }
  }
}
