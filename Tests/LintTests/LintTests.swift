import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeLint

@Suite struct LintTests {
  /// `id line` of each finding in a Dockerfile, for a folder with these files.
  private func lint(_ dockerfile: String, ignore: String? = nil, files: [String] = []) throws
    -> [String]
  {
    let folder = try TemporaryFolder()
    for file in files { try folder.write("x", to: file) }
    try folder.write(dockerfile, to: "Dockerfile")
    if let ignore { try folder.write(ignore, to: ".dockerignore") }
    return try Linter.lint(folder.path).findings.map { finding in
      "\(finding.id.rawValue.replacingOccurrences(of: "FORGE-", with: "")) \(finding.location ?? "")"
    }
  }

  @Test func cleanFileHasNoFindings() throws {
    let dockerfile = """
      # syntax=docker/dockerfile:1
      ARG BASE=debian:13
      FROM ${BASE} AS build
      ARG FOLDER=src
      COPY package.json package-lock*.json ./
      COPY ["${FOLDER}", "/app/"]
      RUN --mount=type=bind,source=src/a.js,target=/a.js \\
        # a comment
        node /a.js
      ADD https://example.org/x.tar /x.tar
      COPY <<END /etc/x
      COPY missing /
      END
      FROM scratch
      COPY --from=build /app /app
      """
    #expect(try lint(dockerfile, files: ["package.json", "package-lock.json", "src/a.js"]) == [])
  }

  /// A compose file says what the Dockerfile is built from, wherever it lies.
  @Test(arguments: [
    (
      "services:\n  api:\n    build:\n      context: ./api\n      dockerfile: ../docker/Dockerfile\n",
      [String]()
    ),
    (
      "services:\n  api:\n    build:\n      context: .\n      dockerfile: docker/Dockerfile\n",
      ["L001 docker/Dockerfile:2"]
    ),
    // Of another Dockerfile, of a folder that is not the project's, and no YAML at all.
    ("services:\n  api:\n    build: ./docker/other\n", ["L001 docker/Dockerfile:2"]),
    (
      "services:\n  api:\n    build:\n      context: ../..\n      dockerfile: x/docker/Dockerfile\n",
      ["L001 docker/Dockerfile:2"]
    ),
    (
      "services:\n  api:\n    build:\n      context: ./gone\n      dockerfile: ../docker/Dockerfile\n",
      ["L001 docker/Dockerfile:2"]
    ),
    ("services: [", ["L001 docker/Dockerfile:2"]),
  ])
  func contextOfACompose(_ compose: String, _ expected: [String]) throws {
    let folder = try TemporaryFolder()
    for name in ["api/src", "docker"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
    }
    try folder.write("x", to: "api/src/main.py")
    // Named by a pattern: not what a guess goes by.
    try folder.write("FROM scratch\nCOPY src/main.p? /x/\n", to: "docker/Dockerfile")
    try folder.write(compose, to: "docker-compose.yml")
    let found = try Linter.lint(folder.path).findings.filter {
      $0.id == "FORGE-L001" || $0.id == "FORGE-L004"
    }
    #expect(found.count == expected.count)
    #expect(found.allSatisfy { $0.location == "docker/Dockerfile:2" })
  }

