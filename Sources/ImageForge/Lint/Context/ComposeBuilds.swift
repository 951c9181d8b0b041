import ForgeSyntax

/// The build contexts that compose files give to Dockerfiles.
enum ComposeBuilds {
  private static let names = [
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "compose.prod.yaml",
    "docker-compose.prod.yml", "compose.override.yaml", "docker-compose.override.yml",
  ]

  /// The folder that the first compose file beside or above a Dockerfile builds it from, as `prefix` and a path.
  /// - Parameters:
  ///   - name: the Dockerfile's path below the linted folder.
  ///   - prefix: the linted folder, with a slash; nothing above it is looked at.
  static func context(of name: String, prefix: String) -> String? {
    guard !name.hasPrefix("/"), let target = resolve(name, from: []) else { return nil }
    var place = target.dropLast()
    while true {
      for file in names {
        let path = prefix + (Array(place) + [file]).joined(separator: "/")
        guard let source = LintFiles.read(path, name: file), let root = try? YAMLValue.parse(source)
        else { continue }
        for service in (root["services"]?.entries ?? []).prefix(200) {
          guard let context = context(service.value["build"], building: target, place: Array(place))
          else { continue }
          return prefix + context.joined(separator: "/")
        }
      }
      if place.isEmpty { return nil }
      place = place.dropLast()
    }
  }

  /// `build: ./api`, or `build: { context: ., dockerfile: docker/api.Dockerfile }`.
  private static func context(_ build: YAMLValue?, building target: [String], place: [String])
    -> [String]?
  {
    guard let build else { return nil }
    guard let context = resolve(build.string ?? build["context"]?.string ?? ".", from: place),
      let file = resolve(build["dockerfile"]?.string ?? "Dockerfile", from: context)
    else { return nil }
    return file == target ? context : nil
  }

  /// The parts of a path; nil where it leaves the linted folder, is absolute or holds variables.
  private static func resolve(_ path: String, from folder: [String]) -> [String]? {
    guard !path.hasPrefix("/"), !path.contains("$"), !path.contains(":") else { return nil }
    var parts = folder
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(String(part))
      } else if parts.popLast() == nil {
        return nil
      }
    }
    return parts
  }
}
