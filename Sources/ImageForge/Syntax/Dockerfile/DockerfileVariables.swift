/// The variables in force at a place of a Dockerfile.
package struct DockerfileVariables: Sendable {
  /// Nil: declared by `ARG` without a default, so that only the build knows.
  private var values: [String: String?] = [:]
  private let escape: Character
  /// Where the stage's base is an image, its `ENV` is unknown.
  private var inheritsUnknown: Bool

  /// What stands in front of the first `FROM`.
  package init(preamble file: DockerfileSyntax) {
    escape = file.escape
    inheritsUnknown = false
    for instruction in file.preamble { apply(instruction) }
  }

  /// At the start of a stage, which may ask for the arguments of the preamble by `ARG NAME`.
  package init(stageOf file: DockerfileSyntax) {
    escape = file.escape
    inheritsUnknown = true
  }

  /// Takes an `ARG` or `ENV` into account.
  /// - Parameter preamble: the arguments that stand in front of the first `FROM`.
  package mutating func apply(
    _ instruction: DockerfileInstruction, preamble: DockerfileVariables? = nil
  ) {
    switch instruction.keyword {
    case "ARG":
      for word in instruction.words {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        if parts.count > 1 {
          values[parts[0]] = .some(expand(parts[1]))
        } else if let inherited = preamble?.values[parts[0]] {
          values[parts[0]] = inherited
        } else {
          values[parts[0]] = .some(nil)
        }
      }
    case "ENV":
      for (name, value) in Self.pairs(instruction.arguments, escape: escape) {
        values[name] = .some(expand(value))
      }
    default: break
    }
  }

  /// A word with its variables' values; nil when it uses one that only the build knows.
  package func expand(_ word: String) -> String? {
    DockerfileWords.expand(word, escape: escape) { name in
      if let value = values[name] { return value.map { .known($0) } }
      if inheritsUnknown { return nil }
      return .unset
    }
  }

  /// Whether `ARG` or `ENV` has named the variable.
  package func declares(_ name: String) -> Bool { values[name] != nil }

  /// The variables of an `ENV` or `LABEL`, values unexpanded: `a=b c="d e"`, or the old form `a b c`.
  package static func pairs(_ arguments: String, escape: Character = "\\") -> [(
    name: String, value: String
  )] {
    let words = DockerfileWords.split(arguments, escape: escape)
    guard let first = words.first, first.contains("=") else {
      guard let name = words.first, words.count > 1 else { return [] }
      return [(name, String(arguments.dropFirst(name.count)).trimmingSpaces)]
    }
    return words.compactMap { word in
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard parts.count > 1 else { return nil }
      return (parts[0], parts[1])
    }
  }
}
