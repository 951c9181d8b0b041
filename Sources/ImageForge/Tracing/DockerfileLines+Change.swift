import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeLint
import ForgeSecrets
import ForgeSyntax

extension DockerfileLines {
  /// The edit of the Dockerfile that mends a finding, where it follows from the finding and the line alone.
  func change(_ finding: Finding) -> SourceChange? {
    if ["FORGE-I001", "FORGE-I002", "FORGE-I003"].contains(finding.id) { return user() }
    guard let instruction = instruction(finding), instruction != from else { return nil }
    let keyword = instruction.keyword
    switch finding.id {
    case "FORGE-I005" where keyword == "RUN" && finding.place?.imagePath == "var/lib/apt/lists/":
      return appending("rm -rf /var/lib/apt/lists/*", to: instruction)
    case "FORGE-I007" where keyword == "ADD" && Self.isPlainCopy(instruction):
      return rewriting(instruction) { "COPY" + $0.dropFirst(3) }
    case "FORGE-I008" where keyword == "ENV":
      return finding.variable.flatMap { without($0, in: instruction) }
    case "FORGE-I014" where keyword == "VOLUME" && instruction.words.count == 1:
      return deleting(instruction)
    case "FORGE-I016" where keyword == "RUN":
      return rewriting(instruction) { $0.replacing("apk add ", with: "apk add --no-cache ") }
    case "FORGE-I017" where keyword == "RUN" && finding.subject == .program("dnf"):
      return appending("dnf clean all", to: instruction)
    case "FORGE-I019" where keyword == "EXPOSE" && finding.subject == .port(22):
      return withoutWords(["22", "22/tcp"], in: instruction)
    case "FORGE-I020" where keyword == "WORKDIR" && !instruction.arguments.contains("$"):
      return rewriting(instruction) { _ in "WORKDIR /\(instruction.arguments)" }
    case "FORGE-I021" where !instruction.arguments.hasPrefix("["):
      return ExecForm.text(instruction.arguments).flatMap { words in
        rewriting(instruction) { _ in "\(keyword) \(words)" }
      }
    case "FORGE-I022" where keyword == "MAINTAINER":
      let name = instruction.arguments.replacing("\"", with: "\\\"")
      return rewriting(instruction) { _ in "LABEL org.opencontainers.image.authors=\"\(name)\"" }
    case "FORGE-I024" where ["COPY", "ADD"].contains(keyword):
      return rewriting(instruction) {
        $0.replacing(/--chmod=0?([0-7]{2})[2367](\s)/) { "--chmod=\($0.1)5\($0.2)" }
      }
    case "FORGE-I025" where ["COPY", "ADD"].contains(keyword):
      return rewriting(instruction) { $0.replacing(/--chown=\S+\s+/, with: "") }
    case "FORGE-I031" where keyword == "ENV":
      guard case .variable(let name)? = finding.subject else { return nil }
      return without(name, in: instruction)
    case "FORGE-I032": return forProduction(finding, instruction)
    case "FORGE-I033" where keyword == "ONBUILD": return deleting(instruction)
    default: return nil
    }
  }

  // MARK: What is edited

  /// The last USER of the image, or one behind all that may need root.
  private func user() -> SourceChange? {
    let text = "USER 10001:10001"
    let needsRoot: Set = ["RUN", "COPY", "ADD", "WORKDIR", "USER"]
    let last = instructions.last { needsRoot.contains($0.keyword) } ?? from
    if last.keyword == "USER" { return rewriting(last) { _ in text } }
    // A file that does not end its last line gets it back, ended.
    if last.endLine == self.text.count {
      return change(lines: last.endLine..<(last.endLine + 1), to: self.text.suffix(1) + [text])
    }
    return change(lines: (last.endLine + 1)..<(last.endLine + 1), to: [text])
  }

