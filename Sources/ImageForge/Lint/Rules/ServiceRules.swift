import ForgeBasics
import ForgeCodebase
import ForgeDockerignore
import ForgeFindings
import ForgeSyntax

extension LintRule {
  /// What the Dockerfile and the analysis of the folder contradict each other on.
  static let service: [LintRule] = [
    LintRule("FORGE-L070", check: missingStandalone),
    LintRule("FORGE-L071", check: otherOutputFolder),
    LintRule("FORGE-L072", check: missingPublicFolder),
    LintRule("FORGE-L073", check: missingDevelopmentDependencies),
    LintRule("FORGE-L076", check: missingSystemPackages),
  ]

  private static func next(_ subject: LintSubject) -> (project: ProjectService, facts: NextFacts)? {
    guard let project = subject.surroundings.service, let facts = project.service.next else {
      return nil
    }
    return (project, facts)
  }

  /// COPY --from another stage, with the sources that are written there.
  private static func copiesBetweenStages(
    _ subject: LintSubject
  ) -> [(copy: DockerfileInstruction, sources: [String])] {
    subject.dockerfile.stages.flatMap { stage in
      stage.instructions.compactMap { copy in
        guard copy.keyword == "COPY", let from = copy.value(of: "from"),
          subject.dockerfile.stage(from, before: stage.index) != nil
        else { return nil }
        return (copy, copy.words.dropLast().map { GoPath.clean($0) })
      }
    }
  }

  private static func steps(_ subject: LintSubject, mention word: String) -> Bool {
    subject.dockerfile.instructions.contains { instruction in
      guard ["RUN", "ENV", "ARG"].contains(instruction.keyword) else { return false }
      return instruction.arguments.contains(word)
        || instruction.heredocs.contains { $0.content.contains(word) }
    }
  }

  // MARK: Next.js

  private static func missingStandalone(_ subject: LintSubject) -> [Hit] {
    guard let (_, facts) = next(subject), facts.output == .default || facts.output == .export,
      !steps(subject, mention: "STANDALONE"), !steps(subject, mention: "next.config")
    else { return [] }
    return copiesBetweenStages(subject).compactMap { copy, sources in
      guard let source = sources.first(where: { $0.hasSuffix("\(facts.distDir)/standalone") })
      else { return nil }
      let name = facts.configFile ?? "next.config"
      let found = facts.output == .export ? "sets output: \"export\"" : "sets no output"
      return Hit(
        copy, of: subject,
        "\(source) is not made by the build: \(name) \(found)",
        fix: "Set output: \"standalone\" in \(name), or copy .next and node_modules")
    }
  }

  private static func otherOutputFolder(_ subject: LintSubject) -> [Hit] {
    guard let (_, facts) = next(subject), facts.distDir != ".next",
      !steps(subject, mention: "next.config")
    else { return [] }
    return copiesBetweenStages(subject).compactMap { copy, sources in
      guard
        let source = sources.first(where: { path in
          path.split(separator: "/").contains(".next")
        })
      else { return nil }
      return Hit(
        copy, of: subject,
        "\(source) is not made by the build: \(facts.configFile ?? "next.config") sets distDir to "
          + facts.distDir,
        fix: "Copy from \(facts.distDir)")
    }
  }

  private static func missingPublicFolder(_ subject: LintSubject) -> [Hit] {
    guard let (project, facts) = next(subject), !facts.hasPublicFolder,
      subject.context.kind(project.file("public")) == nil, !steps(subject, mention: "public")
    else { return [] }
    let words = facts.buildCommand.split(separator: " ")
    let isPlain = words.starts(with: ["next", "build"]) && !facts.buildCommand.contains("&")
    return copiesBetweenStages(subject).compactMap { copy, sources in
      let end = project.folder == "." ? "/public" : "/\(project.folder)/public"
      guard sources.contains(where: { $0.hasSuffix(end) }) else { return nil }
      return Hit(
        copy, of: subject, "there is no folder public to copy: the build stops",
        fix: "Remove the line, or add the folder to the project",
        severity: isPlain ? .error : .warning)
    }
  }

