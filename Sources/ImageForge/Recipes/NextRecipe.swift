import ForgeBasics
import ForgeCodebase

/// The Dockerfile of a Next.js application that is served from its standalone output.
struct NextRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  private var service: Service { checks.service }

  /// What `recipes/nextjs/Dockerfile.mustache` uses.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let buildImage: String
    let finalImage: String
    let install: String
    let refusedArguments: [String]
    let hasArguments: Bool
    let arguments: [BuildArgument]
    let buildSecrets: [BuildSecret]
    let forceStandalone: Bool
    /// `npm run`, before the script's name.
    let run: String
    /// Where the build writes: `.next`.
    let dist: String
    /// The server, and its folder's prefix and output folder, below the standalone folder.
    let server: String
    let serverPrefix: String
    let serverDist: String
    let port: Int
    let user = ImageUser.user
    let group = ImageUser.group
    let healthCheck: String
    let command: String
  }

  func dockerfile() throws(RecipeError) -> String {
    guard let next = service.next else {
      throw .unsupported(
        service: service.name, what: "the analysis says nothing about its Next.js configuration",
        instead: "Analyse the project again")
    }
    try refuseOtherOutputs(next)
    let images = try images()
    let installer = try Installer.node(service, bases: bases)
    let dist = try checks.path(next.distDir, "distDir")
    let server = try checks.path(next.standaloneServer, "standalone server")
    let serverPrefix = server.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    let (arguments, refused) = try checks.buildArguments()
    return try Template(file: "nextjs/Dockerfile.mustache").render(
      Values(
        name: try checks.name(),
        framework: checks.framework("Next.js"),
        manager: service.packageManager.name.rawValue,
        buildImage: images.build, finalImage: images.final,
        install: try installer.text(checks),
        refusedArguments: refused,
        hasArguments: !arguments.isEmpty, arguments: arguments,
        buildSecrets: try checks.buildSecrets().build,
        forceStandalone: next.output != .standalone,
        run: "\(Self.program(of: service.packageManager.name)) run",
        dist: dist, server: server, serverPrefix: serverPrefix, serverDist: serverPrefix + dist,
        port: try checks.port(),
        healthCheck: try healthCheck(next),
        command: DockerText.execForm(["env", "HOSTNAME=0.0.0.0", "node", server])))
  }

  private func refuseOtherOutputs(_ next: NextFacts) throws(RecipeError) {
    if let server = next.customServer {
      throw .unsupported(
        service: service.name, what: "it has a custom server (\(server)), which the standalone output does not contain",
        instead: "Serve the application with Next.js's own server: move what the custom server does into middleware "
          + "or route handlers")
    }
    if next.output == .export {
      throw .unsupported(
        service: service.name, what: "its output is a static export (output: 'export')",
        instead: "Serve it as files, or remove the setting: the recipe then builds the standalone server")
    }
  }

  private func images() throws(RecipeError) -> (build: String, final: String) {
    // Bun only installs and builds; what serves is Node.js in the newest maintained version.
    let version = service.runtime.name == .node ? service.runtime.version : bases.node.versions.last ?? ""
    guard let images = bases.node.images(for: version) else {
      throw .unsupported(
        service: service.name, what: "Node.js \(version) has no base image",
        instead:
          "Ask for one of \(bases.node.versions.joined(separator: ", ")) in .nvmrc or package.json (engines.node)")
    }
    return images
  }

  private static func program(of manager: PackageManager.Name) -> String {
    manager == .yarnBerry ? "yarn" : manager.rawValue
  }

  /// Node's own `fetch`, so that the image needs no curl. Without a health route any answer but a server error will do.
  private func healthCheck(_ next: NextFacts) throws(RecipeError) -> String {
    var path = "/"
    if let basePath = next.basePath, !basePath.isEmpty { path = try checks.urlPath(basePath, "basePath") }
    var healthy = "r.status < 500"
    if let healthPath = service.healthPath {
      path = try checks.urlPath(healthPath, "health path")
      healthy = "r.ok"
    }
    let script =
      "fetch('http://127.0.0.1:' + process.env.PORT + '\(path)')"
      + ".then(r => process.exit(\(healthy) ? 0 : 1), () => process.exit(1))"
    return DockerText.execForm(["node", "-e", script])
  }
}
