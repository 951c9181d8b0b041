import ForgeSecrets

/// Compares what a container is started with.
enum SettingComparison {
  static func settings(_ old: Inspection, _ new: Inspection) -> [ImageDiff.Setting] {
    let (before, after) = (all(old), all(new))
    let added = after.filter { row in !before.contains { $0.name == row.name } }
    return (before + added).compactMap { row in
      let now = after.first { $0.name == row.name }?.value ?? ""
      let was = before.first { $0.name == row.name }?.value ?? ""
      guard was != now else { return nil }
      let shown = row.shown(was)
      var shownNow = row.shown(now)
      if shown == shownNow { shownNow += " (another value)" }
      return ImageDiff.Setting(name: row.name, old: shown, new: shownNow)
    }
  }

  /// One setting of one image.
  private struct Row {
    let name: String
    let value: String
    /// Of a variable or label: its own name, which tells whether its value is a secret.
    var key: String?

    /// A value as it may be printed.
    func shown(_ value: String) -> String {
      guard let key else { return SecretText.masked(value) }
      guard SecretText.found(name: key, value: value).isEmpty else { return "***" }
      return value
    }
  }

  private static func all(_ inspection: Inspection) -> [Row] {
    let (image, config) = (inspection.image, inspection.details.config)
    let fields = [
      Row(name: "user", value: image.user),
      Row(name: "entrypoint", value: image.entrypoint.joined(separator: " ")),
      Row(name: "cmd", value: image.cmd.joined(separator: " ")),
      Row(name: "platform", value: image.platform),
      Row(name: "working directory", value: config.workingDirectory),
      Row(name: "ports", value: config.exposedPorts.sorted().joined(separator: " ")),
      Row(name: "volumes", value: config.volumes.sorted().joined(separator: " ")),
      Row(name: "stop signal", value: config.stopSignal),
      Row(name: "health check", value: config.healthcheck),
      Row(name: "onbuild", value: config.onBuild.joined(separator: "; ")),
    ]
    let variables = config.environment.map { entry in
      let name = String(entry.prefix { $0 != "=" })
      let value = String(entry.dropFirst(name.count + 1))
      return Row(name: "env \(name)", value: value, key: name)
    }
    let labels = config.labels.sorted { $0.key < $1.key }.map {
      Row(name: "label \($0.key)", value: $0.value, key: $0.key)
    }
    return fields + variables + labels
  }
}
