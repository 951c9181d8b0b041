/// A step of the user's own that forge has no other place for: it goes into a `# forge:keep` block.
package struct ExistingStep: Sendable, Equatable {
  /// Where it belongs.
  package enum Position: String, Sendable {
    /// In the build stage, before the dependencies: settings of their package manager.
    case beforeInstallation
    /// In the build stage, once source and dependencies are there.
    case beforeBuild
    /// In the build stage, once the application is built.
    case afterBuild
    /// In the last stage, as root.
    case final
  }

  package let position: Position
  /// The instruction, in one line or several.
  package let text: String
  /// Of the file that was read.
  package let line: Int
}
