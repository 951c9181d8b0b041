import ForgeBasics
import ForgeFindings
import ForgeSyntax

/// What fixing made of a Dockerfile.
public struct FixedFile: Codable, Sendable, Equatable {
  /// As the report names the Dockerfile, or the ignore file that is missing.
  public let path: String
  public let contents: String
  /// What was changed and why, with lines of the file as it was at that point.
  public let changes: [String]
  /// From what is there to what it would be.
  public let diff: String
}

/// Writes a Dockerfile as its findings ask, where that can be told from the file and its folder alone. Everything else
/// stays as it is, byte for byte. Nothing is written to the disk.
package struct Fixer {
  /// Lines that take the place of others.
  struct Edit {
    /// From 1; an empty range inserts before its start.
    let lines: Range<Int>
    let replacement: [String]
    let change: String
  }

  /// The Dockerfile as it stands after some edits.
  struct Draft {
    let subject: LintSubject
    let lines: [String]
    var file: DockerfileSyntax { subject.dockerfile }

    func raw(_ instruction: DockerfileInstruction) -> [String] {
      Array(lines[(instruction.line - 1)..<min(instruction.endLine, lines.count)])
    }

    /// An edit of the instruction's text; nil when that changes nothing.
    func edit(
      _ instruction: DockerfileInstruction, _ change: String, _ transform: (String) -> String
    ) -> Edit? {
      let old = raw(instruction).joined(separator: "\n")
      let new = transform(old)
      guard new != old else { return nil }
      return Edit(
        lines: instruction.line..<(instruction.endLine + 1),
        replacement: new.isEmpty ? [] : new.components("\n"),
        change: change)
    }

    /// Edits of the steps whose commands can be told apart.
    /// - Parameter transform: gives a step's new text; nil where it stays.
    func steps(
      _ change: String, _ transform: (DockerfileInstruction, StepText) -> String?
    ) -> [Edit] {
      file.stages.flatMap(\.instructions).filter { $0.keyword == "RUN" }.compactMap { run in
        let raw = raw(run).joined(separator: "\n")
        guard let step = StepText(raw, of: run, escape: file.escape),
          let text = transform(run, step)
        else { return nil }
        return edit(run, change) { _ in text }
      }
    }
  }

  /// The most times that all fixes are tried: one can make room for another.
  private static let maximumPasses = 4

  /// - Parameter subject: with the parsed `source`.
  /// - Returns: nil when there is nothing that can be fixed.
  static func fix(_ source: SourceText, _ subject: LintSubject) -> (
    text: String, changes: [String]
  )? {
    let isDOS = source.text.contains("\r\n")
    var lines = source.text.replacing("\r\n", with: "\n").components("\n")
    var changes: [String] = []
    for _ in 0..<maximumPasses {
      guard let made = pass(over: &lines, source, subject) else { return nil }
      if made.isEmpty { break }
      changes += made
    }
    guard !changes.isEmpty else { return nil }
    return (lines.joined(separator: isDOS ? "\r\n" : "\n"), changes)
  }

  /// Tries all fixes once.
  /// - Returns: what was changed and why; nil where the text is no longer a Dockerfile.
  private static func pass(
    over lines: inout [String], _ source: SourceText, _ subject: LintSubject
  ) -> [String]? {
    var changes: [String] = []
    let directive = subject.directive
    // One secret at a time, as long as there are some.
    for fix in spelling + steps + Array(repeating: secrets, count: 16).flatMap(\.self) + runtime {
      let text = lines.joined(separator: "\n")
      guard let file = try? DockerfileSyntax.parse(SourceText(name: source.name, text: text)) else {
        return nil
      }
      let draft = Draft(subject: subject.with(file), lines: lines)
      let edits = fix.edits(draft).filter { edit in
        guard let rule = LintRule.all.first(where: { $0.id == fix.rule }) else { return true }
        return directive.wants(rule) && !draft.subject.silences(rule, at: edit.lines.lowerBound)
      }
      // From the bottom up, so that lines keep their numbers; of two edits of one place the first is made.
      var next = Int.max
      for edit in edits.sorted(by: { $0.lines.lowerBound > $1.lines.lowerBound })
      where edit.lines.upperBound <= next {
        lines.replaceSubrange(
          (edit.lines.lowerBound - 1)..<(edit.lines.upperBound - 1), with: edit.replacement)
        next = edit.lines.lowerBound
      }
      var told: Set<String> = []
      for edit in edits {
        let text = "\(fix.rule): \(edit.change)"
        if !edit.change.isEmpty, told.insert(text).inserted { changes.append(text) }
      }
    }
    return changes
  }

  /// The fix of one rule.
  struct Fix: Sendable {
    let rule: FindingID
    let edits: @Sendable (Draft) -> [Edit]
  }

  static let fixes: [Fix] = spelling + steps + secrets + runtime
}

extension LintRule {
  /// Whether there are files of which the fixed one is without it.
  package var isFixable: Bool { id == "FORGE-L059" || Fixer.fixes.contains { $0.rule == id } }
}

extension String {
  func components(_ separator: Character) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
