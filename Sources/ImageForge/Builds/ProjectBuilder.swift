import ForgeAnalyzer
import ForgeBasics
import ForgeCodebase
import ForgeEngines
import ForgeGit
import ForgeInspection
import ForgeLint
import ForgeRecipes
import ForgeRules
import ForgeTemplates
import ForgeTracing
import Foundation

/// Where the build of an image is.
public struct BuildProgress: Sendable, Equatable {
  /// How far a build is.
  public enum Stage: Sendable, Equatable {
    case waiting
    /// What the engine does: `3/9 RUN npm ci`; nil before the first step.
    case building(step: String?)
    /// The image is opened, and judged.
    case inspecting
    case done
    case failed
  }

  /// The service's name, with the platform where there are several.
  public let name: String
  /// How far it is.
  public let stage: Stage

  /// Of one image.
  public init(name: String, stage: Stage) {
    self.name = name
    self.stage = stage
  }
}

/// From a folder of source to images: analyses it, builds every service with the engine of this machine, opens what
/// came out, and judges it where asked.
public struct ProjectBuilder: Sendable {
  /// What builds.
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
  /// `linux/arm64`; empty: the engine's own. With several, each image's tag ends in its platform.
  public var platforms: [String] = []
  /// Times in the image are the commit's (or `SOURCE_DATE_EPOCH`), so that two builds of one source are the same.
  public var reproducible = false
  /// Where the engine looks for cached steps: its `--cache-from`.
  public var cacheFrom: [String] = []
  /// Where the engine keeps cached steps: its `--cache-to`.
  public var cacheTo: [String] = []
  /// Whether steps that were built before may be used again.
  public var usesCache = true
  /// The builder of buildx; nil: the current one.
  public var builder: String?
  /// The stage of the Dockerfile to build, such as `migrate`; nil: the last, which is the server.
  public var target: String?
  /// Send the images to their registries, unless one fails its policy.
  public var pushes = false
  /// A folder for the reports of the build: `build.json`, and of each service its inspection and its log.
  public var reports: String?
  /// How many images are built at once; nil: as many as there are, four at most.
  public var jobs: Int?
  /// Gets to know where each image is, as it changes.
  public var progress: @Sendable (BuildProgress) -> Void = { _ in }
  /// How Dockerfiles are made where a service has none.
  public var recipe = RecipeOptions()
  /// Generate what is missing in the dialect that the engine found understands, instead of the recipe's.
  public var picksDialect = false

  /// A builder with the usual settings.
  public init() {}

  /// One image to build.
  private struct Unit: Sendable {
    let service: Service
    let platform: String?
    /// Among several images, which it is.
    let name: String
    let tag: String
    let archive: String?

    /// A line of its log; with its name in front where several are built.
    func mark(_ text: String, among count: Int) -> String {
      if count > 1 { return "[\(name)] \(text)" }
      return text
    }
  }

