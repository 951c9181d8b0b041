import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeLint

/// The rules of practice, and what mending makes of a file.
@Suite struct PracticeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func lint(_ text: String, ignore: String? = "**/.env*\n") throws -> [String] {
    Linter.lint(
      SourceText(name: "Dockerfile", text: text),
      ignore: ignore.map { SourceText(name: ".dockerignore", text: $0) },
      context: try BuildContext(folder.path)
    ).map { "\($0.id) \($0.location?.split(separator: ":").last ?? "")" }
  }

  private func mend(_ text: String, ignore: String? = "**/.env*\n") throws -> FixedFile? {
    Linter.fix(
      SourceText(name: "Dockerfile", text: text),
      ignore: ignore.map { SourceText(name: ".dockerignore", text: $0) },
      context: try BuildContext(folder.path))
  }

  private let user = "USER 10001:10001\n"

  @Test(arguments: [
    ("FORGE-L050", "FROM python\n", "FROM python:3.13-slim\n"),
    (
      "FORGE-L050", "FROM registry.example:5000/a\n",
      "FROM registry.example:5000/a@sha256:\(String(repeating: "a", count: 64))\n"
    ),
    (
      "FORGE-L051", "FROM debian:13\nRUN apt-get install -y --no-install-recommends curl\n",
      "FROM debian:13\nRUN apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n"
    ),
    (
      "FORGE-L051", "FROM debian:13\nRUN <<E\napt-get install -y curl\nE\n",
      "FROM debian:13\nRUN --mount=type=cache,target=/var/lib/apt apt-get install -y curl\n"
    ),
    (
      "FORGE-L052", "FROM debian:13\nRUN apt-get -y install curl\n",
      "FROM debian:13\nRUN apt-get -y install --no-install-recommends curl\n"
    ),
    (
      "FORGE-L053", "FROM debian:13\nRUN apt-get update\n",
      "FROM debian:13\nRUN apt-get update && apt-get install curl\n"
    ),
    (
      "FORGE-L054", "FROM alpine:3\nRUN apk add curl\n",
      "FROM alpine:3\nRUN apk add --no-cache curl\n"
    ),
    (
      "FORGE-L054", "FROM python:3.13-slim\nRUN python -m pip install x\n",
      "FROM python:3.13-slim\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n"
    ),
    (
      "FORGE-L055", "FROM alpine:3\nADD a /a\n",
      "FROM alpine:3\nADD a.tar.gz /a\nADD https://example.org/a /a\nCOPY a /a\n"
    ),
    (
      "FORGE-L057", "FROM node:22-slim\nCMD [\"npm\", \"run\", \"dev\"]\n",
      "FROM node:22-slim\nCMD [\"npm\", \"start\"]\n"
    ),
    (
      "FORGE-L057", "FROM python:3.13-slim\nCMD [\"uvicorn\", \"a:b\", \"--reload\"]\n",
      "FROM python:3.13-slim\nCMD [\"uvicorn\", \"a:b\"]\n"
    ),
    ("FORGE-L060", "FROM alpine:3\n", "FROM alpine:3 AS a\nUSER 1\nFROM a\n"),
    (
      "FORGE-L060", "FROM alpine:3\nUSER 1\nRUN x\nUSER root\n",
      "FROM gcr.io/distroless/base:nonroot\n"
    ),
    ("FORGE-L063", "FROM node:22\n", "FROM node:22 AS build\nFROM node:22-alpine\n"),
    (
      "FORGE-L064", "FROM node:22-slim\nRUN npm run build\n",
      "FROM node:22-slim AS b\nRUN npm run build\nFROM node:22-slim\n"
    ),
    (
      "FORGE-L065", "FROM alpine:3\nRUN chown -R 1 /app\n",
      "FROM alpine:3 AS b\nRUN chown -R 1 /app\nFROM alpine:3\nRUN make-it && chown -R 1 /app\n"
    ),
  ])
  func firesOnTheBadAndNotOnTheGood(_ rule: String, _ bad: String, _ good: String) throws {
    for name in ["a", "a.tar.gz"] { try folder.write("x", to: name) }
    let (worse, better) = (try lint(bad), try lint(good))
    #expect(worse.contains { $0.hasPrefix(rule) }, "\(worse)")
    #expect(!better.contains { $0.hasPrefix(rule) }, "\(better)")
  }

  @Test func whatDependsOnTheFolder() throws {
    try folder.write("{}", to: "package.json")
    let text = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\n" + user
    try #expect(lint(text) == ["FORGE-L058 3"])
    try folder.write("{}", to: "package-lock.json")
    try #expect(lint(text) == ["FORGE-L056 4", "FORGE-L058 3"])
    try #expect(lint(text.replacing("install", with: "ci")) == ["FORGE-L058 3"])
    try #expect(
      lint("FROM node:22-slim\nWORKDIR /app\nCOPY *.json ./\nRUN npm ci\nCOPY . .\n" + user) == [])
    try #expect(lint(text, ignore: nil).contains("FORGE-L059 3"))
    try folder.write("KEY=1", to: ".env.production")
    try folder.write("KEY=", to: ".env.example")
    try #expect(lint(text, ignore: "x\n").contains("FORGE-L062 3"))
    try #expect(!lint(text).contains("FORGE-L062 3"))
    try #expect(
      lint("FROM node:22-slim\nCOPY .env.production ./\n" + user, ignore: "x\n") == ["FORGE-L061 2"]
    )
    try #expect(lint("FROM node:22-slim\nCOPY .env.example ./\n" + user, ignore: "x\n") == [])
  }

  private static let manifest = #"{"name": "a", "dependencies": {"x": "1.0.0"}}"#
  private static let lock =
    #"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"x": "1.0.0"}}, "node_modules/x": {"version": "1.0.0"}}}"#

  /// Everything at once: the mended file has nothing left that can be proved, and mending it again changes nothing.
  @Test func mendedFileHasNothingLeft() throws {
    try folder.write(Self.manifest, to: "package.json")
    try folder.write(Self.lock, to: "package-lock.json")
    try folder.write("v22.1.0\n", to: ".nvmrc")
    let text = """
      from node as Build
      # What we call it.
      MAINTAINER Jane <jane@example.org>
      ENV NODE_ENV production
      WORKDIR app
      ADD . .
      RUN apt-get update
      RUN apt-get install -y tini
      RUN npm install
      EXPOSE 3000:3000/TCP
      CMD echo one
      CMD npm start
      """
    let ignore = "**/.env*\nnode_modules\n"
    let mended = try #require(try mend(text, ignore: ignore))
    #expect(
      mended.contents == """
        FROM node:22.1.0-slim AS build
        # What we call it.
        LABEL org.opencontainers.image.authors="Jane <jane@example.org>"
        ENV NODE_ENV=production
        WORKDIR /app
        COPY package.json package-lock.json ./
        RUN apt-get update && apt-get install --no-install-recommends -y tini \\
            && rm -rf /var/lib/apt/lists/*
        RUN npm ci
        COPY . .
        EXPOSE 3000/tcp
        CMD ["npm", "start"]
        """)
    // What npm writes while it runs is not known.
    try #expect(lint(mended.contents, ignore: ignore) == ["FORGE-L060 1"])
    try #expect(mend(mended.contents, ignore: ignore) == nil)
    #expect(mended.changes.count >= 12)
    #expect(mended.diff.contains("-MAINTAINER Jane"))
  }

  struct Mended: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// The whole file; nil where it stays as it is.
    let becomes: String?
    var files: [String: String] = [:]
    /// What the finding says instead.
    var fix: String?
    var testDescription: String { name }
  }

  private static let read = #"TOKEN="$(cat /run/secrets/TOKEN)" && export TOKEN; fi"#
  private static let step =
    "RUN --mount=type=secret,id=TOKEN \\\n    if [ -f /run/secrets/TOKEN ]; then \(read) \\\n    && "

  @Test(arguments: [
    Mended(
      name: "Python by its minor version", text: "FROM python:3.12\nRUN x\nUSER 1\n",
      becomes: "FROM python:3.12-slim\nRUN x\nUSER 1\n"),
    Mended(
      name: "a release of Debian", text: "FROM python:3.12-bookworm\nUSER 1\n",
      becomes: "FROM python:3.12-slim-bookworm\nUSER 1\n"),
    Mended(
      name: "Node.js has the release in front", text: "FROM node:22-bookworm AS a\nUSER 1\n",
      becomes: "FROM node:22-bookworm-slim AS a\nUSER 1\n"),
    Mended(
      name: "a version in a variable", text: "ARG V=3.12\nFROM python:${V}\nUSER 1\n",
      becomes: "ARG V=3.12\nFROM python:${V}-slim\nUSER 1\n"),
    Mended(
      name: "wheels for all", text: "FROM python:3.12\nUSER 1\n",
      becomes: "FROM python:3.12-slim\nUSER 1\n",
      files: ["requirements.txt": "fastapi\nasyncpg==0.30\n"]),
    Mended(
      name: "a dependency that is compiled", text: "FROM python:3.12\nUSER 1\n", becomes: nil,
      files: ["requirements.txt": "fastapi\nmysqlclient==2.2\n"],
      fix: "requirements.txt names mysqlclient"),
    Mended(
      name: "a native module", text: "FROM node:22\nUSER 1\n", becomes: nil,
      files: ["package-lock.json": #"{"packages": {"node_modules/pg-native": {}}}"#],
      fix: "package-lock.json names pg-native"),
    Mended(
      name: "a program of the full image",
      text: "FROM python:3.12\nRUN git clone https://example.org/x\nUSER 1\n",
      becomes: nil, fix: "line 2 calls git"),
    Mended(
      name: "a program that is installed",
      text:
        "FROM python:3.12\n# hadolint ignore=DL3008\nRUN apt-get update && apt-get install -y --no-install-recommends curl && curl x && rm -rf /var/lib/apt/lists/*\nUSER 1\n",
      becomes:
        "FROM python:3.12-slim\n# hadolint ignore=DL3008\nRUN apt-get update && apt-get install -y --no-install-recommends curl && curl x && rm -rf /var/lib/apt/lists/*\nUSER 1\n"
    ),
    Mended(
      name: "a health check by curl",
      text: "FROM node:22\nHEALTHCHECK CMD curl -f http://localhost\nUSER 1\n",
      becomes: nil, fix: "line 2 calls curl"),
    Mended(
      name: "a script that is there",
      text: "FROM node:22\nCOPY run.sh /\nUSER 1\nCMD [\"/run.sh\"]\n", becomes: nil,
      files: ["run.sh": "set -e\nwget -O- http://x\n"], fix: "line 4 calls wget"),
    Mended(
      name: "a stage that builds stays full",
      text: "FROM node:22 AS b\nRUN make\nFROM node:22\nCOPY --from=b /x /x\nUSER 1\n",
      becomes: "FROM node:22 AS b\nRUN make\nFROM node:22-slim\nCOPY --from=b /x /x\nUSER 1\n"),
    Mended(
      name: "a secret argument",
      text: "FROM alpine:3\nARG TOKEN\nRUN fetch $TOKEN\nRUN other\nUSER 1\n",
      becomes: "FROM alpine:3\n\(step)fetch $TOKEN\n\(step)other\nUSER 1\n"),
    Mended(
      name: "a secret among settings, handed on",
      text:
        "FROM alpine:3 AS b\nARG TOKEN\nENV A=1 TOKEN=$TOKEN B=2\nRUN --mount=type=cache,target=/c a ${TOKEN} \\\n  && b\nFROM alpine:3\nUSER 1\n",
      becomes:
        "FROM alpine:3 AS b\nENV A=1 B=2\nRUN --mount=type=secret,id=TOKEN --mount=type=cache,target=/c \\\n    if [ -f /run/secrets/TOKEN ]; then \(read) \\\n    && a ${TOKEN} \\\n  && b\nFROM alpine:3\nUSER 1\n"
    ),
    Mended(
      name: "an installer reads its environment",
      text: "FROM node:22-slim\nARG TOKEN\nCOPY package.json ./\nRUN npm ci\nUSER 1\n",
      becomes: "FROM node:22-slim\nCOPY package.json ./\n\(step)npm ci\nUSER 1\n",
      files: ["package.json": "{}"]),
    Mended(
      name: "a secret of the server", text: "FROM alpine:3\nENV TOKEN=abcdefgh\nUSER 1\n",
      becomes: nil),
    Mended(
      name: "on a line of its own",
      text:
        "FROM alpine:3 AS b\nARG TOKEN\nENV A=1 \\\n    TOKEN=$TOKEN\nRUN fetch\nFROM alpine:3\nUSER 1\n",
      becomes: "FROM alpine:3 AS b\nENV A=1\n\(step)fetch\nFROM alpine:3\nUSER 1\n"),
    Mended(
      name: "the steps run as another user",
      text: "FROM alpine:3\nUSER 1\nARG TOKEN\nRUN fetch $TOKEN\n", becomes: nil),
    Mended(
      name: "public by its name",
      text: "FROM alpine:3\nARG VITE_MAP_TOKEN\nRUN npm run build\nUSER 1\n", becomes: nil),
    Mended(
      name: "a stage that stands on another",
      text: "FROM alpine:3 AS a\nARG TOKEN\nFROM a\nRUN fetch $TOKEN\nUSER 1\n",
      becomes: "FROM alpine:3 AS a\nFROM a\n\(step)fetch $TOKEN\nUSER 1\n"),
    Mended(
      name: "two secrets",
      text: "FROM alpine:3\nARG TOKEN\nARG API_KEY\nRUN fetch $TOKEN $API_KEY\nUSER 1\n",
      becomes:
        "FROM alpine:3\nRUN --mount=type=secret,id=API_KEY --mount=type=secret,id=TOKEN \\\n    if [ -f /run/secrets/API_KEY ]; then API_KEY=\"$(cat /run/secrets/API_KEY)\" && export API_KEY; fi \\\n    && if [ -f /run/secrets/TOKEN ]; then \(read) \\\n    && fetch $TOKEN $API_KEY\nUSER 1\n"
    ),
    Mended(
      name: "a secret that a file is named by",
      text: "FROM alpine:3\nARG TOKEN\nCOPY $TOKEN /x\nUSER 1\n", becomes: nil
    ),
    Mended(
      name: "a step without a shell",
      text: "FROM alpine:3\nARG TOKEN\nRUN [\"fetch\", \"$TOKEN\"]\nUSER 1\n",
      becomes: nil),
  ])
  func basesAndSecrets(_ one: Mended) throws {
    for (name, text) in one.files { try folder.write(text, to: name) }
    let mended = try mend(one.text)
    #expect(mended?.contents == one.becomes)
    if let mended {
      #expect(!mended.diff.contains("abcdefgh"), "\(mended.diff)")
      let rules = Set(mended.changes.map { String($0.prefix { $0 != ":" }) })
      try #expect(
        lint(mended.contents).filter { rules.contains(String($0.prefix { $0 != " " })) } == [])
      try #expect(mend(mended.contents) == nil, "mended again, it changes")
    }
    if let fix = one.fix {
      let findings = Linter.lint(
        SourceText(name: "Dockerfile", text: one.text), ignore: nil,
        context: try BuildContext(folder.path))
      #expect(
        findings.contains { $0.id == "FORGE-L063" && $0.fix?.contains(fix) == true }, "\(findings)")
    }
  }

  @Test(arguments: [
    ("npm  start", #"["npm", "start"]"#),
    ("uvicorn a:b --port $PORT", #"["sh", "-c", "exec uvicorn a:b --port $PORT"]"#),
    (#"echo "a" && b"#, #"["sh", "-c", "echo \"a\" && exec b"]"#),
    (#""/app/start here.sh""#, #"["/app/start here.sh"]"#),
    ("PORT=1 node a.js", #"["sh", "-c", "PORT=1 exec node a.js"]"#),
    ("exec node a.js", #"["node", "a.js"]"#), ("cd /app", nil),
    (". ./x && node a", #"["sh", "-c", ". ./x && exec node a"]"#),
    ("a || b", nil), ("a; b", nil), ("if x; then a; else b; fi", nil), ("a & b", nil),
  ])
  func shellFormsBecomeExecForms(_ line: String, _ words: String?) {
    #expect(ExecForm.text(line) == words)
  }

  @Test func whatIsSkippedIsNotMended() throws {
    try #expect(mend("# check=skip=JSONArgsRecommended,FORGE-L060\nFROM alpine:3\nCMD a\n") == nil)
    try #expect(mend("# hadolint ignore=DL3007\nFROM node:latest\n" + user) == nil)
  }

  @Test func linesOfDOSStayWhatTheyAre() throws {
    let mended = try #require(try mend("FROM alpine:3\r\nCMD a\r\nUSER 1\r\n"))
    #expect(mended.contents == "FROM alpine:3\r\nCMD [\"a\"]\r\nUSER 1\r\n")
  }

  /// A file of settings that is copied stays; a project whose installation needs its source keeps its order.
  @Test func whatIsMendedWithCare() throws {
    try folder.write("A=1", to: ".env")
    let copied = "FROM alpine:3\nCOPY .env /app/.env\nUSER 1\n"
    try #expect(lint(copied, ignore: "x\n") == ["FORGE-L061 2"])
    // The server may read it.
    try #expect(mend(copied, ignore: "x\n") == nil)
    try folder.write(#"{"scripts": {"postinstall": "node x.js"}}"#, to: "package.json")
    try folder.write("{}", to: "package-lock.json")
    try #expect(mend("FROM node:22-slim\nCOPY . .\nRUN npm ci\n" + user) == nil)
    // A database may need root to start.
    try #expect(mend("FROM postgres:17\n") == nil)
  }
}
