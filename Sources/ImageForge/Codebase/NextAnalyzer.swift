import ForgeBasics
import ForgeSyntax

/// Recognises a Next.js service in a folder.
package enum NextAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? { nil }
}
