import ForgeBasics
import ForgeFindings

/// What forge concluded about a folder. The JSON of `forge analyze`; keys keep their name and meaning.
public struct Analysis: Codable, Sendable, Equatable {
  public let schemaVersion: Int
  /// The analysed folder, as the user named it.
  public let root: String
  /// Sorted by path.
  public let services: [Service]
  public let links: [ServiceLink]
  /// What concerns no single service.
  public let findings: [Finding]

  public init(
    root: String, services: [Service], links: [ServiceLink] = [], findings: [Finding] = []
  ) {
    schemaVersion = 1
    self.root = root
    self.services = services
    self.links = links
    self.findings = findings
  }
}

extension Analysis {
  /// Two services of one folder, of which each would write the other's Dockerfile; nil where none share one.
  package static func sharing(_ services: [Service]) -> (Service, Service)? {
    var seen: [String: Service] = [:]
    for service in services {
      if let other = seen.updateValue(service, forKey: service.path) { return (other, service) }
    }
    return nil
  }
}

/// One service reaches another through an environment variable.
public struct ServiceLink: Codable, Sendable, Equatable {
  public let from: String
  public let to: String
  public let variable: String
  /// Whether the address is fixed when the image is built, so that another address needs another image.
  public let baked: Bool
  /// What a deployment gives the variable where both run in one cluster under their own names; nil where browsers,
  /// which know no such names, use the address.
  public let internalAddress: String?
  /// `file:line` of what shows that the address is that service's.
  public let evidence: [String]

  public init(
    from: String, to: String, variable: String, baked: Bool = false, internalAddress: String? = nil,
    evidence: [String] = []
  ) {
    self.from = from
    self.to = to
    self.variable = variable
    self.baked = baked
    self.internalAddress = internalAddress
    self.evidence = evidence
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(from, forKey: .from)
    try container.encode(to, forKey: .to)
    try container.encode(variable, forKey: .variable)
    try container.encode(baked, forKey: .baked)
    try container.encode(internalAddress, forKey: .internalAddress)
    try container.encode(evidence, forKey: .evidence)
  }
}

/// One deployable application. A `source` is always `file:line`, relative to the analysed root, or names the rule
/// by which a default was chosen (`default: …`).
public struct Service: Codable, Sendable, Equatable {
  public enum Kind: String, Codable, Sendable {
    case nextjs, fastapi, mcp
  }

  /// From the manifest, reduced to what an image name may hold (`[a-z0-9._-]`).
  public var name: String
  /// Relative to the analysed root; `.` for the root itself.
  public var path: String
  public var kind: Kind
  public var framework: Framework
  public var runtime: Runtime
  public var packageManager: PackageManager
  public var workspace: Workspace?
  public var next: NextFacts?
  public var fastapi: FastAPIFacts?
  /// The port that the server listens on in the container.
  public var port: Int
  public var healthPath: String?
  /// Sorted by name.
  public var environment: [EnvironmentVariable]
  /// `postgresql`, `mysql`, `mongodb`, `redis`, `sqlite`; sorted.
  public var databases: [String]
  public var migrations: Migrations?
  public var mcp: [MCPServer]
  /// Processes that the same code runs beside the server; sorted by command.
  public var workers: [BackgroundWorker]
  /// Folders of files that the code serves or renders, relative to `path`; sorted.
  public var assetFolders: [String]
  public var systemPackages: SystemPackages
  /// Dependencies with code for one machine; sorted by name.
  public var nativePackages: [NativePackage]
  /// Files and folders that the dependency step needs before the source: manifests, lockfiles, settings of the package
  /// manager, `file:` packages. Relative to `path`; for a member of a workspace, to the workspace's root. Sorted.
  public var installInputs: [String]
  /// Values that the project's settings give to build arguments.
  public var buildArguments: [String: String]
  /// What each fact rests on, how sure it is, and what else it could have been; sorted by key.
  public var conclusions: [Conclusion]
  public var findings: [Finding]

