import ForgeBasics
import ForgeMigration
import ForgeRecipes
import ForgeTemplates

/// What `forge generate` did, or would do. Its JSON.
public struct GenerationReport: Codable, Sendable, Equatable {
  /// What was done with the generated files.
  public enum Mode: String, Codable, Sendable {
    case write, check, print
  }

  /// One generated file.
  public struct File: Codable, Sendable, Equatable {
    /// Relative to the analysed root.
    public let path: String
    /// How it stood before.
    public let state: GenerationPlan.State
    /// From what stood there to what forge writes; empty when that is the same.
    public let diff: String
    /// The whole text of the file.
    public let contents: String
  }

  /// The version of this JSON: 1.
  public let schemaVersion: Int
  /// What was done with the files.
  public let mode: Mode
  /// Whether every file stood there as forge writes it.
  public let current: Bool
  /// The generated files, in the order of the services.
  public let files: [File]
  /// What was kept of Dockerfiles that were written by hand, and what was not.
  public let existing: [Existing]
  /// What brings stale files up to date.
  private var command = "forge generate"

  private enum CodingKeys: String, CodingKey { case schemaVersion, mode, current, files, existing }

  /// What was taken over from a Dockerfile that was there.
  public struct Existing: Codable, Sendable, Equatable {
    /// Relative to the analysed root.
    public let path: String
    /// What the new file keeps.
    public let kept: [ExistingDockerfile.Decision]
    /// What the new file does without, and why.
    public let dropped: [ExistingDockerfile.Decision]
  }

  /// - Parameters:
  ///   - existing: the Dockerfiles whose decisions the files keep.
  ///   - command: what brings stale files up to date.
  public init(
    plan: GenerationPlan, mode: Mode, existing: [ExistingDockerfile] = [],
    command: String = "forge generate"
  ) {
    self.command = command
    self.existing = existing.sorted { $0.path < $1.path }.map {
      Existing(path: $0.path, kept: $0.kept, dropped: $0.dropped)
    }
    schemaVersion = 1
    self.mode = mode
    current = plan.isCurrent
    files = plan.entries.map {
      File(path: $0.file.path, state: $0.state, diff: $0.diff, contents: $0.file.contents)
    }
  }

  /// What people read of decisions that were kept, and of those that were not.
  public func existingText(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for file in existing {
      let name = DisplayText.escape(file.path)
      layout.heading("kept of \(name)")
      layout.table(file.kept.map { ["\($0.line)", DisplayText.escape($0.text)] })
      guard !file.dropped.isEmpty else { continue }
      layout.heading("not kept of \(name)")
      for one in file.dropped {
        layout.paragraph(
          "\(DisplayText.escape(one.text)): \(one.reason ?? "")", label: "  \(one.line)  ")
      }
    }
    return layout.text
  }

  /// What the files that are there would lose and gain; shown before they are written.
  public func diffs(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for file in files where file.state == .stale || file.state == .foreign {
      layout.diff(file.diff)
    }
    return layout.text
  }

  /// What was written.
  public func outcomes(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(files.map { [$0.path, outcome(of: $0)] }, indent: 0)
    return layout.text
  }

  /// What `forge generate` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    switch mode {
    case .print:
      for file in files {
        if files.count > 1 { layout.heading("### \(file.path)") }
        layout.raw(file.contents)
      }
    case .write: return diffs(style) + outcomes(style)
    case .check:
      for file in files where file.state != .current {
        layout.diff(file.diff)
      }
      let stale = files.filter { $0.state != .current }
      if !stale.isEmpty { layout.line() }
      layout.table(files.map { [$0.path, condition(of: $0)] }, indent: 0)
      if !stale.isEmpty {
        layout.line(
          "\(stale.count) of \(files.count) files are not what forge writes; bring them up to date with"
        )
        if stale.contains(where: { $0.state == .foreign }) {
          layout.line("\(command) --force")
        } else {
          layout.line(command)
        }
      }
    }
    return layout.text
  }

  private func outcome(of file: File) -> String {
    switch file.state {
    case .missing: "written"
    case .current: "unchanged"
    case .stale: "updated"
    case .foreign: "overwritten"
    }
  }

  private func condition(of file: File) -> String {
    switch file.state {
    case .missing: "missing"
    case .current: "current"
    case .stale: "stale"
    case .foreign: "not forge's, or edited since"
    }
  }
}
