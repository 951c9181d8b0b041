import ArgumentParser
import ImageForge

extension EngineChoice: ExpressibleByArgument {}

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build the images of a project, open them, and enforce the policy.",
    discussion: """
      A Dockerfile that is there is used as it is; where there is none, the generated one is used for this build \
      alone. The engine's output goes to standard error.
      """)

  @Argument(help: "The folder of a service, or a folder that holds several.")
  var path: String

  @Flag(help: "Judge each image by the policy; exit with 1 when it fails.")
  var checkSize = false

  @Option(help: "The container engine. auto: the first usable one of docker, podman, buildah.")
  var engine = EngineChoice.auto

  @Option(name: .shortAndLong, help: "The image's NAME[:TAG]. Several services: NAME-SERVICE[:TAG].")
  var tag: String?

  @Option(name: .shortAndLong, help: "Write the image there as a docker-archive: a file, or an existing folder.")
  var output: String?

  @Option(help: "A build argument, NAME=value. May be repeated.")
  var buildArg: [String] = []

  @Option(help: "A secret file for RUN --mount=type=secret, id=NAME,src=FILE. May be repeated.")
  var secret: [String] = []

  @OptionGroup var recipe: RecipeArguments
  @OptionGroup var policy: PolicyOptions
  @OptionGroup var reporting: ReportOptions

  func run() async throws {
    var builder = ProjectBuilder()
    builder.engine = engine
    builder.tag = tag
    builder.output = output
    builder.buildArguments = buildArg
    builder.secrets = secret
    builder.recipe = try recipe.options(in: path)
    builder.policy = checkSize ? try policy.load(in: path) : nil
    let ready = builder
    let report = try await reporting.reportingFailure("build", of: path, isProject: true) {
      try await Interruption.run { try await ready.build(path, log: StandardError.print) }
    }
    try reporting.write(report, report: Report(report), text: report.text)
    if !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