  /// Builds the services of the folder at `path`. A Dockerfile and an ignore file that are there are used as they
  /// are; what is missing is generated for this build alone, outside the folder.
  /// - Parameters:
  ///   - log: gets the engine's output, line by line.
  ///   - remark: gets what is worth a remark, such as which engine builds; by default as `log`.
  /// - Throws: a `ForgeError` of the step that failed; no half image and no stray file is left.
  public func build(
    _ path: String, log: @escaping @Sendable (String) -> Void,
    remark: (@Sendable (String) -> Void)? = nil
  ) async throws -> BuildReport {
    let remark = remark ?? log
    let analysis = try Analyzer.analyze(path)
    try analysis.requireWhole()
    var recipe = recipe
    // What has no recipe is said before an engine is looked for.
    _ = try Generator.generate(analysis, options: recipe)
    let units = try units(analysis)
    for unit in units { try Engine.check(tag: unit.tag) }
    for finding in analysis.services.flatMap(\.findings) where finding.severity == .error {
      remark(
        "\(finding.location ?? path): \(finding.message)" + (finding.fix.map { "; \($0)" } ?? ""))
    }
    let engine = try await EngineFinder.find(self.engine)
    if picksDialect { recipe.dialect = RecipeOptions.Dialect(for: engine, builder: builder) }
    let files = try Generator.generate(analysis, options: recipe)
    var builtWith = "building with \(engine.kind.rawValue) \(engine.version)"
    if engine.isClassic(builder: builder) { builtWith += ", by its classic builder" }
    remark(builtWith)
    try await checkPlatforms(units, analysis, files, engine)
    let revision = await SourceRevision(of: path)
    if reproducible { await remarkTimes(engine, revision, remark) }
    let logs = try reports.map { try BuildLogs(folder: $0) }
    let containers = await engine.containersBefore()
    let built: [BuildReport.Built]
    do {
      built = try await sideBySide(units) { unit in
        let line: @Sendable (String) -> Void = { text in
          logs?.add(text, of: unit.name)
          if let step = OutputText.step(in: text) {
            progress(.init(name: unit.name, stage: .building(step: step)))
          }
          log(unit.mark(text, among: units.count))
        }
        let note: @Sendable (String) -> Void = { text in
          logs?.add(text, of: unit.name)
          remark(unit.mark(text, among: units.count))
        }
        return try await build(
          unit, of: analysis, files, engine, revision, logs, log: line, remark: note)
      }
    } catch let error as EngineError {
      // A build that ended beside others could not tell which containers were whose.
      guard units.count > 1 else { throw error }
      let left = await engine.sweep(since: containers)
      guard case .interrupted(let kind, _, _) = error else { throw error }
      throw EngineError.interrupted(kind, leftovers: left)
    }
    let report = BuildReport(engine: engine, services: built)
    if pushes, report.passed {
      var ids: [String: String] = [:]
      for service in built { ids[service.tag] = try await judgedID(service, engine) }
      try await push(units, ids, engine, log)
      // Docker, and an index, send what a name stands for: where that changed meanwhile, it may be something else.
      for service in built where engine.kind == .docker || platforms.count > 1 {
        do { _ = try await judgedID(service, engine) } catch {
          throw ProjectBuildError.replaced(service.tag)
        }
      }
    }
    try logs?.write(StableJSON.encode(report), to: "build.json")
    return report
  }

  /// Checks what would be built, and builds nothing: the Dockerfile and ignore file of each service, its own or
  /// generated, against the folder that an engine would get. No engine is needed.
  /// - Throws: a `ForgeError` where the folder cannot be read, or a service cannot be built.
  public func check(_ path: String) throws -> LintReport {
    let analysis = try Analyzer.analyze(path)
    try analysis.requireWhole()
    let files = try Generator.generate(analysis, options: recipe)
    let scratch = try ScratchFolder()
    let findings = try analysis.services.flatMap { service in
      try BuildRecipe(for: service, of: analysis, generated: files, scratch: scratch).findings
    }
    return LintReport(
      files: analysis.services.map { ProjectPath.join($0.path, "Dockerfile") },
      findings: findings)
  }

  /// Builds every unit, `jobs` at a time. The first failure stops the others.
  private func sideBySide(
    _ units: [Unit], _ build: @escaping @Sendable (Unit) async throws -> BuildReport.Built
  ) async throws -> [BuildReport.Built] {
    for unit in units { progress(.init(name: unit.name, stage: .waiting)) }
    return try await withThrowingTaskGroup(of: (Int, BuildReport.Built).self) { group in
      var built: [Int: BuildReport.Built] = [:]
      var next = 0
      while built.count < units.count {
        while next < units.count, next - built.count < max(1, jobs ?? min(units.count, 4)) {
          let (index, unit) = (next, units[next])
          group.addTask {
            do { return (index, try await build(unit)) } catch {
              progress(.init(name: unit.name, stage: .failed))
              throw error
            }
          }
          next += 1
        }
        guard let (index, result) = try await group.next() else { break }
        built[index] = result
      }
      return units.indices.compactMap { built[$0] }
    }
  }

