/// Finds the modules that JavaScript imports when it is loaded, without reading the rest of it.
package enum JSSpecifiers {
  /// `import … from "x"`, `import "x"`, `export … from "x"`, `require("x")`. Types alone are imported by no program.
  package static func find(in bytes: [UInt8]) -> [String] {
    bytes.withUnsafeBufferPointer { text in
      var found: [String] = []
      var isType = false
      var at = 0
      while at < text.count, found.count < 2_000 {
        let byte = text[at]
        guard
          byte == UInt8(ascii: "f") || byte == UInt8(ascii: "i") || byte == UInt8(ascii: "r")
            || byte == UInt8(ascii: "e")
        else {
          at += 1
          continue
        }
        guard at == 0 || !isName(text[at - 1]) else {
          at += 1
          continue
        }
        if let end = word("from", at, text) {
          if let name = quoted(end, text), !isType { found.append(name) }
          at = end
        } else if let end = word("import", at, text) ?? word("export", at, text) {
          isType = word("type", blanks(end, text), text) != nil
          if byte == UInt8(ascii: "i"), let name = quoted(end, text) { found.append(name) }
          at = end
        } else if let end = word("require", at, text) {
          let open = blanks(end, text)
          if open < text.count, text[open] == UInt8(ascii: "("), let name = quoted(open + 1, text) {
            found.append(name)
          }
          at = end
        } else {
          at += 1
        }
      }
      return found
    }
  }

  private static func isName(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "$") || byte == UInt8(ascii: ".")
  }

  /// The index after a word that stands at an index.
  private static func word(_ word: StaticString, _ at: Int, _ text: UnsafeBufferPointer<UInt8>)
    -> Int?
  {
    let end = at + word.utf8CodeUnitCount
    guard end < text.count, !isName(text[end]) else { return nil }
    let isEqual = word.withUTF8Buffer { $0.elementsEqual(text[at..<end]) }
    return isEqual ? end : nil
  }

  private static func blanks(_ at: Int, _ text: UnsafeBufferPointer<UInt8>) -> Int {
    var at = at
    while at < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[at]) { at += 1 }
    return at
  }

  /// The text in quotes that begins at an index, blanks left out.
  private static func quoted(_ at: Int, _ text: UnsafeBufferPointer<UInt8>) -> String? {
    let start = blanks(at, text)
    guard start < text.count,
      text[start] == UInt8(ascii: "\"") || text[start] == UInt8(ascii: "'")
    else { return nil }
    var end = start + 1
    while end < text.count, end - start < 300, text[end] != text[start], text[end] != 0x0A {
      end += 1
    }
    guard end < text.count, text[end] == text[start] else { return nil }
    return String(decoding: text[(start + 1)..<end], as: UTF8.self)
  }
}
