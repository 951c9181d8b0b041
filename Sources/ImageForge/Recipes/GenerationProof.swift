import ForgeBasics
import ForgeCodebase
import ForgeLint
import ForgeTemplates

/// Proves of generated files what no engine says before it builds: everything that a Dockerfile takes from its context
/// is there, and survives the ignore file.
public enum GenerationProof {
  /// - Parameters:
  ///   - files: what `Generator.generate` made of `analysis`.
  ///   - root: the analysed folder.
  /// - Throws: `RecipeError.unbuildable` for the first file that fails.
  public static func check(_ files: [GeneratedFile], of analysis: Analysis, root: String)
    throws(RecipeError)
  {
    for service in analysis.services {
      func file(_ name: String) -> GeneratedFile? {
        files.first { $0.path == service.file(name) }
      }
      guard let dockerfile = file("Dockerfile") else { continue }
      let ignore = file("Dockerfile.dockerignore") ?? file(".dockerignore")
      // A member of a workspace has an ignore file of its own, and the workspace as its context.
      var folder = root
      let place = service.isMember ? service.workspace?.root : service.path
      if let place, place != "." { folder += "/\(place)" }
      guard let context = try? BuildContext(folder) else { continue }
      let findings = Linter.lint(
        SourceText(name: dockerfile.path, text: dockerfile.contents),
        ignore: ignore.map { SourceText(name: $0.path, text: $0.contents) }, context: context)
      if let error = findings.first(where: { $0.severity == .error }) {
        throw .unbuildable(
          service: service.name, location: error.location ?? dockerfile.path, reason: error.message,
          fix: error.fix ?? "")
      }
    }
  }
}
