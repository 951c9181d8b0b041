import ArgumentParser
import ForgeBasics
import ForgeEngines
import ForgeTracing
import ForgeTrials
import Foundation

struct Test: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start an image as it will run in a cluster, and watch it.",
    discussion: """
      The container runs as the image's own user, on a read-only file system, without capabilities and new privileges. \
      It must become healthy, answer at its port, write nothing outside of its folders, and end on SIGTERM. Exits with \
      1 when a check fails. Needs docker or podman.

      Examples:
        forge test backend
        forge test todo-backend:latest
      """)

  @Argument(
    help:
      "The folder of a project, which is built first; a docker-archive; or the name of an image.",
    completion: .file())
  var target: String

  @Option(help: "The container engine: docker or podman.")
  var engine = EngineChoice.auto

  @Option(help: "A variable for the container, NAME=value. May be repeated.")
  var env: [String] = []

  @Option(help: "A folder that the container may write. May be repeated.")
  var writable: [String] = []

  @Option(help: "The path of an MCP endpoint, /mcp.")
  var mcp: String?

  @Option(help: "Seconds until it must be healthy.")
  var timeout = 30

  @Option(help: "The Dockerfile that the checks point into, for an image.", completion: .file())
  var dockerfile: String?

  @OptionGroup var reporting: OutputOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func validate() throws {
    guard engine != .buildah else {
      throw ValidationError("buildah runs no images: use --engine docker or podman")
    }
    guard (1...600).contains(timeout) else {
      throw ValidationError("--timeout must be 1 to 600 seconds")
    }
    guard env.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
      throw ValidationError("--env must be NAME=value")
    }
  }

  func run() async throws {
    let outputs = [output].compactMap(\.self)
    try OutputPaths.check(outputs, project: target)
    try OutputPaths.check(outputs, inputs: [dockerfile].compactMap(\.self))
    var trial = ImageTrial()
    trial.engine = engine
    trial.environment = env
    trial.writable = writable
    trial.mcpPath = mcp
    trial.seconds = timeout
    if let dockerfile {
      trial.dockerfile = (dockerfile, try BuildSources.text(ofDockerfile: dockerfile))
    }
    let ready = trial
    let target = target
    let report = try await Interruption.run {
      try await ready.run(target, log: StandardError.print)
    }
    try reporting.write(report, text: report.text, to: output)
    if !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
