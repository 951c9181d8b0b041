import ForgeBasics
import ForgeCatalogue
import ForgeSyntax

/// What the steps of apt, apk and pip leave behind, and whether that may change.
extension LintSubject {
  func cleansApt(_ run: DockerfileInstruction, _ commands: [ShellCommand]) -> Bool {
    let isMounted = run.mounts.contains { mount in
      mount["type"] == "cache" && (mount["target"] ?? mount["dst"] ?? "").hasPrefix("/var/lib/apt")
    }
    return isMounted
      || commands.contains {
        $0.program == "rm" && $0.words.contains { $0.hasPrefix("/var/lib/apt") }
      }
  }

  /// Why the package lists may not be removed at the end of a step; nil where nothing needs them later.
  func needsAptLists(after run: DockerfileInstruction) -> String? {
    guard let stage = dockerfile.stages.last(where: { $0.from.line <= run.line }) else {
      return nil
    }
    for later in descendants(of: stage) {
      for step in later.instructions where step.keyword == "RUN" && step.line > run.line {
        let commands = ShellCommand.all(of: step)
        guard let first = commands.first(where: { $0.isApt || $0.program == "aptitude" }) else {
          continue
        }
        if first.isAptUpdate { break }
        return "line \(step.line) installs from the same lists"
      }
    }
    return nil
  }

  /// Packages for which `--no-install-recommends` changes nothing that a program could miss.
  private static let withoutRecommended = Set(
    CatalogueTable.embedded("data/apt-packages.yaml").texts("without-recommended") ?? [])

  /// The packages of an installation whose recommended ones may be needed.
  static func recommending(_ command: ShellCommand) -> [String] {
    command.operands.filter { $0 != "install" }
      .map { String($0.prefix { $0 != "=" && $0 != ":" }) }
      .filter { !withoutRecommended.contains($0) }
  }

  /// Whether a step keeps what pip downloaded: nothing turns its cache off, or throws it away again.
  func keepsPipCache(_ command: ShellCommand, in run: DockerfileInstruction) -> Bool {
    guard command.isPipInstall, !command.has("--no-cache-dir"), !mountsCache(run) else {
      return false
    }
    let script = run.arguments + run.heredocs.map(\.content).joined()
    guard !script.contains("PIP_NO_CACHE_DIR") else { return false }
    let clears = ShellCommand.all(of: run).contains { other in
      let purges = other.program.hasPrefix("pip") && other.has("cache") && other.has("purge")
      let removes = other.program == "rm" && other.operands.contains { $0.contains(".cache") }
      let configures = other.program.hasPrefix("pip") && other.has("config")
      return purges || removes || configures
    }
    guard !clears, let stage = dockerfile.stages.last(where: { $0.from.line <= run.line }) else {
      return false
    }
    return environment(of: stage, before: run.line)["PIP_NO_CACHE_DIR"] == nil
  }
}
