import ForgeBasics
import ForgeInspection

/// One breach of a rule; the catalogue and the policy say how grave it is.
struct Violation {
  let message: String
  let location: String?
  let fix: String
  let evidence: Evidence
  /// Lowers the severity where the evidence is weaker than usual.
  var atMost: Severity?
}

/// The rules, by their id in the catalogue. Each is a pure function of what was found in the image.
enum ImageRules {
  typealias Check = @Sendable (Inspection, Policy) -> [Violation]

  static let all: [(id: String, check: Check)] = [
    ("FORGE-S001", size),
    ("FORGE-I001", { inspection, _ in UserRules.root(inspection) }),
    ("FORGE-I002", { inspection, _ in UserRules.outOfRange(inspection) }),
    ("FORGE-I003", { inspection, _ in UserRules.unresolvable(inspection) }),
    ("FORGE-I004", healthcheck),
    ("FORGE-I005", leftovers),
    ("FORGE-I006", setuid),
    ("FORGE-I008", { inspection, _ in SecretVariables.check(inspection) }),
    ("FORGE-I009", { inspection, _ in SecretFiles.check(inspection) }),
    ("FORGE-I010", { inspection, _ in SecretContents.check(inspection) }),
    ("FORGE-I012", { inspection, _ in UserRules.secondRoot(inspection) }),
    ("FORGE-I014", volumes),
    ("FORGE-I019", ports),
    ("FORGE-I021", shellForm),
    ("FORGE-I024", worldWritable),
    ("FORGE-I032", developmentServer),
    ("FORGE-I033", onBuild),
  ]

  private static func size(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let bytes = inspection.sizes[policy.metric]
    guard bytes > policy.maximumSize else { return [] }
    let over = bytes - policy.maximumSize
    let largest = inspection.largestFiles.prefix(3).map { "\($0.path) \(ByteCount.text($0.bytes))" }
    var advice: [String] = []
    if inspection.sizes.wasted > 0, policy.metric == .stored || policy.metric == .unpacked {
      let enough = inspection.sizes.wasted >= over ? ", which alone would be enough" : ""
      advice.append(
        "do not store what later layers hide (\(ByteCount.text(inspection.sizes.wasted))\(enough); `forge inspect` "
          + "names the steps)")
    }
    if let layer = inspection.layers.max(by: { $0.stored < $1.stored }) {
      advice.append(
        "the largest layer is layer \(layer.index), \(ByteCount.text(layer.stored))"
          + (layer.createdBy.map { ", made by `\(Self.short($0))`" } ?? ""))
    }
    return [
      Violation(
        message:
          "\(policy.metric.rawValue) size is \(ByteCount.text(bytes)), \(ByteCount.text(over)) over the limit of "
          + "\(ByteCount.text(policy.maximumSize))"
          + (largest.isEmpty ? "" : "; largest files: " + largest.joined(separator: ", ")),
        location: nil, fix: advice.joined(separator: "; ") + "; or raise `size.max` in forge.yaml", evidence: .file)
    ]
  }

  private static func healthcheck(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let config = inspection.details.config
    guard !config.hasHealthcheck else { return [] }
    return [
      Violation(
        message: config.isDockerFormat
          ? "no HEALTHCHECK" : "no HEALTHCHECK (the OCI image format cannot carry one; build with `--format docker`)",
        location: "config.Healthcheck",
        fix: #"add HEALTHCHECK CMD ["…"] in exec form to the last stage, or rely on Kubernetes' probes"#,
        evidence: .config)
    ]
  }

  /// Folders whose content is only an index or a cache of a package manager.
  private static let caches: [(folder: String, fix: String)] = [
    ("var/lib/apt/lists/", "end the same RUN with `rm -rf /var/lib/apt/lists/*`"),
    (
      "var/cache/apt/",
      "mount a cache: `RUN --mount=type=cache,target=/var/cache/apt …`, or `apt-get clean` in that RUN"
    ),
    ("var/cache/apk/", "use `apk add --no-cache`"),
    ("root/.cache/pip/", "use `RUN --mount=type=cache,target=/root/.cache/pip …` or `pip install --no-cache-dir`"),
    ("root/.cache/uv/", "use `RUN --mount=type=cache,target=/root/.cache/uv …`"),
    ("root/.npm/_cacache/", "use `RUN --mount=type=cache,target=/root/.npm …`"),
    ("usr/local/share/.cache/yarn/", "use `RUN --mount=type=cache,target=/usr/local/share/.cache/yarn …`"),
    ("var/cache/dnf/", "end the same RUN with `dnf clean all`"),
    ("var/cache/yum/", "end the same RUN with `yum clean all`"),
  ]

