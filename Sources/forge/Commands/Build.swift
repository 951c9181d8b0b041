import ArgumentParser
import ForgeBasics
import ForgeBuilds
import ForgeEngines
import ForgeReports
import Foundation

extension EngineChoice: ExpressibleByArgument {}

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build the images of a project, open them, and enforce the policy.",
    discussion: """
      A Dockerfile that is there is used as it is; where there is none, the generated one is used for this build \
      alone. On a terminal a line an image says what the engine does; elsewhere its output goes to standard error.

      Examples:
        forge build backend --check
        forge build backend --check-size
        forge build . --check-size --report sarif=forge.sarif,junit=forge.xml
        forge build frontend -t registry.example/web:1 --build-arg NEXT_PUBLIC_URL=/api
      """)

  @Argument(
    help: "The folder of a service, or a folder that holds several.", completion: .directory)
  var path: String

  @Flag(
    help:
      "Check the Dockerfiles, those to be generated too, and build nothing; exit with 1 on errors.")
  var check = false

  @Flag(help: "Judge each image by the policy; exit with 1 when it fails.")
  var checkSize = false

  @Option(help: "The container engine. auto: the first usable one of docker, podman, buildah.")
  var engine = EngineChoice.auto

  @Option(
    name: .shortAndLong, help: "The image's NAME[:TAG]. Several services: NAME-SERVICE[:TAG].")
  var tag: String?

  @Option(
    name: .shortAndLong,
    help: "Write the image there as a docker-archive: a file, or an existing folder.",
    completion: .file())
  var output: String?

  @Option(help: "A build argument, NAME=value. May be repeated.")
  var buildArg: [String] = []

  @Option(
    help: "A secret file for RUN --mount=type=secret, id=NAME,src=FILE. May be repeated.",
    completion: .file())
  var secret: [String] = []

  @Option(help: "The platforms to build for: linux/amd64,linux/arm64. Default: the engine's own.")
  var platform: String?

  @Option(
    help:
      "Stop at this stage of the Dockerfile: migrate, worker, mcp. The image is called NAME-STAGE.")
  var target: String?

  @Flag(
    help: "Give the image the times of the commit, so that two builds of one source are the same.")
  var reproducible = false

  @Option(help: "Take layers of earlier builds from there. May be repeated.")
  var cacheFrom: [String] = []

  @Option(help: "Put the layers of this build there. May be repeated.")
  var cacheTo: [String] = []

  @Flag(help: "Build every step anew.")
  var noCache = false

  @Option(
    help: "docker's builder, local, remote or in a cluster: a name that `docker buildx ls` lists.")
  var builder: String?

  @Flag(help: "Push the images, unless one fails the policy.")
  var push = false

  @Option(
    help: "Write build.json, and the inspection and log of each service, into this folder.",
    completion: .directory)
  var reportDir: String?

  @Option(help: "How many services are built at once.")
  var jobs: Int?

  @OptionGroup var recipe: RecipeArguments
  @OptionGroup var policy: PolicyOptions
  @OptionGroup var reporting: ReportOptions

  func validate() throws {
    for platform in platforms
    where platform.wholeMatch(of: /[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?/) == nil {
      throw ValidationError(
        "--platform must be one or several such as linux/amd64,linux/arm64, not \(platform)")
    }
    if Set(platforms).count < platforms.count {
      throw ValidationError("--platform names a platform twice")
    }
    if let target, target.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]{0,127}/) == nil {
      throw ValidationError("--target must be the name of a stage, such as migrate")
    }
    if !checkSize, let option = policy.given.first {
      throw ValidationError(
        "\(option) is of the policy, by which images are judged with --check-size only: add it")
    }
    if let jobs, !(1...16).contains(jobs) { throw ValidationError("--jobs must be 1 to 16") }
    if builder != nil, engine != .docker, engine != .auto {
      throw ValidationError("--builder is docker's: leave --engine out, or use --engine docker")
    }
  }

  /// Said in one line, without the usage that a mistyped option gets.
  private func refuseSecretArguments() throws {
    for argument in buildArg {
      let name = String(argument.prefix { $0 != "=" })
      if SecretName.isSecret(name), !name.hasPrefix("NEXT_PUBLIC_") {
        throw ProjectBuildError.secretArgument(name)
      }
    }
  }

  private func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  private var platforms: [String] {
    (platform ?? "").split(separator: ",", omittingEmptySubsequences: platform == nil).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  func run() async throws {
    try refuseSecretArguments()
    try reporting.check(output: output.flatMap { isFolder($0) ? nil : $0 }, project: path)
    var builder = ProjectBuilder()
    builder.engine = engine
    builder.tag = tag
    builder.output = output
    builder.buildArguments = buildArg
    builder.secrets = secret
    builder.platforms = platforms
    builder.target = target
    builder.reproducible = reproducible
    builder.cacheFrom = cacheFrom
    builder.cacheTo = cacheTo
    builder.usesCache = !noCache
    builder.builder = self.builder
    builder.pushes = push
    builder.reports = reportDir ?? reporting.folder
    builder.jobs = jobs
    builder.recipe = try recipe.options(in: path)
    builder.picksDialect = recipe.dialect == nil || recipe.dialect == .auto
    builder.policy = checkSize ? try policy.load(in: path) : nil
    if check {
      let report = try builder.check(path)
      try reporting.write(report, report: Report(report, of: path), text: report.text)
      if !report.passed { throw ExitStatus(code: .policyFailed) }
      return
    }
    let display = BuildDisplay()
    if let display { builder.progress = display.update }
    let ready = builder
    // On a terminal one line an image stands for the engine's output; what went wrong is in the error.
    let log: @Sendable (String) -> Void = { if display == nil { StandardError.print($0) } }
    let remark: @Sendable (String) -> Void = { line in
      if let display { display.print(line) } else { StandardError.print(line) }
    }
    let path = path
    let report = try await reporting.reportingFailure("build", of: path, isProject: true) {
      defer { display?.end() }
      return try await Interruption.run { try await ready.build(path, log: log, remark: remark) }
    }
    try reporting.write(report, report: Report(report), text: report.text)
    if !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
