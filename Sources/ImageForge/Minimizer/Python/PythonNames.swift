/// What Python sources name in strings, beside modules: paths, and where they start programs or open libraries, these.
struct PythonNames {
  private(set) var paths: Set<String> = []
  private(set) var programs: Set<String> = []
  private(set) var libraries: Set<String> = []

  /// - Parameter source: the text that they stand in.
  mutating func add(_ texts: Set<String>, of source: String) {
    func mentions(_ words: String...) -> Bool { words.contains { source.contains($0) } }
    paths.formUnion(texts.filter { $0.hasPrefix("/") && !$0.hasPrefix("//") })
    if mentions("shell=True", "os.system", "popen") { paths.insert("/bin/sh") }
    if mentions("subprocess", "os.system", "popen", "which") {
      for text in texts {
        // Each part of a pipe begins with a program.
        for part in text.split(whereSeparator: { "|;&".contains($0) }) {
          programs.formUnion(part.split { $0 == " " || $0 == "\t" }.prefix(1).map(String.init))
        }
      }
    }
    if mentions("ctypes", "cffi") {
      libraries.formUnion(
        texts.filter { $0.hasPrefix("lib") && $0.contains(".so") && !$0.contains("/") })
    }
  }
}