  public init(
    name: String, path: String, kind: Kind, framework: Framework, runtime: Runtime,
    packageManager: PackageManager,
    workspace: Workspace? = nil, next: NextFacts? = nil, fastapi: FastAPIFacts? = nil, port: Int,
    healthPath: String? = nil, environment: [EnvironmentVariable] = [], databases: [String] = [],
    migrations: Migrations? = nil, mcp: [MCPServer] = [], workers: [BackgroundWorker] = [],
    assetFolders: [String] = [],
    systemPackages: SystemPackages = SystemPackages(),
    nativePackages: [NativePackage] = [], installInputs: [String],
    buildArguments: [String: String] = [:],
    conclusions: [Conclusion] = [],
    findings: [Finding] = []
  ) {
    self.name = name
    self.path = path
    self.kind = kind
    self.framework = framework
    self.runtime = runtime
    self.packageManager = packageManager
    self.workspace = workspace
    self.next = next
    self.fastapi = fastapi
    self.port = port
    self.healthPath = healthPath
    self.environment = environment
    self.databases = databases
    self.migrations = migrations
    self.mcp = mcp
    self.workers = workers
    self.assetFolders = assetFolders
    self.systemPackages = systemPackages
    self.nativePackages = nativePackages
    self.installInputs = installInputs
    self.buildArguments = buildArguments
    self.conclusions = conclusions
    self.findings = findings
  }

  /// Optional facts are written as `null`, so that every key is always there.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(path, forKey: .path)
    try container.encode(kind, forKey: .kind)
    try container.encode(framework, forKey: .framework)
    try container.encode(runtime, forKey: .runtime)
    try container.encode(packageManager, forKey: .packageManager)
    try container.encode(workspace, forKey: .workspace)
    try container.encode(next, forKey: .next)
    try container.encode(fastapi, forKey: .fastapi)
    try container.encode(port, forKey: .port)
    try container.encode(healthPath, forKey: .healthPath)
    try container.encode(environment, forKey: .environment)
    try container.encode(databases, forKey: .databases)
    try container.encode(migrations, forKey: .migrations)
    try container.encode(mcp, forKey: .mcp)
    try container.encode(workers, forKey: .workers)
    try container.encode(assetFolders, forKey: .assetFolders)
    try container.encode(systemPackages, forKey: .systemPackages)
    try container.encode(nativePackages, forKey: .nativePackages)
    try container.encode(installInputs, forKey: .installInputs)
    try container.encode(buildArguments, forKey: .buildArguments)
    try container.encode(conclusions, forKey: .conclusions)
    try container.encode(findings, forKey: .findings)
  }
}

/// `next` or `fastapi`, and the version that will be installed: from the lockfile where there is one.
public struct Framework: Codable, Sendable, Equatable {
  public var name: String
  /// Nil when nothing pins or bounds it.
  public var version: String?
  public var source: String

  public init(name: String, version: String?, source: String) {
    self.name = name
    self.version = version
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(version, forKey: .version)
    try container.encode(source, forKey: .source)
  }
}

/// The language runtime, and the version that the recipe will use.
public struct Runtime: Codable, Sendable, Equatable {
  public enum Name: String, Codable, Sendable {
    case node, python, bun
  }

  public var name: Name
  /// What the base image's tag needs: `22`, `22.20.0`, `3.13`.
  public var version: String
  public var source: String

  public init(name: Name, version: String, source: String) {
    self.name = name
    self.version = version
    self.source = source
  }
}

public struct PackageManager: Codable, Sendable, Equatable {
  public enum Name: String, Codable, Sendable {
    case npm, yarn
    case yarnBerry = "yarn-berry"
    case pnpm, bun, pip, uv, poetry, pdm, pipenv
  }

  public var name: Name
  public var version: String?
  /// The lockfile's name, relative to the service (or to the workspace root for a member). For pip: the requirements
  /// file that rules.
  public var lockfile: String?
  public var source: String

  public init(name: Name, version: String? = nil, lockfile: String?, source: String) {
    self.name = name
    self.version = version
    self.lockfile = lockfile
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(version, forKey: .version)
    try container.encode(lockfile, forKey: .lockfile)
    try container.encode(source, forKey: .source)
  }
}

/// The monorepo that a service is a member of.
public struct Workspace: Codable, Sendable, Equatable {
  /// Relative to the analysed root.
  public var root: String
  /// `npm`, `yarn`, `pnpm`, `bun`, `uv`, `turbo`, `nx`.
  public var kind: String
  /// The folders of the members that the service is built from, its own among them, relative to `root`. Sorted.
  public var members: [String]
  /// The name that the package manager and the task runner know the service by.
  public var package: String?

