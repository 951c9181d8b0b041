import ForgeBasics
import ForgeFindings
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase
@testable import ForgeNode

/// Shapes of Next.js projects, each made of the files that matter.
struct NextAnalyzerTests {
  private static let lock =
    #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#

  /// A service of a manifest and more files; its lockfile pins Next.js 16.3.4 unless another is given.
  private func service(_ manifest: String = "", _ files: [String: String] = [:]) throws -> Service {
    var all = ["app/page.tsx": "", "package-lock.json": Self.lock].merging(files) { $1 }
    all["package.json"] =
      #"{"name":"web","dependencies":{"next":"^16.0.0"},"scripts":{"build":"next build"}"#
      + (manifest.isEmpty ? "" : "," + manifest) + "}"
    // A hyphen takes a file away.
    let project = try Project(all.filter { $0.value != "-" })
    return try #require(try Analyzer.analyze(project.path).services.first)
  }

  private func ids(_ service: Service) -> [String] { service.findings.map(\.id.rawValue) }

  @Test func plain() throws {
    let service = try service()
    #expect(
      service.framework == Framework(name: "next", version: "16.3.4", source: "package-lock.json:1")
    )
    #expect(service.runtime.version == "24" && service.runtime.source.hasPrefix("default:"))
    #expect(service.next == NextFacts(router: .app, output: .default, hasPublicFolder: false))
    #expect(service.healthPath == nil && service.findings.isEmpty)
  }

  @Test func everyKeyIsThere() throws {
    let json = try StableJSON.encode(try service("", ["a.js": "process.env.A"]))
    for key in [
      "basePath", "customServer", "configFile", "default", "version", "healthPath", "workspace",
    ] {
      #expect(json.contains("\"\(key)\" : null"))
    }
  }

  // MARK: Routers and routes

  @Test(arguments: [
    (["app/page.tsx": ""], NextFacts.Router.app), (["src/app/(g)/page.tsx": ""], .app),
    (["app/page.tsx": "-", "pages/index.js": ""], .pages), (["pages/api/x.ts": ""], .both),
    (["app/page.tsx": "-", "src/pages/index.tsx": ""], .pages),
  ])
  func routers(_ files: [String: String], _ expected: NextFacts.Router) throws {
    #expect(try service("", files).next?.router == expected)
  }

  @Test(arguments: [
    ("app/api/health/route.ts", "/api/health"), ("src/app/(ops)/healthz/route.js", "/healthz"),
    ("pages/api/health.ts", "/api/health"), ("pages/api/healthz/index.js", "/api/healthz"),
    ("app/[slug]/health/route.ts", nil), ("app/health/page.tsx", nil),
    ("app/@modal/health/route.ts", nil),
    ("app/health/route.test.ts", nil), ("app/it's/health/route.ts", nil),
  ])
  func healthRoutes(_ file: String, _ expected: String?) throws {
    let files = [
      "app/page.tsx": file.hasPrefix("src") ? "-" : "",
      file: "export const GET = () => new Response()",
    ]
    #expect(try service("", files).healthPath == expected)
  }

  @Test func healthRouteNeedsGetAndHasTheBasePath() throws {
    let route = "app/api/health/route.ts"
    #expect(try service("", [route: "export function POST() {}"]).healthPath == nil)
    let files = [
      route: "export async function GET() {}",
      "next.config.mjs": "export default { basePath: '/docs', distDir: 'build' }",
    ]
    let service = try service("", files)
    #expect(service.healthPath == "/docs/api/health")
    #expect(service.next?.basePath == "/docs" && service.next?.distDir == "build")
  }

  // MARK: Configuration

  @Test(arguments: [
    ("{ output: 'standalone' }", NextFacts.Output.standalone, [String]()),
    ("{ output: \"export\" }", .export, []),
    ("{ output: undefined }", .default, []),
    ("{ output: process.env.OUT }", .unknown, ["FORGE-N034"]),
    ("{ output: 'static' }", .unknown, ["FORGE-N034"]),
    ("{ basePath: '/a\\nRUN x' }", .default, ["FORGE-N035"]),
    ("{ basePath: process.env.B }", .default, ["FORGE-N035"]),
    ("{ distDir: '../out' }", .default, ["FORGE-N036"]),
    ("{ distDir: 'a b' }", .default, ["FORGE-N036"]), ("load()", .unknown, ["FORGE-N033"]),
  ])
  func configurations(_ object: String, _ output: NextFacts.Output, _ expected: [String]) throws {
    let service = try service("", ["next.config.ts": "\nexport default \(object)"])
    #expect(service.next?.output == output)
    #expect(ids(service) == expected)
    #expect(service.next?.basePath == nil && service.next?.distDir == ".next")
  }

  @Test(arguments: [
    ("process.env.X === 'true' ? 'standalone' : undefined", Severity.info),
    ("process.env.X ? 'standalone' : 'export'", .warning), ("process.env.X", .warning),
  ])
  func outputsThatDepend(_ expression: String, _ expected: Severity) throws {
    let service = try service("", ["next.config.js": "module.exports = { output: \(expression) }"])
    #expect(service.next?.output == .unknown && service.findings.map(\.severity) == [expected])
  }

  @Test func configurationFiles() throws {
    #expect(ids(try service("", ["next.config.cjs": ""])) == ["FORGE-N031"])
    let two = try service(
      "", ["next.config.js": "module.exports = {}", "next.config.ts": "export default {}"])
    #expect(two.next?.configFile == "next.config.js" && ids(two) == ["FORGE-N032"])
  }

  /// Before version 15 a configuration in TypeScript stops the build.
  @Test func configurationInTypeScriptNeedsFifteen() throws {
    let lock = Self.lock.replacing("16.3.4", with: "14.2.35")
    let files = [
      "package-lock.json": lock, "next.config.ts": "export default { output: 'export' }",
    ]
    let service = try service("", files).findings
    #expect(service.map(\.id).contains("FORGE-N031"))
    #expect(service.first { $0.id == "FORGE-N031" }?.location == "next.config.ts:1")
  }

  /// Every key that bears on the image, and the older place of those that moved.
  @Test func settingsOfTheConfiguration() throws {
    let config = """
      import path from 'node:path'
      export default {
        assetPrefix: 'https://cdn.example', trailingSlash: true, i18n: { locales: ['en', 'de'], defaultLocale: 'en' },
        images: { unoptimized: true, loader: 'custom' }, serverExternalPackages: ['pino'], transpilePackages: ['@a/ui'],
        outputFileTracingRoot: path.join(__dirname), cacheHandler: './cache.mjs', webpack: (c) => c,
        async rewrites() { return [{ source: '/api/:p*', destination: `${process.env.API_URL}/:p*` }] },
      }
      """
    let files = ["next.config.mjs": config, "cache.mjs": ""]
    let service = try service("", files)
    let found = try #require(service.next?.settings)
    #expect(
      found.assetPrefix == "https://cdn.example" && found.trailingSlash == true
        && found.locales == ["en", "de"])
    #expect(
      found.imagesUnoptimized == true && found.imageLoader == "custom"
        && found.externalPackages == ["pino"])
    #expect(
      found.transpilePackages == ["@a/ui"] && found.tracingRoot == "."
        && found.cacheHandler == "cache.mjs")
    #expect(found.hasRewrites && found.hasWebpack && found.unknown.isEmpty)
    #expect(service.environment.first { $0.name == "API_URL" }?.scope == .buildPublic)
    let older = """
      module.exports = { experimental: { serverComponentsExternalPackages: ['sharp'], outputFileTracingRoot: __dirname } }
      """
    let before = try self.service("", ["next.config.js": older]).next?.settings
    #expect(before?.externalPackages == ["sharp"] && before?.tracingRoot == ".")
  }

  @Test func customServer() throws {
    let service = try service(
      "", ["server.ts": "import next from 'next'\nnext({})", "public/a.txt": ""])
    #expect(service.next?.customServer == "server.ts" && ids(service) == ["FORGE-N037"])
    #expect(service.next?.hasPublicFolder == true)
    #expect(try self.service("", ["server.js": "require('express')"]).next?.customServer == nil)
  }

  @Test(arguments: [
    ("next start -p 4000", 4000), ("PORT=8080 next start", 8080), ("next start --port=81", 81),
    ("next start", 3000),
    ("next start -p 99999", 3000), ("next start -p", 3000), ("next start -p ${PORT:-4000}", 4000),
    ("next start -p4000", 4000), ("cross-env NODE_ENV=production PORT=4001 next start", 4001),
    ("next start --port '5000'", 5000), ("next start -p $PORT", 3000),
  ])
  func ports(_ start: String, _ expected: Int) throws {
    let manifest =
      #"{"dependencies":{"next":"16"},"scripts":{"build":"next build","start":"\#(start)"}}"#
    let project = try Project([
      "package.json": manifest, "package-lock.json": Self.lock, "app/page.tsx": "",
    ])
    #expect(try Analyzer.analyze(project.path).services.first?.port == expected)
  }

  // MARK: Versions

  @Test(arguments: [
    ([".nvmrc": "22.20.0\n"], "", "22.20.0", ".nvmrc:1"),
    ([".nvmrc": "# why\nlts/jod"], "", "22", ".nvmrc:2"),
    ([".node-version": "v24"], "", "24", ".node-version:1"),
    ([".tool-versions": "python 3.13\nnodejs 22.1.0"], "", "22.1.0", ".tool-versions:2"),
    ([:], #""volta":{"node":"22.11.0"}"#, "22.11.0", "package.json:1"),
    ([:], #""engines":{"node":">=22 <23"}"#, "22", "package.json:1"),
    ([:], #""engines":{"node":">=20.9"}"#, "24", "package.json:1"),
    ([:], #""engines":{"node":"22 || 26"}"#, "26", "package.json:1"),
    ([".nvmrc": "lts/*"], #""engines":{"node":"^22"}"#, "22", "package.json:1"),
    ([".nvmrc": "^22.1"], "", "22", ".nvmrc:1"),
  ])
  func nodeVersions(
    _ files: [String: String], _ manifest: String, _ version: String, _ source: String
  ) throws {
    let service = try service(manifest, files)
    #expect(service.runtime == Runtime(name: .node, version: version, source: source))
    #expect(service.findings.isEmpty)
  }

  @Test(arguments: [
    ([".nvmrc": "20.19.0"], "", ["FORGE-N020"]),
    ([".nvmrc": "18"], "", ["FORGE-N020", "FORGE-N023"]),
    ([".nvmrc": "20.8.0"], "", ["FORGE-N020", "FORGE-N023"]),
    ([".nvmrc": "25"], "", ["FORGE-N020"]),
    ([".nvmrc": "22"], #""engines":{"node":">=24"}"#, ["FORGE-N024"]),
    ([".nvmrc": "x\"y"], "", ["FORGE-N021"]),
    ([:], #""engines":{"node":"<10"}"#, ["FORGE-N022", "FORGE-N024"]),
    ([:], #""engines":{"node":"?"}"#, ["FORGE-N021"]),
  ])
  func nodeProblems(_ files: [String: String], _ manifest: String, _ expected: [String]) throws {
    #expect(ids(try service(manifest, files)) == expected)
  }

  /// Each with the nearest version that has none of what the data file knows.
  @Test(arguments: [
    (
      "15.1.2", ["CVE-2025-55182", "CVE-2025-55184", "CVE-2025-55183", "CVE-2026-64641"], "15.5.24"
    ),
    ("15.5.6", ["CVE-2025-55182", "CVE-2025-55184", "CVE-2025-55183"], "15.5.24"),
    ("15.5.7", ["GHSA-2xp9-vwfh-vxw4", "CVE-2025-55184", "CVE-2025-55183"], "15.5.24"),
    ("15.5.8", ["GHSA-2xp9-vwfh-vxw4", "CVE-2025-67779"], "15.5.24"),
    ("15.5.9", ["GHSA-2xp9-vwfh-vxw4", "CVE-2026-23864", "CVE-2026-44578"], "15.5.24"),
    ("15.5.23", ["GHSA-2xp9-vwfh-vxw4"], "15.5.24"), ("15.5.24", [], ""),
    ("16.0.6", ["CVE-2025-55182", "CVE-2025-55184", "CVE-2025-55183"], "16.3.3"),
    ("16.0.9", ["GHSA-2xp9-vwfh-vxw4", "CVE-2025-67779"], "16.3.3"),
    (
      "16.0.10", ["GHSA-2xp9-vwfh-vxw4", "CVE-2026-44578", "CVE-2026-64641", "CVE-2026-23864"],
      "16.3.3"
    ),
    ("16.2.11", ["GHSA-2xp9-vwfh-vxw4"], "16.3.3"), ("16.3.3", [], ""),
    ("14.2.35", ["CVE-2026-44578", "CVE-2026-23870", "CVE-2026-23869"], "15.5.24"),
    ("14.2.34", ["CVE-2026-44578", "CVE-2025-67779"], "15.5.24"),
    ("13.3.0", ["CVE-2026-64641", "CVE-2025-55184"], "15.5.24"),
    ("13.2.4", ["CVE-2026-64641"], "15.5.24"),
    ("12.3.7", [], ""), ("14.3.0-canary.77", ["CVE-2025-55182"], "15.5.24"),
    ("14.3.0-canary.76", ["CVE-2026-44578"], "15.5.24"),
    ("15.2.0-canary.1", ["CVE-2025-55182", "CVE-2025-55184", "CVE-2025-55183"], "15.5.24"),
  ])
  func vulnerableVersions(_ version: String, _ known: [String], _ fix: String) throws {
    let lock = Self.lock.replacing("16.3.4", with: version)
    let service = try service("", ["package-lock.json": lock])
    let found = service.findings.filter { $0.id == "FORGE-N001" }
    #expect(service.framework.version == version && found.count == min(known.count, 1))
    #expect(found.allSatisfy { $0.severity == .error && $0.location == "package-lock.json:1" })
    let message = found.first?.message ?? ""
    #expect(
      message.matches(of: /CVE-\d+-\d+|GHSA[-a-z0-9]+/).map { String($0.0) }.filter {
        known.contains($0)
      }.count
        >= known.count)
    #expect(message.isEmpty || known.first.map { message.contains("has \($0):") } == true)
    #expect(found.allSatisfy { $0.fix == "update next to \(fix) or newer, and build again" })
  }

  /// What concerns the middleware alone concerns nobody without one; what concerns the App Router is a warning in
  /// applications of pages.
  @Test func whomAVulnerabilityConcerns() throws {
    for file in ["middleware.ts", "src/proxy.ts"] {
      let lock = Self.lock.replacing("16.3.4", with: "16.2.4")
      let service = try service("", ["package-lock.json": lock, file: "export const config = {}"])
      let found = try #require(service.findings.first { $0.id == "FORGE-N001" })
      for id in ["CVE-2026-44574", "CVE-2026-44575"] { #expect(found.message.contains(id)) }
      #expect(found.fix == "update next to 16.3.3 or newer, and build again")
    }
    let lock = Self.lock.replacing("16.3.4", with: "13.2.4")
    let pages = try service(
      "", ["package-lock.json": lock, "app/page.tsx": "-", "pages/index.tsx": ""])
    #expect(pages.findings.filter { $0.id == "FORGE-N001" }.map(\.severity) == [.warning])
  }

  @Test func tablesAreReadable() {
    #expect(NodeReleases.table.lines.count >= 5 && NextReleases.table.vulnerable.count >= 1)
    #expect(NodeReleases.table.lines.map(\.major) == NodeReleases.table.lines.map(\.major).sorted())
    #expect(NodeReleases.table.lines.contains { $0.major == NodeReleases.table.default })
    #expect(
      NodeReleases.table.lockfiles.contains { $0.manager == .pnpm }
        && NextReleases.table.node.count >= 3)
  }

  // MARK: Package managers

  @Test func declaredManagers() throws {
    let pnpm =
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n        version: 16.3.4(a)\n"
    let declared = try service(
      #""packageManager":"pnpm@10.13.1+sha512.abc""#,
      ["pnpm-lock.yaml": pnpm, "package-lock.json": "-"])
    #expect(
      declared.packageManager
        == PackageManager(
          name: .pnpm, version: "10.13.1", lockfile: "pnpm-lock.yaml", source: "package.json:1"))
    #expect(
      declared.framework.version == "16.3.4" && declared.framework.source == "pnpm-lock.yaml:6")
    #expect(
      declared.installInputs == ["package.json", "pnpm-lock.yaml"] && declared.findings.isEmpty)

    let conflict = try service(#""packageManager":"yarn@4.5.0""#)
    #expect(conflict.packageManager.name == .yarnBerry && conflict.packageManager.lockfile == nil)
    #expect(ids(conflict) == ["FORGE-N011"])
    let hostile = try service(#""packageManager":"npm@10.0.0\nRUN curl evil""#)
    #expect(hostile.packageManager.name == .npm && hostile.packageManager.version == nil)
  }

  @Test func lockfilesDecide() throws {
    let berry = "__metadata:\n  version: 6\n\n\"next@npm:^16.0.0\":\n  version: 16.3.4\n"
    let yarn = try service(
      "",
      ["yarn.lock": berry, "package-lock.json": "-", ".yarnrc.yml": "", ".yarn/releases/y.cjs": ""])
    #expect(yarn.packageManager.name == .yarnBerry && yarn.packageManager.version == "3.6.4")
    #expect(yarn.installInputs == [".yarn/releases/", ".yarnrc.yml", "package.json", "yarn.lock"])
    let both = try service(
      "", ["yarn.lock": "# yarn lockfile v1\n\nnext@^16.0.0:\n  version \"16.3.4\"\n"])
    #expect(both.packageManager.name == .yarn && ids(both) == ["FORGE-N010"])
    let none = try service("", ["package-lock.json": "-"])
    #expect(
      none.packageManager.name == .npm && none.framework.version == "16.0.0"
        && ids(none) == ["FORGE-N012"])
    let bun = try service("", ["package-lock.json": "-", "bun.lockb": "\u{0}binary"])
    #expect(bun.packageManager.name == .bun && bun.packageManager.lockfile == "bun.lockb")
  }

  @Test func filePackages() throws {
    let manifest =
      #""optionalDependencies":{"a":"file:libs/a","b":"file:../b","c":"link:libs/none","d":"file:x y"}"#
    let service = try service(manifest, ["libs/a/package.json": "{}", "x y/package.json": "{}"])
    #expect(service.installInputs == ["libs/a/", "package-lock.json", "package.json"])
    #expect(ids(service) == ["FORGE-N013", "FORGE-N015", "FORGE-N014", "FORGE-N026"])
  }

  // MARK: Environment

  @Test func scopes() throws {
    let service = try service(
      "",
      [
        "next.config.ts":
          "export default { env: { A: process.env.BAKED, B: process.env.CMS_TOKEN } }",
        "lib/a.ts": """
        const { DATABASE_URL, CACHE = 'redis://u:pw@host' } = process.env
        export const key = process.env.API_SECRET ?? 'hunter2', node = process.env.NODE_ENV
        if (process.env.FLAG === '1') use(process.env.NEXT_PUBLIC_SITE!)
        """,
        "lib/a.test.ts": "process.env.ONLY_IN_TESTS", "e2e/b.ts": "process.env.ONLY_IN_TESTS",
        ".npmrc": "//registry.example/:_authToken=${NPM_TOKEN}",
        ".env.sample": "export EXTRA=1\n#NOT=1\nbad name=1",
      ])
    let scopes = service.environment.map {
      "\($0.name) \($0.scope.rawValue)\($0.required ? " required" : "")"
    }
    #expect(
      scopes == [
        "API_SECRET runtime-secret", "BAKED build-public", "CACHE runtime-secret",
        "CMS_TOKEN build-secret", "DATABASE_URL runtime-secret", "EXTRA runtime",
        "FLAG runtime",
        "NEXT_PUBLIC_SITE build-public required", "NODE_ENV platform",
        "NPM_TOKEN build-secret required",
      ])
    #expect(ids(service) == ["FORGE-N041", "FORGE-N041"])
  }

  /// Of t3-env: the schema says what is required, and what stands under `runtimeEnv` only hands it over.
  @Test func schemasOfTheEnvironment() throws {
    let service = try service(
      "",
      [
        "src/env.js": """
        export const env = createEnv({
          server: {
            AUTH_SECRET: process.env.NODE_ENV === "production" ? z.string() : z.string().optional(),
            DEBUG_KEY: process.env.NODE_ENV !== "production" ? z.string() : z.string().optional(),
            DATABASE_URL: z.string().url(),
            LEVEL: z.enum(["a", "b"]).default("a"),
            MAYBE: z.string().optional(),
          },
          client: { NEXT_PUBLIC_SITE: z.string() },
          runtimeEnv: {
            AUTH_SECRET: process.env.AUTH_SECRET, DEBUG_KEY: process.env.DEBUG_KEY,
            DATABASE_URL: process.env.DATABASE_URL, LEVEL: process.env.LEVEL, MAYBE: process.env.MAYBE,
            NEXT_PUBLIC_SITE: process.env.NEXT_PUBLIC_SITE,
          },
        })
        """
      ])
    let found = service.environment.filter { $0.scope != .platform }.map {
      "\($0.name) \($0.scope.rawValue)\($0.required ? " required" : "")\($0.default.map { " = \($0)" } ?? "")"
    }
    #expect(
      found == [
        "AUTH_SECRET runtime-secret required", "DATABASE_URL runtime-secret required",
        "DEBUG_KEY runtime-secret",
        "LEVEL runtime = a", "MAYBE runtime", "NEXT_PUBLIC_SITE build-public required",
      ])
  }

  /// `name requirement scope placeholder`, of the variables that no platform sets.
  private func variables(_ files: [String: String]) throws -> [String] {
    try service("", files).environment.filter { $0.scope != .platform }.map {
      let words = [
        $0.name, $0.requirement.rawValue, $0.scope.rawValue, $0.buildPlaceholder ?? "",
      ]
      return words.filter { !$0.isEmpty }.joined(separator: " ")
    }
  }

  @Test func requirementsAcrossFiles() throws {
    let found = try variables([
      "lib/a.ts": "export const a = process.env.A!, b = process.env.B, c = process.env.C ?? 'c'",
      "lib/b.ts": "if (process.env.A) x(process.env.C); if (process.env.B) y()",
      "lib/c.ts": "export const d = !!process.env.D",
      // A tool's needs are none of the application's.
      "scripts/seed.ts": "if (!process.env.SEED) throw 1",
      "drizzle.config.ts": "export default { url: process.env.E! }",
      ".env.example": "NAMED=1",
    ])
    #expect(
      found == [
        "A required runtime", "B unknown runtime", "C unknown runtime", "D optional runtime",
        "E unknown runtime",
        "NAMED unknown runtime", "SEED unknown runtime",
      ])
  }

  /// `env` of the configuration puts values in the place of `process.env.KEY`: such keys are no variables.
  @Test func keysOfTheConfigurationsEnvironment() throws {
    let found = try variables([
      "next.config.js": """
      module.exports = { env: { shopVersion: "1.2.3", RENAMED: process.env.REAL, SAME: process.env.SAME ?? "x" } }
      """,
      "lib/a.js": "use(process.env.shopVersion, process.env.RENAMED, process.env.SAME)",
    ])
    #expect(found == ["REAL unknown build-public", "SAME unknown build-public"])
  }

  /// What `next build` loads: routes, and what they import by relative paths, aliases and packages of the workspace.
  @Test func whatTheBuildCannotDoWithout() throws {
    let files = [
      "app/page.tsx": "import { sql } from '@/lib/db'; import './own'; export default () => null",
      "app/own.ts":
        "import { Resend } from 'resend'; export const mail = new Resend(process.env.MAIL_KEY)",
      "app/api/chat/route.ts":
        "import OpenAI from 'openai'\nconst ai = new OpenAI()\nconst azure = new OpenAI({ apiKey: process.env.AZURE })",
      "tsconfig.json": "{\"compilerOptions\":{\"paths\":{\"@/*\":[\"./src/*\"]}}}",
      "src/lib/db.ts":
        "if (!process.env.DATABASE_URL) throw new Error('no')\nexport const sql = postgres(process.env.DATABASE_URL)",
      // Nobody imports it, or it is run with a request.
      "src/lib/unused.ts": "if (!process.env.UNUSED) throw 1",
      "app/late/route.ts":
        "import Stripe from 'stripe'; export function GET() { return new Stripe(process.env.LATE!) }",
    ]
    let found = try variables(files)
    #expect(
      found == [
        "AZURE required runtime placeholder",
        "DATABASE_URL required runtime-secret postgresql://user:placeholder@localhost:5432/placeholder",
        "LATE required runtime", "MAIL_KEY required runtime-secret re_placeholder",
        "OPENAI_API_KEY required runtime-secret placeholder", "UNUSED required runtime",
      ])
    let findings = try service("", files).findings.filter { $0.id == "FORGE-N047" }
    #expect(findings.count == 4)
    #expect(findings.contains { $0.place == .source(file: "src/lib/db.ts", line: 1) })
  }

  /// A schema that the configuration imports is applied while building, and again by the server.
  @Test func schemasOfTheConfiguration() throws {
    let schema = """
      export const env = createEnv({
        server: { DATABASE_URL: z.string().url(), RELAY: z.string().url(), CODE: z.string().regex(/x/) },
        client: { NEXT_PUBLIC_NAME: z.string().optional() }, runtimeEnv: process.env,
        SKIP
      })
      """
    for load in ["import './src/env.js'", "jiti('./src/env')", "await import(\"./src/env.js\")"] {
      let files = [
        "next.config.js": load + "\nexport default {}",
        "src/env.js": schema.replacing(
          "SKIP", with: "skipValidation: !!process.env.SKIP_ENV_VALIDATION"),
      ]
      #expect(
        try variables(files) == [
          "CODE required runtime placeholder",
          "DATABASE_URL required runtime-secret postgresql://user:placeholder@localhost:5432/placeholder",
          "NEXT_PUBLIC_NAME optional build-public",
          "RELAY required runtime https://example.invalid",
          "SKIP_ENV_VALIDATION optional runtime 1",
        ])
      #expect(try !ids(service("", files)).contains("FORGE-N048"))
    }
    let unskippable = try service(
      "",
      ["next.config.js": "import './src/env.js'", "src/env.js": schema.replacing("SKIP", with: "")])
    #expect(
      unskippable.findings.filter { $0.id == "FORGE-N048" }.map(\.subject) == [.variable("CODE")])
  }

  @Test func keyOfServerActions() throws {
    let found = try variables(["app/actions.ts": "'use server'\nexport async function save() {}"])
    #expect(found == ["NEXT_SERVER_ACTIONS_ENCRYPTION_KEY optional build-secret"])
    #expect(try variables(["app/a.ts": "// 'use server' is not used here"]).isEmpty)
  }

  @Test func variablesOfPackageManagersAndPrisma() throws {
    let found = try variables([
      ".npmrc": "//a/:_authToken=${A_TOKEN}\n//b/:_authToken=${B_TOKEN-}",
      "prisma/schema.prisma":
        "datasource db {\n  url = env(\"DATABASE_URL\")\n  directUrl = env(\"DIRECT_URL\")\n}",
    ])
    #expect(
      found == [
        "A_TOKEN required build-secret", "B_TOKEN optional build-secret",
        "DATABASE_URL required runtime-secret",
        "DIRECT_URL unknown runtime",
      ])
  }

  /// Neither a default in the code nor a value in a file may come out anywhere.
  @Test func secretsAreNeverShown() throws {
    let service = try service(
      "",
      [
        "a.js": "process.env.API_SECRET || 'hunter2'; const { PASSWORD = 'hunter2' } = process.env",
        "b.js": "process.env.CACHE ?? 'redis://u:hunter2@host/0'", ".env": "API_SECRET=hunter2",
        ".env.production": "X=hunter2",
        ".env.example": "TOKEN=hunter2", ".npmrc": "//registry.example/:_authToken=hunter2",
      ])
    #expect(!(try StableJSON.encode(service)).contains("hunter2"))
    #expect(
      ids(service).filter { $0 == "FORGE-N042" }.count == 2 && ids(service).contains("FORGE-N044"))
  }

  /// What only running the code would tell is said, not passed over.
  @Test func computedNames() throws {
    let code =
      "export const read = (key: string) => process.env[key]\nconst env = process.env\nenv[other()]\n"
    let found = try service("", ["lib/a.ts": code, "lib/a.test.ts": "process.env[x]"]).findings
    #expect(found.map(\.id) == ["FORGE-N045"] && found.map(\.location) == ["lib/a.ts:1"])
    #expect(found.first?.severity == .info && found.first?.message.contains("1 more place") == true)
    #expect(try service("", ["lib/a.ts": "process.env['A']; process.env.B = '1'"]).findings.isEmpty)
  }

  @Test func taskRunnersAndCompose() throws {
    let service = try service(
      "",
      [
        "turbo.json":
          #"{"globalEnv":["A","NEXT_PUBLIC_*"],"globalPassThroughEnv":["B"],"tasks":{"build":{"env":["!CI","C_TOKEN"],"passThroughEnv":["D"]}}}"#,
        "compose.yaml":
          "services:\n  web:\n    build: .\n    environment:\n      - E=1\n      - F_SECRET\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: x\n",
      ])
    let scopes = service.environment.map { "\($0.name) \($0.scope.rawValue)" }
    #expect(
      scopes == [
        "A runtime", "B runtime", "C_TOKEN runtime-secret", "D runtime", "E runtime",
        "F_SECRET runtime-secret",
      ])
    #expect(service.environment.first { $0.name == "F_SECRET" }?.sources == ["compose.yaml:6"])
  }

  @Test func namesThatCouldBreakOutAreLeftOut() throws {
    let service = try service(
      "",
      ["a.js": "process.env['A\\nRUN x']; process.env['B C']; process.env['$(id)']; process.env.OK"]
    )
    #expect(service.environment.map(\.name) == ["OK"])
  }

  @Test func publicVariablesThatAreNotReplaced() throws {
    let service = try service("", ["a.js": "const { NEXT_PUBLIC_A } = process.env"])
    #expect(ids(service) == ["FORGE-N043"] && service.findings.first?.location == "a.js:1")
  }

  // MARK: More

  @Test func databases() throws {
    let service = try service(
      #""devDependencies":{"prisma":"6","pg":"8","ioredis":"5"}"#,
      [
        "prisma/schema.prisma": "datasource db {\n provider = \"mysql\"\n}",
        "prisma/migrations/1/m.sql": "",
      ])
    #expect(service.databases == ["mysql", "postgresql", "redis"])
    #expect(service.migrations == Migrations(tool: "prisma", command: "npx prisma migrate deploy"))
    #expect(service.installInputs.contains("prisma/schema.prisma"))
  }

  @Test func migrationsAndWorkspaceShowTheirEvidence() throws {
    let project = try Project([
      "package.json": "{\n  \"workspaces\": [\"apps/*\"]\n}", "package-lock.json": Self.lock,
      "apps/web/package.json":
        #"{"name":"web","dependencies":{"next":"16","prisma":"6"},"scripts":{"build":"next build"}}"#,
      "apps/web/app/page.tsx": "", "apps/web/prisma/migrations/1/m.sql": "",
      "apps/web/prisma/schema.prisma": "datasource db {\n provider = \"mysql\"\n}",
    ])
    let service = try #require(try Analyzer.analyze(project.path).services.first)
    func evidence(_ key: String) -> [String]? {
      service.conclusions.first { $0.key == key }?.evidence
    }
    #expect(evidence("migrations") == ["apps/web/prisma/migrations/1/m.sql:1"])
    #expect(evidence("workspace.root") == ["package.json:2"])
  }

  /// Each kind of workspace, by what declares it.
  @Test(arguments: [
    (
      ["package.json": #"{"workspaces":["apps/*"]}"#, "package-lock.json": lock], "npm",
      "package.json:1"
    ),
    (
      [
        "package.json": #"{"workspaces":{"packages":["apps/*"]}}"#,
        "yarn.lock": "# yarn lockfile v1\n",
      ], "yarn",
      "package.json:1"
    ),
    (
      ["package.json": #"{"workspaces":["./apps/**"]}"#, "bun.lock": "{\"packages\":{}}"], "bun",
      "package.json:1"
    ),
    (
      ["package.json": "{}", "pnpm-workspace.yaml": "\npackages: ['apps/*']\n"], "pnpm",
      "pnpm-workspace.yaml:2"
    ),
    (
      ["package.json": #"{"workspaces":["apps/*"]}"#, "turbo.json": "{}"], "turbo", "package.json:1"
    ),
    (["package.json": #"{"workspaces":["apps/*"]}"#, "nx.json": "{}"], "nx", "package.json:1"),
  ])
  func workspaces(_ files: [String: String], _ kind: String, _ source: String) throws {
    let member =
      #"{"name":"NAME","dependencies":{"next":"16.3.4","ui":"*"},"scripts":{"build":"next build"}}"#
    let project = try Project(
      files.merging([
        "apps/a/package.json": member.replacing("NAME", with: "a"), "apps/a/app/page.tsx": "",
        "apps/b/package.json": member.replacing("NAME", with: "b"), "apps/b/pages/index.tsx": "",
        "apps/ui/package.json": #"{"name":"ui"}"#,
        "apps/unused/package.json": #"{"name":"unused"}"#,
      ]) { $1 })
    // Two applications are two services, each with the members that it needs.
    let services = try Analyzer.analyze(project.path).services
    #expect(
      services.map(\.path) == ["apps/a", "apps/b"]
        && services.allSatisfy { $0.workspace?.kind == kind })
    #expect(
      services.map { $0.workspace?.members } == [["apps/a", "apps/ui"], ["apps/b", "apps/ui"]])
    let evidence = services.first?.conclusions.first { $0.key == "workspace.root" }?.evidence
    #expect(evidence == [source])
  }

  /// What a generator of code fills in stops nobody; a manifest that is broken elsewhere does.
  @Test func manifestsThatAreTemplates() throws {
    var files = [
      "web/package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "web/package-lock.json": Self.lock, "web/app/page.tsx": "",
      "sdk/template/package.json": "{ {{#each a}} }",
    ]
    let project = try Project(files)
    let analysis = try Analyzer.analyze(project.path)
    #expect(analysis.services.map(\.path) == ["web"])
    #expect(analysis.findings.map(\.id) == ["FORGE-T010"])
    #expect(analysis.findings.first?.location == "sdk/template/package.json:1")
    files["sdk/package.json"] = "{ {{#each a}} }"
    let broken = try Project(files)
    let partial = try Analyzer.analyze(broken.path)
    #expect(partial.services.map(\.path) == ["web"])
    #expect(partial.findings.map(\.id).contains("FORGE-T011"))
    #expect(throws: PartialAnalysisError(location: "sdk/package.json:1")) {
      try partial.requireWhole()
    }
  }

  /// Where the making of the application is out of sight, or something else answers in the middleware's stead, nothing
  /// is said of its middleware.
  @Test(arguments: [
    ("from elsewhere import app\n", false),
    ("from fastapi import FastAPI\napp = FastAPI()\n", true),
    (
      "from fastapi import FastAPI\nfrom .cors import CORSGate\napp = FastAPI()\napp.add_middleware(CORSGate)\n",
      false
    ),
    (
      "from fastapi import FastAPI\nfrom .gate import Gate\napp = FastAPI()\napp.add_middleware(Gate)\n",
      true
    ),
    (
      """
      from fastapi import FastAPI
      app = FastAPI()
      @app.middleware("http")
      async def allow(request, call_next):
          response = await call_next(request)
          response.headers["Access-Control-Allow-Origin"] = "*"
          return response
      """, false
    ),
  ])
  func originsOfAnApplicationInSight(_ code: String, _ isKnown: Bool) throws {
    let project = try Project([
      "web/package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "web/package-lock.json": Self.lock, "web/app/page.tsx": "process.env.NEXT_PUBLIC_API_URL",
      "api/requirements.txt": "fastapi==0.121.0\nuvicorn==0.38.0\n", "api/main.py": code,
      "api/Procfile": "web: uvicorn main:app\n",
    ])
    let analysis = try Analyzer.analyze(project.path)
    #expect(analysis.links.map(\.to) == ["api"])
    #expect(analysis.findings.contains { $0.id == "FORGE-K010" } == isKnown)
  }

  @Test func rewritesToThisMachine() throws {
    let project = try Project([
      "web/package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "web/package-lock.json": Self.lock, "web/app/page.tsx": "",
      "web/next.config.mjs":
        "export default {\n  rewrites: async () => [{ source: '/api/:p*', destination: 'http://localhost:8000/:p*' }],\n}",
      "api/requirements.txt": "fastapi==0.115.0\nuvicorn==0.30.0\n",
      "api/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    ])
    let found = try Analyzer.analyze(project.path).findings.filter { $0.id == "FORGE-K003" }
    #expect(found.map(\.location) == ["web/next.config.mjs:2"] && found.first?.severity == .warning)
    #expect(found.first?.fix?.contains("http://api:8000") == true)
    try project.add(
      "web/next.config.mjs",
      .init(
        "export default { rewrites: async () => [{ source: '/x', destination: `${process.env.API_URL}/x` }] }"
          .utf8)
    )
    #expect(try !Analyzer.analyze(project.path).findings.contains { $0.id == "FORGE-K003" })
  }

  @Test func workspaceMember() throws {
    let project = try Project([
      "package.json":
        #"{"private":true,"workspaces":["apps/*","!apps/old"],"packageManager":"npm@11.0.0","devDependencies":{"next":"16"}}"#,
      "package-lock.json": Self.lock, "turbo.json": "{}",
      "apps/web/package.json":
        #"{"name":"@acme/web","dependencies":{"next":"16"},"scripts":{"build":"next build"}}"#,
      "apps/web/app/page.tsx": "",
      "apps/old/package.json":
        #"{"name":"web","dependencies":{"next":"16"},"scripts":{"build":"next build"}}"#,
      "apps/old/app/page.tsx": "",
    ])
    let services = try Analyzer.analyze(project.path).services
    #expect(services.map(\.path) == ["apps/old", "apps/web"])
    #expect(services.map(\.name) == ["web", "web-apps-web"])
    let web = try #require(services.last)
    let expected = Workspace(root: ".", kind: "turbo", members: ["apps/web"], package: "@acme/web")
    #expect(web.workspace == expected && services.first?.workspace == nil)
    #expect(web.next?.standaloneServer == "apps/web/server.js" && web.framework.version == "16.3.4")
    #expect(
      web.packageManager.version == "11.0.0" && web.packageManager.lockfile == "package-lock.json")
    #expect(web.installInputs == ["apps/web/package.json", "package-lock.json", "package.json"])
    // The lockfile has no link to the member.
    #expect(ids(web) == ["FORGE-N026", "FORGE-N003"])
  }

  @Test(arguments: [
    ("package.json", "{\n \"name\": }", "package.json:2"), ("package.json", "[]", "package.json:1"),
    ("package.json", "", "package.json:1"), ("package-lock.json", "{\n\n", "package-lock.json:3"),
    ("package-lock.json", "{\n<<<<<<< HEAD\n}", "package-lock.json:2"),
  ])
  func malformed(_ name: String, _ text: String, _ location: String) throws {
    var files = [
      "package.json": #"{"dependencies":{"next":"16"}}"#, "app/page.tsx": "",
      "package-lock.json": Self.lock,
    ]
    files[name] = text
    let project = try Project(files)
    let error = #expect(throws: AnalysisError.self) { try Analyzer.analyze(project.path) }
    guard case .malformed(let found, _)? = error else {
      Issue.record("expected a malformed file, not \(String(describing: error))")
      return
    }
    #expect(found == location && error?.exitCode == .unreadableInput)
  }

  @Test func hostileManifests() throws {
    let huge = String(repeating: " ", count: 5 << 20)
    let project = try Project(["package.json": huge, "app/page.tsx": ""])
    #expect(throws: AnalysisError.tooLarge(path: "package.json", limit: 4 << 20)) {
      try Analyzer.analyze(project.path)
    }
    let deep = try Project([
      "package.json": String(repeating: "[", count: 100_000), "app/page.tsx": "",
    ])
    #expect(throws: AnalysisError.self) { try Analyzer.analyze(deep.path) }
    let odd = try service(
      #""engines":[],"volta":1,"packageManager":{},"workspaces":3,"devEngines":"x""#)
    #expect(odd.findings.isEmpty)
  }

  @Test func noApplication() throws {
    let library = try Project(["package.json": #"{"name":"lib","peerDependencies":{"next":"16"}}"#])
    let error = #expect(throws: AnalysisError.self) { try Analyzer.analyze(library.path) }
    #expect(
      error?.description.contains("package.json is here") == true && error?.exitCode == .usage)
  }
}
