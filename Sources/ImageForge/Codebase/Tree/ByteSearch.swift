extension [UInt8] {
  /// Whether the bytes hold a word.
  package func holds(_ word: [UInt8]) -> Bool {
    guard let first = word.first, count >= word.count else { return false }
    return withUnsafeBufferPointer { text in
      var at = 0
      while at <= text.count - word.count {
        if text[at] == first, (1..<word.count).allSatisfy({ text[at + $0] == word[$0] }) {
          return true
        }
        at += 1
      }
      return false
    }
  }
}
