import ForgeAnalyzer
import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeRecipes
import ForgeTemplates

/// The gate of a project as a file for its CI service.
public enum CITemplate {
  /// A service that runs the gate.
  public enum Service: String, Sendable, CaseIterable {
    case github, gitlab, shell

    fileprivate var template: String {
      switch self {
      case .github: "ci/github.yml.mustache"
      case .gitlab: "ci/gitlab.yml.mustache"
      case .shell: "ci/gate.sh.mustache"
      }
    }
  }

  /// The text of the file, by the project's own template where `recipes:` of its forge.yaml has one.
  /// - Parameters:
  ///   - path: the project, as the CI job sees it: relative to the root of the repository.
  ///   - action: where forge's own GitHub action is, `OWNER/NAME@REF`; nil: the runner has forge on its PATH.
  /// - Throws: `CITemplateError` for a path or an action that may not enter a script; `AnalysisError`; `RecipeError` for a
  ///   template that cannot be used.
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
    let analysis = try Analyzer.analyze(path)
    try analysis.requireWhole()
    let options = try RecipeSettings.load(for: analysis)
    let values = Values(
      path: path, action: action, committed: try isCommitted(analysis, options))
    return try Template(file: service.template, book: RecipeBook(folder: options.recipes)).render(
      values)
  }

  /// Whether every generated file stands there as forge's own, so that a check of them can pass.
  private static func isCommitted(_ analysis: Analysis, _ options: RecipeOptions) throws -> Bool {
    let files = try Generator.generate(analysis, options: options)
    let plan = try GenerationPlan(files: files, root: analysis.root)
    return plan.entries.allSatisfy { $0.state == .current || $0.state == .stale }
  }
}

/// Why no file for a service can be written.
public enum CITemplateError: ForgeError, Equatable {
  case unsafePath(String)
  case unsafeAction(String)

  public var exitCode: ExitCode { .usage }
  public var description: String {
    switch self {
    case .unsafePath(let path):
      "\(DisplayText.escape(path)) cannot stand in a CI script: give a path of letters, digits, `.`, `_`, `-` and `/`, "
        + "relative to the root of the repository"
    case .unsafeAction(let action):
      "\(DisplayText.escape(action)) is no action: write OWNER/NAME@REF"
    }
  }
}
