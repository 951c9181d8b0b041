import ForgeBasics
import ForgeFindings
import ForgeSyntax

/// What the compose files of a project say about its services.
package enum ComposeFile {
  package struct Variable {
    package let name: String
    /// Nil where the value is passed through from outside.
    package let value: String?
    package let path: String
    package let line: Int

    package var place: Place { .source(file: path, line: line) }
  }

  package struct Service {
    package let name: String
    /// The build context, relative to the analysed root.
    package let context: String?
    package let variables: [Variable]
    /// Ports on the machine that runs it.
    package let published: [Int]
    /// Ports that it listens on in its container.
    package let listening: [Written<Int>]
    /// The words or the line that start it.
    package let command: Written<String>?
  }

  private static let names = [
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml",
    "docker-compose.prod.yml", "docker-compose.override.yml", "compose.override.yaml",
    "compose.prod.yaml",
  ]
  /// The most services that are read of one file.
  private static let maximumServices = 200

  /// The services of all compose files of a folder.
  package static func read(_ folder: String, in tree: ProjectTree) -> [Service] {
    let paths = names.map { ProjectTree.join(folder, $0) }.filter(tree.hasFile)
    return paths.flatMap { path -> [Service] in
      // A file that is not YAML is compose's to complain of.
      guard let source = try? tree.read(path, limit: 1 << 20),
        let root = try? YAMLValue.parse(source)
      else { return [] }
      let entries = root["services"]?.entries ?? []
      return entries.prefix(maximumServices).map { service($0, in: folder, path: path) }
    }
  }

  /// The variables that compose files give to what is built from a folder.
  package static func environment(of folder: String, in tree: ProjectTree) -> [Variable] {
    services(builtFrom: folder, in: tree).flatMap(\.variables)
  }

  /// The commands that compose files give to what is built from a folder.
  package static func commands(of folder: String, in tree: ProjectTree) -> [Written<String>] {
    services(builtFrom: folder, in: tree).compactMap(\.command)
  }

  /// The ports on which compose files reach what is built from a folder, each once.
  package static func containerPorts(of folder: String, in tree: ProjectTree) -> [Written<Int>] {
    var seen: Set<Int> = []
    return services(builtFrom: folder, in: tree).flatMap(\.listening).filter {
      seen.insert($0.value).inserted
    }
  }

  /// From the compose files in the folder, in the one above it, and in the root.
  private static func services(builtFrom folder: String, in tree: ProjectTree) -> [Service] {
    let places: Set = [folder, ProjectTree.parent(folder), "."]
    return places.sorted().flatMap { read($0, in: tree) }.filter { $0.context == folder }
  }

  // MARK: One service

  private static func service(_ entry: YAMLValue.Entry, in folder: String, path: String) -> Service
  {
    let context = context(of: entry.value)
    return Service(
      name: entry.key, context: context.flatMap { ProjectPath.resolve($0, from: folder) },
      variables: variables(of: entry.value, path: path), published: ports(of: entry.value),
      listening: listening(entry.value), command: command(of: entry.value))
  }

  /// `build: ./api`, `build: {context: ./api}`; a build without a context is one of the file's own folder.
  private static func context(of service: YAMLValue) -> String? {
    guard let build = service["build"] else { return nil }
    if let written = build.string ?? build["context"]?.string { return written }
    guard build.isMapping else { return nil }
    return "."
  }

  /// What `environment` and `build.args` hold, as a mapping or as a list of `NAME=value`.
  private static func variables(of service: YAMLValue, path: String) -> [Variable] {
    let lists = [service["environment"], service["build"]?["args"]].compactMap(\.self)
    return lists.flatMap { list -> [Variable] in
      let members = list.entries.map { member in
        Variable(name: member.key, value: member.value.string, path: path, line: member.line)
      }
      let elements = list.elements.compactMap { element -> Variable? in
        guard let text = element.string else { return nil }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return Variable(
          name: String(parts[0]), value: parts.dropFirst().first.map(String.init), path: path,
          line: element.line)
      }
      return members + elements
    }
  }

  /// `8000`, `8080:8000`, `127.0.0.1:8080:8000/tcp`, or a mapping with `published`.
  private static func ports(of service: YAMLValue) -> [Int] {
    (service["ports"]?.elements ?? []).compactMap { port in
      if let number = port["published"]?.integer { return number }
      let parts = port.string?.split(separator: "/").first?.split(separator: ":") ?? []
      // The container's port is the last; the one before it is published.
      return (parts.dropLast().last ?? parts.last).flatMap { Int($0) }
    }
  }

  /// `8080:8000`, `8000/tcp`, or a mapping with `target`; and what is exposed.
  private static func listening(_ service: YAMLValue) -> [Written<Int>] {
    let lists = [service["ports"], service["expose"]].compactMap(\.self)
    return lists.flatMap(\.elements).compactMap { port in
      let text = port.string?.split(separator: "/").first?.split(separator: ":").last
      guard let number = port["target"]?.integer ?? port.integer ?? text.flatMap({ Int($0) }) else {
        return nil
      }
      return Written(number, at: port.place)
    }
  }

  private static func command(of service: YAMLValue) -> Written<String>? {
    guard let command = service["command"] else { return nil }
    let words = command.elements.compactMap(\.string)
    let text = command.string ?? words.joined(separator: " ")
    guard !text.isEmpty else { return nil }
    return Written(text, at: command.place)
  }
}
