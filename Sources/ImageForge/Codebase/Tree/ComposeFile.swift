import ForgeBasics
import ForgeSyntax

/// What the compose files of a project say about its services.
package enum ComposeFile {
  package struct Variable {
    package let name: String
    /// Nil where the value is passed through from outside.
    package let value: String?
    package let path: String
    package let line: Int
  }

  package struct Service {
    package let name: String
    /// The build context, relative to the analysed root.
    package let context: String?
    package let variables: [Variable]
    /// Ports on the machine that runs it.
    package let published: [Int]
    /// The words or the line that start it, and where they stand.
    package let command: (text: String, location: String)?
  }

  private static let names = [
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml",
    "docker-compose.prod.yml",
    "docker-compose.override.yml", "compose.override.yaml", "compose.prod.yaml",
  ]

  /// The services of all compose files of a folder.
  package static func read(_ folder: String, in tree: ProjectTree) -> [Service] {
    names.map { ProjectTree.join(folder, $0) }.filter(tree.hasFile).flatMap { path -> [Service] in
      // A file that is not YAML is compose's to complain of.
      guard let source = try? tree.read(path, limit: 1 << 20),
        let root = try? YAMLValue.parse(source)
      else {
        return []
      }
      return (root["services"]?.entries ?? []).prefix(200).map { service($0, folder, path) }
    }
  }

  /// The variables that compose files give to what is built from a folder.
  package static func environment(of folder: String, in tree: ProjectTree) -> [Variable] {
    let places = folder == "." ? ["."] : [folder, ProjectTree.parent(folder), "."]
    return Set(places).sorted().flatMap { read($0, in: tree) }.filter { $0.context == folder }
      .flatMap(\.variables)
  }

  private static func service(_ entry: YAMLValue.Entry, _ folder: String, _ path: String) -> Service
  {
    let build = entry.value["build"]
    let written =
      build?.string ?? build?["context"]?.string ?? (build?.isMapping == true ? "." : nil)
    var variables: [Variable] = []
    for environment in [entry.value["environment"], build?["args"]].compactMap(\.self) {
      variables += environment.entries.map { member in
        Variable(
          name: member.key, value: member.value.string, path: path, line: line(member.location))
      }
      variables += environment.elements.compactMap { element in
        guard let text = element.string else { return nil }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        return Variable(
          name: parts[0], value: parts.count > 1 ? parts[1] : nil, path: path,
          line: line(element.location))
      }
    }
    let published = (entry.value["ports"]?.elements ?? []).compactMap { port -> Int? in
      if let number = port["published"]?.integer { return number }
      // `8000`, `8080:8000`, `127.0.0.1:8080:8000/tcp`
      let parts = port.string?.split(separator: "/").first?.split(separator: ":") ?? []
      return Int(parts.count > 1 ? parts[parts.count - 2] : parts.first ?? "")
    }
    return Service(
      name: entry.key, context: written.flatMap { ProjectPath.resolve($0, from: folder) },
      variables: variables,
      published: published, command: command(entry.value))
  }

  private static func command(_ service: YAMLValue) -> (text: String, location: String)? {
    guard let command = service["command"] else { return nil }
    let text = command.string ?? command.elements.compactMap(\.string).joined(separator: " ")
    return text.isEmpty ? nil : (text, command.location)
  }

  /// The commands that compose files give to what is built from a folder.
  package static func commands(of folder: String, in tree: ProjectTree) -> [(
    text: String, location: String
  )] {
    let places = folder == "." ? ["."] : [folder, ProjectTree.parent(folder), "."]
    return Set(places).sorted().flatMap { read($0, in: tree) }.filter { $0.context == folder }
      .compactMap(\.command)
  }

  private static func line(_ location: String) -> Int {
    location.split(separator: ":").last.flatMap { Int($0) } ?? 1
  }
}
