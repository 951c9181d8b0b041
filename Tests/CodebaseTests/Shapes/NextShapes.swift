extension Shape {
  private static func lock(_ version: String) -> String {
    #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"\#(version)"}}}"#
  }

  private static func manifest(_ more: String = "", next: String = "^16.0.0", name: String = "web")
    -> String
  {
    #"{"name":"\#(name)","dependencies":{"next":"\#(next)"},"scripts":{"build":"next build"}"#
      + (more.isEmpty ? "" : "," + more) + "}"
  }

  /// A plain application with changes; a file of `-` is left out.
  private static func next(
    _ name: String, _ more: String = "", _ files: [String: String] = [:], version: String = "16.3.4"
  ) -> Shape {
    let all = [
      "package.json": manifest(more, next: version), "package-lock.json": lock(version),
      "app/page.tsx": "",
    ].merging(files) { $1 }
    return Shape(name: name, files: all.filter { $0.value != "-" })
  }

  private static let pnpmWorkspace = [
    "package.json":
      #"{"private":true,"packageManager":"pnpm@10.13.1+sha512.ab","devDependencies":{"turbo":"2"}}"#,
    "pnpm-workspace.yaml": "packages:\n  - apps/*\n  - packages/*\n  - '!packages/old'\n",
    "turbo.json": "{}",
    "pnpm-lock.yaml":
      "lockfileVersion: '9.0'\nimporters:\n  apps/web:\n    dependencies:\n      next:\n        version: 16.3.4(react@19)\n",
    "apps/web/package.json":
      #"{"name":"@acme/web","dependencies":{"next":"16.3.4","@acme/ui":"workspace:*"},"scripts":{"build":"next build"}}"#,
    "apps/web/app/page.tsx": "",
    "apps/web/next.config.ts": "export default { output: 'standalone' }",
    "packages/ui/package.json":
      #"{"name":"@acme/ui","dependencies":{"@acme/theme":"workspace:^"}}"#,
    "packages/ui/src/index.ts": "export const theme = process.env.NEXT_PUBLIC_THEME",
    "packages/theme/package.json": #"{"name":"@acme/theme"}"#,
    "packages/other/package.json": #"{"name":"@acme/other"}"#,
    "packages/old/package.json": #"{"name":"@acme/old"}"#,
  ]

  static let nextShapes: [Shape] = [
    next("01-plain"),
    next(
      "02-standalone-satisfies", "",
      [
        "next.config.ts":
          "import type { NextConfig } from 'next'\nexport default {\n  output: 'standalone',\n} satisfies NextConfig\n"
      ]),
    next(
      "03-export", "",
      [
        "next.config.mjs":
          "export default { output: 'export', basePath: '/docs', trailingSlash: true, distDir: 'dist' }"
      ]),
    next(
      "04-phase-and-wrappers", "",
      [
        "next.config.mjs": """
        import { PHASE_DEVELOPMENT_SERVER } from 'next/constants.js'
        import bundle from '@next/bundle-analyzer'
        import { withSentryConfig } from '@sentry/nextjs'
        const withBundleAnalyzer = bundle({ enabled: process.env.ANALYZE === 'true' })
        export default (phase, { defaultConfig }) => {
          if (phase === PHASE_DEVELOPMENT_SERVER) return { output: 'export' }
          const config = { output: 'standalone' }
          return withSentryConfig(withBundleAnalyzer(config), { authToken: process.env.SENTRY_AUTH_TOKEN })
        }
        """
      ]),
    next(
      "05-output-by-environment", "",
      ["next.config.js": "module.exports = { output: process.env.MODE }"]),
    next("06a-config-cjs", "", ["next.config.cjs": "module.exports = { output: 'standalone' }"]),
    next(
      "06b-two-configs", "",
      ["next.config.js": "module.exports = {}", "next.config.ts": "export default {}"]),
    Shape(
      name: "06c-config-above",
      files: pnpmWorkspace.filter { $0.key != "apps/web/next.config.ts" }.merging(
        ["next.config.mjs": "export default { output: 'standalone' }"]) { $1 }),
    next(
      "07-pages-i18n-custom-server", #""devDependencies":{"tsx":"4"}"#,
      [
        "app/page.tsx": "-", "pages/index.tsx": "",
        "server.ts": "import next from 'next'\nnext({})",
        "next.config.js":
          "module.exports = { i18n: { locales: ['en', 'de'], defaultLocale: 'en' } }",
      ]),
    next("08-no-public-folder", "", ["src/app/page.tsx": "", "app/page.tsx": "-"]),
    Shape(
      name: "09-pnpm-turbo-two-apps",
      files: pnpmWorkspace.merging([
        "apps/admin/package.json":
          #"{"name":"@acme/admin","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
        "apps/admin/app/page.tsx": "",
      ]) { $1 }),
    Shape(
      name: "10-nx-inferred",
      files: [
        "package.json":
          #"{"name":"acme","dependencies":{"next":"16.3.4"},"devDependencies":{"nx":"22"}}"#,
        "package-lock.json": lock("16.3.4"), "nx.json": #"{"plugins":["@nx/next/plugin"]}"#,
        "apps/shop/project.json": #"{"name":"shop"}"#, "apps/shop/src/app/page.tsx": "",
        "apps/shop/next.config.js":
          "const { composePlugins, withNx } = require('@nx/next')\nmodule.exports = composePlugins(withNx)({ output: 'standalone' })",
      ]),
    Shape(
      name: "11-stray-lockfile",
      files: [
        "package.json": #"{"private":true,"workspaces":["apps/*"]}"#,
        "package-lock.json": lock("16.3.4"),
        "apps/web/package.json": manifest(), "apps/web/app/page.tsx": "",
        "apps/web/package-lock.json": lock("16.3.4"),
      ]),
    Shape(
      name: "11b-stray-lockfile-older-next",
      files: [
        "package.json": #"{"private":true,"workspaces":["apps/*"]}"#,
        "package-lock.json": lock("14.2.35"),
        "apps/web/package.json": manifest(next: "14.2.35"), "apps/web/app/page.tsx": "",
        "apps/web/package-lock.json": lock("14.2.35"),
      ]),
    next(
      "12-yarn1-node26", #""packageManager":"yarn@1.22.22","engines":{"node":"26.x"}"#,
      [
        "package-lock.json": "-",
        "yarn.lock": "# yarn lockfile v1\n\nnext@16.3.4:\n  version \"16.3.4\"\n",
      ]),
    next(
      "13-yarn4-zero-install", #""packageManager":"yarn@4.9.2""#,
      [
        "package-lock.json": "-",
        ".yarnrc.yml": "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.9.2.cjs\n",
        ".yarn/releases/yarn-4.9.2.cjs": "", ".yarn/cache/next.zip": "",
        "yarn.lock": "__metadata:\n  version: 8\n\n\"next@npm:16.3.4\":\n  version: 16.3.4\n",
      ]),
    next(
      "14-yarn-plug-and-play", #""packageManager":"yarn@4.9.2""#,
      [
        "package-lock.json": "-", ".pnp.cjs": "",
        "yarn.lock": "__metadata:\n  version: 8\n\n\"next@npm:16.3.4\":\n  version: 16.3.4\n",
      ]),
    next(
      "15a-bun", "",
      [
        "package-lock.json": "-",
        "bun.lock":
          "{\n  \"lockfileVersion\": 1,\n  \"packages\": {\n    \"next\": [\"next@16.3.4\", \"\"],\n  },\n}\n",
      ]),
    next("15b-bun-binary", "", ["package-lock.json": "-", "bun.lockb": "\u{0}bun"]),
    next(
      "16-package-json5", "",
      [
        "package.json": "-", "package-lock.json": "-",
        "package.json5":
          "{\n  // why\n  name: 'web',\n  dependencies: { next: '16.3.4', },\n  scripts: { build: 'next build' },\n}\n",
        "pnpm-lock.yaml":
          "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n        version: 16.3.4\n",
      ]),
    next(
      "17a-manager-against-lockfile", #""packageManager":"pnpm@10.13.1+sha512.ab""#,
      [
        "package-lock.json": "-",
        "yarn.lock": "# yarn lockfile v1\n\nnext@16.3.4:\n  version \"16.3.4\"\n",
      ]),
    next(
      "17b-engines-pnpm",
      #""engines":{"pnpm":"11.5.x"},"devEngines":{"packageManager":{"name":"pnpm","version":"^11.0.0"}}"#,
      [
        "package-lock.json": "-",
        "pnpm-lock.yaml":
          "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n        version: 16.3.4\n",
      ]),
    next("18a-nvmrc-and-engines", #""engines":{"node":">=18 <21"}"#, [".nvmrc": "lts/jod\n"]),
    next(
      "18b-volta-against-tool-versions", #""volta":{"node":"22.11.0"}"#,
      [".tool-versions": "nodejs 24.1.0\n"]),
    next("18c-mise", "", ["mise.toml": "[tools]\nnode = \"22\"\n"]),
    next(
      "18d-pnpm-runtime",
      #""devEngines":{"runtime":{"name":"node","version":"22.20.0","onFail":"download"}}"#, [:]),
    next(
      "19a-prisma6",
      #""devDependencies":{"prisma":"6.1.0"},"optionalDependencies":{"@prisma/client":"6.1.0"}"#,
      [
        "prisma/schema.prisma":
          "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n",
        "prisma/migrations/1/migration.sql": "",
      ]),
    next(
      "19b-prisma7",
      #""prisma":{"schema":"db"},"optionalDependencies":{"@prisma/client":"7.0.0","prisma":"7.0.0"}"#,
      ["db/main.prisma": "datasource db {\n  provider = \"sqlite\"\n}\n"]),
    next(
      "20-sharp-from-mac", #""optionalDependencies":{"sharp":"0.34.0"}"#,
      [
        "package-lock.json":
          #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"},"node_modules/sharp":{},"node_modules/@img/sharp-darwin-arm64":{}}}"#
      ]),
    next(
      "21-native-and-browser",
      #""optionalDependencies":{"better-sqlite3":"12","canvas":"3","puppeteer":"24"}"#),
    next(
      "22-webpack-under-turbopack", "",
      ["next.config.js": "module.exports = {\n  webpack: (config) => config,\n}\n"]),
    next(
      "23-external-packages-pnpm", "",
      [
        "package-lock.json": "-",
        "next.config.ts": "export default { serverExternalPackages: ['pino'] }",
        "pnpm-lock.yaml":
          "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n        version: 16.2.0\n",
      ], version: "16.2.0"),
    next("24-vulnerable", version: "15.1.2"),
    next(
      "24b-vulnerable-by-its-middleware", "", ["middleware.ts": "export const middleware = 1"],
      version: "14.2.24"),
    next(
      "25-settings-with-secrets", "",
      [".env": "A=1\nDB_PASSWORD=x\n", ".env.production": "TOKEN=x\n"]),
    next(
      "26-dynamic-folders", "",
      [
        "app/[slug]/page.tsx": "process.env.A", "app/[[...x]]/page.tsx": "process.env.B",
        "app/(g)/health/route.ts": "export const GET = 1",
        "app/@modal/page.tsx": "process.env.C",
      ]),
    next(
      "27-private-registry", "",
      [".npmrc": "@acme:registry=https://npm.example\n//npm.example/:_authToken=${NPM_TOKEN}\n"]),
    next(
      "28-public-variables", "",
      [
        "lib/a.ts":
          "export const a = process.env.NEXT_PUBLIC_A\nexport const b = process.env['NEXT_PUBLIC_B']\nconst { NEXT_PUBLIC_C } = process.env\nexport const d = process.env[name]\n",
        "next.config.ts":
          "export default { rewrites: async () => [{ source: '/api/:p*', destination: `${process.env.API_URL}/:p*` }] }",
      ]),
    next(
      "29-install-scripts", "",
      [
        "package.json":
          #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build","prepare":"husky","postinstall":"patch-package && node scripts/setup.js"}}"#,
        "patches/a+1.patch": "", "scripts/setup.js": "",
      ]),
    next(
      "30-cache-handler", "",
      [
        "next.config.js":
          "module.exports = { cacheHandler: require.resolve('./cache-handler.js'), cacheMaxMemorySize: 0 }",
        "cache-handler.js": "process.env.REDIS_URL",
      ]),
    next("31a-no-lockfile", "", ["package-lock.json": "-"]),
    next("31b-lockfile-out-of-step", "", ["package-lock.json": lock("15.5.9")]),
    next("31c-empty-lockfile", "", ["package-lock.json": ""]),
    next("31d-byte-order-mark", "", ["package.json": "\u{FEFF}" + manifest(next: "16.3.4")]),
    next("31e-comments-in-manifest", "", ["package.json": "{\n  // why\n  \"name\": \"web\"\n}"]),
  ]
}