  private func build(
    _ unit: Unit, of analysis: Analysis, _ files: [GeneratedFile], _ engine: Engine,
    _ revision: SourceRevision,
    _ logs: BuildLogs?, log: @escaping @Sendable (String) -> Void, remark: (String) -> Void
  ) async throws -> BuildReport.Built {
    let service = unit.service
    progress(.init(name: unit.name, stage: .building(step: nil)))
    let scratch = try ScratchFolder()
    let recipe = try BuildRecipe(for: service, of: analysis, generated: files, scratch: scratch)
    recipe.remarks.forEach(remark)
    var place = (context: recipe.context, dockerfile: recipe.dockerfile)
    if engine.isClassic(builder: builder) { place = try recipe.classic(scratch) }
    var request = BuildRequest(
      context: place.context, dockerfile: place.dockerfile, tag: unit.tag,
      buildArguments: service.buildArguments.sorted { $0.key < $1.key }.map {
        "\($0.key)=\($0.value)"
      }
        + buildArguments,
      secrets: secrets, archive: unit.archive ?? scratch.file("image.tar"))
    request.platform = unit.platform
    request.target = target
    request.labels =
      revision.labels(date: date(revision)) + (await recipe.labels(pins: self.recipe.pins, engine))
    if reproducible { request.sourceDate = date(revision) ?? 0 }
    request.cacheFrom = cacheFrom
    request.cacheTo = cacheTo
    // podman and buildah take a layer on `scratch` from their cache whatever platform it was built for.
    request.usesCache =
      usesCache && !(unit.platform != nil && engine.kind != .docker && recipe.standsOnScratch)
    request.builder = builder
    let before = await engine.layers(of: request.tag)
    let undo = await engine.undoing(request.tag)
    try await engine.build(request, log: log)
    // Built for several platforms at once, a name in the store is now one, now the other.
    if platforms.count <= 1 {
      for complaint in await recipe.foreignBases(engine, platform: unit.platform) {
        remark(complaint)
      }
    }
    progress(.init(name: unit.name, stage: .inspecting))
    let inspection = try Inspector.inspect(
      request.archive,
      options: InspectionOptions(findsSecrets: policy != nil, capture: Gate.capture))
    guard !Task.isCancelled else {
      await undo()
      if unit.archive != nil { try? FileManager.default.removeItem(atPath: request.archive) }
      throw EngineError.interrupted(engine.kind, leftovers: [])
    }
    try logs?.write(StableJSON.encode(inspection), to: "\(unit.name).inspection.json")
    var built = BuildReport.Built(
      name: unit.name, path: service.path, tag: request.tag, archive: unit.archive,
      sizes: inspection.sizes,
      push: BuildReport.Push(inspection.layers, before: before),
      verdict: try policy.map { policy in
        let verdict = try Gate.judge(inspection, policy: policy)
        return recipe.sources.trace(verdict, of: inspection, target: target) ?? verdict
      })
    built.inspection = inspection
    progress(.init(name: unit.name, stage: .done))
    return built
  }

  /// A name in a store may have been given to another image since its own was saved and judged.
  /// - Returns: the ID of the image that was judged; nil where nothing was, or the engine does not say.
  private func judgedID(
    _ built: BuildReport.Built, _ engine: Engine
  ) async throws(ProjectBuildError) -> String? {
    guard built.verdict != nil, let inspection = built.inspection,
      let id = await engine.imageID(built.tag)
    else { return nil }
    let judged = [inspection.details.configDigest, inspection.image.digest].compactMap { $0?.hex }
    if judged.contains(where: { id.hasSuffix($0) }) { return id }
    // Docker's containerd store calls images by the digest of an index that no archive has.
    let layers = Set(inspection.layers.map(\.diffID.description))
    if engine.kind == .docker, await engine.layers(of: built.tag) == layers { return id }
    throw .retagged(built.tag)
  }

  private func push(
    _ units: [Unit], _ ids: [String: String], _ engine: Engine,
    _ log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    for unit in units { try await engine.push(unit.tag, id: ids[unit.tag], log: log) }
    guard platforms.count > 1 else { return }
    for (service, images) in Dictionary(grouping: units, by: \.service.path).sorted(by: {
      $0.key < $1.key
    }) {
      guard let first = images.first?.service, first.path == service else { continue }
      let tag = tag(of: first, among: units.count / platforms.count)
      try await engine.pushIndex(tag, of: images.map(\.tag), log: log)
    }
  }

