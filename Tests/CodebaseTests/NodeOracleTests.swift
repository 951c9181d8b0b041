import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

/// Node itself, as the judge of what forge reads in configurations without running them. The configurations are this
/// project's own; each is also run under several environments, so that nothing that depends on one is taken for known.
@Suite struct NodeOracleTests {
  private static let environments: [[String: String]] = [
    [:],
    ["MODE": "export", "CI": "1", "BASE": "/shop", "ANALYZE": "true"],
    [
      "MODE": "standalone", "STANDALONE": "true", "DOCKER": "1", "DIST": "build",
      "CDN": "https://cdn.example",
    ],
  ]

  /// File name, and text. TypeScript stands beside the same in JavaScript, which node can run.
  private static let configurations: [(name: String, text: String, script: String?)] = [
    ("next.config.js", "module.exports = {}", nil),
    (
      "next.config.js",
      "module.exports = { output: 'standalone', distDir: \"build\", trailingSlash: true }", nil
    ),
    (
      "next.config.js", "const nextConfig = { basePath: `/docs` };\nmodule.exports = nextConfig;",
      nil
    ),
    ("next.config.js", "exports.output = 'export'\nexports.basePath = '/a' + '/b'", nil),
    ("next.config.js", "module.exports = { output: process.env.MODE }", nil),
    (
      "next.config.js",
      "module.exports = { output: process.env.STANDALONE ? 'standalone' : undefined }", nil
    ),
    (
      "next.config.js",
      "module.exports = { output: process.env.VERCEL ? undefined : 'standalone' }", nil
    ),
    (
      "next.config.js",
      "module.exports = { ...(process.env.DOCKER ? { output: 'standalone' } : {}) }", nil
    ),
    (
      "next.config.js", "module.exports = { ...(process.env.DOCKER && { output: 'standalone' }) }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { basePath: process.env.BASE || '', distDir: process.env.DIST ?? '.next' }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { output: true ? 'standalone' : 'export', trailingSlash: !false }", nil
    ),
    (
      "next.config.js",
      "const base = { output: 'standalone' }\nmodule.exports = { ...base, output: 'export' }", nil
    ),
    (
      "next.config.js",
      "const base = { output: 'export' }\nmodule.exports = { output: 'standalone', ...base }", nil
    ),
    (
      "next.config.js",
      "const c = {}\nc.output = 'standalone'\nc['basePath'] = '/x'\nmodule.exports = c", nil
    ),
    (
      "next.config.js",
      "const c = { output: 'export' }\nif (process.env.DOCKER) c.output = 'standalone'\nmodule.exports = c",
      nil
    ),
    (
      "next.config.js",
      "let mode = 'export'\nmode = 'standalone'\nmodule.exports = { output: mode }", nil
    ),
    (
      "next.config.js",
      "module.exports = Object.assign({}, { output: 'export' }, { output: 'standalone' })", nil
    ),
    (
      "next.config.js", "const { output } = { output: 'standalone' }\nmodule.exports = { output }",
      nil
    ),
    ("next.config.js", "const key = 'output'\nmodule.exports = { [key]: 'standalone' }", nil),
    (
      "next.config.js",
      "module.exports = () => ({ output: 'standalone', i18n: { locales: ['en', 'de'], defaultLocale: 'en' } })",
      nil
    ),
    (
      "next.config.js",
      "module.exports = async (phase, { defaultConfig }) => { return { ...defaultConfig, output: 'standalone' } }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = function (phase) {\n  if (phase === 'phase-development-server') { return { output: 'export' } }\n  return { output: 'standalone' }\n}",
      nil
    ),
    (
      "next.config.js",
      "module.exports = (phase) => phase.endsWith('build') ? { output: 'standalone' } : {}", nil
    ),
    (
      "next.config.js",
      "const { PHASE_PRODUCTION_BUILD } = require('next/constants')\nmodule.exports = (phase) => ({ output: phase === PHASE_PRODUCTION_BUILD ? 'standalone' : undefined })",
      nil
    ),
    (
      "next.config.js",
      "const withBundleAnalyzer = require('@next/bundle-analyzer')({ enabled: process.env.ANALYZE === 'true' })\nmodule.exports = withBundleAnalyzer({ output: 'standalone' })",
      nil
    ),
    (
      "next.config.js",
      "const { withSentryConfig } = require('@sentry/nextjs')\nmodule.exports = withSentryConfig({ output: 'export' }, { silent: true })",
      nil
    ),
    (
      "next.config.js",
      "const plugins = [require('@next/bundle-analyzer')({})]\nmodule.exports = plugins.reduce((c, p) => p(c), { output: 'standalone' })",
      nil
    ),
    (
      "next.config.js",
      "function own(c) { return { ...c, output: 'standalone' } }\nmodule.exports = own({ basePath: '/x' })",
      nil
    ),
    (
      "next.config.js",
      "const own = (c) => Object.assign({}, c, { distDir: 'out2' })\nmodule.exports = own({ output: 'export' })",
      nil
    ),
    (
      "next.config.js",
      "const isProd = process.env.NODE_ENV === 'production'\nmodule.exports = { assetPrefix: isProd ? 'https://cdn.example' : undefined }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { assetPrefix: process.env.CDN, images: { unoptimized: true, loader: 'custom' } }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { images: { ...{ unoptimized: false } }, transpilePackages: ['a', ...['b', 'c']] }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { serverExternalPackages: ['pino'].concat(['sharp']), webpack(config) { return config } }",
      nil
    ),
    (
      "next.config.js", "module.exports = { async rewrites() { return [] }, webpack: undefined }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { distDir: ['build', 'web'].join('/'), basePath: `/${'a'}` }", nil
    ),
    (
      "next.config.js",
      "/** @type {import('next').NextConfig} */\nconst c = { /* output: 'export' */ output: 'standalone', // output: 'export'\n}\nmodule.exports = c",
      nil
    ),
    ("next.config.js", "module.exports = { basePath: '/\\u0061\\x62', distDir: 'a\\\nb' }", nil),
    (
      "next.config.js",
      "module.exports = { output: 1 > 2 ? 'export' : 'standalone', trailingSlash: 1 + 1 === 2 }",
      nil
    ),
    (
      "next.config.js",
      "var x = 'export'; { let x = 'standalone' }\nmodule.exports = { output: x }", nil
    ),
    (
      "next.config.js",
      "const m = { a: 'standalone' }\nmodule.exports = { output: m[process.env.DOCKER ? 'a' : 'b'] }",
      nil
    ),
    (
      "next.config.js",
      "const c = { output: 'export' }\nfunction change() { c.output = 'standalone' }\nchange()\nmodule.exports = c",
      nil
    ),
    ("next.config.js", "const c = { output: 'export' }\ndelete c.output\nmodule.exports = c", nil),
    (
      "next.config.js",
      "let o\ntry { o = 'standalone' } catch { o = 'export' }\nmodule.exports = { output: o }", nil
    ),
    (
      "next.config.js",
      "let o = 'export'\nfor (const x of ['standalone']) o = x\nmodule.exports = { output: o }", nil
    ),
    (
      "next.config.js",
      "let o\nswitch (process.env.MODE) { case 'export': o = 'export'; break; default: o = 'standalone' }\nmodule.exports = { output: o }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = { output: (() => 'standalone')(), trailingSlash: Boolean(process.env.CI) }",
      nil
    ),
    ("next.config.js", "module.exports = require('./base')", nil),
    (
      "next.config.js",
      "const base = require('./base')\nmodule.exports = { ...base, basePath: base.path ?? '/none' }",
      nil
    ),
    (
      "next.config.js",
      "const c = { output: 'export' }\nObject.assign(c, { output: 'standalone' })\nmodule.exports = c",
      nil
    ),
    (
      "next.config.js", "let o\no ||= 'standalone'\nmodule.exports = { output: o, basePath: '/a' }",
      nil
    ),
    (
      "next.config.js",
      "module.exports = (phase) => {\n  switch (phase) {\n    case 'phase-development-server': return { output: 'export' }\n    case 'x':\n    case 'phase-production-build': { const c = { output: 'standalone' }; return c }\n    default: return {}\n  }\n}",
      nil
    ),
    (
      "next.config.js",
      "const list = ['a']\nlist.push('b')\nmodule.exports = { transpilePackages: list }", nil
    ),
    (
      "next.config.js",
      "function loop() { for (const x of [1]) { return { output: 'standalone' } } return { output: 'export' } }\nmodule.exports = loop()",
      nil
    ),
    (
      "next.config.js",
      "const c = { images: {} }\nwhile (!c.output) { c.output = 'standalone' }\nmodule.exports = c",
      nil
    ),
    (
      "next.config.js",
      "const x = ['a', process.env.MODE]\nmodule.exports = { transpilePackages: x.filter(Boolean) }",
      nil
    ),
    (
      "next.config.js",
      "function set(c) { c.output = 'standalone' }\nconst c = { output: 'export' }\nset(c)\nmodule.exports = c",
      nil
    ),
    ("next.config.mjs", "export default { output: 'standalone' }", nil),
    ("next.config.mjs", "const c = { output: 'export' }\nexport { c as default }", nil),
    (
      "next.config.mjs",
      "import base, { path } from './base.mjs'\nexport default { ...base, basePath: path }", nil
    ),
    (
      "next.config.mjs",
      "import createMDX from '@next/mdx'\nexport default createMDX({})({ output: 'standalone', pageExtensions: ['mdx'] })",
      nil
    ),
    (
      "next.config.mjs",
      "export default async function config(phase) { const c = { output: 'standalone' }; return c }",
      nil
    ),
    (
      "next.config.mjs",
      "const c = await Promise.resolve({ output: 'standalone' })\nexport default c", nil
    ),
    (
      "next.config.mjs",
      "export default { output: globalThis.process.env.MODE, distDir: process.env['DIST'] || 'x' }",
      nil
    ),
    (
      "next.config.mjs",
      "const env = process.env\nconst { MODE, DIST: dist = '.next' } = env\nexport default { output: MODE, distDir: dist }",
      nil
    ),
    (
      "next.config.ts",
      "import type { NextConfig } from 'next'\nconst c: NextConfig = { output: 'standalone' as const }\nexport default c satisfies NextConfig",
      "export default { output: 'standalone' }"
    ),
    (
      "next.config.ts",
      "export default (async (phase: string): Promise<Record<string, unknown>> => {\n  const out = process.env.MODE as 'export' | undefined\n  return { output: out, distDir: process.env.DIST! }\n})",
      "export default async (phase) => { const out = process.env.MODE; return { output: out, distDir: process.env.DIST } }"
    ),
    (
      "next.config.ts",
      "function id<T extends object>(c: T): T { return c }\nenum Kind { A = 'standalone' }\nexport default id<{ output?: string }>({ output: <string>'standalone', trailingSlash: !!process.env.CI })",
      "function id(c) { return c }\nexport default id({ output: 'standalone', trailingSlash: !!process.env.CI })"
    ),
  ]

