import ForgeBasics
import ForgeRecipes

/// What `forge generate` did, or would do. Its JSON.
public struct GenerationReport: Codable, Sendable, Equatable {
  public enum Mode: String, Codable, Sendable {
    case write, check, print
  }

  public struct File: Codable, Sendable, Equatable {
    /// Relative to the analysed root.
    public let path: String
    /// How it stood before.
    public let state: GenerationPlan.State
    /// From what stood there to what forge writes; empty when that is the same.
    public let diff: String
    public let contents: String
  }

  public let schemaVersion: Int
  public let mode: Mode
  /// Whether every file stood there as forge writes it.
  public let current: Bool
  public let files: [File]

  public init(plan: GenerationPlan, mode: Mode) {
    schemaVersion = 1
    self.mode = mode
    current = plan.isCurrent
    files = plan.entries.map {
      File(path: $0.file.path, state: $0.state, diff: $0.diff, contents: $0.file.contents)
    }
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
    case .write:
      for file in files where file.state == .stale || file.state == .foreign {
        layout.diff(file.diff)
      }
      layout.table(files.map { [$0.path, outcome(of: $0)] }, indent: 0)
    case .check:
      for file in files where file.state != .current {
        layout.diff(file.diff)
      }
      let stale = files.filter { $0.state != .current }
      if !stale.isEmpty { layout.line() }
      layout.table(files.map { [$0.path, condition(of: $0)] }, indent: 0)
      if !stale.isEmpty {
        layout.line("\(stale.count) of \(files.count) files are not what forge writes; bring them up to date with")
        layout.line("forge generate" + (stale.contains { $0.state == .foreign } ? " --force" : ""))
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
