import ForgeBasics
import ForgeCodebase
import ForgeDockerignore
import ForgeTemplates

/// The `.dockerignore` of a service: what stays out of the build, without anything that the Dockerfile copies.
struct IgnoreFile {
  let checks: ServiceChecks

  private struct Values {
    /// From the build context to the service's folder: empty, or `apps/web/`.
    let prefix: String
    /// The build's output folder, where it is not `.next`.
    let ownOutput: String?
    let hasExceptions: Bool
    let exceptions: [String]
  }

  func text() throws(RecipeError) -> String {
    let service = checks.service
    let template = checks.template(Self.template(service.kind))
    let prefix = Self.folder(try checks.member().path)
    var ownOutput: String?
    if let dist = service.next?.distDir, dist != ".next" {
      ownOutput = prefix + (try checks.path(dist, "distDir"))
    }

    // Rendered once for its patterns, and once with what those would wrongly ignore.
    let plain = try template.render(
      Values(prefix: prefix, ownOutput: ownOutput, hasExceptions: false, exceptions: []))
    let ignore = try Self.parse(plain)
    let exceptions = try needed(prefix).filter(ignore.ignores).map(GoPath.escapingPattern)
    return try template.render(
      Values(
        prefix: prefix, ownOutput: ownOutput, hasExceptions: !exceptions.isEmpty,
        exceptions: exceptions))
  }

  /// The paths that the build cannot do without, sorted.
  private func needed(_ member: String) throws(RecipeError) -> [String] {
    let service = checks.service
    var paths: Set<String> = []
    for input in service.installInputs {
      paths.insert(
        try checks.path(input.removing(suffix: "/"), "installation input"))
    }
    // One above a member's folder is the workspace's, or nothing that is copied.
    if let config = service.next?.configFile, member.isEmpty || !config.hasPrefix("../") {
      paths.insert(member + (try checks.path(config, "configuration file")))
    }
    for file in service.next?.runtimeFiles ?? [] {
      paths.insert(member + (try checks.path(file, "file that the server reads")))
    }
    if let fastapi = service.fastapi {
      // The outermost package, or the module itself where there is none.
      let modules = fastapi.entrypoint.prefix { $0 != ":" }.split(separator: ".").map(String.init)
      let prefix = member + Self.folder(fastapi.appDir)
      var names = [modules.first ?? ""]
      if modules.count == 1 { names.append("\(names[0]).py") }
      for name in names { paths.insert(try checks.path(prefix + name, "entry point")) }
    }
    for path in service.reads {
      paths.insert(member + (try checks.path(path, "file that is read")))
    }
    return paths.sorted()
  }

  private static func template(_ kind: Service.Kind) -> String {
    switch kind {
    case .nextjs: "nextjs/dockerignore.mustache"
    case .fastapi, .mcp: "fastapi/dockerignore.mustache"
    }
  }

  /// What stands in front of the paths below a folder: empty, or `apps/web/`.
  private static func folder(_ path: String) -> String {
    guard path != "." else { return "" }
    return path + "/"
  }

  static func parse(_ text: String) throws(RecipeError) -> Dockerignore {
    do { return try Dockerignore(SourceText(name: ".dockerignore", text: text)) } catch {
      throw .brokenRecipe(file: "dockerignore.mustache", reason: "\(error)")
    }
  }
}