  public init(root: String, kind: String, members: [String] = [], package: String? = nil) {
    self.root = root
    self.kind = kind
    self.members = members
    self.package = package
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(root, forKey: .root)
    try container.encode(kind, forKey: .kind)
    try container.encode(members, forKey: .members)
    try container.encode(package, forKey: .package)
  }
}

public struct NextFacts: Codable, Sendable, Equatable {
  public enum Router: String, Codable, Sendable {
    case app, pages, both
  }
  public enum Output: String, Codable, Sendable {
    case standalone, export
    /// `output` is not set.
    case `default`
    /// It is computed in a way that cannot be known without running it; `findings` say why.
    case unknown
  }

  public var router: Router
  public var output: Output
  public var configFile: String?
  public var basePath: String?
  /// Where `next build` writes; `.next` unless configured.
  public var distDir: String
  /// The file of a custom server, which output tracing does not support.
  public var customServer: String?
  /// The `build` script, or `next build` when there is none.
  public var buildCommand: String
  /// The `start` script; nil when there is none.
  public var startCommand: String?
  /// Whether there is a `public/` folder.
  public var hasPublicFolder: Bool
  /// Where `server.js` lands below `<distDir>/standalone`: `server.js`, or `apps/web/server.js` in a monorepo.
  public var standaloneServer: String
  /// What else the configuration sets that bears on the image.
  public var settings: NextSettings

  public init(
    router: Router, output: Output, configFile: String? = nil, basePath: String? = nil,
    distDir: String = ".next",
    customServer: String? = nil, buildCommand: String = "next build", startCommand: String? = nil,
    hasPublicFolder: Bool, standaloneServer: String = "server.js",
    settings: NextSettings = NextSettings()
  ) {
    self.router = router
    self.output = output
    self.configFile = configFile
    self.basePath = basePath
    self.distDir = distDir
    self.customServer = customServer
    self.buildCommand = buildCommand
    self.startCommand = startCommand
    self.hasPublicFolder = hasPublicFolder
    self.standaloneServer = standaloneServer
    self.settings = settings
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(router, forKey: .router)
    try container.encode(output, forKey: .output)
    try container.encode(configFile, forKey: .configFile)
    try container.encode(basePath, forKey: .basePath)
    try container.encode(distDir, forKey: .distDir)
    try container.encode(customServer, forKey: .customServer)
    try container.encode(buildCommand, forKey: .buildCommand)
    try container.encode(startCommand, forKey: .startCommand)
    try container.encode(hasPublicFolder, forKey: .hasPublicFolder)
    try container.encode(standaloneServer, forKey: .standaloneServer)
    try container.encode(settings, forKey: .settings)
  }
}

public struct FastAPIFacts: Codable, Sendable, Equatable {
  /// `pkg.mod:name`, importable from `appDir`.
  public var entrypoint: String
  /// Whether the entry point is a function that makes the application.
  public var factory: Bool
  /// The folder that goes on the import path, relative to the service.
  public var appDir: String
  /// `uvicorn`, `gunicorn`, `hypercorn`, `granian`, `fastapi`.
  public var server: String
  /// `file:line` of the application object.
  public var source: String
  /// Where a proxy publishes the application: `FastAPI(root_path=…)`.
  public var rootPath: String?
  /// The fixed beginnings of the paths that it answers; nil where one cannot be read.
  public var routes: [String]?
  /// From where browsers may call it; nil where it says nothing, and so only from its own address.
  public var cors: CORSFacts?

  public init(
    entrypoint: String, factory: Bool = false, appDir: String = ".", server: String, source: String,
    rootPath: String? = nil, routes: [String]? = nil, cors: CORSFacts? = nil
  ) {
    self.rootPath = rootPath
    self.routes = routes
    self.cors = cors
    self.entrypoint = entrypoint
    self.factory = factory
    self.appDir = appDir
    self.server = server
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(entrypoint, forKey: .entrypoint)
    try container.encode(factory, forKey: .factory)
    try container.encode(appDir, forKey: .appDir)
    try container.encode(server, forKey: .server)
    try container.encode(source, forKey: .source)
    try container.encode(rootPath, forKey: .rootPath)
    try container.encode(routes, forKey: .routes)
    try container.encode(cors, forKey: .cors)
  }
}

