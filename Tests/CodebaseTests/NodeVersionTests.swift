import ForgeBasics
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

/// Every lockfile, every place that names a package manager, and every place that names a version of Node.js.
struct NodeVersionTests {
  /// A service of a manifest and more files.
  private func service(_ more: String, _ files: [String: String]) throws -> Service {
    var all = files
    all["app/page.tsx"] = ""
    all["package.json"] =
      #"{"name":"web","dependencies":{"next":"^15.0.0 || ^16.0.0"},"scripts":{"build":"next build"}"#
      + (more.isEmpty ? "" : "," + more) + "}"
    let project = try Project(all)
    return try #require(try Analyzer.analyze(project.path).services.first)
  }

  private static let npm =
    #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#
  private static let pnpm = """
    lockfileVersion: '9.0'
    importers:
      .:
        dependencies:
          next:
            specifier: ^15.0.0 || ^16.0.0
            version: 16.3.4(react@19.2.1)

    """

  // MARK: Lockfiles

  private static let lockfiles: [(String, String, PackageManager.Name, String?)] = [
    (
      "package-lock.json", #"{"lockfileVersion":1,"dependencies":{"next":{"version":"16.3.4"}}}"#,
      .npm, nil
    ),
    (
      "package-lock.json",
      #"{"lockfileVersion":2,"packages":{"node_modules/next":{"version":"16.3.4"}},"dependencies":{"next":{"version":"1.0.0"}}}"#,
      .npm, nil
    ),
    ("package-lock.json", npm, .npm, nil),
    ("npm-shrinkwrap.json", npm, .npm, nil),
    (
      "pnpm-lock.yaml",
      "lockfileVersion: 5.3\n\nspecifiers:\n  next: ^15.0.0 || ^16.0.0\n\ndependencies:\n  next: 16.3.4_abc\n",
      .pnpm, "6.35.1"
    ),
    (
      "pnpm-lock.yaml", "lockfileVersion: 5.4\n\ndependencies:\n  next: 16.3.4_react@18\n", .pnpm,
      "7.33.7"
    ),
    (
      "pnpm-lock.yaml",
      "lockfileVersion: '6.0'\n\ndependencies:\n  next:\n    specifier: ^15.0.0 || ^16.0.0\n    version: 16.3.4(react@18.2.0)\n",
      .pnpm, "8.15.9"
    ),
    ("pnpm-lock.yaml", pnpm, .pnpm, nil),
    // pnpm 11 puts a document about itself before the project's.
    (
      "pnpm-lock.yaml",
      "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n    packageManagerDependencies:\n      pnpm:\n        specifier: 11.5.0\n        version: 11.5.0\n---\n"
        + pnpm, .pnpm, nil
    ),
    (
      "yarn.lock", "# yarn lockfile v1\n\n\"next@^15.0.0 || ^16.0.0\":\n  version \"16.3.4\"\n",
      .yarn, nil
    ),
    (
      "yarn.lock",
      "__metadata:\n  version: 8\n\n\"next@npm:^15.0.0 || ^16.0.0\":\n  version: 16.3.4\n",
      .yarnBerry,
      nil
    ),
    (
      "bun.lock",
      "{\n \"lockfileVersion\": 1,\n \"packages\": { \"next\": [\"next@16.3.4\", \"\"], },\n}\n",
      .bun, nil
    ),
  ]

