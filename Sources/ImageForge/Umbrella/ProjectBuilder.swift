import ForgeBasics
import ForgeCodebase
import ForgeEngines
import ForgeInspection
import ForgeRecipes
import ForgeReports
import ForgeRules
import Foundation
import Synchronization

/// From a folder of source to images: analyses it, builds every service with the engine of this machine, opens what
/// came out, and judges it where asked.
public struct ProjectBuilder: Sendable {
  public var engine = EngineChoice.auto
  /// The image's name, `NAME[:TAG]`; by default the service's name. With several services, `-SERVICE` is put
  /// behind NAME.
  public var tag: String?
  /// Where the docker-archive goes: a file, or a folder, which gets `SERVICE.tar`. Nil: the image stays in the
  /// engine's store only.
  public var output: String?
  /// `NAME=value`.
  public var buildArguments: [String] = []
  /// `id=NAME,src=FILE`.
  public var secrets: [String] = []
  /// By which the images are judged; nil: not at all.
  public var policy: Policy?
  public var platform: String?
  /// Times in the image are the commit's (or `SOURCE_DATE_EPOCH`), so that two builds of one source are the same.
  public var reproducible = false
  public var cacheFrom: [String] = []
  public var cacheTo: [String] = []
  public var usesCache = true
  public var builder: String?
  /// The stage of the Dockerfile to build, such as `migrate`; nil: the last, which is the server.
  public var target: String?
  /// Send the images to their registries, unless one fails its policy.
  public var pushes = false
  /// A folder for the reports of the build: `build.json`, and of each service its inspection and its log.
  public var reports: String?
  /// How many services are built at once; nil: all on docker, and one after another on podman and buildah, which
  /// could not tell whose working containers are left when one is interrupted.
  public var jobs: Int?
  /// How Dockerfiles are made where a service has none.
  public var recipe = RecipeOptions()

  public init() {}

  /// Builds the services of the folder at `path`. A Dockerfile and an ignore file that are there are used as they
  /// are; what is missing is generated for this build alone, outside the folder.
  /// - Parameter log: gets the engine's output and what is worth a remark, line by line.
  /// - Throws: a `ForgeError` of the step that failed; no half image and no stray file is left.
  public func build(_ path: String, log: @escaping @Sendable (String) -> Void) async throws -> BuildReport {
    let analysis = try Analyzer.analyze(path)
    let files = try Generator.generate(analysis, options: recipe)
    let archives = try analysis.services.map { try archive(of: $0, among: analysis.services.count) }
    let engine = try await EngineFinder.find(self.engine)
    log("building with \(engine.kind.rawValue) \(engine.version)")
    let revision = SourceRevision(of: path)
    if reproducible { remark(on: engine, revision, log) }
    let count = analysis.services.count
    let width = max(1, jobs ?? (engine.kind == .docker ? count : 1))
    let logs = try reports.map { try BuildLogs(folder: $0) }
    let built = try await withThrowingTaskGroup(of: (Int, BuildReport.Built).self) { group in
      var built: [(Int, BuildReport.Built)] = []
      var next = 0
      while built.count < count {
        while next < count, next - built.count < width {
          let (index, service) = (next, analysis.services[next])
          group.addTask {
            let line: @Sendable (String) -> Void = { text in
              logs?.add(text, of: service.name)
              log(count > 1 ? "[\(service.name)] \(text)" : text)
            }
            return (
              index,
              try await build(service, of: analysis, files, archives[index], engine, revision, logs, line)
            )
          }
          next += 1
        }
        guard let done = try await group.next() else { break }
        built.append(done)
      }
      return built.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let report = BuildReport(engine: engine, services: built)
    if pushes, report.passed { for service in built { try await engine.push(service.tag, log: log) } }
    try logs?.write(StableJSON.encode(report), to: "build.json")
    return report
  }

  private func build(
    _ service: Service, of analysis: Analysis, _ files: [GeneratedFile], _ archive: String?, _ engine: Engine,
    _ revision: SourceRevision, _ logs: BuildLogs?, _ log: @escaping @Sendable (String) -> Void
  ) async throws -> BuildReport.Built {
    let scratch = try ScratchFolder()
    let recipe = try BuildRecipe(for: service, of: analysis, generated: files, scratch: scratch)
    recipe.remarks.forEach(log)
    var request = BuildRequest(
      context: recipe.context, dockerfile: recipe.dockerfile, tag: tag(of: service, among: analysis.services.count),
      buildArguments: service.buildArguments.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        + buildArguments,
      secrets: secrets, archive: archive ?? scratch.file("image.tar"))
    request.platform = platform
    request.target = target
    request.labels = revision.labels + recipe.labels(pins: self.recipe.pins)
    request.sourceDate = reproducible ? date(revision) : nil
    request.cacheFrom = cacheFrom
    request.cacheTo = cacheTo
    request.usesCache = usesCache
    request.builder = builder
    let before = await engine.layers(of: request.tag)
    try await engine.build(request, log: log)
    let inspection = try Inspector.inspect(
      request.archive, options: InspectionOptions(findsSecrets: policy != nil, capture: Gate.capture))
    try logs?.write(StableJSON.encode(inspection), to: "\(service.name).inspection.json")
    var built = BuildReport.Built(
      name: service.name, path: service.path, tag: request.tag, archive: archive, sizes: inspection.sizes,
      push: BuildReport.Push(inspection.layers, before: before),
      verdict: policy.map { Gate.judge(inspection, policy: $0) })
    built.inspection = inspection
    return built
  }

  private func date(_ revision: SourceRevision) -> Int {
    ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int.init) ?? revision.date ?? 0
  }

