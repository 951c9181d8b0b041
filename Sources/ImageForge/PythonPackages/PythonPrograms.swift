import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// The programs that a service starts: Debian packages that bring them, and findings where none is certain.
package struct PythonPrograms {
  /// Of what the code that the service loads cannot do without.
  package private(set) var packages: Set<String> = []
  package private(set) var findings: [Finding] = []

  /// A program that a line starts, or looks for.
  private struct Use {
    /// The program and the literal arguments behind it.
    let words: [String]
    let place: Place
    /// Whether the code goes on without the program.
    let isOptional: Bool
  }

  private let index: PythonIndex
  private let manifest: PythonManifest?
  private var uses: [Use] = []

  private static let maximumUses = 500

  /// Calls whose first argument is a program with its arguments, or its name alone.
  private static let lists: Set<String> = [
    "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call",
    "subprocess.check_output", "pexpect.spawn", "anyio.run_process", "anyio.open_process",
  ]
  /// Calls whose arguments are a program and its arguments, one by one.
  private static let words: Set<String> = [
    "asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec", "os.execlp",
    "os.execvp", "os.spawnlp", "os.spawnvp",
  ]
  /// Calls whose first argument is a script of the shell.
  private static let scripts: Set<String> = [
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell",
  ]

  package init(
    _ manifest: PythonManifest?, _ index: PythonIndex, reach: PythonReach, folder: String
  ) {
    self.index = index
    self.manifest = manifest
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      collect(file, isLoaded: reach.contains(path))
    }
    judge()
  }

  // MARK: Where programs are named

  private mutating func collect(_ file: PythonFile, isLoaded: Bool) {
    var found: [Use] = []
    file.forEachStatement(tolerating: ["FileNotFoundError", "OSError"]) { statement, around in
      for expression in statement.expressions {
        expression.walk { part in
          guard let call = part.call, found.count < Self.maximumUses,
            case .external(let name)? = index.origin(of: call.function, in: file)
          else { return }
          let isOptional = !around.tolerated.isEmpty || !isLoaded || name == "shutil.which"
          for words in commands(name, call.arguments, around.scope) where !words.isEmpty {
            found.append(
              Use(words: words, place: file.location(part.offset), isOptional: isOptional))
          }
        }
      }
    }
    uses += found.prefix(Self.maximumUses - min(uses.count, Self.maximumUses))
  }

  private func commands(
    _ name: String, _ arguments: [PythonArgument], _ scope: PythonScope
  ) -> [[String]] {
    if Self.words.contains(name) {
      return [arguments.positional.map { literal($0, scope) }.prefixOfSome]
    }
    if name == "shutil.which" {
      return arguments.argument(0, "cmd").map { [[literal($0, scope)].prefixOfSome] } ?? []
    }
    let isScript = Self.scripts.contains(name)
    guard isScript || Self.lists.contains(name),
      let first = arguments.argument(0, isScript ? "cmd" : "args")
    else { return [] }
    if isScript || arguments["shell"]?.bool == true {
      return script(first, scope)
    }
    return index.makers(of: PythonPlace(expression: first, scope: scope)).map { maker in
      command(maker.expression, maker.scope)
    }
  }

  /// A list of words, a list with more added, a text that is split, or the name of a program alone.
  private func command(_ expression: PythonExpression, _ scope: PythonScope) -> [String] {
    switch expression.kind {
    case .list(let elements), .tuple(let elements):
      return elements.map { literal($0, scope) }.prefixOfSome
    case .operation(let operators, let operands) where operators.allSatisfy { $0 == "+" }:
      return operands.first.map { command($0, scope) } ?? []
    case .call(let callee, let arguments):
      // `shlex.split("…")` and `"…".split()`
      if callee.dotted == ["shlex", "split"], let text = arguments.positional.first {
        return script(text, scope).first ?? []
      }
      if case .attribute(let text, "split") = callee.kind {
        return script(text, scope).first ?? []
      }
      return [literal(expression, scope)].prefixOfSome
    default:
      return [literal(expression, scope)].prefixOfSome
    }
  }

  /// The commands of a script; of one with values in it, the first word alone.
  private func script(_ expression: PythonExpression, _ scope: PythonScope) -> [[String]] {
    let makers = index.makers(of: PythonPlace(expression: expression, scope: scope))
    return makers.flatMap { maker -> [[String]] in
      let place = PythonPlace(expression: maker.expression, scope: maker.scope)
      if let text = index.text(of: place) { return ShellCommand.all(in: text).map(\.words) }
      if case .operation(_, let operands) = maker.expression.kind,
        let first = operands.first?.string
      {
        return ShellCommand.all(in: first).prefix(1).map(\.words)
      }
      guard case .formatted = maker.expression.kind else { return [] }
      let begin = Self.beginning(of: maker.expression, in: maker.scope.file)
      return ShellCommand.all(in: begin).prefix(1).map { Array($0.words.prefix(1)) }
    }
  }

  /// The text of an f-string up to its first value, without a word that the value is part of.
  private static func beginning(of expression: PythonExpression, in file: PythonFile) -> String {
    let rest = file.module.source.bytes.dropFirst(expression.offset).prefix(200)
    let text = String(decoding: rest, as: UTF8.self).drop { $0.isLetter }
    guard let quote = text.first, quote == "\"" || quote == "'" else { return "" }
    let inside = text.drop { $0 == quote }
    let literal = inside.prefix { $0 != "{" && $0 != quote && $0 != "\\" && $0 != "\n" }
    guard inside.dropFirst(literal.count).first == "{" else { return String(literal) }
    return literal.lastIndex(of: " ").map { String(literal[..<$0]) } ?? ""
  }

  /// A word that is written in the code, as a constant, or as what a variable is without its environment.
  private func literal(_ expression: PythonExpression, _ scope: PythonScope) -> String? {
    if let text = index.text(of: PythonPlace(expression: expression, scope: scope)) { return text }
    for maker in index.makers(of: PythonPlace(expression: expression, scope: scope)) {
      switch maker.expression.kind {
      case .string(let text): return text
      case .operation(let operators, let operands) where operators.allSatisfy { $0 == "or" }:
        if let text = operands.lazy.compactMap(\.string).first { return text }
      case .call(let callee, let arguments):
        let name = callee.dotted?.suffix(2).joined(separator: ".")
        guard ["os.getenv", "environ.get"].contains(name) else { continue }
        if let text = arguments.argument(1, "default")?.string { return text }
      default: continue
      }
    }
    return nil
  }

  // MARK: What they mean

  private mutating func judge() {
    var needed: Set<String> = []
    var doubtful: [Use] = []
    for use in uses {
      let program = use.words[0].split(separator: "/").last.map(String.init) ?? use.words[0]
      guard !isBrought(program) else { continue }
      let answer = KnownPrograms.table.answer(to: use.words)
      if case .packages(let names) = answer, !use.isOptional {
        packages.formUnion(names)
        needed.insert(program)
      } else if answer != .nothing {
        doubtful.append(use)
      }
    }
    var seen: Set<String> = []
    for use in doubtful {
      let program = use.words[0].split(separator: "/").last.map(String.init) ?? use.words[0]
      guard !needed.contains(program), seen.insert(program).inserted, seen.count <= 20 else {
        continue
      }
      note(program, use)
    }
  }

  /// Whether a dependency brings the program: most bear its name.
  private func isBrought(_ program: String) -> Bool {
    let name = Requirement.normalise(program)
    return program.hasPrefix("python") || name == "pip" || manifest?.has(name) == true
  }

  private mutating func note(_ program: String, _ use: Use) {
    let shown = DisplayText.escape(String(program.prefix(60)))
    var severity = Severity.warning
    var message = "the code starts \(shown), which the image does not have"
    let fix: String
    switch KnownPrograms.table.answer(to: use.words) {
    case .packages(let names):
      severity = .info
      message = "the code looks for \(shown), which the image does not have, and goes on without it"
      fix =
        "if the service shall use it, install \(names.joined(separator: " ")) behind # forge:keep"
    case .repository:
      message = "the code asks git about its repository, which the image does not have"
      fix = "give what it asks for (a version, a commit) as an environment variable"
    case .elsewhere(let remedy):
      fix = remedy
    case .unknown, .nothing:
      if use.isOptional { severity = .info }
      fix = "install the package that brings it behind # forge:keep in the Dockerfile"
    }
    findings.note("FORGE-P060", severity, message, at: use.place, fix: fix)
  }
}

extension [String?] {
  /// The words before the first that is not known.
  fileprivate var prefixOfSome: [String] { prefix { $0 != nil }.compactMap(\.self) }
}