  private static func leftovers(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    struct Place: Hashable {
      let cache: Int
      let layer: Int
    }
    var bytes: [Place: Int64] = [:]
    for file in inspection.details.files where file.kind == .regular && file.size > 0 {
      if let cache = caches.firstIndex(where: { file.path.starts(with: $0.folder.utf8) }) {
        bytes[Place(cache: cache, layer: file.layer), default: 0] += file.size
      }
    }
    // A lock file or an empty index is not worth a word.
    return bytes.filter { $0.value >= 100_000 }.map { place, size in
      let folder = caches[place.cache].folder
      return Violation(
        message: "\(ByteCount.text(size)) of package lists or caches in /\(folder.dropLast())",
        location: "layer \(place.layer): \(folder)", fix: caches[place.cache].fix, evidence: .file)
    }
  }

  private static func setuid(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    byLayer(inspection.details.files.filter { $0.visible && $0.kind == .regular && $0.mode & 0o6000 != 0 }) {
      Violation(
        message: "\(names($0)) \($0.count == 1 ? "is" : "are") setuid or setgid", location: place($0),
        fix: "`RUN chmod a-s …` in the stage that installs them, or run with `allowPrivilegeEscalation: false`",
        evidence: .file)
    }
  }

  /// One violation a layer, from the files of each, in order.
  private static func byLayer(
    _ files: [FileInstance], _ violation: ([FileInstance]) -> Violation
  ) -> [Violation] {
    Dictionary(grouping: files, by: \.layer).sorted { $0.key < $1.key }.map { violation($0.value) }
  }

  /// `a, b, c and 8 more`.
  private static func names(_ files: [FileInstance]) -> String {
    let shown = files.prefix(3).map { "/" + DisplayText.escape($0.path) }.joined(separator: ", ")
    return files.count > 3 ? "\(shown) and \(files.count - 3) more" : shown
  }

  private static func place(_ files: [FileInstance]) -> String? {
    files.first.map { "layer \($0.layer): \(DisplayText.escape($0.path))" }
  }

  private static func volumes(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let system: Set = ["/", "/dev", "/proc", "/sys", "/etc", "/var/run/docker.sock", "/run/docker.sock"]
    return inspection.details.config.volumes.filter { volume in
      system.contains(volume.count > 1 && volume.hasSuffix("/") ? String(volume.dropLast()) : volume)
    }.map {
      Violation(
        message: "VOLUME \(DisplayText.escape($0)) covers a system folder", location: "config.Volumes",
        fix: "remove it from the Dockerfile", evidence: .config)
    }
  }

  private static func ports(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    inspection.details.config.exposedPorts.filter { $0 == "22" || $0.hasPrefix("22/") }.map { _ in
      Violation(
        message: "port 22 is exposed", location: "config.ExposedPorts", fix: "remove `EXPOSE 22` and the SSH server",
        evidence: .config)
    }
  }

  private static func shellForm(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    [("ENTRYPOINT", inspection.image.entrypoint), ("CMD", inspection.image.cmd)].compactMap { name, words in
      let isShell = words.count >= 2 && ["sh", "bash", "ash"].contains(Self.baseName(words[0])) && words[1] == "-c"
      // `sh -c "exec …"` hands process 1 over.
      guard isShell, !(words.count > 2 && words[2].hasPrefix("exec ")) else { return nil }
      return Violation(
        message: "\(name) runs through a shell, which does not pass on SIGTERM", location: "config.\(name.capitalized)",
        fix: #"write it in exec form: \#(name) ["program", "argument"]"#, evidence: .config)
    }
  }

  private static func worldWritable(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let files = inspection.details.files.filter {
      $0.visible && $0.mode & 0o002 != 0
        && ($0.kind == .regular || ($0.kind == .directory && $0.mode & 0o1000 == 0))
    }
    return byLayer(files) {
      Violation(
        message: "\(names($0)) may be written by everyone", location: place($0),
        fix: "`chmod o-w …` in the step that makes them", evidence: .file)
    }
  }

  private static func developmentServer(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let words = inspection.image.entrypoint + inspection.image.cmd
    let line = words.joined(separator: " ")
    let programs = words.map { Self.baseName($0) }
    func follows(_ program: String, _ argument: String) -> Bool {
      zip(programs, words.dropFirst()).contains { $0 == program && $1 == argument }
    }
    let reason: String? =
      if follows("next", "dev") || line.contains("npm run dev") || line.contains("next dev") {
        "`next dev`"
      } else if words.contains("--reload") || line.contains(" --reload") {
        "`--reload`"
      } else if follows("fastapi", "dev") {
        "`fastapi dev`"
      } else {
        nil
      }
    return reason.map {
      [
        Violation(
          message: "the command starts a development server (\($0))", location: "config.Cmd",
          fix: "start the production server: `node server.js`, or `uvicorn` without `--reload`", evidence: .config)
      ]
    } ?? []
  }

  private static func onBuild(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    inspection.details.history.enumerated().filter { BuildStep.short($1.createdBy).hasPrefix("ONBUILD ") }.map {
      Violation(
        message: "ONBUILD trigger: \(Self.short($1.createdBy))", location: "history[\($0)]",
        fix: "remove the ONBUILD instruction", evidence: .history)
    }
  }

  /// The start of a build step, for a message.
  static func short(_ step: String) -> String {
    let text = BuildStep.short(step)
    return text.count > 80 ? text.prefix(79) + "…" : text
  }

  static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
