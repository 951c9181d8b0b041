import ForgeImages

extension ImageConfig {
  /// What a container runs: its entry point with the command, then its health check.
  package var commands: [[String]] {
    var commands = [entrypoint + cmd]
    if let test = healthcheck?.test, let kind = test.first, test.count > 1 {
      switch kind {
      case "CMD": commands.append(Array(test.dropFirst()))
      case "CMD-SHELL":
        commands.append((shell.isEmpty ? ["/bin/sh", "-c"] : shell) + test.dropFirst())
      default: break
      }
    }
    return commands
  }

  /// Words of a shell's text, any of which may be a program.
  package static func words(_ text: String) -> [String] {
    text.split { " \t\n;|&()\"'`$".contains($0) }.map(String.init)
  }
}
