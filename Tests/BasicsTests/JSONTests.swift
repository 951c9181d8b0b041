import ForgeBasics
import Foundation
import Testing

@Suite struct JSONTests {
  private func parse(_ text: String, _ options: JSON.Options = .image) throws -> JSON {
    try JSON.parse(SourceText(name: "x.json", text: text), options)
  }

  @Test func readsValuesWithPositions() throws {
    let source = SourceText(
      name: "x.json",
      text: "{\n  \"a\": [1, -2.5e3, true, null],\n  \"b\": \"t\\u00e4\\ud83d\\ude00\\n\"\n}")
    let json = try JSON.parse(source, .image)
    #expect(json["a"]?.elements.map(\.integer) == [1, nil, nil, nil])
    #expect(json["b"]?.string == "tä😀\n")
    let member = try #require(json.member("b"))
    #expect(source.location(at: member.keyOffset) == "x.json:3")
    #expect(source.column(at: member.keyOffset) == 3)
  }

  /// Two readers of one image must not see two users: Go folds case, and takes the last.
  @Test(arguments: [
    #"{"User":"app","User":"root"}"#, #"{"User":"app","user":"root"}"#,
    "{\"User\":\"app\",\"u\u{17F}er\":\"root\"}",
    #"{"config":{},"Config":{}}"#, "{\"K\":1,\"\u{212A}\":2}", #"{"a":{"b":1,"\u0062":2}}"#,
  ])
  func refusesKeysThatFoldTogether(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func projectsKeepTheLastOfTwoKeys() throws {
    try #expect(parse(#"{"a":1,"a":2}"#, .project)["a"]?.integer == 2)
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "1.", "+1", ".5", "1e", "nul",
    "\"\u{1}\"", "\"\\x\"",
    "\"\\ud800\"", "[1] 2", "\"abc", "{\"a\" 1}", "// c\n1", "NaN", "\"\\u12\"",
  ])
  func refusesWhatIsNotJSON(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func commentsAndTrailingCommasWhereAllowed() throws {
    let json = try parse("{ // one\n \"a\": [1, 2,], /* two */ }", .projectWithComments)
    #expect(json["a"]?.elements.count == 2)
  }

  @Test func boundsDepthAndSize() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try parse(deep) }
    let large = "\"" + String(repeating: "a", count: 5 << 20) + "\""
    #expect(throws: JSONError.self) { try parse(large) }
  }

  @Test func namesThePlaceOfAnError() {
    let error = #expect(throws: JSONError.self) { try parse("{\n \"a\": tru\n}") }
    #expect(error?.location == "x.json:2")
  }

  /// What Foundation's parser takes and forge refuses, or the other way round, must be known and wanted.
  @Test func agreesWithFoundation() throws {
    let texts = [
      "[]", "{}", "[1,2,{\"a\":[]}]", "\"x\"", "-0.5E-2", "[1 2]", "{\"a\"}", "]", "tru",
      "[\"\\/\"]",
    ]
    for text in texts {
      let foundation =
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed))
        != nil
      #expect(((try? parse(text)) != nil) == foundation, "\(text)")
    }
  }
}
