import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// Rules whose evidence is the image's configuration.
enum ConfigRules {
  static func healthcheck(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let config = inspection.details.config
    guard !config.hasHealthcheck else { return [] }
    return [
      Violation(
        message: config.isDockerFormat
          ? "no HEALTHCHECK"
          : "no HEALTHCHECK (the OCI image format cannot carry one; build with `--format docker`)",
        at: .config(.healthcheck),
        fix:
          #"add HEALTHCHECK CMD ["…"] in exec form to the last stage, or rely on Kubernetes' probes"#,
        evidence: .config)
    ]
  }

  static func volumes(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let system: Set = [
      "/", "/dev", "/proc", "/sys", "/etc", "/var/run/docker.sock", "/run/docker.sock",
    ]
    return inspection.details.config.volumes.filter { volume in
      system.contains(
        volume.count > 1 && volume.hasSuffix("/") ? String(volume.dropLast()) : volume)
    }.map {
      Violation(
        message: "VOLUME \(DisplayText.escape($0)) covers a system folder",
        at: .config(.volumes),
        fix: "remove it from the Dockerfile", evidence: .config)
    }
  }

  static func tag(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    func isMoving(_ reference: String) -> Bool {
      guard !reference.contains("@") else { return false }
      let name = reference.split(separator: "/").last ?? ""
      return !name.contains(":") || name.hasSuffix(":latest")
    }
    var violations: [Violation] = []
    if let reference = inspection.image.reference, isMoving(reference) {
      violations.append(
        Violation(
          message:
            "the image is called \(DisplayText.escape(reference)): `latest` is another image tomorrow",
          at: .archive("reference"), fix: "tag it with a version or the commit", evidence: .archive)
      )
    }
    if let base = inspection.details.config.labels["org.opencontainers.image.base.name"],
      isMoving(base)
    {
      violations.append(
        Violation(
          message: "the base is \(DisplayText.escape(base)): `latest` is another image tomorrow",
          at: .config(.labels), fix: "write the version, or better the digest, in FROM",
          evidence: .config))
    }
    return violations
  }

  static func ports(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let isRoot =
      UserRules.resolve(inspection.image.user, passwd: inspection.details.passwd) == .uid(0)
    return inspection.details.config.exposedPorts.compactMap { entry in
      let numbers = entry.prefix { $0 != "/" }.split(separator: "-").map { Int($0) }
      let shown = DisplayText.escape(entry)
      func violation(
        _ message: String, _ fix: String, about subject: Finding.Subject? = nil,
        atMost: Severity? = nil
      ) -> Violation {
        Violation(
          message: message, at: .config(.exposedPorts), about: subject, fix: fix,
          evidence: .config, atMost: atMost)
      }
      guard let first = numbers.first.flatMap({ $0 }), let last = numbers.last.flatMap({ $0 }),
        (0...65535).contains(first), (0...65535).contains(last)
      else { return violation("\(shown) is no port", "EXPOSE a number from 1 to 65535") }
      if (first...max(first, last)).contains(22) {
        return violation(
          "port 22 is exposed", "remove `EXPOSE 22` and the SSH server", about: .port(22))
      }
      if first < 1024, !isRoot {
        return violation(
          "port \(shown) needs a privilege that the container's user may not have",
          "listen on a port from 1024, such as 8080, and map it in the Service", atMost: .info)
      }
      return nil
    }
  }

  static func workingDirectory(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let folder = inspection.details.config.workingDirectory
    guard !folder.isEmpty, !folder.hasPrefix("/") else { return [] }
    return [
      Violation(
        message: "WORKDIR \(DisplayText.escape(folder)) is relative",
        at: .config(.workingDirectory),
        fix: "write the whole path, such as WORKDIR /app", evidence: .config)
    ]
  }

