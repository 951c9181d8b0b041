import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The table `recipes/data/node-scripts.yaml`.
struct NodeScriptTable: Decodable, Sendable {
  /// Whose own scripts matter.
  let packages: [String]
  /// Which have such scripts in every version.
  let always: [String]
  /// Which do not work without them.
  let needed: [String]
  /// The scripts that an installation runs, by package manager.
  let events: [String: [String]]

  static let table: NodeScriptTable = {
    let table = try? Catalogue.decode(NodeScriptTable.self, from: "data/node-scripts.yaml")
    return table ?? NodeScriptTable(packages: [], always: [], needed: [], events: [:])
  }()

  private init(
    packages: [String], always: [String], needed: [String], events: [String: [String]]
  ) {
    self.packages = packages
    self.always = always
    self.needed = needed
    self.events = events
  }
}

/// What a build runs besides the installation and the build script: the scripts that installing would run before their
/// files are there, clients that nobody else generates, members that nobody else builds.
struct NodeBuildSteps {
  private(set) var steps = BuildSteps()
  /// Files that scripts of the installation read, relative to the analysed root.
  private(set) var inputs: Set<String> = []
  private(set) var findings: [Finding] = []

  private let service: NodeManifest
  private let rootManifest: NodeManifest?
  private let members: NodeWorkspaceMembers?
  private let manager: NodePackageManager
  /// The packages whose scripts pnpm may run; nil where all may.
  private let approvedBuilds: Set<String>?
  private let workspace: NodeWorkspace?
  private let top: String
  private let tree: ProjectTree

  /// The manifests that the image is built from: those of needed members, each behind what it depends on, the service's,
  /// and the root's.
  private var needed: [NodeManifest] {
    (members?.ordered ?? []) + [service] + [rootManifest].compactMap(\.self)
  }

  /// - Parameter approvedBuilds: the packages whose scripts pnpm may run; nil where all may.
  init(
    _ package: NextPackage, members: NodeWorkspaceMembers?, manager: NodePackageManager,
    approvedBuilds: Set<String>?, in tree: ProjectTree
  ) {
    self.approvedBuilds = approvedBuilds
    service = package.manifest
    rootManifest = package.rootManifest
    workspace = package.workspace
    top = package.top
    self.members = members
    self.manager = manager
    self.tree = tree
    addInstallScripts()
    addGenerators()
    addMembers()
    replaceBuild()
  }

  // MARK: Scripts of the installation

  /// What a command of such a script needs before it can run.
  fileprivate enum Need {
    case nothing
    case files([String])
    case sources
    /// It can never run where an image is built: there is neither a repository nor a database.
    case checkout
  }

  private var events: [String] {
    NodeScriptTable.table.events[manager.manager.name.rawValue] ?? []
  }

  private mutating func addInstallScripts() {
    var late: [(manifest: NodeManifest, event: String, script: Written<String>)] = []
    // The installation runs the scripts of every member whose manifest is there.
    let everybody = needed + (members?.others ?? [])
    for manifest in everybody {
      for event in events {
        guard let script = manifest.script(event) else { continue }
        let needs = NodeScripts.commands(of: event, in: manifest).map { need($0, of: manifest) }
        for case .files(let files) in needs { inputs.formUnion(files) }
        if needs.contains(where: \.isLate) { late.append((manifest, event, script)) }
      }
    }
    guard let first = late.first else { return }
    steps.installsWithoutScripts = true
    steps.rebuilds = rebuilds
    let paths = Set(needed.map(\.path))
    for manifest in needed where manager.manager.name != .yarnBerry {
      for event in events where manifest.script(event) != nil { run(event, of: manifest) }
    }
    let message =
      "the script \(first.event) needs files of the project: packages are installed without "
      + "scripts, and it runs once the sources are there"
    let isSkipped = !paths.contains(first.manifest.path)
    findings.note(
      "FORGE-N028", .info,
      isSkipped
        ? "the script \(first.event) of another member is left out: packages are installed without "
          + "scripts" : message,
      at: first.script.place)
  }

