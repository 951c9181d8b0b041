import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads
import Yams

/// What the instructions of a Dockerfile rest on: for each of them a comment that a template writes above it, in its slot
/// `why.…`. Places of the source that made them so, or the lines of the Dockerfile that was there before.
struct Explanation {
  private let service: Service
  private let existing: ExistingDockerfile?
  /// The base that was asked for.
  private let choice: BaseChoice?

  /// The comments by the names of their slots, each with its line break; empty where nothing is explained.
  private(set) var comments: [String: String] = [:]

  init(
    of service: Service, options: RecipeOptions, existing: ExistingDockerfile?, images: BaseImages
  ) throws(RecipeError) {
    self.service = service
    self.existing = existing
    choice = options.base
    guard options.explains else { return }
    for (slot, purpose) in try Self.purposes() { explain(slot, purpose) }
    explain(
      "build",
      "\(service.runtime.name.rawValue) \(service.runtime.version) (\(service.runtime.source))")
    explain("modules", base)
    explain("final", base)
    let manager = service.packageManager
    explain("manifests", "\(manager.name.rawValue) installs from these (\(manager.source))")
    explain("health", service.healthPath.map { "the route \($0)" } ?? "there is no health route")
    if let command { explain("command", command) }
    if let migrations = service.migrations {
      explain("migration", "\(migrations.tool) keeps the database's schema")
    }
    if options.dialect != .classic { comments["workspace"] = comments["cachedInstallation"] }
    if let existing { setOrigins(existing, images) }
  }

  private mutating func explain(_ slot: String, _ reason: String) {
    comments[slot] = Self.comment(reason)
  }

  private static func comment(_ reason: String) -> String {
    "# Why: \(DisplayText.escape(String(reason.prefix(400))))\n"
  }

  /// What instructions are for that rest on nothing found.
  private static func purposes() throws(RecipeError) -> [String: String] {
    let file = "data/why.yaml"
    do {
      return try YAMLDecoder().decode([String: String].self, from: try RecipeBook().text(file))
    } catch { throw .brokenRecipe(file: file, reason: "\(error)") }
  }

  /// Where the user's own decision is the reason.
  private mutating func setOrigins(_ existing: ExistingDockerfile, _ images: BaseImages) {
    func origin(_ line: Int) -> String { existing.origin(line) + "\n" }
    let server = existing.server
    let family = existing.base.image.map(ExistingDockerfile.family)
    for (slot, image) in [
      ("build", images.build), ("modules", images.build), ("final", images.final),
    ]
    where existing.base.isDecided && (family == nil || family == ExistingDockerfile.family(image)) {
      comments[slot] = origin(existing.base.line)
    }
    if let port = server.port { comments["port"] = origin(port.line) }
    if let path = server.healthPath { comments["health"] = origin(path.line) }
    if existing.packages.hasDebian {
      comments["packages"] = origin(existing.line(of: "RUN apt-get"))
    }
    if let line = server.command?.line ?? server.nodeOptions?.line {
      comments["command"] = origin(line)
    }
    if let entrypoint = server.entrypoint { comments["entrypoint"] = origin(entrypoint.line) }
    if let user = server.user {
      comments["user"] = origin(user.line)
      comments["keptUser"] = origin(user.line)
    }
  }

  // MARK: Reasons

  /// Why a build argument is declared.
  func comment(on variable: EnvironmentVariable) -> String? {
    guard !comments.isEmpty else { return nil }
    if let existing, let line = existing.lines.arguments[variable.name] {
      return existing.origin(line.number) + "\n"
    }
    return Self.comment("read in \(variable.sources.joined(separator: ", "))")
  }

  /// Why a process that runs beside the server, or before it, has its command.
  func comment(on job: WorkloadProcess) -> String? {
    guard !comments.isEmpty else { return nil }
    switch job.kind {
    case .migrate: return comments["migration"]
    case .mcp: return mcp.map(Self.comment)
    case .worker, .scheduler:
      return Self.comment(
        [job.tool, job.source.map { "(\($0))" }].compactMap(\.self).joined(separator: " "))
    case .server: return comments["command"]
    }
  }

  private var mcp: String? {
    service.mcp.first { !$0.mounted }.map { "\($0.entrypoint) (\($0.source))" }
  }

  /// Why the server is started as it is.
  private var command: String? {
    if let fastapi = service.fastapi {
      return "\(fastapi.entrypoint) (\(fastapi.source)), served by \(fastapi.server)"
    }
    if let next = service.next {
      let source = next.configFile.map { " (\($0))" } ?? ", the default"
      return "output \(next.output.rawValue)\(source)"
    }
    return mcp
  }

  /// Why the image stands on its base.
  private var base: String {
    if service.next?.output == .export {
      return "static files need a server of files, and no Node.js"
    }
    if let choice { return "the base that was asked for, \(choice.name)" }
    let onlyGlibc = service.nativePackages.filter { !$0.libc.contains(.musl) }.prefix(3)
      .map { "\($0.name) (\($0.source))" }.joined(separator: ", ")
    if service.kind != .nextjs {
      let slim = "slim, since every wheel has a build for glibc"
      if onlyGlibc.isEmpty { return slim }
      return "\(slim); --base alpine is not possible: nothing for musl from \(onlyGlibc)"
    }
    if !onlyGlibc.isEmpty { return "slim, since nothing is published for musl from \(onlyGlibc)" }
    let system = service.systemPackages
    let debian = (system.build + system.runtime).prefix(3).joined(separator: ", ")
    if !debian.isEmpty { return "slim, since the dependencies need Debian packages: \(debian)" }
    if service.nativePackages.isEmpty {
      return "alpine, the smallest, since no dependency has native code"
    }
    return "alpine, the smallest, since all native dependencies have builds for musl"
  }
}
