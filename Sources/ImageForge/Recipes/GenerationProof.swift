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
      let folder = service.path == "." ? "" : service.path + "/"
      guard let dockerfile = files.first(where: { $0.path == folder + "Dockerfile" }) else {
        continue
      }
      let ownIgnore = files.first { $0.path == folder + "Dockerfile.dockerignore" }
      let ignore = ownIgnore ?? files.first { $0.path == folder + ".dockerignore" }
      let place = ownIgnore == nil ? service.path : service.workspace?.root ?? "."
      guard let context = try? BuildContext(place == "." ? root : "\(root)/\(place)") else {
        continue
      }
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
