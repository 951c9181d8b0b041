import ForgeCatalogue
import ForgeFindings
import Foundation
import Testing

/// Every id that the sources can give has one row in the catalogue, and every row a maker.
@Suite struct FindingIDTests {
  private static let sources: [(path: String, text: String)] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources")
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }.compactMap {
      url in
      (try? String(contentsOf: url, encoding: .utf8)).map { (url.path(), $0) }
    }
  }()

  private static let made: Set<String> = Set(
    sources.flatMap { source in
      source.text.matches(of: /"(FORGE-[A-Z][0-9]{3})"/).map { String($0.1) }
    })

  @Test func everyIdHasExactlyOneRow() {
    let rows = RuleCatalogue.allRules.map(\.id.rawValue)
    #expect(Self.made.count > 190)
    #expect(Self.made.subtracting(rows).sorted() == [])
    let twice = Dictionary(grouping: rows, by: \.self).filter { $0.value.count > 1 }.keys
    #expect(twice.sorted() == [])
  }

  /// BuildKit's own names stand in the table of lint rules. FORGE-I036 is told by refusing the image, with FORGE-X003.
  @Test func everyRowHasAMaker() {
    let lint = Self.sources.filter { $0.path.contains("/Lint/") }.map(\.text).joined()
    let idle = RuleCatalogue.allRules.map(\.id.rawValue).filter { id in
      !Self.made.contains(id) && id != "FORGE-I036" && !lint.contains("\"\(id)\"")
    }
    #expect(idle == [])
  }

  /// A severity that a maker writes beside an id is one that the row names.
  @Test func noMakerDisagreesWithItsRow() {
    for source in Self.sources {
      for match in source.text.matches(
        of: /"(FORGE-[A-Z][0-9]{3})",\s*(?:severity: )?\.(error|warning|info)\b/)
      {
        let rule = RuleCatalogue.rule(FindingID(rawValue: String(match.1)))
        let known = rule.map { [$0.severity] + $0.also } ?? []
        let severity = Severity(rawValue: String(match.2))
        #expect(
          severity.map(known.contains) == true, "\(match.1) is \(match.2) in \(source.path)")
      }
    }
  }

  /// A row is read by people: it says something of everything.
  @Test func everyRowSaysWhatWhyAndHow() {
    for rule in RuleCatalogue.allRules {
      #expect(!rule.title.isEmpty && !rule.title.hasSuffix("."), "\(rule.id)")
      #expect(rule.why.hasSuffix("."), "\(rule.id): \(rule.why)")
      #expect(rule.fix.hasSuffix("."), "\(rule.id): \(rule.fix)")
      #expect(!rule.also.contains(rule.severity), "\(rule.id)")
      for old in rule.formerly { #expect(old != rule.id) }
    }
  }
}
