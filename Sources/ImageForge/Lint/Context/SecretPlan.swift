import ForgeBasics
import ForgeSyntax

/// How a secret in ARG or ENV becomes a mount of the steps that read it.
enum SecretPlan {
  /// The instructions that set it lose it, and the steps get it as a mount.
  case mount(removed: [DockerfileInstruction], steps: [DockerfileInstruction])
  /// It stays as it is, and why.
  case leave(String)

  private static let publicPrefixes = [
    "NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_", "EXPO_PUBLIC_", "NUXT_PUBLIC_", "GATSBY_",
  ]
  /// Programs that read no secret from their environment.
  private static let plainPrograms: Set<String> = [
    "apt-get", "apt", "apk", "dnf", "yum", "mkdir", "chmod", "chown", "rm", "cp", "mv", "ln",
    "echo", "cd", "set", "ls", "test", "true", "addgroup", "adduser", "groupadd", "useradd",
    "corepack", "touch", "which",
  ]

  static func of(_ name: String, in subject: LintSubject) -> SecretPlan {
    if publicPrefixes.contains(where: name.hasPrefix) {
      return .leave("by its name it is public, and built into what browsers get")
    }
    guard SecretName.isSecret(name) else {
      return .leave("its name alone does not say that it is a secret")
    }
    if subject.surroundings.compose.contains(where: { $0.arguments.contains(name) }) {
      return .leave("a compose file passes it as a build argument")
    }
    let file = subject.dockerfile
    var removed: [DockerfileInstruction] = []
    var steps: [DockerfileInstruction] = []
    // The stages that have it, from a line above or a stage below.
    var has: Set<Int> = []
    let final = Set(subject.finalChain.map(\.index))
    for stage in file.stages {
      if let parent = file.parent(of: stage), has.contains(parent.index) { has.insert(stage.index) }
      for instruction in stage.instructions {
        let set = subject.settings(of: instruction).last { $0.name == name }
        if let set {
          let isFinal = final.contains(stage.index)
          if let why = reason(set.value, instruction, isFinal: isFinal) { return .leave(why) }
          has.insert(stage.index)
          removed.append(instruction)
          continue
        }
        guard has.contains(stage.index) else { continue }
        if instruction.keyword == "SHELL" { return .leave("a shell of its own runs the steps") }
        if instruction.keyword == "RUN" {
          guard reads(name, instruction) else { continue }
          if let user = subject.ordinaryUser(of: stage, before: instruction.line) {
            return .leave("the step runs as \(user), who may not read a mounted secret")
          }
          steps.append(instruction)
        } else if uses(name, instruction.arguments) {
          return .leave("line \(instruction.line) uses it outside of a step")
        }
      }
    }
    if let step = steps.first(where: { $0.execForm != nil || !$0.heredocs.isEmpty }) {
      return .leave("the step of line \(step.line) cannot be given a mount by an edit")
    }
    guard !steps.isEmpty else { return .leave("no step is seen to read it") }
    return .mount(removed: removed, steps: steps)
  }

  /// Why an instruction may not lose it; nil where it only hands on what a build is given.
  private static func reason(
    _ value: String?, _ instruction: DockerfileInstruction, isFinal: Bool
  ) -> String? {
    let plain = (value ?? "").filter { $0 != "\"" && $0 != "'" }
    if instruction.keyword == "ENV", isFinal {
      return "the container reads it when it runs: pass it there first"
    }
    guard !plain.isEmpty, !plain.hasPrefix("$") else { return nil }
    return "steps may count on the value that line \(instruction.line) gives it"
  }

  private static func reads(_ name: String, _ step: DockerfileInstruction) -> Bool {
    if uses(name, step.arguments) { return true }
    if step.heredocs.contains(where: { uses(name, $0.content) }) { return true }
    return ShellCommand.all(of: step).contains { !plainPrograms.contains($0.program) }
  }

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let variable = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/

  private static func uses(_ name: String, _ text: String) -> Bool {
    text.matches(of: variable).contains { $0.1 == name }
  }
}

extension LintSubject {
  /// The user that steps run as behind a line, where it is not root.
  fileprivate func ordinaryUser(of stage: DockerfileSyntax.Stage, before line: Int) -> String? {
    let users = dockerfile.chain(of: stage).flatMap(\.instructions).filter {
      $0.keyword == "USER" && $0.line < line
    }
    guard let name = users.last?.arguments.prefix(while: { $0 != ":" }) else { return nil }
    return name == "root" || name == "0" ? nil : String(name)
  }
}
