import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeImages
import ForgeInspection
import ForgeSecrets
import Testing

@testable import ForgeRules

@Suite struct CatalogueRulesTests {
  private func image(_ change: (inout ImageUnderTest) -> Void) -> ImageUnderTest {
    var image = ImageUnderTest()
    change(&image)
    return image
  }

  @Test func thirtyNineRulesAndWhatCannotBeJudged() {
    let ids = Set(RuleCatalogue.rules.map(\.id))
    for number in 1...39 {
      let digits = String(number)
      let id = "FORGE-I" + String(repeating: "0", count: 3 - digits.count) + digits
      #expect(ids.contains(FindingID(rawValue: id)))
    }
    for rule in RuleCatalogue.rules {
      #expect(!rule.fix.isEmpty && rule.since >= 1 && rule.since <= RuleCatalogue.currentVersion)
    }
    #expect(
      ImageUnderTest().judge().notCheckable.map(\.id).starts(with: [
        "CIS-4.2", "CIS-4.4", "CIS-4.11",
      ]))
  }

  /// Every rule, once, by one fault in a clean image.
  @Test(arguments: [
    "FORGE-I007", "FORGE-I011", "FORGE-I012", "FORGE-I013", "FORGE-I015", "FORGE-I016",
    "FORGE-I017", "FORGE-I018",
    "FORGE-I020", "FORGE-I022", "FORGE-I023", "FORGE-I025", "FORGE-I026", "FORGE-I027",
    "FORGE-I028", "FORGE-I029",
    "FORGE-I030", "FORGE-I031", "FORGE-I034", "FORGE-I035", "FORGE-I037", "FORGE-I038",
    "FORGE-I039",
  ])
  func fires(id: String) {
    #expect(ImageUnderTest().findings(id) == [])
    #expect(!faulty(id).findings(id).isEmpty, "\(id)")
  }

  private func faulty(_ id: String) -> ImageUnderTest {
    image { image in
      switch id {
      case "FORGE-I007":
        image.details.history = [
          HistoryFacts(createdBy: "/bin/sh -c #(nop) ADD file:1 in /", layer: 0),
          HistoryFacts(createdBy: "ADD https://example.org/x /x # buildkit", layer: 1),
        ]
      case "FORGE-I011": image.details.shadow = Array("root::19000:0:99999:7:::\n".utf8)
      case "FORGE-I012":
        image.details.passwd = Array("root:x:0:0::/:/bin/sh\na:x:5:5::/:\nb:x:5:5::/:\n".utf8)
      case "FORGE-I013": image.add("usr/bin/sudo")
      case "FORGE-I015":
        image.details.history = [
          HistoryFacts(createdBy: "RUN apt-get update && apt-get dist-upgrade -y", layer: 0)
        ]
      case "FORGE-I016": image.add("var/cache/apk/APKINDEX.1.tar.gz", size: 500_000)
      case "FORGE-I017": image.add("var/cache/dnf/x.solv", size: 500_000)
      case "FORGE-I018":
        image.details.config.labels = [
          "org.opencontainers.image.base.name": "docker.io/library/node"
        ]
      case "FORGE-I020": image.details.config.workingDirectory = "app"
      case "FORGE-I022": image.details.config.author = "me"
      case "FORGE-I023": image.add("app/.git/objects/pack/x.pack", size: 9)
      case "FORGE-I025": image.addOwned("app/server.js", uid: 10001)
      case "FORGE-I026": image.add("usr/bin/apt")
      case "FORGE-I027": image.add("dev/console", kind: .device)
      case "FORGE-I028": image.add("app/x", attributes: ["user.overlay.origin"])
      case "FORGE-I029": image.add("etc/ssh/ssh_host_rsa_key", size: 400)
      case "FORGE-I030": image.add("app/main.py")
      case "FORGE-I031": image.details.config.environment = ["PATH=/usr/bin:bin"]
      case "FORGE-I034": image.details.attestations = Attestations()
      case "FORGE-I035":
        image.details.attestations = Attestations(statements: [
          Array(
            #"{"predicate":{"invocation":{"parameters":{"args":{"build-arg:NPM_TOKEN":"abcdef"}}}}}"#
              .utf8)
        ])
      case "FORGE-I037":
        image.notes = [
          Finding(
            id: "FORGE-A004", severity: .warning, message: "data after the end", location: "layer 0"
          )
        ]
      case "FORGE-I038": for _ in 0...127 { image.addLayer(stored: 1) }
      default: image.details.osRelease = Array("ID=debian\nVERSION_ID=\"10\"\n".utf8)
      }
    }
  }

  /// What is almost a breach of each rule, and is none.
  @Test(arguments: [
    "FORGE-I001", "FORGE-I002", "FORGE-I003", "FORGE-I004", "FORGE-I005", "FORGE-I006",
    "FORGE-I007", "FORGE-I008",
    "FORGE-I009", "FORGE-I010", "FORGE-I011", "FORGE-I012", "FORGE-I013", "FORGE-I014",
    "FORGE-I015", "FORGE-I016",
    "FORGE-I017", "FORGE-I018", "FORGE-I019", "FORGE-I020", "FORGE-I021", "FORGE-I022",
    "FORGE-I023", "FORGE-I024",
    "FORGE-I025", "FORGE-I026", "FORGE-I027", "FORGE-I028", "FORGE-I029", "FORGE-I030",
    "FORGE-I031", "FORGE-I032",
    "FORGE-I033", "FORGE-I034", "FORGE-I035", "FORGE-I037", "FORGE-I038", "FORGE-I039",
  ])
  func staysSilent(id: String) throws {
    let image = image { nearMiss(id, &$0) }
    #expect(image.findings(id) == [])
  }

  private func nearMiss(_ id: String, _ image: inout ImageUnderTest) {
    func steps(_ texts: String...) {
      image.details.history = texts.map { HistoryFacts(createdBy: $0, layer: nil) }
    }
    switch id {
    case "FORGE-I001": image.user = "10000"
    case "FORGE-I002": image.user = "2147483647:2147483647"
    case "FORGE-I003": image.user = "app"
    case "FORGE-I004": image.details.config.isDockerFormat = false
    case "FORGE-I005":
      image.add("var/lib/apt/lists/a_Packages", size: 99_999)
      steps("RUN apt-get update && apt-get install -y curl")
    case "FORGE-I006": image.add("usr/bin/su", mode: 0o1755)
    case "FORGE-I007": steps("COPY app.tar.gz /", "RUN echo ADD x /")
    case "FORGE-I008":
      image.details.config.environment = [
        "TOKEN_TTL=60", "SECRET_FILE=/run/secrets/x", "AUTH_ENABLED=true", "KEY=",
      ]
      steps("|1 NODE_ENV=production /bin/sh -c npm ci")
    case "FORGE-I009":
      image.add("app/.env.example")
      image.add("app/.env", size: 0)
      image.add("etc/ssl/certs/a.pem", head: "-----BEGIN CERTIFICATE-----")
      image.add("root/.npmrc", head: "//registry.example/:_authToken=${NPM_TOKEN}\n")
    case "FORGE-I010": image.add("app/settings.py", head: "TOKEN = os.environ['TOKEN']")
    case "FORGE-I011": image.details.shadow = Array("root:*:19000::::::\napp:!:19000::::::\n".utf8)
    case "FORGE-I012":
      image.details.passwd = Array("root:x:0:0::/:\na:x:5:5::/:\nb:x:6:5::/:\n".utf8)
    case "FORGE-I013": image.add("usr/share/doc/sudo")
    case "FORGE-I014": image.details.config.volumes = ["/data", "/etcetera"]
    case "FORGE-I015": steps("RUN apt-get update && apt-get install -y dist")
    case "FORGE-I016": image.add("var/cache/apk/x", size: 99_999)
    case "FORGE-I017": image.add("var/cache/dnf/x", size: 99_999)
    case "FORGE-I018":
      image.reference = "todo@sha256:00"
      image.details.config.labels = ["org.opencontainers.image.base.name": "node:24-slim"]
    case "FORGE-I019": image.details.config.exposedPorts = ["1024/tcp", "2222/udp", "65535"]
    case "FORGE-I020": image.details.config.workingDirectory = "/app"
    case "FORGE-I021": image.cmd = ["sh", "start.sh"]
    case "FORGE-I022": steps("LABEL maintainer=me")
    case "FORGE-I023":
      image.add("app/gitlab/x")
      image.add("usr/lib/python3/tests/x")
    case "FORGE-I024": image.add("app/tmp", mode: 0o1777, kind: .directory)
    case "FORGE-I025":
      image.addOwned("app/data.json", uid: 10001)
      image.addOwned("app/other.py", uid: 10002)
    case "FORGE-I026": image.add("opt/tools/bash")
    case "FORGE-I027": image.add("dev/console")
    case "FORGE-I028": image.add("app/x", attributes: ["security.capability", "user.comment"])
    case "FORGE-I029":
      image.add("etc/ssh/ssh_host_rsa_key.pub", size: 400)
      image.add("etc/machine-id", size: 0)
    case "FORGE-I030":
      image.add("etc/ssl/certs/ca-certificates.crt")
      image.add("app/main.py")
    case "FORGE-I031":
      image.details.config.environment = [
        "PATH=/usr/bin:/bin", "NODE_OPTIONS=--max-old-space-size=1",
      ]
    case "FORGE-I032":
      image.cmd = ["node", "server.js"]
      image.details.config.environment = ["NODE_ENV=production", "DEBUG=0"]
    case "FORGE-I033": steps("RUN echo ONBUILD RUN x")
    case "FORGE-I034": image.details.attestations = nil
    case "FORGE-I035":
      image.details.attestations = Attestations(statements: [
        Array(
          #"{"predicate":{"invocation":{"parameters":{"args":{"build-arg:NODE_ENV":"production"}}}}}"#
            .utf8)
      ])
    case "FORGE-I037":
      image.notes = [Finding(id: "FORGE-A013", severity: .info, message: "history does not fit")]
    case "FORGE-I038": for _ in 0..<127 { image.addLayer(stored: 1) }
    default: image.details.osRelease = Array("ID=debian\nVERSION_ID=\"13\"\n".utf8)
    }
  }

  /// No rule without a test: what is not above has one of its own, named here.
  @Test func everyRuleOfTheCatalogueIsTested() {
    let ids = Set(ImageRules.all.map(\.id))
    for rule in RuleCatalogue.rules where rule.id != "FORGE-I036" {
      #expect(
        ids.contains(rule.id) || ["FORGE-S006", "FORGE-P002", "FORGE-P003"].contains(rule.id),
        "\(rule.id) is in the catalogue, but nothing checks it")
    }
    for id in ids {
      #expect(RuleCatalogue.rule(id) != nil, "\(id) is checked, but not in the catalogue")
    }
  }

  @Test func aLayerOverItsLimit() throws {
    var image = ImageUnderTest()
    image.addLayer(stored: 40_000_000)
    image.addLayer(stored: 120_000_001)
    image.add("opt/model.bin", size: 120_000_000, layer: 1)
    #expect(image.findings("FORGE-S002") == [], "there is no limit by default")
    let policy = try Policy.parse("size: {layer: 120MB}", source: "forge.yaml")
    let finding = try #require(image.findings("FORGE-S002", policy).first)
    #expect(finding.location == "layer 1" && finding.message.contains("/opt/model.bin 120.0 MB"))
    #expect(finding.fix?.contains("COPY . .") == true)
    image.layers[1].stored = 120_000_000
    #expect(image.findings("FORGE-S002", policy) == [])
  }

  @Test func packagesOverTheirLimit() throws {
    var image = ImageUnderTest()
    image.packages = [
      PackageFacts(kind: "npm", name: "next", version: "16.3.4", bytes: 50_000_000),
      PackageFacts(kind: "npm", name: "sharp", version: "0.34.0", bytes: 10_000_001),
      PackageFacts(kind: "deb", name: "perl-base", version: "5.36", bytes: 8_000_000),
    ]
    #expect(image.findings("FORGE-S004") == [])
    let policy = try Policy.parse(
      "size: {packages: {npm: 60MB, 'deb:perl-base': 8MB}}", source: "forge.yaml")
    let found = image.findings("FORGE-S004", policy)
    #expect(found.map(\.location) == ["npm"])
    #expect(found.first?.message.contains("next 50.0 MB, sharp 10.0 MB") == true)
    image.packages[1].bytes -= 1
    #expect(image.findings("FORGE-S004", policy) == [])
  }

  @Test func archivesThatFillTheRootAreBases() {
    let steps = ["ADD file:1 in /", "ENV A=b", "ADD file:2 in /", "ADD file:3 in /srv"]
    let found = image { image in
      image.details.history = steps.map {
        HistoryFacts(createdBy: "/bin/sh -c #(nop) \($0) ", layer: nil)
      }
    }.findings("FORGE-I007")
    #expect(found.map(\.location) == ["history[3]"])
  }

  @Test func layersUpToTheLimitArePlenty() {
    #expect(
      image { image in for _ in 0..<127 { image.addLayer(stored: 1) } }.findings("FORGE-I038") == []
    )
  }

  @Test func aTagThatMovesIsNamed() {
    #expect(image { $0.reference = "todo:latest" }.findings("FORGE-I018").count == 1)
    #expect(image { $0.reference = "registry:5000/todo" }.findings("FORGE-I018").count == 1)
    #expect(image { $0.reference = "todo:1.2" }.findings("FORGE-I018") == [])
  }

  @Test func ports() {
    let found = image {
      $0.details.config.exposedPorts = ["20-30/tcp", "70000/tcp", "80/tcp", "8000/tcp"]
    }
    .findings("FORGE-I019")
    #expect(found.map(\.severity).sorted() == [.info, .warning, .warning])
  }

  @Test func capabilitiesCountLikeSetuid() {
    #expect(
      image { $0.add("usr/bin/ping", attributes: ["security.capability"]) }.findings("FORGE-I006")
        .count == 1)
  }

  @Test func onBuildInTheConfigIsEvidence() {
    let found = image { $0.details.config.onBuild = ["RUN curl evil"] }.findings("FORGE-I033")
    #expect(found.map(\.evidence) == [.config])
  }

  @Test func secretsInContentsNameNoValue() throws {
    let found = image { image in
      image.details.secrets = [
        SecretFact(
          hit: SecretHit(kind: "github-token", offset: 12, line: 3, fingerprint: "0123456789ab"),
          layer: 2,
          path: Array("app/x.js".utf8), visible: false)
      ]
    }.findings("FORGE-I010")
    let finding = try #require(found.first)
    #expect(finding.location == "layer 2: app/x.js:3")
    #expect(
      finding.message.contains("github-token") && finding.message.contains("a later layer hides it")
    )
    #expect(finding.severity == .error)
  }

  @Test func tokensInEnvironmentLabelsHistoryAndCommandAreFoundWhateverTheirName() {
    let token = "gh" + "p_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    let image = image { image in
      image.details.config.environment = ["HARMLESS=\(token)"]
      image.details.config.labels = ["note": token]
      image.cmd = ["serve", "--with", token]
      image.details.history = [
        HistoryFacts(createdBy: "RUN curl -H 'Authorization: \(token)' x", layer: 0)
      ]
    }
    let found = image.findings("FORGE-I008")
    #expect(
      Set(found.compactMap(\.location)) == [
        "config.Env", "config.Labels", "config.Cmd", "history[0]",
      ])
    #expect(found.allSatisfy { !$0.message.contains(token) && !($0.fix ?? "").contains(token) })
  }

  @Test func theChangedRulesFollowTheVersion() throws {
    let rule = try #require(RuleCatalogue.rule("FORGE-I001"))
    var policy = Policy()
    #expect(policy.severity(of: rule) == .error)
    policy.version = rule.since - 1
    #expect(policy.severity(of: rule) == .warning)
    policy.rules["FORGE-I001"] = .severity(.error)
    #expect(policy.severity(of: rule) == .error)
  }
}