  @Test func missingSources() throws {
    let dockerfile = """
      FROM scratch
      COPY a b /x/
      ADD c \\
        d /x/
      RUN --mount=type=bind,source=e,target=/e true
      COPY f* /x/
      COPY ../g /x/
      COPY $UNKNOWN /x/
      """
    #expect(
      try lint(dockerfile, files: ["a"]) == [
        "L001 Dockerfile:2", "L001 Dockerfile:3", "L001 Dockerfile:3", "L001 Dockerfile:5",
        "L003 Dockerfile:7",
        "L004 Dockerfile:6", "UndefinedVar Dockerfile:8", "L055 Dockerfile:3",
      ])
  }

  @Test func patternsBesideAnotherSourceAreOptional() throws {
    #expect(
      try lint("FROM scratch\nCOPY package.json yarn.lock* /x/\n", files: ["package.json"]) == [])
    #expect(
      try lint("FROM scratch\nCOPY a* b* /x/\n") == ["L004 Dockerfile:2", "L004 Dockerfile:2"])
  }

  @Test func contextIsTheFolderThatHoldsTheSources() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "FROM scratch\nCOPY package.json /\nCOPY apps/web /web\n", to: "apps/web/Dockerfile")
    try folder.write("FROM scratch\nCOPY page.tsx /\n", to: "apps/web/other.Dockerfile")
    try folder.write("apps/web\n", to: ".dockerignore")
    for file in ["package.json", "apps/web/page.tsx"] { try folder.write("x", to: file) }
    let findings = try Linter.lint(folder.path).findings
    #expect(findings.map(\.location) == ["apps/web/Dockerfile:3"])
    #expect(findings.first?.message.contains("(.dockerignore:1)") == true)
    #expect(try Linter.lint(folder.path, context: folder.path).findings.count == 2)
  }

  @Test func ignoredSources() throws {
    let dockerfile = """
      FROM scratch
      COPY a /
      COPY kept /
      COPY *.md /
      """
    let ignore = "*.md\na\nkept\n!kept/one\n"
    #expect(
      try lint(dockerfile, ignore: ignore, files: ["a/x", "kept/one", "kept/two", "r.md"]) == [
        "CopyIgnoredFile Dockerfile:2", "CopyIgnoredFile Dockerfile:4",
      ])
    #expect(
      try lint("FROM scratch\nCOPY . /\n", ignore: "**\n") == ["CopyIgnoredFile Dockerfile:2"])
  }

  @Test func bracketsOfRoutes() throws {
    let dockerfile = "FROM scratch\nCOPY app/[slug] /\nCOPY app/[[]slug] /x\n"
    #expect(
      try lint(dockerfile, ignore: "app/[slug]\n", files: ["app/[slug]/page.tsx"]) == [
        "L007 Dockerfile:2", "L020 .dockerignore:1",
      ])
  }

  @Test func ignoreFilesAreNotGits() throws {
    let findings = try lint(
      "FROM scratch\nCOPY web /web\n", ignore: "node_modules\n # note\n",
      files: ["node_modules/a/b.js", "web/node_modules/a/b.js"])
    #expect(findings == ["L021 .dockerignore:1", "L022 .dockerignore:2"])
    #expect(
      try lint(
        "FROM scratch\n", ignore: "docs\n!**/*.md\n!docs/b.txt\n",
        files: ["docs/deep/a.md", "docs/b.txt"])
        == ["L023 .dockerignore:2"])
    #expect(try lint("FROM scratch\n", ignore: "*\n!*.md\n", files: ["a.md", "b/c.md"]) == [])
    #expect(try lint("FROM scratch\n", ignore: "ok\n[\n") == ["L041 .dockerignore:2"])
  }

  @Test func structure() throws {
    #expect(try lint("RUN true\n") == ["L030 Dockerfile:1"])
    #expect(try lint("# only a comment\n") == ["L040 Dockerfile:1"])
    #expect(try lint("FROM a\nRUN <<END\nx\n") == ["L040 Dockerfile:2"])
    #expect(try lint("FROM a:1\nUSER 1\nCPOY x y\n") == ["L031 Dockerfile:3"])
    #expect(
      try lint(
        "FROM a:1 AS one\nCOPY --from=two /x /\nFROM b:1 AS two\nCOPY --from=One /x /\nCOPY --from=1 /x /\nUSER 1\n"
      )
        == ["L032 Dockerfile:2", "L032 Dockerfile:5"])
    #expect(try lint("FROM a:1\nUSER 1\nRUN x \\\n\n  y\n") == ["NoEmptyContinuation Dockerfile:4"])
  }

  @Test func ownIgnoreFileReplacesTheContexts() throws {
    let folder = try TemporaryFolder()
    try folder.write("FROM scratch\nCOPY a /\n", to: "api.Dockerfile")
    try folder.write("b\n", to: "api.Dockerfile.dockerignore")
    try folder.write("a\n", to: ".dockerignore")
    try folder.write("x", to: "a")
    #expect(try Linter.lint(folder.path).findings == [])
    #expect(try Linter.lint(folder.file("api.Dockerfile")).passed)
  }

  @Test func linksNeverLeadOut() throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try outside.write("secret", to: "secret")
    try folder.write("FROM scratch\nCOPY out/secret /\nCOPY loop /\n", to: "Dockerfile")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("out"), withDestinationPath: outside.path)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("loop"), withDestinationPath: ".")
    #expect(try Linter.lint(folder.path).findings.map(\.id) == ["FORGE-L001"])
  }

  @Test func idsAreUnique() {
    #expect(Set(LintRule.all.map(\.id)).count == LintRule.all.count)
  }
}
