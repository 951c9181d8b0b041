import ArgumentParser
import ForgeBasics
import ForgeLint
import ForgeReports

struct Context: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a build sends of a folder, and which line of the ignore file decides.",
    discussion: """
      Sizes of what is sent and of what is kept out, the largest first, each with the last line of .dockerignore that \
      matches it.

      Examples:
        forge context .
        forge context . --dockerfile docker/web.Dockerfile
        forge context web --format json
      """)

  @Argument(help: "The folder that the build gets.", completion: .directory)
  var path: String

  @Option(
    help: "A Dockerfile whose own ignore file, NAME.dockerignore, counts where it is there.",
    completion: .file())
  var dockerfile: String?

  @Option(help: "The most entries of each list.")
  var limit = 20

  @OptionGroup var reporting: OutputOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is at least 1") }
  }

  func run() throws {
    if let output { try OutputPaths.check([output], project: path) }
    let listing = try ContextListing(of: path, dockerfile: dockerfile, limit: limit)
    try reporting.write(listing, text: listing.text, to: output)
  }
}
