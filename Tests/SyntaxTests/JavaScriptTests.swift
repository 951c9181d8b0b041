import ForgeBasics
import Testing

@testable import ForgeSyntax

struct JavaScriptTokenTests {
  private func texts(_ text: String, jsx: Bool = true) -> [String] {
    let source = SourceText(name: "a.tsx", text: text)
    return JSTokenizer.tokenize(source, jsx: jsx).filter { $0.kind != .end }.map {
      String(decoding: source.bytes[$0.range], as: UTF8.self)
    }
  }

  @Test(arguments: [
    ("a /* x */ . b // y\n c", ["a", ".", "b", "c"]),
    ("x = a / b / c", ["x", "=", "a", "/", "b", "/", "c"]),
    ("x = /[/\"]+\\//g.test(y)", ["x", "=", "/[/\"]+\\//g", ".", "test", "(", "y", ")"]),
    ("return /a'b/", ["return", "/a'b/"]),
    ("a?.b ?? c?.5:1", ["a", "?.", "b", "??", "c", "?", ".5", ":", "1"]),
    ("`a${b + `c${d}`}e`", ["`a${", "b", "+", "`c${", "d", "}`", "}e`"]),
    ("'it\\'s' + \"x\\\\\"", ["'it\\'s'", "+", "\"x\\\\\""]),
    ("1_000 0xFFn 1e-5 .5", ["1_000", "0xFFn", "1e-5", ".5"]),
    ("a >>>= b", ["a", ">", ">", ">=", "b"]),
    // Broken: the quote is not a string, and the next line is read all the same.
    ("'abc\nprocess", ["'", "abc", "process"]),
  ])
  func tokens(_ text: String, _ expected: [String]) { #expect(texts(text, jsx: false) == expected) }

  @Test func apostrophesInJSXTextHideNothing() {
    let text = "const a = <p title='x'>Don't {process.env.A} // no comment {b}</p>; const c = `d`"
    let found = texts(text)
    #expect(found.contains("process") && found.contains("b") && found.contains("`d`"))
    #expect(found.contains("Don't "))
  }

  @Test func typeParametersAreNoElements() {
    #expect(texts("const f = <T,>(x: T) => x; g<string>('a')").suffix(3) == ["(", "'a'", ")"])
    // Without the comma it looks like an element that never ends: read again without elements.
    #expect(texts("type F = <T>(x: T) => void; const s = 'a'").suffix(2) == ["=", "'a'"])
  }

  @Test(arguments: [
    String(repeating: "{", count: 100_000),
    String(repeating: "`${", count: 50_000) + String(repeating: "}", count: 50_000),
    String(repeating: "'\\", count: 200_000), String(repeating: "(/[", count: 100_000),
    String(repeating: "<a>", count: 50_000), "\"", "`", "/*", "\\", "#", "",
  ])
  func hostileInputEnds(_ text: String) {
    let source = SourceText(name: "a.js", text: text)
    let tokens = JSTokenizer.tokenize(source)
    #expect(tokens.last?.kind == .end)
    // Tokens stand in order and do not overlap.
    #expect(
      zip(tokens, tokens.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
    _ = JSModule.exportedValue(of: JSParser.parse(source))
  }
}

struct JavaScriptModuleTests {
  private func value(_ text: String) -> JSValue {
    JSModule.exportedValue(
      of: JSParser.parse(SourceText(name: "next.config.ts", text: text)),
      arguments: [.string("phase-production-build"), .object(JSObject())],
      constants: [
        "PHASE_PRODUCTION_BUILD": "phase-production-build",
        "PHASE_DEVELOPMENT_SERVER": "phase-development-server",
      ])
  }

  /// Each exports `output: 'standalone'`.
  @Test(arguments: [
    "module.exports = { output: 'standalone' }",
    "export default { \"output\": `standalone`, }",
    "const config: NextConfig = { output: \"standalone\" };\nexport default config",
    "const config = { output: 'standalone' } as const satisfies NextConfig;\nexport default config;",
    "const c = { /* output: 'export' */ output: 'standalone' // or 'export'\n}; module.exports = c",
    "const base = { output: 'export' }; export default { ...base, output: 'standalone' }",
    "const o = 'standalone'; export default { output: o }",
    "const output = 'standalone'; export default { output }",
    "export default { ['output']: 'stand' + 'alone' }",
    "export default { output: process.env.NODE_ENV === 'production' ? 'standalone' : undefined }",
    "export default { ...(process.env.NODE_ENV !== 'development' && { output: 'standalone' }) }",
    "export default { output: process.env.X ? 'standalone' : 'standalone' }",
    "export default { output: process.env.VERCEL === '1' ? undefined : 'standalone' }",
    "if (process.env.NODE_ENV === 'development' || !withX) { module.exports = c } else { module.exports = withX(c) }; "
      + "const c = { output: 'standalone' }; module.exports = process.env.DSN ? withX(c, { silent: true }) : c",
    "module.exports = (phase, { defaultConfig }) => ({ ...defaultConfig, output: 'standalone' })",
    "module.exports = async (phase) => { const c = { output: 'standalone' }; return c }",
    "export default function config(phase: string) { return { output: 'standalone' } }",
    """
    import { PHASE_DEVELOPMENT_SERVER } from 'next/constants'
    export default (phase) => {
      if (phase === PHASE_DEVELOPMENT_SERVER) { return { output: 'export' } }
      return { output: 'standalone' }
    }
    """,
    """
    const { PHASE_PRODUCTION_BUILD } = require('next/constants')
    module.exports = (phase) => { if (phase === PHASE_PRODUCTION_BUILD) return { output: 'standalone' }; return {} }
    """,
    "import withMDX from '@next/mdx'; export default withMDX({ output: 'standalone' })",
    "import createMDX from '@next/mdx'; export default createMDX()({ output: 'standalone' })",
    """
    const withBundleAnalyzer = require('@next/bundle-analyzer')({ enabled: process.env.ANALYZE === 'true' })
    const nextConfig = { output: 'standalone', webpack: (config, { dev }) => { config.x = 1; return config } }
    module.exports = withSentryConfig(withBundleAnalyzer(nextConfig), { org: 'x', silent: !process.env.CI })
    """,
    "const plugins = [a, b]; module.exports = () => plugins.reduce((acc, p) => p(acc), { output: 'standalone' })",
    "const c = {}; c.output = 'standalone'; module.exports = c",
    "module.exports = {}; module.exports.output = 'standalone'",
    "module.exports = Object.assign({}, { output: 'export' }, { output: 'standalone' })",
    "function make() { return { output: 'standalone' } }\nexport default make()",
    "const isProd = process.env.NODE_ENV === 'production'; const c = { output: isProd ? 'standalone' : undefined, "
      + "async rewrites() { return [{ source: '/a', destination: `${process.env.API_URL}/a` }] } }; export { c as default }",
    "export default { images: { remotePatterns: [new URL('https://x.y/**')] }, output: <const>'x' , output: 'standalone' }",
    "import type { NextConfig } from 'next'\nlet c: NextConfig\nc = { output: 'standalone' }\nexport default c",
    "export default defineConfig<Config>({ output: 'standalone' })",
    "const c = { regex: /}'\"/, output: 'standalone' }; export = c",
  ])
  func readsOutput(_ text: String) { #expect(value(text)["output"]?.string == "standalone") }

  /// Each decides the output by what cannot be known.
  @Test(arguments: [
    ("export default { output: process.env.X }", "process.env.X decides it"),
    (
      "export default { output: process.env.X as 'export' | undefined }", "process.env.X decides it"
    ),
    (
      "export default { output: process.env.X === '1' ? 'standalone' : 'export' }",
      "process.env.X decides it"
    ),
    (
      "export default { ...(process.env.X ? {} : { output: 'standalone' }) }",
      "process.env.X decides it"
    ),
    (
      "const c = {}; if (process.env.X) { c.output = 'standalone' }; export default c",
      "process.env.X decides it"
    ),
    (
      "import base from './base'; export default { output: 'export', ...base }",
      "it comes from ./base"
    ),
    ("export default { output: fs.readFileSync('x') }", "fs is not defined in the file"),
  ])
  func saysWhyNot(_ text: String, _ reason: String) {
    let found = value(text)["output"]
    #expect(found?.string == nil)
    #expect(found?.reason == reason)
  }

  @Test func whatAlternativesAgreeOnIsKnown() {
    let found = value(
      "export default process.env.X ? { basePath: '/a', output: 'export' } : { basePath: '/a' }")
    #expect(found["basePath"]?.string == "/a")
    #expect(found["output"]?.string == nil)
  }

  @Test func absentKeysAreAbsent() {
    let found = value("export default { experimental: { output: 'export' } }")
    #expect(found["output"] == nil)
    #expect(found["experimental"]?["output"]?.string == "export")
  }

  @Test func offsetsLeadToTheKey() {
    let text = "export default {\n  ...{ a: 1 },\n  output: 'standalone',\n}"
    let source = SourceText(name: "next.config.js", text: text)
    #expect(value(text).offset(of: "output").map(source.location) == "next.config.js:3")
  }

  /// Values share their parts: a few lines describe a tree with more leaves than there are atoms.
  @Test func sharedPartsDoNotExplode() {
    var spread = "const a0 = { output: 'x' };\n"
    var choice = "const a0 = process.env.A ? {} : { output: 'x' };\n"
    var string = "const a0 = 'abc';\n"
    var branches = "const c = {};\n"
    for n in 1...200 {
      spread += "const a\(n) = { ...a\(n - 1), ...a\(n - 1) };\n"
      choice += "const a\(n) = process.env.X\(n) ? a\(n - 1) : { ...a\(n - 1), ...a\(n - 1) };\n"
      string += "const a\(n) = a\(n - 1) + a\(n - 1);\n"
      branches += "if (process.env.X\(n)) { c.a\(n) = 1 }\n"
    }
    for text in [spread, choice, string, branches + "const a200 = c;\n"] {
      #expect(value(text + "export default { output: a200, ...a200 }")["missing"]?.string == nil)
    }
    #expect(value("const f = () => f(); export default f")["output"]?.reason != nil)
    let deep = String(repeating: "(", count: 20_000) + "1" + String(repeating: ")", count: 20_000)
    #expect(value("export default { a: \(deep), output: 'standalone' }")["b"] == nil)
    let nested = String(repeating: "{a:", count: 20_000)
    #expect(value("export default " + nested)["output"] == nil)
    #expect(value(String(repeating: "if (a) ", count: 20_000))["output"]?.string == nil)
    #expect(
      value("export default " + String(repeating: "!", count: 50_000) + "a")["output"]?.string
        == nil)
    #expect(
      value("export default " + String(repeating: "a ? ", count: 20_000))["output"]?.string == nil)
    #expect(
      value("export default " + String(repeating: "new ", count: 20_000))["output"]?.string == nil)
    #expect(value("let a: " + String(repeating: "A<", count: 20_000))["output"]?.string == nil)
    #expect(
      value("export default " + String(repeating: "() => ", count: 20_000))["output"]?.string == nil
    )
  }

  @Test(arguments: [
    ("'a\\n\\x41\\u0042\\u{1F600}\\'\\\\'", "a\nAB\u{1F600}'\\"), ("\"\\u12\"", "\u{FFFD}"),
    ("'\\uD800'", "\u{FFFD}"),
    ("`x\\``", "x`"),
  ])
  func stringValues(_ literal: String, _ expected: String) {
    #expect(JSString.value(Array(literal.utf8)[...]) == expected)
  }
}

