import ForgeBasics
import ForgeCatalogue
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
  }

  /// - Parameter subject: with the parsed `source`.
  /// - Returns: nil when there is nothing that can be fixed.
  static func fix(_ source: SourceText, _ subject: LintSubject) -> (
    text: String, changes: [String]
  )? {
    let isDOS = source.text.contains("\r\n")
    var lines = source.text.replacing("\r\n", with: "\n").components("\n")
    var changes: [String] = []
    let directive = subject.directive
    // One secret at a time, as long as there are some.
    for fix in spelling + steps + Array(repeating: secrets, count: 16).flatMap(\.self) + runtime {
      let text = lines.joined(separator: "\n")
      guard let file = try? DockerfileSyntax.parse(SourceText(name: source.name, text: text)) else {
        return nil
      }
      let draft = Draft(
        subject: LintSubject(
          dockerfile: file, ignore: subject.ignore, ignoreName: subject.ignoreName,
          context: subject.context),
        lines: lines)
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
    guard !changes.isEmpty else { return nil }
    return (lines.joined(separator: isDOS ? "\r\n" : "\n"), changes)
  }

  /// An ignore file for a folder that has none.
  static let ignoreFile = """
    # Secrets: pass values to the build as arguments or secret mounts, and to the container as its environment.
    **/.env*
    **/.netrc
    **/.pypirc
    **/*.key
    **/*.pem
    **/id_rsa*
    **/id_ed25519*

    # What installs and builds leave behind.
    **/node_modules
    **/.next
    **/.turbo
    **/.venv
    **/venv
    **/__pycache__
    **/*.py[cod]
    **/.pytest_cache
    **/.mypy_cache
    **/.ruff_cache

    # Version control, editors, and the files that describe the image.
    **/.git
    **/.idea
    **/.vscode
    **/.DS_Store
    **/*.log
    **/Dockerfile*
    **/*.dockerignore
    **/compose*.y*ml
    **/docker-compose*.y*ml

    """

  /// The fix of one rule.
  struct Fix: Sendable {
    let rule: String
    let edits: @Sendable (Draft) -> [Edit]
  }

  static let fixes: [Fix] = spelling + steps + secrets + runtime

  /// The command that follows the lockfile.
  static func locked(_ program: String, _ subject: LintSubject) -> String {
    switch program {
    case "npm": "npm ci"
    case "yarn":
      subject.context.kind(".yarnrc.yml") == .file
        ? "yarn install --immutable" : "yarn install --frozen-lockfile"
    default: "\(program) install --frozen-lockfile"
    }
  }

  /// The image with the version that the project asks for, or else the newest but one that forge knows.
  static func version(of image: String, _ subject: LintSubject) -> String? {
    let base = Base(image)
    let name = base.tag == nil ? image : String(image.dropLast((base.tag?.count ?? 0) + 1))
    guard base.isOfficial, let files = runtimes[base.family] else { return nil }
    let asked = files.lazy.compactMap {
      subject.context.read($0, limit: 1 << 10)?.text.trimmingSpaces
    }.first
    let versions =
      (try? Catalogue.decode(Bases.self, from: "data/bases.yaml"))?.versions(of: base.family) ?? []
    let wanted = asked.flatMap { text in
      let plain = text.hasPrefix("v") ? String(text.dropFirst()) : text
      return versions.first { plain == $0 || plain.hasPrefix($0 + ".") }
    }
    // The newest but one: long-term support for Node.js, and wheels for Python.
    guard let version = wanted ?? versions.dropLast().last else { return nil }
    return "\(name):\(version)"
  }

  /// Where a project says which version it wants.
  private static let runtimes = [
    "node": [".nvmrc", ".node-version"], "python": [".python-version"],
  ]

  private struct Bases: Decodable {
    struct Runtime: Decodable { let versions: [String] }
    let node: Runtime
    let python: Runtime

    func versions(of family: String) -> [String] {
      family == "node" ? node.versions : python.versions
    }
  }
}

extension String {
  func components(_ separator: Character) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
