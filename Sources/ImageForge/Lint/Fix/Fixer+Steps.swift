import ForgeBasics
import ForgeSyntax

/// What a build step does: smaller layers, and fewer steps done again.
extension Fixer {
  static let steps: [Fix] = [
    Fix(rule: "FORGE-L050") { draft in
      draft.file.stages.compactMap { stage in
        guard let text = draft.subject.image(of: stage), text == stage.base else { return nil }
        let image = BaseImage(text)
        guard image.moves, let fixed = draft.subject.askedVersion(of: image) else { return nil }
        return draft.edit(stage.from, "\(text) becomes \(fixed), which the project asks for") {
          $0.components(" ").map { $0 == text ? fixed : $0 }.joined(separator: " ")
        }
      }
    },
    Fix(rule: "FORGE-L063") { draft in
      guard !draft.subject.isForDevelopment, let (stage, image) = draft.subject.finalBase,
        let slim = LintSubject.slim(image), draft.subject.needsFullImage(stage) == nil,
        let written = slimmed(stage.base, image.text, slim)
      else { return [] }
      let edit = draft.edit(
        stage.from, "\(image.text) becomes \(slim): no step is seen to need the compilers"
      ) { text in
        text.components(" ").map { $0 == stage.base ? written : $0 }.joined(separator: " ")
      }
      return [edit].compactMap(\.self)
    },
    Fix(rule: "FORGE-L055") { draft in
      draft.file.instructions.filter { LintRule.isPlainAdd($0, draft.subject) }.compactMap { add in
        guard LintRule.whyAddStays(add, draft.subject) == nil else { return nil }
        let isLower = add.spelling == add.spelling.lowercased()
        return draft.edit(add, "ADD becomes COPY") { text in
          text.replacingFirst(add.spelling, with: isLower ? "copy" : "COPY")
        }
      }
    },
    Fix(rule: "FORGE-L053", edits: joinedUpdate),
    Fix(rule: "FORGE-L052") { draft in
      draft.steps("recommended packages stay out") { _, step in
        let insertions = step.commands.compactMap { located -> (Int, String)? in
          let command = located.command
          guard command.isAptInstall, !command.has("--no-install-recommends"),
            LintSubject.recommending(command).isEmpty, let end = located.end(of: "install")
          else { return nil }
          return (end, " --no-install-recommends")
        }
        return step.inserting(insertions)
      }
    },
    Fix(rule: "FORGE-L051") { draft in
      draft.steps("the package lists are removed in the same step") { run, step in
        let commands = step.commands.map(\.command)
        guard commands.contains(where: \.isAptInstall), step.endsInCommand,
          !draft.subject.cleansApt(run, commands), draft.subject.needsAptLists(after: run) == nil,
          let end = step.commands.last?.range.upperBound
        else { return nil }
        return step.inserting([(end, " \\\n    && rm -rf /var/lib/apt/lists/*")])
      }
    },
    Fix(rule: "FORGE-L054") { draft in
      draft.steps("no cache is kept in the layer") { run, step in
        guard !draft.subject.mountsCache(run) else { return nil }
        let insertions = step.commands.compactMap { located -> (Int, String)? in
          let command = located.command
          if command.isApkAdd, !command.has("--no-cache") {
            return located.end(of: "add").map { ($0, " --no-cache") }
          }
          guard draft.subject.keepsPipCache(command, in: run) else { return nil }
          return located.end(of: "install").map { ($0, " --no-cache-dir") }
        }
        return step.inserting(insertions)
      }
    },
    Fix(rule: "FORGE-L056") { draft in
      draft.steps("the lockfile is followed") { run, step in
        for located in step.commands {
          guard let use = draft.subject.lockUse(of: located.command, in: run), use.doubt == nil,
            let first = located.words.first
          else { continue }
          let verb = located.words.dropFirst().first { ["install", "i"].contains($0.text) }
          let end = (verb ?? first).range.upperBound
          return step.replacing(first.range.lowerBound..<end, with: use.command)
        }
        return nil
      }
    },
    Fix(rule: "FORGE-L058") { draft in
      draft.file.stages.compactMap { dependenciesFirst($0, draft) }
    },
  ]

  /// The base as it is written, a variable's version kept: `python:${VERSION}-slim`.
  private static func slimmed(_ written: String, _ image: String, _ slim: String) -> String? {
    if written == image { return slim }
    return slim == image + "-slim" && written.hasSuffix("}") ? written + "-slim" : nil
  }

  /// An update alone goes in front of the installation right below it, where no other step counts on it.
  private static func joinedUpdate(_ draft: Draft) -> [Edit] {
    draft.file.stages.flatMap { stage -> [Edit] in
      let runs = draft.subject.descendants(of: stage).flatMap(\.instructions)
        .filter { $0.keyword == "RUN" }
      guard let index = runs.firstIndex(where: { ShellCommand.all(of: $0).isAptUpdateAlone }),
        runs.indices.contains(index + 1)
      else { return [] }
      let (update, install) = (runs[index], runs[index + 1])
      let others = runs[(index + 2)...].flatMap { ShellCommand.all(of: $0) }
      let needsLists = others.prefix { !$0.isAptUpdate }.contains(where: \.isApt)
      let raw = draft.raw(install).joined(separator: "\n")
      guard !needsLists, let step = StepText(raw, of: install, escape: draft.file.escape),
        let first = step.commands.first, first.command.isAptInstall,
        !step.commands.contains(where: \.command.isAptUpdate),
        let edit = draft.edit(
          install, "",
          { _ in step.inserting([(first.range.lowerBound, "\(first.command.program) update && ")]) }
        ),
        let removal = draft.edit(update, "update and installation are one step", { _ in "" })
      else { return [] }
      return [removal, edit]
    }
  }

