import ForgeBasics
import ForgeCodebase
import ForgeFindings

/// The variables that a service's code reads, beside those that its committed example file names.
public struct EnvironmentCheck: Codable, Sendable, Equatable {
  public struct Row: Codable, Sendable, Equatable {
    public let name: String
    /// `file:line` of every place.
    public let sources: [String]
  }

  public let service: String
  /// The example file, relative to the analysed root; nil when there is none.
  @EncodesNull public private(set) var example: String?
  /// Read by the code, not in the example.
  public let missing: [Row]
  /// In the example, read by nothing.
  public let unused: [Row]

  public var passed: Bool { missing.isEmpty && unused.isEmpty }

  /// The names of example files, the first of which in a folder counts.
  static let names = [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"]

  public init(_ service: Service) {
    let places = service.environment.flatMap(\.places)
    let files = Set(places.compactMap(\.sourceFile))
    let examples = Self.names.map { ProjectTree.join(service.path, $0) }
    let example = examples.first(where: files.contains)
    var missing: [Row] = []
    var unused: [Row] = []
    for variable in service.environment where variable.scope != .platform {
      let reads = variable.places.filter { Self.isCode($0.sourceFile ?? "") }
      let mentions = variable.places.filter { $0.sourceFile == example }
      if !reads.isEmpty, mentions.isEmpty {
        missing.append(Row(name: variable.name, sources: reads.map(\.description)))
      }
      if reads.isEmpty, !mentions.isEmpty, !Self.isReadByPackage(variable.name) {
        unused.append(Row(name: variable.name, sources: mentions.map(\.description)))
      }
    }
    self.service = service.name
    self.example = example
    self.missing = missing
    self.unused = unused
  }

  /// Variables that packages read by themselves: they stand in no source of the project.
  private static func isReadByPackage(_ name: String) -> Bool {
    let names = [
      "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", "NEXT_DEPLOYMENT_ID", "BLOB_READ_WRITE_TOKEN",
      "ANALYZE",
    ]
    let prefixes = [
      "AUTH_", "NEXTAUTH_", "CLERK_", "NEXT_PUBLIC_CLERK_", "SENTRY_", "OTEL_", "KV_", "UPSTASH_",
      "VERCEL_", "AWS_",
      "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "NODE_", "UVICORN_", "FORWARDED_ALLOW_IPS",
      "WEB_CONCURRENCY", "FASTMCP_",
    ]
    return names.contains(name) || prefixes.contains(where: name.hasPrefix)
  }

  /// Whether a file can read variables; the others only name them.
  private static func isCode(_ path: String) -> Bool {
    let name = ProjectTree.name(path)
    if name == ".yarnrc.yml" { return true }
    let isData = [".yml", ".yaml", ".json", ".jsonc"].contains(where: name.hasSuffix)
    return !isData && !name.hasPrefix(".env") && !names.contains(name)
  }
}