  private func need(_ command: ShellCommand, of manifest: NodeManifest) -> Need {
    if command.needsRepository || command.needsDatabase { return .checkout }
    if command.isForCheckout || command.isIdle { return .nothing }
    switch command.program {
    case "patch-package":
      let folder = command.option("--patch-dir") ?? "patches"
      let path = ProjectPath.resolve(folder, from: manifest.folder)
      return .files(path.map { Array(tree.files(below: $0)) } ?? [])
    case "prisma" where command.operands.first == "generate":
      guard let schema = PrismaSchema(of: manifest, in: tree), schema.insistsOn.isEmpty,
        !schema.importsSources
      else { return .sources }
      return .files(schema.files + [schema.config].compactMap(\.self))
    case "node": return script(command, of: manifest).map { .files($0) } ?? .sources
    default: return .sources
    }
  }

  /// The file of a script that reads nothing of the project: `node scripts/check.js`. Nil for any other.
  private func script(_ command: ShellCommand, of manifest: NodeManifest) -> [String]? {
    guard command.operands.count >= 1, let operand = command.operands.first,
      let stem = ProjectPath.resolve(operand, from: manifest.folder),
      let path = [stem, stem + ".js", stem + ".mjs", stem + ".cjs"].first(where: tree.hasFile),
      let source = try? tree.read(path, limit: 1 << 18)
    else { return nil }
    let reads = ["fs", "child_process", "__dirname", "cwd", "import(", "./", "execa", "zx"]
    return reads.contains(where: source.text.contains) ? nil : [path]
  }

  /// Runs a script of the installation after all, without what no image's build can do.
  private mutating func run(_ event: String, of manifest: NodeManifest) {
    let commands = NodeScripts.commands(of: event, in: manifest).filter { command in
      switch need(command, of: manifest) {
      case .nothing, .checkout: return false
      // The build itself comes next.
      case .files, .sources: return !command.buildsNext
      }
    }
    guard !commands.isEmpty else { return }
    let all = NodeScripts.commands(of: event, in: manifest)
    let isWhole = !all.contains { $0.needsRepository || $0.needsDatabase || $0.buildsNext }
    let insisted = commands.contains { $0.program == "prisma" }
    let placeholders = insisted ? self.placeholders(of: manifest) : [:]
    let folder = inContext(manifest.folder)
    if isWhole {
      steps.afterSource.append(
        .init(folder: folder, command: "\(program) run \(event)", placeholders: placeholders))
      return
    }
    for command in commands {
      let text = command.words.joined(separator: " ")
      guard PlainText.words(text) != nil else { continue }
      steps.afterSource.append(
        .init(folder: folder, command: "\(runner) \(text)", placeholders: placeholders))
    }
  }

  /// The packages whose own scripts run all the same.
  private var rebuilds: [String] {
    switch manager.manager.name {
    case .yarnBerry: return []
    case .npm where manager.scripted != nil: return manager.scripted ?? []
    case .pnpm:
      if let approved = approvedBuilds { return approved.sorted() }
      return manager.locked(among: NodeScriptTable.table.packages)
    default: return manager.locked(among: NodeScriptTable.table.packages)
    }
  }

  // MARK: Generated code

  /// Prisma 7 generates nothing by itself, and the hook of older ones does not find the schema of a member.
  private mutating func addGenerators() {
    for manifest in needed {
      guard manifest.has("prisma") || manifest.has("@prisma/client"),
        let schema = PrismaSchema(of: manifest, in: tree), !isGenerated(manifest, schema)
      else { continue }
      guard let command = generator(of: manifest, schema) else {
        findings.note(
          "FORGE-N059", .warning,
          "nothing generates the client of Prisma: no package here depends on prisma itself",
          at: manifest.place, fix: "add prisma to devDependencies, and generate before the build")
        continue
      }
      steps.afterSource.append(
        .init(
          folder: inContext(manifest.folder), command: command,
          placeholders: placeholders(of: manifest)))
    }
  }

  /// Whether another step generates the client: an installation's script, the hook of Prisma, or the build.
  private func isGenerated(_ manifest: NodeManifest, _ schema: PrismaSchema) -> Bool {
    for owner in [manifest, rootManifest].compactMap(\.self) {
      for event in events where owner.script(event) != nil {
        let commands = NodeScripts.commands(of: event, in: owner)
        if commands.contains(where: \.generatesPrisma) { return true }
        // A task runner generates in the members.
        if commands.contains(where: { runsTasks($0, thatGenerateIn: manifest) }) { return true }
      }
    }
    if NodeScripts.commands(of: "build", in: service).contains(where: \.generatesPrisma) {
      return true
    }
    if workspace?.kind == "turbo", tasksOfBuild(generateIn: manifest) { return true }
    return isGeneratedByHook(manifest, schema)
  }

