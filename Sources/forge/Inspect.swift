import ArgumentParser
import ImageForge

/// How a command names an image.
struct ImageArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The image.",
      discussion: """
        A docker-archive or OCI archive (plain, gzip or zstd), an OCI layout folder, `-` for standard input, or what \
        an engine holds: docker:REF, podman:REF, buildah:REF.
        """))
  var image: String

  @Option(name: .customLong("image"), help: "Which image, where the archive holds several.")
  var choice: String?

  @Option(help: "Which platform, where the image has several: linux/arm64.")
  var platform: String?

  @OptionGroup(title: "Budgets") var budgets: BudgetOptions

  /// Opens and inspects the image, with what the rules want to see of it.
  func inspect(findsSecrets: Bool = false, cache: LayerCache? = nil) async throws -> Inspection {
    var options = InspectionOptions(
      image: choice, platform: platform, findsSecrets: findsSecrets, cache: cache, capture: Gate.capture)
    options.limits = try budgets.limits
    let progress = Progress(of: image)
    options.progress = progress?.add
    defer { progress?.clear() }
    return try await ImageReference.inspect(image, options: options)
  }
}

/// How a command names several images.
struct ImagesArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The images.",
      discussion: """
        Each a docker-archive or OCI archive (plain, gzip or zstd), an OCI layout folder, `-` for standard input, or \
        what an engine holds: docker:REF, podman:REF, buildah:REF.
        """))
  var images: [String]

  @Option(name: .customLong("image"), help: "Which image, where an archive holds several.")
  var choice: String?

  @Option(help: "Which platform, where an image has several: linux/arm64.")
  var platform: String?

  var all: [ImageArguments] {
    images.map { name in
      var one = ImageArguments()
      one.image = name
      one.choice = choice
      one.platform = platform
      return one
    }
  }
}

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is in an image, what is wasted, and why it is big.")

  @OptionGroup var image: ImageArguments
  @OptionGroup var caching: CacheOptions
  @OptionGroup var reporting: OutputOptions

  @Option(name: .shortAndLong, help: "Write the result to this file instead of standard output.")
  var output: String?

  func run() async throws {
    let inspection = try await image.inspect(cache: caching.cache(trustsStamps: true))
    try reporting.write(inspection, text: inspection.text, to: output)
  }
}
