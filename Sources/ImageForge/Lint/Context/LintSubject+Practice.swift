import ForgeBasics
import ForgeSyntax

/// What the rules of practice and the fixer both ask.
extension LintSubject {
  /// The image that a stage stands on itself; nil for an earlier stage, and where only the build knows.
  func image(of stage: DockerfileSyntax.Stage) -> String? {
    guard dockerfile.stage(stage.base, before: stage.index) == nil else { return nil }
    return DockerfileVariables(preamble: dockerfile).expand(stage.base)
  }

  func image(of instruction: DockerfileInstruction) -> String? {
    dockerfile.stages.last { $0.from.line <= instruction.line }.flatMap(image)
  }

  /// The last stage, and before it those that it stands on.
  var finalChain: [DockerfileSyntax.Stage] {
    var chain: [DockerfileSyntax.Stage] = []
    var stage = dockerfile.stages.last
    while let current = stage {
      chain.insert(current, at: 0)
      stage = dockerfile.stage(current.base, before: current.index)
    }
    return chain
  }

  /// The image that the last stage stands on in the end, and the stage that says so.
  var finalBase: (stage: DockerfileSyntax.Stage, image: String)? {
    guard let first = finalChain.first, let image = image(of: first) else { return nil }
    return (first, image)
  }

  var runsAsRoot: Bool {
    if let user = finalChain.flatMap(\.instructions).last(where: { $0.keyword == "USER" }) {
      let name = user.arguments.prefix { $0 != ":" }
      return name == "root" || name == "0"
    }
    guard let (_, image) = finalBase else { return false }
    // Files alone, which run nothing.
    let runs = finalChain.flatMap(\.instructions).contains {
      ["CMD", "ENTRYPOINT"].contains($0.keyword)
    }
    guard image != "scratch" || runs else { return false }
    return !["nonroot", "unprivileged", "cgr.dev/"].contains(where: image.contains)
  }

  func mountsCache(_ run: DockerfileInstruction) -> Bool {
    run.mounts.contains { $0["type"] == "cache" }
  }

  func cleansApt(_ run: DockerfileInstruction, _ commands: [ShellCommand]) -> Bool {
    run.mounts.contains {
      $0["type"] == "cache" && ($0["target"] ?? $0["dst"] ?? "").hasPrefix("/var/lib/apt")
    }
      || commands.contains {
        $0.program == "rm" && $0.words.contains { $0.hasPrefix("/var/lib/apt/lists") }
      }
  }

  /// Whether `ENV PIP_NO_CACHE_DIR` is set above.
  func disablesPipCache(at run: DockerfileInstruction) -> Bool {
    dockerfile.instructions.contains {
      $0.line < run.line && ["ENV", "ARG"].contains($0.keyword)
        && $0.arguments.contains("PIP_NO_CACHE_DIR")
    }
  }

  /// The lockfile of a package manager at the top of the context.
  func lockfile(of program: String) -> String? {
    let names =
      switch program {
      case "npm": ["package-lock.json", "npm-shrinkwrap.json"]
      case "yarn": ["yarn.lock"]
      case "pnpm": ["pnpm-lock.yaml"]
      case "bun": ["bun.lock", "bun.lockb"]
      default: [String]()
      }
    return names.first { context.kind($0) == .file }
  }

  /// The `COPY . …` of a stage that stands before its first installation, with no manifest copied before it.
  func earlySource(
    in stage: DockerfileSyntax.Stage
  ) -> (copy: DockerfileInstruction, install: DockerfileInstruction)? {
    guard
      let install = stage.instructions.first(where: { instruction in
        instruction.keyword == "RUN"
          && ShellCommand.all(of: instruction).contains(where: \.installsProject)
      }),
      let copy = stage.instructions.first(where: { instruction in
        uses.contains { $0.instruction == instruction && $0.path == "." && $0.means != .bind }
      }), copy.line < install.line
    else { return nil }
    return (copy, install)
  }
}
