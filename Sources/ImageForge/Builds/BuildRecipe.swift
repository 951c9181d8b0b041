import ForgeBasics
import ForgeCodebase
import ForgeEngines
import ForgeFindings
import ForgeInspection
import ForgeLint
import ForgeRecipes
import ForgeTemplates
import ForgeTracing
import Foundation

/// What one build reads: the Dockerfile and its ignore file, side by side in a scratch folder, so that every engine
/// finds them in the same way.
struct BuildRecipe {
  let context: String
  let dockerfile: String
  /// Its text.
  let text: String
  /// What the ignore file says.
  let ignoreFile: SourceText
  /// The project's own Dockerfile, where the context's own ignore file counts for it.
  let ownDockerfile: String?
  /// The Dockerfile and the ignore file as they are on the disk, for what the image is blamed for.
  let sources: BuildSources
  let remarks: [String]
  /// What lint says of the two.
  let findings: [Finding]

  init(
    for service: Service, of analysis: Analysis, generated: [GeneratedFile], scratch: ScratchFolder
  ) throws {
    func path(_ name: String) -> String { ProjectPath.join(service.path, name) }
    context = analysis.root + "/" + (service.workspace?.root ?? service.path)
    dockerfile = scratch.file("Dockerfile")
    let ownDockerfile = try Self.read(analysis.root, path("Dockerfile"))
    let besides = try Self.read(analysis.root, path("Dockerfile.dockerignore"))
    let ownIgnore = try besides ?? Self.read(context, ".dockerignore")
    var ignorePath = context + "/.dockerignore"
    if besides != nil { ignorePath = analysis.root + "/" + path("Dockerfile.dockerignore") }
    func generatedFile(_ name: String) -> SourceText {
      SourceText(name: path(name), text: generated.first { $0.path == path(name) }?.contents ?? "")
    }
    let own = "Dockerfile.dockerignore"
    var ignoreName = ".dockerignore"
    if generated.contains(where: { $0.path == path(own) }) { ignoreName = own }
    if ownDockerfile != nil, besides == nil, ownIgnore != nil {
      self.ownDockerfile = analysis.root + "/" + path("Dockerfile")
    } else {
      self.ownDockerfile = nil
    }
    let recipe = SourceText(
      name: path("Dockerfile"), bytes: (ownDockerfile ?? generatedFile("Dockerfile")).bytes)
    ignoreFile = SourceText(
      name: path(ignoreName), bytes: (ownIgnore ?? generatedFile(ignoreName)).bytes)
    text = recipe.text
    sources = BuildSources(
      dockerfile: text,
      name: ownDockerfile.map { _ in WorkingFolder.shown(analysis.root + "/" + path("Dockerfile"))
      },
      ignore: ownIgnore.map { (WorkingFolder.shown(ignorePath), $0.text) }, context: context)
    // As they are: what is not UTF-8 is the engine's to judge.
    try AtomicFile.write(recipe.bytes, to: dockerfile)
    try AtomicFile.write(ignoreFile.bytes, to: scratch.file("Dockerfile.dockerignore"))
    findings = Linter.lint(recipe, ignore: ignoreFile, context: try BuildContext(context))
    let missing = findings.filter(Self.isMissing)
    // Whoever wrote a Dockerfile may know more than a check: it is told, and the engine decides.
    if ownDockerfile == nil, let first = missing.first {
      throw RecipeError.unbuildable(
        service: service.name, location: first.location ?? path("Dockerfile"),
        reason: first.message,
        fix: first.fix ?? "")
    }
    let stale = try GenerationPlan(
      files: generated.filter { $0.path == path("Dockerfile") || $0.path == path(ignoreName) },
      root: analysis.root
    ).entries.filter { $0.state == .stale }.map(\.file.path)
    var remarks: [String] = []
    if ownDockerfile == nil {
      remarks.append("\(service.name): no Dockerfile there; building from the generated one")
    }
    remarks += missing.map { "\($0.location ?? service.name): \($0.message)" }
    remarks += stale.map {
      "\($0) is stale: it is used as it is; `forge generate` brings it up to date"
    }
    self.remarks = remarks
  }

  /// Whether the Dockerfile takes something from its context that is not there, or that the ignore file keeps back.
  private static func isMissing(_ finding: Finding) -> Bool {
    finding.severity == .error
      && (finding.id == "CopyIgnoredFile" || finding.id.rawValue.hasPrefix("FORGE-L00"))
  }

  /// The base of the last stage, as OCI's annotations name it; its digest where a lock, the Dockerfile or the engine's
  /// store tells it before the build.
  func labels(pins: [String: String], _ engine: Engine) async -> [String] {
    let file = GeneratedFile(path: "Dockerfile", contents: text)
    guard let base = RecipeSettings.finalBase(of: file) else { return [] }
    var digest = base.firstRange(of: "@").map { String(base[$0.upperBound...]) } ?? pins[base]
    if digest == nil, await engine.hasImage(base) { digest = try? await engine.digest(of: base) }
    return ["org.opencontainers.image.base.name=\(base)"]
      + (digest.map { ["org.opencontainers.image.base.digest=\($0)"] } ?? [])
  }

  /// Base images of the finished build that are of another platform than it asked for. docker's BuildKit says it itself,
  /// and may have taken them from elsewhere.
  func foreignBases(_ engine: Engine, platform: String?) async -> [String] {
    guard engine.kind != .docker else { return [] }
    var complaints: [String] = []
    for base in BasePlatform.all(
      in: text, target: platform ?? Engine.platform, machine: Engine.platform)
    {
      guard let found = await engine.platform(of: base.image),
        let complaint = base.complaint(about: found)
      else {
        continue
      }
      complaints.append("\(sources.dockerfileName):\(base.line): \(complaint)")
    }
    return complaints
  }

  /// Whether a stage begins with nothing.
  var standsOnScratch: Bool {
    text.split(whereSeparator: \.isNewline).contains {
      $0.uppercased().hasPrefix("FROM ") && $0.split(separator: " ").contains("scratch")
    }
  }

  private static func read(_ root: String, _ path: String) throws(LintError) -> SourceText? {
    let full = root + "/" + path
    guard FileManager.default.fileExists(atPath: full) else { return nil }
    return try LintFiles.require(full, name: path)
  }
}
