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
    let manager = try NodeInstaller(service.packageManager, service: service.name, bases: bases)
    let dist = try checks.path(next.distDir, "distDir")
    let server = try checks.path(next.standaloneServer, "standalone server")
    let serverPrefix = server.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    let (arguments, refused) = try checks.buildArguments()
    let secrets = try checks.buildSecrets()
    return try Template(file: "nextjs/Dockerfile.mustache").render(
      Values(
        name: try checks.name(),
        framework: checks.framework("Next.js"),
        manager: service.packageManager.name.rawValue,
        buildImage: images.build, finalImage: images.final,
        install: try install(manager, secrets: secrets.install),
        refusedArguments: refused,
        hasArguments: !arguments.isEmpty, arguments: arguments,
        buildSecrets: secrets.build,
        forceStandalone: next.output != .standalone,
        run: manager.run,
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

  private func install(_ manager: NodeInstaller, secrets: [BuildSecret]) throws(RecipeError) -> String {
    struct InstallValues {
      let setup: String?
      let copies: [String]
      let installSecrets: [BuildSecret]
      let cacheFolder: String
      let cacheLocked: Bool
      let installCommand: String
    }
    return try Template(file: "nextjs/install.mustache").render(
      InstallValues(
        setup: manager.setup, copies: try checks.installCopies(), installSecrets: secrets,
        cacheFolder: manager.cacheFolder, cacheLocked: manager.cacheLocked,
        installCommand: manager.install))
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

/// How a package manager of the Node.js world installs from a lockfile.
struct NodeInstaller {
  /// Installs the package manager itself; nil when the base image has it.
  let setup: String?
  let install: String
  let run: String
  let cacheFolder: String
  /// Whether the cache breaks when two builds use it at once.
  var cacheLocked = false

  init(_ manager: PackageManager, service: String, bases: BaseTable) throws(RecipeError) {
    let locked = manager.lockfile != nil
    switch manager.name {
    case .npm:
      setup = nil
      install = locked ? "npm ci --no-audit --no-fund" : "npm install --no-audit --no-fund"
      run = "npm run"
      cacheFolder = "/root/.npm"
    case .pnpm:
      setup = "npm install --global pnpm@\(try bases.version(of: manager))"
      install = "CI=1 pnpm install \(locked ? "--frozen-lockfile " : "")--store-dir /root/.pnpm-store"
      run = "pnpm run"
      cacheFolder = "/root/.pnpm-store"
    case .yarn:
      setup = "npm install --global --force yarn@\(try bases.version(of: manager))"
      install = "yarn install --non-interactive\(locked ? " --frozen-lockfile" : "") --cache-folder /root/.yarn-cache"
      run = "yarn run"
      cacheFolder = "/root/.yarn-cache"
      cacheLocked = true
    case .yarnBerry:
      setup = "npm install --global --force @yarnpkg/cli-dist@\(try bases.version(of: manager))"
      install = "YARN_ENABLE_TELEMETRY=0 yarn install\(locked ? " --immutable" : "")"
      run = "yarn run"
      cacheFolder = "/root/.yarn/berry/cache"
    case .bun:
      setup = "npm install --global bun@\(try bases.version(of: manager))"
      install = "bun install\(locked ? " --frozen-lockfile" : "")"
      run = "bun run"
      cacheFolder = "/root/.bun/install/cache"
    case .pip, .uv, .poetry, .pdm, .pipenv:
      throw .unsupported(
        service: service, what: "\(manager.name.rawValue) does not install Next.js",
        instead: "Use npm, pnpm, yarn or bun")
    }
  }
}
