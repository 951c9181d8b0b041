import ForgeBasics
import ForgeCodebase
import ForgeTemplates
import ForgeWorkloads

/// The Dockerfile of a Next.js application: served from its standalone output, by a server of its own, or exported to
/// static files.
struct NextRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  private var service: Service { checks.service }

  /// What the templates of `recipes/nextjs` use; all of them stand on `build.mustache`.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let link: String
    /// The stage that holds the built application.
    let stage: String
    let build: String
    let buildImage: String
    var finalImage: String
    let isMoving: Bool
    let isUnprivileged: Bool
    let buildPackages: String?
    let runtimePackages: String?
    let copiesNode: Bool
    /// The lines that bring node's binary onto a base without it.
    let nodeCopies: [String]
    let clearsEntrypoint: Bool
    /// The service's folder in the build stage.
    let home: String
    /// Where the build writes: `.next`.
    let dist: String
    /// The server's folder and its output folder, below the standalone folder.
    let serverPrefix: String
    let serverDist: String
    let port: Int
    let user = ImageUser.user
    let group = ImageUser.group
    var healthCheck: String
    let command: String
    var customServer = ""
    var installProduction = ""
    var basePath = ""
    var exportFolder = ""
    var heredoc = false
    /// Lines of nginx's configuration.
    var settings: [String] = []
  }

  private struct BuildValues {
    let name: String
    let buildImage: String
    let isMoving: Bool
    let isUnprivileged: Bool
    let buildPackages: String?
    let install: String
    let migration: String?
    let isMember: Bool
    let home: String
    let user = ImageUser.user
    let refusedArguments: [String]
    let hasArguments: Bool
    let arguments: [BuildArgument]
    let buildSecrets: [BuildSecret]
    let mountsCaches: Bool
    let forceStandalone: Bool
    /// The command that builds.
    let run: String
    let dist: String
    /// What `test` asks after the build, and what is said when it is not so.
    let proof: String
    let complaint: String
  }

  func dockerfile() throws(RecipeError) -> String {
    guard let next = service.next else {
      throw checks.unsupported(
        "the analysis says nothing about its Next.js configuration",
        instead: "Analyse the project again")
    }
    if next.output == .export { return try export(next) }
    if let server = next.customServer { return try ownServer(next, server) }
    let server = try checks.path(next.standaloneServer, "standalone server")
    let dist = try checks.path(next.distDir, "distDir")
    let images = try images()
    let build = try build(
      next, images, proof: "-f \(dist)/standalone/\(server)",
      complaint:
        "no \(dist)/standalone/\(server): see output and outputFileTracingRoot in next.config",
      forceStandalone: next.output != .standalone)
    let values = try values(
      next, images, build: build,
      serverPrefix: server.split(separator: "/").dropLast().map { $0 + "/" }.joined(),
      command: command(images, server))
    return try checks.template("nextjs/standalone.Dockerfile.mustache").render(values)
  }

  // MARK: Shapes

  /// Output tracing does not know a server of the project's own: the project as it was built, and what it depends on.
  private func ownServer(_ next: NextFacts, _ server: String) throws(RecipeError) -> String {
    guard try !checks.member().isMember else {
      throw checks.unsupported(
        "it has a custom server (\(server)) and is a member of a workspace",
        instead: "Give it a lockfile of its own, or serve it with Next.js's own server")
    }
    let server = try startedServer(next, server)
    let dist = try checks.path(next.distDir, "distDir")
    let images = try images()
    let build = try build(
      next, images, proof: "-f \(dist)/BUILD_ID",
      complaint: "no \(dist)/BUILD_ID: the build script did not build",
      forceStandalone: false)
    var values = try values(
      next, images, build: build, serverPrefix: "", command: command(images, server))
    values.customServer = server
    values.installProduction = try Installer.node(service, bases: bases, production: true).text(
      checks)
    return try checks.template("nextjs/server.Dockerfile.mustache").render(values)
  }

  /// The file that the start script gives to node; without one, the custom server itself.
  private func startedServer(_ next: NextFacts, _ server: String) throws(RecipeError) -> String {
    var words = (next.startCommand ?? "").split { $0.isWhitespace }.map(String.init)
    // Settings before the command: the image has its own.
    while let first = words.first, first == "cross-env" || first.contains("=") {
      words.removeFirst()
    }
    if words.count == 2, words[0] == "node" {
      let file = words[1].hasPrefix("./") ? String(words[1].dropFirst(2)) : words[1]
      return try checks.path(file, "start script")
    }
    guard server.hasSuffix("js"), words.isEmpty || words[0] == "node" || words[0] == "next" else {
      throw checks.unsupported(
        "its custom server (\(server)) is not started by node alone",
        instead:
          "Compile it in the build script, and start it with a start script like `node dist/server.js`"
      )
    }
    return try checks.path(server, "custom server")
  }

  private func export(_ next: NextFacts) throws(RecipeError) -> String {
    let version =
      service.runtime.name == .node ? service.runtime.version : bases.node.versions.last ?? ""
    guard let images = bases.node.images(for: version, nil)?.pinned(checks.options.pins),
      let server = bases.static.images(for: "1", nil)?.pinned(checks.options.pins)
    else {
      throw checks.unsupported(
        "Node.js \(version) has no base image",
        instead:
          "Ask for one of \(bases.node.versions.joined(separator: ", ")) in .nvmrc or package.json")
    }
    // With a distDir of its own, Next.js exports into that.
    let folder = next.distDir == ".next" ? "out" : try checks.path(next.distDir, "distDir")
    var basePath = ""
    if let path = next.basePath, !path.isEmpty { basePath = try checks.urlPath(path, "basePath") }
    let build = try build(
      next, images, proof: "-d \(folder)",
      complaint: "no \(folder): see output and distDir in next.config",
      forceStandalone: false)
    var values = try values(next, images, build: build, serverPrefix: "", command: "")
    values.basePath = basePath
    values.exportFolder = folder
    values.heredoc = checks.options.dialect == .buildkit
    values.settings = StaticServer.settings(port: values.port, basePath: basePath)
    values.finalImage = server.final
    values.healthCheck = StaticServer.healthCheck(port: values.port, basePath: basePath)
    return try checks.template("nextjs/export.Dockerfile.mustache").render(values)
  }

  // MARK: Parts

  private func build(
    _ next: NextFacts, _ images: BaseImages, proof: String, complaint: String, forceStandalone: Bool
  ) throws(RecipeError) -> String {
    let (arguments, refused) = try checks.buildArguments()
    let member = try checks.member()
    return try checks.template("nextjs/build.mustache").render(
      BuildValues(
        name: try checks.name(), buildImage: images.build, isMoving: images.isMoving,
        isUnprivileged: images.isUnprivileged, buildPackages: try checks.systemPackages(\.build),
        install: try Installer.node(service, bases: bases).text(checks), migration: try migration(),
        isMember: member.isMember, home: Self.home(member.path),
        refusedArguments: refused, hasArguments: !arguments.isEmpty, arguments: arguments,
        buildSecrets: try checks.buildSecrets().build, mountsCaches: checks.mountsCaches,
        forceStandalone: forceStandalone,
        run: buildCommand(member.path), dist: try checks.path(next.distDir, "distDir"),
        proof: proof,
        complaint: complaint))
  }

  private func values(
    _ next: NextFacts, _ images: BaseImages, build: String, serverPrefix: String, command: String
  ) throws(RecipeError) -> Values {
    let dist = try checks.path(next.distDir, "distDir")
    let copies = nodeCopies(images)
    return Values(
      name: try checks.name(), framework: checks.framework("Next.js"),
      manager: service.packageManager.name.rawValue,
      link: checks.link, stage: service.migrations == nil ? "build" : "compile", build: build,
      buildImage: images.build, finalImage: images.final, isMoving: images.isMoving,
      isUnprivileged: images.isUnprivileged,
      buildPackages: try checks.systemPackages(\.build),
      runtimePackages: try checks.systemPackages(\.runtime),
      copiesNode: !copies.isEmpty, nodeCopies: copies, clearsEntrypoint: copies.isEmpty,
      home: Self.home(try checks.member().path), dist: dist,
      serverPrefix: serverPrefix, serverDist: serverPrefix + dist, port: try checks.port(),
      healthCheck: try healthCheck(next, images), command: command)
  }

  private static func home(_ member: String) -> String { member == "." ? "/app" : "/app/\(member)" }

  private func images() throws(RecipeError) -> BaseImages {
    // Bun only installs and builds; what serves is Node.js in the newest maintained version.
    let version =
      service.runtime.name == .node ? service.runtime.version : bases.node.versions.last ?? ""
    let system = service.systemPackages
    let onlyGlibc = service.nativePackages.first { !$0.libc.contains(.musl) }?.name
    let needsDebian = onlyGlibc ?? (system.build + system.runtime).first
    let base = checks.options.base ?? (needsDebian == nil ? nil : .slim)
    if let needsDebian, base != .slim, onlyGlibc == nil || base == .alpine {
      if case .named = base {
      } else {
        throw checks.unsupported(
          "\(needsDebian) cannot be had on a base of the kind \(base?.name ?? "alpine")",
          instead: "Take --base slim")
      }
    }
    return try checks.images(
      bases.node, base, runtime: "Node.js", version: version,
      remedy: ".nvmrc or package.json (engines.node)")
  }

  private func nodeCopies(_ images: BaseImages) -> [String] {
    let copy = "COPY\(checks.link) --from=\(service.migrations == nil ? "build" : "compile")"
    let binary = "\(copy) /usr/local/bin/node /usr/local/bin/node"
    switch images.kind {
    case "alpine":
      return ["\(copy) /usr/lib/libstdc++.so.6 /usr/lib/libgcc_s.so.1 /usr/lib/", binary]
    // Debian has both libraries.
    case "slim": return [binary]
    default: return []
    }
  }

  private func migration() throws(RecipeError) -> String? {
    guard let migrations = service.migrations else { return nil }
    guard var words = PlainText.words(migrations.command) else {
      throw .invalidValue(
        service: service.name, what: "migration command", value: migrations.command,
        expected: "a command of plain words, without quotes or operators of a shell")
    }
    // Without npx, which would write to the user's home.
    if words.first == "npx", words.count > 1 {
      words = ["node_modules/.bin/" + words[1]] + words.dropFirst(2)
    }
    return DockerText.execForm(words)
  }

  /// Turborepo builds what the application depends on first; its strict mode would hide the variables of the build.
  private func buildCommand(_ member: String) -> String {
    let manager = Self.program(of: service.packageManager.name)
    guard member != ".", service.workspace?.kind == "turbo" else { return "\(manager) run build" }
    let execute = manager == "npm" ? "npx" : manager == "bun" ? "bunx" : "\(manager) exec"
    return "\(execute) turbo run build --cwd=/app --filter=./\(member) --env-mode=loose"
  }

  private static func program(of manager: PackageManager.Name) -> String {
    manager == .yarnBerry ? "yarn" : manager.rawValue
  }

  /// Sets HOSTNAME at the last moment: with `env`, or in node itself where the base has no other program.
  private func command(_ images: BaseImages, _ server: String) -> String {
    guard let program = images.program else {
      return DockerText.execForm(["env", "HOSTNAME=0.0.0.0", "node", server])
    }
    return DockerText.execForm([
      program, "-e", "process.env.HOSTNAME = '0.0.0.0'; import('/app/\(server)')",
    ])
  }

  /// Node's own `fetch`, so that the image needs no curl. Without a health route any answer but a server error will do.
  private func healthCheck(_ next: NextFacts, _ images: BaseImages) throws(RecipeError) -> String {
    var path = "/"
    if let basePath = next.basePath, !basePath.isEmpty {
      path = try checks.urlPath(basePath, "basePath")
    }
    var healthy = "r.status < 500"
    if let healthPath = service.healthPath {
      path = try checks.urlPath(healthPath, "health path")
      healthy = "r.ok"
    }
    // Read as Next.js reads it: a PORT that is no number, such as an address that a platform sets, does not count.
    let port = next.customServer == nil ? 3000 : try checks.port()
    let script =
      "fetch('http://127.0.0.1:' + (parseInt(process.env.PORT, 10) || \(port)) + '\(path)')"
      + ".then(r => process.exit(\(healthy) ? 0 : 1), () => process.exit(1))"
    return DockerText.execForm([images.program ?? "node", "-e", script])
  }
}

/// nginx's settings for an exported site.
enum StaticServer {
  static func settings(port: Int, basePath: String) -> [String] {
    [
      "server {",
      "  listen \(port);",
      "  root /usr/share/nginx/html;",
      "  server_tokens off;",
      "  absolute_redirect off;",
      "  error_page 404 \(basePath)/404.html;",
      "  add_header X-Content-Type-Options nosniff;",
      "  location \(basePath)/_next/static/ {",
      "    add_header Cache-Control \"public, max-age=31536000, immutable\";",
      "    try_files $uri =404;",
      "  }",
      "  location / {",
      "    rewrite ^(.+)/$ $1 break;",
      "    try_files $uri $uri.html $uri/index.html =404;",
      "  }",
      "}",
    ]
  }

  static func healthCheck(port: Int, basePath: String) -> String {
    DockerText.execForm(["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:\(port)\(basePath)/"])
  }
}
