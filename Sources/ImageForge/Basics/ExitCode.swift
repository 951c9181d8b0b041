/// The exit codes of every command.
public enum ExitCode: Int32, Sendable {
  /// Done, and the policy passed.
  case success = 0
  /// The policy failed, or a generated file is stale.
  case policyFailed = 1
  /// The command line or the configuration is wrong; an output cannot be written.
  case usage = 2
  /// The input cannot be read whole, or is ambiguous.
  case unreadableInput = 3
  /// The container engine is missing or failed.
  case engineFailed = 4
  /// A defect in forge itself.
  case defect = 70
}

/// An error that knows its exit code. The description says what happened, where, and what to do.
public protocol ForgeError: Error, CustomStringConvertible, Sendable {
  var exitCode: ExitCode { get }
  /// What to do, alone, as the description ends with it; nil where the error has no words of its own for that.
  var remedy: String? { get }
}

extension ForgeError {
  /// Nil: the description has the last word.
  public var remedy: String? { nil }
}
