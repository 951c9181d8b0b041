import ForgeBasics
import ForgeCodebase

extension Analysis {
  /// What `forge analyze` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for service in services { service.write(to: &layout) }
    if !links.isEmpty {
      layout.heading("links")
      layout.table(
        links.map { ["\($0.from) → \($0.to)", $0.variable, $0.timing] })
    }
    if !findings.isEmpty {
      layout.heading("findings")
      layout.findings(findings)
    }
    return layout.text
  }
}

extension ServiceLink {
  /// When the address is given to the code that uses it.
  fileprivate var timing: String {
    if baked { return "fixed when the image is built" }
    return "read when it runs"
  }
}

extension Service {
  fileprivate func write(to layout: inout TextLayout) {
    layout.heading("\(name)  (\(title), \(folder))")
    layout.table(
      facts.map { [$0.0, DisplayText.escape($0.1), DisplayText.escape($0.2)] },
      aligned: [.left, .left, .path])
    if !environment.isEmpty {
      // What is left for values where a place is to be readable.
      let names = environment.map(\.name.count).max() ?? 0
      let scopes = environment.map(\.scope.rawValue.count).max() ?? 0
      let room = min(28, max(10, layout.style.width - names - scopes - 30))
      layout.line()
      layout.table(
        environment.map { variable in
          [
            variable.name, variable.scope.rawValue,
            TextLayout.cut(value(of: variable), to: room),
            DisplayText.escape(place(of: variable)),
          ]
        }, aligned: [.left, .left, .left, .path],
        header: ["ENVIRONMENT", "SCOPE", "VALUE", "READ AT"])
    }
    if !findings.isEmpty {
      layout.line()
      layout.findings(findings)
    }
  }

  /// What stands in the column VALUE: whether a value must be given, or the default of the code.
  private func value(of variable: EnvironmentVariable) -> String {
    if variable.required { return "required" }
    if let known = variable.default { return "= " + DisplayText.escape(known) }
    if variable.requirement == .unknown { return "not known" }
    return "optional"
  }

  private var folder: String {
    if path == "." { return "this folder" }
    return path
  }

  private var title: String {
    let framework =
      switch kind {
      case .nextjs: "Next.js"
      case .fastapi: "FastAPI"
      case .mcp: "MCP server"
      }
    return self.framework.version.map { "\(framework) \(DisplayText.escape($0))" } ?? framework
  }

  /// Name, value and where it is from.
  private var facts: [(String, String, String)] {
    var facts = [
      (
        "framework", [framework.name, framework.version].compactMap(\.self).joined(separator: " "),
        framework.source
      ),
      ("runtime", "\(runtime.name.rawValue) \(runtime.version)", runtime.source),
      (
        "packages",
        [packageManager.name.rawValue, packageManager.version].compactMap(\.self).joined(
          separator: " "),
        packageManager.source
      ),
    ]
    if let workspace {
      var words = workspace.kind
      if workspace.members.count > 1 { words += ", \(workspace.members.count) members" }
      facts.append(("workspace", words, workspace.root))
    }
    if let next {
      facts.append(("router", next.router.rawValue, ""))
      facts.append(("output", next.output.rawValue, next.configFile ?? ""))
      if let basePath = next.basePath {
        facts.append(("base path", basePath, next.configFile ?? ""))
      }
      if workspace != nil { facts.append(("server", next.standaloneServer, "")) }
      if let server = next.customServer { facts.append(("custom server", server, "")) }
      facts.append(("build", next.buildCommand, ""))
    }
    if let fastapi {
      var entrypoint = fastapi.entrypoint
      if fastapi.factory { entrypoint += " (factory)" }
      facts.append(("entry point", entrypoint, fastapi.source))
      facts.append(("server", fastapi.server, ""))
    }
    facts.append(("port", String(port), ""))
    facts.append(("health", healthPath ?? "none found", ""))
    if !databases.isEmpty { facts.append(("databases", databases.joined(separator: ", "), "")) }
    if let migrations { facts.append(("migrations", migrations.command, migrations.tool)) }
    for worker in workers { facts.append(("worker", worker.command, worker.source)) }
    if !assetFolders.isEmpty { facts.append(("assets", assetFolders.joined(separator: ", "), "")) }
    for server in mcp {
      var words = server.transport.rawValue
      if let path = server.path { words += " at \(path)" }
      switch server.state {
      case .stdio, .service: break
      default: words += ", \(server.state.rawValue)"
      }
      facts.append(("MCP", words, server.source))
    }
    if !nativePackages.isEmpty {
      let names = TextLayout.cut(nativePackages.map(\.name).joined(separator: ", "), to: 40)
      facts.append(("native", names, nativePackages.first?.source ?? ""))
    }
    if !systemPackages.build.isEmpty {
      facts.append(("to build", systemPackages.build.joined(separator: " "), "Debian packages"))
    }
    if !systemPackages.runtime.isEmpty {
      facts.append(("to run", systemPackages.runtime.joined(separator: " "), "Debian packages"))
    }
    return facts.map { name, value, source in
      (name, value + mark(name), place(of: name) ?? Self.place(source))
    }
  }

  /// The strongest evidence of a fact; nil where its conclusion names none.
  private func place(of fact: String) -> String? {
    var keys = ["server": "fastapi.server", "health": "healthPath"]
    if fastapi == nil { keys["server"] = "next.standaloneServer" }
    return conclusions.first { $0.key == keys[fact] ?? fact }?.evidence.first
  }

  private static func place(_ source: String) -> String {
    if source.hasPrefix("default:") { return "default" }
    return source
  }

  /// Says where a value is not sure; `--explain` tells more.
  private func mark(_ fact: String) -> String {
    let keys = [
      "framework": "framework.version", "runtime": "runtime.version",
      "packages": "packageManager.name",
      "output": "next.output", "base path": "next.basePath", "entry point": "fastapi.entrypoint",
      "server": "next.standaloneServer",
    ]
    let isAmbiguous = conclusions.contains { conclusion in
      guard conclusion.confidence == .ambiguous else { return false }
      if fact == "MCP" { return conclusion.key.hasPrefix("mcp.") }
      return conclusion.key == keys[fact]
    }
    if isAmbiguous { return " (ambiguous)" }
    return ""
  }

  /// Where the code reads a variable; where it only stands in a sample file, there. Relative to the service.
  private func place(of variable: EnvironmentVariable) -> String {
    let source =
      variable.sources.first { !($0.split(separator: "/").last ?? "").hasPrefix(".env") }
      ?? variable.sources.first
      ?? ""
    guard source.hasPrefix(path + "/") else { return source }
    return String(source.dropFirst(path.utf8.count + 1))
  }
}
