import ForgeBasics
import ForgeSyntax

/// What a build step does: smaller layers, and fewer steps done again.
extension Fixer {
  static let steps: [Fix] = [
    Fix(rule: "FORGE-L050") { draft in
      draft.file.stages.compactMap { stage in
        guard let image = draft.subject.image(of: stage), image == stage.base, !image.contains("@"),
          [nil, "latest"].contains(Base(image).tag), let fixed = version(of: image, draft.subject)
        else { return nil }
        return draft.edit(stage.from, "\(image) becomes \(fixed): a fixed version") { text in
          text.components(" ").map { $0 == image ? fixed : $0 }.joined(separator: " ")
        }
      }
    },
    Fix(rule: "FORGE-L063") { draft in
      guard let (stage, image) = draft.subject.finalBase, let slim = LintSubject.slim(image),
        draft.subject.needsFullImage(stage) == nil, let written = slimmed(stage.base, image, slim)
      else { return [] }
      let edit = draft.edit(
        stage.from, "\(image) becomes \(slim): no step is seen to need the compilers"
      ) { text in
        text.components(" ").map { $0 == stage.base ? written : $0 }.joined(separator: " ")
      }
      return [edit].compactMap(\.self)
    },
    Fix(rule: "FORGE-L055") { draft in
      draft.file.instructions.filter { LintRule.isPlainAdd($0, draft.subject) }.compactMap {
        instruction in
        draft.edit(instruction, "ADD becomes COPY") { text in
          text.replacingFirst(
            instruction.spelling,
            with: instruction.spelling == instruction.spelling.lowercased() ? "copy" : "COPY")
        }
      }
    },
    Fix(rule: "FORGE-L061") { draft in
      draft.file.instructions.compactMap { instruction in
        let uses = draft.subject.uses.filter { $0.instruction == instruction && $0.means != .bind }
        guard !uses.isEmpty, uses.allSatisfy({ $0.path.map(LintRule.isSecretFile) ?? false }) else {
          return nil
        }
        return draft.edit(
          instruction, "\(uses[0].written) is no longer copied: pass it when the container starts"
        ) {
          _ in ""
        }
      }
    },
    // An update alone goes in front of the installation below it.
    Fix(rule: "FORGE-L053") { draft in
      draft.file.stages.flatMap { stage -> [Edit] in
        let runs = stage.instructions.filter { $0.keyword == "RUN" }
        guard
          let update = runs.first(where: { run in
            let commands = ShellCommand.all(of: run)
            return !commands.isEmpty && commands.allSatisfy(\.isAptUpdate)
          })
        else { return [] }
        let installs = runs.filter { run in
          let commands = ShellCommand.all(of: run)
          return run.line > update.line && run.heredocs.isEmpty && run.execForm == nil
            && commands.contains(where: \.isAptInstall) && !commands.contains(where: \.isAptUpdate)
        }
        guard !installs.isEmpty else { return [] }
        return [draft.edit(update, "update and installation are one step") { _ in "" }].compactMap(
          \.self)
          + installs.compactMap { install in
            draft.edit(install, "") { text in
              text.replacingFirst("apt", with: "apt-get update && apt")
            }
          }
      }
    },
    Fix(rule: "FORGE-L052") { draft in
      runs(draft, "recommended packages stay out") { run, text in
        guard
          ShellCommand.all(of: run).contains(where: {
            $0.isAptInstall && !$0.has("--no-install-recommends")
          })
        else { return text }
        return unpinned(
          run, draft,
          text.replacing(aptInstall) {
            "\($0.output.1)\($0.output.2) install --no-install-recommends"
          })
      }
    },
    Fix(rule: "FORGE-L051") { draft in
      runs(draft, "the package lists are removed in the same step") { run, text in
        let commands = ShellCommand.all(of: run)
        guard run.heredocs.isEmpty, commands.contains(where: \.isAptInstall),
          !draft.subject.cleansApt(run, commands)
        else { return text }
        return unpinned(
          run, draft, text + " \(draft.file.escape)\n    && rm -rf /var/lib/apt/lists/*")
      }
    },
    Fix(rule: "FORGE-L054") { draft in
      runs(draft, "no cache is kept in the layer") { run, text in
        guard !draft.subject.mountsCache(run) else { return text }
        var text = text
        let commands = ShellCommand.all(of: run)
        if commands.contains(where: { $0.isApkAdd && !$0.has("--no-cache") }) {
          text = text.replacing(apkAdd) { "apk\($0.output.1)add --no-cache" }
        }
        if commands.contains(where: { $0.isPipInstall && !$0.has("--no-cache-dir") }),
          !draft.subject.disablesPipCache(at: run)
        {
          text = text.replacing(pipInstall) {
            "\($0.output.1)\($0.output.2)install --no-cache-dir"
          }
        }
        return text
      }
    },
    Fix(rule: "FORGE-L056") { draft in
      runs(draft, "the lockfile is followed") { run, text in
        var text = text
        for command in ShellCommand.all(of: run) where command.followsNoLock {
          guard draft.subject.lockfile(of: command.program) != nil else { continue }
          let old = command.words.prefix { !$0.hasPrefix("-") }.joined(separator: " ")
          text = text.replacingFirst(old, with: locked(command.program, draft.subject))
        }
        return text
      }
    },
    Fix(rule: "FORGE-L058") { draft in
      draft.file.stages.compactMap { dependenciesFirst($0, draft) }
    },
  ]