  static func shellForm(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let commands: [(String, Place.ConfigField, [String])] = [
      ("ENTRYPOINT", .entrypoint, inspection.image.entrypoint),
      ("CMD", .command, inspection.image.cmd),
    ]
    return commands.compactMap { name, field, words in
      let shells = ["sh", "bash", "ash", "dash"]
      let isShell =
        words.count >= 2 && shells.contains(RuleText.lastComponent(words[0])) && words[1] == "-c"
      // `sh -c "exec …"` hands process 1 over.
      guard isShell, !(words.count > 2 && words[2].hasPrefix("exec ")) else { return nil }
      return Violation(
        message: "\(name) runs through a shell, which does not pass on SIGTERM",
        at: .config(field),
        fix: #"write it in exec form: \#(name) ["program", "argument"]"#, evidence: .config)
    }
  }

  static func environment(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    func violation(
      _ subject: Finding.Subject, _ message: String, _ fix: String, atMost: Severity? = nil
    ) -> Violation {
      Violation(
        message: message, at: .config(.environment), about: subject, fix: fix, evidence: .config,
        atMost: atMost)
    }
    let open = Set(
      inspection.details.files.filter {
        $0.visible && $0.kind == .directory && $0.mode & 0o002 != 0
      }.map { "/" + String(decoding: $0.path, as: UTF8.self) })
    return inspection.details.config.environment.flatMap { entry -> [Violation] in
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard parts.count == 2 else { return [] }
      let (name, value) = (parts[0], parts[1])
      let elements = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      switch name {
      case "PATH", "PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH":
        let bad =
          value.isEmpty
          ? [] : elements.filter { !$0.hasPrefix("/") || open.contains($0) || $0 == "/tmp" }
        return bad.map { element in
          violation(
            .pathElement(of: name),
            "\(name) holds \(element.isEmpty ? "an empty element" : DisplayText.escape(element)), where others may put "
              + "programs", "name only absolute folders that root alone may write to",
            atMost: name == "PATH" ? nil : .info)
        }
      case "LD_PRELOAD" where !value.isEmpty:
        return [
          violation(
            .variable(name), "LD_PRELOAD loads \(DisplayText.escape(value)) into every program",
            "start only the program that needs it so",
            atMost: .info)
        ]
      case "NODE_OPTIONS" where value.contains("--inspect"):
        return [
          violation(.variable(name), "NODE_OPTIONS opens Node's debugger", "remove --inspect")
        ]
      case "NODE_TLS_REJECT_UNAUTHORIZED" where value == "0":
        return [
          violation(
            .variable(name), "NODE_TLS_REJECT_UNAUTHORIZED=0 accepts any certificate",
            "add the missing authority instead")
        ]
      case "PYTHONHTTPSVERIFY" where value == "0":
        return [
          violation(
            .variable(name), "PYTHONHTTPSVERIFY=0 accepts any certificate",
            "add the missing authority instead")
        ]
      default: return []
      }
    }
  }

  static func developmentServer(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let words = inspection.image.entrypoint + inspection.image.cmd
    let line = words.joined(separator: " ")
    let programs = words.map { RuleText.lastComponent($0) }
    func follows(_ program: String, _ argument: String) -> Bool {
      zip(programs, words.dropFirst()).contains { $0 == program && $1 == argument }
    }
    func scripts(_ manager: String) -> Bool {
      line.contains("\(manager) run dev") || line.contains("\(manager) dev")
    }
    let reason: String? =
      if follows("next", "dev") || line.contains("next dev")
        || ["npm", "pnpm", "yarn", "bun"].contains(where: scripts)
      {
        "`next dev`"
      } else if words.contains("--reload") || line.contains(" --reload") {
        "`--reload`"
      } else if follows("fastapi", "dev") || line.contains("fastapi dev") {
        "`fastapi dev`"
      } else {
        nil
      }
    var violations: [Violation] = []
    if let reason {
      violations.append(
        Violation(
          message: "the command starts a development server (\(reason))", at: .config(.command),
          fix: "start the production server: `node server.js`, or `uvicorn` without `--reload`",
          evidence: .config))
    }
    for entry in inspection.details.config.environment {
      let value = entry.drop { $0 != "=" }.dropFirst().lowercased()
      if entry.hasPrefix("NODE_ENV="), value != "production" {
        violations.append(
          Violation(
            message: "NODE_ENV is \(DisplayText.escape(value)), not production",
            at: .config(.environment), about: .variable("NODE_ENV"),
            fix: "ENV NODE_ENV=production in the last stage", evidence: .config, atMost: .warning))
      } else if entry.hasPrefix("DEBUG=") || entry.hasPrefix("FLASK_DEBUG=")
        || entry.hasPrefix("FASTAPI_DEBUG="),
        ["1", "true", "yes", "on", "*"].contains(value)
      {
        violations.append(
          Violation(
            message: "\(entry.prefix { $0 != "=" }) is on", at: .config(.environment),
            about: .variable(String(entry.prefix { $0 != "=" })),
            fix: "remove it from the Dockerfile",
            evidence: .config, atMost: .warning))
      }
    }
    return violations
  }

  static func onBuild(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let triggers = inspection.details.config.onBuild
    if !triggers.isEmpty {
      return triggers.map {
        Violation(
          message: "ONBUILD trigger: \(RuleText.cut(DisplayText.escape(SecretText.masked($0))))",
          at: .config(.onBuild),
          fix: "remove the ONBUILD instruction", evidence: .config)
      }
    }
    // The trigger of a base has run by now, and is no longer in the config.
    return HistoryRules.steps(inspection) { $0.hasPrefix("ONBUILD ") }.map {
      $0.violation("ONBUILD trigger in the history", fix: "remove the ONBUILD instruction")
    }
  }
}
