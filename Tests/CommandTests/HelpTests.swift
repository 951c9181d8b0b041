import ForgeReports
import Foundation
import ImageForge
import TestSupport
import Testing

/// What the program says of itself, for every command that there is.
@Suite struct HelpTests {
  /// As `--experimental-dump-help` writes it.
  private struct Tool: Decodable {
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable {
          let kind: String
          let name: String
        }
        let names: [Name]?
        let abstract: String?
        let shouldDisplay: Bool
      }
      let commandName: String
      let abstract: String?
      let discussion: String?
      let arguments: [Argument]?
      let subcommands: [Command]?
    }
    let command: Command
  }

  private func commands() async throws -> [(path: [String], command: Tool.Command)] {
    let json = try await Command.require(Command.forge, ["--experimental-dump-help"])
    let tool = try JSONDecoder().decode(Tool.self, from: Data(json.utf8))
    func all(_ command: Tool.Command, _ path: [String]) -> [(path: [String], command: Tool.Command)]
    {
      [(path, command)]
        + (command.subcommands ?? []).filter { $0.commandName != "help" }
        .flatMap { all($0, path + [$0.commandName]) }
    }
    return all(tool.command, [])
  }

  /// Every example is a command that exists, with options that it takes.
  @Test func everyCommandHasExamplesThatParse() async throws {
    let all = try await commands()
    #expect(all.count > 25)
    for (path, command) in all {
      let name = (["forge"] + path).joined(separator: " ")
      #expect(!(command.abstract ?? "").isEmpty, "\(name)")
      let parts = (command.discussion ?? "").components(separatedBy: "Examples:\n")
      #expect(parts.count == 2, "\(name) shows no examples")
      let lines = (parts.last ?? "").split(separator: "\n").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      #expect(
        lines.allSatisfy { $0.hasPrefix("forge ") } && lines.contains { $0.hasPrefix(name) },
        "\(name): \(lines)")
      for line in lines {
        // What stands behind two spaces explains the example.
        let words = line.components(separatedBy: "  ")[0].split(separator: " ").map(String.init)
        let used = try #require(
          all.filter { words.dropFirst().starts(with: $0.path) }.max {
            $0.path.count < $1.path.count
          })
        let known = Set((used.command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
        for word in words where word.hasPrefix("-") && word.count > 1 {
          #expect(known.contains(String(word.drop { $0 == "-" })), "\(line): \(word)")
        }
      }
    }
  }

  @Test func everyOptionIsExplained() async throws {
    for (path, command) in try await commands() {
      for argument in command.arguments ?? [] where argument.shouldDisplay {
        #expect(!(argument.abstract ?? "").isEmpty, "\(path) \(argument.names?.map(\.name) ?? [])")
      }
    }
  }

  /// Each command's own help is shown, and fits a terminal of 80 columns.
  @Test func helpOfEachCommand() async throws {
    for (path, _) in try await commands() where path.count <= 2 {
      let result = try await Command.forge(path + ["--help"], environment: ["COLUMNS": "80"])
      #expect(result.status == 0, "\(path): \(result)")
      #expect(
        result.output.contains("Examples:") && result.output.contains("USAGE: forge"), "\(path)")
    }
  }

  /// Every command and every option is in the manual page, which is sound.
  @Test func manualPage() async throws {
    let page = try await Command.require(
      "python3", [Repository.root + "scripts/man", Command.forge])
    #expect(page.utf8.allSatisfy { $0 < 0x80 })
    for (path, command) in try await commands() {
      if !path.isEmpty {
        #expect(page.contains(".SS \"forge \(path.joined(separator: " "))\""), "\(path)")
      }
      for argument in command.arguments ?? [] where argument.shouldDisplay {
        for name in argument.names ?? []
        where name.name != "version" && name.name.count > 1 && name.name != "help" {
          #expect(
            page.contains("\\-\\-" + name.name.replacing("-", with: "\\-")), "\(path) \(name.name)")
        }
      }
    }
    let folder = try TemporaryFolder()
    try folder.write(page, to: "forge.1")
    let faults = try await Command.run(
      "mandoc", ["-T", "lint", "-W", "error", folder.file("forge.1")])
    #expect(faults.status == 0, "\(faults)")
  }

  @Test(arguments: [("bash", "complete"), ("zsh", "#compdef forge"), ("fish", "complete -c")])
  func completionScripts(shell: String, word: String) async throws {
    let script = try await Command.require(Command.forge, ["--generate-completion-script", shell])
    #expect(script.contains(word) && script.contains("fail-on"))
    if shell == "bash" {
      let folder = try TemporaryFolder()
      try folder.write(script, to: "forge.bash")
      try await Command.require("bash", ["-n", folder.file("forge.bash")])
    }
  }

  /// bash completes the names of files and folders where a command takes them.
  @Test(arguments: [
    ("inspect fi", "file.tar"), ("check a fi", "file.tar"), ("diff a fi", "file.tar"),
    ("analyze fo", "folder"),
    ("lint fi", "file.tar"), ("check a --policy fi", "file.tar"),
    ("lint a --report fi", "file.tar"),
    ("inspect a -o fi", "file.tar"), ("build fo", "folder"), ("build a --report-dir fo", "folder"),
    ("analyze fi", ""),
  ])
  func pathsAreCompleted(_ line: String, _ name: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "file.tar")
    try folder.write("", to: "folder/x")
    let words = ["forge"] + line.split(separator: " ").map(String.init)
    let script = """
      source <("$0" --generate-completion-script bash)
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
      _forge forge "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
      echo "${COMPREPLY[@]}"
      """
    let result = try await Command.run(
      "bash", ["-c", script, Command.forge] + words, in: folder.path)
    #expect(result.output == name + "\n", "\(result)")
  }

  /// The README's table is the one that the program prints.
  @Test func theReadmeHoldsTheRules() async throws {
    let table = try await Command.require(Command.forge, ["rules", "--markdown"])
    let readme = try String(contentsOfFile: Repository.root + "README.md", encoding: .utf8)
    #expect(
      readme.contains("\n" + table + "\n"),
      "put the output of `forge rules --markdown` into README.md")
    #expect(table.split(separator: "\n").count == RuleList().rules.count + 2)
  }

  @Test func rulesOneByOne() async throws {
    let text = try await Command.require(Command.forge, ["rules", "i008"])
    #expect(text.hasPrefix("FORGE-I008") && text.contains("why") && text.contains("fix"), "\(text)")
    #expect(try await Command.forge(["rules", "FORGE-I099"]).status == 2)
    #expect(try await Command.forge(["rules", "FORGE-I001", "--markdown"]).status == 2)
    let kinds = try await Command.require(Command.forge, ["rules", "--secrets"])
    #expect(kinds.split(separator: "\n").count > 60 && kinds.contains("github-token"))
  }
}
