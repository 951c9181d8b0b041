import ForgeBasics
import ForgeBuilds
import ForgeFindings
import ForgeInspection
import TestSupport
import Testing

@testable import ForgeTracing

/// Findings traced back to the files that an image was built from: what made it, and the edit that mends it.
@Suite struct BuildSourcesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let base = [
    HistoryFacts(createdBy: "/bin/sh -c #(nop) ADD file:1 in / ", layer: 0)
  ]

  /// The edit that mends a finding of an image that this Dockerfile made, step by step.
  private func change(
    _ dockerfile: String, _ id: FindingID, at place: Place, about subject: Finding.Subject? = nil
  ) throws -> SourceChange? {
    let steps = dockerfile.replacing("\\\n", with: " ").split(separator: "\n").filter {
      !$0.hasPrefix(" ") && !$0.hasPrefix("FROM") && !$0.hasPrefix("#")
    }
    var layer = 0
    let history = steps.map { step in
      let isLayer = ["RUN", "COPY", "ADD", "WORKDIR"].contains { step.hasPrefix($0) }
      if isLayer { layer += 1 }
      return HistoryFacts(createdBy: String(step), layer: isLayer ? layer : nil)
    }
    let lines = try #require(
      DockerfileLines(dockerfile, name: "Dockerfile", history: Self.base + history))
    return lines.change(
      Finding(id: id, severity: .error, message: "", at: place, subject: subject))
  }

  private func edit(_ line: Int, _ removes: Int, _ inserts: String...) -> SourceChange {
    SourceChange(file: "Dockerfile", line: line, removes: removes, inserts: inserts)
  }

  @Test func usersAreWrittenAnew() throws {
    let user = "USER 10001:10001"
    for id: FindingID in ["FORGE-I001", "FORGE-I002", "FORGE-I003"] {
      #expect(
        try change("FROM a\nRUN x\nUSER root\nCMD [\"x\"]\n", id, at: .config(.user))
          == edit(3, 1, user))
      #expect(
        try change("FROM a\nRUN x \\\n  y\nCMD [\"x\"]\n", id, at: .config(.user))
          == edit(4, 0, user))
      // What follows the last USER may need root.
      #expect(try change("FROM a\nUSER root\nRUN x\n", id, at: .config(.user)) == edit(4, 0, user))
      #expect(try change("FROM a", id, at: .config(.user)) == edit(1, 1, "FROM a", user))
    }
  }

  @Test func variablesAreTakenOut() throws {
    let one = "FROM a\nENV API_TOKEN=\"a b\"\n"
    #expect(
      try change(one, "FORGE-I008", at: .config(.environment), about: .variable("API_TOKEN"))
        == edit(2, 1))
    #expect(
      try change(
        "FROM a\nENV API_TOKEN abc\n", "FORGE-I008", at: .config(.environment),
        about: .variable("API_TOKEN"))
        == edit(2, 1))
    let several = "FROM a\nENV A=1 \\\n    API_TOKEN=x \\\n    B=\"c d\"\n"
    #expect(
      try change(several, "FORGE-I008", at: .config(.environment), about: .variable("API_TOKEN"))
        == edit(2, 3, "ENV A=1 \\", "    B=\"c d\""))
    // What would stay is a secret too: nothing is shown.
    let two = "FROM a\nENV API_TOKEN=x DB_PASSWORD=hunter2\n"
    #expect(
      try change(two, "FORGE-I008", at: .config(.environment), about: .variable("API_TOKEN")) == nil
    )
    let comment = "FROM a\nENV A=1 \\\n# why\n    API_TOKEN=x\n"
    #expect(
      try change(comment, "FORGE-I008", at: .config(.environment), about: .variable("API_TOKEN"))
        == nil)
    let node = "FROM a\nENV NODE_ENV=development PORT=3000\n"
    #expect(
      try change(node, "FORGE-I032", at: .config(.environment), about: .variable("NODE_ENV"))
        == edit(2, 1, "ENV NODE_ENV=production PORT=3000"))
    #expect(
      try change(
        "FROM a\nENV DEBUG=1\n", "FORGE-I032", at: .config(.environment), about: .variable("DEBUG"))
        == edit(2, 1))
    #expect(
      try change(
        "FROM a\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n", "FORGE-I031", at: .config(.environment),
        about: .variable("NODE_TLS_REJECT_UNAUTHORIZED")) == edit(2, 1))
  }

  private static let written: [(String, FindingID, Place, [String])] = [
    (
      "RUN apt-get update && \\\n    apt-get install -y curl", "FORGE-I005",
      .layer(1, path: "var/lib/apt/lists/"),
      ["    apt-get install -y curl \\", "    && rm -rf /var/lib/apt/lists/*"]
    ),
    ("ADD app /app", "FORGE-I007", .history(1), ["COPY app /app"]),
    (
      "RUN apk add curl", "FORGE-I016", .layer(1, path: "var/cache/apk/"),
      ["RUN apk add --no-cache curl"]
    ),
    ("WORKDIR app", "FORGE-I020", .config(.workingDirectory), ["WORKDIR /app"]),
    ("CMD uvicorn a:b", "FORGE-I021", .config(.command), [#"CMD ["uvicorn", "a:b"]"#]),
    (
      "MAINTAINER Me <me@x>", "FORGE-I022", .history(1),
      [#"LABEL org.opencontainers.image.authors="Me <me@x>""#]
    ),
    ("COPY --chmod=777 a b", "FORGE-I024", .layer(1, path: "b"), ["COPY --chmod=775 a b"]),
    ("COPY --chown=10001:10001 a b", "FORGE-I025", .layer(1, path: "b"), ["COPY a b"]),
    (
      #"CMD ["uvicorn", "a:b", "--reload"]"#, "FORGE-I032", .config(.command),
      [#"CMD ["uvicorn", "a:b"]"#]
    ),
    ("ONBUILD RUN x", "FORGE-I033", .config(.onBuild), []),
    ("VOLUME /etc", "FORGE-I014", .config(.volumes), []),
  ]

  @Test(arguments: written)
  func instructionsAreWrittenAnew(
    instruction: String, id: FindingID, place: Place, expected: [String]
  ) throws {
    let found = try change("FROM a\n\(instruction)\n", id, at: place)
    let lines = instruction.split(separator: "\n").count
    #expect(
      found == SourceChange(file: "Dockerfile", line: 1 + lines, removes: 1, inserts: expected))
  }

  @Test func whatDoesNotFollowIsLeftAlone() throws {
    #expect(try change("FROM a\nADD https://x/y.tar /\n", "FORGE-I007", at: .history(1)) == nil)
    #expect(try change("FROM a\nADD y.tar.gz /\n", "FORGE-I007", at: .history(1)) == nil)
    #expect(try change("FROM a\nVOLUME /etc /data\n", "FORGE-I014", at: .config(.volumes)) == nil)
    #expect(
      try change(
        "FROM a\nEXPOSE 22 80\n", "FORGE-I019", at: .config(.exposedPorts), about: .port(22))
        == edit(2, 1, "EXPOSE 80"))
    #expect(try change("FROM a\nRUN x\n", "FORGE-I006", at: .layer(1, path: "usr/bin/su")) == nil)
    // The base's own.
    #expect(
      try change("FROM a\nRUN x\n", "FORGE-I005", at: .layer(0, path: "var/lib/apt/lists/")) == nil)
  }

  // MARK: The ignore file

  private func trace(_ ignore: String?, _ finding: Finding, files: [String] = [".env"]) throws
    -> Finding
  {
    for file in files { try folder.write("A=1\n", to: file) }
    try folder.write("FROM a\nWORKDIR /app\nCOPY . .\n", to: "Dockerfile")
    if let ignore { try folder.write(ignore, to: ".dockerignore") }
    let history =
      Self.base + [
        HistoryFacts(createdBy: "WORKDIR /app", layer: 1),
        HistoryFacts(createdBy: "COPY . .", layer: 2),
      ]
    let sources = try BuildSources(dockerfile: folder.file("Dockerfile"))
    return sources.trace(finding, try #require(sources.lines(history, target: nil)))
  }

  private func name(_ file: String) -> String { WorkingFolder.shown(folder.file(file)) }

  private func secret(
    _ path: String, _ id: FindingID = "FORGE-I009", layer: Int = 2, line: Int? = nil
  ) -> Finding {
    Finding(
      id: id, severity: .error, message: "", at: .layer(layer, path: path, line: line),
      fix: "keep it out", evidence: .file)
  }

  @Test(arguments: [
    ("**/.git\n", 2, 0, ["**/.env*"]), ("", 1, 0, ["**/.env*"]),
    ("a\n**/.git", 2, 1, ["**/.git", "**/.env*"]),
    // The exception that lets it in goes; a wide one is overruled.
    ("**/.env*\n!.env\n", 2, 1, []), ("*\n!**/.env\nb\n", 2, 1, []),
    ("*\n!**\n", 3, 0, ["**/.env*"]),
    ("*\n!.*\n", 3, 0, ["**/.env*"]),
  ])
  func theIgnoreFileGetsALine(ignore: String, line: Int, removes: Int, inserts: [String]) throws {
    let found = try trace(ignore, secret("app/.env"))
    #expect(found.cause == SourceLine(file: name("Dockerfile"), line: 3, text: "COPY . ."))
    let expected = SourceChange(
      file: name(".dockerignore"), line: line, removes: removes, inserts: inserts)
    #expect(found.change == expected)
  }

  @Test func whatIsNotOfTheContextIsNotIgnored() throws {
    // Ignored already, not there, made by another step, or no file to change: the edit would be wrong.
    #expect(try trace("**/.env*\n", secret("app/.env")).change == nil)
    #expect(try trace("x\n", secret("app/id_rsa")).change == nil)
    #expect(try trace("x\n", secret("app/.env", layer: 0)).change == nil)
    #expect(try trace("x\n", secret("app/../../.env")).change == nil)
    #expect(try trace("x\n", secret("app/\\x1b.env")).change == nil)
    let empty = try TemporaryFolder()
    try empty.write("FROM a\n", to: "Dockerfile")
    _ = try BuildSources(dockerfile: empty.file("Dockerfile"))
    #expect(throws: TracingError.self) { try BuildSources(dockerfile: empty.file("None")) }
  }

  /// A secret in a source file is found there, not at the step that copied it; ignoring the file would break the image.
  @Test func secretsInSourcesAreTracedToTheirLine() throws {
    let found = try trace(
      "x\n", secret("app/settings.py", "FORGE-I010", line: 12), files: ["settings.py"])
    #expect(found.cause == SourceLine(file: name("settings.py"), line: 12))
    #expect(found.change == nil)
    let litter = try trace(
      "x\n", secret("app/tests/test_a.py", "FORGE-I023"), files: ["tests/test_a.py"])
    #expect(litter.change?.inserts == ["**/tests"])
  }

  /// The line of a Dockerfile is shown without what must not be shown.
  @Test func noLineShowsASecret() throws {
    let lines = try #require(
      DockerfileLines(
        "FROM a\nENV API_TOKEN=hunter2 URL=https://me:hunter2@example.org\n", name: "Dockerfile",
        history: Self.base + [HistoryFacts(createdBy: "ENV API_TOKEN=hunter2", layer: nil)]))
    let cause = lines.cause(
      Finding(
        id: "FORGE-I008", severity: .error, message: "", at: .config(.environment),
        subject: .variable("API_TOKEN")))
    #expect(cause?.text == "ENV API_TOKEN=*** URL=***")
  }
}
