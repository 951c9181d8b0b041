import ForgeBasics
import ForgeCodebase
import ForgeLint
import ForgeSyntax
import ForgeTemplates
import ForgeWorkloads

/// What RUN and COPY do that forge's own steps do not.
extension DockerfileReader {
  // MARK: RUN

  mutating func takeStep(_ run: DockerfileInstruction, at place: InstructionPlace) {
    let script = run.execForm?.joined(separator: " ") ?? Self.script(of: run)
    takeUsers(script)
    guard let parts = ShellChain.split(script) else { return takeWhole(run, script, at: place) }
    // A source of packages must be there before the packages that are of it.
    let addsSource = ["/etc/apt/", "apt-key", "add-apt-repository", "nodesource"].contains(
      where: script.contains)
    if addsSource { foreignPackages.insert(place.stage) }
    if foreignPackages.contains(place.stage),
      addsSource
        || parts.contains(where: { if case .packages = StepMeaning($0) { true } else { false } })
    {
      return takeWhole(run, script, at: place)
    }
    var own: [String] = []
    var beside: [String] = []
    var position = self.position(of: parts, at: place)
    for part in parts {
      switch StepMeaning(part) {
      case .settled:
        if ShellCommand.all(in: part).contains(where: \.installsProject) {
          installed.insert(place.stage)
        }
      case .beside:
        own.append(part)
        beside.append(part)
      case .packages(let manager, let packages): take(packages, of: manager, at: place)
      case .distributions(let words):
        let text =
          "RUN --mount=type=cache,target=/root/.cache/pip \\\n"
          + "    pip --python /opt/venv/bin/python install --no-compile \(words)"
        guard place.service.kind != .nextjs else {
          own.append(part)
          continue
        }
        // What was there first decides which version the others find; other managers would remove it again.
        let isFirst = !installed.contains(place.stage) && place.service.packageManager.name == .pip
        add(
          text, shown: "RUN \(part)", position: isFirst ? .beforeInstallation : .beforeBuild,
          flags: [], at: place)
      case .settings:
        add(
          "RUN \(part)", shown: "RUN \(part)", position: .beforeInstallation, flags: [], at: place)
      case .build:
        if own.count > beside.count {
          addStep(own.compactMap { owned($0, at: place) }, run.flags, position, at: place)
        }
        (own, beside) = ([], [])
        built.insert(place.stage)
        position = self.position(of: parts, at: place)
      case .lost(let reason): drop("RUN \(part)", place.line, reason)
      case .own: own.append(part)
      }
    }
    if own.count > beside.count {
      addStep(
        own.compactMap { owned($0, at: place) }.filter { !Self.cleansUp($0) }, run.flags, position,
        at: place)
    } else {
      let files = beside.compactMap { takeFiles($0, at: place) }
      if !files.isEmpty {
        result.steps.append(
          ExistingStep(
            position: .final, text: "RUN " + files.joined(separator: " \\\n    && "),
            line: place.line))
      }
    }
  }