  private static let shared = [
    "base.js": "module.exports = { output: 'standalone', path: undefined }\n",
    "base.mjs":
      "export const path = '/from-base'\nexport default { output: 'standalone', basePath: '/lost' }\n",
    "package.json":
      #"{"name":"web","dependencies":{"next":"15.5.9"},"scripts":{"build":"next build"}}"#,
    "app/page.jsx": "",
  ]

  /// What the wrappers that projects use come down to.
  private static let packages = [
    "next/package.json": #"{"name":"next"}"#,
    "next/constants.js": "exports.PHASE_PRODUCTION_BUILD = 'phase-production-build'\n",
    "@next/bundle-analyzer/package.json": #"{"name":"@next/bundle-analyzer"}"#,
    "@next/bundle-analyzer/index.js": "module.exports = () => (config = {}) => ({ ...config })\n",
    "@next/mdx/package.json": #"{"name":"@next/mdx"}"#,
    "@next/mdx/index.js": "module.exports = () => (config = {}) => ({ ...config })\n",
    "@sentry/nextjs/package.json": #"{"name":"@sentry/nextjs"}"#,
    "@sentry/nextjs/index.js": "exports.withSentryConfig = (config) => ({ ...config })\n",
  ]

  private static let script = """
    import { pathToFileURL } from 'node:url'
    for (const file of process.argv.slice(2)) {
      let c = (await import(pathToFileURL(file))).default
      if (typeof c === 'function') c = await c('phase-production-build', { defaultConfig: {} })
      const empty = (v) => v === undefined || v === null || v === '' ? null : v
      console.log(JSON.stringify({
        output: empty(c.output) ?? 'default', basePath: empty(c.basePath), distDir: empty(c.distDir) ?? '.next',
        assetPrefix: empty(c.assetPrefix), trailingSlash: c.trailingSlash ?? null, locales: c.i18n?.locales ?? [],
        imagesUnoptimized: c.images?.unoptimized ?? null, imageLoader: empty(c.images?.loader),
        externalPackages: c.serverExternalPackages ?? [], transpilePackages: c.transpilePackages ?? [],
        hasRewrites: typeof c.rewrites === 'function', hasWebpack: typeof c.webpack === 'function',
      }))
    }
    """

