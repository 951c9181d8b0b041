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
    folder.withUTF8Buffer { isBelow($0) }
  }

  /// Whether a folder of that name is among its parents.
  func isBelow(_ folder: String) -> Bool {
    var folder = folder
    return folder.withUTF8 { isBelow($0) }
  }

  private func isBelow(_ folder: UnsafeBufferPointer<UInt8>) -> Bool {
    var start = 0
    while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
      if slash - start == folder.count, path[start..<slash].elementsEqual(folder) { return true }
      start = slash + 1
    }
    return false
  }
}

extension [FileInstance] {
  /// `/a, /b, /c and 8 more`.
  var shownNames: String {
    let shown = prefix(3).map(\.shownPath).joined(separator: ", ")
    return count > 3 ? "\(shown) and \(count - 3) more" : shown
  }

  /// Bytes of the files, each once under however many names it stands here.
  var bytes: Int64 {
    var seen: Set<Int32> = []
    return reduce(0) { sum, file in
      let isNew = file.inode < 0 || seen.insert(file.inode).inserted
      return isNew ? sum + file.size : sum
    }
  }

  /// One violation a layer, from the files of each, in order.
  func byLayer(_ violation: ([FileInstance]) -> Violation) -> [Violation] {
    Dictionary(grouping: self, by: \.layer).sorted { $0.key < $1.key }.map { violation($0.value) }
  }
}
