import ForgeFindings
import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase
@testable import ForgeNode

/// What stands between a Next.js project and an image that builds: its workspace, the scripts of its installation,
/// generated code, lockfiles that do not fit, migrations.
struct NodeBuildTests {
  private static let pnpmLock = """
    lockfileVersion: '9.0'
    importers:
      .: {}
      apps/web:
        dependencies:
          next: {specifier: 16.3.4, version: 16.3.4}
    """

  /// A project of one folder, whose lockfile is taken to fit.
  private func service(
    _ manifest: String, _ files: [String: String] = [:], lock: String? = nil
  ) throws -> Service {
    var all = files
    all["app/page.tsx"] = ""
    all["package.json"] = manifest
    all["package-lock.json"] =
      lock ?? #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#
    let project = try Project(all.filter { $0.value != "-" })
    return try #require(try Analyzer.analyze(project.path).services.first)
  }

  private func manifest(_ scripts: String, _ dependencies: String = "") -> String {
    #"{"name":"web","scripts":{"build":"next build","# + scripts
      + #"},"dependencies":{"next":"16.3.4""# + dependencies + "}}"
  }

  private func ids(_ service: Service) -> [String] { service.findings.map(\.id.rawValue) }

  // MARK: A member that is given by its own folder

  @Test(arguments: [
    (["pnpm-workspace.yaml": "packages:\n  - apps/*\n", "pnpm-lock.yaml": pnpmLock], "", "pnpm"),
    (["yarn.lock": "# yarn lockfile v1\n"], #","workspaces":["apps/*"]"#, "yarn"),
    (["turbo.json": "{}"], #","workspaces":{"packages":["./apps/web"]}"#, "turbo"),
    (["nx.json": "{}"], #","workspaces":["**"]"#, "nx"),
  ])
  func theSameFromEitherFolder(_ files: [String: String], _ more: String, _ kind: String) throws {
    var all = files
    all["package.json"] = #"{"name":"mono""# + more + "}"
    all["apps/web/package.json"] = manifest(#""start":"next start""#)
    all["apps/web/app/page.tsx"] = ""
    all["apps/other/package.json"] = #"{"name":"other"}"#
    let project = try Project(all)
    let above = try Analyzer.analyze(project.path)
    let own = try Analyzer.analyze(project.path + "/apps/web")
    #expect(own.services == above.services && own.services.first?.workspace?.kind == kind)
    #expect(own.services.first?.path == "apps/web" && own.root == project.path)
    #expect(try Analyzer.analyze(project.path + "/apps").services == above.services)
  }

  @Test(arguments: [
    // No workspace, one that does not count the folder, and a repository of its own.
    ([:], "", false), ([:], #","workspaces":["packages/*","!apps/*"]"#, false),
    (["apps/web/.git/HEAD": ""], #","workspaces":["apps/*"]"#, false),
    ([:], #","workspaces":["apps/*"]"#, true),
  ])
  func onlyAMember(_ files: [String: String], _ more: String, _ isMember: Bool) throws {
    var all = files
    all["package.json"] = #"{"name":"mono""# + more + "}"
    all["apps/web/package.json"] = manifest(#""start":"next start""#)
    all["apps/web/app/page.tsx"] = ""
    let project = try Project(all)
    let own = try Analyzer.analyze(project.path + "/apps/web")
    #expect(own.services.map(\.path) == [isMember ? "apps/web" : "."])
  }

  @Test func whatGitKnowsAboveCounts() throws {
    let project = try Project([
      ".git/index": "\u{0}web/prisma/schema.prisma\u{0}", ".gitignore": "schema.prisma\n/web/old\n",
      "web/package.json": manifest(#""start":"x""#, #","prisma":"6.1.0""#),
      "web/app/page.tsx": "", "web/old/package.json": "{",
      "web/prisma/schema.prisma": "datasource db {\n provider = \"mysql\"\n}",
    ])
    let own = try Analyzer.analyze(project.path + "/web").services.first
    #expect(
      own?.databases == ["mysql"] && own?.installInputs.contains("prisma/schema.prisma") == true)
  }

  @Test func aFolderThatGitIgnoresIsAProjectOfItsOwn() throws {
    let project = try Project([
      ".git/index": "", ".gitignore": "*\n", "web/package.json": manifest(#""start":"x""#),
      "web/app/page.tsx": "",
    ])
    #expect(try Analyzer.analyze(project.path + "/web").services.count == 1)
  }

  // MARK: Scripts of the installation

  /// Scripts, files, whether packages are installed without scripts, what runs later.
  private static let scripts: [(String, [String: String], Bool, [String])] = [
    (#""postinstall":"fumadocs-mdx""#, ["source.config.ts": ""], true, ["npm run postinstall"]),
    (#""prepare":"panda codegen""#, ["panda.config.ts": ""], true, ["npm run prepare"]),
    (
      #""postinstall":"tsx scripts/copy.ts","prepare":"husky""#, ["scripts/copy.ts": ""], true,
      ["npm run postinstall"]
    ),
    (#""postinstall":"turbo run codegen""#, ["turbo.json": "{}"], true, ["npm run postinstall"]),
    (
      #""preinstall":"node scripts/a.js""#, ["scripts/a.js": "require('fs')"], true,
      ["npm run preinstall"]
    ),
    // The build comes next, a checkout is none, and there is no database.
    (#""postinstall":"next build""#, [:], true, []),
    (#""prepare":"lefthook install""#, [:], true, []),
    (
      #""postinstall":"prisma migrate deploy && prisma generate""#,
      ["prisma/schema.prisma": ""], true, ["npx prisma generate"]
    ),
    // Everything that these read is known, or they read nothing.
    (#""prepare":"husky || true""#, [:], false, []),
    (#""preinstall":"npx only-allow npm""#, [:], false, []),
    (
      #""postinstall":"npm run gen","gen":"prisma generate --schema=db/s.prisma""#,
      ["db/s.prisma": ""], false, []
    ),
    (#""postinstall":"patch-package""#, ["patches/a.patch": ""], false, []),
    (#""preinstall":"node scripts/a.js""#, ["scripts/a.js": "process.exit(0)"], false, []),
  ]

  @Test(arguments: 0..<scripts.count)
  func scriptsWaitForWhatTheyRead(_ index: Int) throws {
    let (scripts, files, isLate, later) = Self.scripts[index]
    let service = try service(manifest(scripts), files)
    #expect(service.buildSteps.installsWithoutScripts == isLate)
    #expect(service.buildSteps.afterSource.map(\.command) == later)
    #expect(ids(service).contains("FORGE-N028") == isLate)
    guard !isLate else { return }
    for file in files.keys where !file.hasPrefix("patches") {
      #expect(service.installInputs.contains(file))
    }
  }

  @Test func packagesWithScriptsOfTheirOwnAreRebuilt() throws {
    let lock =
      #"{"lockfileVersion":3,"packages":{"":{"hasInstallScript":true},"node_modules/next":{"version":"16.3.4"},"node_modules/sharp":{"version":"1.0.0","hasInstallScript":true},"node_modules/x/node_modules/@a/b":{"version":"1.0.0","hasInstallScript":true},"node_modules/fsevents":{"version":"2.0.0","os":["darwin"],"hasInstallScript":true}}}"#
    let service = try service(manifest(#""postinstall":"velite""#), lock: lock)
    #expect(service.buildSteps.rebuilds == ["@a/b", "sharp"])
  }

  // MARK: Generated code

  /// Dependencies, scripts, files, what generates.
  private static let generators: [(String, String, [String: String], [String])] = [
    (
      #","@prisma/client":"7.2.0","prisma":"7.2.0""#, "", ["prisma/schema.prisma": ""],
      ["npx prisma generate"]
    ),
    (
      #","@prisma/client":"7.2.0","prisma":"7.2.0""#, #","db:gen":"prisma generate""#,
      ["prisma/schema.prisma": ""], ["npm run db:gen"]
    ),
    (
      #","@prisma/client":"6.2.0","prisma":"6.2.0""#, #","x":"prisma studio --schema db/s.prisma""#,
      ["db/s.prisma": ""], ["npx prisma generate --schema db/s.prisma"]
    ),
    // The hook of older ones, a script of the installation, and the build generate themselves.
    (#","@prisma/client":"6.2.0","prisma":"6.2.0""#, "", ["prisma/schema.prisma": ""], []),
    (
      #","@prisma/client":"7.2.0","prisma":"7.2.0""#, #","postinstall":"prisma generate""#,
      ["prisma/schema.prisma": ""], []
    ),
    (
      #","@prisma/client":"7.2.0","prisma":"7.2.0""#, #","prebuild":"prisma generate""#,
      ["prisma/schema.prisma": ""], []
    ),
    (#","prisma":"7.2.0""#, "", [:], []),
  ]

  @Test(arguments: 0..<generators.count)
  func whatNobodyGeneratesIsGenerated(_ index: Int) throws {
    let (dependencies, scripts, files, commands) = Self.generators[index]
    let service = try service(manifest(#""start":"next start""# + scripts, dependencies), files)
    #expect(service.buildSteps.afterSource.map(\.command) == commands)
  }

  @Test func theConfigurationOfPrismaGetsItsVariables() throws {
    let service = try service(
      manifest(#""start":"next start""#, #","prisma":"7.2.0","@prisma/client":"7.2.0""#),
      [
        "prisma.config.ts":
          "import { defineConfig, env } from 'prisma/config';\nexport default defineConfig({ schema: 'db/schema', migrations: { path: 'db/migrations' }, datasource: { url: env('DIRECT_URL') } });",
        "db/schema/a.prisma": "datasource db {\n provider = \"sqlite\"\n}",
        "db/migrations/1/m.sql": "",
      ])
    let step = service.buildSteps.afterSource.first
    #expect(step?.command == "npx prisma generate" && step?.placeholders.keys.first == "DIRECT_URL")
    #expect(service.databases == ["sqlite"] && service.migrations?.tool == "prisma")
  }

  @Test func clientsAndMigrationsOfAMember() throws {
    let project = try Project([
      "package.json": #"{"name":"mono","workspaces":["apps/*","packages/*"]}"#,
      "apps/web/package.json": manifest(#""start":"x""#, #","@m/db":"*","@m/ui":"*""#),
      "apps/web/app/page.tsx": "",
      "packages/db/package.json":
        #"{"name":"@m/db","main":"index.js","scripts":{"generate":"prisma generate"},"dependencies":{"prisma":"6.1.0","@prisma/client":"6.1.0"}}"#,
      "packages/db/index.js": "", "packages/db/migrations/0/m.sql": "",
      "packages/db/schema.prisma": "datasource db {\n provider = \"postgresql\"\n}",
      "packages/ui/package.json":
        #"{"name":"@m/ui","main":"dist/index.js","scripts":{"build":"tsc"},"dependencies":{"@m/db":"*"}}"#,
    ])
    let service = try #require(try Analyzer.analyze(project.path).services.first)
    #expect(
      service.buildSteps.afterSource == [
        .init(folder: "packages/db", command: "npm run generate"),
        .init(folder: "packages/ui", command: "npm run build"),
      ])
    let migrations = Migrations(
      tool: "prisma", command: "npx prisma migrate deploy", folder: "packages/db")
    #expect(service.migrations == migrations && service.databases == ["postgresql"])
  }

  // MARK: The build script

  @Test(arguments: [
    (
      #""build":"run-s db:migrate build:next","db:migrate":"drizzle-kit migrate","build:next":"next build""#,
      ["npm run build:next"]
    ),
    (
      #""build":"prisma generate && prisma db push && next build""#,
      ["npx prisma generate", "npx next build"]
    ),
    (
      #""build":"npm run migrate && next build --turbopack","migrate":"prisma migrate deploy""#,
      ["npx next build --turbopack"]
    ),
    (#""build":"prisma generate && next build""#, []),
    (#""build":"next build","db":"drizzle-kit push""#, []),
  ])
  func aBuildHasNoDatabase(_ scripts: String, _ commands: [String]) throws {
    let service = try service(
      #"{"name":"web","scripts":{"# + scripts + #"},"dependencies":{"next":"16.3.4"}}"#)
    #expect(service.buildSteps.inPlaceOfBuild.map(\.command) == commands)
    #expect(ids(service).contains("FORGE-N060") == !commands.isEmpty)
  }

  // MARK: Lockfiles

  private static let entries =
    #""node_modules/next":{"version":"16.3.4","dependencies":{"a":"^1.0.0"}}"#
  /// More of the lockfile, more of the manifest's dependencies, what does not fit.
  private static let locks: [(String, String, String?)] = [
    (#","node_modules/a":{"version":"1.2.0"}"#, "", nil),
    ("", "", "has no entry for a, which node_modules/next asks for (^1.0.0)"),
    (#","node_modules/a":{"version":"2.0.0"}"#, "", "pins 2.0.0 of a"),
    (#","node_modules/next/node_modules/a":{"version":"1.0.0"}"#, "", nil),
    (#","node_modules/a":{"version":"1.2.0"}"#, #","lodash":"4.17.21""#, "has no entry for lodash"),
    (#","node_modules/a":{"version":"1.2.0","optionalDependencies":{"b":"1"}}"#, "", nil),
    (
      #","node_modules/a":{"version":"1.2.0","peerDependencies":{"b":"1"}}"#, "",
      "has no entry for b"
    ),
    (
      #","node_modules/a":{"version":"1.2.0","peerDependencies":{"b":"1"},"peerDependenciesMeta":{"b":{"optional":true}}}"#,
      "", nil
    ),
    (#","node_modules/a":{"version":"1.2.0-beta.1"}"#, "", nil),
    (
      #","node_modules/a":{"version":"1.0.0","bundleDependencies":["c"],"dependencies":{"c":"1"}}"#,
      "", nil
    ),
    (
      #","node_modules/a":{"version":"1.0.0"},"node_modules/t":{"version":"9.0.0"}"#,
      #","t":"latest""#, nil
    ),
    (
      #","node_modules/a":{"version":"1.0.0"},"node_modules/t":{"version":"2.0.0"}"#,
      #","t":"npm:u@^1""#, "pins 2.0.0 of t"
    ),
    (
      #","node_modules/a":{"version":"1.0.0"},"node_modules/z":{"extraneous":true,"dependencies":{"q":"1"}}"#,
      "", nil
    ),
  ]

  @Test(arguments: 0..<locks.count)
  func npmRefusesWhatDoesNotFit(_ index: Int) throws {
    let (more, dependencies, problem) = Self.locks[index]
    let service = try service(
      manifest(#""start":"x""#, dependencies),
      lock: #"{"lockfileVersion":3,"packages":{"# + Self.entries + more + "}}")
    let finding = service.findings.first { $0.id == "FORGE-N026" }
    #expect((finding == nil) == (problem == nil))
    if let problem { #expect(finding?.message.contains(problem) == true) }
  }

  @Test func peersMayBeLeftAlone() throws {
    let lock =
      #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4","peerDependencies":{"react":"19"}}}}"#
    let manifest = manifest(#""start":"x""#)
    #expect(ids(try service(manifest, lock: lock)) == ["FORGE-N026"])
    let files = [".npmrc": "legacy-peer-deps = true\n"]
    #expect(ids(try service(manifest, files, lock: lock)).isEmpty)
  }

  @Test(arguments: [
    (
      "pnpm-lock.yaml",
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next: {specifier: 16.3.4, version: 16.3.4}\n",
      true
    ),
    ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", false),
    (
      "pnpm-lock.yaml",
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next: {specifier: ^16.3.0, version: 16.3.4}\n",
      false
    ),
    ("yarn.lock", "# yarn lockfile v1\n\nnext@16.3.4:\n  version \"16.3.4\"\n", true),
    ("yarn.lock", "# yarn lockfile v1\n\nnext@^16:\n  version \"16.3.4\"\n", false),
    (
      "bun.lock",
      #"{"lockfileVersion":1,"workspaces":{"":{"dependencies":{"next":"16.3.4"}}},"packages":{"next":["next@16.3.4"]}}"#,
      true
    ),
    (
      "bun.lock",
      #"{"lockfileVersion":1,"workspaces":{"":{"dependencies":{"next":"^16"}}},"packages":{"next":["next@16.3.4"]}}"#,
      false
    ),
  ])
  func othersRefuseIt(_ file: String, _ text: String, _ fits: Bool) throws {
    let service = try service(
      manifest(#""start":"x""#), [file: text, ".yarnrc.yml": "nodeLinker: node-modules\n"],
      lock: "-")
    #expect(ids(service).contains("FORGE-N026") == !fits)
  }

  @Test func ofSeveralTheOneThatKnowsNext() throws {
    let service = try service(
      manifest(#""start":"x""#),
      ["pnpm-lock.yaml": "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n"])
    #expect(service.packageManager.name == .npm && ids(service) == ["FORGE-N010"])
  }

  // MARK: pnpm's approvals

  @Test(arguments: [
    (#""packageManager":"pnpm@11.1.3""#, "", Severity.error as Severity?),
    (
      #""packageManager":"pnpm@11.1.3","pnpm":{"onlyBuiltDependencies":["better-sqlite3"]}"#, "",
      .error
    ),
    (#""packageManager":"pnpm@11.1.3""#, "allowBuilds:\n  better-sqlite3: true\n", nil),
    (#""packageManager":"pnpm@11.1.3""#, "strictDepBuilds: false\n", nil),
    (#""packageManager":"pnpm@11.1.3""#, "dangerouslyAllowAllBuilds: true\n", nil),
    (#""packageManager":"pnpm@10.24.0""#, "", .warning),
    (
      #""packageManager":"pnpm@10.24.0","pnpm":{"onlyBuiltDependencies":["better-sqlite3"]}"#, "",
      nil
    ),
    (#""packageManager":"pnpm@10.24.0""#, "allowBuilds:\n  better-sqlite3: true\n", .warning),
    (#""packageManager":"pnpm@9.1.0""#, "", nil),
    (#""private":true"#, "allowBuilds:\n  better-sqlite3: true\n", nil),
  ])
  func pnpmAsksForApproval(_ more: String, _ settings: String, _ severity: Severity?) throws {
    let lock =
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next: {specifier: 16.3.4, version: 16.3.4}\n      better-sqlite3: {specifier: '12', version: 12.6.2}\npackages:\n  better-sqlite3@12.6.2:\n    resolution: {}\n"
    let service = try service(
      #"{"name":"web","dependencies":{"next":"16.3.4","better-sqlite3":"12"},"scripts":{"build":"next build"},"#
        + more + "}", ["pnpm-lock.yaml": lock, "pnpm-workspace.yaml": settings], lock: "-")
    #expect(service.findings.first { $0.id == "FORGE-N061" }?.severity == severity)
    if more.contains("private") { #expect(service.packageManager.version == "10.26.0") }
  }

  // MARK: Migrations

  @Test(arguments: [
    (
      "drizzle.config.ts", "export default { out: './db/migrations' }", "db/migrations/0.sql",
      "npx drizzle-kit migrate"
    ),
    ("drizzle.config.json", #"{"out":"./m"}"#, "m/0.sql", "npx drizzle-kit migrate"),
    (
      "drizzle.config.ts", "export default { dialect: 'sqlite' }", "drizzle/0.sql",
      "npx drizzle-kit migrate"
    ),
    (
      "db/drizzle.config.ts", "export default { out: './m' }", "m/0.sql",
      "npx drizzle-kit migrate --config=db/drizzle.config.ts"
    ),
    ("drizzle.config.ts", "export default { out: './m' }", "drizzle/0.sql", nil),
  ])
  func drizzleSaysWhere(_ name: String, _ text: String, _ file: String, _ command: String?) throws {
    let service = try service(
      manifest(
        #""db":"drizzle-kit generate --config=db/drizzle.config.ts""#,
        #","drizzle-kit":"0.31.0","drizzle-orm":"0.44.0""#), [name: text, file: ""])
    #expect(service.migrations?.command == command)
  }

  // MARK: What the server reads by name

  @Test(arguments: [
    ("await migrate(db, { migrationsFolder: './drizzle' })", "drizzle/0.sql", ["drizzle"]),
    (
      "migrate(db, { migrationsFolder: path.join(process.cwd(), \"db/sql\") })", "db/sql/0.sql",
      ["db/sql"]
    ),
    ("migrate(db, { migrationsFolder: folder })", "drizzle/0.sql", []),
    ("migrate(db, { migrationsFolder: './none' })", "drizzle/0.sql", []),
  ])
  func foldersOfMigrations(_ code: String, _ file: String, _ found: [String]) throws {
    let service = try service(
      manifest(#""start":"x""#, #","drizzle-orm":"0.44.0""#),
      ["instrumentation.ts": code, file: ""])
    #expect(service.next?.runtimeFiles == found)
  }

  @Test func translations() throws {
    let files = [
      "next-i18next.config.js":
        "module.exports = { i18n: {}, localePath: require('path').resolve('./locales') }",
      "locales/en/common.json": "{}",
    ]
    let service = try service(manifest(#""start":"x""#, #","next-i18next":"15.0.0""#), files)
    #expect(service.next?.runtimeFiles == ["locales", "next-i18next.config.js"])
    let without = try self.service(manifest(#""start":"x""#), files)
    #expect(without.next?.runtimeFiles == [])
  }

  // MARK: Smaller ones

  @Test(arguments: [
    ("FROM node:22-alpine AS build\n", "", "22", "Dockerfile:1"),
    ("ARG V=22.11\nFROM node:${V}-slim\n", "", "22.11", "Dockerfile:2"),
    ("FROM node:16-alpine\n", "", "24", "default: Node.js 24, the long-term support line"),
    (
      "# Generated by forge. sha256:1\nFROM node:22-alpine\n", "", "24",
      "default: Node.js 24, the long-term support line"
    ),
    ("FROM node:22-alpine\n", "26", "26", ".nvmrc:1"),
  ])
  func nodeOfADockerfile(_ file: String, _ pin: String, _ version: String, _ source: String) throws
  {
    let service = try service(
      manifest(#""start":"x""#), ["Dockerfile": file, ".nvmrc": pin.isEmpty ? "-" : pin])
    #expect(service.runtime.version == version && service.runtime.source == source)
  }

  @Test(arguments: [
    (#""build":"npm --prefix web run build""#, ["web"]),
    (#""build":"cd web && npm run build""#, ["web"]),
    (#""build":"next build""#, [".", "web"]), (#""build":"cd none && next build""#, [".", "web"]),
  ])
  func aManifestAroundAnApplication(_ script: String, _ paths: [String]) throws {
    let own = manifest(#""start":"x""#)
    let project = try Project([
      "package.json": #"{"name":"o","dependencies":{"next":"16.3.4"},"scripts":{"# + script + "}}",
      "pages/api/old.js": "", "web/package.json": own, "web/app/page.tsx": "",
    ])
    #expect(try Analyzer.analyze(project.path).services.map(\.path) == paths)
  }

  @Test(arguments: [
    ("export default { webpack: (c) => c }", Severity.error as Severity?),
    ("export default { webpack: (c) => c, turbopack: {} }", nil),
    ("export default { webpack: (c) => c, turbopack: { rules: {} } }", nil),
    ("import w from 'w';\nexport default withThing({ webpack: (c) => c })", .warning),
  ])
  func aWebpackKeyAlone(_ config: String, _ severity: Severity?) throws {
    let service = try service(manifest(#""start":"x""#), ["next.config.mjs": config])
    #expect(service.findings.first { $0.id == "FORGE-N051" }?.severity == severity)
  }
}
