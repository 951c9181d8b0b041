import ArgumentParser
import ForgeChecks
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeReports
import ForgeRules

/// How a command names an image.
struct ImageArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The image.",
      discussion: """
        A docker-archive or OCI archive (plain, gzip or zstd), an OCI layout folder, `-` for standard input, or what \
        an engine holds: docker:REF, podman:REF, buildah:REF.
        """), completion: .file())
  var image: String

  @Option(name: .customLong("image"), help: "Which image, where the archive holds several.")
  var choice: String?

  @Option(help: "Which platform, where the image has several: linux/arm64.")
  var platform: String?

  @OptionGroup(title: "Budgets") var budgets: BudgetOptions

  private var named: NamedImage {
    NamedImage(image: image, choice: choice, platform: platform, budgets: budgets)
  }

  /// Opens and inspects the image, with what the rules want to see of it; every file at hand for further questions.
  func open(cache: LayerCache? = nil) async throws -> InspectedImage {
    try await named.open(cache: cache)
  }

  /// The report for people who ask again, which may be remembered.
  func report(cache: LayerCache?) async throws -> Inspection {
    try await named.report(cache: cache)
  }
}

/// An image as the command line names it: a value of its own, for argument groups are made by the parser alone.
struct NamedImage {
  let image: String
  let choice: String?
  let platform: String?
  let budgets: BudgetOptions

  /// Opens and inspects the image, with what the rules want to see of it.
  func inspect(findsSecrets: Bool = false, cache: LayerCache? = nil) async throws -> Inspection {
    try await open(findsSecrets: findsSecrets, cache: cache).inspection
  }

  /// The same, with every file at hand for further questions.
  func open(findsSecrets: Bool = false, cache: LayerCache? = nil) async throws -> InspectedImage {
    try await read(findsSecrets: findsSecrets, cache: cache) {
      try await ImageLocator.open(image, options: $0)
    }
  }

  /// The report for people who ask again, which may be remembered.
  func report(cache: LayerCache?) async throws -> Inspection {
    try await read(findsSecrets: false, cache: cache) {
      try await ImageLocator.report(image, options: $0)
    }
  }

  private func read<Result>(
    findsSecrets: Bool, cache: LayerCache?, _ body: (InspectionOptions) async throws -> Result
  ) async throws -> Result {
    let selection = ImageSelection(
      image: choice, platform: platform, limits: try budgets.limits)
    var options = InspectionOptions(
      selection, findsSecrets: findsSecrets, cache: cache, capture: Gate.capture)
    let progress = Progress()
    options.progress = progress?.reading(image)
    defer { progress?.clear() }
    return try await body(options)
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
        """), completion: .file())
  var images: [String]

  @Option(name: .customLong("image"), help: "Which image, where an archive holds several.")
  var choice: String?

  @Option(help: "Which platform, where an image has several: linux/arm64.")
  var platform: String?

  @OptionGroup(title: "Budgets") var budgets: BudgetOptions

  var all: [NamedImage] {
    images.map { NamedImage(image: $0, choice: choice, platform: platform, budgets: budgets) }
  }
}

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what is in an image, what is wasted, and why it is big.",
    discussion: """
      What is known of layers that were seen before is taken from the cache (`forge cache`); a file that was not \
      written to since is not even hashed again. --no-cache reads and verifies all of it.

      Examples:
        forge inspect image.tar
        forge inspect podman:todo:latest --format json
        forge inspect image.tar --report html=image.html
      """)

  @OptionGroup var image: ImageArguments
  @OptionGroup var caching: CacheOptions
  @OptionGroup var reporting: ReportOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  @Option(help: "Show what is below this path instead: of the root filesystem, or of the layer.")
  var tree: String?

  @Option(help: "How many levels --tree shows.")
  var depth = 2

  @Option(help: "Show this layer instead, by its number.")
  var layer: Int?

  @Flag(help: "The same as --format json.")
  var json = false

  func validate() throws {
    guard (0...InspectedImage.maximumDepth).contains(depth) else {
      throw ValidationError("--depth must be a number from 0 to \(InspectedImage.maximumDepth)")
    }
    guard tree == nil && layer == nil || reporting.isPlain else {
      throw ValidationError("--tree and --layer are shown as text or json")
    }
  }

  func run() async throws {
    try reporting.check(output: output, inputs: [image.image])
    var reporting = reporting
    if json { reporting.format = .json }
    let cache = caching.cache(trustsStamps: true)
    guard tree != nil || layer != nil else {
      let inspection = try await reporting.reportingFailure("inspect", of: image.image, to: output)
      {
        // The map of an HTML report needs every file.
        reporting.isPlain
          ? try await image.report(cache: cache) : try await image.open(cache: cache).inspection
      }
      return try reporting.write(
        inspection, report: Report(inspection), text: inspection.text, to: output)
    }
    let opened = try await reporting.reportingFailure("inspect", of: image.image, to: output) {
      try await image.open(cache: cache)
    }
    if let tree {
      let report = TreeReport(
        image: opened.inspection.image, layer: layer,
        tree: try opened.tree(tree, depth: depth, layer: layer))
      try reporting.writePart(report, text: report.text, to: output)
    } else if let layer {
      let report = try opened.layer(layer)
      try reporting.writePart(report, text: report.text, to: output)
    }
  }
}