  private func forProduction(_ finding: Finding, _ instruction: DockerfileInstruction)
    -> SourceChange?
  {
    switch instruction.keyword {
    case "ENV" where finding.variable == "NODE_ENV":
      return rewriting(instruction) {
        $0.replacing(/\bNODE_ENV([= ])("[^"]*"|\S+)/) { "NODE_ENV\($0.1)production" }
      }
    case "ENV": return finding.variable.flatMap { without($0, in: instruction) }
    case "CMD", "ENTRYPOINT":
      return rewriting(instruction) { text in
        text.replacing(/,\s*"--reload"/, with: "").replacing(/\s--reload\b/, with: "")
          .replacing(/"fastapi",\s*"dev"/, with: "\"fastapi\", \"run\"").replacing(
            "fastapi dev", with: "fastapi run")
      }
    default: return nil
    }
  }

  private func without(_ name: String, in instruction: DockerfileInstruction) -> SourceChange? {
    let words = DockerfileWords.split(instruction.arguments, escape: file.escape)
    // The old form has one variable: `ENV NAME value`.
    guard words.first?.contains("=") == true else {
      guard words.first == name else { return nil }
      return deleting(instruction)
    }
    return withoutWords(words.filter { $0.prefix { $0 != "=" } == name }, in: instruction)
  }

  private func withoutWords(_ some: [String], in instruction: DockerfileInstruction)
    -> SourceChange?
  {
    let words = DockerfileWords.split(instruction.arguments, escape: file.escape)
    let rest = words.filter { !some.contains($0) }
    guard rest.count < words.count else { return nil }
    if rest.isEmpty { return deleting(instruction) }
    var separator = " "
    if instruction.endLine > instruction.line { separator = " \(file.escape)\n    " }
    return rewriting(instruction) { _ in
      "\(instruction.spelling) " + rest.joined(separator: separator)
    }
  }

  /// Of a shell form only; a here-document has its own end.
  private func appending(_ command: String, to run: DockerfileInstruction) -> SourceChange? {
    guard run.heredocs.isEmpty, !run.arguments.hasPrefix("["), !run.arguments.contains(command)
    else { return nil }
    let line = run.endLine
    guard text.indices.contains(line - 1) else { return nil }
    return change(
      lines: line..<(line + 1),
      to: [text[line - 1].trimmingSpaces + " \(file.escape)", "    && \(command)"],
      indent: text[line - 1].prefix { $0 == " " || $0 == "\t" })
  }

  private func deleting(_ instruction: DockerfileInstruction) -> SourceChange? {
    change(lines: instruction.line..<(instruction.endLine + 1), to: [])
  }

  /// - Returns: nil where the text stays as it is, or holds comments or here-documents that must not be lost.
  private func rewriting(_ instruction: DockerfileInstruction, _ transform: (String) -> String)
    -> SourceChange?
  {
    guard instruction.heredocs.isEmpty, instruction.line > 0, instruction.endLine <= text.count
    else { return nil }
    let old = text[(instruction.line - 1)..<instruction.endLine]
    guard !old.contains(where: { $0.drop { $0 == " " || $0 == "\t" }.hasPrefix("#") }) else {
      return nil
    }
    let before = old.joined(separator: "\n")
    let after = transform(before)
    guard after != before else { return nil }
    return change(
      lines: instruction.line..<(instruction.endLine + 1),
      to: after.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
  }

  /// Nil where the new lines hold what a report must not show.
  private func change(lines: Range<Int>, to new: [String], indent: Substring = "") -> SourceChange?
  {
    let whole = new.joined(separator: " ")
    guard SecretText.masked(whole) == whole, new.allSatisfy({ DisplayText.escape($0) == $0 }) else {
      return nil
    }
    var inserts = new
    if let first = new.first { inserts[0] = indent + first }
    return SourceChange(
      file: file.name, line: lines.lowerBound, removes: lines.count, inserts: inserts)
  }

  /// Whether COPY does the same: nothing is fetched, and nothing unpacked.
  private static func isPlainCopy(_ add: DockerfileInstruction) -> Bool {
    let archives = [".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".zip"]
    return add.flags.allSatisfy { ["chown", "chmod", "link"].contains($0.name) }
      && !add.arguments.contains("://") && !add.arguments.contains("git@")
      && add.words.dropLast().allSatisfy { word in
        !archives.contains(where: word.hasSuffix) && !word.contains("*")
      }
  }
}
