import ForgeBasics
import ForgeSyntax

extension LintRule {
  /// What builds, and gives an image that is larger, slower to build or easier to break into than it need be.
  static let practice: [LintRule] = size + cache + safety

  private static let size: [LintRule] = [
    LintRule("FORGE-L051", .warning, "What apt downloaded stays in the layer", sameAs: ["DL3009"]) {
      subject in
      runs(subject) { run, commands in
        guard commands.contains(where: \.isAptInstall), !subject.cleansApt(run, commands) else {
          return nil
        }
        return (
          "the package lists stay in the layer (some 20 MB); a later step cannot remove them",
          "End the same RUN with && rm -rf /var/lib/apt/lists/*"
        )
      }
    },
    LintRule("FORGE-L052", .warning, "apt installs what is only recommended", sameAs: ["DL3015"]) {
      subject in
      runs(subject) { _, commands in
        guard commands.contains(where: { $0.isAptInstall && !$0.has("--no-install-recommends") })
        else { return nil }
        return (
          "apt-get installs recommended packages too, often more than what was asked for",
          "Add --no-install-recommends"
        )
      }
    },
    LintRule(
      "FORGE-L054", .warning, "A package manager's cache stays in the layer",
      sameAs: ["DL3019", "DL3042"]
    ) {
      subject in
      runs(subject) { run, commands in
        if commands.contains(where: { $0.isApkAdd && !$0.has("--no-cache") }),
          !subject.mountsCache(run)
        {
          return ("apk keeps its index in the layer", "Write apk add --no-cache")
        }
        guard commands.contains(where: { $0.isPipInstall && !$0.has("--no-cache-dir") }),
          !subject.mountsCache(run),
          !subject.disablesPipCache(at: run)
        else { return nil }
        return (
          "pip keeps what it downloaded in the layer",
          "Write pip install --no-cache-dir, or mount a cache: RUN --mount=type=cache,target=/root/.cache/pip"
        )
      }
    },
    LintRule("FORGE-L063", .warning, "The image stands on a full distribution") { subject in
      guard let (stage, image) = subject.finalBase, Base(image).isOfficial,
        let tag = Base(image).tag,
        ["node", "python"].contains(Base(image).family), !tag.contains("slim"),
        !tag.contains("alpine")
      else { return [] }
      let saved = Base(image).family == "node" ? "some 850 MB" : "some 880 MB"
      var fix =
        "Take the variant -slim or -alpine for the last stage, and compile in a stage before it"
      if let slim = LintSubject.slim(image) {
        fix =
          subject.needsFullImage(stage).map {
            "Take \(slim) for the last stage, and do in a stage before it what needs more (\($0)): "
              + "`forge generate --from-existing` writes such a file"
          } ?? "Take \(slim)"
      }
      return [
        Hit(
          stage.from, of: subject,
          "\(image) brings compilers and \(saved) that a server never uses", fix: fix)
      ]
    },
    LintRule("FORGE-L064", .warning, "The image holds what only its build needs") { subject in
      subject.finalChain.flatMap { stage in
        stage.instructions.filter { $0.keyword == "RUN" }.compactMap { run -> Hit? in
          let commands = ShellCommand.all(of: run)
          var what: String?
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
    LintRule("FORGE-L065", .warning, "A change of owner or mode stores files twice") { subject in
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
    LintRule("FORGE-L053", .warning, "apt-get update in a step of its own") { subject in
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
    LintRule("FORGE-L056", .warning, "The lockfile is not followed") { subject in
      runs(subject) { _, commands in
        for command in commands where command.followsNoLock {
          guard let lockfile = subject.lockfile(of: command.program) else { continue }
          let right = Fixer.locked(command.program, subject)
          return (
            "\(command.program) install may take other versions than \(lockfile) names",
            "Write \(right)"
          )
        }
        return nil
      }
    },
    LintRule("FORGE-L058", .warning, "The source comes before the dependencies") { subject in
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
    LintRule("FORGE-L050", .warning, "A base image moves", sameAs: ["DL3006", "DL3007"]) {
      subject in
      subject.dockerfile.stages.compactMap { stage in
        guard let image = subject.image(of: stage), image != "scratch", !image.contains("@") else {
          return nil
        }
        let tag = Base(image).tag
        guard tag == nil || tag == "latest" else { return nil }
        return Hit(
          stage.from, of: subject,
          "\(image) is another image every week",
          fix:
            "Name a version: \(Fixer.version(of: image, subject) ?? image + ":VERSION"), or one of its -slim variants"
        )
      }
    },
    LintRule("FORGE-L055", .warning, "ADD where COPY would do", sameAs: ["DL3020"]) { subject in
      subject.dockerfile.instructions.filter { isPlainAdd($0, subject) }.map { instruction in
        Hit(
          instruction, of: subject, "ADD also fetches and unpacks, whenever a name looks like it",
          fix: "Write COPY")
      }
    },
    LintRule("FORGE-L057", .warning, "A development server is started") { subject in
      guard let stage = subject.dockerfile.stages.last else { return [] }
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
    LintRule("FORGE-L059", .warning, "There is no ignore file") { subject in
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
    LintRule("FORGE-L060", .warning, "The image runs as root", sameAs: ["DL3002"]) { subject in
      guard let stage = subject.dockerfile.stages.last, subject.runsAsRoot else { return [] }
      let user = stage.instructions.last { $0.keyword == "USER" }
      return [
        Hit(
          user ?? stage.from, of: subject,
          "whoever breaks into the server is root in its container",
          fix: "End the last stage with USER 10001:10001")
      ]
    },
    LintRule("FORGE-L061", .error, "A file of secrets is copied") { subject in
      subject.uses.compactMap { use in
        guard let path = use.path, use.means != .bind, isSecretFile(path) else { return nil }
        return Hit(
          use.instruction, of: subject, "\(path) stays in a layer, for everybody who has the image",
          fix:
            "Pass settings when the container starts, and secrets of the build by RUN --mount=type=secret"
        )
      }
    },
    LintRule("FORGE-L062", .error, "A file of secrets comes with its folder") { subject in
      subject.uses.compactMap { use in
        guard let folder = use.path, use.means != .bind, subject.context.kind(folder) == .folder,
          let secret = subject.context.entries(of: folder).first(where: { entry in
            let path = folder == "." ? entry.name : "\(folder)/\(entry.name)"
            return entry.kind == .file && isSecretFile(path) && !subject.ignore.ignores(path)
          })
        else { return nil }
        return Hit(
          use.instruction, of: subject,
          "\(secret.name) is copied with its folder, and stays in a layer",
          fix: "Add the line **/.env* to \(subject.ignoreName ?? ".dockerignore")")
      }
    },
  ]

  /// `.env`, `.env.production`, private keys; not the example.
  static func isSecretFile(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    if name == ".env" || name.hasPrefix(".env.") {
      return !["example", "sample", "template", "dist"].contains { name.hasSuffix("." + $0) }
    }
    return ["id_rsa", "id_ed25519", ".netrc", ".pypirc"].contains(name)
  }

  /// Copies files of the context and nothing else: no archive, which ADD unpacks, and no address.
  static func isPlainAdd(_ instruction: DockerfileInstruction, _ subject: LintSubject) -> Bool {
    guard instruction.keyword == "ADD", instruction.heredocs.isEmpty,
      instruction.value(of: "checksum") == nil
    else {
      return false
    }
    let sources = instruction.words.dropLast()
    let archives = [".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".txz"]
    return !sources.isEmpty
      && sources.allSatisfy { source in
        !source.contains("://") && !source.hasPrefix("git@") && !source.contains("$")
          && !source.contains("*")
          && !archives.contains(where: source.hasSuffix)
      }
      // What it takes from the context, to a place that is the base image's own to unpack, is no slip.
      && !(sources.count == 1 && subject.image(of: instruction) == "scratch"
        && instruction.words.last == "/")
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

/// The name of a base image, taken apart.
struct Base {
  /// The last part of its path: `node` of `docker.io/library/node:22`.
  let family: String
  let tag: String?
  /// One of Docker's official images.
  let isOfficial: Bool

  init(_ image: String) {
    let name = image.prefix { $0 != "@" }
    isOfficial = !name.contains("/") || name.hasPrefix("docker.io/library/")
    let last = name.split(separator: "/").last ?? ""
    let parts = last.split(separator: ":", maxSplits: 1)
    family = parts.first.map(String.init) ?? ""
    tag = parts.count > 1 ? String(parts[1]) : nil
  }
}