  // MARK: Units

  private func units(_ analysis: Analysis) throws(ProjectBuildError) -> [Unit] {
    let count = analysis.services.count
    if let target, count > 1 { throw .targetOfSeveral(target, services: count) }
    var units: [Unit] = []
    for service in analysis.services {
      if platforms.isEmpty {
        units.append(try unit(of: service, among: count, platform: nil, suffix: ""))
      }
      for platform in platforms {
        var suffix = ""
        if platforms.count > 1 { suffix = "-" + platform.replacing("/", with: "-") }
        units.append(try unit(of: service, among: count, platform: platform, suffix: suffix))
      }
    }
    return units
  }

  private func unit(
    of service: Service, among count: Int, platform: String?, suffix: String
  ) throws(ProjectBuildError) -> Unit {
    Unit(
      service: service, platform: platform, name: service.name + suffix,
      tag: tag(of: service, among: count, suffix: suffix),
      archive: try archive(service.name + suffix, services: count))
  }

  /// Before anything is built: a build of minutes must not end at a step that this machine cannot run.
  private func checkPlatforms(
    _ units: [Unit], _ analysis: Analysis, _ files: [GeneratedFile], _ engine: Engine
  ) async throws {
    for unit in units {
      guard let platform = unit.platform else { continue }
      let scratch = try ScratchFolder()
      let recipe = try BuildRecipe(
        for: unit.service, of: analysis, generated: files, scratch: scratch)
      if let reason = await engine.obstacle(to: platform, dockerfile: recipe.text, builder: builder)
      {
        throw ProjectBuildError.platform(platform, service: unit.service.name, reason: reason)
      }
    }
  }

  /// The time that stands for all: SOURCE_DATE_EPOCH, else the commit's.
  private func date(_ revision: SourceRevision) -> Int? {
    ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int.init) ?? revision.date
  }

  private func remarkTimes(_ engine: Engine, _ revision: SourceRevision, _ remark: (String) -> Void)
    async
  {
    if date(revision) == nil {
      remark(
        "there is no commit whose time is known, and no SOURCE_DATE_EPOCH: all times in the image are 1970"
      )
    }
    if await engine.rewritesTimes(builder: builder) {
      remark("two builds give the same image, with the same digest")
    } else if engine.kind == .docker {
      remark(
        "docker keeps the times of files in the layers that it loads: two builds may differ in those "
          + "(docker 26 and newer with the image store of containerd do not)")
    } else {
      remark(
        "two builds have the same layers; into the configuration \(engine.kind.rawValue) writes a container's id"
      )
    }
  }

  private func tag(of service: Service, among count: Int, suffix: String = "") -> String {
    let target = target.map { "-" + $0 } ?? ""
    guard let tag else { return "\(service.name)\(target):latest\(suffix)" }
    let slash = tag.lastIndex(of: "/") ?? tag.startIndex
    // A colon before the last slash is a registry's port.
    let colon = tag[slash...].firstIndex(of: ":") ?? tag.endIndex
    var name = String(tag[..<colon])
    if count > 1 { name += "-\(service.name)" }
    if colon == tag.endIndex { return "\(name):latest\(suffix)" }
    return name + tag[colon...] + suffix
  }

  private func archive(_ name: String, services count: Int) throws(ProjectBuildError) -> String? {
    guard let output else { return nil }
    var isFolder: ObjCBool = false
    var path = output
    if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder), isFolder.boolValue {
      path = "\(output)/\(name).tar"
      if output.hasSuffix("/") { path = "\(output)\(name).tar" }
    }
    guard !AtomicFile.isDevice(path) else { throw .outputIsNoFile(path) }
    guard !isFolder.boolValue else { return path }
    guard count == 1 else { throw .outputIsNoFolder(output, services: count) }
    guard platforms.count < 2 else { throw .severalPlatformsNeedNames(count: platforms.count) }
    return path
  }
}
