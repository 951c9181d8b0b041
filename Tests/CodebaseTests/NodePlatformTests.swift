import Testing

@testable import ForgeCodebase
@testable import ForgeNode

/// Binaries for one C library, and what a version of Next.js no longer has.
@Suite struct NodePlatformTests {
  private func service(_ files: [String: String]) throws -> Service {
    let project = try Project(["app/page.tsx": ""].merging(files) { $1 })
    let tree = try ProjectTree(walking: project.path)
    return try #require(try NextAnalyzer.analyze(".", in: tree))
  }

  private static let manifest =
    #"{"name":"web","scripts":{"build":"next build"},"dependencies":{"next":"16.3.4"}}"#

  private static func npm(_ names: [String]) -> String {
    let entries = names.map { "\"node_modules/\($0)\": {\"version\": \"1.0.0\"}" }
    let root =
      #""": {"dependencies": {"next": "16.3.4"}}, "node_modules/next": {"version": "16.3.4"}"#
    return "{\"lockfileVersion\": 3, \"packages\": {\(([root] + entries).joined(separator: ", "))}}"
  }

  private static func pnpm(_ names: [String]) -> String {
    let entries = names.map { "  '\($0)@1.0.0':\n    resolution: {integrity: sha512-x}\n" }.joined()
    return "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      next:\n"
      + "        specifier: 16.3.4\n        version: 16.3.4\npackages:\n  next@16.3.4:\n"
      + "    resolution: {integrity: sha512-x}\n" + entries
  }

  @Test(arguments: [
    (["@next/swc-linux-x64-gnu"], "next", ["glibc"]),
    (["@next/swc-linux-x64-gnu", "@next/swc-darwin-arm64"], "next", ["glibc"]),
    (["lightningcss-linux-arm64-gnu"], "lightningcss", ["glibc"]),
    (["@img/sharp-linux-x64"], "sharp", ["glibc"]),
    (["@img/sharp-linuxmusl-x64"], "sharp", ["musl"]),
    (["@tailwindcss/oxide-linux-x64-musl"], "@tailwindcss/oxide", ["musl"]),
    // Both are there: either base will do.
    (["@next/swc-linux-x64-gnu", "@next/swc-linux-x64-musl"], "next", []),
    (["@img/sharp-linux-x64", "@img/sharp-linuxmusl-x64"], "sharp", []),
    (["@img/sharp-libvips-linux-x64"], "sharp", []),
  ])
  func lockfiles(_ names: [String], _ package: String, _ libcs: [String]) throws {
    let lockfiles = [
      ("package-lock.json", Self.npm(names)), ("pnpm-lock.yaml", Self.pnpm(names)),
    ]
    for (name, text) in lockfiles {
      let service = try service(["package.json": Self.manifest, name: text])
      let found = service.nativePackages.first { $0.name == package }?.libc.map(\.rawValue) ?? []
      #expect(found == libcs, "\(name)")
      #expect(service.has("FORGE-N070") == !libcs.isEmpty, "\(name)")
    }
  }

  /// What npm's lockfile only wishes for is not installed.
  @Test func wishesAreNoEntries() throws {
    let lock = Self.npm(["@img/sharp-linux-x64"]).replacing(
      #""version": "16.3.4"}"#,
      with: #""version": "16.3.4", "optionalDependencies": {"@img/sharp-linuxmusl-x64": "1"}}"#)
    let service = try service(["package.json": Self.manifest, "package-lock.json": lock])
    #expect(service.nativePackages.first { $0.name == "sharp" }?.libc == [.glibc])
  }

  @Test(arguments: [
    ("16.3.4", "next lint && next build", "{}", ["error package.json:1"]),
    ("16.3.4", "next build --no-lint", "{}", ["error package.json:1"]),
    (
      "16.3.4", "next build", "{ experimental: { ppr: 'incremental' } }",
      ["error next.config.mjs:1"]
    ),
    ("16.3.4", "next build", "{ publicRuntimeConfig: { a: 1 } }", ["warning next.config.mjs:1"]),
    ("16.3.4", "next build", "{ experimental: { ppr: false } }", []),
    ("16.3.4", "eslint . && next build", "{ cacheComponents: true }", []),
    ("15.5.2", "next lint && next build --no-lint", "{ serverRuntimeConfig: { a: 1 } }", []),
  ])
  func removals(_ version: String, _ script: String, _ config: String, _ expected: [String]) throws
  {
    let manifest =
      "{\"scripts\":{\"build\":\"\(script)\"},\"dependencies\":{\"next\":\"\(version)\"}}"
    let service = try service([
      "package.json": manifest, "next.config.mjs": "export default \(config)",
    ])
    let found = service.findings.filter { $0.id == "FORGE-N071" }
    #expect(found.map { "\($0.severity.rawValue) \($0.location ?? "")" } == expected)
  }
}
