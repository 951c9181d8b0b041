import ForgeBasics
import ForgeInspection
import ForgeRules
import Testing

@Suite struct SecretTests {
  @Test(arguments: [
    "app/.env", "app/.env.production", "root/.ssh/id_ed25519", "home/app/.aws/credentials",
    "root/.kube/config",
    "srv/.git-credentials", "app/store.p12", "app/.htpasswd",
  ])
  func byName(path: String) throws {
    var image = ImageUnderTest()
    image.add(path)
    let finding = try #require(image.findings("FORGE-I009").first)
    #expect(finding.location == "layer 0: \(path)")
    #expect(finding.fix?.contains(".dockerignore") == true)
    #expect(!image.judge().passed)
  }

  @Test(arguments: [
    "app/.env.example", "app/.env.sample", "app/env.py", "app/.envrc.md", "app/id_rsa.pub",
    "app/config.json",
    "app/environment",
  ])
  func harmlessNames(path: String) {
    var image = ImageUnderTest()
    image.add(path)
    #expect(image.findings("FORGE-I009") == [])
  }

  @Test func aDeletedFileIsStillInTheImage() throws {
    var image = ImageUnderTest()
    image.add("app/.env", layer: 3, visible: false)
    let finding = try #require(image.findings("FORGE-I009").first)
    #expect(finding.message.contains("hidden by a later layer but still in the image"))
  }

  @Test func byContent() {
    let header = "-----BEGIN RSA " + "PRIVATE KEY-----\n"
    var image = ImageUnderTest()
    image.add("app/server.key", head: header)
    image.add("app/ca.pem", head: "-----BEGIN CERTIFICATE-----")
    image.add("app/.npmrc", head: "//registry.example/:_auth" + "Token=abc")
    image.add("app/nested/.npmrc", head: "save-exact=true")
    image.add(
      "app/web/.npmrc", head: "//registry.example/:_auth" + "Token=${NPM_TOKEN}\nalways-auth=true\n"
    )
    image.add("app/web/.yarnrc.yml", head: "npmAuth" + "Token: \"${NPM_TOKEN:-}\"\n")
    image.add(
      "app/both/.npmrc",
      head: "//a.example/:_auth" + "Token=${A}\n//b.example/:_auth" + "Token=b1\n")
    #expect(
      image.findings("FORGE-I009").compactMap(\.location).sorted() == [
        "layer 0: app/.npmrc", "layer 0: app/both/.npmrc", "layer 0: app/server.key",
      ])
  }

  /// A name, and what a file of it holds that tells nobody anything.
  @Test(arguments: [
    ("app/.npmrc", "# set _auth" + "Token in CI\nregistry=https://registry.npmjs.org/\n"),
    ("srv/.npmrc", "//npm.acme.com/:_auth" + "Token=$NPM_TOKEN\n"),
    ("root/.pypirc", "[pypi]\nusername = __token__\npassword =\n"),
    ("etc/pip.conf", "[global]\n# password is read from keyring\n"),
    ("app/.docker/config.json", #"{"auths":{"ghcr.io":{"auth":""}}}"#),
    ("app/credentials.json", #"{"client_secret": ""}"#),
    ("app/locales/en/credentials.json", #"{"client_secret":"Client secret"}"#),
    ("app/.env", "# DATABASE_URL=…\nAPI_KEY=\nTOKEN=\"\"\n"),
  ])
  func loginsWithoutAValue(path: String, head: String) {
    var image = ImageUnderTest()
    image.add(path, size: Int64(head.utf8.count), head: head)
    #expect(image.findings("FORGE-I009") == [])
  }

  @Test(arguments: ["app/.env.vault", "app/.env.d.ts", "app/.env.schema", "app/.env.local.example"])
  func environmentFilesWithoutValues(path: String) {
    var image = ImageUnderTest()
    image.add(path)
    #expect(image.findings("FORGE-I009") == [])
  }

  @Test func thirdPartyTestKeysOnlyWarn() {
    var image = ImageUnderTest()
    image.add(
      "opt/venv/lib/python3.13/site-packages/x/test.pem", head: "-----BEGIN " + "PRIVATE KEY-----")
    #expect(image.findings("FORGE-I009").map(\.severity) == [.warning])
    #expect(image.judge().passed)
  }

  @Test func theGateAsksForContentWhereTheNameDoesNotTell() {
    #expect(Gate.capture(Array("app/server.key".utf8)[...]) > 0)
    #expect(Gate.capture(Array("app/main.py".utf8)[...]) == 0)
    #expect(Gate.capture(Array("".utf8)[...]) == 0)
  }

  @Test(arguments: ["API_KEY=x", "DB_PASSWORD=x", "GITHUB_TOKEN=x", "AUTH=x", "my_secret=x"])
  func environment(entry: String) {
    var image = ImageUnderTest()
    image.details.config.environment = ["PATH=/usr/bin", entry]
    #expect(image.findings("FORGE-I008").count == 1)
  }

  @Test(arguments: [
    "KEYCLOAK_URL=x", "API_KEY=", "PUBLIC_KEY=x", "TOKEN_FILE=/run/secrets/x", "MONKEY=x",
    "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
  ])
  func harmlessEnvironment(entry: String) {
    var image = ImageUnderTest()
    image.details.config.environment = [entry]
    #expect(image.findings("FORGE-I008") == [])
  }

  @Test func buildArgumentsInTheHistory() throws {
    let value = "npm_" + String(repeating: "x", count: 36)
    var image = ImageUnderTest()
    image.details.history = [
      HistoryFacts(
        createdBy: "RUN |2 NPM_TOKEN=\(value) MODE=prod /bin/sh -c npm ci # buildkit", layer: 0)
    ]
    let finding = try #require(image.findings("FORGE-I008").first)
    #expect(finding.location == "history[0]")
    #expect(!finding.message.contains(value))
  }

  /// An environment file is harmless only where it is seen to hold no value; a token may stand there without a name.
  @Test(arguments: [
    ("# nothing\nAPI_TOKEN=\nexport DATABASE_URL\n\n", false), ("A=1\n", true),
    ("4f3a9c17d2\n", true), ("api_token: abc\n", true), ("export A B\n", true),
  ])
  func environmentFilesWithoutValuesAreHarmless(text: String, fires: Bool) {
    var image = ImageUnderTest()
    image.add("app/.env", size: Int64(text.utf8.count), head: text)
    #expect(image.findings("FORGE-I009").isEmpty != fires, "\(text)")
  }
}
