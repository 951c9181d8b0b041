import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeLint
import ForgeTemplates

/// The result of a command that came to no result: what could not be read whole, or not be built. It has the keys that
/// the result would have, as far as they are known.
public struct Failure: Codable, Sendable, Equatable {
  /// The image that was to be read.
  public struct Image: Codable, Sendable, Equatable {
    /// As it was named.
    public let source: String
  }

  /// The version of this JSON: 1.
  public let schemaVersion: Int
  /// What was to be read, where it is an image.
  public let image: Image?
  /// What was to be read, where it is a project.
  public let root: String?
  /// Always false: what was not read whole does not pass.
  public let passed: Bool
  /// The error as one finding.
  public let findings: [Finding]
  /// What went wrong, in a few words.
  package let headline: String

  enum CodingKeys: String, CodingKey {
    case schemaVersion, image, root, passed, findings, headline
  }

  /// - Parameter isProject: whether `subject` is a folder of source, and not an image.
  public init(_ error: any ForgeError, of subject: String, isProject: Bool = false) {
    schemaVersion = 1
    image = isProject ? nil : Image(source: subject)
    root = isProject ? subject : nil
    passed = false
    findings = [Self.finding(error)]
    headline = Self.headline(error)
  }

  package static func finding(_ error: any ForgeError) -> Finding {
    let isEngine = error.exitCode == .engineFailed
    let isSource = error is AnalysisError || error is LintError || error is RecipeError
    // A finding is one line: the log of an engine stands on standard error.
    let text = "\(error)"
    var words = text[..<(text.firstRange(of: "\nLast lines of ")?.lowerBound ?? text.endIndex)]
      .split(whereSeparator: \.isNewline).joined(separator: " ")
    // The description ends with the remedy, which is the finding's fix.
    if let end = error.remedy.map({ "; \($0)" }), words.hasSuffix(end) {
      words.removeLast(end.count)
    }
    return Finding(
      id: isEngine ? "FORGE-X004" : "FORGE-X003", severity: .error,
      message: DisplayText.escape(words), location: nil,
      fix: isEngine
        ? "mend what the message names, and build again"
        : error.remedy
          ?? (isSource
            ? "mend what the message names"
            : "save or build the image again, and check that the file arrived whole"),
      evidence: isEngine || isSource ? .source : .archive)
  }

  package static func headline(_ error: any ForgeError) -> String {
    error.exitCode == .engineFailed
      ? "the container engine failed" : "cannot be read whole, or is ambiguous"
  }
}
