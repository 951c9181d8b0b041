import ForgeBasics
import ForgeFindings
import ForgeSyntax

extension LintRule {
  /// What builds, and gives an image that is larger, slower to build or easier to break into than it need be.
  static let practice: [LintRule] = size + cache + safety

  private static let size: [LintRule] = [
    LintRule("FORGE-L051") {
      subject in
      runs(subject) { run, commands in
        guard commands.contains(where: \.isAptInstall), !subject.cleansApt(run, commands) else {
          return nil
        }
        return (
          "the package lists stay in the layer (some 20 MB); a later step cannot remove them",
          "End the same RUN with && rm -rf /var/lib/apt/lists/*"
            + withheld(subject.needsAptLists(after: run))
        )
      }
    },
    LintRule("FORGE-L052") {
      subject in
      runs(subject) { _, commands in
        let open = commands.filter { $0.isAptInstall && !$0.has("--no-install-recommends") }
        guard !open.isEmpty else { return nil }
        let names = open.flatMap(LintSubject.recommending)
        let why = names.first.map {
          "\($0) may need what it recommends, such as ca-certificates; name that too"
        }
        return (
          "apt-get installs recommended packages too, often more than what was asked for",
          "Add --no-install-recommends" + withheld(why)
        )
      }
    },
    LintRule("FORGE-L054") {
      subject in
      runs(subject) { run, commands in
        if commands.contains(where: { $0.isApkAdd && !$0.has("--no-cache") }),
          !subject.mountsCache(run)
        {
          return ("apk keeps its index in the layer", "Write apk add --no-cache")
        }
        guard commands.contains(where: { subject.keepsPipCache($0, in: run) }) else { return nil }
        return (
          "pip keeps what it downloaded in the layer",
          "Write pip install --no-cache-dir, or mount a cache: RUN --mount=type=cache,target=/root/.cache/pip"
        )
      }
    },
    LintRule("FORGE-L063") { subject in
      guard !subject.isForDevelopment, let (stage, image) = subject.finalBase, image.isFull,
        image.tag != nil
      else { return [] }
      let saved = image.family == "node" ? "some 850 MB" : "some 880 MB"
      var fix =
        "Take the variant -slim or -alpine for the last stage, and compile in a stage before it"
      if let slim = LintSubject.slim(image) {
        fix = "Take \(slim)"
        if let need = subject.needsFullImage(stage) {
          fix +=
            " for the last stage, and do in a stage before it what needs more (\(need)): "
            + "`forge generate --from-existing` writes such a file"
        }
      }
      return [
        Hit(
          stage.from, of: subject,
          "\(image.text) brings compilers and \(saved) that a server never uses", fix: fix)
      ]
    },
    LintRule("FORGE-L064") { subject in
      guard !subject.isForDevelopment else { return [] }
      return subject.finalChain.flatMap { stage in
        stage.instructions.filter { $0.keyword == "RUN" }.compactMap { run -> Hit? in
          let commands = ShellCommand.all(of: run)
          var what: String?
          let removes: Set = ["purge", "remove", "autoremove", "del"]
          guard !commands.contains(where: { $0.words.contains(where: removes.contains) }) else {
            return nil
          }
          if commands.contains(where: \.isBuild) {
            what = "the project is compiled in the image's own stage"
          }
          if commands.contains(where: { $0.isAptInstall && !tools.isDisjoint(with: $0.words) }) {
            what = "compilers and headers are installed in the image's own stage"
          }
          guard let what else { return nil }
          return Hit(
            run, of: subject, "\(what): all that it takes stays in the image",
            fix:
              "Do it in a stage of its own, and COPY --from it what is needed; `forge generate --from-existing` writes such a file"
          )
        }
      }
    },
    LintRule("FORGE-L065") { subject in
      subject.finalChain.flatMap { stage in
        stage.instructions.filter { $0.keyword == "RUN" }.compactMap { run -> Hit? in
          let commands = ShellCommand.all(of: run)
          guard commands.allSatisfy({ ["chown", "chmod"].contains($0.program) }),
            let change = commands.first(where: { $0.has("-R") || $0.has("--recursive") })
          else { return nil }
          return Hit(
            run, of: subject,
            "\(change.program) -R in a step of its own stores each file a second time",
            fix: "Give it to the COPY that brings the files: COPY --\(change.program)=…")
        }
      }
    },
  ]

