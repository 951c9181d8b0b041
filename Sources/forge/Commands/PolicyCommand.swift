import ArgumentParser
import ForgeReports

struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Show the policy that is in force, or its schema.",
    discussion: """
      Examples:
        forge policy show
        forge policy schema > forge.schema.json
      """,
    subcommands: [Show.self, Schema.self], defaultSubcommand: Show.self)

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what is in force, and where each value comes from.",
      discussion: """
        Examples:
          forge policy show
          forge policy show --profile strict --format json
        """)

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var reporting: OutputOptions

    func run() throws {
      let settings = PolicySettings(try policy.load(in: "."))
      try reporting.write(settings, text: settings.text)
    }
  }

  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the JSON Schema of forge.yaml, for editors.",
      discussion: """
        Put `# yaml-language-server: $schema=forge.schema.json` in front of forge.yaml.

        Examples:
          forge policy schema > forge.schema.json
        """)

    func run() throws { try StandardOutput.write(PolicySettings.schema) }
  }
}