  private func isGeneratedByHook(_ manifest: NodeManifest, _ schema: PrismaSchema) -> Bool {
    guard manifest.folder == top, schema.isFoundByHook, schema.insistsOn.isEmpty,
      !steps.installsWithoutScripts, manifest.has("prisma"),
      let client = manifest.dependency("@prisma/client"),
      let lowest = SemanticRange(client.value)?.lowest, lowest.major < 7
    else { return false }
    switch manager.manager.name {
    case .npm, .yarn, .yarnBerry: return true
    case .pnpm: return approvedBuilds?.contains("@prisma/client") ?? true
    default: return false
    }
  }

  private func runsTasks(_ command: ShellCommand, thatGenerateIn manifest: NodeManifest) -> Bool {
    guard command.program == "turbo" || command.program == "nx" || command.program == "lerna" else {
      return false
    }
    return command.operands.contains { name in
      NodeScripts.commands(of: name, in: manifest).contains(where: \.generatesPrisma)
    }
  }

  /// Whether the tasks that Turborepo runs before the application's build generate in a member.
  private func tasksOfBuild(generateIn manifest: NodeManifest) -> Bool {
    guard let turbo = TurboTasks(at: top, in: tree) else { return false }
    return turbo.tasks(before: "build", of: service.name ?? "").contains { task in
      NodeScripts.commands(of: task, in: manifest).contains(where: \.generatesPrisma)
    }
  }

  /// The command that generates: a script of the package that does nothing else, or Prisma's own.
  private func generator(of manifest: NodeManifest, _ schema: PrismaSchema) -> String? {
    for script in manifest.root["scripts"]?.members ?? [] {
      guard script.key.wholeMatch(of: /[A-Za-z0-9:._-]+/) != nil else { continue }
      let commands = NodeScripts.commands(of: script.key, in: manifest)
      let isPlain = commands.allSatisfy { $0.generatesPrisma && !$0.has("--watch") }
      if !commands.isEmpty, isPlain { return "\(program) run \(script.key)" }
    }
    guard needed.contains(where: { $0.has("prisma") }) else { return nil }
    var command = "\(runner) prisma generate"
    if let option = schema.option, PlainText.words(option) != nil {
      command += " --schema \(option)"
    }
    return command
  }

  private func placeholders(of manifest: NodeManifest) -> [String: String] {
    let names = PrismaSchema(of: manifest, in: tree)?.insistsOn ?? []
    return Dictionary(names.map { ($0, "postgresql://build") }) { first, _ in first }
  }

  // MARK: Members

  /// A task runner builds what the application depends on; without one, nobody would.
  private mutating func addMembers() {
    guard let members, let workspace, !["turbo", "nx"].contains(workspace.kind) else { return }
    let root = rootManifest.map { NodeScripts.commands(of: "postinstall", in: $0) } ?? []
    for manifest in members.ordered where manifest.script("build") != nil {
      let isBuilt = !NodeEntryPoint.isMissing(of: manifest, in: tree)
      let byScript = root.contains { $0.has("build") }
      guard !isBuilt, !byScript else { continue }
      steps.afterSource.append(
        .init(folder: inContext(manifest.folder), command: "\(program) run build"))
    }
  }

  // MARK: The build script

