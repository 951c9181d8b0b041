import ForgeBasics
import ForgeSyntax
import Foundation

/// Lockfiles that a step could follow.
extension LintSubject {
  /// What an installation could follow, and why it is not told to.
  struct LockUse {
    /// The lockfile's path in the context.
    let lockfile: String
    /// The command that follows it.
    let command: String
    /// Nil where the step can follow it as it stands.
    let doubt: String?
  }

  private static let lockfiles = [
    "npm": ["package-lock.json", "npm-shrinkwrap.json"], "yarn": ["yarn.lock"],
    "pnpm": ["pnpm-lock.yaml"], "bun": ["bun.lock", "bun.lockb"],
  ]

  /// The lockfile of a package manager at the top of the context.
  func lockfile(of program: String) -> String? {
    Self.lockfiles[program]?.first { context.kind($0) == .file }
  }

  /// The lockfile that an installation leaves aside; nil where there is none, or the step follows it.
  func lockUse(of command: ShellCommand, in run: DockerfileInstruction) -> LockUse? {
    guard command.followsNoLock, let names = Self.lockfiles[command.program],
      let stage = dockerfile.stages.last(where: { $0.from.line <= run.line }),
      !isContinuous(stage, command, before: run)
    else { return nil }
    let files = StageFiles(stage, in: self, before: run.line)
    let right = following(command.program)
    for name in names {
      guard let place = files.absolute(name) else { continue }
      let mounted = run.mounts.contains { mount in
        ((mount["target"] ?? mount["dst"]).flatMap(files.absolute)) == place
      }
      if mounted { return LockUse(lockfile: name, command: right, doubt: nil) }
      if case .context(let path) = files.lookup(place) {
        return LockUse(
          lockfile: path, command: right, doubt: doubt(of: path, for: command, in: run))
      }
    }
    guard let lockfile = lockfile(of: command.program) else { return nil }
    return LockUse(
      lockfile: lockfile, command: right,
      doubt: "no COPY above brings \(lockfile) into the folder that the step works in")
  }

  /// Whether `CI` makes pnpm strict by itself.
  private func isContinuous(
    _ stage: DockerfileSyntax.Stage, _ command: ShellCommand, before run: DockerfileInstruction
  ) -> Bool {
    guard command.program == "pnpm" else { return false }
    let value = environment(of: stage, before: run.line)["CI"]
    return value != nil && value != "false" && value != "0"
  }

  private func following(_ program: String) -> String {
    switch program {
    case "npm": "npm ci"
    case "yarn":
      context.kind(".yarnrc.yml") == .file
        ? "yarn install --immutable" : "yarn install --frozen-lockfile"
    default: "\(program) install --frozen-lockfile"
    }
  }

  /// Why the step may not be told to follow a lockfile that it has.
  private func doubt(
    of path: String, for command: ShellCommand, in run: DockerfileInstruction
  ) -> String? {
    if ShellCommand.all(of: run).contains(where: { $0.program == "cd" }) {
      return "the step changes its folder"
    }
    let known: Set = [
      "--legacy-peer-deps", "--prod", "--production", "--omit=dev", "--ignore-scripts",
      "--no-audit", "--no-fund", "--silent", "--verbose", "--loglevel", "--prefer-offline",
    ]
    if let other = command.words.dropFirst().first(where: {
      $0.hasPrefix("-") && !known.contains($0)
    }) {
      return "what \(other) means beside a fixed lockfile is not known"
    }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let manifest = folder == "." ? "package.json" : "\(folder)/package.json"
    guard let package = context.read(manifest, limit: 1 << 20),
      let lock = context.read(path, limit: 32 << 20)
    else { return "\(path) cannot be read" }
    return LockfileFit.misfit(of: lock, named: command.program, to: package)
  }
}

/// Whether a lockfile answers everything that the manifest beside it asks for, so that an installation that may not
/// change it does not stop.
enum LockfileFit {
  /// Why it cannot be told, or does not fit; nil where the lockfile was seen to fit.
  static func misfit(of lock: SourceText, named program: String, to manifest: SourceText)
    -> String?
  {
    guard let root = try? JSON.parse(manifest, .project) else { return "package.json is no JSON" }
    guard root["workspaces"] == nil else {
      return "whether \(lock.name) fits every member of the workspace is not known"
    }
    let asked = dependencies(root)
    let locked: [String: String]?
    switch program {
    case "npm": locked = npm(lock)
    case "pnpm": locked = pnpm(lock)
    case "yarn": return yarn(lock, asked)
    case "bun": locked = bun(lock)
    default: return "\(lock.name) cannot be read"
    }
    guard let locked else { return "what \(lock.name) was made for cannot be read" }
    guard locked != asked else { return nil }
    let name = Set(asked.keys).union(locked.keys).sorted().first { asked[$0] != locked[$0] } ?? ""
    return "\(lock.name) does not fit package.json: they differ on \(name)"
  }

