import ForgeBasics
import Testing

@testable import ForgeSyntax

struct NodeLockfileTests {
  private func source(_ text: String, _ name: String = "lock") -> SourceText {
    SourceText(name: name, text: text)
  }

  @Test func npm() throws {
    let modern = source(
      """
      { "lockfileVersion": 3, "packages": {
        "node_modules/next": { "version": "15.5.7" },
        "apps/web/node_modules/next": { "version": "16.3.4" },
        "node_modules/linked": { "resolved": "vendor/linked", "link": true },
        "vendor/linked": { "version": "1.2.3" } } }
      """)
    let top = try NodeLockfile.npm(modern, package: "next", importer: "")
    #expect(
      top
        == NodeLockfile(
          version: "15.5.7", place: .source(file: "lock", line: 2), format: "3"))
    #expect(try NodeLockfile.npm(modern, package: "next", importer: "apps/web").version == "16.3.4")
    #expect(try NodeLockfile.npm(modern, package: "next", importer: "apps/api").version == "15.5.7")
    #expect(
      try NodeLockfile.npm(modern, package: "linked", importer: "").place.description == "lock:5")
    let old = source(
      "{ \"lockfileVersion\": 1, \"dependencies\": { \"next\": { \"version\": \"11.1.4\" } } }")
    #expect(try NodeLockfile.npm(old, package: "next", importer: "").version == "11.1.4")
  }

  @Test func yarn() throws {
    let classic = source(
      """
      # yarn lockfile v1

      "next@^14.0.0", next@^14.1.0:
        version "14.2.35"

      next@^15.0.0:
        version "15.5.7"
      """)
    let found = try NodeLockfile.yarn(classic, package: "next", range: "^15.0.0")
    #expect(
      found.lockfile.version == "15.5.7" && found.lockfile.place.description == "lock:6"
        && !found.isBerry)
    let berry = source(
      """
      __metadata:
        version: 8

      "next@npm:16.3.4":
        version: 16.3.4
        resolution: "next@npm:16.3.4"
      """)
    let modern = try NodeLockfile.yarn(berry, package: "next", range: "16.3.4")
    #expect(modern.isBerry && modern.lockfile.version == "16.3.4" && modern.lockfile.format == "8")
  }

  @Test func pnpm() throws {
    let modern = source(
      """
      lockfileVersion: '9.0'

      importers:

        .:
          dependencies:
            next:
              specifier: ^15.0.0
              version: 15.5.7(react-dom@19.2.1(react@19.2.1))(react@19.2.1)

        apps/web:
          devDependencies:
            next:
              specifier: 16.3.4
              version: 16.3.4(react@19.2.1)

      packages:
        next@15.5.7: {}
      """)
    let top = try NodeLockfile.pnpm(modern, package: "next", importer: "")
    #expect(top.version == "15.5.7" && top.format == "9.0")
    #expect(
      try NodeLockfile.pnpm(modern, package: "next", importer: "apps/web").version == "16.3.4")
    #expect(try NodeLockfile.pnpm(modern, package: "next", importer: "apps/other").version == nil)
    let old = source("lockfileVersion: 5.4\n\ndependencies:\n  next: 12.3.4_abc\n")
    #expect(try NodeLockfile.pnpm(old, package: "next", importer: "").version == "12.3.4")
  }

  @Test func bun() throws {
    let text =
      "{ \"lockfileVersion\": 1, \"packages\": { \"next\": [\"next@16.3.4\", \"\", {}, \"sha512-\"], }, }"
    #expect(try NodeLockfile.bun(source(text), package: "next").version == "16.3.4")
  }

  @Test(arguments: ["", "[]", "{\"packages\": ", "<<<<<<< HEAD\n{}"])
  func brokenNpm(_ text: String) {
    let error = #expect(throws: SyntaxError.self) {
      try NodeLockfile.npm(source(text, "package-lock.json"), package: "next", importer: "")
    }
    #expect(error?.location.hasPrefix("package-lock.json:1") == true)
  }

  @Test func brokenOthers() {
    let conflict = source("# yarn lockfile v1\n<<<<<<< HEAD\n", "yarn.lock")
    let error = #expect(throws: SyntaxError.self) {
      try NodeLockfile.yarn(conflict, package: "next", range: "")
    }
    #expect(error?.location == "yarn.lock:2")
    for text in ["", "importers: {}", "lockfileVersion: 9.0\nimporters:\n  - [\n"] {
      #expect(throws: SyntaxError.self) {
        try NodeLockfile.pnpm(source(text), package: "next", importer: "")
      }
    }
  }

  /// Aliases that double at every step: refused or read, but never unfolded.
  @Test func aliasBomb() throws {
    var text = "lockfileVersion: '9.0'\nimporters:\n  a0: &a0 [x, x]\n"
    for n in 1...60 { text += "  a\(n): &a\(n) [*a\(n - 1), *a\(n - 1)]\n" }
    #expect((try? NodeLockfile.pnpm(source(text), package: "next", importer: ""))?.version == nil)
  }
}

struct SemanticVersionTests {
  /// From semver.org, section 11.
  @Test func order() throws {
    let ascending = [
      "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
      "1.0.0-beta.11", "1.0.0-rc.1",
      "1.0.0", "1.0.1", "1.10.0", "2.0.0",
    ]
    let versions = try ascending.map { try #require(SemanticVersion($0)) }
    #expect(versions == versions.sorted())
    #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test(arguments: [
    "", "x", "1.x", "1..2", "-1", "1.2.3.4", "1.2.3-", "1.2.3-a b", "99999999999999999999",
    "1.2.3\nRUN x",
  ])
  func refused(_ text: String) { #expect(SemanticVersion(text) == nil) }

  @Test(arguments: [
    ("^16.0.1", "16.9.0", true), ("^16.0.1", "17.0.0", false), ("^0.2.3", "0.3.0", false),
    ("~1.2.3", "1.2.9", true),
    ("~1.2.3", "1.3.0", false), (">=18 <21", "20.19.0", true), (">=18 <21", "21.0.0", false),
    ("18 || 20", "20.1.0", true),
    ("18.x", "18.99.0", true), ("1.2 - 1.4", "1.4.9", true), ("1.2 - 1.4", "1.5.0", false),
    (">= 20.9", "20.9.0", true),
    ("*", "1.0.0", true), ("", "1.0.0", true), (">18", "18.5.0", false), ("<=20", "20.5.0", true),
    (">20 <18", "19.0.0", false),
  ])
  func ranges(_ range: String, _ version: String, _ expected: Bool) throws {
    let version = try #require(SemanticVersion(version))
    #expect(try #require(SemanticRange(range)).contains(version) == expected)
  }

  @Test(arguments: ["latest", "file:x", "workspace:*", "^", "1.2.3 and more", "github:a/b"])
  func noRanges(_ text: String) {
    #expect(SemanticRange(text)?.lowest.map { $0.major > 0 } != true)
  }
}
