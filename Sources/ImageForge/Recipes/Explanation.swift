import ForgeBasics
import ForgeCodebase

/// Writes above the instructions of a Dockerfile what they rest on: the places of the source that made them so.
struct Explanation {
  private let service: Service

  init(of service: Service) { self.service = service }

  /// The Dockerfile with a comment `# Why: …` above each instruction that rests on something found.
  func comment(_ dockerfile: String) -> String {
    var out: [Substring] = []
    var continues = false
    for line in dockerfile.split(separator: "\n", omittingEmptySubsequences: false) {
      if !continues, let reason = reason(for: line) {
        // What tells hadolint to be silent must stand right above the instruction.
        let place = out.last?.hasPrefix("# hadolint ") == true ? out.count - 1 : out.count
        out.insert("# Why: \(DisplayText.escape(String(reason.prefix(400))))", at: place)
      }
      out.append(line)
      if !line.hasPrefix("#") { continues = line.hasSuffix("\\") }
    }
    return out.joined(separator: "\n")
  }

  private func reason(for line: Substring) -> String? {
    let words = line.split(separator: " ")
    guard let instruction = words.first, words.count > 1 else { return nil }
    switch instruction {
    case "FROM" where words.contains("build"):
      return "\(service.runtime.name.rawValue) \(service.runtime.version) (\(service.runtime.source))"
    case "COPY" where !line.contains("--from") && words.last?.hasPrefix("./") == true:
      return "\(service.packageManager.name.rawValue) installs from these (\(service.packageManager.source))"
    case "RUN" where line.contains("apt-get"):
      return "dependencies that load or compile against system libraries"
    case "ARG":
      return service.environment.first { $0.name == words[1] }.map { "read in \($0.sources.joined(separator: ", "))" }
    case "EXPOSE": return "the port of the start command, or the framework's own"
    case "HEALTHCHECK": return service.healthPath.map { "the route \($0)" } ?? "there is no health route"
    case "CMD": return command
    default: return nil
    }
  }

  private var command: String? {
    if let fastapi = service.fastapi {
      return "\(fastapi.entrypoint) (\(fastapi.source)), served by \(fastapi.server)"
    }
    if let next = service.next {
      return "output \(next.output.rawValue)" + (next.configFile.map { " (\($0))" } ?? ", the default")
    }
    return service.mcp.first { !$0.mounted }.map { "\($0.entrypoint) (\($0.source))" }
  }
}