  private static let tools: Set<String> = [
    "build-essential", "gcc", "g++", "make", "cmake", "python3-dev", "libpq-dev", "rustc", "cargo",
  ]

  private static let cache: [LintRule] = [
    LintRule("FORGE-L053") { subject in
      runs(subject) { _, commands in
        guard commands.contains(where: \.isAptUpdate), commands.allSatisfy(\.isAptUpdate) else {
          return nil
        }
        return (
          "the package lists come from the cache, however old, when a later step installs from them",
          "Join it with the installation: RUN apt-get update && apt-get install …"
        )
      }
    },
    LintRule("FORGE-L056") { subject in
      runs(subject) { run, commands in
        for command in commands {
          guard let use = subject.lockUse(of: command, in: run) else { continue }
          return (
            "\(command.program) install may take other versions than \(use.lockfile) names",
            "Write \(use.command)" + withheld(use.doubt)
          )
        }
        return nil
      }
    },
    LintRule("FORGE-L058") { subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let (copy, install) = subject.earlySource(in: stage) else { return nil }
        return Hit(
          copy, of: subject,
          "every change of source installs all dependencies again, in line \(install.line)",
          fix: "Copy the files that name them first, install, and copy the source then")
      }
    },
  ]

  private static let safety: [LintRule] = [
    LintRule("FORGE-L050") { subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let text = subject.image(of: stage), text != "scratch" else { return nil }
        let image = BaseImage(text)
        guard image.reference != nil, image.moves else { return nil }
        let asked = subject.askedVersion(of: image)
        let why = asked == nil ? "the project names no version" : nil
        return Hit(
          stage.from, of: subject, "\(text) is another image every week",
          fix: "Name a version: \(asked ?? image.tagged("VERSION"))" + withheld(why))
      }
    },
    LintRule("FORGE-L055") { subject in
      subject.dockerfile.instructions.filter { isPlainAdd($0, subject) }.map { instruction in
        Hit(
          instruction, of: subject, "ADD also fetches and unpacks, whenever a name looks like it",
          fix: "Write COPY" + withheld(whyAddStays(instruction, subject)))
      }
    },
    LintRule("FORGE-L057") { subject in
      guard !subject.isForDevelopment, let stage = subject.dockerfile.stages.last else { return [] }
      return stage.instructions.filter { ["CMD", "ENTRYPOINT"].contains($0.keyword) }.compactMap {
        instruction in
        guard let command = ShellCommand.all(of: instruction).first(where: \.isDevelopmentServer)
        else { return nil }
        return Hit(
          instruction, of: subject,
          "\(command.words.joined(separator: " ")) is for writing code: slow, watching files, and telling of errors",
          fix:
            "Build, and start the production server (next start, uvicorn without --reload, fastapi run)"
        )
      }
    },
    LintRule("FORGE-L059") { subject in
      guard subject.ignoreName == nil,
        let use = subject.uses.first(where: { $0.path == "." && $0.means != .bind })
      else { return [] }
      return [
        Hit(
          use.instruction, of: subject,
          "without a .dockerignore all of the folder is sent and copied: .git, node_modules, settings, keys",
          fix: "Write a .dockerignore; forge generate does")
      ]
    },
    LintRule("FORGE-L060") { subject in
      guard let stage = subject.dockerfile.stages.last, !subject.isForDevelopment,
        case .root(let user) = subject.containerUser
      else { return [] }
      if let dropper = subject.rootDropper {
        return [
          Hit(
            user ?? stage.from, of: subject,
            "the container starts as root, and gives that up by \(dropper)",
            fix: "Leave USER out; a cluster that forbids root needs a start without \(dropper)",
            severity: .info)
        ]
      }
      return [
        Hit(
          user ?? stage.from, of: subject,
          "whoever breaks into the server is root in its container",
          fix: "End the last stage with USER 10001:10001" + withheld(subject.whyNotOrdinaryUser))
      ]
    },
    LintRule("FORGE-L061") { subject in
      subject.uses.compactMap { use in
        guard let path = use.path, use.means != .bind, SecretFile.isNamedLikeOne(path) else {
          return nil
        }
        return secretFile(
          path, of: use, subject, "is copied",
          fix: "Pass settings when the container starts, and secrets of the build by "
            + "RUN --mount=type=secret")
      }
    },
    LintRule("FORGE-L062") { subject in
      subject.uses.compactMap { use in
        guard let folder = use.path, use.means != .bind, subject.context.kind(folder) == .folder
        else { return nil }
        let paths = subject.context.entries(of: folder).filter { $0.kind == .file }.map {
          folder == "." ? $0.name : "\(folder)/\($0.name)"
        }
        let copied = paths.filter {
          SecretFile.isNamedLikeOne($0) && !subject.ignore.ignores($0)
        }
        let worst =
          copied.first { SecretFile.content(of: $0, in: subject.context) == .secrets }
          ?? copied.first
        return worst.flatMap {
          secretFile(
            $0, of: use, subject, "is copied with its folder",
            fix: "Add the line **/.env* to \(subject.ignoreName ?? ".dockerignore")")
        }
      }
    },
  ]

  private static func secretFile(
    _ path: String, of use: ContextUse, _ subject: LintSubject, _ what: String, fix: String
  ) -> Hit? {
    switch SecretFile.content(of: path, in: subject.context) {
    case .secrets:
      Hit(
        use.instruction, of: subject,
        "\(path) \(what): its secrets stay in a layer, for everybody who has the image", fix: fix)
    case .harmless:
      Hit(
        use.instruction, of: subject,
        "\(path) \(what); nothing in it looks like a secret, but it is where they get put",
        fix: fix, severity: .warning)
    case .unknown:
      Hit(
        use.instruction, of: subject,
        "\(path) \(what), and would stay in a layer; what it holds is not known", fix: fix,
        severity: .warning)
    }
  }

  /// Copies files of the context and nothing else: no archive, which ADD unpacks, and no address.
  static func isPlainAdd(_ instruction: DockerfileInstruction, _ subject: LintSubject) -> Bool {
    guard instruction.keyword == "ADD", instruction.heredocs.isEmpty,
      instruction.flags.allSatisfy({ ["chown", "chmod", "link"].contains($0.name) })
    else {
      return false
    }
    let sources = instruction.words.dropLast()
    let archives = [".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".txz"]
    let arePlain = sources.allSatisfy { source in
      let isRemote = source.contains("://") || source.hasPrefix("git@") || source.hasSuffix(".git")
      let isOpen = source.contains("$") || source.contains("*")
      return !isRemote && !isOpen && !archives.contains(where: source.hasSuffix)
    }
    // What it takes from the context, to a place that is the base image's own to unpack, is no slip.
    let unpacks =
      sources.count == 1 && subject.image(of: instruction) == "scratch"
      && instruction.words.last == "/"
    return !sources.isEmpty && arePlain && !unpacks
  }

  /// Why an ADD stays; nil where all that it copies is there, and no archive by its content.
  static func whyAddStays(_ instruction: DockerfileInstruction, _ subject: LintSubject) -> String? {
    for use in subject.uses where use.instruction == instruction {
      guard let path = use.path, let kind = subject.context.kind(path) else {
        return "what \(use.written) is cannot be seen"
      }
      guard kind == .file else { continue }
      if subject.context.isArchive(path) { return "\(path) is an archive, which ADD unpacks" }
    }
    return nil
  }

  /// A hit for each `RUN` about which there is something to say.
  private static func runs(
    _ subject: LintSubject,
    _ check: (DockerfileInstruction, [ShellCommand]) -> (message: String, fix: String)?
  ) -> [Hit] {
    subject.dockerfile.stages.flatMap(\.instructions).filter { $0.keyword == "RUN" }.compactMap {
      run in
      check(run, ShellCommand.all(of: run)).map { Hit(run, of: subject, $0.message, fix: $0.fix) }
    }
  }
}