  @Test(arguments: 0..<lockfiles.count)
  func everyLockfilePinsNext(_ index: Int) throws {
    let (file, text, manager, version) = Self.lockfiles[index]
    let service = try service("", [file: text])
    #expect(service.packageManager.name == manager && service.packageManager.lockfile == file)
    #expect(service.framework.version == "16.3.4" && service.framework.source.hasPrefix(file + ":"))
    if let version { #expect(service.packageManager.version == version) }
    // Plug'n'Play is Yarn's default, and has a finding of its own.
    #expect(service.findings.allSatisfy { $0.id == "FORGE-N058" })
  }

  @Test func binaryLockfileIsNamed() throws {
    let service = try service("", ["bun.lockb": "\u{0}bun"])
    #expect(service.packageManager.name == .bun && service.findings.map(\.id) == ["FORGE-N018"])
    #expect(service.findings.first?.location == "bun.lockb:1")
    // Nothing pins it, and nothing is made up.
    #expect(service.conclusion("framework.version")?.confidence == .likely)
  }

  // MARK: Package managers

  private static let managers:
    [(String, [String: String], PackageManager.Name, String?, [String])] = [
      (#""packageManager":"pnpm@10.13.1""#, ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1", []),
      (#""packageManager":"yarn@4.9.2""#, [:], .yarnBerry, "4.9.2", ["FORGE-N012"]),
      (
        #""devEngines":{"packageManager":{"name":"pnpm","version":"10.13.1"}}"#,
        ["pnpm-lock.yaml": pnpm], .pnpm,
        "10.13.1", []
      ),
      // A list names the one that is meant first.
      (
        #""devEngines":{"packageManager":[{"name":"pnpm","version":"11.5.0"},{"name":"npm"}]}"#,
        ["pnpm-lock.yaml": pnpm], .pnpm, "11.5.0", []
      ),
      (#""engines":{"pnpm":"10.13.1"}"#, ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1", []),
      (
        #""volta":{"node":"24.1.0","pnpm":"10.13.1"}"#, ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1",
        []
      ),
      // What contradicts: the lockfile, `engines`, and the two ways to declare one.
      (
        #""packageManager":"pnpm@10.13.1""#, ["package-lock.json": npm], .pnpm, "10.13.1",
        ["FORGE-N011"]
      ),
      (
        #""packageManager":"pnpm@9.1.0","engines":{"pnpm":">=10"}"#, ["pnpm-lock.yaml": pnpm],
        .pnpm, "9.1.0",
        ["FORGE-N016"]
      ),
      (
        #""packageManager":"pnpm@10.13.1","devEngines":{"packageManager":{"name":"npm","version":"^11"}}"#,
        ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1", ["FORGE-N016"]
      ),
      (
        #""packageManager":"pnpm@10.13.1","devEngines":{"packageManager":{"name":"pnpm","version":"^11.0.0"}}"#,
        ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1", ["FORGE-N016"]
      ),
      (
        #""packageManager":"pnpm@10.13.1","devEngines":{"packageManager":{"name":"pnpm","version":"^10.0.0"}}"#,
        ["pnpm-lock.yaml": pnpm], .pnpm, "10.13.1", []
      ),
    ]

  @Test(arguments: 0..<managers.count)
  func everyDeclarationOfAManager(_ index: Int) throws {
    let (more, files, name, version, ids) = Self.managers[index]
    let service = try service(more, files)
    #expect(service.packageManager.name == name && service.packageManager.version == version)
    #expect(service.findings.map(\.id.rawValue).filter { $0 != "FORGE-N058" } == ids)
  }

  @Test func theWorkspacesRootSpeaksForItsMembers() throws {
    let project = try Project([
      "package.json": #"{"workspaces":["apps/*"],"engines":{"npm":"11.0.0","node":">=22 <23"}}"#,
      "package-lock.json": Self.npm, "apps/web/app/page.tsx": "",
      "apps/web/package.json":
        #"{"name":"web","dependencies":{"next":"^16.0.0"},"scripts":{"build":"next build"}}"#,
    ])
    let service = try #require(try Analyzer.analyze(project.path).services.first)
    #expect(service.packageManager.version == "11.0.0" && service.runtime.version == "22")
    #expect(service.runtime.source == "package.json:1")
  }

  // MARK: Node.js

  private static let pins: [([String: String], String, String)] = [
    ([".nvmrc": "v22.20.0"], "22.20.0", ".nvmrc:1"),
    ([".nvmrc": "lts/krypton\n"], "24", ".nvmrc:1"),
    ([".node-version": "22.x\n"], "22", ".node-version:1"),
    ([".tool-versions": "pnpm 10.1.0\nnodejs 22.1.0 20.0.0\n"], "22.1.0", ".tool-versions:2"),
    (["mise.toml": "[tools]\nnode = '22.3'\n"], "22.3", "mise.toml:2"),
    ([".mise.toml": "[tools]\nnode = ['22', '20']\n"], "22", ".mise.toml:2"),
    (["mise.toml": "[tools.node]\nversion = '22.3.0'\n"], "22.3.0", "mise.toml:1"),
    ([".config/mise/config.toml": "[tools]\nnode = '22'\n"], "22", ".config/mise/config.toml:2"),
    ([".npmrc": "node-linker=hoisted\nuse-node-version=22.4.0\n"], "22.4.0", ".npmrc:2"),
    ([".npmrc": "node-version = 22.4.0\n"], "22.4.0", ".npmrc:1"),
    (
      ["pnpm-workspace.yaml": "packages: []\nuseNodeVersion: 22.5.0\n"], "22.5.0",
      "pnpm-workspace.yaml:2"
    ),
    (["pnpm-workspace.yaml": "nodeVersion: 22.6.0\n"], "22.6.0", "pnpm-workspace.yaml:1"),
  ]

  @Test(arguments: 0..<pins.count)
  func everyPlaceThatPinsNode(_ index: Int) throws {
    let (files, version, source) = Self.pins[index]
    let service = try service("", files.merging(["package-lock.json": Self.npm]) { $1 })
    #expect(service.runtime == Runtime(name: .node, version: version, source: source))
    #expect(service.conclusion("runtime.version")?.evidence.first == source)
  }

  @Test(arguments: [
    (#""volta":{"node":"22.11.0"}"#, "22.11.0"), (#""engines":{"node":"22.x"}"#, "22"),
    (#""devEngines":{"runtime":{"name":"node","version":"22.20.0"}}"#, "22.20.0"),
    (#""devEngines":{"runtime":[{"name":"bun"},{"name":"node","version":"^22"}]}"#, "22"),
    (#""engines":{"runtime":{"name":"node","version":"22.1.0"}}"#, "22.1.0"),
  ])
  func everyKeyThatPinsNode(_ more: String, _ version: String) throws {
    let service = try service(more, ["package-lock.json": Self.npm])
    #expect(service.runtime == Runtime(name: .node, version: version, source: "package.json:1"))
  }

  /// The range leaves a choice, and what Next.js needs takes a part of it away.
  @Test(arguments: [
    ("16.3.4", ">=18 <23", "22", [String]()), ("16.3.4", "18 || 20", "20", ["FORGE-N020"]),
    ("16.3.4", "^18", "24", ["FORGE-N022", "FORGE-N024"]), ("15.5.24", "18 || 22", "22", []),
    ("15.5.24", "^18.18.0", "18", ["FORGE-N020"]),
  ])
  func nodeForThisNext(_ next: String, _ engines: String, _ version: String, _ ids: [String]) throws
  {
    let lock = Self.npm.replacing("16.3.4", with: next)
    let service = try service(#""engines":{"node":"\#(engines)"}"#, ["package-lock.json": lock])
    #expect(service.runtime.version == version && service.findings.map(\.id.rawValue) == ids)
  }

  @Test func twoPinsOfDifferentLines() throws {
    let service = try service(
      "", [".nvmrc": "22", ".tool-versions": "nodejs 24.1.0", "package-lock.json": Self.npm])
    #expect(service.runtime.version == "22" && service.findings.map(\.id) == ["FORGE-N025"])
    #expect(service.conclusion("runtime.version")?.confidence == .ambiguous)
    #expect(service.conclusion("runtime.version")?.alternatives.map(\.value) == ["24.1.0"])
  }
}

extension Service {
  fileprivate func conclusion(_ key: String) -> Conclusion? { conclusions.first { $0.key == key } }
}
