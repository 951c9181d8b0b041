import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads

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
    let (files, failures) = try generateEach(analysis, options: options)
    if let failure = failures.first { throw failure }
    return files
  }

  /// The files of every service that has a recipe, and why the others have none.
  /// - Throws: `RecipeError` for two services of one folder, and where no service has a recipe.
  package static func generateEach(
    _ analysis: Analysis, options: RecipeOptions
  ) throws(RecipeError) -> (files: [GeneratedFile], failures: [RecipeError]) {
    if let (one, other) = Analysis.sharing(analysis.services) {
      throw .sharedFolder(path: one.path, services: [one.name, other.name])
    }
    let bases = try BaseTable.load(RecipeBook(folder: options.recipes))
    var files: [GeneratedFile] = []
    var failures: [RecipeError] = []
    for service in analysis.services {
      do throws(RecipeError) {
        files += try generate(service, bases: bases, options)
      } catch { failures.append(error) }
    }
    if files.isEmpty, let failure = failures.first { throw failure }
    return (files, failures)
  }

  /// The base images that the Dockerfiles of `generate` stand on, sorted.
  /// - Throws: as `generate`.
  public static func bases(
    of analysis: Analysis, options: RecipeOptions = RecipeOptions()
  ) throws(RecipeError) -> [String] {
    let bases = try BaseTable.load(RecipeBook(folder: options.recipes))
    var names: Set<String> = []
    for service in analysis.services {
      names.formUnion(try render(try checks(service, options), bases).images)
    }
    return names.sorted()
  }

  private static func generate(
    _ service: Service, bases: BaseTable, _ options: RecipeOptions
  ) throws(RecipeError) -> [GeneratedFile] {
    let checks = try checks(service, options)
    _ = try checks.path(checks.service.path, "path")
    let isMember = try checks.member().isMember
    let dockerfile = try render(checks, bases).dockerfile
    if checks.options.dialect == .classic { try checkClassic(dockerfile, checks) }
    func file(_ name: String, _ body: String, _ comment: Stamp.Comment = .hash) -> GeneratedFile {
      GeneratedFile(
        path: checks.service.file(name),
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

  /// A service and its options, as a Dockerfile that was there decides about both.
  private static func checks(
    _ service: Service, _ options: RecipeOptions
  ) throws(RecipeError) -> ServiceChecks {
    let existing = options.existing[service.path]
    let service = existing?.applied(to: service) ?? service
    let chosen = options.chosen(for: service)
    return ServiceChecks(
      service: service, options: existing?.applied(to: chosen) ?? chosen, existing: existing)
  }

  private static func render(
    _ checks: ServiceChecks, _ bases: BaseTable
  ) throws(RecipeError) -> RenderedRecipe {
    var workload: Workload
    do { workload = try Workload(checks.service) } catch { throw RecipeError(error) }
    if let server = checks.existing?.server {
      if let user = server.user { workload.user = user.value }
      workload.server.entrypoint = server.entrypoint?.value ?? []
    }
    var recipe: RenderedRecipe
    switch checks.service.kind {
    case .nextjs:
      recipe = try NextRecipe(checks: checks, bases: bases, workload: workload).render()
    case .fastapi, .mcp:
      recipe = try FastAPIRecipe(checks: checks, bases: bases, workload: workload).render()
    }
    if let existing = checks.existing {
      // Where a later run puts the blocks.
      let blocks = KeptBlocks(of: recipe.dockerfile)
      let settled = blocks.inserted(into: blocks.rest) ?? recipe.dockerfile
      recipe.dockerfile = existing.memoryComments + settled
    }
    return recipe
  }

  /// Mounts come from secrets, from a Dockerfile that was there before, and from recipes of the user's own.
  private static func checkClassic(_ dockerfile: String, _ checks: ServiceChecks)
    throws(RecipeError)
  {
    let secrets = try checks.buildSecrets().build.map(\.name)
    guard secrets.isEmpty else {
      throw checks.unsupported(
        "its build has secrets (\(secrets.joined(separator: ", "))), which docker's classic builder cannot mount",
        instead: leaveClassicOut)
    }
    let hasMount = dockerfile.split(separator: "\n").contains {
      !$0.hasPrefix("#") && $0.contains("--mount=")
    }
    guard hasMount else { return }
    throw checks.unsupported(
      "its steps have mounts, which docker's classic builder does not know",
      instead: leaveClassicOut)
  }

  private static let leaveClassicOut =
    "Build with BuildKit: leave DOCKER_BUILDKIT=0 and --dialect classic out"
}

extension RecipeError {
  /// As a recipe says that it cannot write a service's files.
  init(_ error: WorkloadError) {
    switch error {
    case .unsupported(let service, let what, let instead):
      self = .unsupported(service: service, what: what, instead: instead)
    case .invalidValue(let service, let what, let value, let expected):
      self = .invalidValue(service: service, what: what, value: value, expected: expected)
    }
  }
}