  private static func script(of run: DockerfileInstruction) -> String {
    guard let heredoc = run.heredocs.first, run.arguments.wholeMatch(of: /<<-?['"]?\w+['"]?/) != nil
    else {
      return run.arguments + run.heredocs.map { "\n" + $0.content }.joined()
    }
    return heredoc.content
  }

  /// A script that cannot be taken apart goes where its step was, as it is; one that only does forge's work is left.
  private mutating func takeWhole(
    _ run: DockerfileInstruction, _ script: String, at place: InstructionPlace
  ) {
    let meanings = ShellCommand.all(in: script).filter {
      !["fi", "done", "esac", "then"].contains($0.program)
    }
    .map { StepMeaning($0.words.joined(separator: " ")) }
    guard meanings.contains(where: { ![.settled, .beside].contains($0) }) else { return }
    if meanings.contains(.build)
      || place.service.kind == .nextjs && meanings.allSatisfy({ $0 != .own })
    {
      built.insert(place.stage)
      // `if [ -f yarn.lock ]; then yarn build; elif …`: one of them is what forge does.
      if meanings.allSatisfy({ [.settled, .beside, .build].contains($0) }) { return }
    }
    let reasons = meanings.compactMap { if case .lost(let reason) = $0 { reason } else { nil } }
    if let reason = reasons.first,
      meanings.count(where: { ![.settled, .beside].contains($0) }) == reasons.count
    {
      return drop("RUN \(script.prefix(120))", place.line, reason)
    }
    let text: String
    if let heredoc = run.heredocs.first {
      text = "RUN \(flags(run.flags))\(run.arguments)\n\(heredoc.content)\(heredoc.name)"
    } else {
      text = "RUN \(flags(run.flags))\(run.arguments)"
    }
    add(
      text, shown: "RUN \(script)", position: position(of: [script], at: place), flags: [],
      at: place)
  }

  private mutating func addStep(
    _ parts: [String], _ flags: [DockerfileInstruction.Flag], _ position: ExistingStep.Position,
    at place: InstructionPlace
  ) {
    let script = parts.map(withoutRunner).joined(separator: " \\\n    && ")
    add(
      "RUN \(self.flags(flags))\(script)", shown: "RUN \(parts.joined(separator: " && "))",
      position: position,
      flags: flags, at: place)
  }

  private mutating func add(
    _ text: String, shown: String, position: ExistingStep.Position,
    flags: [DockerfileInstruction.Flag],
    at place: InstructionPlace
  ) {
    let shown = shown.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    var short = shown
    if shown.count > 160 { short = shown.prefix(157) + "…" }
    guard text.utf8.count <= 8_000,
      !text.unicodeScalars.contains(where: { $0.value < 32 && $0 != "\n" && $0 != "\t" })
    else { return drop(short, place.line, "it is too long, or holds control characters") }
    guard !Self.holdsSecret(text) else {
      let name = text.prefix { $0 != " " }
      return drop(String(name), place.line, "it holds a secret, which stays in the image's history")
    }
    guard place.isReached else { return }
    if position == .final, place.service.kind == .nextjs,
      let tool = ShellCommand.all(in: String(shown.dropFirst(4))).map(\.program)
        .first(where: { ["npm", "npx", "yarn", "pnpm", "bun", "bunx", "next"].contains($0) })
    {
      return drop(
        short, place.line,
        "the image holds no \(tool): do it in the build, or in a job of its own")
    }
    var text = translated(text, position, at: place)
    // A secret that was an argument is mounted for the steps that read it.
    for name in secretArguments where text.contains("$\(name)") || text.contains("${\(name)") {
      let secret = BuildSecret.file(name)
      guard text.hasPrefix("RUN "), let read = secret.read else { continue }
      text = "RUN \(secret.mount) \\\n    \(read) \\\n    && " + text.dropFirst(4)
    }
    // Of a single stage the arguments went to the build.
    for (name, argument) in ownArguments.sorted(by: { $0.key < $1.key })
    where position == .final && text.contains("$") {
      guard text.contains("$\(name)") || text.contains("${\(name)") else { continue }
      let declared = ExistingStep(position: .final, text: argument.text, line: argument.number)
      if !result.steps.contains(declared) { result.steps.append(declared) }
    }
    result.steps.append(ExistingStep(position: position, text: text, line: place.line))
    keep(short, place.line, isRemembered: false)
  }

  private func flags(_ flags: [DockerfileInstruction.Flag]) -> String {
    flags.map { "--\($0.name)\($0.value.map { "=\($0)" } ?? "") " }.joined()
  }

  private func position(of parts: [String], at place: InstructionPlace) -> ExistingStep.Position {
    let built = built.contains(place.stage)
    if place.service.kind == .nextjs {
      if place.isFinal, !place.isOnly { return .final }
      if built { return .afterBuild }
      return .beforeBuild
    }
    guard place.isFinal else { return .beforeBuild }
    let compilers: Set<String> = ["make", "gcc", "g++", "cmake", "cargo", "rustc", "git"]
    let compiles = parts.flatMap { ShellCommand.all(in: $0) }.contains {
      compilers.contains($0.program) || $0.program == "configure"
    }
    if place.isOnly, compiles { return .beforeBuild }
    return .final
  }

  /// `uv run x`: the virtual environment's programs are on the path.
  private func withoutRunner(_ part: String) -> String {
    for runner in ["uv run", "poetry run", "pdm run", "pipenv run"]
    where part.hasPrefix(runner + " ") {
      var rest = part.dropFirst(runner.count + 1)
      while rest.hasPrefix("--"), let space = rest.firstIndex(of: " ") {
        rest = rest[rest.index(after: space)...]
      }
      return String(rest)
    }
    return part
  }

  /// The same step in forge's folders.
  private func translated(
    _ text: String, _ position: ExistingStep.Position, at place: InstructionPlace
  )
    -> String
  {
    guard let folder = place.folder, folder.hasPrefix("/"), folder.count > 1 else { return text }
    let home = home(position, place.service)
    guard folder != home else { return text }
    var out = ""
    var rest = text[...]
    while let range = rest.firstRange(of: folder) {
      let before = text[..<range.lowerBound].last ?? " "
      let after = text[range.upperBound...].first ?? " "
      let isPart =
        before.isLetter || before.isNumber || "_-./}".contains(before)
        || after.isLetter || after.isNumber || "_-.".contains(after)
      out += rest[..<range.lowerBound]
      out += isPart ? folder : home
      rest = rest[range.upperBound...]
    }
    return out + rest
  }

  /// Where the source lies.
  func home(_ position: ExistingStep.Position, _ service: Service) -> String {
    if service.kind == .nextjs || position == .final { return "/app" }
    return "/source"
  }

  /// A change of owner names a user that is not there any more; the code's owner is root.
  private func owned(_ part: String, at place: InstructionPlace) -> String? {
    guard let command = ShellCommand.all(in: part).first, command.program == "chown" else {
      return part
    }
    let operands = command.operands
    guard let owner = operands.first, operands.count > 1 else { return nil }
    if operands.dropFirst().allSatisfy({ absolute($0, at: place) == "/app" }) { return nil }
    let isNumber =
      owner.wholeMatch(of: /[0-9]+(:[0-9]+)?/) != nil || owner.hasPrefix("root")
      || owner.hasPrefix("$")
    guard !isNumber else { return part }
    return part.replacing(" \(owner) ", with: " \(ImageUser.user) ", maxReplacements: 1)
  }

  private static func cleansUp(_ part: String) -> Bool {
    let lists = [
      "/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apk", "/root/.cache", "/root/.npm",
    ]
    return part.hasPrefix("rm ") && lists.contains(where: part.contains)
  }

  private static func holdsSecret(_ text: String) -> Bool {
    text.split { $0.isWhitespace || $0 == ";" || $0 == "&" }.contains { word in
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { return false }
      let name = parts[0].drop { !$0.isLetter }
      let value = parts[1].filter { !"\"'".contains($0) }
      guard !value.hasPrefix("$"), name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
      else {
        return word.contains("_authToken=") && !word.contains("$")
      }
      return SecretName.isSecret(String(name), setTo: value)
    } || text.contains(/:\/\/[^\/\s:@$]+:[^\/\s:@$]+@/)
      || text.contains(/\b(ghp|glpat|npm|pypi|sk)[_-][A-Za-z0-9_-]{20,}/)
  }

  // MARK: Folders

  /// A command on files alone: folders that the server writes are kept, with an owner that is there.
  /// - Returns: the command as the image needs it; nil for none.
  private mutating func takeFiles(_ part: String, at place: InstructionPlace) -> String? {
    guard place.isFinal, let command = ShellCommand.all(in: part).first else { return nil }
    let paths = command.operands.map { absolute($0, at: place) }
    let isOwn = { (path: String) in
      let own = [
        "/var/lib/apt", "/var/cache", "/root/.", "/tmp", "/app/.next", "/opt/venv",
        "/app/node_modules",
      ]
      return path == "/app" || path == "/" || own.contains { path.hasPrefix($0) }
        || path.hasSuffix(".sh")
    }
    switch command.program {
    case "mkdir", "touch":
      let made = paths.filter {
        !isOwn($0) && $0.hasPrefix("/") && $0.wholeMatch(of: /[A-Za-z0-9._@\/+-]+/) != nil
      }
      guard !made.isEmpty else { return nil }
      let list = made.joined(separator: " ")
      madeFolders += made
      keep("RUN \(command.program) \(list)", place.line, isRemembered: false)
      if command.program == "touch" { return "touch \(list)" }
      return "mkdir -p \(list)"
    case "chown":
      let owned = paths.dropFirst().filter { path in
        madeFolders.contains { $0 == path || $0.hasPrefix(path + "/") }
      }
      let list = owned.filter { !isOwn($0) }.joined(separator: " ")
      if !list.isEmpty {
        keep("RUN chown \(list)", place.line, isRemembered: false)
        return "chown -R \(ImageUser.user) \(list)"
      }
      if place.service.kind != .nextjs || !part.contains(".next") {
        drop(
          "RUN \(part)", place.line,
          "the code is root's and read-only: name the folders that the server writes")
      }
    case "rm":
      guard !paths.allSatisfy(isOwn), !Self.cleansUp(part) else { return nil }
      drop("RUN \(part)", place.line, "what no image needs is named in .dockerignore")
    case "cp", "mv", "ln":
      add("RUN \(part)", shown: "RUN \(part)", position: .final, flags: [], at: place)
    default: break
    }
    return nil
  }

  private func absolute(_ path: String, at place: InstructionPlace) -> String {
    var path = path.removing(prefix: "./")
    let folder = place.folder ?? "/app"
    if path == "." || path == folder { return "/app" }
    if path.hasPrefix(folder + "/") { path = String(path.dropFirst(folder.count + 1)) }
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let isAbsolute = ["/", "$", "~"].contains(where: path.hasPrefix)
    return isAbsolute ? path : "/app/\(path)"
  }

  // MARK: Packages

  private static let compilers: Set<String> = [
    "gcc", "g++", "make", "cmake", "build-essential", "pkg-config", "git", "rustc", "cargo",
    "build-base", "musl-dev",
    "linux-headers", "python3", "py3-pip", "pkgconf", "autoconf", "automake", "libtool",
  ]

  private mutating func take(_ packages: [String], of manager: String, at place: InstructionPlace) {
    guard place.isReached else { return }
    for package in packages {
      guard DockerText.isDebianPackage(package) else {
        let name = manager == "apk" ? "apk add" : "apt-get install"
        drop("RUN \(name) \(package)", place.line, "it is no plain name of a package")
        continue
      }
      let isForBuild =
        !place.isFinal
        || place.isOnly && (package.hasSuffix("-dev") || Self.compilers.contains(package))
      if manager == "apk" {
        let line = ExistingDockerfile.Line(text: package, number: place.line)
        if isForBuild, !result.packages.alpineBuild.contains(where: { $0.text == package }) {
          result.packages.alpineBuild.append(line)
        }
        if !isForBuild, !result.packages.alpineRuntime.contains(where: { $0.text == package }) {
          result.packages.alpineRuntime.append(line)
        }
        keep("RUN apk add \(package)", place.line)
      } else {
        // A final stage that compiles is one stage too few.
        let isForBuild = isForBuild || package.hasSuffix("-dev") || Self.compilers.contains(package)
        if isForBuild, !result.packages.build.contains(package) {
          result.packages.build.append(package)
        }
        if !isForBuild, !result.packages.runtime.contains(package) {
          result.packages.runtime.append(package)
        }
        if package == "git", place.isFinal {
          drop(
            "git in the image", place.line,
            "the build has it; if the server calls it too, install it in a # forge:keep block (some 60 MB)"
          )
        }
        keep("RUN apt-get install \(package)", place.line)
      }
    }
  }

  // MARK: Users

  /// The numbers of users and groups that a step makes.
  private mutating func takeUsers(_ script: String) {
    for command in ShellCommand.all(in: script) {
      let isUser = ["useradd", "adduser"].contains(command.program)
      guard isUser || ["groupadd", "addgroup"].contains(command.program) else { continue }
      // The flag of its own number.
      let ownNumber = isUser ? ["-u", "--uid"] : ["-g", "--gid"]
      var number: String?
      var group: String?
      var names: [String] = []
      var flag: String?
      for word in command.words.dropFirst() {
        if let name = flag {
          flag = nil
          if ownNumber.contains(name) { number = word }
          if isUser, ["-g", "--gid", "-G", "--ingroup"].contains(name) { group = word }
        } else if let match = word.wholeMatch(of: /--([a-z-]+)=(.*)/) {
          if ownNumber.contains("--\(match.1)") { number = String(match.2) }
          if isUser, ["gid", "ingroup"].contains(String(match.1)) { group = String(match.2) }
        } else if word.hasPrefix("-") {
          let valued: Set<String> = [
            "-u", "--uid", "-g", "--gid", "-G", "--ingroup", "--groups", "-h", "--home", "-d",
            "--home-dir", "-s",
            "--shell", "-c", "--comment", "--gecos", "-p", "--password", "-k", "-K", "-b",
          ]
          if valued.contains(word) { flag = word }
        } else {
          names.append(word)
        }
      }
      guard let name = names.first, name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_-]{0,31}/) != nil
      else { continue }
      let isNumber = number.map { $0.wholeMatch(of: /[1-9][0-9]{0,8}/) != nil } ?? false
      guard let number, isNumber else { continue }
      if isUser {
        let known = group.map { groups[$0] ?? $0 } ?? groups[name] ?? number
        users[name] = "\(number):\(known.wholeMatch(of: /[0-9]{1,9}/) != nil ? known : number)"
      } else {
        groups[name] = number
      }
    }
  }

