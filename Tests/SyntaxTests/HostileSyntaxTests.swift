import ForgeBasics
import Testing

@testable import ForgeJavaScript
@testable import ForgeSyntax

/// Texts that are made to bring a reader down: each is read or refused, and the process goes on.
struct HostileSyntaxTests {
  // MARK: TOML

  /// The parser below forge's own guard stops the process at each of these.
  @Test(arguments: [
    ("[|", 1), ("[{{ x }}]", 1), ("[é]", 1), ("[ = ]", 1), ("[[.a]]", 1), ("a = 1\n[\n]", 2),
    ("[#]", 1), ("[\u{2028}a]", 1),
    ("a = [ } ]", 1), ("a = [\n  1,\n  }", 3), ("a = { b = [ } ] }", 1), ("a = [ \u{85} ]", 1),
    ("a = [ \u{2028} ]", 1), ("a = ['x', \u{2029} ]", 1),
    ("a = 1979-05-27 0\n", 1), ("a = [1979-05-27 0, 1]", 1), ("a = { b = 1979-05-27 0}", 1),
    ("a = 1979-05-27 0\u{2028}", 1), ("a = 1979-05-27 0#", 1),
    ("a = 1979-05-27T:01", 1), ("b = 2\na = 1979-05-27t:01:02", 2),
    ("a = '''\n'''\nb = [ [ }", 3), ("\"x\" . 'y' = \"\\\"[|\"\n[|", 2),
  ])
  func malformedTOMLIsRefused(_ text: String, _ line: Int) {
    let error = #expect(throws: SyntaxError.self) {
      try TOMLDocument.parse(SourceText(name: "x.toml", text: text))
    }
    #expect(error?.description.hasPrefix("x.toml:\(line): ") == true)
  }

  /// What looks like the above and is TOML.
  @Test(arguments: [
    "a = '[|'\nb = \"\"\"\n[|\n\\\"\"\"\"\"\"\nc = '''[|'''''\n", "# [|\n[ a . \"é|\" ] # [|\n",
    "a = [ # }\n  '}', {b = '}'}, [], ]\n", "a = 1979-05-27 07:32:00Z\nb = 1979-05-27 # 0\n",
    "a = [1979-05-27 , 1979-05-27T07:32:00.5-07:00]\r\nb = ''\r\n", "[[a]]\n[a.b]\n[[ a ]]\n",
    "a.\"b.c\".'d' = { e.f = [ {}, { g = 1 } ] }", "a = \"\"", "a = 1979-05-27 0",
  ])
  func guardLetsPass(_ text: String) { #expect(TOMLGuard.problem(in: Array(text.utf8)) == nil) }

  /// Random texts of the language's own pieces. That this test ends is what it shows.
  @Test func randomTOMLStopsNothing() {
    let pieces = [
      "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "#", "\n", "\r\n", "\r", " ", "\t", "a", "b-c",
      "\"", "'", "\"\"\"", "'''", "\\", "\\u00e9", "1", "0x1", "1_0", "-", "+", "1.5", "1e5", "inf",
      "nan", "true", "1979-05-27", " 0", "T", ":", "07:32:00", "Z", "é", "\u{2028}", "\u{85}",
      "\u{A0}", "|", "_", "\u{B}", "\u{7F}", "\u{1}", "a = ", "a = [", "\n[", "x.y = {",
    ]
    var state: UInt64 = 0x5EED
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var accepted = 0
    for _ in 0..<30_000 {
      var text = ""
      for _ in 0...next(10) { text += pieces[next(pieces.count)] }
      if (try? TOMLDocument.parse(SourceText(name: "x", text: text))) != nil { accepted += 1 }
    }
    // Some of them are TOML, so that the random texts reach into what lies behind the first error.
    #expect(accepted > 0)
  }

  // MARK: JavaScript

  /// Each link of a chain lies in the next: 20,000 of them are not read, since they cannot be released either.
  @Test(arguments: [".a", "[0]", "()", " + 1", " || b", "?.a", "['k']"])
  func longChainsAreNotRead(_ link: String) throws {
    let text = "module.exports = a" + String(repeating: link, count: 20_000)
    let statements = JSParser.parse(SourceText(name: "x.js", text: text))
    let height = statements.tallest(\.height)
    #expect(height > 0 && height <= JSParser.maximumHeight + 1)
  }

  /// Chains in the arguments of chains do not add up.
  @Test func chainsInChainsAreNotRead() {
    var text = "a"
    for _ in 0..<90 { text = "(x => f(\(text)))" + String(repeating: ".a", count: 300) }
    let statements = JSParser.parse(SourceText(name: "x.js", text: "b = " + text))
    #expect(statements.tallest(\.height) <= 2 * JSParser.maximumHeight)
  }

  // MARK: Python

  @Test func longChainsOfPythonAreRefused() {
    var text = "a"
    for _ in 0..<90 { text = "(\(text))" + String(repeating: ".a", count: 490) }
    _ = try? PythonModule.parse(SourceText(name: "x.py", text: "b = " + text))
  }
}
