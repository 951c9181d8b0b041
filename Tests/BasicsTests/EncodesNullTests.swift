import ForgeBasics
import Foundation
import Testing

@Suite struct EncodesNullTests {
  private struct Row: Codable, Equatable {
    var name: String
    @EncodesNull var size: Int?
    @EncodesNull var inner: [String]?
  }

  @Test func aMissingValueIsWrittenAsNull() throws {
    let row = Row(name: "a", size: nil, inner: ["b"])
    let text = try StableJSON.encode(row)
    #expect(text.filter { !$0.isWhitespace } == #"{"inner":["b"],"name":"a","size":null}"#)
  }

  @Test(arguments: [#"{"name":"a","size":null}"#, #"{"name":"a"}"#])
  func nullAndAMissingKeyAreRead(_ text: String) throws {
    let row = try JSONDecoder().decode(Row.self, from: Data(text.utf8))
    #expect(row == Row(name: "a", size: nil, inner: nil))
  }

  @Test func aValueOfAnotherTypeIsRefused() {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Row.self, from: Data(#"{"name":"a","size":"b"}"#.utf8))
    }
  }
}
