import ForgeBasics
import ForgeCodebase
import ForgeFindings

/// Chooses the server that runs the application.
enum FastAPIServer {
  /// What the start command names, when it will be installed; else what is installed.
  static func choose(
    _ manifest: PythonManifest?, _ start: PythonStartCommand, isFactory: Bool
  ) -> (name: String, findings: [Finding]) {
    let resolved = manifest?.resolved ?? [:]
    let standard = (resolved["fastapi"] ?? []).contains {
      $0 == "standard" || $0 == "all" || $0.hasPrefix("standard-")
    }
    func isInstalled(_ server: String) -> Bool {
      switch server {
      case "fastapi": standard || resolved["fastapi-cli"] != nil
      case "uvicorn": resolved["uvicorn"] != nil || standard || resolved["uvicorn-worker"] != nil
      // Without a worker of uvicorn's it cannot serve ASGI.
      case "gunicorn":
        resolved["gunicorn"] != nil
          && (resolved["uvicorn"] != nil || resolved["uvicorn-worker"] != nil)
      default: resolved[server] != nil
      }
    }
    if let named = start.server, isInstalled(named), !(named == "fastapi" && isFactory) {
      return (named, [])
    }
    if resolved["uvicorn"] != nil { return ("uvicorn", []) }
    for server in ["hypercorn", "granian"] where isInstalled(server) { return (server, []) }
    // The fastapi command cannot call a factory; uvicorn comes with it.
    if isInstalled("fastapi") { return (isFactory ? "uvicorn" : "fastapi", []) }
    return (
      "uvicorn",
      [
        Finding(
          id: "FORGE-F012", severity: .error,
          message: "no server is among the dependencies: fastapi alone cannot answer requests",
          location: manifest?.dependency("fastapi")?.location ?? manifest?.packageManager.source,
          fix: "add uvicorn to the dependencies")
      ]
    )
  }
}
