import ForgeBasics
import ForgeCatalogue
import Foundation
import Testing

@Suite struct CatalogueTests {
  /// What is embedded is what stands in `recipes/`, byte for byte.
  @Test func holdsRecipes() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "recipes")
    let paths = try #require(
      FileManager.default.enumerator(atPath: root.path())?.allObjects as? [String]
    )
    .filter {
      (try? root.appending(path: $0).resourceValues(forKeys: [.isRegularFileKey]).isRegularFile)
        == true
    }
    #expect(Catalogue.paths == paths.sorted())
    #expect(!paths.isEmpty)
    for path in paths {
      let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
      #expect(Catalogue.text(path) == text, "\(path)")
    }
  }

  @Test func tablesHoldTextsAsTheyAreWritten() throws {
    let table = try CatalogueTable(
      yaml: """
        as-of: 2026-11-24
        since: 010
        rows:
          - {id: a, on: yes, list: [1.0, 'x: y', ~]}
          - {id: "b"}
        """)
    #expect(table.text("as-of") == "2026-11-24")
    #expect(table.text("since") == "010")
    #expect(table.text("rows") == nil && table.texts("as-of") == nil && table.rows("since").isEmpty)
    let rows = table.rows("rows")
    #expect(rows.map { $0.text("id") } == ["a", "b"])
    #expect(rows.first?.text("on") == "yes")
    #expect(rows.first?.texts("list") == ["1.0", "x: y", "~"])
    #expect(rows.last?.texts("list") == nil)
    #expect(throws: (any Error).self) { try CatalogueTable(yaml: "a: [") }
    #expect(try CatalogueTable(yaml: "").text("a") == nil)
  }
}