public struct EnvironmentVariable: Codable, Sendable, Equatable {
  public enum Scope: String, Codable, Sendable {
    /// Baked into the client bundle at build time: public by nature.
    case buildPublic = "build-public"
    /// Needed by the build, and secret: a secret mount, never `ARG` or `ENV`.
    case buildSecret = "build-secret"
    case runtime
    case runtimeSecret = "runtime-secret"
    /// Set by the image or the platform (`PORT`, `NODE_ENV`).
    case platform
  }

  public var name: String
  public var scope: Scope
  public var required: Bool
  /// Nil for secrets, even where the source holds one.
  public var `default`: String?
  /// `file:line` of every place that reads it, sorted.
  public var sources: [String]

  public init(name: String, scope: Scope, required: Bool, default: String? = nil, sources: [String])
  {
    self.name = name
    self.scope = scope
    self.required = required
    self.default = `default`
    self.sources = sources
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(scope, forKey: .scope)
    try container.encode(required, forKey: .required)
    try container.encode(`default`, forKey: .`default`)
    try container.encode(sources, forKey: .sources)
  }
}

public struct Migrations: Codable, Sendable, Equatable {
  /// `alembic`, `aerich`, `prisma`, `drizzle`.
  public var tool: String
  /// As typed in the service's folder: `alembic upgrade head`.
  public var command: String

  public init(tool: String, command: String) {
    self.tool = tool
    self.command = command
  }
}

/// A process that the code of a service runs beside the server: a queue's worker or a scheduler.
public struct BackgroundWorker: Codable, Sendable, Equatable {
  /// `celery`, `arq`, `taskiq`, `dramatiq`, `rq`.
  public var tool: String
  /// As typed in the service's folder: `celery -A app.tasks:celery worker`.
  public var command: String
  /// `file:line` of the queue's object, or of the line that starts it.
  public var source: String

  public init(tool: String, command: String, source: String) {
    self.tool = tool
    self.command = command
    self.source = source
  }
}

/// A Model Context Protocol server in the code.
public struct MCPServer: Codable, Sendable, Equatable {
  public enum Transport: String, Codable, Sendable {
    case streamableHTTP = "streamable-http"
    case sse, stdio
  }

  /// How it really runs.
  public enum State: String, Codable, Sendable {
    /// The FastAPI application serves it.
    case mounted
    /// A process of its own, reached over HTTP.
    case service
    /// Talks through standard input and output with whoever starts it.
    case stdio
    /// The application starts it, and talks with it through standard input and output.
    case child
    /// Nothing in the code serves it.
    case unserved
  }

  public var transport: Transport
  public var state: State
  /// Whether the FastAPI application serves it itself.
  public var mounted: Bool
  /// The URL path of its endpoint; nil for stdio.
  public var path: String?
  /// `pkg.mod:name` of the server object.
  public var entrypoint: String
  /// `file:line` where it is made.
  public var source: String

  public init(
    transport: Transport, mounted: Bool, path: String?, entrypoint: String, source: String,
    state: State? = nil
  ) {
    self.transport = transport
    self.state = state ?? (mounted ? .mounted : transport == .stdio ? .stdio : .service)
    self.mounted = mounted
    self.path = path
    self.entrypoint = entrypoint
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(transport, forKey: .transport)
    try container.encode(state, forKey: .state)
    try container.encode(mounted, forKey: .mounted)
    try container.encode(path, forKey: .path)
    try container.encode(entrypoint, forKey: .entrypoint)
    try container.encode(source, forKey: .source)
  }
}

/// Debian packages that the resolved dependencies need.
public struct SystemPackages: Codable, Sendable, Equatable {
  public var build: [String]
  public var runtime: [String]

  public init(build: [String] = [], runtime: [String] = []) {
    self.build = build
    self.runtime = runtime
  }
}

/// A dependency with code for one machine.
public struct NativePackage: Codable, Sendable, Equatable {
  public enum Libc: String, Codable, Sendable {
    case glibc, musl
  }

  public var name: String
  /// The C libraries that it is published for, ready to run; empty when it is compiled by the installation.
  public var libc: [Libc]
  /// `file:line`.
  public var source: String

  public init(name: String, libc: [Libc], source: String) {
    self.name = name
    self.libc = libc
    self.source = source
  }
}
