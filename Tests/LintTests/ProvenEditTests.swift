import ForgeAnalyzer
import ForgeBasics
import ForgeFindings
import Foundation
import TestSupport
import Testing

@testable import ForgeLint

/// That an edit is only proposed where it is proved, and that what the analysis knows is used.
@Suite struct ProvenEditTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let dockerfile: String
    var files: [String: String] = [:]
    /// `FORGE-` left out; severity behind a colon where it is no warning.
    let finds: Set<String>
    /// Lines that `--fix` adds to the Dockerfile.
    var adds: [String] = []
    /// Words of a fix.
    var says: String?
    var testDescription: String { name }
  }

  private static let ignore = [".dockerignore": "**/.env*\nnode_modules\n"]
  private static let app = "from fastapi import FastAPI\napp = FastAPI()\n"
  private static let python = ["requirements.txt": "fastapi==0.115.0\nuvicorn==0.34.0\n"]
    .merging(ignore) { a, _ in a }
  private static let server = #"CMD ["uvicorn", "main:app", "--host", "0.0.0.0"]"#
  private static let installs =
    "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\n"
    + "RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n"
  private static let user = ["USER 10001:10001"]

  private static func next(
    _ config: String = "module.exports = { output: 'standalone' }", more: [String: String] = [:]
  ) -> [String: String] {
    let files = [
      "package.json":
        #"{"name": "a", "scripts": {"build": "next build"}, "dependencies": {"next": "16.0.0"}, "devDependencies": {"tailwindcss": "4.1.0"}}"#,
      "package-lock.json":
        #"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/next": {"version": "16.0.0"}}}"#,
      "next.config.js": config, "app/page.jsx": "export default () => null", "public/a.txt": "x",
    ]
    return files.merging(ignore) { a, _ in a }.merging(more) { _, b in b }
  }
  private static let built =
    "FROM node:24-slim AS b\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n"
    + "COPY . .\nRUN npm run build\nFROM node:24-slim\nWORKDIR /app\n"
  private static let starts = "USER node\nENV HOSTNAME=0.0.0.0\nCMD [\"node\", \"server.js\"]\n"
  private static let standalone = "COPY --from=b /app/.next/standalone ./\n"

  private static let users: [Case] = [
    Case(
      name: "sources that write nothing", dockerfile: installs + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L060"], adds: user),
    Case(
      name: "sources that write", dockerfile: installs + server,
      files: python.merging(["main.py": app + "open('a', 'w')\n"]) { a, _ in a },
      finds: ["L060"], says: "main.py:3 may write"),
    Case(
      name: "a package that may write", dockerfile: installs + server,
      files: python.merging(["main.py": "import torch\n" + app]) { a, _ in a },
      finds: ["L060"], says: "imports torch"),
    Case(
      name: "an installation for root alone",
      dockerfile:
        "FROM python:3.13-slim AS b\nCOPY requirements.txt .\n"
        + "RUN pip install --no-cache-dir --user -r requirements.txt\nFROM python:3.13-slim\n"
        + "COPY --from=b /root/.local /root/.local\nWORKDIR /app\nCOPY main.py .\n" + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L060"], says: "below /root"),
    Case(
      name: "a volume", dockerfile: installs + "VOLUME /data\n" + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L060"], says: "volume"),
    Case(
      name: "a low port",
      dockerfile: installs
        + "EXPOSE 80\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"80\"]\n",
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L060"], says: "below 1024"),
    Case(
      name: "root by the author's word", dockerfile: installs + "USER root\n" + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L060"],
      says: "line 6 asks for root"),
    Case(
      name: "a script that gives root up",
      dockerfile:
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY run.sh ./\nENTRYPOINT [\"/app/run.sh\"]\n",
      files: ["run.sh": "#!/bin/sh\nchown a /app\nexec su-exec a \"$@\"\n"], finds: ["L060:info"],
      says: "Leave USER out"),
    Case(
      name: "an image of which nothing is known", dockerfile: "FROM quay.io/keycloak/keycloak:26\n",
      finds: []),
  ]

  private static let steps: [Case] = [
    Case(
      name: "lists that a stage on top needs",
      dockerfile:
        "FROM debian:13 AS a\nRUN apt-get update && apt-get install -y --no-install-recommends tini\n"
        + "FROM a\nRUN apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*\nUSER 1\n",
      finds: ["L051"], says: "line 4 installs from the same lists"),
    Case(
      name: "lists that are fetched again",
      dockerfile:
        "FROM debian:13\nRUN apt-get update && apt-get install -y --no-install-recommends tini\n"
        + "RUN apt-get update && apt-get install -y --no-install-recommends jq && rm -rf /var/lib/apt/lists/*\nUSER 1\n",
      finds: ["L051"], adds: ["    && rm -rf /var/lib/apt/lists/*"]),
    Case(
      name: "a step that ends in an operator",
      dockerfile:
        "FROM debian:13\nRUN apt-get update; apt-get install -y --no-install-recommends tini;\nUSER 1\n",
      finds: ["L051"]),
    Case(
      name: "each option once",
      dockerfile:
        "FROM python:3.13-slim\nRUN pip install --upgrade pip && pip install --no-cache-dir a && pipx install b\nUSER 1\n",
      finds: ["L054"],
      adds: [
        "RUN pip install --no-cache-dir --upgrade pip && pip install --no-cache-dir a && pipx install b"
      ]),
    Case(
      name: "caches that are off, or thrown away",
      dockerfile:
        "FROM python:3.13-slim\nRUN PIP_NO_CACHE_DIR=1 pip install a\nRUN pip install a && pip cache purge\n"
        + "RUN pip install a && rm -rf /root/.cache\nRUN pipx install a\nUSER 1\n", finds: []),
    Case(
      name: "recommended packages that are needed",
      dockerfile:
        "FROM debian:13\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nUSER 1\n",
      finds: ["L052"], says: "curl may need what it recommends"),
    Case(
      name: "a lockfile that is not in the stage",
      dockerfile:
        "FROM node:24-slim\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nUSER 1\n",
      files: next(), finds: ["L056"], says: "no COPY above"),
    Case(
      name: "a lockfile that does not fit",
      dockerfile:
        "FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nUSER 1\n",
      files: next(), finds: ["L056"], says: "does not fit"),
    Case(
      name: "a lockfile that fits",
      dockerfile:
        "FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm i --no-audit\nUSER 1\n",
      files: [
        "package.json": #"{"dependencies": {"x": "^1"}}"#,
        "package-lock.json":
          #"{"packages": {"": {"dependencies": {"x": "^1"}}, "node_modules/x": {"version": "1.0.0"}}}"#,
      ], finds: ["L056"], adds: ["RUN npm ci --no-audit"]),
    Case(
      name: "a lockfile that lacks a package",
      dockerfile:
        "FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nUSER 1\n",
      files: [
        "package.json": #"{"dependencies": {"x": "^1"}}"#,
        "package-lock.json":
          #"{"packages": {"": {"dependencies": {"x": "^1"}}, "node_modules/x": {"dependencies": {"y": "1"}}}}"#,
      ], finds: ["L056"], says: "cannot be read"),
    Case(
      name: "pnpm in CI",
      dockerfile:
        "FROM node:24-slim\nENV CI=true\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install\nUSER 1\n",
      files: ["package.json": "{}", "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"], finds: []),
    Case(
      name: "ADD of an archive by its content", dockerfile: "FROM alpine:3\nADD a /a\nUSER 1\n",
      files: ["a": "BZh91AY"], finds: ["L055"], says: "which ADD unpacks"),
    Case(
      name: "a base that is a stage by an argument",
      dockerfile: "ARG KIND=web\nFROM alpine:3 AS web\nFROM ${KIND}\nUSER 1\n", finds: []),
    Case(
      name: "a port behind a default",
      dockerfile: "FROM alpine:3\nEXPOSE ${PORT:-8001} 3000\nUSER 1\n",
      finds: ["UndefinedVar"]),
    Case(
      name: "a modifier of a shell", dockerfile: "FROM alpine:3\nARG A=x\nLABEL a=${A^}\nUSER 1\n",
      finds: ["L033:error"]),
    Case(
      name: "modifiers that builders know",
      dockerfile:
        "FROM alpine:3\nARG A=x\nLABEL a=${A#x} b=${A%%y} c=${A:?} d=${A/x/y} e='${A^}'\nUSER 1\n",
      finds: []),
  ]

  private static let services: [Case] = [
    Case(
      name: "standalone output without the option",
      dockerfile: built + standalone + starts, files: next("module.exports = {}"),
      finds: ["L070:error"], says: "output: \"standalone\""),
    Case(
      name: "standalone output", dockerfile: built + standalone + starts, files: next(), finds: []),
    Case(
      name: "standalone by a variable of the build",
      dockerfile: built.replacing(
        "RUN npm run build", with: "RUN NEXT_PRIVATE_STANDALONE=1 npm run build")
        + standalone + starts, files: next("module.exports = {}"), finds: []),
    Case(
      name: "another output folder", dockerfile: built + standalone + starts,
      files: next("module.exports = { output: 'standalone', distDir: 'out' }"),
      finds: ["L071:error"]),
    Case(
      name: "no folder public",
      dockerfile: built + standalone + "COPY --from=b /app/public ./public\n" + starts,
      files: next().filter { !$0.key.hasPrefix("public") }, finds: ["L072:error"]),
    Case(
      name: "no devDependencies for the build",
      dockerfile: built.replacing("npm ci", with: "npm ci --omit=dev") + standalone + starts,
      files: next(), finds: ["L073:error"], says: "Install all"),
    Case(
      name: "production before the installation",
      dockerfile: built.replacing(
        "WORKDIR /app\nCOPY p", with: "ENV NODE_ENV=production\nWORKDIR /app\nCOPY p")
        + standalone + starts, files: next(), finds: ["L073:error"]),
    Case(
      name: "production, and all the same",
      dockerfile: built.replacing(
        "WORKDIR /app\nCOPY p", with: "ENV NODE_ENV=production\nWORKDIR /app\nCOPY p"
      )
      .replacing("npm ci", with: "npm ci --include=dev") + standalone + starts, files: next(),
      finds: []),
    Case(
      name: "a module that is elsewhere", dockerfile: installs + "USER 1\n" + server,
      files: python.merging(["app/main.py": app]) { a, _ in a }, finds: ["L074:error"],
      says: "the application is main:app"),
    Case(
      name: "a module on PYTHONPATH",
      dockerfile: installs + "ENV PYTHONPATH=/app/app\nUSER 1\n" + server,
      files: python.merging(["app/main.py": app]) { a, _ in a }, finds: []),
    Case(
      name: "a module that is copied alone",
      dockerfile: installs.replacing("COPY . .", with: "COPY app/main.py ./") + "USER 1\n" + server,
      files: python.merging(["app/main.py": app]) { a, _ in a }, finds: []),
    Case(
      name: "the loopback address",
      dockerfile: installs + "USER 1\n" + server.replacing("0.0.0.0", with: "127.0.0.1"),
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L075"]),
    Case(
      name: "the loopback address by default",
      dockerfile: installs + "USER 1\nCMD [\"uvicorn\", \"main:app\"]\n",
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L075"]),
    Case(
      name: "an address by the environment",
      dockerfile: installs + "ENV UVICORN_HOST=0.0.0.0\nUSER 1\nCMD [\"uvicorn\", \"main:app\"]\n",
      files: python.merging(["main.py": app]) { a, _ in a }, finds: []),
    Case(
      name: "another port", dockerfile: installs + "EXPOSE 80\nUSER 1\n" + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L079"]),
    Case(
      name: "headers that are missing", dockerfile: installs + "USER 1\n" + server,
      files: python.merging([
        "main.py": app, "requirements.txt": "fastapi==0.115.0\nuvicorn\nmysqlclient==2.2.7\n",
      ]) { _, b in b }, finds: ["L076:error", "L076"], says: "stage that only builds"),
    Case(
      name: "headers that are there",
      dockerfile: installs.replacing(
        "COPY requirements.txt",
        with: "RUN apt-get update && apt-get install -y --no-install-recommends build-essential "
          + "pkg-config default-libmysqlclient-dev && rm -rf /var/lib/apt/lists/*\nCOPY requirements.txt"
      )
        + "USER 1\n" + server,
      files: python.merging([
        "main.py": app, "requirements.txt": "fastapi==0.115.0\nuvicorn\nmysqlclient==2.2.7\n",
      ]) { _, b in b }, finds: ["L064"]),
    Case(
      name: "compose asks by curl", dockerfile: installs + "USER 1\n" + server,
      files: python.merging([
        "main.py": app,
        "compose.yaml":
          "services:\n  api:\n    build: .\n    healthcheck:\n      test: curl -f http://localhost:8000/\n",
      ]) { a, _ in a }, finds: ["L077:error"], says: "ask by python itself"),
    Case(
      name: "curl is installed",
      dockerfile: installs.replacing(
        "WORKDIR",
        with:
          "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\nWORKDIR"
      )
        + "HEALTHCHECK CMD curl -f http://localhost:8000/\nUSER 1\n" + server,
      files: python.merging(["main.py": app]) { a, _ in a }, finds: []),
    Case(
      name: "a server that nothing installs",
      dockerfile: installs + "USER 1\nCMD [\"gunicorn\", \"main:app\", \"-b\", \":8000\"]\n",
      files: python.merging(["main.py": app]) { a, _ in a }, finds: ["L078:error"]),
    Case(
      name: "a program of node_modules",
      dockerfile: built + "COPY --from=b /app ./\nUSER node\nCMD [\"next\", \"start\"]\n",
      files: next(),
      finds: ["L078:error"], says: "npx next start"),
    Case(
      name: "a script for bash on Alpine",
      dockerfile:
        "FROM node:24-alpine\nWORKDIR /app\nCOPY run.sh ./\nUSER node\nENTRYPOINT [\"./run.sh\"]\n",
      files: ["run.sh": "#!/usr/bin/env bash\nnode a.js\n"], finds: ["L078:error"]),
  ]

  @Test(arguments: users + steps + services)
  func findsAndFixes(_ one: Case) throws {
    let folder = try TemporaryFolder()
    for (name, text) in one.files { try folder.write(text, to: name) }
    try folder.write(one.dockerfile, to: "Dockerfile")
    let report = try Linter.lint(folder.path) { try? Analyzer.analyze($0) }
    let found = report.findings.filter { $0.id != "FORGE-L059" && $0.id != "FORGE-L058" }
    let ids = Set(
      found.map { finding in
        let id = finding.id.rawValue.replacing("FORGE-", with: "")
        return finding.severity == .warning ? id : "\(id):\(finding.severity.rawValue)"
      })
    #expect(ids == one.finds, "\(report.findings)")
    let mended = report.mended.first { $0.path == "Dockerfile" }
    let added = (mended?.diff ?? "").split(separator: "\n").filter {
      $0.hasPrefix("+") && !$0.hasPrefix("+++")
    }.map { String($0.dropFirst()) }
    let wanted = one.adds.isEmpty ? [] : one.adds
    #expect(wanted.allSatisfy(added.contains), "\(added)")
    if wanted.isEmpty { #expect(mended == nil, "\(added)") }
    if let says = one.says {
      let texts = found.map { "\($0.message) \($0.fix ?? "")" }
      #expect(texts.contains { $0.contains(says) }, "\(texts)")
    }
  }

  /// `docker/web.Dockerfile` may be built from anywhere: nobody is told that its sources are missing.
  @Test(arguments: [
    ("docker/web.Dockerfile", ["FORGE-L008"]), ("docker/Dockerfile.web", ["FORGE-L008"]),
    ("Dockerfile", ["FORGE-L001"]),
  ])
  func contextsAreNotGuessedAsErrors(_ name: String, _ ids: [FindingID]) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "web/package.json")
    try folder.write("FROM scratch\nCOPY package.json ./\n", to: name)
    let report = try Linter.lint(folder.path)
    #expect(report.findings.map(\.id) == ids)
    #expect(report.passed == (ids == ["FORGE-L008"]))
    let told = try Linter.lint(folder.path, context: folder.file("web"))
    #expect(told.findings.isEmpty, "\(told.findings)")
  }

  /// A new ignore file keeps nothing out that a build could want.
  @Test func ignoreFileSparesWhatIsThere() throws {
    let folder = try TemporaryFolder()
    try folder.write("FROM scratch\nCOPY . /\n", to: "Dockerfile")
    let file = { try Linter.lint(folder.path).mended.first { $0.path == ".dockerignore" } }
    let whole = try #require(try file())
    #expect(whole.contents.contains("**/.env.*") && whole.contents.contains("**/.git\n"))
    try folder.write("NEXT_PUBLIC_A=1", to: ".env.production")
    try folder.write("x", to: "certs/ca.pem")
    try folder.write("[build-system]\nrequires = [\"hatch-vcs\"]\n", to: "pyproject.toml")
    let less = try #require(try file())
    for pattern in ["**/.env", "*.pem", "**/.git\n"] { #expect(!less.contents.contains(pattern)) }
    #expect(less.contents.contains("**/node_modules") && less.contents.contains("**/*.key"))
  }
}
