import ForgeCatalogue
import ForgeBasics
import ForgeInspection
import ForgeRules
import Testing

@Suite struct ImageRulesTests {
  @Test func aCleanImagePasses() {
    let verdict = ImageUnderTest().judge()
    #expect(verdict.findings == [])
    #expect(verdict.passed)
  }

  @Test func everyRuleIsInTheCatalogueAndOnceOnly() {
    #expect(RuleCatalogue.rules.count >= 16)
    #expect(Set(RuleCatalogue.rules.map(\.id)).count == RuleCatalogue.rules.count)
    for rule in RuleCatalogue.rules {
      #expect(!rule.why.isEmpty && !rule.title.isEmpty, "\(rule.id)")
    }
  }

  @Test func sizeOverTheLimitNamesMetricLargestAndRemedy() throws {
    var image = ImageUnderTest()
    image.stored = 210_000_000
    let finding = try #require(image.findings("FORGE-S001").first)
    #expect(finding.message.contains("stored size is 210.0 MB, 10.0 MB over the limit of 200.0 MB"))
    #expect(finding.message.contains("opt/model.bin 90.0 MB"))
    #expect(finding.fix?.contains("which alone would be enough") == true)
    #expect(!image.judge().passed)
  }

  @Test func sizeExactlyAtTheLimitPasses() {
    var image = ImageUnderTest()
    image.stored = 200_000_000
    #expect(image.findings("FORGE-S001") == [])
    image.stored += 1
    #expect(image.findings("FORGE-S001").count == 1)
  }

  /// As moby/sys/user reads it; peers miss all but the first two.
  @Test(arguments: [
    "", "root", "0", "0:0", "00", "+0", "-0", ":1000", "root:root", "toor", "0:10001",
  ])
  func root(user: String) {
    var image = ImageUnderTest()
    image.user = user
    image.details.passwd = Array("toor:x:0:0::/:/bin/sh\nroot:x:0:0::/root:/bin/sh\n".utf8)
    #expect(image.findings("FORGE-I001").count == 1)
    #expect(!image.judge().passed)
  }

  /// Accounts that look harmless: runtimes cut a uid to 32 bits, take a uid that is none for 0, and look for a number
  /// among the uids, never among the names.
  @Test(arguments: [
    ("app", "app:x:0:0::/:/bin/sh"), ("app", "app:x"), ("app", "app"), ("app", "app:x::::"),
    ("app", "app:x:0x1:"),
    ("app", "app:x:4294967296:"), ("app", "app:x:-4294967296:"),
    ("app", "app:x:-99999999999999999999:"),
    ("app", "  app:x:00:"), ("app", "app:x:0:\u{2028}app:x:1:"),
    ("app", "a\u{2028}app:x:1:\napp:x:0:"),
    ("app", "app:x:-0:\r\n"), ("0", "0:x:1000:1000::/:"), ("0:\u{301}x", "root:x:0:0::/:"),
    ("4294967296", ""), ("4294967296", "4294967296:x:0:0::/:"), ("-4294967296", ""),
    ("caf\u{E9}", "cafe\u{301}:x:1000:\ncaf\u{E9}:x:0:"),
  ])
  func rootInDisguise(user: String, passwd: String) {
    var image = ImageUnderTest()
    image.user = user
    image.details.passwd = Array(passwd.utf8)
    #expect(image.findings("FORGE-I001").count == 1)
    #expect(!image.judge().passed)
  }

  /// Names that no runtime finds: the container cannot start, and nobody may take that for a pass.
  @Test(arguments: [
    "ROOT", "Root", " root", "root ", "root\u{200B}", "user@host", "0x0", "0x0:0", "\u{660}",
    "\u{FF10}", "0_0", "1e3",
    "cafe\u{301}",
  ])
  func namesThatNobodyHas(user: String) {
    var image = ImageUnderTest()
    image.user = user
    image.details.passwd = Array("root:x:0:0::/:\ncaf\u{E9}:x:1000:1000::/:\n".utf8)
    #expect(image.findings("FORGE-I003").count == 1)
    #expect(!image.judge().passed)
  }

  @Test func theGroupIsTheOneOfTheGroupFile() {
    var image = ImageUnderTest()
    image.details.group = Array("root:x:0:\napp:x:10001:\nweb:x:33:\n".utf8)
    image.add("app/main.py", mode: 0o664)
    image.details.files[0].gid = 33
    for (user, isWritable) in [
      ("app:web", true), ("app:33", true), ("app", false), ("app:root", false),
      ("app:nobody", false), ("10001", false),
      ("10001:web", true),
    ] {
      image.user = user
      #expect(image.findings("FORGE-I025").count == (isWritable ? 1 : 0), "\(user)")
    }
  }

  @Test(arguments: ["1000", "app", "10001:0", "app:root"])
  func notRoot(user: String) {
    var image = ImageUnderTest()
    image.user = user
    #expect(image.findings("FORGE-I001") == [])
  }

