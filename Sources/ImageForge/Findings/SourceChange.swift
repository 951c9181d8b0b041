/// The line of a project's file that made what a finding is about.
public struct SourceLine: Codable, Hashable, Sendable {
  /// Relative to the folder in which the command was run, where it lies below it.
  public let file: String
  /// From 1.
  public let line: Int
  /// The start of what stands there, on one line; empty where it is not to be shown. Never holds the value of a secret.
  public let text: String

  /// A line, with the start of its text where that may be shown.
  public init(file: String, line: Int, text: String = "") {
    self.file = file
    self.line = line
    self.text = text
  }
}

/// What to write into a file of a project so that a finding is gone: whole lines that take the place of others.
public struct SourceChange: Codable, Hashable, Sendable {
  /// Relative to the folder in which the command was run, where it lies below it.
  public let file: String
  /// The first line that changes, from 1; where none is removed, the line that what is inserted becomes.
  public let line: Int
  /// How many lines go.
  public let removes: Int
  /// The lines that come, without their ends. Never hold the value of a secret.
  public let inserts: [String]

  /// A change that removes lines from `line` on and writes others in their place.
  public init(file: String, line: Int, removes: Int, inserts: [String]) {
    self.file = file
    self.line = line
    self.removes = removes
    self.inserts = inserts
  }
}