  // Patterns are compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let aptInstall =
    /\b(apt-get|apt)((?:\s+-[A-Za-z-]+)*)\s+install\b/
  private nonisolated(unsafe) static let apkAdd = /\bapk(\s+)add\b/
  private nonisolated(unsafe) static let pipInstall = /\b(pip[0-9.]*)(\s+)install\b/

  /// The base as it is written, a variable's version kept: `python:${VERSION}-slim`.
  private static func slimmed(_ written: String, _ image: String, _ slim: String) -> String? {
    if written == image { return slim }
    return slim == image + "-slim" && written.hasSuffix("}") ? written + "-slim" : nil
  }

  /// Below a comment that says why no versions stand there, for people and for hadolint.
  private static func unpinned(_ run: DockerfileInstruction, _ draft: Draft, _ text: String)
    -> String
  {
    guard !draft.file.comments(above: run.line).contains(where: { $0.contains("hadolint") }),
      ShellCommand.all(of: run).contains(where: {
        $0.isAptInstall && !$0.words.contains { $0.contains("=") }
      })
    else { return text }
    return
      "# No versions: the package archive keeps only the newest, and a pinned one stops the build a week later.\n"
      + "# hadolint ignore=DL3008\n" + text
  }

  private static func runs(
    _ draft: Draft, _ change: String, _ transform: (DockerfileInstruction, String) -> String
  ) -> [Edit] {
    draft.file.stages.flatMap(\.instructions).filter { $0.keyword == "RUN" && $0.execForm == nil }
      .compactMap { run in
        draft.edit(run, change) { transform(run, $0) }
      }
  }

  /// `COPY . .` and `RUN npm ci` become `COPY package.json package-lock.json ./`, `RUN npm ci` and `COPY . .`: where
  /// nothing between them needs the source, the step only installs, and the files that name the dependencies are all
  /// that it needs.
  private static func dependenciesFirst(_ stage: DockerfileSyntax.Stage, _ draft: Draft) -> Edit? {
    guard let (copy, install) = draft.subject.earlySource(in: stage), copy.keyword == "COPY",
      copy.flags.isEmpty,
      copy.words.count == 2, copy.words[0] == "." || copy.words[0] == "./",
      stage.instructions.allSatisfy({ between in
        between.line <= copy.line || between.line >= install.line
          || ["ENV", "ARG"].contains(between.keyword)
          || (between.keyword == "RUN"
            && ShellCommand.all(of: between).allSatisfy {
              ["apt-get", "apt", "apk", "rm"].contains($0.program)
            })
      })
    else { return nil }
    let commands = ShellCommand.all(of: install)
    guard commands.allSatisfy(\.installsProject), let manifests = manifests(commands, draft.subject)
    else { return nil }
    let folder = copy.words[1].hasSuffix("/") ? copy.words[1] : copy.words[1] + "/"
    let first = "\(copy.spelling) \(manifests.joined(separator: " ")) \(folder)"
    let between = Array(draft.lines[copy.endLine..<(install.line - 1)])
    return Edit(
      lines: copy.line..<(install.endLine + 1),
      replacement: [first] + between + draft.raw(install) + draft.raw(copy),
      change: "a change of source no longer installs the dependencies again")
  }

  /// The files that an installation reads, if it reads no others.
  private static func manifests(_ commands: [ShellCommand], _ subject: LintSubject) -> [String]? {
    var names: [String] = []
    for command in commands {
      switch command.program {
      case "npm", "yarn", "pnpm", "bun":
        // Scripts of the project, folders of it and patches need more than the manifests.
        guard let manifest = subject.context.read("package.json", limit: 1 << 20)?.text,
          !["install\"", "prepare\"", "file:", "link:", "workspace"].contains(
            where: manifest.contains),
          let lockfile = subject.lockfile(of: command.program)
        else { return nil }
        names += ["package.json", lockfile]
        names += [".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml"].filter {
          subject.context.kind($0) == .file
        }
      case "pip", "pip3":
        guard let flag = command.words.firstIndex(where: { $0 == "-r" || $0 == "--requirement" }),
          command.words.indices.contains(flag + 1)
        else { return nil }
        let name = command.words[flag + 1]
        guard !name.contains("/"), let text = subject.context.read(name, limit: 1 << 20)?.text,
          text.split(separator: "\n").allSatisfy({
            !$0.hasPrefix("-r") && !$0.hasPrefix("-c") && !$0.hasPrefix("-e") && !$0.hasPrefix(".")
          })
        else { return nil }
        names.append(name)
      default: return nil
      }
    }
    guard !names.isEmpty, names.allSatisfy({ !subject.ignore.ignores($0) }) else { return nil }
    return names
  }
}
