import ForgeBasics
import ForgeCodebase

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
    func file(_ source: String) -> String {
      source.lastIndex(of: ":").map { String(source[..<$0]) } ?? source
    }
    let files = Set(service.environment.flatMap(\.sources).map(file))
    let example = Self.names.map { ProjectTree.join(service.path, $0) }.first(where: files.contains)
    var missing: [Row] = []
    var unused: [Row] = []
    for variable in service.environment where variable.scope != .platform {
      let reads = variable.sources.filter { Self.isCode(file($0)) }
      let mentions = variable.sources.filter { file($0) == example }
      if !reads.isEmpty, mentions.isEmpty {
        missing.append(Row(name: variable.name, sources: reads))
      }
      if reads.isEmpty, !mentions.isEmpty, !Self.isReadByPackage(variable.name) {
        unused.append(Row(name: variable.name, sources: mentions))
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
    let isData =
      [".yml", ".yaml", ".json", ".jsonc"].contains { name.hasSuffix($0) } && name != ".yarnrc.yml"
    return !isData && !name.hasPrefix(".env") && !names.contains(name)
  }
}
