import ForgeBasics
import ForgeCodebase
import ForgeTemplates
import ForgeWorkloads

/// `.env.example`: every variable that a service reads, to be copied and filled in. Never the value of a secret.
struct EnvironmentExample {
  let service: Service

  func text() -> String {
    var lines = ["# The environment of \(DisplayText.escape(service.name))."]
    for (title, deliveries) in Self.groups {
      let variables = service.environment.filter { deliveries.contains($0.delivery) }
      guard !variables.isEmpty else { continue }
      lines += ["", "# " + title]
      for variable in variables { lines += Self.lines(variable) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let groups: [(String, [VariableDelivery])] = [
    ("Read when the image is built. Public: browsers see the values.", [.buildArgument, .refused]),
    ("Read when the image is built. Secret.", [.buildSecret]),
    ("Read when the container runs.", [.runtime]),
    ("Read when the container runs. Secret.", [.runtimeSecret]),
  ]

  private static func lines(_ variable: EnvironmentVariable) -> [String] {
    // A name that is none could end the line, or the file's meaning.
    guard variable.name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else { return [] }
    let read = variable.sources.first { !$0.contains(".env") } ?? variable.sources.first
    let place = read.map { " (\(DisplayText.escape($0)))" } ?? ""
    let value = variable.default.map(quoted) ?? ""
    let word =
      switch variable.requirement {
      case .required: "required"
      case .optional: "optional"
      case .unknown: "whether it is required is not known"
      }
    return ["# \(word)\(place)", "\(variable.name)=\(value)"]
  }

  /// As every reader of such files takes it: single quotes keep `$` and `#` as they are.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || "_-./:@,+=".utf8.contains(byte)
    }
    if isPlain { return text }
    guard DisplayText.escape(text) == text, !text.contains("'") else { return "" }
    return "'\(text)'"
  }
}

extension Service {
  /// The Markdown that documents the environment, as `forge generate` writes it.
  /// - Throws: `RecipeError` where the built-in template is damaged.
  public func environmentGuide() throws(RecipeError) -> String {
    try EnvironmentGuide(checks: ServiceChecks(service: self)).text()
  }

  /// The environment as a `.env.example` file.
  public var environmentExample: String { EnvironmentExample(service: self).text() }
}
