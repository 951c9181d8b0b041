import ForgeCodebase
import ForgeTemplates

/// How a package manager installs a project's dependencies: what `recipes/install.mustache` needs to know.
struct Installer {
  /// Installs the package manager itself; nil when the base image has it.
  var setup: String?
  var setupNote: String?
  var setupCache: String
  /// Installs what the lockfile names, and nothing else; nil where that is not known before the source is there.
  var command: String?
  var cacheFolder: String
  /// Whether the cache breaks when two builds use it at once.
  var cacheLocked = false
  /// Settings for the build stage: `NAME=VALUE`.
  var environment: [String] = []
  /// Installs the packages of a workspace that the service needs, when all of it is there.
  var workspaceCommand: String?
  /// Installs the project itself, when its source is there.
  var projectCommand: String?
  /// Runs the scripts of packages that the installation left out, when the sources are there.
  var completion: String?

  /// The lines of the Dockerfile.
  /// - Parameters:
  ///   - kept: what stands before the installation; empty where it is done once more.
  func text(
    _ checks: ServiceChecks, kept: [String: [String]], why: [String: String]
  ) throws(RecipeError) -> String {
    struct Values {
      let kept: [String: [String]]
      let why: [String: String]
      let installationReason: String?
      let setup: String?
      let setupNote: String?
      let setupCache: String
      let setupSecrets: [BuildSecret]
      let mountsCaches: Bool
      let copies: [String]
      let secrets: [BuildSecret]
      let cacheFolder: String
      let cacheLocked: Bool
      let command: String?
    }
    let secrets = try checks.buildSecrets().install
    return try checks.template("install.mustache").render(
      Values(
        kept: kept, why: why, installationReason: Self.reason(checks, secrets, why),
        setup: setup, setupNote: setupNote, setupCache: setupCache,
        // Where no other index can be reached, the package manager itself comes from the project's.
        setupSecrets: secrets.filter { $0.name.hasPrefix("PIP_") },
        mountsCaches: checks.mountsCaches,
        copies: try checks.installCopies(),
        secrets: secrets, cacheFolder: cacheFolder, cacheLocked: cacheLocked, command: command))
  }
}

extension Installer {
  /// The comment on the step that installs, by what it mounts.
  private static func reason(
    _ checks: ServiceChecks, _ secrets: [BuildSecret], _ why: [String: String]
  ) -> String? {
    if !secrets.isEmpty { return why["secretInstallation"] }
    guard checks.mountsCaches else { return nil }
    return why["cachedInstallation"]
  }

  /// The package managers of the Node.js world.
  /// - Parameter production: without the dependencies for development.
  static func node(
    _ service: Service, bases: BaseTable, production: Bool = false
  ) throws(RecipeError) -> Installer {
    let manager = service.packageManager
    let locked = manager.lockfile != nil
    func installer(_ setup: String?, _ command: String, cache: String, locked: Bool = false)
      -> Installer
    {
      Installer(
        setup: setup, setupCache: "/root/.npm", command: command, cacheFolder: cache,
        cacheLocked: locked)
    }
    func flag(_ text: String, if isSet: Bool) -> String { isSet ? " " + text : "" }
    let steps = service.buildSteps
    // What is for development only is not there, and scripts of the project may call it.
    let ignores = flag("--ignore-scripts", if: steps.installsWithoutScripts)
    func rebuild(_ program: String) -> String {
      let names = steps.rebuilds.filter(DockerText.isPackageName)
      guard steps.installsWithoutScripts, !names.isEmpty else { return "" }
      return " \\\n    && \(program) rebuild " + names.joined(separator: " ")
    }
    func version() throws(RecipeError) -> String {
      try bases.version(of: manager.name.rawValue, pinned: manager.version)
    }
    switch manager.name {
    case .npm:
      let install = locked ? "ci" : "install"
      return installer(
        nil,
        "npm \(install) --no-audit --no-fund" + flag("--omit=dev", if: production) + ignores
          + rebuild("npm"),
        cache: "/root/.npm")
    case .pnpm:
      let store = "/root/.pnpm-store"
      return installer(
        "npm install --global pnpm@\(try version())",
        "CI=1 pnpm install" + flag("--frozen-lockfile", if: locked)
          + flag("--prod", if: production) + ignores + " --store-dir \(store)"
          + rebuild("CI=1 pnpm"),
        cache: store)
    case .yarn:
      let cache = "/root/.yarn-cache"
      return installer(
        "npm install --global --force yarn@\(try version())",
        "yarn install --non-interactive" + flag("--frozen-lockfile", if: locked)
          + flag("--production", if: production) + ignores + " --cache-folder \(cache)"
          + rebuild("npm"),
        cache: cache, locked: true)
    case .yarnBerry:
      var install = "yarn install" + flag("--immutable", if: locked)
      if production { install = "yarn workspaces focus --production --all" }
      let full = "YARN_ENABLE_TELEMETRY=0 \(install)"
      let isShort = steps.installsWithoutScripts && !production
      var berry = installer(
        "npm install --global --force @yarnpkg/cli-dist@\(try version())",
        full + flag("--mode=skip-build", if: isShort), cache: "/root/.yarn/berry/cache")
      if isShort { berry.completion = full }
      return berry
    case .bun:
      return installer(
        "npm install --global bun@\(try version())",
        "bun install" + flag("--frozen-lockfile", if: locked)
          + flag("--production", if: production) + ignores + rebuild("npm"),
        cache: "/root/.bun/install/cache")
    case .pip, .uv, .poetry, .pdm, .pipenv:
      throw .unsupported(
        service: service.name, what: "\(manager.name.rawValue) does not install Next.js",
        instead: "Use npm, pnpm, yarn or bun")
    }
  }

}
