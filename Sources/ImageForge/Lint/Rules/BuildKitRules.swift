import ForgeBasics
import ForgeSyntax

/// BuildKit's own checks under their public names (frontend/dockerfile/linter). Two are elsewhere: `CopyIgnoredFile`
/// among the rules of the context, and `InvalidBaseImagePlatform` needs the base image itself: a build says it.
extension LintRule {
  static let buildKit: [LintRule] = stages + spelling + values

  private static let stages: [LintRule] = [
    LintRule("StageNameCasing") { subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let name = stage.name, name != name.lowercased() else { return nil }
        return Hit(
          stage.from, of: subject, "the stage name \(name) is not in lower case",
          fix: "Write \(name.lowercased())")
      }
    },
    LintRule("FromAsCasing") { subject in
      subject.dockerfile.stages.compactMap { stage in
        let from = stage.from.spelling
        guard stage.name != nil, from == from.lowercased() || from == from.uppercased() else {
          return nil
        }
        let (written, right) = (stage.from.words[1], from == from.lowercased() ? "as" : "AS")
        guard written != right else { return nil }
        return Hit(
          stage.from, of: subject, "\(written) is not written like \(from)", fix: "Write \(right)")
      }
    },
    LintRule("DuplicateStageName") { subject in
      let stages = subject.dockerfile.stages
      return stages.compactMap { stage in
        guard let name = stage.name?.lowercased(),
          let first = stages.prefix(stage.index).first(where: { $0.name?.lowercased() == name })
        else { return nil }
        return Hit(
          stage.from, of: subject, "the stage name \(name) is taken by line \(first.from.line)",
          fix: "Give one of the two another name")
      }
    },
    LintRule("ReservedStageName") { subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let name = stage.name?.lowercased(), ["scratch", "context"].contains(name) else {
          return nil
        }
        return Hit(
          stage.from, of: subject, "\(name) is reserved", fix: "Give the stage another name")
      }
    },
    LintRule("RedundantTargetPlatform") { subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let platform = stage.from.value(of: "platform"),
          ["$TARGETPLATFORM", "${TARGETPLATFORM}"].contains(platform)
        else { return nil }
        return Hit(
          stage.from, of: subject, "--platform=\(platform) is the default",
          fix: "Remove the flag --platform")
      }
    },
    LintRule("FromPlatformFlagConstDisallowed") {
      subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let platform = stage.from.value(of: "platform"), !platform.contains("$") else {
          return nil
        }
        let parts = platform.lowercased().split(separator: "/").map(String.init)
        let names = parts.flatMap { [$0, architectures[$0] ?? $0] }
        guard !parts.isEmpty,
          !names.contains(where: { stage.name?.lowercased().contains($0) == true })
        else {
          return nil
        }
        return Hit(
          stage.from, of: subject,
          "--platform=\(platform) is constant: the file builds for that platform alone",
          fix: "Remove the flag and name the platform when building; or name the stage after it")
      }
    },
    LintRule("UndefinedArgInFrom") {
      subject in
      let declared = declaredArguments(subject.dockerfile) + platformArguments
      return subject.dockerfile.stages.flatMap { stage in
        let words = [stage.base] + stage.from.values(of: "platform")
        return unique(words.flatMap { variables(in: $0, subject) }).filter {
          !declared.contains($0)
        }.map { name in
          Hit(
            stage.from, of: subject,
            "FROM uses \(name), which no ARG above it declares\(hint(name, declared))",
            fix: "Declare it above the first FROM: ARG \(name)=VALUE")
        }
      }
    },
    LintRule("InvalidDefaultArgInFrom") {
      subject in
      var defaults: [String: String] = [
        "BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDARCH": "amd64",
        "BUILDVARIANT": "",
        "TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETARCH": "amd64",
        "TARGETVARIANT": "",
      ]
      func expanded(_ word: String) -> String? {
        DockerfileWords.expand(word, escape: subject.dockerfile.escape) { name in
          defaults[name].map { .known($0) } ?? .unset
        }
      }
      for argument in subject.dockerfile.preamble where argument.keyword == "ARG" {
        for (name, value) in subject.settings(of: argument) {
          if let value, let text = expanded(value) { defaults[name] = text }
        }
      }
      return subject.dockerfile.stages.compactMap { stage in
        guard let image = expanded(stage.base), !isReference(image) else { return nil }
        return Hit(
          stage.from, of: subject, "without build arguments \(stage.base) is no name of an image",
          fix: "Give the ARG a default, or write ${NAME:-default}")
      }
    },
    LintRule("InvalidDefinitionDescription", isExperimental: true) { subject in
      subject.dockerfile.instructions.compactMap { instruction in
        let names: [String]
        switch instruction.keyword {
        case "FROM":
          names =
            subject.dockerfile.stages.first { $0.from == instruction }?.name.map { [$0] } ?? []
        case "ARG": names = LintRule.names(setBy: instruction, subject)
        default: return nil
        }
        guard let comment = subject.dockerfile.comments(above: instruction.line).last,
          let name = names.first,
          !names.contains(String(comment.prefix { $0 != " " }))
        else { return nil }
        return Hit(
          instruction, of: subject,
          "the comment above does not describe \(names.joined(separator: ", "))",
          fix: "Begin it with `# \(name) `, or put an empty line below it")
      }
    },
  ]

  private static let spelling: [LintRule] = [
    LintRule("ConsistentInstructionCasing") { subject in
      let instructions = subject.dockerfile.stages.flatMap { [$0.from] + $0.instructions }
      let lower = instructions.count { $0.spelling == $0.spelling.lowercased() }
      let isLower = lower > instructions.count { $0.spelling == $0.spelling.uppercased() }
      return instructions.compactMap { instruction in
        let right = isLower ? instruction.spelling.lowercased() : instruction.spelling.uppercased()
        guard instruction.spelling != right else { return nil }
        return Hit(
          instruction, of: subject,
          "\(instruction.spelling) is not written like most instructions of the file",
          fix: "Write \(right)")
      }
    },
    LintRule("JSONArgsRecommended") { subject in
      var shells: Set<Int> = []
      return subject.dockerfile.stages.flatMap { stage in
        if let parent = subject.dockerfile.parent(of: stage),
          shells.contains(parent.index)
        {
          shells.insert(stage.index)
        }
        return stage.instructions.compactMap { instruction -> Hit? in
          if instruction.keyword == "SHELL" { shells.insert(stage.index) }
          guard ["CMD", "ENTRYPOINT"].contains(instruction.keyword), instruction.execForm == nil,
            !shells.contains(stage.index)
          else { return nil }
          return Hit(
            instruction, of: subject,
            "\(instruction.keyword) in shell form: the program is a child of /bin/sh and gets no SIGTERM",
            fix: "Write the exec form: \(instruction.keyword) [\"program\", \"argument\"]"
              + withheld(whyShellStays(instruction, subject)))
        }
      }
    },
    LintRule("MaintainerDeprecated") { subject in
      subject.dockerfile.instructions.filter { $0.keyword == "MAINTAINER" }.map { instruction in
        Hit(
          instruction, of: subject, "MAINTAINER is deprecated",
          fix: "Write LABEL org.opencontainers.image.authors=\"\(instruction.arguments)\"")
      }
    },
    LintRule("MultipleInstructionsDisallowed") { subject in
      subject.dockerfile.stages.flatMap { stage in
        ["CMD", "ENTRYPOINT", "HEALTHCHECK"].flatMap { keyword in
          stage.instructions.filter { $0.keyword == keyword }.dropLast().map { instruction in
            Hit(
              instruction, of: subject, "a later \(keyword) of the same stage replaces this one",
              fix: "Remove it")
          }
        }
      }
    },
    LintRule("LegacyKeyValueFormat") {
      subject in
      subject.dockerfile.instructions.compactMap { instruction in
        guard ["ENV", "LABEL"].contains(instruction.keyword),
          let first = DockerfileWords.split(
            instruction.arguments, escape: subject.dockerfile.escape
          ).first,
          !first.contains("=")
        else { return nil }
        return Hit(
          instruction, of: subject,
          "\(instruction.keyword) \(first) has its value behind white space",
          fix: "Write \(instruction.keyword) \(first)=\"…\"")
      }
    },
    LintRule("WorkdirRelativePath") {
      subject in
      var set: Set<Int> = []
      return subject.dockerfile.stages.flatMap { stage in
        if let parent = subject.dockerfile.parent(of: stage),
          set.contains(parent.index)
        {
          set.insert(stage.index)
        }
        return stage.instructions.filter { $0.keyword == "WORKDIR" }.compactMap {
          instruction -> Hit? in
          guard set.insert(stage.index).inserted, !instruction.arguments.hasPrefix("/"),
            !instruction.arguments.hasPrefix("\"/"), !instruction.arguments.hasPrefix("$")
          else { return nil }
          return Hit(
            instruction, of: subject,
            "\(instruction.arguments) lies in whatever folder the base image works in",
            fix: "Write an absolute path: WORKDIR /\(instruction.arguments)")
        }
      }
    },
    LintRule("ExposeProtoCasing") { subject in
      ports(subject) { port in
        guard let name = port.split(separator: "/").dropFirst().last, name != name.lowercased()
        else { return nil }
        return ("the protocol of \(port) is not in lower case", "Write \(port.lowercased())")
      }
    },
    LintRule("ExposeInvalidFormat") {
      subject in
      ports(subject) { port in
        guard port.contains(":") else { return nil }
        let own = port.split(separator: ":").last.map(String.init) ?? ""
        return ("\(port) names more than a port of the container", "Write EXPOSE \(own)")
      }
    },
  ]

  private static let values: [LintRule] = [
    LintRule("SecretsUsedInArgOrEnv") {
      subject in
      subject.dockerfile.stages.flatMap { stage in
        stage.instructions.flatMap { instruction in
          names(setBy: instruction, subject).filter(saysSecret).map { name in
            Hit(
              instruction, of: subject,
              "\(instruction.keyword) \(name) looks like a secret, and stays in the image",
              fix: secretFix(name, subject))
          }
        }
      }
    },
    LintRule("UndefinedVar") { subject in
      undefinedVariables(subject)
    },
  ]

  // MARK: Parts

  private static func secretFix(_ name: String, _ subject: LintSubject) -> String {
    let fix =
      "Build with a secret mount, RUN --mount=type=secret,id=\(name); run with the value from "
      + "outside"
    guard case .leave(let why) = SecretPlan.of(name, in: subject) else { return fix }
    return fix + withheld(why)
  }

  /// What a fix says where `--fix` leaves the line as it is.
  static func withheld(_ why: String?) -> String {
    why.map { "; not done by --fix: \($0)" } ?? ""
  }

  /// Why a shell form stays as it is; nil where its exec form starts the same.
  static func whyShellStays(_ instruction: DockerfileInstruction, _ subject: LintSubject)
    -> String?
  {
    guard let stage = subject.dockerfile.stages.last(where: { $0.from.line <= instruction.line })
    else { return nil }
    let others = subject.dockerfile.chain(of: stage).flatMap(\.instructions)
    if instruction.keyword == "ENTRYPOINT",
      let command = others.first(where: { $0.keyword == "CMD" })
    {
      return "the exec form would be given the words of CMD in line \(command.line)"
    }
    if instruction.keyword == "CMD", let entry = others.last(where: { $0.keyword == "ENTRYPOINT" }),
      let words = entry.execForm,
      !StartCommand.wrappers.contains(ShellCommand(words: words).program)
    {
      return "what the program of line \(entry.line) does with its words is not known"
    }
    guard ExecForm.text(instruction.arguments) == nil else { return nil }
    return "the line needs its shell; write a script whose last command begins with exec"
  }

  private static let architectures = ["x86_64": "amd64", "aarch64": "arm64"]

  private static let platformArguments = [
    "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT", "TARGETSTAGE",
  ]

  /// Whether a name says that its value is a secret, by BuildKit's own words
  /// (frontend/dockerfile/linter, `SecretsUsedInArgOrEnv`), so that both say the same. `SecretName` is the list that
  /// forge itself goes by.
  static func saysSecret(_ name: String) -> Bool {
    let words = Set(name.lowercased().split(separator: "_"))
    let secret: Set<Substring> = [
      "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret",
      "token",
    ]
    return !words.isDisjoint(with: secret) && words.isDisjoint(with: ["public", "file", "version"])
  }

  private static func names(setBy instruction: DockerfileInstruction, _ subject: LintSubject)
    -> [String]
  {
    subject.settings(of: instruction).map(\.name)
  }

  private static func declaredArguments(_ file: DockerfileSyntax) -> [String] {
    file.preamble.filter { $0.keyword == "ARG" }.flatMap { argument in
      DockerfileWords.split(argument.arguments, escape: file.escape).map {
        String($0.prefix { $0 != "=" })
      }
    }
  }

  private static func variables(in word: String, _ subject: LintSubject) -> [String] {
    DockerfileWords.variables(in: word, escape: subject.dockerfile.escape)
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  private static func hint(_ name: String, _ known: [String]) -> String {
    NearestKey.find(name, among: known.filter { $0 != name }).map { " (did you mean \($0)?)" } ?? ""
  }

  /// A name of an image, with a tag and a digest perhaps.
  private static func isReference(_ text: String) -> Bool {
    (try? ImageReference(familiar: text)) != nil
  }

  /// What there is to say of a port, as its variables make it.
  private static func ports(
    _ subject: LintSubject, _ check: (String) -> (message: String, fix: String)?
  ) -> [Hit] {
    let preamble = DockerfileVariables(preamble: subject.dockerfile)
    return subject.dockerfile.stages.flatMap { stage -> [Hit] in
      var variables = DockerfileVariables(stageOf: subject.dockerfile)
      return stage.instructions.flatMap { instruction -> [Hit] in
        variables.apply(instruction, preamble: preamble)
        guard instruction.keyword == "EXPOSE" else { return [] }
        return instruction.words.compactMap { variables.expand($0) }.compactMap { port in
          check(port).map { Hit(instruction, of: subject, $0.message, fix: $0.fix) }
        }
      }
    }
  }

  /// What the images of these names set, beside PATH, which each does.
  private static let baseVariables: [String: [String]] = [
    "scratch": [], "alpine": [], "debian": [], "ubuntu": [], "busybox": [],
    "node": ["NODE_VERSION", "YARN_VERSION"],
    "python": [
      "LANG", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256", "PYTHON_PIP_VERSION",
      "PYTHON_SETUPTOOLS_VERSION",
      "PYTHON_GET_PIP_URL", "PYTHON_GET_PIP_SHA256",
    ],
    "nginx": [
      "NGINX_VERSION", "NJS_VERSION", "NJS_RELEASE", "PKG_RELEASE", "DYNPKG_RELEASE",
      "ACME_VERSION",
    ],
    "nginxinc/nginx-unprivileged": [
      "NGINX_VERSION", "NJS_VERSION", "NJS_RELEASE", "PKG_RELEASE", "DYNPKG_RELEASE",
      "ACME_VERSION",
    ],
    "oven/bun": ["BUN_RUNTIME_TRANSPILER_CACHE_PATH", "BUN_INSTALL_BIN"],
  ]

  /// Nil for an image that is not known.
  private static func variablesOfBase(_ image: String) -> [String]? {
    let name = BaseImage(image).name
    if name.hasPrefix("gcr.io/distroless/") { return ["SSL_CERT_FILE", "LANG"] }
    return image == "scratch" ? [] : baseVariables[name]
  }

  /// Instructions whose words the builder expands; of `RUN` only its flags.
  static let expanding: Set<String> = [
    "ADD", "ARG", "COPY", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
  ]

  /// Where the base is no image that is known here, its variables are unknown: only what looks like a slip of the pen
  /// is reported.
  private static func undefinedVariables(_ subject: LintSubject) -> [Hit] {
    let file = subject.dockerfile
    var known: [[String]] = []
    var isComplete: [Bool] = []
    var hits: [Hit] = []
    for stage in file.stages {
      if let parent = file.parent(of: stage) {
        known.append(known[parent.index])
        isComplete.append(isComplete[parent.index])
      } else {
        let variables = variablesOfBase(
          DockerfileVariables(preamble: file).expand(stage.base) ?? stage.base)
        known.append((stage.base == "scratch" ? [] : ["PATH"]) + (variables ?? []))
        isComplete.append(variables != nil)
      }
      for instruction in stage.instructions {
        var words: [String] = instruction.flags.compactMap(\.value)
        if expanding.contains(instruction.keyword) {
          words += instruction.heredocs.isEmpty ? [instruction.arguments] : instruction.words
        }
        let set = names(setBy: instruction, subject)
        let own = instruction.keyword == "ARG" ? set : []
        for name in unique(words.flatMap { variables(in: $0, subject) }) {
          guard !known[stage.index].contains(name), !own.contains(name) else { continue }
          let hint = hint(name, known[stage.index])
          guard isComplete[stage.index] || !hint.isEmpty else { continue }
          hits.append(
            Hit(
              instruction, of: subject, "$\(name) is not defined here\(hint)",
              fix: "Declare it in this stage: ARG \(name)"))
        }
        known[stage.index] += set
      }
    }
    return hits
  }
}
