import ArgumentParser
import ImageForge

/// Which policy is in force.
struct PolicyOptions: ParsableArguments {
  @Option(help: "The policy file. Default: forge.yaml in the folder, or else the built-in policy.")
  var policy: String?

  @Option(help: "The size limit, instead of the policy's: 200MB, 180MiB.")
  var maxSize: String?

  func load(in folder: String) throws -> Policy {
    var loaded = try policy.map { try Policy.load($0) } ?? Policy.find(in: folder)
    if let maxSize {
      guard let bytes = ByteCount.parse(maxSize), bytes > 0 else {
        throw ValidationError("--max-size must be a size such as 200MB, 1.5GB or 180MiB")
      }
      loaded.maximumSize = bytes
    }
    return loaded
  }
}

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge an image by the policy: size and security rules.",
    discussion: "Exits with 1 when the policy fails, with 3 when the image cannot be read whole.")

  @OptionGroup var image: ImageArguments
  @OptionGroup var policy: PolicyOptions
  @OptionGroup var reporting: OutputOptions

  @Option(name: .shortAndLong, help: "Write the result to this file instead of standard output.")
  var output: String?

  func run() async throws {
    let policy = try policy.load(in: ".")
    let verdict = Gate.judge(try await image.inspect(findsSecrets: true), policy: policy)
    try reporting.write(verdict, text: verdict.text, to: output)
    if !verdict.passed { throw ExitStatus(code: .policyFailed) }
  }
}
