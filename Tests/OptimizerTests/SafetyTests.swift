import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeOptimizer

/// The output appears whole or not at all, and the input stays.
@Suite struct SafetyTests {
  private func folder(bytes: Int = 20_000) throws -> ImageFolder {
    var random = SeededBytes(seed: 3)
    let content = random.bytes(bytes)
    return try ImageFolder(
      [
        layer { $0.add("a", data: content) },
        layer { $0.add("a", data: content.reversed()) },
      ], oci: .gzip)
  }

  @Test func aTruncatedInputLeavesNothing() throws {
    let folder = try folder()
    let bytes = try folder.bytes("image.tar")
    for cut in stride(from: 0, to: bytes.count, by: 1_711) {
      try Data(bytes[..<cut]).write(to: URL(fileURLWithPath: folder.image))
      #expect(throws: (any Error).self) { try folder.optimize(options(), to: "out.tar") }
      #expect(try folder.folder.names() == ["image.tar"])
    }
  }

  @Test func aDamagedLayerLeavesNothing() throws {
    let folder = try folder()
    var bytes = try folder.bytes("image.tar")
    bytes[bytes.count / 2] ^= 0x40
    try Data(bytes).write(to: URL(fileURLWithPath: folder.image))
    #expect(throws: (any Error).self) { try folder.optimize(options(), to: "out.tar") }
    #expect(try folder.folder.names() == ["image.tar"])
  }

  @Test func theInputIsNeverTheOutput() throws {
    let folder = try folder()
    try FileManager.default.linkItem(atPath: folder.image, toPath: folder.folder.file("same.tar"))
    #expect(throws: OptimizerError.self) { try folder.optimize(options(), to: "image.tar") }
    #expect(throws: OptimizerError.self) { try folder.optimize(options(), to: "same.tar") }
  }

  @Test func aFolderThatIsThereIsNotReplaced() throws {
    let folder = try folder()
    try folder.folder.write("mine", to: "out/file")
    #expect(throws: OutputError.self) { try folder.optimize(options { $0.form = .ociLayout }, to: "out") }
    #expect(throws: OutputError.self) { try folder.optimize(options(), to: "out") }
    #expect(try folder.folder.names() == ["image.tar", "out"])
    try folder.optimize(options { $0.form = .ociLayout }, to: "new")
    #expect(try Verification.compare(folder.image, folder.folder.file("new")).isSame)
  }

  /// A limit on file sizes fails writes as a full disk does.
  @Test func aFullDiskLeavesNothing() async throws {
    let folder = try folder(bytes: 3_000_000)
    let script =
      "trap '' XFSZ; ulimit -f 1000; exec \(Command.forge) optimize \(folder.image) -o \(folder.folder.file("out.tar"))"
    let result = try await Command.run("bash", ["-c", script])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("cannot write"))
    #expect(try folder.folder.names() == ["image.tar"])
  }

  @Test func killedAtAnyMomentItLeavesNothing() async throws {
    let folder = try folder(bytes: 6_000_000)
    let before = try folder.bytes("image.tar")
    var killed = 0
    for delay in stride(from: 0.02, through: 0.8, by: 0.06) {
      let script =
        "\(Command.forge) optimize \(folder.image) --squash --compress zstd:15 -o \(folder.folder.file("out.tar")) >/dev/null 2>&1 & "
        + "pid=$!; sleep \(delay); kill -9 $pid 2>/dev/null; wait $pid"
      let result = try await Command.run("bash", ["-c", script])
      if result.status == 137 { killed += 1 }
      let names = try folder.folder.names()
      #expect(names == ["image.tar"] || names == ["image.tar", "out.tar"])
      if names.contains("out.tar") {
        #expect(try Verification.compare(folder.image, folder.folder.file("out.tar")).isSame)
        try FileManager.default.removeItem(atPath: folder.folder.file("out.tar"))
      }
    }
    #expect(killed > 0)
    #expect(try folder.bytes("image.tar") == before)
  }

  /// What was written otherwise than planned does not pass.
  @Test func differencesAreFound() throws {
    func listing(_ body: (inout TarBuilder) -> Void) throws -> RootListing {
      RootListing(try ImageFolder([layer(body)]).read())
    }
    let old = try listing { tar in
      tar.file("a", "1", modified: 5)
      tar.hardlink("b", to: "a")
      tar.symlink("s", to: "a")
      tar.folder("d")
    }
    #expect(Comparison.differences(old, old, allowing: Allowance()).isEmpty)
    let changes: [(String, (inout TarBuilder) -> Void)] = [
      (
        "content",
        {
          $0.file("a", "2", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "mode",
        {
          $0.file("a", "1", mode: 0o600, modified: 5)
          $0.add("b", type: "1", link: "a", mode: 0o600, modified: 5)
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "hard links",
        {
          $0.file("a", "1", modified: 5)
          $0.file("b", "1", modified: 0)
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "links elsewhere",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "b")
          $0.folder("d")
        }
      ),
      (
        "another type",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.file("d", "")
        }
      ),
      (
        "missing",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
        }
      ),
      (
        "is new",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.folder("d")
          $0.folder("e")
        }
      ),
    ]
    for (what, body) in changes {
      let found = Comparison.differences(old, try listing(body), allowing: Allowance())
      #expect(found.contains { $0.contains(what) }, "\(what): \(found)")
    }
  }
}
