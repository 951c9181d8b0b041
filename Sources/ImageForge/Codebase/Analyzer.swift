import ForgeBasics

/// Reads a codebase. Nothing of it is ever executed.
public enum Analyzer {
  /// What is in the folder at `path`.
  /// - Throws: `AnalysisError`.
  public static func analyze(_ path: String) throws -> Analysis { Analysis(root: path, services: []) }
}
