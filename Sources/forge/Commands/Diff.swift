import ArgumentParser
import ForgeBasics
import ForgeChecks
import ForgeImages
import ForgeInspection

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is between two images, and what it costs.",
    discussion: """
      Exits with 1 when the new image grew by more than --max-growth. An IMAGE is named as for inspect.

      Examples:
        forge diff old.tar new.tar
        forge diff docker:todo:1 podman:todo:2 --max-growth 5%
      """)

  @Argument(help: "The old image.", completion: .file())
  var old: String

  @Argument(help: "The new image.", completion: .file())
  var new: String

  @Option(help: "How much larger `stored` may be: 5%, 10MB.")
  var maxGrowth: GrowthLimit?

  @OptionGroup var sides: SideOptions
  @OptionGroup var caching: CacheOptions
  @OptionGroup var reporting: OutputOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func validate() throws {
    if old == "-", new == "-" {
      throw ValidationError("only one of the images can come from standard input")
    }
  }

  func run() async throws {
    try OutputPaths.check([output].compactMap(\.self), inputs: [old, new])
    // A limit is a judgement, which rests on digests.
    var options = InspectionOptions(cache: caching.cache(trustsStamps: maxGrowth == nil))
    let progress = Progress()
    defer { progress?.clear() }
    options.progress = progress?.reading(old)
    options.selection = ImageSelection(image: sides.old.image, platform: sides.old.platform)
    let before = try await ImageLocator.open(old, options: options)
    options.progress = progress?.reading(new)
    options.selection = ImageSelection(image: sides.new.image, platform: sides.new.platform)
    let diff = ImageDiff(
      from: before, to: try await ImageLocator.open(new, options: options), limit: maxGrowth)
    progress?.clear()
    try reporting.write(diff, text: diff.text, to: output)
    if !diff.growth.passed { throw ExitStatus(code: .policyFailed) }
  }
}

extension GrowthLimit: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
