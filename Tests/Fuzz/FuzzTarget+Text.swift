import ForgeBasics
import ForgeDockerignore
import ForgeJavaScript
import ForgeRules
import ForgeSyntax

/// The readers of text that stands in projects.
extension FuzzTarget {
  /// Gives the reader this text; whether it could read it.
  func read(_ bytes: [UInt8]) -> Bool {
    let text = SourceText(name: "fuzz", bytes: bytes)
    return switch self {
    case .toml: (try? TOMLDocument.parse(text)) != nil
    case .yaml:
      (try? YAMLValue.parse(text)) != nil && (try? YAMLText.strings(text, key: "a")) != nil
    case .json5: (try? JSON5.parse(text)) != nil
    case .javascript: javascript(text)
    case .python: (try? PythonModule.parse(text)) != nil
    case .dockerfile: dockerfile(text)
    case .ignore: ignore(text)
    case .policy: (try? Policy.parse(text.text, source: nil)) != nil
    default: lockfile(text, bytes.first ?? 0)
    }
  }

  private func javascript(_ text: SourceText) -> Bool {
    let plain = JSParser.parse(text)
    let reads = JSEnvironmentRead.find(in: text, jsx: true)
    for read in reads { precondition(read.offset <= text.bytes.count) }
    _ = JSRewrites.destinations(in: text)
    return !plain.isEmpty
  }

  private func dockerfile(_ text: SourceText) -> Bool {
    guard let file = try? DockerfileSyntax.parse(text) else { return false }
    for instruction in file.instructions {
      precondition(instruction.line <= instruction.endLine)
      _ = ShellCommand.all(of: instruction)
    }
    return true
  }

  /// A pattern decides about its own text and about a path below it, whatever it is.
  private func ignore(_ text: SourceText) -> Bool {
    guard let file = try? Dockerignore(text) else { return false }
    for rule in file.rules.prefix(20) {
      _ = file.ignores(String(rule.text.prefix(100)))
      _ = file.mayKeep(below: "a/" + rule.text.prefix(100))
    }
    return true
  }

  /// - Parameter form: picks the kind of lockfile.
  private func lockfile(_ text: SourceText, _ form: UInt8) -> Bool {
    let kinds: [PythonLockfile.Kind] = [.uv, .poetry, .pdm, .pipenv, .pylock]
    switch form {
    case UInt8(ascii: "{"):
      let npm = (try? NpmLock.parse(text)) != nil
      let bun = (try? NodeLockfile.bun(text, package: "next")) != nil
      let pipenv = (try? PythonLockfile.parse(text, .pipenv)) != nil
      return npm || bun || pipenv
    case UInt8(ascii: "l"): return (try? PnpmLock.parse(text)) != nil
    case UInt8(ascii: "#"):
      _ = RequirementsFile(text)
      return (try? NodeLockfile.yarn(text, package: "next", range: "^16.0.0")) != nil
    default: return kinds.map { (try? PythonLockfile.parse(text, $0)) != nil }.contains(true)
    }
  }
}
