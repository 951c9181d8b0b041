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
    return inspection.details.config.volumes.filter { system.contains(RuleText.cleanPath($0)) }.map
    {
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
    // An OCI layout may name an image by its tag alone (image-spec, annotations.md).
    let image = inspection.image
    let isLatest = image.bareTag.map { $0 == "latest" } ?? image.reference.map(isMoving) ?? false
    if let reference = image.reference, isLatest {
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
      || inspection.image.isWindows
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
    guard !folder.isEmpty, !folder.hasPrefix("/"), !inspection.image.isWindows else { return [] }
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
      // `sh -c "… && exec …"` hands process 1 over.
      guard isShell, !(words.count > 2 && ShellText.endsWithExec(words[2])) else { return nil }
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
    /// Whether a file lies where everyone may write.
    func mayOthersWrite(_ path: String) -> Bool {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
      return folder == "/tmp" || folder.hasPrefix("/tmp/") || folder == "/var/tmp"
        || folder == "/dev/shm" || open.contains(folder)
    }
    let preload = inspection.details.files.first {
      $0.visible && $0.kind != .directory && $0.size > 0
        && $0.path.elementsEqual("etc/ld.so.preload".utf8)
    }
    let preloaded = preload.map {
      Violation(
        message: "/etc/ld.so.preload loads a library into every program", at: $0.place,
        fix: "remove it, and start only the program that needs the library with LD_PRELOAD",
        evidence: .file)
    }
    let variables = inspection.details.config.environment
    return [preloaded].compactMap(\.self)
      + variables.flatMap { entry -> [Violation] in
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        guard parts.count == 2 else { return [] }
        let (name, value) = (parts[0], parts[1])
        let elements = value.split(separator: ":", omittingEmptySubsequences: false).map(
          String.init)
        switch name {
        case "PATH", "PYTHONPATH", "NODE_PATH", "LD_LIBRARY_PATH":
          // Drives and semicolons are another language.
          guard !inspection.image.isWindows else { return [] }
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
        case "LD_PRELOAD" where !value.isEmpty, "LD_AUDIT" where !value.isEmpty,
          "BASH_ENV" where !value.isEmpty, "ENV" where value.hasPrefix("/"):
          return [
            violation(
              .variable(name),
              "\(name) loads \(DisplayText.escape(value)) into \(Self.programs(loadedBy: name))",
              "start only the program that needs it so",
              atMost: mayOthersWrite(value) ? nil : .info)
          ]
        case "NODE_OPTIONS" where value.contains("--inspect"):
          return [
            violation(.variable(name), "NODE_OPTIONS opens Node's debugger", "remove --inspect")
          ]
        case "NODE_OPTIONS":
          return Self.loaded(byNodeOptions: value).map { module in
            violation(
              .variable(name),
              "NODE_OPTIONS loads \(DisplayText.escape(module)) into every program of Node",
              "start only the program that needs it so",
              atMost: mayOthersWrite(module) ? nil : .info)
          }
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

  private static func programs(loadedBy variable: String) -> String {
    switch variable {
    case "BASH_ENV", "ENV": "every shell script"
    default: "every program"
    }
  }

  /// What `--require`, `-r`, `--import` and `--loader` of Node name.
  private static func loaded(byNodeOptions value: String) -> [String] {
    let words = value.split(whereSeparator: \.isWhitespace).map(String.init)
    let options = ["--require", "-r", "--import", "--loader", "--experimental-loader"]
    return words.indices.compactMap { index in
      let word = words[index]
      if options.contains(word) { return words.dropFirst(index + 1).first }
      guard let sign = word.firstIndex(of: "="), options.contains(String(word[..<sign])) else {
        return nil
      }
      return String(word[word.index(after: sign)...])
    }
  }

  static func developmentServer(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let reason = DevelopmentServers.table.reason(inspection.image.entrypoint + inspection.image.cmd)
    var violations: [Violation] = []
    if let reason {
      violations.append(
        Violation(
          message: "the command starts a development server (`\(reason)`)", at: .config(.command),
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
