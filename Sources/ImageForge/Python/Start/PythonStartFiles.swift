import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// Commands that start the service, in files that are no code: compose files, Dockerfiles, scripts, a Makefile.
enum PythonStartFiles {
  private static let maximumLines = 2_000
  /// The most that is read of a script, in bytes.
  private static let maximumSize = 256 << 10

  /// In the order in which they rule.
  static func commands(_ folder: String, in tree: ProjectTree) -> [PythonStartCommand] {
    lines(folder, in: tree).compactMap { line in
      guard var command = PythonStartCommand.parse(String(line.value.prefix(4096)), folder: folder)
      else { return nil }
      command.location = line.place
      return command
    }
  }

  /// All lines that may start something, with their places.
  static func lines(_ folder: String, in tree: ProjectTree) -> [Written<String>] {
    ComposeFile.commands(of: folder, in: tree) + dockerfile(folder, in: tree)
      + scripts(folder, in: tree)
  }

  /// The `CMD` or `ENTRYPOINT` of the last stage.
  private static func dockerfile(_ folder: String, in tree: ProjectTree) -> [Written<String>] {
    let names = ["Dockerfile", "Dockerfile.prod", "Containerfile", "docker/Dockerfile"]
    return names.map { ProjectTree.join(folder, $0) }.flatMap {
      path -> [Written<String>] in
      guard let source = try? tree.read(path, limit: maximumSize),
        let file = try? DockerfileSyntax.parse(source),
        let stage = file.stages.last
      else { return [] }
      return ["CMD", "ENTRYPOINT"].compactMap { keyword in
        guard let instruction = stage.instructions.last(where: { $0.keyword == keyword }) else {
          return nil
        }
        return Written(
          instruction.words.joined(separator: " "), at: file.place(line: instruction.line))
      }
    }
  }

  private static func isScript(_ name: String) -> Bool {
    name.hasSuffix(".sh")
      && ["start", "run", "serve", "entrypoint", "docker-entrypoint", "launch", "server", "prod"]
        .contains {
          name.hasPrefix($0)
        }
  }

  /// Shell scripts and the Makefile, line by line; a server that reloads is development's.
  private static func scripts(_ folder: String, in tree: ProjectTree) -> [Written<String>] {
    let folders = [".", "scripts", "bin", "docker"].map {
      $0 == "." ? folder : ProjectTree.join(folder, $0)
    }
    var paths = folders.flatMap { place in
      tree.names(in: place).filter(isScript).map { ProjectTree.join(place, $0) }
    }
    paths.append(ProjectTree.join(folder, "Makefile"))
    return paths.prefix(50).flatMap { path -> [Written<String>] in
      guard let source = try? tree.read(path, limit: maximumSize) else { return [] }
      return logicalLines(source.text).filter {
        !$0.text.hasPrefix("#") && !$0.text.contains("--reload")
      }
      .map { Written($0.text, at: source.place(line: $0.line)) }
    }
  }

  /// Lines with their continuations joined, and the number of the first.
  private static func logicalLines(_ text: String) -> [(text: String, line: Int)] {
    var found: [(text: String, line: Int)] = []
    var open = false
    for (index, row) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
      .prefix(maximumLines)
    {
      let continues = row.hasSuffix("\\")
      let part = (continues ? row.dropLast() : row).trimmingSpaces
      if open, let last = found.popLast() {
        found.append((last.text.utf8.count < 8192 ? last.text + " " + part : last.text, last.line))
      } else {
        found.append((part, index + 1))
      }
      open = continues
    }
    return found
  }
}
