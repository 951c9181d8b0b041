import ForgeInspection
import ForgeRules
import Testing

/// How a container starts and as whom, told by meaning and not by words.
@Suite struct StartRulesTests {
  @Test(arguments: [
    ["next", "dev"], ["next", "", "dev"], ["sh", "-c", "next  dev"], ["npm", "run", "dev"],
    ["npm", "run", "-s", "dev"], ["npm", "--prefix", "web", "run", "dev"], ["yarn", "dev"],
    ["pnpm", "--filter", "web", "dev"], ["flask", "run"], ["flask", "--app", "shop", "run"],
    ["python", "-m", "flask", "run", "--host=0.0.0.0"],
    ["python", "manage.py", "runserver", "0:8000"],
    ["nodemon", "server.js"], ["npx", "nodemon", "server.js"], ["node", "--watch", "server.js"],
    ["node", "--inspect=0.0.0.0:9229", "server.js"], ["uvicorn", "a:b", "--reload"],
    ["/bin/sh", "-c", "alembic upgrade head && exec uvicorn a:b --reload"],
    ["fastapi", "dev", "main.py"],
    ["tsx", "watch", "src/index.ts"], ["/app/node_modules/.bin/next", "dev"],
  ])
  func developmentServers(command: [String]) {
    var image = ImageUnderTest()
    image.cmd = command.filter { !$0.isEmpty }
    #expect(image.findings("FORGE-I032").count == 1, "\(command)")
  }

  @Test(arguments: [
    ["next", "start"], ["npm", "run", "dev:prod"], ["npm", "start"],
    ["node", "server.js", "--watch"],
    ["node", "server.js"], ["uvicorn", "a:b", "--reload-like"], ["flask", "db", "upgrade"],
    ["python", "manage.py", "migrate"], ["gunicorn", "shop.wsgi"], ["node", "dev.js"],
    ["sh", "-c", "echo dev && exec node server.js"], ["fastapi", "run"], ["bun", "run", "start"],
  ])
  func productionServers(command: [String]) {
    var image = ImageUnderTest()
    image.cmd = command
    #expect(image.findings("FORGE-I032") == [], "\(command)")
  }

  @Test(arguments: [
    ("exec node server.js", true), ("alembic upgrade head && exec uvicorn a:b", true),
    ("PORT=${PORT:-3000} exec node server.js", true), ("set -e; migrate; exec uvicorn a:b", true),
    ("exec nginx -g 'daemon off;'", true), ("migrate && uvicorn a:b", false),
    ("echo exec; uvicorn a:b", false), ("echo 'x; exec y'", false),
  ])
  func shellsThatHandOver(script: String, handsOver: Bool) {
    var image = ImageUnderTest()
    image.cmd = ["/bin/sh", "-c", script]
    #expect(image.findings("FORGE-I021").isEmpty == handsOver, "\(script)")
  }

  @Test(arguments: ["/etc", "//etc", "/etc/", "/./etc", "/var/../etc", "/proc//"])
  func volumesOfTheSystem(volume: String) {
    var image = ImageUnderTest()
    image.details.config.volumes = [volume, "/data", "/etc-data"]
    #expect(image.findings("FORGE-I014").count == 1, "\(volume)")
  }

  @Test(arguments: [
    ("LD_AUDIT=/tmp/a.so", "warning"), ("LD_PRELOAD=/usr/lib/libjemalloc.so", "info"),
    ("BASH_ENV=/etc/profile.d/x.sh", "info"), ("NODE_OPTIONS=--require /tmp/hook.js", "warning"),
    ("NODE_OPTIONS=--max-old-space-size=512 -r=/opt/otel.js", "info"),
    ("NODE_OPTIONS=--import ./otel.mjs", "info"), ("NODE_OPTIONS=--max-old-space-size=512", nil),
    ("LD_PRELOAD=", nil), ("ENVIRONMENT=/etc", nil),
  ])
  func loadersOfCode(entry: String, severity: String?) {
    var image = ImageUnderTest()
    image.details.config.environment = [entry]
    let found = image.findings("FORGE-I031").map { $0.severity.rawValue }
    switch severity {
    case nil: #expect(found == [], "\(entry)")
    case "info"?: #expect(found == ["info"], "\(entry)")
    default: #expect(found.count == 1 && found != ["info"], "\(entry)")
    }
  }

  @Test func aPreloadedLibraryIsFound() {
    var image = ImageUnderTest()
    image.add("etc/ld.so.preload", size: 20)
    #expect(image.findings("FORGE-I031").count == 1)
    image = ImageUnderTest()
    image.add("etc/ld.so.preload", size: 0)
    image.add("opt/etc/ld.so.preload", size: 20)
    #expect(image.findings("FORGE-I031") == [])
  }

  @Test(arguments: [
    ("sudo", "warning"), ("doas", "warning"), ("gosu", "info"), ("su-exec", "info"),
  ])
  func programsThatSwitchUsers(name: String, severity: String) {
    var image = ImageUnderTest()
    image.add("usr/local/bin/\(name)", mode: 0o755)
    let found = image.findings("FORGE-I013")
    #expect(found.count == 1)
    #expect(found.first.map { $0.severity.rawValue == "info" } == (severity == "info"))
  }

  @Test func sudoIsACommandAndNoPackage() {
    var image = ImageUnderTest()
    image.details.history = [
      HistoryFacts(createdBy: "RUN /bin/sh -c apt-get purge sudo", layer: nil),
      HistoryFacts(createdBy: "RUN /bin/sh -c echo sudo >> list", layer: nil),
    ]
    #expect(image.findings("FORGE-I013") == [])
    image.details.history = [
      HistoryFacts(createdBy: "RUN /bin/sh -c cd /x && sudo make", layer: nil)
    ]
    #expect(image.findings("FORGE-I013").count == 1)
  }

  @Test func tagsOfLayouts() {
    var image = ImageUnderTest()
    for (reference, isLatest) in [
      ("1.2.3", false), ("v1", false), ("latest", true), ("acme/x", true), ("x:latest", true),
      ("localhost:5000/x", true), ("localhost:5000/x:2", false),
    ] {
      image.reference = reference
      #expect(image.findings("FORGE-I018").isEmpty != isLatest, "\(reference)")
    }
  }

  /// Setuid files of the base are information under every profile; others count where the profile says so.
  @Test func setuidFilesUnderProfiles() throws {
    var image = ImageUnderTest()
    image.add("usr/bin/passwd", mode: 0o4755)
    for profile in Policy.Profile.allCases {
      let policy = try Policy.parse("", source: nil, profile: profile)
      #expect(image.findings("FORGE-I006", policy).map(\.severity) == [.info], "\(profile)")
    }
    image.add("usr/bin/evil", mode: 0o4755)
    let strict = try Policy.parse("", source: nil, profile: .strict)
    #expect(image.findings("FORGE-I006", strict).map(\.severity) == [.warning, .info])
  }

  @Test func addThatFillsTheRoot() {
    var image = ImageUnderTest()
    image.details.history = [
      HistoryFacts(createdBy: "# debian.sh", layer: 0),
      HistoryFacts(createdBy: "ADD rootfs.tar.xz / # buildkit", layer: 1),
      HistoryFacts(createdBy: "ADD https://example.org/y.tar / # buildkit", layer: 2),
      HistoryFacts(createdBy: "ADD app /app # buildkit", layer: 3),
    ]
    #expect(image.findings("FORGE-I007").map(\.location) == ["history[2]", "history[3]"])
  }
}