  // MARK: COPY

  /// What the last stage gets besides the application.
  mutating func takeCopy(_ copy: DockerfileInstruction, at place: InstructionPlace) {
    guard copy.heredocs.isEmpty else {
      if place.isReached {
        drop("\(copy.keyword) <<…", place.line, "put it into a # forge:keep block")
      }
      return
    }
    let words = copy.words.map { place.variables.expand($0) ?? $0 }
    guard words.count >= 2, let target = words.last else { return }
    let from = copy.value(of: "from").map { place.variables.expand($0) ?? $0 }
    if let from, !place.isStage(from) {
      // Another image: the tools of package managers are forge's own choice.
      let tools = ["uv", "bun", "pnpm", "poetry"]
      if tools.contains(where: { from.contains("/\($0)") || from.hasPrefix($0) })
        || !place.isReached
      {
        return
      }
      let position = position(of: [], at: place)
      return add(
        "COPY --from=\(from) \(words.joined(separator: " "))",
        shown: "COPY --from=\(from) \(words[0])",
        position: position, flags: [], at: place)
    }
    for source in words.dropLast() {
      let name = source.split(separator: "/").last.map(String.init) ?? source
      if from == nil {
        copied[name] = source.removing(prefix: "./")
      }
      guard place.isFinal, place.isReached, !place.isOnly || from == nil else { continue }
      takeCopied(source, to: target, from: from, isOneOfMany: words.count > 2, at: place)
    }
  }

