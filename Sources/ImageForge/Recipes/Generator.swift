import ForgeBasics
import ForgeCodebase

/// Writes the files that build a service's image. The same analysis gives the same bytes.
public enum Generator {
  /// `Dockerfile`, `.dockerignore` and `ENVIRONMENT.md` of each service, in the order of the services. The service's
  /// folder is the build context.
  /// - Throws: `RecipeError` for the first service that has no recipe, or has a value that may not enter a Dockerfile.
  public static func generate(_ analysis: Analysis) throws(RecipeError) -> [GeneratedFile] {
    let bases = try BaseTable.load()
    var files: [GeneratedFile] = []
    for service in analysis.services { files += try generate(service, bases: bases) }
    return files
  }

  private static func generate(_ service: Service, bases: BaseTable) throws(RecipeError) -> [GeneratedFile] {
    let checks = ServiceChecks(service: service)
    let folder = try checks.path(service.path, "path")
    if let workspace = service.workspace {
      throw .unsupported(
        service: service.name, what: "it is a member of the \(workspace.kind) workspace at \(workspace.root)",
        instead: "There are recipes for services that build from their own folder: give it a lockfile of its own")
    }
    let dockerfile: String
    switch service.kind {
    case .nextjs: dockerfile = try NextRecipe(checks: checks, bases: bases).dockerfile()
    case .fastapi: dockerfile = try FastAPIRecipe(checks: checks, bases: bases).dockerfile()
    case .mcp:
      throw .unsupported(
        service: service.name, what: "it is an MCP server without a FastAPI application",
        instead: "Mount the server in a FastAPI application, which then serves it")
    }
    func file(_ name: String, _ body: String, _ comment: Stamp.Comment = .hash) -> GeneratedFile {
      GeneratedFile(
        path: folder == "." ? name : "\(folder)/\(name)", contents: Stamp.stamped(body, comment: comment))
    }
    return [
      file("Dockerfile", dockerfile),
      file(".dockerignore", try IgnoreFile(checks: checks).text()),
      file("ENVIRONMENT.md", try EnvironmentGuide(service: service).text(), .markup),
    ]
  }
}

/// The user that every image runs as: above the range that hosts give to people and system services.
enum ImageUser {
  static let user = "10001:10001"
  static let group = "10001"
}