  private static let groups = ["dependencies", "devDependencies", "optionalDependencies"]

  private static func dependencies(_ object: JSON) -> [String: String] {
    var found: [String: String] = [:]
    for group in groups {
      for member in object[group]?.members ?? [] { found[member.key] = member.value.string ?? "" }
    }
    return found
  }

  private static func npm(_ lock: SourceText) -> [String: String]? {
    guard let packages = (try? JSON.parse(lock, .project))?["packages"], let root = packages[""],
      isWhole(packages)
    else { return nil }
    return dependencies(root)
  }

  /// Whether every package that one of them needs is there: else `npm ci` stops.
  private static func isWhole(_ packages: JSON) -> Bool {
    let paths = Set(packages.members.map(\.key))
    return packages.members.allSatisfy { member in
      guard !member.key.isEmpty, member.value["link"]?.bool != true else { return true }
      let needs = ["dependencies", "optionalDependencies", "peerDependencies"].flatMap { group in
        (member.value[group]?.members.map(\.key) ?? []).filter { name in
          group != "peerDependencies"
            || member.value["peerDependenciesMeta"]?[name]?["optional"]?.bool != true
        }
      }
      return needs.allSatisfy { isFound($0, from: member.key, in: paths) }
    }
  }

  /// Node.js' own search: in the package's folder, and in those above it.
  private static func isFound(_ name: String, from path: String, in paths: Set<String>) -> Bool {
    var folder = path
    while true {
      if paths.contains(folder.isEmpty ? "node_modules/\(name)" : "\(folder)/node_modules/\(name)")
      {
        return true
      }
      guard !folder.isEmpty else { return false }
      let parts = folder.components(separatedBy: "/node_modules/")
      folder = parts.count > 1 ? parts.dropLast().joined(separator: "/node_modules/") : ""
    }
  }

  private static func bun(_ lock: SourceText) -> [String: String]? {
    guard let root = (try? JSON.parse(lock, .projectWithComments))?["workspaces"]?[""] else {
      return nil
    }
    return dependencies(root)
  }

  private static func pnpm(_ lock: SourceText) -> [String: String]? {
    // The rest is long, and says nothing of the manifests; overrides have to be the same, too.
    let lines = lock.text.split(separator: "\n", omittingEmptySubsequences: false)
    let settings = ["overrides:", "patchedDependencies:", "catalogs:", "packageExtensionsChecksum"]
    guard let start = lines.firstIndex(of: "importers:"),
      !lines[..<start].contains(where: { line in settings.contains(where: line.hasPrefix) })
    else { return nil }
    let section = lines[(start + 1)...].prefix { $0.isEmpty || $0.hasPrefix(" ") }
    let text = (["importers:"] + section).joined(separator: "\n")
    guard let root = try? YAMLValue.parse(SourceText(name: lock.name, text: text)),
      let importers = root["importers"], importers.entries.count == 1,
      let importer = importers["."]
    else { return nil }
    var found: [String: String] = [:]
    for group in groups {
      for entry in importer[group]?.entries ?? [] {
        found[entry.key] = entry.value["specifier"]?.string ?? ""
      }
    }
    return found
  }

  /// Entries are headed `"name@range", "name@other":`; of Berry `"name@npm:range":`.
  private static func yarn(_ lock: SourceText, _ asked: [String: String]) -> String? {
    var heads: Set<String> = []
    for line in lock.text.split(separator: "\n") where line.hasSuffix(":") && line.first != " " {
      for part in line.dropLast().split(separator: ",") {
        heads.insert(part.trimmingSpaces.filter { $0 != "\"" })
      }
    }
    for (name, range) in asked.sorted(by: { $0.key < $1.key })
    where !heads.contains("\(name)@\(range)") && !heads.contains("\(name)@npm:\(range)") {
      return "\(lock.name) has no entry for \(name)@\(range)"
    }
    return nil
  }
}
