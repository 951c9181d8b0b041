import ForgeBasics
import ForgeFindings
import TestSupport
import Testing

@testable import ForgeSecrets

@Suite struct SecretScannerTests {
  static let kinds = ((try? SecretCatalogue.standard.get())?.kinds ?? []).map(\.id)
  private let catalogue: SecretCatalogue

  init() throws { catalogue = try SecretCatalogue.standard.get() }

  private func scan(_ text: String, path: String = "app/settings.js") -> [SecretHit] {
    SecretScanner(catalogue).scan(Array(text.utf8), path: Array(path.utf8))
  }

  /// The same bytes in pieces.
  private func scan(_ bytes: [UInt8], path: String, pieces size: Int) -> [SecretHit] {
    let scanner = SecretScanner(catalogue)
    scanner.begin(path: Array(path.utf8))
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + size)
      bytes[start..<end].withUnsafeBytes { scanner.take($0, isLast: end == bytes.count) }
      start = end
    }
    return scanner.finish()
  }

  @Test func theCatalogueIsWhole() {
    #expect(Self.kinds.count >= 60)
    #expect(Set(Self.kinds).count == Self.kinds.count)
  }

  @Test(arguments: kinds)
  func everyKindIsFound(kind: String) throws {
    for seed in 1...20 {
      var examples = SecretExamples(seed: UInt64(seed))
      let (text, name) = try examples.line(kind)
      let hits = scan("first line\n\(text)\n", path: "app/\(name)")
      #expect(hits.contains { $0.kind == kind }, "\(kind) in seed \(seed)")
      let hit = try #require(hits.first { $0.kind == kind })
      #expect(hit.line >= 2)
    }
  }

  /// What is cut short, or stands within something longer, is none.
  @Test(arguments: kinds)
  func noKindIsFoundInItsBeginning(kind: String) throws {
    var examples = SecretExamples(seed: 7)
    let (text, name) = try examples.line(kind)
    let half = String(text.prefix(17))
    #expect(!scan(half, path: "app/\(name)").contains { $0.kind == kind }, "\(kind)")
  }

  @Test(arguments: kinds)
  func placeholdersAreNone(kind: String) throws {
    var examples = SecretExamples(seed: 3)
    let (text, name) = try examples.line(kind)
    // Every letter and digit behind the first ones becomes an x: what manuals show.
    let shown = String(
      text.enumerated().map { $0 > 24 && $1.isASCII && ($1.isLetter || $1.isNumber) ? "x" : $1 })
    #expect(shown != text)
    #expect(!scan(shown, path: "app/\(name)").contains { $0.kind == kind }, "\(kind)")
  }

  @Test(arguments: [1, 2, 3, 7, 64, 1000, 1535, 1536, 1537, 4096])
  func piecesDoNotMatter(size: Int) throws {
    var random = SeededBytes(seed: 11)
    var bytes: [UInt8] = []
    var examples = SecretExamples(seed: 5)
    for kind in Self.kinds {
      let (text, _) = try examples.line(kind)
      bytes += Array("\(text)\n".utf8)
      bytes += random.bytes(Int(random.next() % 700)).map { $0 % 64 + 32 } + [0x0A]
    }
    let whole = SecretScanner(catalogue).scan(bytes, path: Array("app/all.txt".utf8))
    #expect(whole.count > 60)
    #expect(scan(bytes, path: "app/all.txt", pieces: size) == whole)
  }

  /// Lines are counted many bytes at a time.
  @Test(arguments: [0, 1, 15, 16, 17, 4079, 4080, 4081, 20_000])
  func linesAreCounted(count: Int) throws {
    var examples = SecretExamples(seed: 5)
    let (text, _) = try examples.line("github-token")
    for before in [String(repeating: "\n", count: count), String(repeating: "ab\n", count: count)] {
      #expect(scan(before + text).map(\.line) == [count + 1])
      let pieces = scan(Array((before + text).utf8), path: "app/settings.js", pieces: 5000)
      #expect(pieces.map(\.line) == [count + 1])
    }
  }

  @Test func valuesAreNeverKept() throws {
    var examples = SecretExamples(seed: 9)
    for kind in Self.kinds {
      let (text, name) = try examples.line(kind)
      for hit in scan(text, path: "app/\(name)") {
        #expect(hit.fingerprint.count <= 12 && hit.fingerprint.allSatisfy(\.isHexDigit))
        if catalogue.kind(hit.kind)?.isChosen == true { #expect(hit.fingerprint.count == 4) }
      }
    }
  }

  @Test func escapesDoNotHideATokensStart() throws {
    var examples = SecretExamples(seed: 2)
    let (text, _) = try examples.line("github-token")
    let token = text.split(separator: "\"")[1]
    for shape in [
      "\\n\(token)\\n", "token%3D\(token)&", "=\(token)", "\"\(token)\"", "/\(token)@",
      "{\\\"a\\\":\\\"\(token)\\\"}",
    ] {
      #expect(scan(shape).map(\.kind).contains("github-token"), "\(shape.prefix(6))")
    }
    #expect(scan("x\(token)").isEmpty)
    #expect(scan("\(token)x").isEmpty)
  }

  @Test func binariesAreSearchedToo() throws {
    var examples = SecretExamples(seed: 4)
    var random = SeededBytes(seed: 4)
    let (text, _) = try examples.line("slack-bot-token")
    let bytes = random.bytes(5000) + [0] + Array(text.utf8) + [0] + random.bytes(5000)
    let hits = SecretScanner(catalogue).scan(bytes, path: Array("usr/lib/libx.so".utf8))
    #expect(hits.map(\.kind) == ["slack-bot-token"])
    #expect(hits.map(\.line) == [0])
  }

  /// In Python's bytecode nothing parts a string from the `N` of `None` behind it.
  @Test func bytecodeIsSearchedToo() throws {
    var examples = SecretExamples(seed: 4)
    let (text, _) = try examples.line("github-token")
    let token = Array(text.split(separator: "\"")[1].utf8)
    for type in Array("zZ".utf8) + [0xFA, 0xDA] {
      let constants = [0xA9, 2, type, UInt8(token.count)] + token + Array("N".utf8)
      let bytes =
        [0xCB, 0x0D, 0x0D, 0x0A] + [UInt8](repeating: 0, count: 60) + constants + [0xA9, 0, 0]
      for path in ["app/m.pyc", "usr/lib/m.pyc"] {
        #expect(
          SecretScanner(catalogue).scan(bytes, path: Array(path.utf8)).map(\.kind) == [
            "github-token"
          ], "\(path)")
      }
    }
  }

  /// Most of a binary is skipped; no token may be, wherever it stands.
  @Test(arguments: kinds)
  func everyDistinctKindIsFoundInBinaries(kind: String) throws {
    let found = try #require(catalogue.kind(kind))
    guard !found.isApplicationOnly, found.files.isEmpty else { return }
    var tried = 0
    for shift in 0..<8 {
      var examples = SecretExamples(seed: UInt64(shift) + 31)
      let (text, _) = try examples.line(kind)
      // One in some thousands is too regular to be one.
      guard scan(text).contains(where: { $0.kind == kind }) else { continue }
      tried += 1
      let bytes =
        [UInt8](repeating: 0, count: 2000 + shift) + Array(text.utf8)
        + [UInt8](repeating: 0, count: 3000)
      let path = "usr/lib/libx.so"
      #expect(
        SecretScanner(catalogue).scan(bytes, path: Array(path.utf8)).map(\.kind).contains(kind),
        "\(shift)")
      #expect(scan(bytes, path: path, pieces: 512).map(\.kind).contains(kind), "\(shift) in pieces")
      let end = Array(bytes.dropLast(3000))
      #expect(
        SecretScanner(catalogue).scan(end, path: Array(path.utf8)).map(\.kind).contains(kind),
        "\(shift) at the end")
    }
    #expect(tried >= 6)
  }

  /// Around runs, the same is found as everywhere.
  @Test func theFilterFindsAroundRunsWhatItFindsEverywhere() {
    let words = ["abcd", "xyz_1", "-----begin"].map { Array($0.utf8) }
    let filter = KeywordFilter(words)
    var random = SeededBytes(seed: 5)
    for _ in 0..<200 {
      var bytes: [UInt8] = []
      var expected: [[Int]] = []
      for _ in 0..<20 {
        bytes += [UInt8](repeating: 0, count: Int(random.next() % 700))
        let word = Int(random.next() % UInt64(words.count))
        expected.append([word, bytes.count])
        bytes += words[word]
        // A run of 15 somewhere behind.
        bytes +=
          [UInt8](repeating: 32, count: Int(random.next() % 200))
          + [UInt8](repeating: 65, count: 15)
      }
      var found: [KeywordFilter.Found] = []
      bytes.withUnsafeBytes { filter.scanRuns($0, starts: 0..<$0.count, into: &found) }
      #expect(Set(found.map { [$0.keyword, $0.position] }) == Set(expected))
      let range = bytes.count / 3..<bytes.count / 2
      found = []
      bytes.withUnsafeBytes { filter.scanRuns($0, starts: range, into: &found) }
      #expect(
        Set(found.map { [$0.keyword, $0.position] })
          == Set(expected.filter { range.contains($0[1]) }))
    }
  }

  @Test func samplesOfDependenciesAreNoSecrets() throws {
    var examples = SecretExamples(seed: 6)
    for kind in ["url-password", "assigned-secret", "jwt"] {
      let (text, _) = try examples.line(kind)
      #expect(scan(text, path: "app/node_modules/x/README.md").isEmpty)
      #expect(scan(text, path: "usr/share/doc/x").isEmpty)
      #expect(!scan(text, path: "srv/x.js").isEmpty)
    }
  }

  @Test func pythonsOwnTestsAreDependencies() {
    #expect(
      SecretPlace.isDependency(
        Array("root/.pyenv/versions/3.12.1/lib/python3.12/test/x.pem".utf8)[...]))
    #expect(!SecretPlace.isDependency(Array("app/python/x.pem".utf8)[...]))
  }

  @Test(arguments: [
    "password = os.environ[\"PASSWORD\"]", "const token = process.env.TOKEN;",
    "secretName: \"my-kubernetes-secret-1\"",
    "tokenUrl: \"https://login.example/oauth2/v2.0/token\"", "password: \"${DB_PASSWORD}\"",
    "apiKey: \"YOUR_API_KEY\"",
    "__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED",
    "token: \"0123456789abcdef0123456789abcdef\"",
    "postgresql://postgres:postgres@localhost:5432/db", "https://user:password@host/path",
    "redis://:@localhost",
    "mongodb://user:${PASSWORD}@db", "http://a:1/@b", "if (token === \"aB3dE5gH7jK9mN1pQ3sT5\") {}",
    "integrity sha512-aB3dE5gH7jK9mN1pQ3sT5aB3dE5gH7jK9mN1pQ3sT5",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "class SecretStr(SecretField[str]): pass",
  ])
  func harmless(text: String) {
    #expect(scan(text, path: "app/x.py").isEmpty)
  }

  @Test func browsersTokensAreNoSecrets() {
    // {"role":"anon", …}: what Supabase puts into every page.
    let payload = "eyJpc3MiOiJzdXBhYmFzZSIsInJv" + "bGUiOiJhbm9uIiwiaWF0IjoxNjg3MDAwMDAwfQ"
    let signature = "q7Wn2kZ8vB4xR6tY1uP3sD5fG9hJ0aLcMeXiOoQwErT"
    let token = "eyJ" + "hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + payload + "." + signature
    #expect(scan("key = \"\(token)\"").filter { $0.kind == "jwt" }.isEmpty)
  }

  /// Every byte a candidate: it must end soon, and must not pass as clean.
  @Test func hostileFilesAreBounded() {
    for word in [
      "ghp_", "sk-ant-", "eyJhbGci", "https://a:", "password=\"", "-----BEGIN ", "AKIA", "hf_a",
    ] {
      let bytes = Array(String(repeating: word, count: 2_000_000 / word.utf8.count).utf8)
      let clock = ContinuousClock()
      let duration = clock.measure {
        _ = SecretScanner(catalogue).scan(bytes, path: Array("app/x".utf8))
      }
      #expect(duration < .seconds(60), "\(word)")
    }
    let runs = Array(
      String(repeating: "sk-ant-api03-" + String(repeating: "a", count: 79) + " ", count: 20_000)
        .utf8)
    let hits = SecretScanner(catalogue).scan(runs, path: Array("app/x".utf8))
    #expect(hits.count <= 101)
  }

  @Test func randomBytesHoldNone() {
    var random = SeededBytes(seed: 42)
    let bytes = random.bytes(1 << 20)
    #expect(SecretScanner(catalogue).scan(bytes, path: Array("app/x".utf8)).isEmpty)
    let text = bytes.map {
      Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)[Int($0 & 63)]
    }
    #expect(SecretScanner(catalogue).scan(text, path: Array("app/x".utf8)).isEmpty)
  }

  @Test(arguments: ["[", "a{", "a{2", "a{3,2}", "\\", "", "a{9999}"])
  func malformedShapes(text: String) { #expect(TokenShape(text) == nil) }

  @Test func theFilterFindsWhatASearchFinds() {
    var random = SeededBytes(seed: 1)
    let words = ["abcd", "bcda", "xyz_1", "AbC-", "____", "password"].map { Array($0.utf8) }
    let filter = KeywordFilter(words)
    let alphabet = Array("abcdxyz_1AC-pswor".utf8)
    for length in [0, 1, 3, 4, 5, 13, 14, 15, 100, 5000] {
      let bytes = (0..<length).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
      func fold(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map { $0 | 0x20 } }
      var expected: Set<[Int]> = []
      for (index, word) in words.enumerated() where bytes.count >= word.count {
        for start in 0...(bytes.count - word.count)
        where fold(bytes[start..<start + word.count]) == fold(word) {
          expected.insert([index, start])
        }
      }
      var found: [KeywordFilter.Found] = []
      bytes.withUnsafeBytes { filter.scan($0, starts: 0..<$0.count, into: &found) }
      #expect(Set(found.map { [$0.keyword, $0.position] }) == expected)
      #expect(found.count <= 2 * expected.count)
    }
  }
}
