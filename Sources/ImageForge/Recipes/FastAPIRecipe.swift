import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads

/// The Dockerfile of a Python service: a FastAPI application, or an MCP server on its own.
struct FastAPIRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  let workload: Workload
  private var service: Service { checks.service }

  /// What `recipes/fastapi/Dockerfile.mustache` uses.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let link: String
    /// What is kept of the Dockerfile that was there, and the comments of `--explain`, by their slots.
    let kept: [String: [String]]
    let why: [String: String]
    let buildImage: String
    let finalImage: String
    let isMoving: Bool
    let isUnprivileged: Bool
    let pythonVersion: String
    /// The final base has Python at another place, and no shell.
    let isBare: Bool
    let clearsEntrypoint: Bool
    let bytecode: Bool
    let buildPackages: String?
    let runtimePackages: String?
    let environment: [String]
    let mountsCaches: Bool
    let install: String
    let workspaceInstall: String?
    /// Installs the project itself, once its source is there.
    let projectInstall: String?
    /// The service's folder in the build context.
    let context: String
    let importPath: String
    let gracefulShutdown: Int?
    let user: String
    let group: String
    /// Folders of the build stage that are made for the user, and files of the source that it gets; nil for none.
    let madeFolders: String?
    let ownedPaths: String?
    /// The name by which the code imports its own folder.
    let package: String?
    /// `ln -s TARGET NAME` for each file that leads elsewhere.
    let links: [String]
    /// Whether some of them lie outside of the application's folder.
    let copiesFolders: Bool
    /// The application's own folder is written.
    let opensRoot: Bool
    let home: String?
    /// The folders that the server writes.
    let serverWritable: String?
    /// Targets besides the server.
    let jobs: [Job]
    /// Tools whose workers have no target.
    let leftOut: [String]
    let serverReason: String
    /// Where the server starts; nil for the folder of the source.
    let serverWorkdir: String?
    let cacheFolder: String
    /// What package indexes are told, where the project's build and more packages are asked for.
    let secrets: [BuildSecret]
    let port: Int?
    let healthFlags: String
    let healthCheck: String?
    /// In front of the command, in the exec form.
    let entrypoint: String?
    let command: String
  }

  /// A target that runs something else on the same layers.
  private struct Job {
    let target: String
    let reason: String
    /// A folder that it writes.
    let writable: String?
    /// Installs what only this needs.
    let ownInstall: String?
    let ownWorkdir: String?
    // Names that the values around do not have: a template looks there for what is nil here.
    let ownPort: Int?
    let ownHealthCheck: String?
    let ownCommand: String
    let ownReason: String?
  }

  func render() throws(RecipeError) -> RenderedRecipe {
    let images = try checks.images(
      bases.python, checks.options.base, runtime: "Python", version: service.runtime.version,
      remedy: ".python-version")
    try refuseWhatTheBaseCannot(images)
    let explanation = try Explanation(
      of: service, options: checks.options, existing: checks.existing, images: images)
    let kept = KeptLines(
      of: checks.existing,
      stages: .init(
        images: images, built: "build",
        beforeBuild: ["WORKDIR /source", "ENV PATH=/opt/venv/bin:$PATH"]),
      explains: checks.options.explains)
    let template = checks.template("fastapi/Dockerfile.mustache")
    let values = try values(images, kept, explanation)
    let text = try template.render(values)
    try kept.prove(
      text, of: template,
      .init(
        port: values.port, user: values.user,
        healthFlags: values.healthCheck.map { _ in values.healthFlags },
        healthCheck: values.healthCheck, command: values.command,
        packages: [values.buildPackages, values.runtimePackages].compactMap(\.self)))
    return RenderedRecipe(dockerfile: text, images: [images.build, images.final])
  }

  private func values(
    _ images: BaseImages, _ kept: KeptLines, _ explanation: Explanation
  ) throws(RecipeError) -> Values {
    let installer = try PythonInstaller(checks, bases: bases).installer()
    let member = try checks.member()
    let isBare = images.kind == "distroless"
    let why = explanation.comments
    let server = workload.server
    let folder = server.importFolder
    // What no mount keeps is not worth writing.
    var environment = installer.environment
    if !checks.mountsCaches { environment.insert("PIP_NO_CACHE_DIR=1", at: 0) }
    let command = checks.existing?.server.command?.value ?? program(server.command, images)
    return Values(
      name: workload.name,
      framework: checks.framework(Self.titles[service.framework.name] ?? "FastAPI"),
      manager: service.packageManager.name.rawValue, link: checks.link, kept: kept.slots, why: why,
      buildImage: images.build, finalImage: images.final, isMoving: images.isMoving,
      isUnprivileged: images.isUnprivileged, pythonVersion: images.version, isBare: isBare,
      clearsEntrypoint: isBare || images.isUnprivileged || images.isNamed,
      bytecode: checks.options.bytecode, buildPackages: try checks.systemPackages(\.build),
      runtimePackages: try checks.systemPackages(\.runtime),
      environment: environment, mountsCaches: checks.mountsCaches,
      install: try installer.text(checks, kept: kept.slots, why: why),
      workspaceInstall: installer.workspaceCommand, projectInstall: installer.projectCommand,
      context: member.path, importPath: folder == "." ? "/app" : "/app/\(folder):/app",
      gracefulShutdown: server.gracefulShutdown, user: workload.user, group: workload.group,
      madeFolders: Self.joined(madeFolders),
      ownedPaths: Self.joined(madeFolders + workload.folders.files.map { "/source/" + $0 }),
      package: try service.package.map { name throws(RecipeError) in
        try checks.require(
          name, "name of its own package", PlainText.isVariableName,
          expected: "letters, digits and underscores")
      },
      links: workload.folders.links.map { "ln -s \($0.target) /source/\($0.path)" },
      copiesFolders: !workload.folders.others.isEmpty,
      opensRoot: workload.folders.writesRoot && !isBare, home: workload.folders.home,
      serverWritable: Self.joined(server.writable),
      jobs: try workload.jobs.map { job throws(RecipeError) in
        try self.job(job, images, explanation)
      },
      leftOut: workload.leftOut, serverReason: Self.reason(server, of: service.kind),
      serverWorkdir: Self.workdir(server), cacheFolder: installer.cacheFolder,
      secrets: try checks.buildSecrets().install,
      port: server.port, healthFlags: checks.healthFlags(server.probe),
      healthCheck: try healthCheck(server, images),
      entrypoint: checks.existing?.server.entrypoint.map { DockerText.execForm($0.value) },
      command: DockerText.execForm(command))
  }

  /// Where the folders stand in the build stage.
  private var madeFolders: [String] {
    workload.folders.own.map { "/source/" + $0 }
      + workload.folders.others.map { "/writable" + $0 }
  }

  private static func joined(_ words: [String]) -> String? {
    words.isEmpty ? nil : words.joined(separator: " ")
  }

  private static let titles = ["fastapi": "FastAPI", "mcp": "the MCP SDK", "fastmcp": "FastMCP"]

  /// Where a process starts in the image, where that is not the folder of the source.
  private static func workdir(_ process: WorkloadProcess) -> String? {
    guard process.workingFolder != "." else { return nil }
    return "/app/" + process.workingFolder
  }

  private func job(
    _ process: WorkloadProcess, _ images: BaseImages, _ explanation: Explanation
  ) throws(RecipeError) -> Job {
    Job(
      target: process.name, reason: Self.reason(process, of: service.kind),
      writable: Self.joined(process.writable),
      ownInstall: try process.installation.map { needed throws(RecipeError) in
        try PythonInstaller(checks, bases: bases).adding(needed)
      },
      ownWorkdir: Self.workdir(process),
      ownPort: process.port, ownHealthCheck: try healthCheck(process, images),
      ownCommand: DockerText.execForm(program(process.command, images)),
      ownReason: explanation.comment(on: process))
  }

  /// What a process is there for.
  private static func reason(_ process: WorkloadProcess, of kind: Service.Kind) -> String {
    switch process.kind {
    case .server where kind != .mcp: "The server"
    case .server where process.usesStandardInput:
      "The MCP server, which speaks over standard input and output: run it with -i"
    case .server: "The MCP server"
    case .migrate: "The database's migrations, for a job that runs before the server"
    case .mcp: "The MCP server, which runs beside the application"
    case .worker: "A worker of \(process.tool), which runs beside the server"
    case .scheduler: "The scheduler of \(process.tool): one replica, or every job runs twice"
    }
  }

  private func refuseWhatTheBaseCannot(_ images: BaseImages) throws(RecipeError) {
    let system = service.systemPackages
    let packages = (system.build + system.runtime).joined(separator: ", ")
    if images.kind == "alpine",
      let native = service.nativePackages.first(where: { !$0.libc.contains(.musl) })
    {
      throw checks.unsupported(
        "\(native.name) is published for glibc alone (\(native.source))",
        instead: "Take --base slim")
    }
    guard !packages.isEmpty, images.kind != "slim", !images.isNamed else { return }
    if images.kind == "distroless", system.runtime.isEmpty { return }
    throw checks.unsupported(
      "its dependencies need Debian packages (\(packages)), which a base of the kind \(images.kind) cannot install",
      instead: "Take --base slim")
  }

  /// A command as the base can run it: without a virtual environment a module has no program of its own.
  private func program(_ words: [String], _ images: BaseImages) -> [String] {
    guard let python = images.program else { return words }
    if words.first == "python" { return [python] + words.dropFirst() }
    return [python, "-m"] + words
  }

  private func healthCheck(
    _ process: WorkloadProcess, _ images: BaseImages
  ) throws(RecipeError) -> String? {
    struct Values {
      let program: String
      let port: Int
      /// The route that is asked; nil: an open port will do.
      let path: String?
    }
    guard let probe = process.probe, let port = process.port else { return nil }
    let path: String? =
      switch probe.question {
      case .route(let path), .page(let path): path
      case .port: nil
      }
    return try checks.line(
      "fastapi/health.mustache",
      Values(program: images.program ?? "python", port: port, path: path))
  }
}