  private mutating func takeCopied(
    _ source: String, to target: String, from: String?, isOneOfMany: Bool,
    at place: InstructionPlace
  ) {
    var path = source
    if let from, let folder = place.folders[from] ?? nil {
      if path == folder || path == folder + "/" { return }
      if path.hasPrefix(folder + "/") { path = String(path.dropFirst(folder.count + 1)) }
    }
    while path.hasPrefix("./") { path.removeFirst(2) }
    if from == nil, path.hasPrefix("/") { path.removeFirst() }
    guard !path.isEmpty, path != "." else { return }
    let isOutside = path.hasPrefix("/")
    let settled =
      place.service.kind == .nextjs
      ? [
        "node_modules", ".next", "public", "package", "next.config", "-lock", ".lock", "bun.lockb",
        "standalone",
        "tsconfig", ".npmrc", ".yarn", "turbo.json", ".env",
      ]
      : [
        "site-packages", "venv", "/.local", "/usr/local", "wheel", "requirements", "/install",
        "pyproject", ".lock",
        "Pipfile", "/bin/uv", ".env", "setup.",
      ]
    if settled.contains(where: path.contains) || ["src", "dist", "public", "app"].contains(path) {
      return
    }
    let end = absolute(target, at: place)
    if place.service.kind != .nextjs, !isOutside, end == "/app" || end.hasPrefix("/app/") { return }
    guard path.wholeMatch(of: /[A-Za-z0-9._@\/+*-]{1,300}/) != nil,
      target.wholeMatch(of: /[A-Za-z0-9._@\/+-]{1,300}/) != nil
    else {
      return drop("COPY \(source)", place.line, "only the build knows its name")
    }
    if from == nil, !place.exists(path) {
      return drop("COPY \(source)", place.line, "the project has no such file")
    }
    var home = home(.beforeBuild, place.service)
    if place.service.kind == .nextjs { home += place.member }
    var full = path
    if !isOutside { full = "\(home)/\(path)" }
    var destination = end
    let isFolder = isOneOfMany || target.hasSuffix("/") || target == "."
    if isFolder, end != "/" { destination += "/" }
    result.steps.append(
      ExistingStep(
        position: .final,
        text: "COPY --from=build \(full) \(destination)",
        line: place.line))
    keep("COPY \(source) \(target)", place.line, isRemembered: false)
  }
}
