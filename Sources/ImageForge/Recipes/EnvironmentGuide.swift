import ForgeBasics
import ForgeCodebase
import ForgeTemplates
import ForgeWorkloads

/// `ENVIRONMENT.md`: every variable of a service, and how to pass it. Never the value of a secret.
struct EnvironmentGuide {
  let checks: ServiceChecks
  private var service: Service { checks.service }

  private struct Row {
    let name: String
    let scope: String
    let required: String
    let fallback: String
    let sources: String
    /// A value for an example in YAML.
    let example: String
    /// What the build gets where nobody passes a value.
    let placeholder: String
  }

  private struct PlatformRow {
    let name: String
    let value: String
    let meaning: String
  }

  private struct Values {
    let name: String
    let secretName: String
    let variables: [Row]
    let hasVariables: Bool
    let buildPublic: [Row]
    let hasBuildPublic: Bool
    let refused: [Row]
    let buildSecret: [Row]
    let hasBuildSecret: Bool
    let placeholders: [Row]
    let hasPlaceholders: Bool
    let keepsActions: Bool
    let runtime: [Row]
    let hasRuntime: Bool
    let runtimeSecret: [Row]
    let hasRuntimeSecret: Bool
    let platform: [PlatformRow]
    let hasPlatform: Bool
  }

  func text() throws(RecipeError) -> String {
    func rows(_ wanted: VariableDelivery) -> [Row] {
      rows { $0.delivery == wanted }
    }
    func rows(_ isWanted: (EnvironmentVariable) -> Bool) -> [Row] {
      service.environment.filter(isWanted).sorted { $0.name < $1.name }.map(row)
    }
    let all = [
      VariableDelivery.buildArgument, .refused, .buildSecret, .runtime, .runtimeSecret, .platform,
    ]
    .map(rows)
    let groups = all.map { $0.filter { Self.isPassable($0.name) } }
    let placeholders = rows { $0.buildPlaceholder != nil }
    // What the build reads and the container reads again.
    let both = service.environment.filter { $0.isAlsoReadAtRunTime && Self.isPassable($0.name) }
    // What only turns a check off while building is not for the container.
    let switches = Set(placeholders.filter { $0.required == "no" }.map(\.name))
    let runtime =
      groups[3].filter { !switches.contains($0.name) }
      + both.filter { $0.delivery == .buildArgument }.map(row)
    let runtimeSecret = groups[4] + both.filter { $0.delivery == .buildSecret }.map(row)
    return try checks.template("environment.md.mustache").render(
      Values(
        name: Self.code(service.name),
        secretName: "\(Self.code(service.name))-secrets",
        variables: all.flatMap { $0 }, hasVariables: !service.environment.isEmpty,
        buildPublic: groups[0], hasBuildPublic: !groups[0].isEmpty,
        refused: all[1],
        buildSecret: groups[2], hasBuildSecret: !groups[2].isEmpty,
        placeholders: placeholders, hasPlaceholders: !placeholders.isEmpty,
        keepsActions: groups[2].contains { $0.name == "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY" },
        runtime: runtime, hasRuntime: !runtime.isEmpty,
        runtimeSecret: runtimeSecret, hasRuntimeSecret: !runtimeSecret.isEmpty,
        platform: platform(), hasPlatform: !platform().isEmpty))
  }

  private func row(_ variable: EnvironmentVariable) -> Row {
    let isSecret = [VariableDelivery.buildSecret, .runtimeSecret, .refused].contains(
      variable.delivery)
    var fallback: String?
    if !isSecret { fallback = variable.default }
    var scope = variable.scope
    if variable.delivery == .buildSecret { scope = .buildSecret }
    return Row(
      name: Self.code(variable.name), scope: scope.rawValue,
      required: Self.word(variable.requirement), fallback: Self.shown(fallback),
      sources: variable.sources.map { "`\(Self.code(inService($0)))`" }.joined(separator: ", "),
      example: Self.yaml(fallback ?? "VALUE"),
      placeholder: Self.code(variable.buildPlaceholder ?? ""))
  }

  private static func word(_ requirement: EnvironmentVariable.Requirement) -> String {
    switch requirement {
    case .required: "yes"
    case .optional: "no"
    case .unknown: "not known"
    }
  }

  private static func shown(_ fallback: String?) -> String {
    guard let fallback else { return "" }
    if fallback.isEmpty { return "empty" }
    return "`\(code(fallback))`"
  }

  /// A place relative to the service's folder, so that the guide is the same wherever the analysis began.
  private func inService(_ source: String) -> String {
    source.removing(prefix: service.path + "/")
  }

  private func platform() -> [PlatformRow] {
    let port = PlatformRow(
      name: "PORT", value: "\(service.port)", meaning: "The port that the server listens on")
    guard service.kind == .nextjs else {
      guard ["uvicorn", "fastapi"].contains(service.fastapi?.server) else { return [] }
      return [
        PlatformRow(
          name: "FORWARDED_ALLOW_IPS", value: "`127.0.0.1` unless set",
          meaning:
            "The proxies whose `X-Forwarded-*` headers uvicorn believes; behind an ingress, its addresses"
        ),
        PlatformRow(
          name: "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", value: "25",
          meaning:
            "Seconds until open requests are cut when the container stops; keep it below the grace period"
        ),
        PlatformRow(
          name: "PORT", value: "not read",
          meaning:
            "The server listens on the port that the image exposes, whatever the platform sets"),
        PlatformRow(
          name: "WEB_CONCURRENCY", value: "1 unless set",
          meaning: "Processes in one container; in Kubernetes, rather raise the number of replicas"),
      ]
    }
    return [
      PlatformRow(
        name: "HOSTNAME", value: "0.0.0.0",
        meaning: "Fixed by the image's command, whatever the platform sets"),
      PlatformRow(
        name: "KEEP_ALIVE_TIMEOUT", value: "unset",
        meaning: "Milliseconds; behind a load balancer, more than its own idle timeout"),
      port,
    ]
  }

  /// Text from the project inside a code span of a table: one line, and nothing that ends the span or the cell.
  private static func code(_ text: String) -> String {
    DisplayText.escape(String(text.prefix(300))).replacing("`", with: "'").replacing(
      "|", with: "\\|")
  }

  /// Whether the name can stand in a command and in a manifest.
  private static func isPassable(_ name: String) -> Bool {
    name.wholeMatch(of: /[A-Za-z_.-][A-Za-z0-9_.-]{0,199}/) != nil
  }

  /// A double-quoted YAML scalar, which a code block shows as it is.
  private static func yaml(_ text: String) -> String {
    let escaped = DisplayText.escape(String(text.prefix(300)))
    return "\"" + escaped.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