  /// `COPY . .` and `RUN npm ci` become `COPY package.json package-lock.json ./`, `RUN npm ci` and `COPY . .`: where
  /// nothing between them needs the source, the step only installs, and the files that name the dependencies are all
  /// that it needs.
  private static func dependenciesFirst(_ stage: DockerfileSyntax.Stage, _ draft: Draft) -> Edit? {
    guard let (copy, install) = draft.subject.earlySource(in: stage), copy.keyword == "COPY",
      copy.flags.isEmpty, copy.words.count == 2, copy.words[0] == "." || copy.words[0] == "./",
      !stage.instructions.contains(where: { between in
        between.line > copy.line && between.line < install.line && !isIndependent(between)
      })
    else { return nil }
    let commands = ShellCommand.all(of: install)
    guard commands.allSatisfy(\.installsProject),
      let manifests = ManifestsOnly.files(of: commands, in: draft.subject)
    else { return nil }
    let target = copy.words[1]
    let folder = target.hasSuffix("/") ? target : target + "/"
    let first = "\(copy.spelling) \(manifests.joined(separator: " ")) \(folder)"
    let between = Array(draft.lines[copy.endLine..<(install.line - 1)])
    return Edit(
      lines: copy.line..<(install.endLine + 1),
      replacement: [first] + between + draft.raw(install) + draft.raw(copy),
      change: "a change of source no longer installs the dependencies again")
  }

  /// Whether an instruction does not look at the source.
  private static func isIndependent(_ instruction: DockerfileInstruction) -> Bool {
    switch instruction.keyword {
    case "ENV", "ARG": true
    case "RUN":
      ShellCommand.all(of: instruction).allSatisfy {
        ["apt-get", "apt", "apk", "rm"].contains($0.program)
      }
    default: false
    }
  }
}

/// Installations that read nothing but the files that name the dependencies.
private enum ManifestsOnly {
  /// Packages whose install scripts look at nothing of the project.
  private static let plainScripts: Set<String> = [
    "sharp", "esbuild", "@swc/core", "unrs-resolver", "fsevents", "core-js", "core-js-pure",
    "bcrypt", "better-sqlite3", "es5-ext", "msgpackr-extract", "protobufjs",
  ]

  /// The files that an installation reads, if it is seen to read no others.
  static func files(of commands: [ShellCommand], in subject: LintSubject) -> [String]? {
    var names: [String] = []
    for command in commands {
      switch command.program {
      case "npm":
        guard let files = npm(command, in: subject) else { return nil }
        names += files
      case "pip", "pip3":
        guard let file = requirements(command, in: subject) else { return nil }
        names.append(file)
      default: return nil
      }
    }
    guard !names.isEmpty, names.allSatisfy({ !subject.ignore.ignores($0) }) else { return nil }
    return names
  }

  private static func npm(_ command: ShellCommand, in subject: LintSubject) -> [String]? {
    // Scripts of the project, folders of it and patches need more than the manifests.
    guard let manifest = subject.context.read("package.json", limit: 1 << 20)?.text,
      !["install\"", "prepare\"", "file:", "link:", "workspace"].contains(where: manifest.contains),
      let lockfile = subject.lockfile(of: "npm"),
      let lock = subject.context.read(lockfile, limit: 32 << 20),
      let packages = (try? JSON.parse(lock, .project))?["packages"],
      // Installed folders of the machine must not come over those of the image.
      subject.ignore.ignores("node_modules")
    else { return nil }
    let hasScripts = packages.members.contains { member in
      guard member.value["hasInstallScript"]?.bool == true else { return false }
      let name = member.key.components("/").suffix(2).joined(separator: "/")
      return !plainScripts.contains { name == $0 || name.hasSuffix("/" + $0) }
    }
    guard !hasScripts else { return nil }
    let settings = [".npmrc"].filter { subject.context.kind($0) == .file }
    return ["package.json", lockfile] + settings
  }

  private static func requirements(_ command: ShellCommand, in subject: LintSubject) -> String? {
    let flags = command.words.indices.filter {
      ["-r", "--requirement"].contains(command.words[$0])
    }
    guard flags.count == 1, command.words.indices.contains(flags[0] + 1) else { return nil }
    let name = command.words[flags[0] + 1]
    let others = command.operands.filter { $0 != "install" && $0 != name && $0 != "pip" }
    guard !name.contains("/"), others.isEmpty,
      let text = subject.context.read(name, limit: 1 << 20)?.text
    else { return nil }
    let isPlain = text.split(separator: "\n").allSatisfy { line in
      let line = line.trimmingSpaces
      guard let first = line.first, !first.isLetter else {
        return !line.contains("file:") && !line.contains("@ .")
      }
      return first == "#" || line.hasPrefix("--index-url") || line.hasPrefix("--extra-index-url")
        || line.hasPrefix("--hash")
    }
    return isPlain ? name : nil
  }
}

extension [ShellCommand] {
  /// `apt-get update` and nothing else.
  var isAptUpdateAlone: Bool { !isEmpty && allSatisfy(\.isAptUpdate) }
}
