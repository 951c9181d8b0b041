import ForgeBasics
import ForgeCodebase
import Foundation
import TestSupport
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

private let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Snapshots")

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
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: folder.path, readsForeign: true)
    let existing = try #require(options.existing["."])
    return (try Generator.generate(analysis, options: options)[0].contents, existing)
  }

  private func matches(_ file: String, _ name: String) throws {
    let snapshot = snapshots.deletingLastPathComponent().appending(
      path: "ExistingSnapshots/\(name)")
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
        "3 LABEL org.opencontainers.image.licenses=MIT", "4 ENV LOG_LEVEL=warning",
        "6 ARG BUILD_NUMBER=0",
        "8 RUN apt-get install libpq-dev", "8 RUN apt-get install gcc",
        "8 RUN apt-get install libmagic1",
        "14 RUN ./scripts/fetch-models.sh", "16 USER 1500:1500", "17 VOLUME /data",
        "18 STOPSIGNAL SIGINT",
        "19 EXPOSE 9000", "20 HEALTHCHECK /healthz",
        #"21 CMD ["gunicorn", "app.main:app", "-w", "4"]"#,
      ])
    #expect(
      existing.dropped.map { "\($0.line) \($0.text)" } == [
        "4 ENV API_KEY", "7 ARG PIP_TOKEN", "10 WORKDIR /srv", "19 EXPOSE 9001",
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
        "6 RUN apk add libc6-compat", "7 FROM node:22-alpine", "9 LABEL team=web",
        "10 ENV TZ=Europe/Berlin",
        "11 USER 1000:1000", "12 EXPOSE 8080",
      ])
    #expect(existing.dropped.map(\.text) == [#"CMD ["npm", "start"]"#])
    try matches(file, "frontend")
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)")
  }

  /// What forge does only where it is asked to is not passed over.
  @Test(arguments: [
    "python -m compileall app", "python3 -m compileall -q . || true",
    "if [ -d app ]; then python -m compileall app; fi",
  ])
  func compilingIsListed(_ step: String) throws {
    let (file, existing) = try generate(
      "FROM python:3.12-slim-bookworm\nCOPY . .\nRUN pip install -r requirements.txt\nRUN \(step)\nCMD uvicorn app.main:app\n",
      Samples.fastapi())
    #expect(
      existing.dropped.contains { $0.line == 4 && $0.reason?.contains("--bytecode") == true },
      "\(existing)")
    #expect(!file.contains("RUN \(step)"))
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
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: folder.path, readsForeign: false)
    let anew = try Generator.generate(analysis, options: options).prefix(1)
    let plan = try GenerationPlan(files: Array(anew), root: folder.path)
    #expect(plan.isCurrent, "\(plan.entries.map(\.diff))")
  }

  // MARK: Steps, packages and commands

  struct Kept: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// What the new file must hold, in this order.
    let holds: [String]
    var lacks: [String] = []
    var says: [String] = []
    var files: [String: String] = [:]
    var testDescription: String { name }
  }

  private static let python = "FROM python:3.13-slim-trixie\nWORKDIR /srv\n"
  private static let install =
    "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n"

  static let backends = [
    Kept(
      name: "a step of one stage",
      text: python + install + "RUN python -m nltk.downloader -d /srv/data punkt\n",
      holds: [
        "COPY --from=build /source", "RUN python -m nltk.downloader -d /app/data punkt",
        "USER 10001",
      ]),
    Kept(
      name: "a step of the build",
      text: python + install
        + "RUN ./compile.sh && rm -rf /root/.cache\nFROM python:3.13-slim-trixie\nCOPY --from=0 /srv /app\n",
      holds: [
        "RUN chmod -R u=rwX,go=rX /source", "WORKDIR /source", "RUN ./compile.sh\n", "FROM python",
      ]),
    Kept(
      name: "the user's part of a step that is forge's too",
      text: python
        + "RUN apt-get update && apt-get install -y curl && curl -o /x https://example.org && rm -rf /var/lib/apt/lists/*\n",
      holds: [
        "install --yes --no-install-recommends curl", "RUN curl -o /x https://example.org\n",
      ],
      lacks: ["apt-get install -y"]),
    Kept(
      name: "packages from elsewhere come with their source",
      text: python
        + "RUN curl -o /etc/apt/sources.list.d/x.list https://example.org && apt-get update && apt-get install -y odd\n",
      holds: [
        "hadolint ignore=DL3008",
        "RUN curl -o /etc/apt/sources.list.d/x.list https://example.org && apt-get update",
      ],
      lacks: ["--no-install-recommends odd"]),
    Kept(
      name: "a script that cannot be taken apart",
      text: python + "RUN if [ -n \"$A\" ]; then ./a; else ./b; fi\n",
      holds: ["RUN if [ -n \"$A\" ]; then ./a; else ./b; fi\n"]),
    Kept(
      name: "a here-document", text: python + "RUN <<EOF\nset -e\napt-get update\n./a\n./b\nEOF\n",
      holds: ["RUN set -e \\\n    && ./a \\\n    && ./b\n"]),
    Kept(
      name: "distributions besides the requirements",
      text: python + install
        + "RUN pip install --no-cache-dir gunicorn==23.0.0 \"uvicorn[standard]\"\n",
      holds: [
        "--requirement requirements.txt",
        "pip --python /opt/venv/bin/python install --no-compile gunicorn==23.0.0 \"uvicorn[standard]\"\n",
      ]),
    Kept(
      name: "distributions before the requirements",
      text: python + "RUN pip install --index-url https://cpu.example torch\n" + install,
      holds: [
        "install --no-compile --index-url https://cpu.example torch",
        "--requirement requirements.txt",
      ]),
    Kept(
      name: "a setting counts from its line on",
      text: python + install + "ENV A=1\nRUN ./fetch\nENV OFFLINE=1\nVOLUME /data\n",
      holds: ["ENV A=1\n", "RUN ./fetch\n", "ENV OFFLINE=1\n", "VOLUME /data\n", "USER 10001"]),
    Kept(
      name: "an argument that a step reads",
      text: python + "ARG MODEL=small\n" + install + "RUN ./fetch $MODEL\n",
      holds: ["AS runtime", "ARG MODEL=small\n", "RUN ./fetch $MODEL\n"]),
    Kept(
      name: "a secret that a step reads",
      text: python + "ARG HF_TOKEN\n" + install + "RUN ./fetch --token $HF_TOKEN\n",
      holds: ["RUN --mount=type=secret,id=HF_TOKEN \\\n", "&& ./fetch --token $HF_TOKEN\n"],
      lacks: ["ARG HF_TOKEN"],
      says: ["ARG HF_TOKEN"]),
    Kept(
      name: "a secret in a step", text: python + "RUN API_TOKEN=verysecretvalue123 ./fetch\n",
      holds: [],
      lacks: ["verysecretvalue123", "./fetch"], says: ["RUN"]),
    Kept(
      name: "folders that the server writes",
      text: python + install
        + "RUN useradd -m -u 1500 app && mkdir -p /data /srv/up && chown -R app:app /data /srv/up /srv\nUSER app\n",
      holds: [
        "RUN mkdir -p /data /app/up \\\n    && chown -R 1500:1500 /data /app/up\n",
        "USER 1500:1500",
      ]),
    Kept(
      name: "the code belongs to root", text: python + install + "RUN chown -R nobody /srv\n",
      holds: [],
      lacks: ["chown"], says: ["RUN chown -R nobody /srv"]),
    Kept(
      name: "users by their names",
      text: python + "RUN groupadd -g 1600 crew && useradd --uid=1500 --gid crew app\nUSER app\n",
      holds: ["USER 1500:1600"]),
    Kept(
      name: "a file outside of the source",
      text: python + install + "COPY app.ini /etc/app/app.ini\n",
      holds: ["COPY --from=build /source/app.ini /etc/app/app.ini\n"], files: ["app.ini": "[x]\n"]),
    Kept(
      name: "a file that is not there", text: python + install + "COPY gone.ini /etc/app/app.ini\n",
      holds: [],
      lacks: ["gone.ini"], says: ["COPY gone.ini"]),
    Kept(
      name: "a file of another image",
      text: python + "COPY --from=busybox:1.37 /bin/busybox /bin/bb\n",
      holds: ["COPY --from=busybox:1.37 /bin/busybox /bin/bb\n"]),
    Kept(
      name: "an init process",
      text: python
        + "RUN apt-get update && apt-get install -y tini\nENTRYPOINT [\"/usr/bin/tini\", \"--\"]\nCMD [\"uvicorn\", \"app.main:app\"]\n",
      holds: [
        "--no-install-recommends tini", #"ENTRYPOINT ["tini", "--"]"#,
        #"CMD ["uvicorn", "app.main:app"]"#,
      ]),
    Kept(
      name: "an init process that nobody installs",
      text: python + "ENTRYPOINT [\"tini\"]\nCMD [\"uvicorn\", \"a:b\"]\n",
      holds: [#"CMD ["uvicorn", "a:b"]"#], lacks: [#"["tini"#], says: ["ENTRYPOINT tini"]),
    Kept(
      name: "a script in front of the server",
      text: python + install
        + "COPY docker/entry.sh /entry.sh\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"uvicorn\", \"a:b\"]\n",
      holds: [#"ENTRYPOINT ["bash", "/app/docker/entry.sh"]"#, #"CMD ["uvicorn", "a:b"]"#],
      files: ["docker/entry.sh": "#!/usr/bin/env bash\nalembic upgrade head\nexec \"$@\"\n"]),
    Kept(
      name: "a script that starts the server", text: python + install + "CMD [\"./start.sh\"]\n",
      holds: [#"CMD ["sh", "/app/start.sh"]"#], files: ["start.sh": "exec uvicorn a:b\n"]),
    Kept(
      name: "a script that the image could not run",
      text: python + install + "CMD [\"./start.sh\"]\n",
      holds: [#"CMD ["uvicorn", "app.main:app""#], says: [#"CMD ["./start.sh"]"#],
      files: ["start.sh": "poetry run uvicorn a:b\n"]),
    Kept(
      name: "a command with a shell",
      text: python + "CMD alembic upgrade head && uvicorn a:b --port ${PORT:-9000}\n",
      holds: [
        "EXPOSE 9000",
        #"CMD ["sh", "-c", "alembic upgrade head && exec uvicorn a:b --port ${PORT:-9000}"]"#,
      ]),
    Kept(
      name: "a command of a package manager",
      text: python
        + "CMD [\"uv\", \"run\", \"--no-sync\", \"uvicorn\", \"a:b\", \"--port\", \"80\"]\n",
      holds: ["EXPOSE 80\n", #"CMD ["uvicorn", "a:b", "--port", "80"]"#]),
    Kept(
      name: "times of the health check",
      text: python
        + "HEALTHCHECK --interval=7s --retries=9 CMD curl localhost || curl http://localhost/up\n",
      holds: [
        "HEALTHCHECK --interval=7s --timeout=5s --start-period=20s --retries=9 \\\n",
        "'GET', '/up'",
      ]),
    Kept(
      name: "a stage that reaches nothing",
      text: python + install
        + "FROM python:3.13-slim-trixie AS test\nRUN pytest\nFROM python:3.13-slim-trixie\n",
      holds: [], lacks: ["pytest"], says: ["FROM python:3.13-slim-trixie AS test"]),
    Kept(
      name: "a version without an image", text: "FROM python:3.8-slim\n",
      holds: ["FROM python:3.13-slim-trixie AS build"],
      says: ["FROM python:3.8-slim"]),
    Kept(
      name: "packages of Alpine",
      text:
        "FROM python:3.13-alpine\nRUN apk add --no-cache --virtual .build gcc vips-dev && apk add vips\n",
      holds: [
        "RUN apk add --no-cache gcc vips-dev\n", "AS runtime", "RUN apk add --no-cache vips\n",
      ], lacks: [".build"]
    ),
  ]

  private static let node = "FROM node:22-alpine AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
  private static let runner =
    "FROM node:22-alpine\nWORKDIR /app\nCOPY --from=build /app/.next/standalone ./\n"

  static let frontends = [
    Kept(
      name: "steps around the build",
      text: node + "RUN npx prisma generate\nRUN npm run build && node scripts/sitemap.js\n"
        + runner,
      holds: [
        "COPY . .", "RUN npx prisma generate\n", "npm run build", "RUN node scripts/sitemap.js\n",
        "FROM alpine",
      ]),
    Kept(
      name: "packages and steps of the last stage",
      text: node + runner
        + "RUN apk add --no-cache ffmpeg tini && adduser -S -u 1001 web && ffmpeg -version\nUSER web\n",
      holds: ["RUN apk add --no-cache ffmpeg tini\n", "RUN ffmpeg -version\n", "USER 1001:1001"]),
    Kept(
      name: "options of node behind an init process",
      text: node + runner
        + "RUN apk add tini\nENTRYPOINT [\"/sbin/tini\", \"--\"]\nCMD [\"node\", \"--max-old-space-size=512\", \"server.js\"]\n",
      holds: [
        #"ENTRYPOINT ["tini", "--"]"#,
        #"CMD ["env", "HOSTNAME=0.0.0.0", "node", "--max-old-space-size=512", "server.js"]"#,
      ]),
    Kept(
      name: "a script in front of the server",
      text: node + runner
        + "COPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"node\", \"server.js\"]\n",
      holds: [
        "COPY --from=build /app/entry.sh /app/entry.sh\n", #"ENTRYPOINT ["sh", "/app/entry.sh"]"#,
      ],
      files: ["entry.sh": "#!/bin/sh\nexec \"$@\"\n"]),
    Kept(
      name: "a script that needs npm",
      text: node + runner
        + "COPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"node\", \"server.js\"]\n", holds: [],
      lacks: ["ENTRYPOINT"], says: [#"ENTRYPOINT ["/entry.sh"]"#],
      files: ["entry.sh": "npx prisma migrate deploy\nexec \"$@\"\n"]),
    Kept(
      name: "files beside the output",
      text: node + runner
        + "COPY --from=build /app/prisma ./prisma\nCOPY --from=build --chown=x /app/.next/static ./.next/static\n",
      holds: ["COPY --from=build /app/prisma /app/prisma\n", "USER"], lacks: ["--chown=x"]),
    Kept(
      name: "npm where there is none", text: node + runner + "RUN npm install -g serve\n",
      holds: [],
      lacks: ["serve\n"], says: ["RUN npm install -g serve"]),
    Kept(
      name: "packages of Alpine on Debian", text: "FROM node:22-slim\nRUN apk add vips\n",
      holds: [], lacks: ["apk"],
      says: ["RUN apk add vips"]),
    Kept(
      name: "a base without a shell",
      text: node + "FROM gcr.io/distroless/nodejs22-debian13\nRUN echo x > /x\n",
      holds: [
        "FROM gcr.io/distroless/nodejs22", "this base has no shell to run it\n# RUN echo x > /x\n",
      ]),
    Kept(
      name: "settings of the package manager",
      text: "FROM node:22-alpine\nRUN npm config set registry https://npm.example && npm ci\n",
      holds: [
        "RUN npm config set registry https://npm.example\n", "COPY package", "npm ci --no-audit",
      ]),
  ]

  @Test(arguments: backends) func backendsKeepWhatIsTheirs(_ kept: Kept) async throws {
    try await check(kept, Samples.fastapi())
  }

  @Test(arguments: frontends) func frontendsKeepWhatIsTheirs(_ kept: Kept) async throws {
    try await check(kept, Samples.next())
  }

  /// What is kept stands where it belongs, what is not is said, both linters are silent, and a later run changes
  /// nothing.
  private func check(_ kept: Kept, _ service: Service) async throws {
    for (name, text) in kept.files { try folder.write(text, to: name) }
    let (file, existing) = try generate(kept.text, service, explains: false)
    var rest =
      file.split(separator: "\n").filter { !$0.hasPrefix("# forge:decided") }.joined(
        separator: "\n")[...] + "\n"
    for wanted in kept.holds {
      let range = try #require(
        rest.firstRange(of: wanted), "\(wanted) is not, or not there, in\n\(file)")
      rest = rest[range.upperBound...]
      // The end of a line is the start of the next.
      if wanted.hasSuffix("\n") { rest = "\n" + rest }
    }
    for lacking in kept.lacks { #expect(!file.contains(lacking), "\(lacking) is in\n\(file)") }
    for said in kept.says {
      #expect(existing.dropped.contains { $0.text == said }, "\(existing.dropped)")
    }
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)\n\(file)")
    try folder.write(file, to: "Dockerfile")
    var service = service
    service.path = "."
    let analysis = Analysis(root: ".", services: [service])
    var options = RecipeOptions()
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: folder.path, readsForeign: false)
    let plan = try GenerationPlan(
      files: Array(Generator.generate(analysis, options: options).prefix(1)), root: folder.path)
    #expect(plan.isCurrent, "\(plan.entries.map(\.diff))")
  }

  // MARK: Recipes of the user's own

  private static let ownRecipe =
    "FROM {{{buildImage}}} AS build\n{{#kept.build}}\n{{{.}}}\n{{/kept.build}}\n"
    + "FROM {{{finalImage}}}\n{{#kept.final}}\n{{{.}}}\n{{/kept.final}}\nUSER {{{user}}}\n"
    + "EXPOSE {{{port}}}\nCMD {{{command}}}\n"

  private func generate(_ text: String, recipe: String) throws -> String {
    var service = Samples.fastapi()
    service.path = "."
    try folder.write(text, to: "Dockerfile")
    try folder.write(recipe, to: "recipes/fastapi/Dockerfile.mustache")
    let analysis = Analysis(root: ".", services: [service])
    var options = RecipeOptions()
    options.recipes = folder.file("recipes")
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: folder.path, readsForeign: true)
    return try Generator.generate(analysis, options: options)[0].contents
  }

  struct Lost: Sendable, CustomTestStringConvertible {
    /// What of a recipe that holds everything is left out.
    let missing: String
    let line: String
    let slot: String
    let decision: String
    var testDescription: String { line }
  }

  /// A recipe without a slot for what is decided loses nothing silently: it is refused, with the recipe, the slot and the
  /// decision.
  @Test(arguments: [
    Lost(
      missing: "{{#kept.final}}\n{{{.}}}\n{{/kept.final}}\n", line: "LABEL team=payments",
      slot: "kept.final", decision: "LABEL team=payments"),
    Lost(
      missing: "{{#kept.final}}\n{{{.}}}\n{{/kept.final}}\n", line: "RUN echo hello > /hello",
      slot: "kept.final", decision: "RUN echo hello > /hello"),
    Lost(
      missing: "{{#kept.build}}\n{{{.}}}\n{{/kept.build}}\n", line: "ARG BUILD_NUMBER=0",
      slot: "kept.build", decision: "ARG BUILD_NUMBER=0"),
    Lost(
      missing: "USER {{{user}}}\n", line: "USER 1500", slot: "user", decision: "USER 1500:1500"),
    Lost(
      missing: "EXPOSE {{{port}}}\n", line: "EXPOSE 9000", slot: "port", decision: "EXPOSE 9000"),
    Lost(
      missing: "CMD {{{command}}}\n", line: "CMD [\"uvicorn\", \"a:b\"]", slot: "command",
      decision: "CMD [\"uvicorn\", \"a:b\"]"),
    Lost(
      missing: "", line: "RUN apt-get install -y libmagic1",
      slot: "buildPackages or runtimePackages", decision: "libmagic1"),
    Lost(
      missing: "", line: "HEALTHCHECK CMD curl http://localhost/up", slot: "healthFlags",
      decision: "HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3"),
    Lost(
      missing: "",
      line: "RUN apt-get install -y tini\nENTRYPOINT [\"tini\", \"--\"]\nCMD uvicorn a:b",
      slot: "entrypoint", decision: "ENTRYPOINT [\"tini\", \"--\"]"),
    Lost(
      missing: "", line: "RUN pip config set global.index-url https://pypi.example",
      slot: "kept.beforeInstallation",
      decision: "RUN pip config set global.index-url https://pypi.example"),
  ])
  func aRecipeWithoutASlotIsRefused(_ lost: Lost) throws {
    let text = "FROM python:3.13-slim-trixie\n\(lost.line)\n"
    var recipe = Self.ownRecipe
    if !lost.missing.isEmpty {
      #expect(try generate(text, recipe: recipe).contains(lost.decision))
      recipe = recipe.replacing(lost.missing, with: "")
    } else if lost.slot == "entrypoint" {
      recipe += "# {{{runtimePackages}}}\n"
    }
    let error = #expect(throws: RecipeError.self) { try generate(text, recipe: recipe) }
    let line = lost.slot == "entrypoint" ? 3 : 2
    #expect(
      error
        == .missingSlot(
          recipe: folder.file("recipes/fastapi/Dockerfile.mustache"), slot: lost.slot,
          decision: lost.decision, place: "Dockerfile:\(line)"))
    #expect(error?.exitCode == .usage)
  }

  /// Without decisions there is nothing to lose, and a fixed base is the recipe's own affair only then.
  @Test func aFixedBaseLosesTheBase() throws {
    let recipe = "FROM corp.example/python:1\nUSER {{{user}}}\nCMD {{{command}}}\n"
    let error = #expect(throws: RecipeError.self) {
      try generate("FROM python:3.13-slim-trixie\n", recipe: recipe)
    }
    guard case .missingSlot(_, "buildImage", "FROM python:3.13-slim-trixie", "Dockerfile:1") = error
    else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(throws: Never.self) { try generate("FROM python:3.8-slim\n", recipe: recipe) }
  }

  // MARK: What cannot be kept

  @Test func aForeignFileIsReadOnlyWhenAskedFor() throws {
    try folder.write(Self.backend, to: "Dockerfile")
    var service = Samples.fastapi()
    service.path = "."
    let analysis = Analysis(root: ".", services: [service])
    #expect(
      try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: false).isEmpty)
    try FileManager.default.removeItem(atPath: folder.file("Dockerfile"))
    #expect(throws: RecipeError.noDockerfile(path: "Dockerfile")) {
      try ExistingDockerfile.all(of: analysis, root: folder.path, readsForeign: true)
    }
  }

  @Test(arguments: [
    (
      "FROM registry.example:5000/team/python:3\n",
      BaseChoice.named("registry.example:5000/team/python:3")
    ),
    ("FROM gcr.io/distroless/python3-debian13:nonroot\n", .distroless),
    ("FROM cgr.dev/chainguard/python:latest\n", .chainguard),
    ("FROM python:3.13-alpine\n", .alpine),
    ("FROM python:3.13-slim AS a\nFROM a\n", .slim),
  ])
  func baseIsKept(_ text: String, _ base: BaseChoice) throws {
    try folder.write(text, to: "Dockerfile")
    var service = Samples.fastapi()
    service.path = "."
    let found = try ExistingDockerfile.all(
      of: Analysis(root: ".", services: [service]), root: folder.path, readsForeign: true)
    #expect(found["."]?.base.choice == base)
  }

  @Test(arguments: [
    "FROM python:3.13\n", "FROM python\n", "FROM python:3.13-slim\nUSER root\n",
    "FROM python:3.13-slim\nEXPOSE $PORT\n",
    "FROM python:3.13-slim\nCMD uvicorn a:b --reload\n",
    "FROM python:3.13-slim\nCMD [\"sh\", \"-c\", \"x\"]\n",
    "FROM python:3.13-slim\nENTRYPOINT [\"/entrypoint.sh\"]\n",
    "FROM python:3.13-slim\nENV A=$UNKNOWN_OF_THE_BASE\n",
    "FROM python:3.13-slim\nRUN apt-get install -y 'a b' $PACKAGES\n",
    "FROM python:3.13-slim\nADD https://example.org/x /x\n",
    "FROM python:3.13-slim\nENV PATH=/x:$PATH\n",
    "FROM python:3.13-slim\nENV DATABASE_URL=postgres://u:p4ssw0rd@db/x\n",
    "FROM python:3.13-slim\nSHELL [\"bash\"]\n",
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
    let (file, _) = try generate(
      "FROM python:3.13-slim\n\(line)\n", Samples.fastapi(), explains: false)
    let instructions = file.split(separator: "\n").filter {
      !$0.hasPrefix("#") && !$0.hasPrefix(" ")
    }
    let known = [
      "FROM", "WORKDIR", "ENV", "RUN", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "CMD", "LABEL",
      "VOLUME", "ARG",
    ]
    #expect(instructions.allSatisfy { line in known.contains { line.hasPrefix($0 + " ") } })
    #expect(!instructions.contains { $0.hasPrefix("RUN evil") })
    let hadolint = try await Command.run("hadolint", ["-"], input: Array(file.utf8))
    #expect(hadolint.status == 0, "\(hadolint)")
  }
}
