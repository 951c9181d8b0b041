import ForgeBasics
import ForgeCatalogue

/// `recipes/data/development-servers.yaml`: commands that start a server for development.
struct DevelopmentServers: Sendable {
  private struct Server: Sendable {
    let program: String
    let argument: String?
    let option: String?
    let anywhere: String?
  }

  private let servers: [Server]
  private let managers: Set<String>
  private let scripts: Set<String>
  private let valued: Set<String>

  // Embedded; a test reads it, so that an unreadable one cannot be released.
  static let table = DevelopmentServers(yaml: Catalogue.text("data/development-servers.yaml") ?? "")

  private init(yaml: String) {
    let table = try? CatalogueTable(yaml: yaml)
    servers = (table?.rows("servers") ?? []).compactMap { row in
      row.text("program").map {
        Server(
          program: $0, argument: row.text("argument"), option: row.text("option"),
          anywhere: row.text("anywhere"))
      }
    }
    managers = Set(table?.texts("managers") ?? [])
    scripts = Set(table?.texts("scripts") ?? [])
    valued = Set(table?.texts("valued") ?? [])
  }

  /// The development server that a command starts, as people write it; nil where it starts none.
  func reason(_ words: [String]) -> String? {
    // Of a shell or a tool that starts several, each argument may be a command of its own.
    for command in [words] + words.map({ ShellText.commands($0).flatMap(\.self) }) {
      if let reason = reason(ofCommand: command) { return reason }
    }
    return nil
  }

  private func reason(ofCommand words: [String]) -> String? {
    for index in words.indices {
      let name = RuleText.lastComponent(words[index])
      let rest = words[(index + 1)...]
      if let server = servers.first(where: { $0.program == name && starts($0, rest) }) {
        return [server.program, server.argument ?? server.option ?? server.anywhere]
          .compactMap(\.self).joined(separator: " ")
      }
      if managers.contains(name), let script = script(rest) { return "\(name) run \(script)" }
    }
    return nil
  }

  private func starts(_ server: Server, _ rest: ArraySlice<String>) -> Bool {
    if let argument = server.argument { return operands(rest).first == argument }
    if let option = server.option {
      return rest.prefix { $0.hasPrefix("-") }.contains {
        $0 == option || $0.hasPrefix(option + "=")
      }
    }
    if let option = server.anywhere { return rest.contains(option) }
    return true
  }

  /// The script that a package manager is told to run, if it is one for development.
  private func script(_ rest: ArraySlice<String>) -> String? {
    let operands = operands(rest)
    let isRun = ["run", "run-script"].contains(operands.first)
    guard let name = operands.dropFirst(isRun ? 1 : 0).first, scripts.contains(name) else {
      return nil
    }
    return name
  }

  /// The words that are no options, nor values of them.
  private func operands(_ rest: ArraySlice<String>) -> [String] {
    var operands: [String] = []
    var isValue = false
    for word in rest {
      if isValue {
        isValue = false
      } else if word.hasPrefix("-") {
        isValue = valued.contains(word)
      } else {
        operands.append(word)
      }
    }
    return operands
  }
}