  private static func missingDevelopmentDependencies(_ subject: LintSubject) -> [Hit] {
    guard let (project, _) = next(subject) else { return [] }
    let needed = buildDependencies(project, subject)
    guard !needed.isEmpty else { return [] }
    return subject.dockerfile.stages.flatMap { stage -> [Hit] in
      let builds = stage.instructions.filter { run in
        run.keyword == "RUN" && ShellCommand.all(of: run).contains(where: \.isBuild)
      }
      guard let build = builds.first else { return [] }
      let installs = installations(in: stage, before: build.line, subject, depth: 0)
      guard let last = installs.last, installs.allSatisfy({ $0.omits != nil }),
        let reason = last.omits
      else { return [] }
      return [
        Hit(
          last.run, of: subject,
          "\(reason), and the build of line \(build.line) needs "
            + "\(needed.joined(separator: ", ")), which package.json lists under devDependencies",
          fix: "Install all for the build, and leave them out of the last stage")
      ]
    }
  }

  private struct Installation {
    let run: DockerfileInstruction
    /// By what it leaves devDependencies out; nil where it installs them.
    let omits: String?
  }

  /// The installations that make what a stage's build uses, its own and those of stages that it copies from.
  private static func installations(
    in stage: DockerfileSyntax.Stage, before line: Int, _ subject: LintSubject, depth: Int
  ) -> [Installation] {
    guard depth < 4 else { return [] }
    var found: [Installation] = []
    for instruction in subject.dockerfile.chain(of: stage).flatMap(\.instructions)
    where instruction.line < line {
      if instruction.keyword == "RUN" {
        for command in ShellCommand.all(of: instruction) where command.installsNode {
          found.append(
            Installation(run: instruction, omits: omission(command, instruction, subject)))
        }
      }
      guard instruction.keyword == "COPY", let from = instruction.value(of: "from"),
        let other = subject.dockerfile.stage(from, before: stage.index)
      else { continue }
      found += installations(in: other, before: .max, subject, depth: depth + 1)
    }
    return found
  }

  private static func omission(
    _ command: ShellCommand, _ run: DockerfileInstruction, _ subject: LintSubject
  ) -> String? {
    let text = command.words.joined(separator: " ")
    if text.contains("--include=dev") || text.contains("--production=false") { return nil }
    let flags: Set = [
      "--omit=dev", "--production", "--only=production", "--only=prod", "--prod", "-P",
    ]
    if let flag = command.words.first(where: flags.contains) {
      return "\(flag) leaves devDependencies out"
    }
    guard ["npm", "yarn"].contains(command.program),
      subject.context.kind(".yarnrc.yml") == nil || command.program == "npm",
      let stage = subject.dockerfile.stages.last(where: { $0.from.line <= run.line }),
      !run.arguments.contains("NODE_ENV="),
      subject.environment(of: stage, before: run.line)["NODE_ENV"] == "production"
    else { return nil }
    return "NODE_ENV=production makes \(command.program) leave devDependencies out"
  }

  /// The devDependencies without which `next build` stops.
  private static func buildDependencies(_ project: ProjectService, _ subject: LintSubject)
    -> [String]
  {
    guard let text = subject.context.read(project.file("package.json"), limit: 1 << 20),
      let root = try? JSON.parse(text, .project)
    else { return [] }
    let development = Set(root["devDependencies"]?.members.map(\.key) ?? [])
    var needed: [String] = []
    if subject.context.kind(project.file("tsconfig.json")) != nil { needed.append("typescript") }
    needed += ["next", "tailwindcss", "@tailwindcss/postcss", "postcss", "sass"]
    let regular = Set(root["dependencies"]?.members.map(\.key) ?? [])
    return needed.filter { development.contains($0) && !regular.contains($0) }
  }

  // MARK: Python

  private static func missingSystemPackages(_ subject: LintSubject) -> [Hit] {
    guard let project = subject.surroundings.service, project.service.kind != .nextjs,
      let stage = subject.dockerfile.stages.last
    else { return [] }
    return missingBuildPackages(project, subject) + missingLibraries(project, stage, subject)
  }

  private static func missingBuildPackages(_ project: ProjectService, _ subject: LintSubject)
    -> [Hit]
  {
    subject.dockerfile.stages.flatMap { stage -> [Hit] in
      let image = subject.base(of: stage)
      guard image.isSlim || image.isAlpine else { return [] }
      return stage.instructions.filter { $0.keyword == "RUN" }.compactMap { run -> Hit? in
        guard ShellCommand.all(of: run).contains(where: { $0.installsProject && $0.isForPython })
        else { return nil }
        let installed = InstalledPackages(in: stage, through: run.line, subject)
        var missing =
          installed.isOpen ? [] : installed.missing(of: project.service.systemPackages.build)
        if !installed.isOpen, !installed.has("git"), !missing.contains("git"),
          let file = fetchedByGit(project, subject)
        {
          missing.append("git (\(file) names what git fetches)")
        }
        guard !missing.isEmpty else { return nil }
        return Hit(
          run, of: subject,
          "the dependencies cannot be installed on \(image.text) without "
            + missing.joined(separator: ", "),
          fix: "Install that in a step above, in a stage that only builds")
      }
    }
  }

