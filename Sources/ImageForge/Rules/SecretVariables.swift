import ForgeBasics
import ForgeInspection

/// Secrets in `config.Env`, and in the build arguments that engines record in the history.
enum SecretVariables {
  /// The words by which BuildKit's check SecretsUsedInArgOrEnv knows a secret, between `_` or the ends.
  private static let secretWords: Set<String> = [
    "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
  ]
  private static let harmlessWords = ["public", "file", "version"]

  /// Whether a variable of this name holds a secret, as BuildKit judges.
  static func isSecretName(_ name: String) -> Bool {
    let lower = name.lowercased()
    guard !harmlessWords.contains(where: lower.contains) else { return false }
    return lower.split(separator: "_").contains { secretWords.contains(String($0)) }
  }

  static func check(_ inspection: Inspection) -> [Violation] {
    let environment = inspection.details.config.environment.compactMap { entry -> Violation? in
      guard let (name, value) = assignment(entry), isSecret(name, value) else { return nil }
      return violation("ENV \(name) holds a secret", at: "config.Env", evidence: .config)
    }
    let history = inspection.details.history.enumerated().flatMap { index, step in
      recorded(step.createdBy).filter { isSecret($0.name, $0.value) }.map {
        violation(
          "the build argument \($0.name) is recorded with its value", at: "history[\(index)]", evidence: .history)
      }
    }
    return environment + history
  }

  private static func violation(_ message: String, at location: String, evidence: Evidence) -> Violation {
    Violation(
      message: message, location: location,
      fix: "mount it while building (`RUN --mount=type=secret,id=…`) or set it when the container starts; then change "
        + "the secret, for this image has shown it",
      evidence: evidence)
  }

  private static func isSecret(_ name: String, _ value: String) -> Bool {
    guard isSecretName(name), !value.isEmpty else { return false }
    // The fingerprint of the key that signs Python's releases: public, in every official Python image.
    return !(name == "GPG_KEY" && value.count == 40 && value.allSatisfy(\.isHexDigit))
  }

  /// `|2 NAME=value NAME=value /bin/sh -c …`, with or without `RUN ` in front: the arguments of a RUN step.
  private static func recorded(_ step: String) -> [(name: String, value: String)] {
    let text = step.hasPrefix("RUN ") ? step.dropFirst(4) : step[...]
    guard text.first == "|", let count = Int(text.dropFirst().prefix { $0.isNumber }), count > 0 else { return [] }
    // Values may hold spaces; the name is what counts, and the word before each `=`.
    return text.split(separator: " ").dropFirst().prefix { !$0.hasPrefix("/bin/") }
      .compactMap { assignment(String($0)) }
  }

  private static func assignment(_ text: String) -> (name: String, value: String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    return (DisplayText.escape(String(text[..<equals])), String(text[text.index(after: equals)...]))
  }
}
