import ForgeBasics
import ForgeCodebase
import ForgeDockerignore
import ForgeFindings
import ForgeSyntax

/// What a rule looks at: one Dockerfile, with the ignore file and the folder that its build would use, and what is
/// known of the project.
package struct LintSubject {
  package let dockerfile: DockerfileSyntax
  package let ignore: Dockerignore
  /// The ignore file's path as reports show it; nil when there is none.
  package let ignoreName: String?
  package let context: BuildContext
  /// Everything that the Dockerfile takes from the context, in its order.
  package let uses: [ContextUse]
  package let surroundings: Surroundings

  /// What a Dockerfile does not say itself.
  package struct Surroundings: Sendable {
    /// The service that the image is for, as the analysis of its folder sees it.
    package var service: ProjectService?
    /// What the compose files of the project do with the Dockerfile.
    package var compose: [ComposeBuild] = []
    /// Whether somebody said which folder the build gets, or only one can be meant.
    package var isContextKnown = true
    /// Lines of the `.gitignore` files in the context and in the folders above it.
    package var gitIgnored: Set<String> = []

    package init(service: ProjectService? = nil) { self.service = service }
  }

  package init(
    dockerfile: DockerfileSyntax, ignore: Dockerignore, ignoreName: String?, context: BuildContext,
    surroundings: Surroundings = Surroundings()
  ) {
    self.dockerfile = dockerfile
    self.ignore = ignore
    self.ignoreName = ignoreName
    self.context = context
    self.surroundings = surroundings
    uses = ContextUse.all(in: dockerfile)
  }

  /// The same folder and project, with the Dockerfile as it is after an edit.
  func with(_ dockerfile: DockerfileSyntax) -> LintSubject {
    LintSubject(
      dockerfile: dockerfile, ignore: ignore, ignoreName: ignoreName, context: context,
      surroundings: surroundings)
  }

  /// A line of the Dockerfile, from 1.
  package func place(line: Int) -> Place { dockerfile.place(line: line) }
}

/// A service of the analysed project, and where it lies in the build context.
package struct ProjectService: Sendable {
  package let service: Service
  /// Relative to the build context; `.` for the context itself.
  package let folder: String

  package init(_ service: Service, folder: String) {
    self.service = service
    self.folder = folder
  }

  /// A path of the build context.
  func file(_ name: String) -> String { folder == "." ? name : "\(folder)/\(name)" }

  /// The service that a Dockerfile is for; nil where several could be meant.
  /// - Parameters:
  ///   - dockerfile: the file's path below the analysed folder.
  ///   - context: the build context's path below the analysed folder; `.` for that folder.
  ///   - family: the last part of the name of the image that the last stage stands on.
  package static func choose(
    from analysis: Analysis, dockerfile: String, context: String, family: String
  ) -> ProjectService? {
    let kinds: [Service.Kind]
    switch family {
    case "node", "bun": kinds = [.nextjs]
    case "python", "uv": kinds = [.fastapi, .mcp]
    default: kinds = [.nextjs, .fastapi, .mcp]
    }
    let services = analysis.services.filter { kinds.contains($0.kind) }
    let parent = dockerfile.lastIndex(of: "/").map { String(dockerfile[..<$0]) } ?? "."
    for folder in [parent, context] {
      let there = services.filter { $0.path == folder }
      if there.count == 1, let found = located(there[0], in: context) { return found }
      if there.count > 1 { return nil }
    }
    guard services.count == 1 else { return nil }
    return located(services[0], in: context)
  }

  private static func located(_ service: Service, in context: String) -> ProjectService? {
    if context == "." { return ProjectService(service, folder: service.path) }
    if service.path == context { return ProjectService(service, folder: ".") }
    guard service.path.hasPrefix(context + "/") else { return nil }
    return ProjectService(service, folder: String(service.path.dropFirst(context.count + 1)))
  }
}
