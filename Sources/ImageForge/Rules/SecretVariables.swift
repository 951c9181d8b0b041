import ForgeBasics
import ForgeFindings
import ForgeInspection

/// Secrets in `config.Env`, and in the build arguments that engines record in the history.
enum SecretVariables {
  static func check(_ inspection: Inspection) -> [Violation] {
    let environment = inspection.details.config.environment.compactMap { entry -> Violation? in
      guard let (name, value) = assignment(entry) else { return nil }
      if let kind = SecretContents.kinds(in: entry).first {
        return violation(
          "ENV \(name) holds \(SecretContents.article(kind.kind.title)) \(kind.kind.title) (\(kind.kind.id), sha256 "
            + "\(kind.fingerprint)…)", at: "config.Env", evidence: .config,
          atMost: kind.kind.severity)
      }
      guard isSecret(name, value) else { return nil }
      return violation("ENV \(name) holds a secret", at: "config.Env", evidence: .config)
    }
    let labels = inspection.details.config.labels.sorted { $0.key < $1.key }.flatMap {
      name, value in
      SecretContents.kinds(in: value).map { kind, fingerprint in
        violation(
          "the label \(DisplayText.escape(name)) holds \(SecretContents.article(kind.title)) \(kind.title) "
            + "(\(kind.id), sha256 \(fingerprint)…)", at: "config.Labels", evidence: .config,
          atMost: kind.severity)
      }
    }
    let command = SecretContents.kinds(
      in: (inspection.image.entrypoint + inspection.image.cmd).joined(separator: " ")
    )
    .map { kind, fingerprint in
      violation(
        "the command holds \(SecretContents.article(kind.title)) \(kind.title) (\(kind.id), sha256 \(fingerprint)…)",
        at: "config.Cmd", evidence: .config, atMost: kind.severity)
    }
    let typed = inspection.details.history.enumerated().flatMap { index, step in
      // A build argument that is known by its name is reported once.
      let named = recorded(step.createdBy).contains { isSecret($0.name, $0.value) }
      return named
        ? []
        : SecretContents.kinds(in: step.createdBy).map { kind, fingerprint in
          violation(
            "a step of the history holds \(SecretContents.article(kind.title)) \(kind.title) (\(kind.id), sha256 "
              + "\(fingerprint)…)", at: "history[\(index)]", evidence: .history,
            atMost: kind.severity)
        }
    }
    let written = inspection.details.history.enumerated().flatMap { index, step -> [Violation] in
      let text = BuildStep.short(step.createdBy)
      guard text.hasPrefix("ENV ") || text.hasPrefix("ARG ") else { return [] }
      return text.dropFirst(4).split(separator: " ").compactMap { assignment(String($0)) }
        .filter { isSecret($0.name, $0.value) }.map {
          violation(
            "\(text.prefix(3)) \($0.name) is recorded with its value", at: "history[\(index)]",
            evidence: .history)
        }
    }
    let history = inspection.details.history.enumerated().flatMap { index, step in
      recorded(step.createdBy).filter { isSecret($0.name, $0.value) }.map {
        violation(
          "the build argument \($0.name) is recorded with its value", at: "history[\(index)]",
          evidence: .history)
      }
    }
    return environment + labels + command + history + written + typed
  }

  private static func violation(
    _ message: String, at location: String, evidence: Evidence, atMost: Severity? = nil
  ) -> Violation {
    Violation(
      message: message, location: location,
      fix:
        "mount it while building (`RUN --mount=type=secret,id=…`) or set it when the container starts; then change "
        + "the secret, for this image has shown it",
      evidence: evidence, atMost: atMost)
  }

  private static func isSecret(_ name: String, _ value: String) -> Bool {
    SecretText.isSecret(name, value)
  }

  /// `|2 NAME=value NAME=value /bin/sh -c …`, with or without `RUN ` in front: the arguments of a RUN step.
  private static func recorded(_ step: String) -> [(name: String, value: String)] {
    let text = step.hasPrefix("RUN ") ? step.dropFirst(4) : step[...]
    guard text.first == "|", let count = Int(text.dropFirst().prefix { $0.isNumber }), count > 0
    else { return [] }
    // Values may hold spaces; the name is what counts, and the word before each `=`.
    return text.split(separator: " ").dropFirst().prefix { !$0.hasPrefix("/bin/") }
      .compactMap { assignment(String($0)) }
  }

  private static func assignment(_ text: String) -> (name: String, value: String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    return (DisplayText.escape(String(text[..<equals])), String(text[text.index(after: equals)...]))
  }
}
