import ArgumentParser
import ForgeChecks
import ForgeOptimizer

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

  @OptionGroup var sides: SideOptions
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
    let limits = try budgets.limits
    let oldChoice = InspectionChoice(
      image: sides.old.image, platform: sides.old.platform, limits: limits)
    let newChoice = InspectionChoice(
      image: sides.new.image, platform: sides.new.platform, limits: limits)
    let verification = try await ImageLocator.withArchive(of: old) { old in
      try await ImageLocator.withArchive(of: new) { new in
        try Verification.compare(
          old, new, oldChoice: oldChoice, newChoice: newChoice, proof: loaded)
      }
    }
    try reporting.write(verification, text: verification.text)
    if !verification.isSame { throw ExitStatus(code: .policyFailed) }
  }
}
