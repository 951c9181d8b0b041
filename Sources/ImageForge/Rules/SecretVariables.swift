import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// Secrets in what is no file: the fields of the image's config, and the steps that engines record in the history.
enum SecretVariables {
  static func check(_ inspection: Inspection) -> [Violation] {
    let config = inspection.details.config
    let environment = config.environment.flatMap { entry in
      let (name, value) = assignment(entry)
      return violations(
        SecretText.found(name: name, value: value).prefix(1), "ENV \(DisplayText.escape(name))",
        at: .config(.environment), about: .variable(DisplayText.escape(name)))
    }
    let labels = config.labels.sorted { $0.key < $1.key }.flatMap { name, value in
      violations(
        SecretText.found(name: name, value: value), "the label \(DisplayText.escape(name))",
        at: .config(.labels))
    }
    let command = (inspection.image.entrypoint + inspection.image.cmd).joined(separator: " ")
    let others = config.texts.flatMap { text in
      violations(
        text.name.map { SecretText.found(name: $0, value: text.value) }
          ?? SecretText.found(in: text.value),
        text.subject, at: text.place)
    }
    let history = inspection.details.history.enumerated().flatMap { index, step in
      self.history(step.createdBy, at: .history(index))
    }
    return environment + labels
      + violations(SecretText.found(in: command), "the command", at: .config(.command))
      + others + history
  }

  private static func history(_ step: String, at place: Place) -> [Violation] {
    let found = SecretText.found(in: step)
    let text = BuildStep.short(step)
    let instruction = ["ENV ", "ARG "].first(where: text.hasPrefix)
    let isArguments = (step.hasPrefix("RUN ") ? step.dropFirst(4) : step[...]).hasPrefix("|")
    let command = step.firstRange(of: " /bin/")?.lowerBound ?? step.endIndex
    let end = step.utf8.distance(from: step.startIndex, to: command)
    return unique(found) { one in
      guard one.kind == nil, let name = one.name.map(DisplayText.escape) else {
        return "a step of the history \(holds(one))"
      }
      if let instruction { return "\(instruction)\(name) is recorded with its value" }
      if isArguments, one.range.upperBound <= end {
        return "the build argument \(name) is recorded with its value"
      }
      return "a step of the history sets \(name) to a secret"
    }.map { violation($0.message, at: place, of: $0.one, evidence: .history) }
  }

  private static func violations(
    _ found: some Sequence<SecretText.Found>, _ owner: String, at place: Place,
    about subject: Finding.Subject? = nil
  ) -> [Violation] {
    unique(found) { "\(owner) \(holds($0))" }.map {
      violation(
        $0.message, at: place, about: subject, of: $0.one, evidence: evidence(place))
    }
  }

  private static func evidence(_ place: Place) -> Evidence {
    if case .history = place { .history } else { .config }
  }

  /// Each message once.
  private static func unique(
    _ found: some Sequence<SecretText.Found>, _ message: (SecretText.Found) -> String
  ) -> [(one: SecretText.Found, message: String)] {
    var seen: Set<String> = []
    return found.map { ($0, message($0)) }.filter { seen.insert($0.1).inserted }
  }

  private static func holds(_ found: SecretText.Found) -> String {
    guard let kind = found.kind else { return "holds a secret" }
    return "holds \(SecretContents.article(kind.title)) \(kind.title) "
      + "(\(kind.id), sha256 \(found.fingerprint)…)"
  }

  private static func violation(
    _ message: String, at place: Place, about subject: Finding.Subject? = nil,
    of found: SecretText.Found, evidence: Evidence
  ) -> Violation {
    Violation(
      message: message, at: place, about: subject,
      fix:
        "mount it while building (`RUN --mount=type=secret,id=…`) or set it when the container starts; then change "
        + "the secret, for this image has shown it",
      evidence: evidence, atMost: found.kind?.severity,
      fingerprint: found.fingerprint.isEmpty ? nil : found.fingerprint)
  }

  private static func assignment(_ text: String) -> (name: String, value: String) {
    guard let equals = text.firstIndex(of: "=") else { return (text, "") }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}
