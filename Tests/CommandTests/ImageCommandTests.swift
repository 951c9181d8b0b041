import ForgeFindings
import ForgeBasics
import Foundation
import TestSupport
import Testing

/// What users do with images, through the program.
@Suite struct ImageCommandTests {
  /// A folder with two images, and a cache of its own.
  private struct Bench {
    let folder: TemporaryFolder
    var environment: [String: String] { ["XDG_CACHE_HOME": folder.file("cache")] }
    var cached: String { folder.file("cache/forge/layers") }

    init() throws {
      folder = try TemporaryFolder()
      try write("old.tar", size: 100_000)
      try write("new.tar", size: 150_000)
    }

    func write(_ name: String, size: Int) throws {
      var random = SeededBytes(seed: 1)
      let bytes = random.bytes(size)
      let layers = [
        TarBuilder.make { $0.file("etc/os-release", "ID=x\n") },
        TarBuilder.make { tar in
          tar.add("app/data", data: bytes)
          tar.file("app/.env", "A=1")
        },
        TarBuilder.make { $0.add("app/.wh..env") },
      ]
      let image = TestImage(
        layers: layers,
        config: TestConfig(user: "1000", history: ["ADD", "COPY . .", "RUN rm .env"]))
      try Data(image.dockerArchive()).write(to: URL(filePath: folder.file(name)))
    }

    func forge(_ arguments: String...) async throws -> CommandResult {
      try await Command.forge(arguments, in: folder.path, environment: environment)
    }

