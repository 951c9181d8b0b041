import ForgeCodebase
import ForgeSyntax

/// Finds the requirements file of a service that has none of a usual name.
enum PythonRequirementsFinder {
  /// What says that a file is for those who work on the project.
  private static let asideWords = ["dev", "test", "lint", "doc", "constraint", "ci", "license"]
  private static let maximumFiles = 50
  /// The most that is read of a file that may be one, in bytes.
  private static let maximumSize = 256 << 10

  /// The file that the Dockerfile installs, else the one that lists fastapi or an MCP package.
  static func find(_ folder: String, in tree: ProjectTree) -> String? {
    if let path = installed(folder, in: tree) { return path }
    let folders = [folder, ProjectTree.join(folder, "requirements")]
    let paths = folders.flatMap { place in
      tree.names(in: place).map { ProjectTree.join(place, $0) }
    }
    let listing = paths.filter(isCandidate).prefix(maximumFiles).filter {
      isRequirements($0, in: tree)
    }
    return listing.min { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  /// `RUN pip install -r req.txt`.
  private static func installed(_ folder: String, in tree: ProjectTree) -> String? {
    for source in tree.dockerfiles(of: folder) {
      guard let file = try? DockerfileSyntax.parse(source) else { continue }
      for instruction in file.stages.flatMap(\.instructions) where instruction.keyword == "RUN" {
        let words = instruction.words.flatMap { $0.split(whereSeparator: \.isWhitespace) }
        for (option, value) in zip(words, words.dropFirst())
        where option == "-r" || option == "--requirement" {
          // What lies in the image's folder lies in the service's, more often than not.
          let names = [String(value), ProjectTree.name(String(value))]
          let path = names.compactMap { ProjectPath.resolve($0, from: folder) }.first {
            tree.hasFile($0) && ProjectPath.isPlain($0)
          }
          if let path { return path }
        }
      }
    }
    return nil
  }

  private static func isCandidate(_ path: String) -> Bool {
    let name = ProjectTree.name(path).lowercased()
    return (name.hasSuffix(".txt") || name.hasSuffix(".in")) && ProjectPath.isPlain(path)
      && !asideWords.contains(where: name.contains)
  }

  /// Whether every line is a requirement, and a framework is among them.
  private static func isRequirements(_ path: String, in tree: ProjectTree) -> Bool {
    guard let source = try? tree.read(path, limit: maximumSize) else { return false }
    var holdsFramework = false
    for line in RequirementsFile(source).lines {
      switch line.entry {
      case .unknown: return false
      case .requirement(let requirement, _):
        if ["fastapi", "mcp", "fastmcp"].contains(requirement.name) { holdsFramework = true }
      default: break
      }
    }
    return holdsFramework
  }
}
