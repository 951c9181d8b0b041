import ForgeBasics
import ForgeInspection
import ForgeRules
import Foundation
import TestSupport
import Testing

/// What nobody looked at must not pass as if there were nothing.
@Suite struct GateTests {
  private func inspect(_ options: InspectionOptions) throws -> Inspection {
    let layer = TarBuilder.make { tar in
      tar.file("app/main.py", "print(1)")
      tar.file("app/server.key", "no key")
    }
    let image = TestImage(layers: [layer], config: TestConfig(user: "1000"))
    return try Shell.withTemporaryFolder { folder in
      let path = "\(folder)/image.tar"
      try Data(image.dockerArchive()).write(to: URL(filePath: path))
      return try Inspector.inspect(path, options: options)
    }
  }

  @Test func anInspectionThatSearchedNothingIsNotJudged() throws {
    let inspection = try inspect(InspectionOptions(capture: Gate.capture))
    let error = try #require(throws: GateError.self) {
      try Gate.judge(inspection, policy: Policy())
    }
    guard case .secretsNotSearched = error else {
      Issue.record("\(error)")
      return
    }
    #expect(error.exitCode == .defect)
  }

  @Test func anInspectionThatKeptNoContentsIsNotJudged() throws {
    let inspection = try inspect(InspectionOptions(findsSecrets: true))
    let unseen = inspection.details.files.first { Gate.capture($0.path[...]) > 0 }
    let path = try #require(unseen).path
    #expect(
      throws: GateError.contentNotKept(image: inspection.image.source, path: path)
    ) {
      try Gate.judge(inspection, policy: Policy())
    }
  }

  @Test func aWholeInspectionIsJudged() throws {
    let inspection = try inspect(
      InspectionOptions(findsSecrets: true, capture: Gate.capture))
    #expect(inspection.details.secrets == [])
    #expect(try Gate.judge(inspection, policy: Policy()).image == inspection.image)
  }

  @Test func aReportThatWasReadBackIsNotJudged() throws {
    let inspection = try inspect(
      InspectionOptions(findsSecrets: true, capture: Gate.capture))
    let again = try JSONDecoder().decode(
      Inspection.self, from: Data(StableJSON.encode(inspection).utf8))
    #expect(throws: GateError.self) { try Gate.judge(again, policy: Policy()) }
  }
}