  /// A build script that changes a database cannot run where there is none: the rest of it builds.
  private mutating func replaceBuild() {
    guard let script = service.script("build") else { return }
    let commands = NodeScripts.commands(of: "build", in: service)
    guard let database = commands.first(where: \.needsDatabase) else { return }
    let folder = inContext(service.folder)
    let rest = commands.filter { !$0.needsDatabase && !$0.isIdle }
    guard rest.contains(where: \.buildsNext) else { return }
    if rest.count == 1, let name = scriptThatOnlyBuilds {
      steps.inPlaceOfBuild = [.init(folder: folder, command: "\(program) run \(name)")]
    } else {
      let texts = rest.map { $0.words.joined(separator: " ") }
      guard texts.allSatisfy({ PlainText.words($0) != nil }) else { return }
      let placeholders = rest.map { $0.program == "prisma" ? self.placeholders(of: service) : [:] }
      steps.inPlaceOfBuild = zip(texts, placeholders).map { text, placeholders in
        .init(folder: folder, command: "\(runner) \(text)", placeholders: placeholders)
      }
    }
    let words = DisplayText.escape(database.words.joined(separator: " "))
    findings.note(
      "FORGE-N060", .warning,
      "the build script runs `\(words)`, and no build of an image has a database: it is left out",
      at: script.place, fix: "run it before the server starts: build with --target migrate")
  }

  /// A script of the service that runs `next build` and nothing else.
  private var scriptThatOnlyBuilds: String? {
    (service.root["scripts"]?.members ?? []).map(\.key).first { name in
      guard name != "build", name.wholeMatch(of: /[A-Za-z0-9:._-]+/) != nil else { return false }
      let commands = NodeScripts.commands(of: name, in: service)
      return commands.count == 1 && commands[0].buildsNext
    }
  }

  // MARK: Words

  private func inContext(_ folder: String) -> String {
    ProjectPath.relative(folder, to: top) ?? "."
  }

  private var program: String { manager.manager.name.program }

  /// What runs a package's program.
  private var runner: String {
    switch manager.manager.name {
    case .npm: "npx"
    case .bun: "bunx"
    case .pnpm: "pnpm exec"
    default: "yarn run"
    }
  }
}

extension NodeBuildSteps.Need {
  fileprivate var isLate: Bool {
    switch self {
    case .sources, .checkout: true
    case .nothing, .files: false
    }
  }
}

/// Where a package begins: its `main`, or what `exports` names.
enum NodeEntryPoint {
  /// Whether a package names a file that its sources do not have: a build makes it.
  static func isMissing(of manifest: NodeManifest, in tree: ProjectTree) -> Bool {
    let files = names(of: manifest).filter { !$0.contains("*") }.compactMap {
      ProjectPath.resolve($0, from: manifest.folder)
    }
    guard !files.isEmpty else { return false }
    return !files.contains { path in
      let endings = ["", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".json", "/index.js", "/index.ts"]
      return endings.contains { tree.hasFile(path + $0) }
    }
  }

  private static func names(of manifest: NodeManifest) -> [String] {
    var found = ["main", "module"].compactMap { manifest.root[$0]?.string }
    if let exports = manifest.root["exports"] { collect(exports, into: &found, depth: 0) }
    return found
  }

  private static func collect(_ value: JSON, into found: inout [String], depth: Int) {
    guard depth < 6, found.count < 200 else { return }
    if let text = value.string { found.append(text) }
    for member in value.members where member.key != "types" && member.key != "./package.json" {
      collect(member.value, into: &found, depth: depth + 1)
    }
    for element in value.elements { collect(element, into: &found, depth: depth + 1) }
  }
}

/// The tasks of Turborepo, from the root's `turbo.json`.
private struct TurboTasks {
  private let tasks: JSON

  init?(at root: String, in tree: ProjectTree) {
    for name in ["turbo.json", "turbo.jsonc"] {
      guard let source = try? tree.read(ProjectTree.join(root, name), limit: 1 << 20),
        let value = try? JSON.parse(source, .projectWithComments)
      else { continue }
      tasks = value["tasks"] ?? value["pipeline"] ?? value
      return
    }
    return nil
  }

  /// The names of a task and of all that run before it, in whichever packages.
  func tasks(before task: String, of package: String) -> Set<String> {
    var found: Set<String> = []
    var waiting = [task, "\(package)#\(task)"]
    while let next = waiting.popLast() {
      let bare = next.split(separator: "#").last.map(String.init) ?? next
      found.insert(bare)
      for key in [next, bare] {
        for name in tasks[key]?["dependsOn"]?.elements.compactMap(\.string) ?? [] {
          let plain = name.hasPrefix("^") ? String(name.dropFirst()) : name
          let short = plain.split(separator: "#").last.map(String.init) ?? plain
          if !found.contains(short) { waiting.append(plain) }
        }
      }
    }
    return found
  }
}
