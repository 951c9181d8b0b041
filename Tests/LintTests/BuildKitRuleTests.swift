import ForgeBasics
import ForgeFindings
import TestSupport
import Testing

@testable import ForgeLint

/// BuildKit's checks: for each what its documentation calls bad and good, in words of our own.
@Suite struct BuildKitRuleTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let rule: String
    let text: String
    /// The lines where the rule fires.
    let lines: [Int]
    var testDescription: String { "\(rule) \(lines)" }

    init(_ rule: String, _ lines: [Int], _ text: String) {
      self.rule = rule
      self.lines = lines
      self.text = text
    }
  }

  static let examples: [Example] = [
    Example("StageNameCasing", [1], "FROM alpine:3.23 AS Build\n"),
    Example("StageNameCasing", [], "FROM alpine:3.23 AS build\n"),
    Example("FromAsCasing", [1], "FROM alpine:3.23 as build\n"),
    Example("FromAsCasing", [1], "from alpine:3.23 AS build\n"),
    Example("FromAsCasing", [], "from alpine:3.23 as build\nFROM build AS two\n"),
    // A keyword that is neither is another rule's.
    Example("FromAsCasing", [], "From alpine:3.23 as build\n"),
    Example("NoEmptyContinuation", [3], "FROM alpine:3.23\nRUN echo a && \\\n\n    echo b\n"),
    Example(
      "NoEmptyContinuation", [], "FROM alpine:3.23\nRUN echo a && \\\n    # said\n    echo b\n"),
    Example(
      "ConsistentInstructionCasing", [1, 2, 3], "From alpine\nRun true\nEntRYpOiNT [\"a\"]\n"),
    Example("ConsistentInstructionCasing", [3], "FROM alpine\nRUN true\nrun true\n"),
    Example("ConsistentInstructionCasing", [], "from alpine\nrun true\nentrypoint [\"a\"]\n"),
    Example("DuplicateStageName", [2], "FROM debian:13 AS one\nFROM alpine:3 AS ONE\n"),
    Example("DuplicateStageName", [], "FROM debian:13 AS one\nFROM alpine:3 AS two\n"),
    Example("ReservedStageName", [1, 2], "FROM alpine AS scratch\nFROM alpine AS context\n"),
    Example("ReservedStageName", [], "FROM alpine AS builder\n"),
    Example("JSONArgsRecommended", [2, 3], "FROM alpine\nENTRYPOINT server start\nCMD more\n"),
    Example("JSONArgsRecommended", [], "FROM alpine\nENTRYPOINT [\"server\", \"start\"]\n"),
    Example(
      "JSONArgsRecommended", [],
      "FROM alpine AS a\nSHELL [\"/bin/bash\", \"-c\"]\nFROM a\nCMD echo hi\n"),
    Example("JSONArgsRecommended", [], "FROM alpine\nHEALTHCHECK CMD curl localhost\n"),
    Example("MaintainerDeprecated", [2], "FROM alpine\nMAINTAINER me@example.org\n"),
    Example("UndefinedArgInFrom", [1], "FROM node:22${VARIANT} AS js\n"),
    Example("UndefinedArgInFrom", [1], "FROM --platform=$BULIDPLATFORM alpine\n"),
    Example(
      "UndefinedArgInFrom", [],
      "ARG VARIANT=-alpine\nFROM --platform=$BUILDPLATFORM node:22${VARIANT}\n"),
    // Declared inside of a stage is too late.
    Example("UndefinedArgInFrom", [3], "FROM alpine\nARG TAG=1\nFROM alpine:$TAG\n"),
    Example("UndefinedVar", [2], "FROM alpine AS base\nCOPY $foo .\n"),
    Example("UndefinedVar", [], "FROM alpine AS base\nARG foo\nCOPY $foo .\n"),
    Example("UndefinedVar", [2], "FROM alpine\nARG VERSION=$foo\n"),
    Example("UndefinedVar", [], "FROM python AS base\nARG VERSION=$PYTHON_VERSION\n"),
    Example(
      "UndefinedVar", [],
      "ARG V=22\nFROM docker.io/library/node:${V}-slim\nLABEL v=$NODE_VERSION y=$YARN_VERSION\n"),
    Example("UndefinedVar", [2], "FROM docker.io/library/node:22\nLABEL v=$PYTHON_VERSION\n"),
    Example(
      "UndefinedVar", [3],
      "FROM gcr.io/distroless/cc:nonroot\nENV A=$SSL_CERT_FILE:$PATH\nENV B=$HOME_DIR\n"),
    Example("UndefinedVar", [], "FROM localhost:5000/alpine:3\nENV A=$SET_BY_THE_BASE\n"),
    Example("UndefinedVar", [2], "FROM registry.example/own\nENV PATH=$PAHT:/app/bin\n"),
    Example(
      "UndefinedVar", [],
      "FROM registry.example/own\nENV A=$SET_BY_THE_BASE\nRUN echo $nothing\nCMD echo $x\n"),
    Example("UndefinedVar", [], "FROM alpine AS a\nENV HOME_DIR=/x\nFROM a\nWORKDIR $HOME_DIR\n"),
    // An argument of the preamble is not known in a stage until it asks for it.
    Example("UndefinedVar", [3], "ARG DIR=/x\nFROM alpine\nWORKDIR $DIR\n"),
    Example("WorkdirRelativePath", [2], "FROM nginx AS web\nWORKDIR usr/share\nWORKDIR html\n"),
    Example(
      "WorkdirRelativePath", [],
      "FROM nginx AS web\nWORKDIR /usr/share\nWORKDIR html\nFROM web\nWORKDIR x\n"),
    Example(
      "MultipleInstructionsDisallowed", [2], "FROM alpine\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\n"
    ),
    Example(
      "MultipleInstructionsDisallowed", [2, 3],
      "FROM alpine\nCMD [\"a\"]\nCMD [\"b\"]\nCMD [\"c\"]\n"),
    Example(
      "MultipleInstructionsDisallowed", [],
      "FROM alpine\nHEALTHCHECK CMD [\"a\"]\nCMD [\"b\"]\nFROM alpine\nCMD [\"c\"]\n"),
    Example("LegacyKeyValueFormat", [2, 3], "FROM alpine\nENV DEPS curl git\nLABEL team web\n"),
    Example("LegacyKeyValueFormat", [2], "FROM alpine\nENV DEPS \\\n    curl \\\n    git\n"),
    // `ARG a b` declares two arguments, and BuildKit says nothing.
    Example("LegacyKeyValueFormat", [], "FROM alpine\nENV DEPS=\"curl git\"\nARG foo bar\n"),
    Example("RedundantTargetPlatform", [1], "FROM --platform=$TARGETPLATFORM alpine AS b\n"),
    Example("RedundantTargetPlatform", [], "FROM --platform=$BUILDPLATFORM alpine AS b\n"),
    Example("FromPlatformFlagConstDisallowed", [1], "FROM --platform=linux/amd64 alpine AS base\n"),
    Example(
      "FromPlatformFlagConstDisallowed", [], "FROM --platform=linux/amd64 alpine AS build_amd64\n"),
    Example(
      "FromPlatformFlagConstDisallowed", [], "FROM --platform=${BUILDPLATFORM} alpine AS base\n"),
    Example(
      "SecretsUsedInArgOrEnv", [2, 3, 4],
      "FROM alpine\nARG AWS_SECRET_ACCESS_KEY\nENV TOKEN=a OTHER=b\nENV auth_x=1\n"),
    Example(
      "SecretsUsedInArgOrEnv", [],
      "FROM alpine\nARG PUBLIC_KEY\nENV KEY_FILE=/x TOKEN_VERSION=1 KEYBOARD=us\n"),
    Example("InvalidDefaultArgInFrom", [2], "ARG TAG\nFROM busybox:${TAG}\n"),
    Example("InvalidDefaultArgInFrom", [], "ARG TAG=latest\nFROM busybox:${TAG}\n"),
    Example("InvalidDefaultArgInFrom", [], "ARG VARIANT\nFROM busybox:stable${VARIANT}\n"),
    Example("InvalidDefaultArgInFrom", [], "ARG TAG\nFROM alpine:${TAG:-3.14}\n"),
    Example(
      "InvalidDefaultArgInFrom", [],
      "FROM registry.example:5000/a/b_c:1@sha256:\(String(repeating: "a", count: 64))\n"),
    Example("ExposeProtoCasing", [2], "FROM alpine\nEXPOSE 80/TcP 81\n"),
    Example("ExposeProtoCasing", [], "FROM alpine\nEXPOSE 80/tcp\n"),
    Example("ExposeInvalidFormat", [2, 3], "FROM alpine\nEXPOSE 127.0.0.1:80:80\nEXPOSE 80:80\n"),
    Example("ExposeInvalidFormat", [], "FROM alpine\nEXPOSE 80 443/udp\n"),
    Example("InvalidDefinitionDescription", [], "# what\nFROM alpine AS a\n"),
    Example(
      "InvalidDefinitionDescription", [3, 5],
      "# check=experimental=all\n# what\nFROM scratch AS a\n# or not\nARG B=1\n"
    ),
    Example(
      "InvalidDefinitionDescription", [],
      "# check=experimental=InvalidDefinitionDescription\n# what\n\nFROM scratch AS a\n# B says it\nARG B=1\n# x\n#\nARG C\n"
    ),
  ]

  private func findings(_ text: String, files: [String] = [], ignore: String? = nil) throws
    -> [Finding]
  {
    let folder = try TemporaryFolder()
    for file in files { try folder.write("x", to: file) }
    return Linter.lint(
      SourceText(name: "Dockerfile", text: text),
      ignore: ignore.map { SourceText(name: ".dockerignore", text: $0) },
      context: try BuildContext(folder.path))
  }

  @Test(arguments: examples) func firesWhereItsDocumentationSays(_ example: Example) throws {
    let found = try findings(example.text).filter { $0.id.rawValue == example.rule }
    #expect(
      found.compactMap(\.location) == example.lines.map { "Dockerfile:\($0)" }, "\(example.text)")
    #expect(found.allSatisfy { $0.severity == .warning && $0.fix != nil })
  }

  /// Every rule has an example that fires, so that no name is only a name.
  @Test func everyRuleHasBadExamples() {
    let bad = Set(Self.examples.filter { !$0.lines.isEmpty }.map(\.rule))
    #expect(Set(LintRule.buildKit.map(\.id.rawValue)).isSubset(of: bad))
    // The whole list of BuildKit, but for the check that needs the base image.
    #expect(LintRule.all.filter { !$0.id.rawValue.hasPrefix("FORGE-") }.count == 21)
  }

  @Test func copyIgnoredFile() throws {
    let ignore = "*/tmp/*\n"
    let bad = try findings(
      "FROM scratch\nCOPY ./a/tmp/x.txt /x\n", files: ["a/tmp/x.txt"], ignore: ignore)
    #expect(bad.contains { $0.id == "CopyIgnoredFile" && $0.location == "Dockerfile:2" })
    let good = try findings(
      "FROM scratch\nCOPY ./forever/x.txt /x\n", files: ["forever/x.txt"], ignore: ignore)
    #expect(!good.contains { $0.id == "CopyIgnoredFile" })
  }

  @Test func theDirectiveSkipsAndHardens() throws {
    let body = "FROM alpine:3 as A\nCMD x\nUSER 1\n"
    func ids(_ directive: String) throws -> Set<String> {
      try Set(findings(directive + body).map(\.id.rawValue))
    }
    try #expect(ids("") == ["StageNameCasing", "FromAsCasing", "JSONArgsRecommended"])
    try #expect(ids("# check=skip=StageNameCasing, FromAsCasing\n") == ["JSONArgsRecommended"])
    try #expect(ids("# check=skip=all\n").isEmpty)
    try #expect(
      ids("#check = skip=JSONArgsRecommended,FORGE-L060;error=true\n") == [
        "StageNameCasing", "FromAsCasing",
      ])
    try #expect(findings("# check=error=true\n" + body).allSatisfy { $0.severity == .error })
    try #expect(findings("# check=error=false\n" + body).allSatisfy { $0.severity == .warning })
    // What cannot be built is said whatever is skipped.
    try #expect(
      findings("# check=skip=all\nFROM alpine:3\nCOPY gone /\n").map(\.id) == ["FORGE-L001"])
    try #expect(ids("# check=skpi=all\n").contains("FORGE-L042"))
  }

  @Test func commentsAboveAnInstructionSilence() throws {
    let text =
      "# check=skip=StageNameCasing\n\nFROM alpine:3 AS A\n# check=skip=StageNameCasing\nFROM alpine:3 AS B\n"
    try #expect(!findings(text).contains { $0.id == "StageNameCasing" })
    let one =
      "FROM alpine:3 AS a\n# check=skip=StageNameCasing\nFROM alpine:3 AS B\n\nFROM alpine:3 AS C\n"
    try #expect(
      findings(one).filter { $0.id == "StageNameCasing" }.map(\.location) == ["Dockerfile:5"])
    try #expect(
      !findings("# hadolint ignore=DL3007\nFROM alpine:latest\n").contains { $0.id == "FORGE-L050" }
    )
    try #expect(
      findings("# hadolint ignore=DL3008\nFROM alpine:latest\n").contains { $0.id == "FORGE-L050" })
  }

  /// Which platform each base image must be of; that it is, an engine tells.
  @Test func platformsOfBases() {
    let text = """
      ARG V=3
      FROM --platform=$BUILDPLATFORM golang:1 AS a
      FROM --platform=linux/arm64/v8 alpine:$V AS b
      FROM --platform=${TARGETPLATFORM} debian AS c
      FROM scratch
      FROM --platform=$UNKNOWN x
      FROM a
      FROM busybox
      """
    let bases = BasePlatform.all(in: text, target: "linux/arm64", machine: "linux/amd64")
    #expect(
      bases == [
        BasePlatform(image: "golang:1", platform: "linux/amd64", line: 2),
        BasePlatform(image: "alpine:3", platform: "linux/arm64/v8", line: 3),
        BasePlatform(image: "debian", platform: "linux/arm64", line: 4),
        BasePlatform(image: "busybox", platform: "linux/arm64", line: 8),
      ])
    #expect(bases[1].complaint(about: "linux/arm64") == nil)
    #expect(
      bases[3].complaint(about: "linux/amd64")?.hasPrefix("InvalidBaseImagePlatform: ") == true)
    #expect(BasePlatform.all(in: "no\u{0} Dockerfile <<", target: "a/b", machine: "a/b").isEmpty)
  }

  /// Nothing of a hostile file stops the rules or the mender.
  @Test(arguments: [
    "FROM\n", "FROM a AS\n", "FROM ${\n", "FROM a\nENV\n", "FROM a\nENV A\n",
    "FROM a\nEXPOSE :/:\n", "FROM a\nCMD\n",
    "FROM a\nRUN '\"\n", "ONBUILD\nFROM a\n", "FROM a\nWORKDIR\n", "FROM --platform=/ a AS b\n",
    "FROM a\nCOPY --from= . .\n", "# check=\nFROM a\n", "# check=;;;=\nFROM a\n", "FROM a:::@\n",
    "FROM a\nUSER\n",
    "FROM a\nRUN \(String(repeating: "${", count: 3_000))\n",
    "FROM a\nENV \(String(repeating: "A=$B ", count: 3_000))\n",
  ])
  func hostileFiles(_ text: String) throws {
    let folder = try TemporaryFolder()
    let (source, context) = (
      SourceText(name: "Dockerfile", text: text), try BuildContext(folder.path)
    )
    let found = Linter.lint(source, ignore: nil, context: context)
    let mended = Linter.fix(source, ignore: nil, context: context)
    #expect(found.allSatisfy { $0.location?.hasPrefix("Dockerfile:") == true })
    #expect(mended.map { $0.contents != text } ?? true)
  }
}
