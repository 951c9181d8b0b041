import ForgeBasics
import Foundation
import Testing

@testable import ForgeSyntax

@Suite struct PythonSyntaxTests {
  private func parse(_ text: String) throws -> PythonModule {
    try PythonModule.parse(SourceText(name: "main.py", text: text))
  }

  /// Imports, definitions, calls and assignments of 200 files of the standard library, with lines and arguments, are
  /// what Python itself reads.
  @Test func agreesWithPythonOnItsStandardLibrary() throws {
    let paths = try PythonOracle.standardLibrary(200)
    let oracle = try PythonOracle.facts(of: paths)
    #expect(oracle.count >= 200)
    var compared = 0
    for (path, expected) in oracle {
      let bytes = try Array(Data(contentsOf: URL(filePath: path)))
      // Files in another encoding than UTF-8 are not read alike.
      guard String(validating: bytes, as: UTF8.self) != nil else { continue }
      let module = try PythonModule.parse(SourceText(name: path, bytes: bytes))
      #expect(module.problems == [], "\(path)")
      let facts = module.facts
      let difference = Set(facts).symmetricDifference(expected).sorted().prefix(6)
      #expect(facts == expected, "\(path): \(Array(difference))")
      compared += expected.count
    }
    #expect(compared > 20_000)
  }

  @Test func readsFieldsOfFormattedStrings() throws {
    let module = try parse(
      #"""
      url = f"postgres://{os.environ["USER"]!r:>{width}}:{os.getenv('PW', f"{a}")}@{{host}}\N{BULLET}{x = }" "tail"
      """#)
    var calls: [String] = []
    var names: [String] = []
    module.statements.forEachExpression { expression in
      if let name = expression.call?.function.dotted { calls.append(name.joined(separator: ".")) }
      if let name = expression.name { names.append(name) }
    }
    #expect(calls == ["os.getenv"])
    #expect(
      names == ["url", "os", "os", "a", "width", "x"]
        || names == ["url", "os", "width", "os", "a", "x"])
  }

  @Test func softKeywordsAreNamesElsewhere() throws {
    let module = try parse(
      """
      match = re.match(p, s)
      match(a)
      case = 1
      type = type(x)
      match command.split():
        case [Point(x=0), *rest] | {"a": b, **c} if (lambda y: y)(rest):
          act()
        case _: other()
      type Alias[T] = list[T]
      def first[T: int](x: T, /, *, y=lambda a, *b: a) -> T: return x
      """)
    #expect(module.problems == [])
    #expect(module.facts.filter { $0.hasPrefix("call") }.count == 6)
  }

  @Test func whatItDoesNotUnderstandIsLeftOut() throws {
    let module = try parse("import os\nprint 'Python 2'\nif x y:\n  app = FastAPI()\nport = 8000\n")
    #expect(module.problems.map(\.place.description) == ["main.py:2", "main.py:3"])
    #expect(module.facts.contains("call FastAPI 4 0 0 "))
    #expect(module.statements.count == 3)
  }

  @Test(arguments: [
    "x = 'open", "x = \"\"\"open\n", "x = (1,\n", "x = ]", "if x:\n    a\n  b\n", "x = f'{a'",
    "x = f'{'", "x = $",
    "x = \\ 1", "x = f\"{f'{f\"{f'{f\"{f'{f\"{f'{f\"{1}\"}'}\"}'}\"}'}\"}'}\"",
  ])
  func textThatIsNoPythonIsAnError(_ text: String) {
    #expect(throws: SyntaxError.self) { try parse(text) }
  }

  @Test func depthIsBounded() throws {
    let many = 200_000
    #expect(throws: SyntaxError.self) { try parse(String(repeating: "(", count: many)) }
    #expect(throws: SyntaxError.self) {
      try parse((0..<200).map { String(repeating: " ", count: $0) + "if x:\n" }.joined() + "pass\n")
    }
    #expect(
      try parse("x = " + String(repeating: "lambda: ", count: many) + "1\n").problems.count == 1)
    #expect(try parse("x = a" + String(repeating: ".b", count: many) + "\n").problems.count == 1)
    #expect(try parse("x = " + String(repeating: "not ", count: many) + "1\n").problems.isEmpty)
    #expect(try parse("x = 1" + String(repeating: " + 1", count: many) + "\n").problems.isEmpty)
    #expect(try parse(String(repeating: "@a\n", count: 1000)).problems.count == 1)
  }

  /// Cut at every byte, a file gives an error or a module, never a crash.
  @Test func everyPrefixIsHandled() throws {
    let text = #"""
      from a import (b as c, d)
      @app.get("/x{y}", tags=["é"])
      async def f(a: int = 1, *b, c=lambda x: {**x}, **d) -> str:
        match a:
          case {"k": [1, 2]}: return f"{a!r:{b}}" rb'\x'
        return [x for x in y if x] + {k: v for k, v in z}
      class C(B, metaclass=M): x: int = 0x_ff + 1e-5j
      """#
    let bytes = Array(text.utf8)
    var whole = 0
    for end in 0...bytes.count {
      if let module = try? PythonModule.parse(
        SourceText(name: "x.py", bytes: Array(bytes[..<end]))),
        module.problems.isEmpty
      {
        whole += 1
      }
    }
    #expect(whole > 10)
    #expect(try parse(text).problems == [])
  }

  @Test func escapesAreDecoded() throws {
    let module = try parse(#"x = "a\n\x41\u00e9\101\\" r'\n' 'z'"# + "\n")
    guard case .assignment(_, let value) = module.statements[0].kind else {
      Issue.record("not an assignment")
      return
    }
    #expect(value.string == "a\nA\u{e9}A\\" + "\\n" + "z")
  }
}
