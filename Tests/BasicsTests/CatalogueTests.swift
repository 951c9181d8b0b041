import ForgeBasics
import Foundation
import Testing

@Suite struct CatalogueTests {
  /// What is embedded is what stands in `recipes/`, byte for byte.
  @Test func holdsRecipes() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "recipes")
    let paths = try #require(FileManager.default.enumerator(atPath: root.path())?.allObjects as? [String])
      .filter { (try? root.appending(path: $0).resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
    #expect(Catalogue.paths == paths.sorted())
    #expect(!paths.isEmpty)
    for path in paths {
      let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
      #expect(Catalogue.text(path) == text, "\(path)")
    }
  }
}
