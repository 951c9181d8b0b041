import ForgeBasics
import ForgeSyntax

/// Recognises a FastAPI service in a folder.
package enum FastAPIAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? { nil }
}
