import Foundation
import TestSupport
import Testing

/// Whatever the image's user is spelled like, nothing that a runtime starts as root passes as another.
@Suite struct HostileUserTests {
  private enum Outcome {
    /// `inspect` and `check` refuse the image: exit 3.
    case refused
    /// `inspect` shows the user as it stands; `check` fails with this finding.
    case fails(String)
    case passes
  }

  private static let passwd = """
    root:x:0:0::/root:/bin/sh
    app:x:10001:10001::/:/usr/sbin/nologin

    """

  private static let cases: [(user: String, accounts: String, outcome: Outcome)] = [
    ("0x0", "", .refused), ("00", "", .refused), ("+0", "", .refused), ("root ", "", .refused),
    (" root", "", .refused),
    ("\u{660}", "", .refused), ("\u{FF10}", "", .refused), ("4294967296", "", .refused),
    ("-1", "", .refused),
    ("1000:1000:0", "", .refused),
    ("", "", .fails("FORGE-I001")), ("0", "", .fails("FORGE-I001")),
    ("0:0", "", .fails("FORGE-I001")),
    (":0", "", .fails("FORGE-I001")), ("root", "", .fails("FORGE-I001")),
    ("root:app", "", .fails("FORGE-I001")),
    ("innocent", "innocent:x:0:0::/:/bin/sh\n", .fails("FORGE-I001")),
    ("ROOT", "ROOT:x:0:0::/:/bin/sh\n", .fails("FORGE-I001")),
    ("short", "short:x\n", .fails("FORGE-I001")),
    ("wide", "wide:x:4294967296:0::/:\n", .fails("FORGE-I001")),
    ("0", "0:x:1000:1000::/:/bin/sh\n", .fails("FORGE-I001")),
    ("ROOT", "", .fails("FORGE-I003")), ("user@host", "", .fails("FORGE-I003")),
    ("nobody", "", .fails("FORGE-I003")),
    ("app", "", .passes), ("app:root", "", .passes), ("10001:10001", "", .passes),
  ]

  @Test func inspectAndCheck() async throws {
    struct Inspected: Decodable {
      struct Image: Decodable { let user: String }
      let image: Image
    }
    let folder = try TemporaryFolder()
    let archive = folder.file("image.tar")
    for (user, accounts, outcome) in Self.cases {
      let layer = TarBuilder.make { $0.file("etc/passwd", Self.passwd + accounts) }
      let image = TestImage(layers: [layer], config: TestConfig(user: user), references: ["todo:1"])
      try Data(image.dockerArchive()).write(to: URL(filePath: archive))
      let inspected = try await Command.forge(["inspect", "--no-cache", "--json", archive])
      let checked = try await Command.forge(["check", "--no-cache", "--format", "json", archive])
      switch outcome {
      case .refused:
        for result in [inspected, checked] {
          #expect(result.status == 3 && result.errors.contains("\"User\" is"), "\(user): \(result)")
          #expect(result.output.contains("FORGE-X003"), "\(user): \(result)")
        }
      case .fails(let id):
        #expect(checked.status == 1 && checked.output.contains("\"\(id)\""), "\(user): \(checked)")
      case .passes: #expect(checked.status == 0, "\(user): \(checked)")
      }
      if case .refused = outcome { continue }
      #expect(inspected.status == 0, "\(user): \(inspected)")
      #expect(
        try JSONDecoder().decode(Inspected.self, from: Data(inspected.output.utf8)).image.user
          == user)
    }
  }
}
