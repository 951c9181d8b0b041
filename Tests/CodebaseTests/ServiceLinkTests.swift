import ForgeBasics
import ForgeFindings
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

@Suite struct ServiceLinkTests {
  private static func project(config: String = "export default {}\n", page: String) throws
    -> Project
  {
    var files = [
      "web/package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "web/next.config.mjs": config, "web/app/page.tsx": page,
    ]
    for (name, port) in [("api", 8001), ("api-v2", 8002)] {
      files["\(name)/requirements.txt"] = "fastapi==0.121.0\nuvicorn==0.38.0\n"
      files["\(name)/main.py"] = "from fastapi import FastAPI\napp = FastAPI()\n"
      files["\(name)/Procfile"] = "web: uvicorn main:app --port \(port)\n"
    }
    return try Project(files)
  }

  /// The name of one backend begins with the other's: each gets its own finding.
  @Test func everyBackendIsToldOfItsOrigins() throws {
    let project = try Self.project(
      page: """
        const one = process.env.NEXT_PUBLIC_ONE_URL ?? "http://localhost:8001"
        const two = process.env.NEXT_PUBLIC_TWO_URL ?? "http://localhost:8002"
        const again = process.env.NEXT_PUBLIC_ONE_AGAIN_URL ?? "http://localhost:8001"
        """)
    let analysis = try Analyzer.analyze(project.path)
    #expect(Set(analysis.links.map(\.to)) == ["api", "api-v2"])
    let found = analysis.findings.filter { $0.id == "FORGE-K010" }
    #expect(found.map(\.subject) == [.service("api"), .service("api-v2")])
    #expect(found.map(\.location) == ["api/main.py:2", "api-v2/main.py:2"])
  }

  /// What the configuration alone reads never reaches a browser.
  @Test func theConfigurationRunsInNoBrowser() throws {
    let project = try Self.project(
      config:
        "export default { env: { A: process.env.NEXT_PUBLIC_ONE_URL ?? 'http://localhost:8001' } }\n",
      page: "")
    let analysis = try Analyzer.analyze(project.path)
    #expect(analysis.links.map(\.to) == ["api"])
    #expect(!analysis.findings.contains { $0.id == "FORGE-K010" })
  }
}
