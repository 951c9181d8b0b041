import ForgeBasics
import ForgeCodebase
import ForgeTemplates

/// Writes the files that build a service's image. The same analysis gives the same bytes.
public enum Generator {
  /// `Dockerfile`, `.dockerignore` and `ENVIRONMENT.md` of each service, in the order of the services. The service's
  /// folder is the build context; for a member of a workspace it is the workspace's root, and the ignore file stands
  /// beside the Dockerfile as `Dockerfile.dockerignore`.
  /// - Throws: `RecipeError` for two services of one folder, and for the first service that has no recipe, or has a
  ///   value that may not enter a Dockerfile.
  public static func generate(
    _ analysis: Analysis, options: RecipeOptions = RecipeOptions()
  ) throws(RecipeError) -> [GeneratedFile] {
    if let (one, other) = Analysis.sharing(analysis.services) {
      throw .sharedFolder(path: one.path, services: [one.name, other.name])
    }
    let bases = try BaseTable.load(RecipeBook(folder: options.recipes))
    var files: [GeneratedFile] = []
    for service in analysis.services { files += try generate(service, bases: bases, options) }
    return files
  }

  private static func generate(
    _ service: Service, bases: BaseTable, _ options: RecipeOptions
  ) throws(RecipeError) -> [GeneratedFile] {
    let existing = options.existing[service.path]
    let service = existing?.applied(to: service) ?? service
    let chosen = options.chosen(for: service)
    let options = existing?.applied(to: chosen) ?? chosen
    let checks = ServiceChecks(service: service, options: options)
    let folder = try checks.path(service.path, "path")
    let isMember = try checks.member().isMember
    var dockerfile: String
    switch service.kind {
    case .nextjs: dockerfile = try NextRecipe(checks: checks, bases: bases).dockerfile()
    case .fastapi, .mcp: dockerfile = try FastAPIRecipe(checks: checks, bases: bases).dockerfile()
    }
    if options.explains {
      dockerfile = Explanation(of: service, base: options.base).comment(dockerfile)
    }
    if let existing { dockerfile = existing.applied(to: dockerfile, explains: options.explains) }
    if options.dialect == .classic { try checkClassic(dockerfile, checks) }
    func file(_ name: String, _ body: String, _ comment: Stamp.Comment = .hash) -> GeneratedFile {
      GeneratedFile(
        path: folder == "." ? name : "\(folder)/\(name)",
        contents: Stamp.stamped(body, comment: comment))
    }
    return [
      file("Dockerfile", dockerfile),
      file(
        isMember ? "Dockerfile.dockerignore" : ".dockerignore",
        try IgnoreFile(checks: checks).text()),
      file("ENVIRONMENT.md", try EnvironmentGuide(checks: checks).text(), .markup),
    ]
  }

  /// Mounts come from secrets, from a Dockerfile that was there before, and from recipes of the user's own.
  private static func checkClassic(_ dockerfile: String, _ checks: ServiceChecks)
    throws(RecipeError)
  {
    let secrets = try checks.buildSecrets().build.map(\.name)
    guard
      !secrets.isEmpty
        || dockerfile.split(separator: "\n").contains(where: {
          !$0.hasPrefix("#") && $0.contains("--mount=")
        })
    else { return }
    throw checks.unsupported(
      secrets.isEmpty
        ? "its steps have mounts, which docker's classic builder does not know"
        : "its build has secrets (\(secrets.joined(separator: ", "))), which docker's classic builder cannot mount",
      instead: "Build with BuildKit: leave DOCKER_BUILDKIT=0 and --dialect classic out")
  }
}
