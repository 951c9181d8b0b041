import ArgumentParser
import ForgeBasics
import ForgeInspection
import ForgeRules
import Foundation

struct BaselineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baseline",
    abstract: "Keep the sizes of images in the repository, and see how they grow.",
    discussion: """
      Examples:
        forge baseline write backend.tar frontend.tar
        forge baseline compare backend.tar frontend.tar
      """,
    subcommands: [Write.self, Compare.self])

  private static let file = "forge-baseline.json"

  struct Write: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Record the sizes of images; what the file holds of other images stays.",
      discussion: """
        Examples:
          forge baseline write backend.tar frontend.tar
          forge baseline write podman:todo:latest -o forge-baseline.json
        """)

    @OptionGroup var images: ImagesArguments

    @Option(name: .shortAndLong, help: "The baseline file.", completion: .file())
    var output = BaselineCommand.file

    func run() async throws {
      var baseline =
        FileManager.default.fileExists(atPath: output) ? try Baseline.load(output) : Baseline()
      var inspections: [Inspection] = []
      for image in images.all { inspections.append(try await image.inspect()) }
      try Baseline.checkNames(inspections.map(\.image))
      for inspection in inspections { baseline.record(inspection) }
      try AtomicFile.write(StableJSON.encode(baseline).utf8, to: output)
    }
  }

  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Compare images with the baseline; exit with 1 where one has grown more than `size.growth` allows.",
      discussion: """
        Examples:
          forge baseline compare backend.tar
          forge baseline compare backend.tar --format json
        """)

    @OptionGroup var images: ImagesArguments

    @Option(
      help: "The baseline file. Default: the policy's, or else forge-baseline.json.",
      completion: .file())
    var baseline: String?

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var reporting: OutputOptions

    func run() async throws {
      let policy = try policy.load(in: ".")
      let known = try Baseline.load(baseline ?? policy.baseline ?? BaselineCommand.file)
      var inspections: [Inspection] = []
      for image in images.all { inspections.append(try await image.inspect()) }
      try Baseline.checkNames(inspections.map(\.image))
      var report = GrowthReport()
      for inspection in inspections {
        report.add(inspection, baseline: known, policy: policy)
      }
      try reporting.write(report, text: report.text)
      if !report.passed { throw ExitStatus(code: .policyFailed) }
    }
  }
}
