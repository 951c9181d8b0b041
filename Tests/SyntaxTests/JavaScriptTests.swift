import ForgeBasics
import Testing

@testable import ForgeJavaScript
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
    ("process.env.A", JSEnvironmentRead.Use.plain), ("process.env.A!", .asserted),
    ("new X(process.env.A as string)", .asserted),
    ("f(process.env.A as string | undefined)", .plain),
    ("<X key={process.env.A!} />", .plain), ("`${process.env.A}/x`", .plain),
    ("process.env.A ?? 'x'", .defaulted("x")), ("process.env.A || 3000", .defaulted("3000")),
    ("process.env.A ?? make()", .defaulted(nil)), ("process.env.A ?? 'a' + b", .defaulted(nil)),
    ("parseInt(process.env.A, 10) || 5", .defaulted("5")), ("Number(process.env.A)", .plain),
    ("process.env.A ?? (() => { throw 1 })()", .demanded),
    ("process.env.A === 'true'", .tested), ("'on' !== process.env.A", .tested),
    ("process.env.A ? 1 : 2", .tested), ("process.env.A && x", .tested),
    ("a ?? process.env.A", .tested), ("a || process.env.A", .tested),
    ("!!process.env.A", .tested), ("!process.env.A", .tested), ("Boolean(process.env.A)", .tested),
    ("process.env.A?.split(',')", .tested), ("process.env.A.split(',')", .demanded),
    ("typeof process.env.A === 'string'", .tested), ("'A' in process.env", .tested),
    ("if (process.env.A) x()", .tested), ("while (!process.env.A) { x() }", .tested),
    ("const { A = 'x' } = process.env", .defaulted("x")),
    ("if (!process.env.A) throw 1", .demanded),
    ("if (!process.env.A) { console.error('x'); process.exit(1) }", .demanded),
    ("if (!process.env.A) { console.warn('x') }", .tested),
    ("if (!process.env.A) return null", .tested),
    ("if (!process.env.A || !b) throw 1", .demanded), ("if (b && !process.env.A) throw 1", .plain),
    ("if (process.env.A == null) throw 1", .demanded),
    ("if (process.env.A) {} else throw 1", .demanded),
    ("if (typeof process.env.A === 'undefined') throw 1", .demanded),
    ("if (process.env.A === 'x') throw 1", .tested),
    ("if (!('A' in process.env)) throw 1", .demanded),
    ("invariant(process.env.A, 'no')", .demanded), ("assert(!process.env.A)", .tested),
    // Through the constant that holds it.
    ("const a = process.env.A\nif (!a) { throw 1 }", .demanded),
    ("const a = process.env.A; if (a) use(a)", .tested),
    ("const a = process.env.A; use(a)", .plain),
    ("const a: string = process.env.A!; use(a)", .asserted),
    ("export const a = process.env.A; if (a) use(a)", .plain),
    ("const { A } = process.env; if (!A) throw 1", .demanded),
    ("const { A: a } = process.env; a ? x : y", .tested),
    (
      "function need(n: string) { const v = process.env[n]; if (!v) throw 1; return v }\nneed('A')",
      .demanded
    ),
    (
      "function need(n: string, v?: string): string { if (!v) throw 1; return v }\nneed('A', process.env.A)",
      .demanded
    ),
    ("function show(v) { if (!v) return; print(v) }\nshow(process.env.A)", .plain),
    ("(typeof process !== 'undefined' ? process.env.A : null) || 'x'", .defaulted("x")),
    ("(process.env.A as 'a' | 'b') || 'a'", .defaulted("a")),
    ("const get = (n, d) => process.env[n] ?? d; get('A', 'x')", .defaulted("x")),
    // What is returned where it is there, before what throws.
    ("function f() { if (process.env.A) return 1; throw 1 }", .demanded),
    ("function f() { const a = process.env.A; if (a) { return a } throw 1 }", .demanded),
    ("function f() { if (process.env.A) return 1; return 'x' }", .tested),
    ("function f(o) { if (process.env.A) return 1; if (o) throw 1 }", .tested),
    ("function f() { if (a) return 1; if (process.env.A) return 2; throw 1 }", .tested),
    ("function f() { if (process.env.A && b) return 1; throw 1 }", .tested),
    ("function f() { if (process.env.A in b) return 1; throw 1 }", .tested),
    ("assert.ok(process.env.A)", .demanded), ("check.ok(process.env.A)", .plain),
    // Lists of names.
    ("for (const n of ['A']) { if (!process.env[n]) throw n }", .demanded),
    (
      "const names = ['A'] as const\nfor (const n of names) { if (!process.env[n]) { throw n } }",
      .demanded
    ),
    ("['A'].forEach((n) => { if (!process.env[n]) throw n })", .demanded),
    ("['A'].forEach(n => print(process.env[n] ?? 'x'))", .defaulted("x")),
    ("const missing = ['A'].filter((n) => !process.env[n])", .plain),
    ("for (const n of ['A']) { if (!process.env[n]) missing.push(n) }", .plain),
  ])
  func uses(_ text: String, _ expected: JSEnvironmentRead.Use) {
    #expect(reads(text).map(\.use) == [expected])
  }

  /// A value that is read only where a test of it has passed is not missed; elsewhere it is.
  @Test(arguments: [
    ("if (process.env.A) f(process.env.A!)", [JSEnvironmentRead.Use.tested, .tested]),
    ("function f() { if (!process.env.A) return; new X(process.env.A!) }", [.tested, .tested]),
    ("const a = process.env.A ? new X(process.env.A!) : null", [.tested, .tested]),
    ("const a = process.env.A && new X(process.env.A!)", [.tested, .tested]),
    ("const a = !!process.env.A\nconst b = new X(process.env.A!)", [.tested, .asserted]),
    ("if (!process.env.A) { warn() }\nnew X(process.env.A!)", [.tested, .asserted]),
    (
      "function f() { if (!process.env.A) return }\nfunction g() { new X(process.env.A!) }",
      [.tested, .asserted]
    ),
    ("if (!process.env.A && !process.env.B) throw 1", [.tested, .tested]),
    ("if (process.env.NODE_ENV === 'production' && !process.env.B) throw 1", [.tested, .demanded]),
    ("if (process.env.ON === '1' && !process.env.B) throw 1", [.tested, .plain]),
    ("process.env.A ?? process.env.B ?? 'x'", [.defaulted(nil), .defaulted("x")]),
    ("delete process.env.A; process.env.A = '1'", []),
  ])
  func guards(_ text: String, _ expected: [JSEnvironmentRead.Use]) {
    #expect(reads(text).map(\.use) == expected)
  }

  /// What runs when the module is loaded, and what only a call runs.
  @Test(arguments: [
    ("if (!process.env.A) throw 1", true), ("const a = () => process.env.A!", false),
    ("function f() { process.env.A! }", false), ("function f() { process.env.A! }\nf()", true),
    ("(() => { process.env.A! })()", true), ("const f = async () => { process.env.A! }", false),
    ("class X { a = process.env.A! }", false),
    ("class X { m(): string { return process.env.A! } }", false),
    ("const f = () => 1\nconst a = process.env.A!", true),
    ("try { f(process.env.A!) } catch {}", true),
    ("export default { a: process.env.A! }", true), ("x.map(() => ({ a: process.env.A! }))", false),
    ("function f(): Promise<X> { process.env.A! }", false), ("if (x) { process.env.A! }", true),
  ])
  func loads(_ text: String, _ expected: Bool) {
    #expect(reads(text).map(\.isAtLoad) == [expected])
  }

  @Test func returnsOnlyWhereProductionHasIt() {
    let text = """
      function f() {
        const a = process.env.A
        if (a) { return a }
        if (process.env.NODE_ENV === "production") { throw new Error("A") }
        return "dev"
      }
      """
    #expect(reads(text).map(\.use) == [.demanded, .tested])
    let others = text.replacing("production", with: "test")
    #expect(reads(others).map(\.use) == [.tested, .tested])
  }

  /// Schemas whose values may be absent unless they are said to be required, and tables of names.
  @Test(arguments: [
    "Joi.object({ A: Joi.string().required(), B: Joi.string(), C: Joi.number().default(3) })"
      + ".validate(process.env)",
    "const s = yup.object({ A: yup.string().required(), B: yup.string(), C: yup.number().default(3) })\n"
      + "s.validateSync(process.env)",
    "v.parse(v.object({ A: v.pipe(v.string(), v.url()), B: v.optional(v.string()), "
      + "C: z.string().default('3') }), process.env)",
  ])
  func schemasThatAskForLess(_ text: String) {
    let found = reads(text)
    #expect(found.map(\.name) == ["A", "B", "C"])
    #expect(found.map(\.use) == [.demanded, .tested, .defaulted("3")])
  }

  @Test func tablesOfConvict() {
    let found = reads(
      "process.env; convict({ a: { default: 'x', env: 'A' }, b: { c: { default: null, env: 'B' } } })"
    )
    #expect(found.map(\.name) == ["A", "B"])
    #expect(found.map(\.use) == [.defaulted("x"), .plain])
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
    #expect(found.map(\.use) == [.demanded, .defaulted("a"), .tested, .demanded, .demanded])
    #expect(reads("z.object({ A: z.string() }).parse(process.env)").map(\.name) == ["A"])
    #expect(reads("z.object({ A: z.string() }).parse(body); process.env.B").map(\.name) == ["B"])
  }

  /// `A:` and what a schema of the environment says of it, with a value that it takes.
  @Test(arguments: [
    ("z.string()", JSEnvironmentRead.Use.demanded, "placeholder"),
    ("z.string().optional()", .tested, ""),
    ("z.string().min(32)", .demanded, "placeholder" + String(repeating: "x", count: 21)),
    ("z.coerce.number().default(3)", .defaulted("3"), ""), ("z.coerce.number()", .demanded, "1"),
    ("z.coerce.boolean()", .tested, ""), ("z.enum(['a', 'b'])", .demanded, "a"),
    ("z.string().startsWith('sk_')", .demanded, "sk_placeholder"),
    ("z.string().nullish()", .tested, ""),
    ("z.string().regex(/x/)", .demanded, ""), ("z.union([z.string(), z.undefined()])", .tested, ""),
    ("z.preprocess(f, z.string().optional())", .tested, ""),
    ("z.preprocess(f, z.string())", .plain, ""),
    ("v.optional(v.string())", .tested, ""), ("v.string()", .demanded, "placeholder"),
    ("maybe", .tested, ""), ("unseen", .plain, ""),
    ("z.email()", .demanded, "placeholder@example.com"),
    (
      "process.env.NODE_ENV === 'production' ? z.string() : z.string().optional()", .demanded,
      "placeholder"
    ),
  ])
  func schemas(_ schema: String, _ use: JSEnvironmentRead.Use, _ example: String) {
    let text = "const maybe = z.string().optional();\nz.object({ A: \(schema) }).parse(process.env)"
    let read = reads(text).first { $0.name == "A" }
    #expect(read?.use == use)
    #expect(read?.example ?? "" == example)
  }

  @Test(arguments: [
    "const s = z.object({ A: z.string() })\ns.safeParse(process.env)",
    "v.parse(v.object({ A: v.string() }), process.env)", "cleanEnv(process.env, { A: str() })",
    "const e = process.env; z.object({ A: z.string() }).parse(e)",
    "createEnv({ server: { A: z.string() }, runtimeEnv: process.env })",
  ])
  func waysToApplySchemas(_ text: String) {
    #expect(reads(text).filter { $0.name == "A" }.map(\.use) == [.demanded])
  }

  /// The keys of a schema that is given values under other names are no variables.
  @Test func keysOfMappedSchemas() {
    let found = reads(
      """
      const s = z.object({ URL: z.string(), SIZE: z.string().optional() });
      const values = { URL: process.env.NEXT_PUBLIC_URL, SIZE: process.env.NEXT_PUBLIC_SIZE };
      s.parse(values)
      """)
    #expect(found.map(\.name) == ["NEXT_PUBLIC_URL", "NEXT_PUBLIC_SIZE"])
    #expect(found.map(\.use) == [.demanded, .tested])
  }

  @Test func whatTurnsChecksOffAndWhatIsMadeOnImport() {
    let text = """
      import Stripe, { type X } from "stripe"; import { Redis as R } from '@upstash/redis';
      const env = createEnv({ server: {}, skipValidation: !!process.env.SKIP_ENV_VALIDATION });
      const a = new Stripe(process.env.A, { b: 1 }), b = R.fromEnv();
      const later = () => new Stripe("x");
      """
    let facts = JSEnvironmentFacts.read(SourceText(name: "a.ts", text: text), jsx: false)
    #expect(facts.switches.map { "\($0.name)=\($0.value)" } == ["SKIP_ENV_VALIDATION=1"])
    #expect(
      facts.calls.map { "\($0.module).\($0.imported).\($0.member) \($0.argumentCount)" } == [
        "stripe.default. 2", "@upstash/redis.Redis.fromEnv 0",
      ])
  }

  @Test func specifiers() {
    let text = """
      import a, { b } from "./a"; import "./b"; export * from './c'; const d = require("./d");
      import type { T } from "./types"; const e = () => import("./lazy"); const from = "./no"; x.from("./no")
      """
    #expect(JSSpecifiers.find(in: Array(text.utf8)) == ["./a", "./b", "./c", "./d"])
  }

  /// Brackets that nothing closes, and chains that go on, end in an answer.
  @Test func hostileSources() {
    let texts = [
      String(repeating: "if (process.env.A || ", count: 5_000),
      String(repeating: "(((process.env.A!", count: 5_000),
      String(repeating: "process.env.A + ", count: 20_000), "createEnv({ server: { A: z.",
      String(repeating: "() => { process.env.A!; ", count: 2_000), ") } ] process.env[",
      "cleanEnv(process.env, {",
      String(repeating: "function f() { f(); process.env[f]", count: 500), "process.env.",
      "import { a } from 'b'\n" + String(repeating: "a(", count: 20_000),
      "const s = " + String(repeating: "z.object({ A: z.string() })", count: 2_000)
        + String(repeating: "; s.parse(process.env)", count: 2_000),
      String(repeating: "const c = process.env.A;\n", count: 5_000),
      String(repeating: "for (const n of ['A', 'B']) { process.env[n]; ", count: 1_000),
      "import { from",
    ]
    for text in texts {
      _ = JSEnvironmentFacts.read(SourceText(name: "a.ts", text: text), jsx: false)
      _ = JSSpecifiers.find(in: Array(text.utf8))
    }
  }

  @Test func destructuringIsNotInlined() {
    #expect(reads("const { NEXT_PUBLIC_A } = process.env").map(\.isInlined) == [false])
    #expect(reads("process.env.NEXT_PUBLIC_A").map(\.isInlined) == [true])
  }
}