  @Test func theFirstAccountOfANameCounts() {
    var image = ImageUnderTest()
    image.user = "app"
    image.details.passwd = Array("app:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n".utf8)
    #expect(image.findings("FORGE-I001").count == 1)
  }

  @Test(arguments: ["2147483648", "99999999999999999999", "1000:4294967296", "-5"])
  func outOfRange(user: String) {
    var image = ImageUnderTest()
    image.user = user
    #expect(image.findings("FORGE-I002").count == 1)
  }

  @Test func unknownName() {
    var image = ImageUnderTest()
    image.user = "nobody-here"
    #expect(image.findings("FORGE-I003").count == 1)
    image.details.passwd = nil
    image.user = "root"
    #expect(image.findings("FORGE-I003") == [])
    #expect(image.findings("FORGE-I001").count == 1)
  }

  @Test func secondRootAccount() {
    var image = ImageUnderTest()
    image.details.passwd = Array("root:x:0:0::/:/bin/sh\nsneaky:x:0:0::/:/bin/sh\nbroken\n:\n".utf8)
    #expect(image.findings("FORGE-I012").map(\.message) == ["the account \"sneaky\" has uid 0"])
  }

  @Test func healthcheckIsInfoOnly() {
    var image = ImageUnderTest()
    image.details.config.hasHealthcheck = false
    #expect(image.findings("FORGE-I004").map(\.severity) == [.info])
    #expect(image.judge().passed)
  }

  @Test func cachesAreSummedByLayer() {
    var image = ImageUnderTest()
    image.add("var/lib/apt/lists/a_Packages", size: 60_000, layer: 1)
    image.add("var/lib/apt/lists/b_Packages", size: 60_000, layer: 1, visible: false)
    image.add("var/lib/apt/lists/lock", size: 10, layer: 2)
    let findings = image.findings("FORGE-I005")
    #expect(findings.map(\.location) == ["layer 1: var/lib/apt/lists/"])
    #expect(findings.first?.message.contains("120.0 kB") == true)
  }

  @Test func setuidOnlyWhereVisible() {
    var image = ImageUnderTest()
    image.add("usr/bin/su", mode: 0o4755)
    image.add("usr/bin/wall", mode: 0o2755)
    image.add("usr/bin/old", mode: 0o4755, visible: false)
    image.add("opt/helper", mode: 0o6755, layer: 2)
    #expect(
      image.findings("FORGE-I006").map(\.message).sorted() == [
        "/opt/helper is setuid or setgid", "/usr/bin/su, /usr/bin/wall are setuid or setgid",
      ])
  }

  @Test func worldWritable() {
    var image = ImageUnderTest()
    image.add("app/data.db", mode: 0o666)
    image.add("app/uploads", mode: 0o777, kind: .directory)
    image.add("tmp", mode: 0o1777, kind: .directory)
    image.add("bin/sh", mode: 0o777, kind: .symlink)
    #expect(image.findings("FORGE-I024").map(\.location) == ["layer 0: app/data.db"])
    #expect(
      image.findings("FORGE-I024").first?.message
        == "/app/data.db, /app/uploads may be written by everyone")
    for number in 0..<5 { image.add("srv/\(number)", mode: 0o666) }
    #expect(image.findings("FORGE-I024").first?.message.contains("/srv/0 and 4 more") == true)
  }

  @Test func volumesAndPorts() {
    var image = ImageUnderTest()
    image.details.config.volumes = ["/etc/", "/data", "/var/run/docker.sock", "/"]
    image.details.config.exposedPorts = ["22/tcp", "2222/tcp", "8000/tcp"]
    #expect(image.findings("FORGE-I014").count == 3)
    #expect(image.findings("FORGE-I019").count == 1)
  }

  @Test func shellForm() {
    var image = ImageUnderTest()
    image.cmd = ["/bin/sh", "-c", "uvicorn app.main:app"]
    #expect(image.findings("FORGE-I021").count == 1)
    image.cmd = ["/bin/sh", "-c", "exec uvicorn app.main:app"]
    #expect(image.findings("FORGE-I021") == [])
  }

  @Test(arguments: [
    ["next", "dev"], ["npm", "run", "dev"], ["sh", "-c", "exec next dev"],
    ["uvicorn", "a:b", "--reload"],
    ["/opt/venv/bin/fastapi", "dev"],
  ])
  func developmentServer(cmd: [String]) {
    var image = ImageUnderTest()
    image.cmd = cmd
    #expect(image.findings("FORGE-I032").count == 1)
  }

  @Test func onBuild() {
    var image = ImageUnderTest()
    image.details.history = [
      HistoryFacts(createdBy: "/bin/sh -c #(nop)  ONBUILD RUN curl evil", layer: nil),
      HistoryFacts(createdBy: "RUN echo ONBUILD", layer: 0),
    ]
    #expect(image.findings("FORGE-I033").count == 1)
  }
}
