import ArgumentParser
import ImageForge

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that two images hold the same files, but for what a proof allows.",
    discussion: """
      Compares every name, type, mode, owner, time, link, attribute and content. Exits with 1 when they differ.

      Examples:
        forge verify old.tar new.tar
      """)

  @Argument(help: "The image as it was.")
  var old: String

  @Argument(help: "The image as it is now.")
  var new: String

  @Option(help: "The proof that forge optimize wrote: names the differences that were asked for.")
  var proof: String?

  @Option(help: "Which platform, where an image has several: linux/arm64.")
  var platform: String?

  @OptionGroup(title: "Budgets") var budgets: BudgetOptions
  @OptionGroup var reporting: OutputOptions

  func validate() throws {
    guard old != "-" || new != "-" else {
      throw ValidationError(
        "standard input can be read once only: save one of the images to a file first")
    }
  }

  func run() async throws {
    let loaded = try proof.map { try Proof.load($0) }
    let choice = InspectionChoice(platform: platform, limits: try budgets.limits)
    let verification = try await ImageLocator.withArchive(of: old) { old in
      try await ImageLocator.withArchive(of: new) { new in
        try Verification.compare(old, new, oldChoice: choice, newChoice: choice, proof: loaded)
      }
    }
    try reporting.write(verification, text: verification.text)
    if !verification.isSame { throw ExitStatus(code: .policyFailed) }
  }
}
