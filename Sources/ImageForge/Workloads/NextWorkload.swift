import ForgeBasics
import ForgeCodebase

/// What the image of a Next.js application runs: its standalone output, a server of its own, or a server of the files
/// that it was exported to.
struct NextWorkload {
  private let service: Service
  private let next: NextFacts

  init(_ service: Service) throws(WorkloadError) {
    guard let next = service.next else {
      throw service.unsupported(
        "the analysis says nothing about its Next.js configuration",
        instead: "Analyse the project again")
    }
    self.service = service
    self.next = next
  }

  /// What the code writes: below the server's folder, which is its working directory.
  func folders() throws(WorkloadError) -> WritableFolders {
    var folder = ""
    if next.output != .export, next.customServer == nil {
      let file = try service.checkedPath(next.standaloneServer, as: "standalone server")
      folder = file.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }
    return WritableFolders(service, home: nil, at: "/app" + folder)
  }

  func server() throws(WorkloadError) -> WorkloadProcess {
    if next.output == .export { return try fileServer() }
    if let server = next.customServer { return try customServer(server) }
    let file = try service.checkedPath(next.standaloneServer, as: "standalone server")
    let folder = file.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    return try nodeServer(file, writes: folder)
  }

  private func fileServer() throws(WorkloadError) -> WorkloadProcess {
    var server = WorkloadProcess(
      kind: .server, name: "server", tool: "nginx", command: ["nginx", "-g", "daemon off;"])
    server.port = try service.checkedPort()
    server.writable = ["/tmp"]
    var probe = HealthProbe(.route((try basePath() ?? "") + "/"))
    probe.startPeriod = 5
    server.probe = probe
    return server
  }

  private func customServer(_ server: String) throws(WorkloadError) -> WorkloadProcess {
    if service.isMember {
      throw service.unsupported(
        "it has a custom server (\(server)) and is a member of a workspace",
        instead: "Give it a lockfile of its own, or serve it with Next.js's own server")
    }
    return try nodeServer(try startedFile(server), writes: "")
  }

  /// - Parameter folder: the folder of the server in the image, below `/app`: empty, or with a slash at its end.
  private func nodeServer(
    _ file: String, writes folder: String
  ) throws(WorkloadError) -> WorkloadProcess {
    var server = WorkloadProcess(
      kind: .server, name: "server", tool: "node", command: ["node", file])
    server.port = try service.checkedPort()
    let output = try service.checkedPath(next.distDir, as: "distDir")
    server.writable = ["/app/\(folder)\(output)/cache"]
    if let path = service.healthPath {
      server.probe = HealthProbe(.route(try service.checkedURLPath(path, as: "health path")))
    } else {
      server.probe = HealthProbe(.page(try basePath() ?? "/"))
    }
    return server
  }

  /// The file that the start script gives to node; without one, the custom server itself.
  private func startedFile(_ server: String) throws(WorkloadError) -> String {
    var words = (next.startCommand ?? "").split { $0.isWhitespace }.map(String.init)
    // Settings before the command: the image has its own.
    while let first = words.first, first == "cross-env" || first.contains("=") {
      words.removeFirst()
    }
    if words.count == 2, words[0] == "node" {
      return try service.checkedPath(words[1].removing(prefix: "./"), as: "start script")
    }
    guard server.hasSuffix("js"), words.isEmpty || words[0] == "node" || words[0] == "next" else {
      throw service.unsupported(
        "its custom server (\(server)) is not started by node alone",
        instead:
          "Compile it in the build script, and start it with a start script like `node dist/server.js`"
      )
    }
    return try service.checkedPath(server, as: "custom server")
  }

  /// The URL path that the application stands below; nil for none.
  private func basePath() throws(WorkloadError) -> String? {
    guard let path = next.basePath, !path.isEmpty else { return nil }
    return try service.checkedURLPath(path, as: "basePath")
  }

  func migration() throws(WorkloadError) -> WorkloadProcess? {
    guard let migrations = service.migrations else { return nil }
    var words = try service.migrationWords(migrations)
    // Without npx, which would write to the user's home.
    if words.first == "npx", words.count > 1 {
      // The programs of a workspace lie in its root or in the member: the image's PATH has both.
      var program = words[1]
      if !service.isMember { program = "node_modules/.bin/" + program }
      words = [program] + words.dropFirst(2)
    }
    return WorkloadProcess(
      kind: .migrate, name: "migrate", tool: migrations.tool, command: words)
  }
}