  private func remark(on engine: Engine, _ revision: SourceRevision, _ log: (String) -> Void) {
    if ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"] == nil, revision.date == nil {
      log("the folder is of no git repository and SOURCE_DATE_EPOCH is not set: all times in the image are 1970")
    }
    if engine.kind == .docker {
      log("docker keeps the times of files in the layers that it loads: two builds may differ in those")
    } else {
      log("two builds have the same layers; into the configuration \(engine.kind.rawValue) writes a container's id")
    }
  }

  private func tag(of service: Service, among count: Int) -> String {
    guard let tag else { return "\(service.name):latest" }
    let slash = tag.lastIndex(of: "/") ?? tag.startIndex
    // A colon before the last slash is a registry's port.
    let colon = tag[slash...].firstIndex(of: ":")
    let name = colon.map { tag[..<$0] } ?? tag[...]
    return (count > 1 ? "\(name)-\(service.name)" : String(name)) + (colon.map { String(tag[$0...]) } ?? ":latest")
  }

  private func archive(of service: Service, among count: Int) throws(ProjectBuildError) -> String? {
    guard let output else { return nil }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder), isFolder.boolValue {
      return (output.hasSuffix("/") ? output : output + "/") + service.name + ".tar"
    }
    guard count == 1 else { throw .outputIsNoFolder(output, services: count) }
    return output
  }
}

/// A build that cannot be begun.
public enum ProjectBuildError: ForgeError, Equatable {
  case outputIsNoFolder(String, services: Int)
  case noScratchFolder(reason: String)

  public var exitCode: ExitCode { .usage }
  public var description: String {
    switch self {
    case .outputIsNoFolder(let path, let count):
      "the project has \(count) services, and \(DisplayText.escape(path)) is not a folder: name an existing folder, "
        + "which gets one archive for each, or build one service"
    case .noScratchFolder(let reason):
      "no temporary folder can be made: \(reason); check TMPDIR and the room on that disk"
    }
  }
}

/// What one build reads: the Dockerfile and its ignore file, side by side in a scratch folder, so that every engine
/// finds them in the same way.
private struct BuildRecipe {
  let context: String
  let dockerfile: String
  let remarks: [String]

  init(for service: Service, of analysis: Analysis, generated: [GeneratedFile], scratch: ScratchFolder) throws {
    func path(_ name: String) -> String { service.path == "." ? name : service.path + "/" + name }
    context = analysis.root + "/" + (service.workspace?.root ?? service.path)
    dockerfile = scratch.file("Dockerfile")
    let ownDockerfile = try Self.read(analysis.root, path("Dockerfile"))
    let ownIgnore =
      try Self.read(analysis.root, path("Dockerfile.dockerignore")) ?? Self.read(context, ".dockerignore")
    func text(_ name: String) -> String { generated.first { $0.path == path(name) }?.contents ?? "" }
    let own = "Dockerfile.dockerignore"
    let ignoreName = generated.contains { $0.path == path(own) } ? own : ".dockerignore"
    try AtomicFile.write((ownDockerfile ?? text("Dockerfile")).utf8, to: dockerfile)
    try AtomicFile.write((ownIgnore ?? text(ignoreName)).utf8, to: scratch.file("Dockerfile.dockerignore"))
    let stale = try GenerationPlan(
      files: generated.filter { $0.path == path("Dockerfile") || $0.path == path(ignoreName) },
      root: analysis.root
    ).entries.filter { $0.state == .stale }.map(\.file.path)
    remarks =
      (ownDockerfile == nil ? ["\(service.name): no Dockerfile there; building from the generated one"] : [])
      + stale.map { "\($0) is stale: it is used as it is; `forge generate` brings it up to date" }
  }

  /// The base of the last stage, as OCI's annotations name it.
  func labels(pins: [String: String]) -> [String] {
    guard let text = try? String(contentsOfFile: dockerfile, encoding: .utf8) else { return [] }
    let file = GeneratedFile(path: "Dockerfile", contents: text)
    guard let base = RecipeSettings.finalBase(of: file) else { return [] }
    let digest = base.firstRange(of: "@").map { String(base[$0.upperBound...]) } ?? pins[base]
    return ["org.opencontainers.image.base.name=\(base)"]
      + (digest.map { ["org.opencontainers.image.base.digest=\($0)"] } ?? [])
  }

  private static func read(_ root: String, _ path: String) throws -> String? {
    let full = root + "/" + path
    guard FileManager.default.fileExists(atPath: full) else { return nil }
    return try String(contentsOfFile: full, encoding: .utf8)
  }
}

/// A temporary folder that goes with its last reference.
final class ScratchFolder: Sendable {
  let path: String

  init() throws(ProjectBuildError) {
    path = FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString)").path()
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .noScratchFolder(reason: "\(error.localizedDescription)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// The folder of `--report`.
final class BuildLogs: Sendable {
  private let folder: String
  private let files = Mutex<[String: FileHandle]>([:])

  init(folder: String) throws {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw OutputError(path: folder, reason: error.localizedDescription)
    }
  }

  /// Adds a line to a service's log.
  func add(_ line: String, of service: String) {
    files.withLock { files in
      if files[service] == nil {
        let path = "\(folder)/\(service).log"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        files[service] = FileHandle(forWritingAtPath: path)
      }
      try? files[service]?.write(contentsOf: Data((line + "\n").utf8))
    }
  }

  func write(_ text: String, to name: String) throws { try AtomicFile.write(text.utf8, to: "\(folder)/\(name)") }
}
