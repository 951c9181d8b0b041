import ForgeBasics
import TestSupport
import Testing

@testable import ForgeSecrets

/// The ways in which sources, settings and data formats write a name and its value.
@Suite struct WrittenSecretsTests {
  private let catalogue: SecretCatalogue
  private static let password = "Wd7kq" + "Pz3xBn9"
  private static let random = "q7Wn2kZ8vB4xR6tY1u" + "P3sD5fG9hJ0aLc"

  init() throws { catalogue = try SecretCatalogue.standard.get() }

  private func kinds(_ bytes: [UInt8], _ path: String) -> [String] {
    SecretScanner(catalogue).scan(bytes, path: Array(path.utf8)).map(\.kind)
  }

  @Test(arguments: [
    ("settings.py", "DB_PASSWORD = '%'"), ("settings.py", "db_password: str = \"%\""),
    ("settings.py", "token = SecretStr(\"%\")"), ("settings.py", "api_key = Field(default=\"%\")"),
    ("settings.py", "os.environ[\"DB_PASS\"] = \"%\""),
    ("settings.py", "x = os.getenv(\"DB_PASSWORD\", \"%\")"),
    ("config.js", "dbPassword: '%',"), ("config.js", "const a = process.env.DB_PASSWORD || \"%\";"),
    ("config.js", "const a = process.env.API_TOKEN ?? '%';"),
    ("config.ts", "export const clientSecret: string = `%`;"),
    ("a.js.map", "{\"sourcesContent\":[\"const password = \\\"%\\\";\"]}"),
    ("main.go", "const password string = \"%\""), ("main.go", "password := \"%\""),
    ("app.yaml", "database:\n  password: %"), ("app.yml", "- name: DB_PASSWORD\n  value: \"%\""),
    ("compose.yml", "- DB_PASSWORD=%"), ("app.toml", "password = \"%\""),
    ("app.ini", "smtp_pass = %"),
    ("app.properties", "spring.datasource.password=%"), ("start.sh", "export PGPASSWORD=%"),
    ("web.config", "<add key=\"DbPassword\" value=\"%\" />"), ("a.xml", "<password>%</password>"),
    ("appsettings.json", "{\"Default\": \"Server=db;User Id=sa;Password=%;\"}"),
    ("a.py", "url = 'jdbc:postgresql://db/app?user=app&password=%'"),
    ("a.py", "url = 'amqps" + "://app:%@mq.internal/'"),
  ])
  func isFound(file: String, template: String) {
    for value in [Self.password, Self.random] where !template.contains("ecret") || value.count > 16
    {
      let text = template.replacing("%", with: value)
      let isToken = ["token", "key = "].contains(where: template.lowercased().contains)
      guard !isToken || value == Self.random else { continue }
      #expect(!kinds(Array(text.utf8), "app/\(file)").isEmpty, "\(text)")
      let wide: [UInt8] = [0xFF, 0xFE] + text.utf8.flatMap { [$0, 0] as [UInt8] }
      if text.utf8.count > 16 { #expect(!kinds(wide, "app/\(file)").isEmpty, "\(text)") }
      // Nobody's own files are not searched for what is known by its name alone.
      #expect(kinds(Array(text.utf8), "usr/lib/x/\(file)").isEmpty, "\(text)")
    }
  }

  @Test(arguments: [
    ("a.js", "password: \"current-password\""), ("a.js", "token: \"%s\""),
    ("a.js", "key:\"react-1\""),
    ("a.py", "password = getpass(\"Password: \")"),

    ("a.json", "{\"nextToken\": \"q7Wn2kZ8vB4xR6tY1uP3sD5f\"}"),
    ("a.json", "{\"ClientRequestToken\": \"1d2129a1-3d38-460a-9756-e5b91fddb951\"}"),
    ("a.yaml", "password: ${DB_PASSWORD}"), ("a.yaml", "password_encryption: scram-sha-256"),
    ("a.yaml", "secretKeyRef: my-secret-1234567890"), ("a.ini", "password ="),
    ("a.js", "let e={apiKey:\"q7Wn2kZ8vB4xR6tY1uP3sD5f\",authDomain:\"acme.firebaseapp.com\"}"),
    ("a.js", "{appId:\"X1\",apiKey:\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\",indexName:\"docs\"}"),
    ("a.js", "posthog.init({apiKey:\"phc_q7Wn2kZ8vB4xR6tY1uP3sD5fG9hJ0aLcMeXiOoQwErT\"})"),
    ("a.js", "{publishableKey: \"pk_" + "live_q7Wn2kZ8vB4xR6tY1uP3sD5f\"}"),
    ("a.js", "token = \"eyJzZXNzaW9uX2lkIjogImRlZmF1bHQifQ\""),
    ("a.py", "engine = 'postgresql" + "://scott:tiger@db.internal/test'"),
    ("a.py", "GPG_KEY = 'A035C8C19219BA821ECEA86B64E628F8D684696D'"),
  ])
  func isNone(file: String, text: String) {
    #expect(kinds(Array(text.utf8), "app/\(file)") == [], "\(text)")
  }

  @Test func lengthsInFrontOfStrings() throws {
    var examples = SecretExamples(seed: 5)
    let token = Array(try examples.line("github-token").text.split(separator: "\"")[1].utf8)
    let count = UInt8(token.count)
    let name = Array("github_token".utf8)
    let formats: [[UInt8]] = [
      // pickle 4 and 2, MessagePack, Protocol Buffers, CBOR, Java's UTF.
      [0x80, 4, 0x8C, 12] + name + [0x94, 0x8C, count] + token + [0x94],
      [0x80, 2, 0x58, 12, 0, 0, 0] + name + [0x71, 1, 0x58, count, 0, 0, 0] + token + [0x71, 2],
      [0x81, 0xAC] + name + [0xD9, count] + token + Array("a".utf8),
      [0x0A, 12] + name + [0x12, count] + token + [0x42, 1],
      [0xA1, 0x6C] + name + [0x78, count] + token + Array("zz".utf8),
      [0x74, 0, 12] + name + [0x74, 0, count] + token + Array("x".utf8),
    ]
    for bytes in formats {
      #expect(kinds(bytes, "app/state.bin").contains("github-token"), "\(bytes.prefix(4))")
    }
    let password = Array(Self.password.utf8)
    let packed =
      [0x81, 0xAB] + Array("db_password".utf8) + [0xA0 | UInt8(password.count)] + password
    #expect(kinds(packed, "app/state.msgpack") == ["assigned-secret"])
  }

  /// sqlite.org/fileformat2, "Record Format": the sizes stand in front, and nothing parts the columns.
  @Test func columnsOfSQLite() throws {
    var examples = SecretExamples(seed: 6)
    let token = try examples.line("github-token").text.split(separator: "\"")[1]
    func database(_ columns: [String]) -> [UInt8] {
      let sizes = columns.map { UInt8(13 + 2 * $0.utf8.count) }
      return Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 200)
        + [UInt8(columns.count + 1)] + sizes + columns.flatMap { Array($0.utf8) } + [0, 0]
    }
    for columns in [["github_token", "\(token)"], ["\(token)", "github"], ["\(token)"]] {
      #expect(kinds(database(columns), "app/a.db") == ["github-token"])
      #expect(kinds(database(columns), "usr/lib/a.db") == ["github-token"])
    }
    #expect(kinds(database(["DB_PASSWORD", Self.password]), "app/a.db") == ["assigned-secret"])
    #expect(kinds(database(["password", "is required"]), "app/a.db") == [])
  }

  @Test func whatIsDroppedIsSaid() {
    let line = "password = '\(Self.password)'\n"
    let text = (0..<150).map { line.replacing("Wd7", with: "W\($0)d7") }.joined()
    let hits = SecretScanner(catalogue).scan(Array(text.utf8), path: Array("app/a.py".utf8))
    #expect(hits.count == 101)
    #expect(hits.contains { $0.kind.isEmpty })
  }
}
