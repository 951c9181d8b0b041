import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonPackages

/// Chooses the server that runs the application.
enum FastAPIServer {
  /// What the start command names, when it will be installed; else what is installed.
  /// - Parameter findings: gets a finding where nothing is.
  static func choose(
    _ manifest: PythonManifest?, _ start: PythonStartCommand, isFactory: Bool,
    _ findings: inout [Finding]
  ) -> Fact<String> {
    let installed = Installed(manifest)
    if let named = start.server, installed.has(named), !(named == "fastapi" && isFactory) {
      return fact(named, start, manifest)
    }
    let servers = ["uvicorn", "hypercorn", "granian"]
    if let server = servers.first(where: { installed.packages[$0] != nil }) {
      return fact(server, start, manifest)
    }
    // The fastapi command cannot call a factory; uvicorn comes with it.
    if installed.has("fastapi") {
      return fact(isFactory ? "uvicorn" : "fastapi", start, manifest)
    }
    findings.note(
      "FORGE-F012", .error,
      "no server is among the dependencies: fastapi alone cannot answer requests",
      at: manifest?.dependency("fastapi")?.location ?? manifest?.managerPlace,
      fix: "add uvicorn to the dependencies")
    if start.server == "uvicorn" { return fact("uvicorn", start, manifest) }
    var fact = Fact.assumed("uvicorn", why: "default: no server is among the dependencies")
    fact.alternatives = alternatives(start)
    return fact
  }

  private static func fact(
    _ server: String, _ start: PythonStartCommand, _ manifest: PythonManifest?
  ) -> Fact<String> {
    if start.server == server, let place = start.location {
      return .certain(server, at: place, why: "the command that starts the service")
    }
    let package = server == "fastapi" ? "fastapi-cli" : server
    let place =
      manifest?.version(of: package)?.place ?? manifest?.dependency(package)?.location
      ?? manifest?.dependency("fastapi")?.location
    return Fact(
      server, .likely, evidence: [place].compactMap(\.self), alternatives: alternatives(start),
      why: "the server among the dependencies")
  }

  /// What the command that starts the service names.
  private static func alternatives(_ start: PythonStartCommand) -> [Conclusion.Alternative] {
    guard let server = start.server, let place = start.location else { return [] }
    return [Conclusion.Alternative(value: server, at: place)]
  }

  /// The packages that will be installed, with the extras that are asked for.
  private struct Installed {
    let packages: [String: Set<String>]

    init(_ manifest: PythonManifest?) { packages = manifest?.resolved ?? [:] }

    func has(_ server: String) -> Bool {
      switch server {
      case "fastapi": hasStandard || packages["fastapi-cli"] != nil
      case "uvicorn":
        hasStandard || packages["uvicorn"] != nil || packages["uvicorn-worker"] != nil
      // Without a worker of uvicorn's it cannot serve ASGI.
      case "gunicorn":
        packages["gunicorn"] != nil
          && (packages["uvicorn"] != nil || packages["uvicorn-worker"] != nil)
      default: packages[server] != nil
      }
    }

    /// `fastapi[standard]` brings uvicorn and the fastapi command.
    private var hasStandard: Bool {
      (packages["fastapi"] ?? []).contains {
        $0 == "standard" || $0 == "all" || $0.hasPrefix("standard-")
      }
    }
  }
}