  private static func missingLibraries(
    _ project: ProjectService, _ stage: DockerfileSyntax.Stage, _ subject: LintSubject
  ) -> [Hit] {
    let image = subject.base(of: stage)
    let installed = InstalledPackages(in: stage, through: .max, subject)
    guard image.isSlim, !installed.isOpen else { return [] }
    let missing = installed.missing(of: project.service.systemPackages.runtime)
    guard !missing.isEmpty else { return [] }
    return [
      Hit(
        stage.from, of: subject,
        "the dependencies load what \(image.text) does not have: "
          + missing.joined(separator: ", "),
        fix: "Install it in the last stage", severity: .warning)
    ]
  }

  /// The file of dependencies that names a repository.
  private static func fetchedByGit(_ project: ProjectService, _ subject: LintSubject) -> String? {
    guard let name = project.service.packageManager.lockfile else { return nil }
    let path = project.file(name)
    guard let text = subject.context.read(path, limit: 16 << 20)?.text else { return nil }
    let isNamed = text.split(separator: "\n").contains { line in
      line.contains("git+") && !line.trimmingSpaces.hasPrefix("#")
    }
    return isNamed ? path : nil
  }
}

/// The packages of the distribution that the steps of a stage name.
private struct InstalledPackages {
  private var names: Set<String> = []
  /// Whether something else may have brought what is asked for.
  private(set) var isOpen = false

  init(in stage: DockerfileSyntax.Stage, through line: Int, _ subject: LintSubject) {
    for instruction in subject.dockerfile.chain(of: stage).flatMap(\.instructions)
    where instruction.line <= line {
      switch instruction.keyword {
      case "RUN": take(instruction)
      case "COPY", "ADD":
        // What another stage installed may be what is copied.
        let isTool = instruction.words.last.map { $0.hasPrefix("/bin") || $0.hasSuffix("/bin/") }
        if instruction.value(of: "from") != nil, isTool != true { isOpen = true }
      default: break
      }
    }
  }

  private mutating func take(_ run: DockerfileInstruction) {
    for command in ShellCommand.all(of: run) {
      if command.isAptInstall || command.isApkAdd {
        names.formUnion(command.operands.map { String($0.prefix { $0 != "=" && $0 != ":" }) })
        if command.words.contains(where: { $0.contains("$") }) { isOpen = true }
      }
      if command.program.hasSuffix(".sh")
        || ["sh", "bash", "xargs", "dpkg"].contains(command.program)
      {
        isOpen = true
      }
    }
  }

  func has(_ name: String) -> Bool { names.contains(name) }

  private static let compilers: Set<String> = ["gcc", "g++", "libc6-dev", "make", "pkg-config"]

  /// The packages of a list that nothing here brings. Releases spell libraries differently: `libgl1` and
  /// `libgl1-mesa-glx`; a package for compiling brings the library itself.
  func missing(of packages: [String]) -> [String] {
    packages.filter { name in
      // Certificates come with what fetches.
      if names.contains(name) || name == "ca-certificates" { return false }
      let isCompiler = Self.compilers.contains(name)
      if isCompiler, !names.isDisjoint(with: ["build-essential", "g++", "gcc", "build-base"]) {
        return false
      }
      let isDatabase = name.contains("mysqlclient") || name.contains("mariadb")
      if isDatabase, names.contains(where: { $0.contains("mysqlclient") || $0.contains("mariadb") })
      {
        return false
      }
      let stem = String(name.prefix { !$0.isNumber && $0 != "-" })
      return !names.contains { $0.hasPrefix(stem) && stem.count > 3 }
    }
  }
}

extension ShellCommand {
  var installsNode: Bool {
    ["npm", "yarn", "pnpm", "bun"].contains(program) && installsProject
  }

  var isForPython: Bool { !["npm", "yarn", "pnpm", "bun"].contains(program) }
}
