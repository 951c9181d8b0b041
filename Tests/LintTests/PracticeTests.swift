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
      SourceText(name: "Dockerfile", text: text), ignore: ignore.map { SourceText(name: ".dockerignore", text: $0) },
      context: try BuildContext(folder.path)
    ).map { "\($0.id) \($0.location?.split(separator: ":").last ?? "")" }
  }

  private func mend(_ text: String, ignore: String? = "**/.env*\n") throws -> MendedFile? {
    Linter.mend(
      SourceText(name: "Dockerfile", text: text), ignore: ignore.map { SourceText(name: ".dockerignore", text: $0) },
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
    ("FORGE-L054", "FROM alpine:3\nRUN apk add curl\n", "FROM alpine:3\nRUN apk add --no-cache curl\n"),
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
    ("FORGE-L060", "FROM alpine:3\nUSER 1\nRUN x\nUSER root\n", "FROM gcr.io/distroless/base:nonroot\n"),
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
    try #expect(lint("FROM node:22-slim\nWORKDIR /app\nCOPY *.json ./\nRUN npm ci\nCOPY . .\n" + user) == [])
    try #expect(lint(text, ignore: nil).contains("FORGE-L059 3"))
    try folder.write("KEY=1", to: ".env.production")
    try folder.write("KEY=", to: ".env.example")
    try #expect(lint(text, ignore: "x\n").contains("FORGE-L062 3"))
    try #expect(!lint(text).contains("FORGE-L062 3"))
    try #expect(lint("FROM node:22-slim\nCOPY .env.production ./\n" + user, ignore: "x\n") == ["FORGE-L061 2"])
    try #expect(lint("FROM node:22-slim\nCOPY .env.example ./\n" + user, ignore: "x\n") == [])
  }

  /// Everything at once: the mended file has none of it, and mending it again changes nothing.
  @Test func mendedFileHasNothingLeft() throws {
    for name in ["package.json", "package-lock.json"] { try folder.write("{}", to: name) }
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
    let mended = try #require(try mend(text))
    #expect(
      mended.contents == """
        FROM node:22-slim AS build
        # What we call it.
        LABEL org.opencontainers.image.authors="Jane <jane@example.org>"
        ENV NODE_ENV=production
        WORKDIR /app
        COPY package.json package-lock.json ./
        # No versions: the package archive keeps only the newest, and a pinned one stops the build a week later.
        # hadolint ignore=DL3008
        RUN apt-get update && apt-get install --no-install-recommends -y tini \\
            && rm -rf /var/lib/apt/lists/*
        RUN npm ci
        COPY . .
        USER 10001:10001
        EXPOSE 3000/tcp
        CMD ["npm", "start"]
        """)
    try #expect(lint(mended.contents) == [])
    try #expect(mend(mended.contents) == nil)
    #expect(mended.changes.count >= 14)
    #expect(mended.diff.contains("-MAINTAINER Jane"))
  }

  @Test func shellFormsBecomeExecForms() {
    #expect(Mender.execForm("npm  start") == #"["npm", "start"]"#)
    #expect(Mender.execForm("uvicorn a:b --port $PORT") == #"["sh", "-c", "exec uvicorn a:b --port $PORT"]"#)
    #expect(Mender.execForm(#"echo "a" && b"#) == #"["sh", "-c", "echo \"a\" && b"]"#)
  }

  @Test func whatIsSkippedIsNotMended() throws {
    try #expect(mend("# check=skip=JSONArgsRecommended,FORGE-L060\nFROM alpine:3\nCMD a\n") == nil)
    try #expect(mend("# hadolint ignore=DL3007\nFROM node:latest\n" + user) == nil)
  }

  @Test func linesOfDOSStayWhatTheyAre() throws {
    let mended = try #require(try mend("FROM alpine:3\r\nCMD a\r\nUSER 1\r\n"))
    #expect(mended.contents == "FROM alpine:3\r\nCMD [\"a\"]\r\nUSER 1\r\n")
  }

  /// A secret that is copied is copied no more; a project whose installation needs its source keeps its order.
  @Test func whatIsMendedWithCare() throws {
    try folder.write("A=1", to: ".env")
    let mended = try #require(try mend("FROM alpine:3\nCOPY .env /app/.env\nUSER 1\n", ignore: "x\n"))
    #expect(mended.contents == "FROM alpine:3\nUSER 1\n")
    try folder.write(#"{"scripts": {"postinstall": "node x.js"}}"#, to: "package.json")
    try folder.write("{}", to: "package-lock.json")
    try #expect(mend("FROM node:22-slim\nCOPY . .\nRUN npm ci\n" + user) == nil)
    // A database may need root to start.
    try #expect(mend("FROM postgres:17\n") == nil)
  }
}
