import Foundation
import TestSupport
import Testing

/// What README.md tells a user of the library compiles: it is the source of a target of its own.
@Suite struct LibraryExampleTests {
  @Test func readmeShowsWhatIsCompiled() throws {
    let readme = try String(contentsOfFile: Repository.root + "README.md", encoding: .utf8)
    let example = try String(
      contentsOfFile: Repository.root + "Examples/main.swift", encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)```\n"))
  }
}
