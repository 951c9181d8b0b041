import ForgeBasics
import ForgeFindings

/// A Dockerfile as BuildKit's parser splits it: instructions with their flags and here-documents, and the stages that
/// they form. Nothing is evaluated; `DockerfileVariables` expands words.
package struct DockerfileSyntax: Sendable {
  package let name: String
  /// `# name=value` at the top of the file; names in lower case.
  package let directives: [Directive]
  /// `\`, or `` ` `` where the directive `escape` says so.
  package let escape: Character
  package let instructions: [DockerfileInstruction]
  /// Lines of empty continuations, which BuildKit warns of.
  package let emptyContinuations: [Int]
  /// The comments between instructions, by their lines, without `#`.
  private let comments: [Int: String]

  package struct Directive: Sendable, Equatable {
    package let name: String
    package let value: String
    package let line: Int
  }

  /// One `FROM` and what follows it.
  package struct Stage: Sendable {
    /// From 0.
    package let index: Int
    package let from: DockerfileInstruction
    /// The image or earlier stage, as written.
    package let base: String
    /// The name after `AS`, as written.
    package let name: String?
    package let instructions: ArraySlice<DockerfileInstruction>
  }

  /// The stages in order; empty when there is no `FROM`.
  package let stages: [Stage]
  /// What stands in front of the first `FROM`.
  package var preamble: ArraySlice<DockerfileInstruction> {
    instructions.prefix { $0.keyword != "FROM" }
  }

  /// The earlier stage that `reference` names, by name (whatever the case) or by number, as seen from the stage
  /// `index`.
  package func stage(_ reference: String, before index: Int) -> Stage? {
    let earlier = stages.prefix(index)
    if let named = earlier.last(where: { $0.name?.lowercased() == reference.lowercased() }) {
      return named
    }
    guard let number = Int(reference), earlier.indices.contains(number) else { return nil }
    return earlier[number]
  }

  /// The earlier stage that a stage stands on; its name may come from an argument of the preamble.
  package func parent(of stage: Stage) -> Stage? {
    let base = DockerfileVariables(preamble: self).expand(stage.base) ?? stage.base
    return self.stage(base, before: stage.index)
  }

  /// A stage, and before it those that it stands on.
  package func chain(of stage: Stage) -> [Stage] {
    var chain = [stage]
    while let parent = parent(of: chain[0]) { chain.insert(parent, at: 0) }
    return chain
  }

  /// The comments that stand right above a line, from the top; an empty one parts them from what is above it.
  package func comments(above line: Int) -> [String] {
    var found: [String] = []
    var line = line - 1
    while let text = comments[line], !text.isEmpty {
      found.insert(text, at: 0)
      line -= 1
    }
    return found
  }

  /// A line of the file, from 1.
  package func place(line: Int) -> Place { .source(file: name, line: line) }

  /// A line of the file as evidence names it, `file:line`.
  package func location(_ line: Int) -> String { place(line: line).description }

  init(
    name: String, directives: [Directive], escape: Character, instructions: [DockerfileInstruction],
    emptyContinuations: [Int], comments: [Int: String]
  ) {
    self.name = name
    self.directives = directives
    self.escape = escape
    self.instructions = instructions
    self.emptyContinuations = emptyContinuations
    self.comments = comments
    let starts = instructions.indices.filter { instructions[$0].keyword == "FROM" }
    stages = starts.enumerated().map { index, start in
      let end = starts.dropFirst(index + 1).first ?? instructions.endIndex
      let words = instructions[start].words
      var name: String?
      if words.count >= 3, words[1].lowercased() == "as" { name = words[2] }
      return Stage(
        index: index, from: instructions[start], base: words.first ?? "", name: name,
        instructions: instructions[(start + 1)..<end])
    }
  }
}

/// One instruction of a Dockerfile.
package struct DockerfileInstruction: Sendable, Equatable {
  /// In upper case.
  package let keyword: String
  /// As written.
  package let spelling: String
  /// `--name=value` and `--name`, in order.
  package let flags: [Flag]
  /// What follows the flags, continuation lines joined.
  package let arguments: String
  package let heredocs: [Heredoc]
  /// First and last line, from 1; the last includes continuations and here-documents.
  package let line: Int
  package let endLine: Int

  package struct Flag: Sendable, Equatable {
    package let name: String
    /// Nil for a flag without `=`.
    package let value: String?
  }

  package struct Heredoc: Sendable, Equatable {
    package let name: String
    /// Whether variables in it are expanded: its name is not quoted.
    package let expands: Bool
    /// `<<-`: leading tabs are dropped.
    package let chomps: Bool
    package let content: String
  }

  /// The values of a flag that may be repeated.
  package func values(of flag: String) -> [String] {
    flags.filter { $0.name == flag }.compactMap(\.value)
  }
  package func value(of flag: String) -> String? { values(of: flag).last }

  /// The exec form: a JSON array of strings. Nil when the arguments are not one.
  package var execForm: [String]? {
    guard arguments.hasPrefix("["),
      let value = try? JSON.parse(SourceText(name: "", text: arguments), .project), value.isArray
    else { return nil }
    let words = value.elements.map(\.string)
    guard !words.contains(nil) else { return nil }
    return words.compactMap(\.self)
  }

  /// The arguments: of the exec form, or else split at white space. Quotes and variables stand as written.
  package var words: [String] {
    execForm ?? arguments.unicodeScalars.split { $0.isDockerfileSpace }.map(String.init)
  }

  /// The `--mount` flags of a `RUN`, each as its `key=value` options; a key alone has an empty value.
  package var mounts: [[String: String]] {
    values(of: "mount").map { mount in
      var options: [String: String] = [:]
      for field in mount.split(separator: ",") {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let key = parts[0].trimmingSpaces.lowercased()
        options[key] = parts.dropFirst().first.map(String.init) ?? ""
      }
      return options
    }
  }
}

extension Unicode.Scalar {
  /// What separates words in a Dockerfile.
  var isDockerfileSpace: Bool { ("\t"..."\r").contains(self) && self != "\n" || self == " " }
}

extension StringProtocol {
  /// Without white space at its ends.
  package var trimmingSpaces: String {
    var scalars = Substring(self).unicodeScalars
    while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
    while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
    return String(scalars)
  }
}
