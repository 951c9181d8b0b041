import ForgeAnalyzer
import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeRecipes
import Mustache

/// The gate of a project as a file for its CI service.
public enum CITemplate {
  /// A service that runs the gate.
  public enum Service: String, Sendable, CaseIterable {
    case github, gitlab, shell

    /// Where such a file usually stands in a repository.
    public var usualPath: String {
      switch self {
      case .github: ".github/workflows/forge.yml"
      case .gitlab: ".gitlab-ci.yml"
      case .shell: "ci/forge-gate.sh"
      }
    }

    fileprivate var template: String {
      switch self {
      case .github: "ci/github.yml.mustache"
      case .gitlab: "ci/gitlab.yml.mustache"
      case .shell: "ci/gate.sh.mustache"
      }
    }
  }

  /// The text of the file.
  /// - Parameters:
  ///   - path: the project, as the CI job sees it: relative to the root of the repository.
  ///   - action: where forge's own GitHub action is, `OWNER/NAME@REF`; nil: the runner has forge on its PATH.
  /// - Throws: `CITemplateError` for a path or an action that may not enter a script; `AnalysisError`.
  public static func render(_ service: Service, path: String = ".", action: String? = nil) throws
    -> String
  {
    guard path.wholeMatch(of: /[A-Za-z0-9._][A-Za-z0-9._\/-]*/) != nil else {
      throw CITemplateError.unsafePath(path)
    }
    if let action,
      action.wholeMatch(of: /[A-Za-z0-9._-]+\/[A-Za-z0-9._\/-]+@[A-Za-z0-9._\/-]+/) == nil
    {
      throw CITemplateError.unsafeAction(action)
    }
    struct Values {
      let path: String
      let action: String?
      let committed: Bool
      /// Mustache would read GitHub's own braces as its.
      let open = "${{"
    }
    guard let text = Catalogue.text(service.template) else {
      throw CITemplateError.brokenTemplate(service.template)
    }
    let values = Values(path: path, action: action, committed: try isCommitted(path))
    do {
      return try MustacheTemplate(string: text).render(values)
    } catch {
      throw CITemplateError.brokenTemplate(service.template)
    }
  }

  /// Whether every generated file stands there as forge's own, so that a check of them can pass.
  private static func isCommitted(_ path: String) throws -> Bool {
    let analysis = try Analyzer.analyze(path)
    let options = try RecipeSettings.load(for: analysis)
    let plan = try GenerationPlan(files: Generator.generate(analysis, options: options), root: path)
    return plan.entries.allSatisfy { $0.state == .current || $0.state == .stale }
  }
}

/// Why no file for a service can be written.
public enum CITemplateError: ForgeError, Equatable {
  case unsafePath(String)
  case unsafeAction(String)
  case brokenTemplate(String)

  public var exitCode: ExitCode { if case .brokenTemplate = self { .defect } else { .usage } }
  public var description: String {
    switch self {
    case .unsafePath(let path):
      "\(DisplayText.escape(path)) cannot stand in a CI script: give a path of letters, digits, `.`, `_`, `-` and `/`, "
        + "relative to the root of the repository"
    case .unsafeAction(let action):
      "\(DisplayText.escape(action)) is no action: write OWNER/NAME@REF"
    case .brokenTemplate(let file): "recipes/\(file) is broken; please report it"
    }
  }
}
