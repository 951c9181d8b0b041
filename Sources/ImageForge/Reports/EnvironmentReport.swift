import ForgeAnalyzer
import ForgeBasics
import ForgeCodebase
import ForgeRecipes

/// The variables of every service of a codebase, for `forge env`.
public struct EnvironmentReport: Encodable, Sendable {
  /// The variables of one service.
  public struct Entry: Encodable, Sendable {
    /// The service's name.
    public let name: String
    /// The service's folder, relative to the root.
    public let path: String
    /// The variables that its code reads.
    public let environment: [EnvironmentVariable]
    /// How its committed example file differs from what the code reads.
    public let check: EnvironmentCheck
  }

  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// The services, in the order of the analysis.
  public let services: [Entry]
  /// The variables that hold the address of another service.
  public let links: [ServiceLink]
  private let analysed: [Service]

  private enum CodingKeys: String, CodingKey { case schemaVersion, services, links }

  /// The variables of an analysed codebase.
  public init(_ analysis: Analysis) {
    analysed = analysis.services
    services = analysis.services.map {
      Entry(name: $0.name, path: $0.path, environment: $0.environment, check: EnvironmentCheck($0))
    }
    links = analysis.links
  }

  /// Whether every committed example file names what the code reads, and nothing else.
  public var passed: Bool { services.allSatisfy(\.check.passed) }

  /// One Markdown document for all services.
  public func markdown() throws -> String {
    var parts = try analysed.map { try $0.environmentGuide() }
    if !links.isEmpty { parts.append(linkTable) }
    return parts.joined(separator: "\n")
  }

  /// One `.env` file for all services.
  public var dotenv: String { analysed.map(\.environmentExample).joined(separator: "\n") }

  private var linkTable: String {
    var lines = [
      "# Addresses between services", "",
      "| From | Variable | To | Fixed at build | In the cluster |",
    ]
    lines.append("|---|---|---|---|---|")
    for link in links {
      let baked = if link.baked { "yes" } else { "no" }
      let address = link.internalAddress.map { "`\($0)`" } ?? "browsers use it: its public address"
      lines.append("| \(link.from) | `\(link.variable)` | \(link.to) | \(baked) | \(address) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What `forge env --check` prints for people.
  public func checkText(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for check in services.map(\.check) {
      layout.heading(check.service)
      guard let example = check.example else {
        if check.missing.isEmpty {
          layout.line("  there is no .env.example, and the code reads no variables")
        } else {
          layout.line("  there is no .env.example")
          layout.paragraph(
            "forge env PATH --format dotenv writes one; it needs: "
              + check.missing.map(\.name).joined(separator: ", "),
            label: "  ")
        }
        continue
      }
      if check.passed {
        layout.line("  \(DisplayText.escape(example)) names what the code reads, and nothing else")
      }
      let rows = check.missing.map { ("missing", $0) } + check.unused.map { ("unused", $0) }
      layout.table(
        rows.map { [$0.0, $0.1.name, DisplayText.escape($0.1.sources.first ?? "")] },
        aligned: [.left, .left, .path])
    }
    return layout.text
  }
}
