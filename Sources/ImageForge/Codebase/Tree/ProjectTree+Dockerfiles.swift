import ForgeBasics
import ForgeSyntax

extension ProjectTree {
  private static let dockerfileNames = [
    "Dockerfile", "Dockerfile.prod", "Containerfile", "docker/Dockerfile",
  ]

  /// The Dockerfiles of a service that people wrote, the one that rules first. What forge generated was made from the
  /// project, and says nothing about it.
  package func dockerfiles(of folder: String) -> [SourceText] {
    var names = Self.dockerfileNames
    if !names.contains(where: { hasFile(Self.join(folder, $0)) }) {
      let others = self.names(in: folder).filter { $0.hasPrefix("Dockerfile.") }
      names = others.filter {
        !$0.hasSuffix(".dockerignore") && !$0.contains("dev") && !$0.contains("test")
      }
    }
    return names.compactMap { name in
      guard let source = try? read(Self.join(folder, name), limit: Self.maximumSourceSize),
        !GeneratedMark.stands(in: source.text)
      else { return nil }
      return source
    }
  }
}