struct JavaScriptEnvironmentTests {
  private func reads(_ text: String) -> [JSEnvironmentRead] {
    JSEnvironmentRead.find(in: SourceText(name: "a.tsx", text: text), jsx: true)
  }

  @Test(arguments: [
    ("process.env.A", ["A"]), ("process.env['A']", ["A"]),
    ("process.env[\"A\"] + process.env[`B`]", ["A", "B"]),
    ("process?.env?.A", ["A"]), ("globalThis.process.env.A", ["A"]),
    ("process\n  .env\n  .A", ["A"]),
    ("const { A, B: b, C = 'x', D: { e } = {}, ...rest } = process.env", ["A", "B", "C", "D"]),
    ("const env = process.env; use(env.A, other.env.B)", ["A"]),
    ("process.env.A = '1'; x.process.env.B", []),
    ("process.env[name]; process.env[`A_${n}`]", ["", ""]),
    (
      "// process.env.A\n/* process.env.B */ 'process.env.C' + `process.env.D ${process.env.E}`",
      ["E"]
    ),
    ("const x = /process.env.A/", []), ("<p>Don't say process.env.A {process.env.B}</p>", ["B"]),
    ("z.object({}).parse(process.env)", []),
  ])
  func names(_ text: String, _ expected: [String]) { #expect(reads(text).map(\.name) == expected) }

  @Test(arguments: [
    ("process.env.A", JSEnvironmentRead.Use.plain), ("process.env.A!", .plain),
    ("process.env.A ?? 'x'", .defaulted("x")), ("process.env.A || 3000", .defaulted("3000")),
    ("process.env.A ?? make()", .defaulted(nil)), ("process.env.A ?? 'a' + b", .defaulted(nil)),
    ("process.env.A === 'true'", .tested), ("process.env.A ? 1 : 2", .tested),
    ("process.env.A && x", .tested),
    ("const { A = 'x' } = process.env", .defaulted("x")), ("if (!process.env.A) throw 1", .plain),
  ])
  func uses(_ text: String, _ expected: JSEnvironmentRead.Use) {
    #expect(reads(text).map(\.use) == [expected])
  }

  @Test func schemasOfTheWholeEnvironment() {
    let found = reads(
      """
      export const env = createEnv({
        server: { A: z.string().min(1), B: z.enum(["a", "b"]).default("a"), C: z.object({ D: z.string() }).optional() },
        client: { NEXT_PUBLIC_E: z.url() }, experimental__runtimeEnv: { NEXT_PUBLIC_E: process.env.NEXT_PUBLIC_E },
      })
      """)
    #expect(found.map(\.name) == ["A", "B", "C", "NEXT_PUBLIC_E", "NEXT_PUBLIC_E"])
    #expect(found.prefix(3).map(\.use) == [.plain, .defaulted("a"), .tested])
    #expect(reads("z.object({ A: z.string() }).parse(process.env)").map(\.name) == ["A"])
    #expect(reads("z.object({ A: z.string() }).parse(body); process.env.B").map(\.name) == ["B"])
  }

  @Test func destructuringIsNotInlined() {
    #expect(reads("const { NEXT_PUBLIC_A } = process.env").map(\.isInlined) == [false])
    #expect(reads("process.env.NEXT_PUBLIC_A").map(\.isInlined) == [true])
  }
}
