import ForgeBasics
import ForgeFindings

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
  /// Nil for a service that is not of Python.
  @EncodesNull public var installation: Installation?
  @EncodesNull public var workspace: Workspace?
  @EncodesNull public var next: NextFacts?
  @EncodesNull public var fastapi: FastAPIFacts?
  /// The port that the server listens on in the container.
  public var port: Int
  @EncodesNull public var healthPath: String?
  /// Sorted by name.
  public var environment: [EnvironmentVariable]
  /// `postgresql`, `mysql`, `mongodb`, `redis`, `sqlite`; sorted.
  public var databases: [String]
  @EncodesNull public var migrations: Migrations?
  public var mcp: [MCPServer]
  /// Processes that the same code runs beside the server; sorted by command.
  public var workers: [BackgroundWorker]
  /// Folders of files that the code serves or renders, relative to `path`; sorted.
  public var assetFolders: [String]
  /// Folders that the code writes by paths that stand in it; sorted.
  public var writes: [WrittenPath] = []
  /// The name by which the code imports the service's folder itself, as a package; nil where it does not.
  @EncodesNull public var package: String?
  /// Files and folders of the source that the code reads by paths that stand in it, relative to `path`; sorted.
  public var reads: [String] = []
  public var systemPackages: SystemPackages
  /// Dependencies with code for one machine; sorted by name.
  public var nativePackages: [NativePackage]
  /// Files and folders that the dependency step needs before the source: manifests, lockfiles, settings of the package
  /// manager, `file:` packages. Relative to `path`; for a member of a workspace, to the workspace's root. Sorted.
  public var installInputs: [String]
  /// What the build runs besides the installation and the build script.
  public var buildSteps: BuildSteps
  /// Values that the project's settings give to build arguments.
  public var buildArguments: [String: String]
  /// What each fact rests on, how sure it is, and what else it could have been; sorted by key.
  public var conclusions: [Conclusion]
  public var findings: [Finding]

  public init(
    name: String, path: String, kind: Kind, framework: Framework, runtime: Runtime,
    packageManager: PackageManager, installation: Installation? = nil,
    workspace: Workspace? = nil, next: NextFacts? = nil, fastapi: FastAPIFacts? = nil, port: Int,
    healthPath: String? = nil, environment: [EnvironmentVariable] = [], databases: [String] = [],
    migrations: Migrations? = nil, mcp: [MCPServer] = [], workers: [BackgroundWorker] = [],
    assetFolders: [String] = [],
    systemPackages: SystemPackages = SystemPackages(),
    nativePackages: [NativePackage] = [], installInputs: [String],
    buildSteps: BuildSteps = BuildSteps(), buildArguments: [String: String] = [:],
    conclusions: [Conclusion] = [],
    findings: [Finding] = []
  ) {
    self.name = name
    self.path = path
    self.kind = kind
    self.framework = framework
    self.runtime = runtime
    self.packageManager = packageManager
    self.installation = installation
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
    self.buildSteps = buildSteps
    self.buildArguments = buildArguments
    self.conclusions = conclusions
    self.findings = findings
  }
}
