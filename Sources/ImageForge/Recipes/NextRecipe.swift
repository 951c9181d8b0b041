import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads

/// The Dockerfile of a Next.js application: served from its standalone output, by a server of its own, or exported to
/// static files.
struct NextRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  let workload: Workload
  private var service: Service { checks.service }

  /// What the templates of `recipes/nextjs` use; all of them stand on `build.mustache`, which uses the same values.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let link: String
    /// What is kept of the Dockerfile that was there, and the comments of `--explain`, by their slots.
    let kept: [String: [String]]
    let why: [String: String]

    // The build stage.
    let buildImage: String
    let isMoving: Bool
    let isUnprivileged: Bool
    let buildPackages: String?
    let install: String
    let migration: String?
    /// The folder that migrations run in, where it is not the build's own.
    let migrationFolder: String?
    /// Where the programs of packages lie, for a service whose own folder may not have them.
    let migrationPath: String?
    /// Finishes an installation that left scripts out.
    let completion: String?
    /// What runs once the sources are there.
    let afterSource: String?
    let isMember: Bool
    /// The service's folder in the build stage.
    let home: String
    let refusedArguments: [String]
    let hasArguments: Bool
    let arguments: [BuildArgument]
    let buildSecrets: [BuildSecret]
    /// Commands that export placeholders.
    let placeholders: [String]
    let hasPlaceholders: Bool
    let mountsCaches: Bool
    let forceStandalone: Bool
    /// The command that builds.
    let run: String
    /// Where the build writes: `.next`.
    let dist: String
    /// What `test` asks after the build, and what is said when it is not so.
    let proof: String
    let complaint: String
    /// The text of the build stage.
    var build = ""

    // The image.
    /// The stage that holds the built application.
    let stage: String
    let finalImage: String
    let runtimePackages: String?
    let copiesNode: Bool
    /// The lines that bring node's binary onto a base without it.
    let nodeCopies: [String]
    /// In front of the command, in the exec form.
    let entrypoint: String?
    let clearsEntrypoint: Bool
    /// The server's folder and its output folder, below the standalone folder.
    let serverPrefix: String
    let serverDist: String
    /// What the server reads by name beside its own output.
    let runtimeFiles: [String]
    let port: Int
    let user: String
    let group: String
    let writable: String
    let healthFlags: String
    let healthCheck: String
    let command: String
    var customServer = ""
    var installProduction = ""
    var basePath = ""
    var exportFolder = ""
    var heredoc = false
    /// Lines of nginx's configuration.
    var settings: [String] = []
  }

  /// What differs between the ways to serve an application.
  private struct Shape {
    let template: String
    let proof: String
    let complaint: String
    var forceStandalone = false
    /// The server's folder below the standalone folder: empty, or with a slash at its end.
    var serverPrefix = ""
    var customServer = ""
    var exportFolder = ""

    /// What is set in front of the command that builds.
    var settings: String {
      guard forceStandalone else { return "" }
      return "NEXT_PRIVATE_STANDALONE=1 "
    }
  }

  func render() throws(RecipeError) -> RenderedRecipe {
    guard let next = service.next else {
      throw checks.unsupported(
        "the analysis says nothing about its Next.js configuration",
        instead: "Analyse the project again")
    }
    let images = try images(next)
    let explanation = try Explanation(
      of: service, options: checks.options, existing: checks.existing, images: images)
    let kept = KeptLines(
      of: checks.existing, stages: .init(images: images, built: builtStage),
      explains: checks.options.explains)
    let shape = try shape(next)
    let template = checks.template(shape.template)
    var values = try values(next, shape, images, kept, explanation)
    values.build = try checks.template("nextjs/build.mustache").render(values)
    let text = try template.render(values)
    try kept.prove(
      text, of: template,
      .init(
        port: values.port, user: values.user, healthFlags: values.healthFlags,
        healthCheck: values.healthCheck, command: values.command,
        packages: [values.buildPackages, values.runtimePackages].compactMap(\.self)))
    return RenderedRecipe(dockerfile: text, images: [images.build, images.final])
  }

  // MARK: Shapes

  private func shape(_ next: NextFacts) throws(RecipeError) -> Shape {
    let dist = try checks.path(next.distDir, "distDir")
    if next.output == .export {
      // With a distDir of its own, Next.js exports into that.
      var folder = dist
      if dist == ".next" { folder = "out" }
      var shape = Shape(
        template: "nextjs/export.Dockerfile.mustache", proof: "-d \(folder)",
        complaint: "no \(folder): see output and distDir in next.config")
      shape.exportFolder = folder
      return shape
    }
    let file = workload.server.command.last ?? ""
    if next.customServer != nil {
      // Output tracing does not know a server of the project's own: the image gets the project as it was built, and what
      // it depends on.
      var shape = Shape(
        template: "nextjs/server.Dockerfile.mustache", proof: "-f \(dist)/BUILD_ID",
        complaint: "no \(dist)/BUILD_ID: the build script did not build")
      shape.customServer = file
      return shape
    }
    var shape = Shape(
      template: "nextjs/standalone.Dockerfile.mustache", proof: "-f \(dist)/standalone/\(file)",
      complaint:
        "no \(dist)/standalone/\(file): see output and outputFileTracingRoot in next.config")
    shape.forceStandalone = next.output != .standalone
    shape.serverPrefix = file.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    return shape
  }

  private var builtStage: String { workload.job(.migrate) == nil ? "build" : "compile" }

  // MARK: Values

  private func values(
    _ next: NextFacts, _ shape: Shape, _ images: BaseImages, _ kept: KeptLines,
    _ explanation: Explanation
  ) throws(RecipeError) -> Values {
    let (arguments, refused) = try checks.buildArguments(explanation)
    let placeholders = try checks.buildPlaceholders()
    let member = try checks.member()
    let dist = try checks.path(next.distDir, "distDir")
    let copies = nodeCopies(images)
    let server = workload.server
    let installer = try Installer.node(service, bases: bases)
    let migration = workload.job(.migrate)
    var values = Values(
      name: workload.name, framework: checks.framework("Next.js"),
      manager: service.packageManager.name.rawValue, link: checks.link, kept: kept.slots,
      why: explanation.comments, buildImage: images.build, isMoving: images.isMoving,
      isUnprivileged: images.isUnprivileged, buildPackages: try checks.systemPackages(\.build),
      install: try installer.text(checks, kept: kept.slots, why: explanation.comments),
      migration: migration.map { DockerText.execForm($0.command) },
      migrationFolder: try migrationFolder().map { "/app/\($0)" },
      migrationPath: try migrationPath(), completion: installer.completion,
      afterSource: try commands(service.buildSteps.afterSource),
      isMember: member.isMember, home: Self.home(member.path), refusedArguments: refused,
      hasArguments: !arguments.isEmpty, arguments: arguments,
      buildSecrets: try checks.buildSecrets().build, placeholders: placeholders,
      hasPlaceholders: !placeholders.isEmpty, mountsCaches: checks.mountsCaches,
      forceStandalone: shape.forceStandalone,
      run: try buildCommand(member.path, settings: shape.settings), dist: dist,
      proof: shape.proof, complaint: shape.complaint, stage: builtStage,
      finalImage: images.final, runtimePackages: try checks.systemPackages(\.runtime),
      copiesNode: !copies.isEmpty, nodeCopies: copies,
      entrypoint: checks.existing?.server.entrypoint.map { DockerText.execForm($0.value) },
      clearsEntrypoint: copies.isEmpty && server.entrypoint.isEmpty,
      serverPrefix: shape.serverPrefix,
      serverDist: shape.serverPrefix + dist, runtimeFiles: try runtimeFiles(next),
      port: service.port, user: workload.user,
      group: workload.group, writable: server.writable.joined(separator: " "),
      healthFlags: checks.healthFlags(server.probe), healthCheck: try healthCheck(next, images),
      command: command(images))
    values.customServer = shape.customServer
    values.exportFolder = shape.exportFolder
    if next.customServer != nil, next.output != .export {
      values.installProduction = try Installer.node(service, bases: bases, production: true).text(
        checks, kept: [:], why: explanation.comments)
    }
    if next.output == .export {
      values.basePath = try basePath(next)
      values.heredoc = checks.options.dialect == .buildkit
      values.settings = try serverSettings(port: service.port, basePath: values.basePath)
    }
    return values
  }

  private func runtimeFiles(_ next: NextFacts) throws(RecipeError) -> [String] {
    var paths: [String] = []
    for file in next.runtimeFiles {
      paths.append(try checks.path(file, "file that the server reads"))
    }
    return paths
  }

  /// The folder of the migrations' tool, in the build's context; nil where that is the context itself.
  private func migrationFolder() throws(RecipeError) -> String? {
    guard let migrations = service.migrations else { return nil }
    let folder = migrations.folder ?? service.path
    guard let workspace = service.workspace,
      let inside = ProjectPath.relative(folder, to: workspace.root), inside != "."
    else { return nil }
    return try checks.path(inside, "folder of migrations")
  }

  /// Where the programs of a workspace's packages lie: in its root, or in the member's own folder.
  private func migrationPath() throws(RecipeError) -> String? {
    guard service.isMember, service.migrations != nil else { return nil }
    let own = try migrationFolder().map { "/app/\($0)/node_modules/.bin:" } ?? ""
    return own + "/app/node_modules/.bin"
  }

  /// Steps as one line of a shell; nil for none.
  /// - Parameter settings: what is set in front of each: empty, or with a blank at its end.
  private func commands(
    _ steps: [BuildSteps.Step], settings: String = ""
  ) throws(RecipeError) -> String? {
    var lines: [String] = []
    for step in steps {
      var words = settings + (try checks.words(step.command))
      for (name, value) in step.placeholders.sorted(by: { $0.key > $1.key }) {
        words = "\(try checks.variable(name))=\(try checks.words(value)) \(words)"
      }
      let folder = try checks.path(step.folder, "folder of a build step")
      lines.append(folder == "." ? words : "(cd \(folder) && \(words))")
    }
    guard !lines.isEmpty else { return nil }
    return lines.joined(separator: " \\\n    && ")
  }

  private static func home(_ member: String) -> String { member == "." ? "/app" : "/app/\(member)" }

  private func basePath(_ next: NextFacts) throws(RecipeError) -> String {
    guard let path = next.basePath, !path.isEmpty else { return "" }
    return try checks.urlPath(path, "basePath")
  }

  private func images(_ next: NextFacts) throws(RecipeError) -> BaseImages {
    // Bun only installs and builds; what serves is Node.js in the newest maintained version.
    var version = service.runtime.version
    if service.runtime.name != .node { version = bases.node.versions.last ?? "" }
    if next.output == .export { return try exportImages(version) }
    let system = service.systemPackages
    let onlyGlibc = service.nativePackages.first { !$0.libc.contains(.musl) }?.name
    let needsDebian = onlyGlibc ?? (system.build + system.runtime).first
    var base = checks.options.base
    if let needsDebian {
      let chosen = base ?? .slim
      guard !chosen.lacks(debian: onlyGlibc == nil) else {
        throw checks.unsupported(
          "\(needsDebian) cannot be had on a base of the kind \(chosen.name)",
          instead: "Take --base slim")
      }
      base = chosen
    }
    return try checks.images(
      bases.node, base, runtime: "Node.js", version: version,
      remedy: ".nvmrc or package.json (engines.node)")
  }

  /// Node.js builds, and a server of files serves.
  private func exportImages(_ version: String) throws(RecipeError) -> BaseImages {
    guard let node = bases.node.images(for: version, nil),
      let server = bases.static.images(for: "1", nil)
    else {
      throw checks.unsupported(
        "Node.js \(version) has no base image",
        instead:
          "Ask for one of \(bases.node.versions.joined(separator: ", ")) in .nvmrc or package.json")
    }
    return node.withFinal(server).replaced(by: checks.existing?.base.image).pinned(
      checks.options.pins)
  }

  private func nodeCopies(_ images: BaseImages) -> [String] {
    let copy = "COPY\(checks.link) --from=\(builtStage)"
    let binary = "\(copy) /usr/local/bin/node /usr/local/bin/node"
    switch images.kind {
    case "alpine":
      return ["\(copy) /usr/lib/libstdc++.so.6 /usr/lib/libgcc_s.so.1 /usr/lib/", binary]
    // Debian has both libraries.
    case "slim": return [binary]
    default: return []
    }
  }

  /// Turborepo builds what the application depends on first; its strict mode would hide the variables of the build.
  /// - Parameter settings: what is set in front of it: empty, or with a blank at its end.
  private func buildCommand(
    _ member: String, settings: String
  ) throws(RecipeError) -> String {
    let manager = service.packageManager.name
    let program = manager.program
    let steps = service.buildSteps.inPlaceOfBuild.map { step in
      // They run in the service's folder, as the build does.
      BuildSteps.Step(folder: ".", command: step.command, placeholders: step.placeholders)
    }
    if let commands = try commands(steps, settings: settings) { return commands }
    guard member != ".", service.workspace?.kind == "turbo" else {
      return "\(settings)\(program) run build"
    }
    let runner =
      switch manager {
      case .npm: "npx"
      case .bun: "bunx"
      default: "\(program) exec"
      }
    return "\(settings)\(runner) turbo run build --cwd=/app --filter=./\(member) --env-mode=loose"
  }

  /// Sets HOSTNAME at the last moment: with `env`, or in node itself where the base has no other program.
  private func command(_ images: BaseImages) -> String {
    let server = workload.server
    guard server.tool == "node", let file = server.command.last else {
      return DockerText.execForm(server.command)
    }
    let options = checks.existing?.server.nodeOptions?.value ?? []
    guard let program = images.program else {
      return DockerText.execForm(["env", "HOSTNAME=0.0.0.0", "node"] + options + [file])
    }
    let script = "process.env.HOSTNAME = '0.0.0.0'; import('/app/\(file)')"
    return DockerText.execForm([program] + options + ["-e", script])
  }

  // MARK: Health

  private func healthCheck(
    _ next: NextFacts, _ images: BaseImages
  ) throws(RecipeError) -> String {
    struct Values {
      let program: String
      let port: Int
      let path: String
      /// The application has a route that says whether it is well.
      let isRoute: Bool
      let isExport: Bool
    }
    let isExport = next.output == .export
    let readsPort = !isExport && next.customServer == nil
    let (path, isRoute) =
      switch workload.server.probe?.question {
      case .route(let path): (path, true)
      case .page(let path): (path, false)
      case .port, nil: ("/", false)
      }
    let values = Values(
      program: images.program ?? "node",
      // Read as Next.js reads it: a PORT that is no number, such as an address that a platform sets, does not count.
      port: readsPort ? 3000 : service.port, path: path,
      isRoute: isRoute, isExport: isExport)
    return try checks.line("nextjs/health.mustache", values)
  }

  /// nginx's settings for an exported site, line by line.
  private func serverSettings(port: Int, basePath: String) throws(RecipeError) -> [String] {
    struct Values {
      let port: Int
      let basePath: String
    }
    let text = try checks.template("nextjs/nginx.conf.mustache").render(
      Values(port: port, basePath: basePath))
    return text.split(separator: "\n").map(String.init)
  }
}

extension BaseChoice {
  /// Whether a base of this kind cannot have what the dependencies need.
  /// - Parameter debian: they need Debian's packages; else glibc alone.
  fileprivate func lacks(debian: Bool) -> Bool {
    switch self {
    case .slim, .named: false
    case .alpine: true
    case .distroless, .chainguard: debian
    }
  }
}
