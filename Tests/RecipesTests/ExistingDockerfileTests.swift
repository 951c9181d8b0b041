import ForgeBasics
import ForgeCodebase
import Foundation
import TestSupport
import Testing

@testable import ForgeRecipes

private let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots")

/// What is kept of a Dockerfile that was written by hand, and what is not.
@Suite struct ExistingDockerfileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let backend = """
    ARG PY=3.12.4
    FROM python:${PY}-slim-bookworm
    LABEL team="web platform" org.opencontainers.image.licenses=MIT
    ENV LOG_LEVEL=warning \\
        API_KEY=verysecretvalue123 PYTHONUNBUFFERED=1
    ARG BUILD_NUMBER=0
    ARG PIP_TOKEN
    RUN apt-get update && apt-get install -y libpq-dev gcc libmagic1 \\
        && rm -rf /var/lib/apt/lists/*
    WORKDIR /srv
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    COPY . .
    RUN ./scripts/fetch-models.sh
    RUN useradd -u 1500 app
    USER 1500
    VOLUME /data
    STOPSIGNAL SIGINT
    EXPOSE 9000 9001
    HEALTHCHECK CMD curl -f http://localhost:9000/healthz || exit 1
    CMD ["gunicorn", "app.main:app", "-w", "4"]

    """

  private static let frontend = """
    FROM node:22-alpine AS deps
    WORKDIR /app
    COPY . .
    ARG NEXT_PUBLIC_API_URL=https://api.example.org
    ENV SENTRY_ENVIRONMENT=staging
    RUN apk add --no-cache libc6-compat && npm ci && npm run build
    FROM node:22-alpine
    COPY --from=deps /app ./
    LABEL team=web
    ENV TZ=Europe/Berlin NODE_ENV=production
    USER node
    EXPOSE 8080
    CMD npm start

    """

  private func generate(_ text: String, _ service: Service, explains: Bool = true) throws -> (
    file: String, ExistingDockerfile
  ) {
    var service = service
    service.path = "."
    try folder.write(text, to: "Dockerfile")
    let analysis = Analysis(root: ".", services: [service])
    var options = RecipeOptions()
    options.explains = explains
    options.existing = try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: true)
    let existing = try #require(options.existing["."])
    return (try Generator.generate(analysis, options: options)[0].contents, existing)
  }

  private func matches(_ file: String, _ name: String) throws {
    let snapshot = snapshots.deletingLastPathComponent().appending(path: "ExistingSnapshots/\(name)")
    if ProcessInfo.processInfo.environment["FORGE_UPDATE_SNAPSHOTS"] == "1" {
      try FileManager.default.createDirectory(
        at: snapshot.deletingLastPathComponent(), withIntermediateDirectories: true)
      try file.write(to: snapshot, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: snapshot, encoding: .utf8)
    let diff = UnifiedDiff.between(expected, file, oldName: name, newName: "generated")
    #expect(diff.isEmpty, "\(diff)")
  }

  @Test func backendKeepsItsDecisions() async throws {
    let (file, existing) = try generate(Self.backend, Samples.fastapi())
    #expect(
      existing.kept.map { "\($0.line) \($0.text)" } == [
        "2 FROM python:3.12.4-slim-bookworm", #"3 LABEL team="web platform""#,
        "3 LABEL org.opencontainers.image.licenses=MIT", "4 ENV LOG_LEVEL=warning", "6 ARG BUILD_NUMBER=0",
        "8 RUN apt-get install libpq-dev", "8 RUN apt-get install gcc", "8 RUN apt-get install libmagic1",
        "16 USER 1500:1500", "17 VOLUME /data", "18 STOPSIGNAL SIGINT", "19 EXPOSE 9000", "20 HEALTHCHECK /healthz",
        #"21 CMD ["gunicorn", "app.main:app", "-w", "4"]"#,
      ])
    #expect(
      existing.dropped.map { "\($0.line) \($0.text)" } == [
        "4 ENV API_KEY", "7 ARG PIP_TOKEN", "10 WORKDIR /srv", "14 RUN ./scripts/fetch-models.sh", "19 EXPOSE 9001",
      ])
    #expect(existing.dropped.allSatisfy { $0.reason?.isEmpty == false })
    // A secret that was not kept is in no comment either.
    #expect(!file.contains("verysecretvalue123"))
    for line in ["# from Dockerfile:16\nUSER 1500:1500\n", "# from Dockerfile:19\nEXPOSE 9000\n"] {
      #expect(file.contains(line), "\(line)")
    }
    try matches(file, "backend")
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)")
  }

  @Test func frontendKeepsItsDecisions() async throws {
    let (file, existing) = try generate(Self.frontend, Samples.next())
    #expect(
      existing.kept.map { "\($0.line) \($0.text)" } == [
        "4 ARG NEXT_PUBLIC_API_URL=https://api.example.org", "5 ENV SENTRY_ENVIRONMENT=staging",
        "7 FROM node:22-alpine", "9 LABEL team=web", "10 ENV TZ=Europe/Berlin", "12 EXPOSE 8080",
      ])
    #expect(existing.dropped.map(\.text) == ["RUN apk add libc6-compat", "USER node", #"CMD ["npm", "start"]"#])
    try matches(file, "frontend")
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)")
  }

  /// The generated file remembers: generated anew without being asked for, it is the same.
  @Test(arguments: [(backend, Samples.fastapi()), (frontend, Samples.next())])
  func laterRunsKeepThem(_ text: String, _ service: Service) throws {
    var service = service
    service.path = "."
    let first = try generate(text, service).file
    try folder.write(first, to: "Dockerfile")
    let analysis = Analysis(root: ".", services: [service])
    var options = RecipeOptions()
    options.explains = true
    options.existing = try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: false)
    #expect(try Generator.generate(analysis, options: options)[0].contents == first)
  }

  @Test func aForeignFileIsReadOnlyWhenAskedFor() throws {
    try folder.write(Self.backend, to: "Dockerfile")
    var service = Samples.fastapi()
    service.path = "."
    let analysis = Analysis(root: ".", services: [service])
    #expect(try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: false).isEmpty)
    try FileManager.default.removeItem(atPath: folder.file("Dockerfile"))
    #expect(throws: RecipeError.noDockerfile(path: "Dockerfile")) {
      try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: true)
    }
  }

  @Test(arguments: [
    ("FROM registry.example:5000/team/python:3\n", BaseChoice.named("registry.example:5000/team/python:3")),
    ("FROM gcr.io/distroless/python3-debian13:nonroot\n", .distroless),
    ("FROM cgr.dev/chainguard/python:latest\n", .chainguard), ("FROM python:3.13-alpine\n", .alpine),
    ("FROM python:3.13-slim AS a\nFROM a\n", .slim),
  ])
  func baseIsKept(_ text: String, _ base: BaseChoice) throws {
    try folder.write(text, to: "Dockerfile")
    var service = Samples.fastapi()
    service.path = "."
    let found = try ExistingDockerfile.all(
      of: Analysis(root: ".", services: [service]), root: folder.path, readsForeign: true)
    #expect(found["."]?.base == base)
  }

  @Test(arguments: [
    "FROM python:3.13\n", "FROM python\n", "FROM python:3.13-slim\nUSER root\n",
    "FROM python:3.13-slim\nEXPOSE $PORT\n",
    "FROM python:3.13-slim\nCMD uvicorn a:b --reload\n", "FROM python:3.13-slim\nCMD [\"sh\", \"-c\", \"x\"]\n",
    "FROM python:3.13-slim\nENTRYPOINT [\"/entrypoint.sh\"]\n", "FROM python:3.13-slim\nENV A=$UNKNOWN_OF_THE_BASE\n",
    "FROM python:3.13-slim\nRUN apt-get install -y 'a b' $PACKAGES\n",
    "FROM python:3.13-slim\nADD https://example.org/x /x\n", "FROM python:3.13-slim\nENV PATH=/x:$PATH\n",
    "FROM python:3.13-slim\nENV DATABASE_URL=postgres://u:p4ssw0rd@db/x\n", "FROM python:3.13-slim\nSHELL [\"bash\"]\n",
  ])
  func whatCannotBeKeptIsSaid(_ text: String) throws {
    let (file, existing) = try generate(text, Samples.fastapi())
    #expect(existing.dropped.count >= 1)
    #expect(!file.contains("p4ssw0rd") && !file.contains("--reload"))
  }

  /// No value of the file ends its line, or opens a quote.
  @Test(arguments: [
    #"ENV A="x\" b"#, "ENV A='x # y'", #"LABEL a="b \$c""#, "LABEL \"a b\"=c", "ENV A=\u{1b}[31m",
    "VOLUME [\"/a\", \"/b\"]",
    "ENV A=x\\\nRUN evil",
  ])
  func hostileValues(_ line: String) async throws {
    let (file, _) = try generate("FROM python:3.13-slim\n\(line)\n", Samples.fastapi(), explains: false)
    let instructions = file.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.hasPrefix(" ") }
    let known = [
      "FROM", "WORKDIR", "ENV", "RUN", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "CMD", "LABEL", "VOLUME", "ARG",
    ]
    #expect(instructions.allSatisfy { line in known.contains { line.hasPrefix($0 + " ") } })
    #expect(!instructions.contains { $0.hasPrefix("RUN evil") })
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0, "\(hadolint)")
  }
}
