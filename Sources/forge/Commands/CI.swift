import ArgumentParser
import ForgeBasics
import ForgeBuilds

extension CITemplate.Service: ExpressibleByArgument {}

struct CI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ci",
    abstract:
      "Write the gate of a project for GitHub Actions, GitLab CI, or any other CI as a shell script.",
    discussion: """
      Examples:
        forge ci github > .github/workflows/forge.yml
        forge ci gitlab backend -o .gitlab-ci.yml
        forge ci shell -o ci/forge-gate.sh
      """)

  @Argument(help: "The CI service.")
  var service: CITemplate.Service

  @Argument(help: "The project, relative to the root of the repository.", completion: .directory)
  var path = "."

  @Option(
    help:
      "For GitHub: where forge's action is, OWNER/NAME@REF. Without it, the runner must have forge."
  )
  var action: String?

  @Option(
    name: .shortAndLong, help: "Write to this file instead of standard output.", completion: .file()
  )
  var output: String?

  func run() throws {
    let text = try CITemplate.render(service, path: path, action: action)
    if let output {
      try AtomicFile.write(text.utf8, to: output)
    } else {
      try StandardOutput.write(text)
    }
  }
}
