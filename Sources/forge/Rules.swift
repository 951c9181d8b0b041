import ArgumentParser
import ImageForge

struct Rules: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which rules there are, how grave they are, why they matter and what helps.",
    discussion: """
      Those of images; `forge lint --rules` lists those of Dockerfiles.

      Examples:
        forge rules                 all rules
        forge rules FORGE-I008      one rule, in full
        forge rules --secrets       the kinds of secrets that are looked for
        forge rules --markdown      the table of the README
      """)

  @Argument(help: "A rule; without one, all are listed.")
  var id: String?

  @Flag(help: "List the kinds of secrets instead.")
  var secrets = false

  @Flag(help: "Print all rules as a Markdown table.")
  var markdown = false

  @OptionGroup var reporting: OutputOptions

  func validate() throws {
    guard [secrets, markdown, id != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("name a rule, or use one of --secrets and --markdown")
    }
  }

  func run() throws {
    if markdown { return try StandardOutput.write(RuleList().markdown) }
    if secrets {
      let kinds = try SecretKinds()
      return try reporting.write(kinds, text: kinds.text)
    }
    guard let id else {
      let list = RuleList()
      return try reporting.write(list, text: list.text)
    }
    let wanted = id.uppercased()
    if let rule = LintRuleList().rules.first(where: {
      [wanted, "FORGE-" + wanted].contains($0.id.uppercased())
    }) {
      return try reporting.write(rule, text: rule.text)
    }
    guard let rule = RuleCatalogue.rule(spelled: wanted) else {
      throw ValidationError("there is no rule \(DisplayText.escape(id)); `forge rules` lists them")
    }
    try reporting.write(rule, text: rule.text)
  }
}
