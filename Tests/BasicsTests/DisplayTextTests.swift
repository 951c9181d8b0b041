import ForgeBasics
import Testing

@Suite struct DisplayTextTests {
  @Test(arguments: [
    ("app/main.py", "app/main.py"), ("größe ✓", "größe ✓"), ("a\u{1B}[31mb", "a\\x1b[31mb"),
    ("line\n::error::forged", "line\\x0a::error::forged"), ("\u{202E}gpj.exe", "\\u{202e}gpj.exe"),
    ("zero\u{200B}width", "zero\\u{200b}width"), ("\r", "\\x0d"),
  ])
  func escapes(text: String, expected: String) { #expect(DisplayText.escape(text) == expected) }

  @Test func bytesThatAreNotText() {
    #expect(DisplayText.escape([UInt8]([0x61, 0xFF, 0x0A])) == "a\\xff\\x0a")
    #expect(DisplayText.escape(Array("ä".utf8)) == "ä")
  }
}
