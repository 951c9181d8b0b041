import ForgeCodebase
import ForgeMigration
import ForgeTemplates

/// How the decisions enter what the recipes are made from. What has no place there goes into the slots of `KeptLines`.
extension ExistingDockerfile {
  func applied(to service: Service) -> Service {
    var service = service
    if let version = base.runtimeVersion {
      service.runtime = Runtime(name: service.runtime.name, version: version, source: path)
    }
    if let port = server.port { service.port = port.value }
    if let path = server.healthPath { service.healthPath = path.value }
    // What is not slim cannot install Debian's packages.
    if base.choice == nil || base.choice == .slim || base.isNamed {
      service.systemPackages.build.addMissing(packages.build)
      service.systemPackages.runtime.addMissing(packages.runtime)
    }
    return service
  }

  func applied(to options: RecipeOptions) -> RecipeOptions {
    var options = options
    options.base = options.base ?? base.choice
    if options.base == nil, packages.hasDebian { options.base = .slim }
    return options
  }

  /// The comment that says where a line is from.
  func origin(_ line: Int) -> String { "# from \(shortPlace(line))" }

  /// `Dockerfile:3`.
  func shortPlace(_ line: Int) -> String {
    "\(path.split(separator: "/").last ?? "Dockerfile"):\(line)"
  }
}

extension [String] {
  fileprivate mutating func addMissing(_ more: [String]) {
    append(contentsOf: more.filter { !contains($0) })
  }
}
