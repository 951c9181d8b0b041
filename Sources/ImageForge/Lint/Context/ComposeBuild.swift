import ForgeFindings
import ForgeSyntax

/// A service of a compose file that is built from a Dockerfile.
package struct ComposeBuild: Sendable {
  package let service: String
  /// The folder that the build gets, as a prefix and a path.
  package let context: String
  /// The words of its health check, of the exec form or of a line for the shell.
  package let healthCheck: [String]
  /// Where the health check stands.
  package let place: Place
  /// Whether it starts something else than the image's own command.
  package let replacesCommand: Bool
  /// Whether folders of the machine take the place of what the image holds.
  package let mountsFolders: Bool
  /// Names of the build arguments that it passes.
  package let arguments: Set<String>

  private static let names = [
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "compose.prod.yaml",
    "docker-compose.prod.yml", "compose.override.yaml", "docker-compose.override.yml",
  ]

  /// What the compose files beside and above a Dockerfile build from it, the nearest file first.
  /// - Parameters:
  ///   - name: the Dockerfile's path below the linted folder.
  ///   - prefix: the linted folder, with a slash; nothing above it is looked at.
  static func all(of name: String, prefix: String) -> [ComposeBuild] {
    guard !name.hasPrefix("/"), let target = resolve(name, from: []) else { return [] }
    var found: [ComposeBuild] = []
    var folder = Array(target.dropLast())
    while true {
      for file in names {
        let shown = (folder + [file]).joined(separator: "/")
        guard let source = LintFiles.read(prefix + shown, name: shown),
          let root = try? YAMLValue.parse(source)
        else { continue }
        for entry in (root["services"]?.entries ?? []).prefix(200) {
          guard let context = context(entry.value["build"], building: target, place: folder)
          else { continue }
          found.append(
            ComposeBuild(entry, context: prefix + context.joined(separator: "/")))
        }
      }
      if folder.isEmpty { return found }
      folder.removeLast()
    }
  }

  private init(_ entry: YAMLValue.Entry, context: String) {
    let service = entry.value
    let check = service["healthcheck"]?["test"]
    self.service = entry.key
    self.context = context
    healthCheck = check?.string.map { [$0] } ?? check?.elements.compactMap(\.string) ?? []
    place = check?.place ?? service.place
    replacesCommand = service["command"] != nil || service["entrypoint"] != nil
    mountsFolders = (service["volumes"]?.elements ?? []).contains { volume in
      let source = volume["source"]?.string ?? volume.string ?? ""
      return source.hasPrefix(".") || source.hasPrefix("/") || source.hasPrefix("$")
    }
    let list = service["build"]?["args"]
    let names =
      (list?.entries.map(\.key) ?? [])
      + (list?.elements.compactMap(\.string).map { String($0.prefix { $0 != "=" }) } ?? [])
    arguments = Set(names)
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

extension ComposeBuild {
  /// The commands of the health check.
  var healthCommands: [ShellCommand] {
    switch healthCheck.first {
    case "CMD": [ShellCommand(words: Array(healthCheck.dropFirst()))]
    case "CMD-SHELL": healthCheck.dropFirst().flatMap { ShellCommand.all(in: $0) }
    case "NONE", nil: []
    case let line?: ShellCommand.all(in: line)
    }
  }
}