  /// The configurations in a folder of their own each, and the wrappers beside them.
  private func project() throws -> Project {
    let project = try Project(["judge.mjs": Self.script])
    for (name, text) in Self.packages { try project.add("node_modules/" + name, Data(text.utf8)) }
    for (index, configuration) in Self.configurations.enumerated() {
      for (name, text) in Self.shared { try project.add("\(index)/\(name)", Data(text.utf8)) }
      try project.add("\(index)/\(configuration.name)", Data(configuration.text.utf8))
      if let script = configuration.script {
        try project.add("\(index)/judged.mjs", Data(script.utf8))
      }
    }
    return project
  }

  private func judge(_ project: Project, _ environment: [String: String]) throws -> [[String: Any]]
  {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["node", project.path + "/judge.mjs"]
      + Self.configurations.enumerated().map {
        "\(project.path)/\($0.offset)/\($0.element.script == nil ? $0.element.name : "judged.mjs")"
      }
    // As `next build` sets it.
    process.environment = environment.merging([
      "NODE_ENV": "production", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
    ]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  /// What forge says is known must be what node finds, whatever the environment; where it says that it does not know,
  /// what it thinks possible must hold node's answer. And it must know enough to be of use.
  @Test func agreesWithNode() throws {
    let project = try project()
    let judged = try Self.environments.map { try judge(project, $0) }
    var known = 0
    for (index, configuration) in Self.configurations.enumerated() {
      let service = try #require(try Analyzer.analyze("\(project.path)/\(index)").services.first)
      let next = try #require(service.next)
      let settings = next.settings
      func isKnown(_ key: String) -> Bool {
        !settings.unknown.contains(key)
          && service.conclusions.first { $0.key == "next.\(key)" }?.confidence != .unknown
          && service.conclusions.first { $0.key == "next.\(key)" }?.confidence != .ambiguous
      }
      let facts: [(key: String, name: String, value: String)] = [
        ("output", "output", next.output.rawValue), ("basePath", "basePath", next.basePath ?? "-"),
        ("distDir", "distDir", next.distDir),
        ("assetPrefix", "assetPrefix", settings.assetPrefix ?? "-"),
        ("trailingSlash", "trailingSlash", settings.trailingSlash.map(String.init) ?? "-"),
        ("i18n", "locales", settings.locales.joined(separator: " ")),
        ("images", "imagesUnoptimized", settings.imagesUnoptimized.map(String.init) ?? "-"),
        ("images", "imageLoader", settings.imageLoader ?? "-"),
        (
          "serverExternalPackages", "externalPackages",
          settings.externalPackages.joined(separator: " ")
        ),
        (
          "transpilePackages", "transpilePackages",
          settings.transpilePackages.joined(separator: " ")
        ),
        ("rewrites", "hasRewrites", "\(settings.hasRewrites)"),
        ("webpack", "hasWebpack", "\(settings.hasWebpack)"),
      ]
      for (environment, answers) in zip(Self.environments, judged) {
        for (key, name, value) in facts {
          let answer = Self.text(answers[index][name])
          if isKnown(key) {
            #expect(value == answer, "\(name) of \(configuration.text) under \(environment)")
            known += 1
          } else if key == "output" {
            let possible =
              service.conclusions.first { $0.key == "next.output" }?.alternatives.map(\.value) ?? []
            #expect(
              possible.isEmpty || possible.contains(answer),
              "\(answer) is not among \(possible) of \(configuration.text)")
          }
        }
      }
    }
    #expect(known > Self.configurations.count * Self.environments.count * 10)
  }

  private static func text(_ value: Any?) -> String {
    switch value {
    case let flag as Bool: "\(flag)"
    case let text as String: text
    case let list as [String]: list.joined(separator: " ")
    default: "-"
    }
  }
}
