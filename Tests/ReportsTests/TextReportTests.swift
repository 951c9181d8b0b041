import ForgeBasics
import ForgeCodebase
import ForgeInspection
import ForgeReports
import ForgeRules
import Foundation
import Testing

@Suite struct TextReportTests {
  @Test func analysis() {
    let text = Samples.analysis.text(TextStyle())
    for words in [
      "todo-backend  (FastAPI 0.121.0, backend)", "python 3.13", "backend/.python-version:1",
      "app.main:app",
      "streamable-http at /mcp, mounted", "DATABASE_URL", "runtime-secret", "required",
      "alembic upgrade head",
      "warning  FORGE-P001  two lockfiles", "todo-frontend → todo-backend",
      "API_URL  read when it runs",
    ] {
      #expect(text.contains(words), "\(words)\n\(text)")
    }
  }

  @Test func inspection() {
    let text = Samples.inspection.text(TextStyle())
    for words in [
      "todo-backend:latest", "10001:10001", "uvicorn app.main:app --host 0.0.0.0", "174.3 MB",
      "efficiency 99.2 %",
      "ADD file:0123", "deleted-file", "hidden by 1", "libpython3.13", "× 2", "libc6 2.41",
      "FORGE-I009",
    ] {
      #expect(text.contains(words), "\(words)\n\(text)")
    }
  }

  @Test func verdict() {
    let text = Samples.verdict.text(TextStyle())
    #expect(text.contains("failed: todo-backend:latest, stored 174.3 MB of 150.0 MB allowed"))
    #expect(text.contains("error    FORGE-S001"))
    #expect(text.contains("fix  add `**/.env*`"))
  }

  /// Words wrap at the width; only what must be copied whole may stand out.
  @Test(arguments: [60, 80, 120])
  func width(width: Int) {
    let style = TextStyle(width: width)
    for text in [Samples.verdict.text(style), Samples.inspection.text(style)] {
      for line in text.split(separator: "\n") where line.count > width {
        let isOneLongWord = line.split(separator: " ").contains { $0.count > 40 }
        if isOneLongWord { continue }
        Issue.record("\(line.count) columns: \(line)")
      }
    }
  }

  /// Whatever a project or an image holds, no control character of it reaches the terminal.
  @Test func controlCharactersAreEscaped() {
    let text = Samples.analysis.text(TextStyle()) + Samples.inspection.text(TextStyle())
    #expect(text.contains("info\\x1b[2J"))
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F })
  }

  @Test func colourOnlyWhereAsked() {
    #expect(
      Samples.verdict.text(TextStyle(isColoured: true)).contains("\u{1B}[31mfailed: \u{1B}[0m"))
    #expect(!Samples.verdict.text(TextStyle()).contains("\u{1B}"))
  }
}

@Suite struct JSONReportTests {
  private func keys(_ text: String) throws -> Set<String> {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return Set(try #require(object).keys)
  }

  @Test func contractKeys() throws {
    try #expect(
      keys(StableJSON.encode(Samples.inspection)) == [
        "schemaVersion", "image", "sizes", "layers", "waste", "largestFiles", "duplicates",
        "packages", "findings",
        "wasteByCause", "largestFolders", "owners", "base",
      ])
    try #expect(
      keys(StableJSON.encode(Samples.analysis)) == [
        "schemaVersion", "root", "services", "links", "findings",
      ])
    try #expect(
      keys(StableJSON.encode(Samples.verdict)) == [
        "schemaVersion", "image", "passed", "size", "failOn", "findings", "notCheckable",
        "suppressed", "policies",
      ])
  }

  @Test func everyKeyOfAServiceIsThere() throws {
    let text = try StableJSON.encode(Samples.analysis.services[0])
    try #expect(
      keys(text) == [
        "name", "path", "kind", "framework", "runtime", "packageManager", "workspace", "next",
        "fastapi", "port",
        "healthPath", "environment", "databases", "migrations", "mcp", "systemPackages",
        "installInputs", "findings",
        "assetFolders", "buildArguments", "conclusions", "nativePackages", "workers",
        "buildSteps", "installation", "package", "reads", "writes",
      ])
  }

  @Test func comesBackTheSame() throws {
    let text = try StableJSON.encode(Samples.analysis)
    // A place comes back as the text that it was printed as.
    let analysis = try JSONDecoder().decode(Analysis.self, from: Data(text.utf8))
    try #expect(StableJSON.encode(analysis) == text)
    try #expect(StableJSON.encode(Samples.analysis) == text)
    let inspection = try StableJSON.encode(Samples.inspection)
    let decoded = try JSONDecoder().decode(Inspection.self, from: Data(inspection.utf8))
    try #expect(StableJSON.encode(decoded) == inspection)
  }
}