    func files() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: cached).sorted()
    }
  }

  @Test func differences() async throws {
    let bench = try Bench()
    let text = try await bench.forge("diff", "old.tar", "new.tar")
    #expect(text.status == 0, "\(text)")
    #expect(text.output.contains("+50.0 kB  changed  content  layer 1  /app/data"), "\(text)")
    let over = try await bench.forge("diff", "old.tar", "new.tar", "--max-growth", "5%")
    #expect(over.status == 1, "\(over)")
    #expect(over.output.contains("failed: stored +50.0 kB (+50.00 %), 5.0 kB allowed"), "\(over)")
    #expect(try await bench.forge("diff", "old.tar", "new.tar", "--max-growth", "50kB").status == 0)
    let json = try await bench.forge(
      "diff", "new.tar", "old.tar", "--max-growth", "0", "--format", "json")
    #expect(json.status == 0, "\(json)")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect((object["growth"] as? [String: Any])?["bytes"] as? Int == -50_000)
    #expect(try await bench.forge("diff", "old.tar", "new.tar", "--max-growth", "much").status == 2)
    #expect(try await bench.forge("diff", "old.tar").status == 2)
    #expect(try await bench.forge("diff", "old.tar", "none.tar").status == 2)
    #expect(try await bench.forge("diff", "-", "-").status == 2)
  }

  /// What is read, under whatever name, is as it was.
  @Test(arguments: [
    ["inspect", "old.tar", "--report", "json=old.tar"], ["inspect", "old.tar", "-o", "./same.tar"],
    ["inspect", "old.tar", "--tree", "/", "-o", "old.tar"], ["check", "old.tar", "-o", "old.tar"],
    ["check", "old.tar", "new.tar", "--report", "sarif=new.tar"],
    ["check", "old.tar", "-o", "forge.yaml"],
    ["check", "old.tar", "--baseline", "new.tar", "-o", "new.tar"],
    ["diff", "old.tar", "new.tar", "-o", "old.tar"],
    ["test", "old.tar", "-o", "old.tar"],
  ])
  func reportsNeverReplaceInputs(_ arguments: [String]) async throws {
    let bench = try Bench()
    try bench.folder.write("version: 1\n", to: "forge.yaml")
    try FileManager.default.createSymbolicLink(
      atPath: bench.folder.file("same.tar"), withDestinationPath: bench.folder.file("old.tar"))
    let files = ["old.tar", "new.tar", "forge.yaml"].map { URL(filePath: bench.folder.file($0)) }
    let before = try files.map { try Data(contentsOf: $0) }
    let result = try await Command.forge(
      arguments, in: bench.folder.path, environment: bench.environment)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains("inputs are never modified; choose another file"), "\(result)")
    #expect(try files.map { try Data(contentsOf: $0) } == before)
  }

  @Test func reportsNeverReplaceEachOther() async throws {
    let bench = try Bench()
    let result = try await bench.forge(
      "inspect", "old.tar", "-o", "a.json", "--report", "html=a.json")
    #expect(result.status == 2 && result.errors.contains("would replace each other"), "\(result)")
    #expect(try !bench.folder.names().contains("a.json"))
  }

  @Test func aCloserLook() async throws {
    let bench = try Bench()
    let tree = try await bench.forge("inspect", "old.tar", "--tree", "/app", "--depth", "1")
    #expect(tree.output.contains("100.0 kB  layer 1  └─ data"), "\(tree)")
    let layer = try await bench.forge("inspect", "old.tar", "--layer", "2", "--json")
    #expect(layer.output.contains(#""cause" : "deleted-file""#), "\(layer)")
    #expect(try await bench.forge("inspect", "old.tar", "--layer", "3").status == 2)
    #expect(try await bench.forge("inspect", "old.tar", "--tree", "/none").status == 2)
    #expect(try await bench.forge("inspect", "old.tar", "--depth", "101").status == 2)
    let text = try await bench.forge("inspect", "old.tar")
    #expect(text.output.contains("└─ layer 1 (COPY . .), hidden by 2 (RUN rm .env)"), "\(text)")
    let json = try await bench.forge("inspect", "old.tar", "--json")
    #expect(try await bench.forge("inspect", "old.tar", "--format", "json").output == json.output)
  }

  /// A line that is drawn over while it takes more than a second, on a terminal and nowhere else.
  @Test(arguments: ["xterm", "dumb", "file"]) func progress(_ terminal: String) async throws {
    let bench = try Bench()
    let errors = terminal == "file" ? "2>errors" : ""
    let work =
      "(head -c 60000 old.tar; sleep 1.3; tail -c +60001 old.tar) | $0 inspect - --json >out.json \(errors)"
    // script(1) gives it a terminal of its own.
    let command =
      "script -qec 'bash -c \"stty cols 60; \(work.replacingOccurrences(of: "$0", with: Command.forge))\"' /dev/null"
    let result = try await Command.run(
      "bash", ["-c", command], in: bench.folder.path,
      environment: bench.environment.merging(["TERM": terminal == "dumb" ? "dumb" : "xterm"]) { $1 }
    )
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false)
    if terminal == "xterm" {
      #expect(lines.count >= 3 && lines[1].hasPrefix("reading standard input: "), "\(result)")
      #expect(lines.dropFirst().allSatisfy { $0.count < 60 } && lines.last == "", "\(result)")
    } else {
      #expect(lines.count == 1, "\(result)")
    }
    if terminal == "file" {
      #expect(try String(contentsOfFile: bench.folder.file("errors"), encoding: .utf8) == "")
    }
  }

  /// What helps where a budget is exceeded is to raise that budget, not to save the image again.
  @Test(arguments: ["--max-layer", "--max-unpacked"]) func budgets(_ flag: String) async throws {
    struct Failed: Decodable {
      struct Finding: Decodable {
        let id: String
        let message: String
        let fix: String
      }
      let findings: [Finding]
    }
    let bench = try Bench()
    let result = try await bench.forge("inspect", "old.tar", flag, "50kB", "--json")
    #expect(result.status == 3, "\(result)")
    let found = try JSONDecoder().decode(Failed.self, from: Data(result.output.utf8)).findings
    #expect(found.map(\.id) == ["FORGE-X003"])
    #expect(found.map(\.fix) == ["if the image can be trusted, raise \(flag)"])
    #expect(found.first?.message.contains("raise") == false, "\(result)")
    #expect(result.errors.contains("raise \(flag)"), "\(result)")
  }

  @Test func theCache() async throws {
    let bench = try Bench()
    let cold = try await bench.forge("inspect", "old.tar", "--json")
    let info = try await bench.forge("cache", "info", "--format", "json")
    #expect(info.output.contains(#""layers" : 3"#), "\(info)")
    #expect(try await bench.forge("inspect", "old.tar", "--json").output == cold.output)
    #expect(
      try await bench.forge("inspect", "old.tar", "--json", "--no-cache").output == cold.output)
    #expect(try await bench.forge("cache", "clear").output.hasSuffix("of 3 layers\n"))
    #expect(try bench.files() == [])
    #expect(try await bench.forge("inspect", "old.tar", "--no-cache").status == 0)
    #expect(try bench.files() == [])
    let none = try await Command.forge(
      ["cache", "info"], environment: ["XDG_CACHE_HOME": "", "HOME": "relative"])
    #expect(none.status == 2, "\(none)")
  }

  /// Damage after the first inspection is found, whoever looks.
  @Test func damageIsNotRemembered() async throws {
    let bench = try Bench()
    #expect(try await bench.forge("inspect", "old.tar").status == 0)
    let path = bench.folder.file("old.tar")
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(filePath: path))
    for command in ["inspect", "check"] {
      let result = try await bench.forge(command, "old.tar")
      #expect(result.status == 3, "\(result)")
    }
  }

  /// Killed at any moment, many at once: no half file is ever taken for a whole one.
  @Test func killedWriters() async throws {
    let bench = try Bench()
    let sound = try await bench.forge("inspect", "old.tar", "--json", "--no-cache").output
    let script = """
      for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
        "$0" cache clear >/dev/null
        "$0" inspect old.tar >/dev/null 2>&1 & a=$!
        "$0" inspect new.tar >/dev/null 2>&1 & b=$!
        sleep 0.0$i; kill -9 $a $b 2>/dev/null; wait $a $b 2>/dev/null
        "$0" inspect old.tar --json >out.json 2>&1 || exit 9
        cmp out.json sound.json || exit 8
      done
      """
    try bench.folder.write(sound, to: "sound.json")
    let result = try await Command.run(
      "bash", ["-c", script, Command.forge], in: bench.folder.path, environment: bench.environment)
    #expect(result.status == 0, "\(result)")
  }
}
