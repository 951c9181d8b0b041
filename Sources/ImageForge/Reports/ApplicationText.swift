import ForgeBasics
import ForgeWorkloads

extension Application {
  /// What `forge chart --explain` prints for people.
  package func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for component in components { component.write(to: &layout) }
    writeConnections(to: &layout)
    if !unknowns.isEmpty {
      layout.heading("not known")
      for unknown in unknowns {
        layout.paragraph(
          DisplayText.escape("\(unknown.service): \(unknown.what). \(unknown.instead)"), label: "  "
        )
        if let source = unknown.sources.first {
          layout.line("    at " + DisplayText.escape(source))
        }
      }
    }
    return layout.text
  }

  /// What `forge chart --connections` prints for people.
  package func connectionText(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    writeConnections(to: &layout)
    return layout.text
  }

  private func writeConnections(to layout: inout TextLayout) {
    layout.heading("connections")
    for connection in connections {
      let ports = connection.ports.map { "\($0.transport.rawValue) \($0.number)" }
      layout.line(
        DisplayText.escape(
          "  \(connection.from.name) → \(connection.to.name)  \(ports.joined(separator: ", "))"
            + "  \(connection.purpose.rawValue)"))
      guard let source = connection.sources.first(where: \.isCode) ?? connection.sources.first
      else { continue }
      layout.paragraph(
        DisplayText.escape("\(connection.reason) (\(source))"), label: "      ")
    }
  }
}

extension Component {
  fileprivate func write(to layout: inout TextLayout) {
    layout.heading("\(name)  (\(kind.rawValue), \(DisplayText.escape(tool)))")
    for (name, words) in facts {
      let label = "  \(name)" + String(repeating: " ", count: max(1, 11 - name.count))
      layout.paragraph(DisplayText.escape(words), label: label)
    }
    guard !environment.isEmpty else { return }
    layout.line()
    layout.table(
      environment.map { variable in
        [
          variable.name, variable.origin.rawValue, variable.shownValue,
          DisplayText.escape(variable.sources.first(where: \.isCode) ?? variable.reason),
        ]
      }, aligned: [.left, .left, .left, .path],
      header: ["ENVIRONMENT", "FROM", "VALUE", "READ AT"])
  }

  private var facts: [(String, String)] {
    var build = ""
    if let target = image.target { build = "  (build it with --target \(target))" }
    var rows = [
      ("image", image.repository + build),
      ("command", command.joined(separator: " ")),
      ("user", "\(user):\(group)"),
      ("replicas", "\(replicas.count), \(replicas.strategy.rawValue): \(replicas.reason)"),
      (
        "resources",
        "\(resources.cpuRequest) CPU, \(resources.memoryRequest) to \(resources.memoryLimit): "
          + "the defaults of a \(resources.defaultsOf), not measured"
      ),
      ("shutdown", "\(shutdown.gracePeriodSeconds) s: \(shutdown.reason)"),
    ]
    for port in ports { rows.append(("port", "\(port.number) (\(port.name))")) }
    if let probes {
      for (name, probe) in [
        ("startup", probes.startup), ("readiness", probes.readiness), ("liveness", probes.liveness),
      ] {
        rows.append((name, "\(probe.path ?? "TCP"): \(probe.reason)"))
      }
    }
    for mount in writable {
      rows.append(("writes", "\(mount.path) (\(mount.lifetime.rawValue)): \(mount.reason)"))
    }
    if let exposure {
      rows.append(("public", "\(exposure.paths.joined(separator: " ")): \(exposure.reason)"))
    }
    return rows
  }
}

extension ComponentVariable {
  /// What stands in the column VALUE: what it is, or whether one must be given.
  fileprivate var shownValue: String {
    if let value { return DisplayText.escape(value) }
    if let component { return "→ " + component }
    if requirement == .required { return "required" }
    if let known = self.default { return "= " + DisplayText.escape(known) }
    if requirement == .unknown { return "not known" }
    return "optional"
  }
}

extension String {
  /// Whether a place is of code, and of no example of an environment.
  fileprivate var isCode: Bool { !contains(".env") }
}
