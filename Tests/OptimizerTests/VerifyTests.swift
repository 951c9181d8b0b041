import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// `forge verify` finds each thing that was changed behind its back, with the proof and without.
@Suite struct VerifyTests {
  private static let capability = "SCHILY.xattr.security.capability"

  /// One layer, of which one thing may be another.
  private struct Contents {
    var text = "content"
    var mode = 0o4755
    var (uid, gid) = (7, 8)
    var modified = 5
    var attribute: String? = "\u{1}\u{2}="
    var link = "bin/tool"
    var isLinked = true
    var isNamed = true
    var extra: String?
    var type: Character = "5"

    var layer: [UInt8] {
      TarBuilder.make { tar in
        if let attribute { tar.pax([(VerifyTests.capability, attribute)]) }
        tar.add(
          "bin/tool", data: Array(text.utf8), mode: mode, uid: uid, gid: gid, modified: modified)
        if isLinked {
          tar.add(
            "bin/twin", type: "1", link: "bin/tool", mode: mode, uid: uid, gid: gid,
            modified: modified)
        } else {
          if let attribute { tar.pax([(VerifyTests.capability, attribute)]) }
          tar.add(
            "bin/twin", data: Array(text.utf8), mode: mode, uid: uid, gid: gid, modified: modified)
        }
        tar.symlink("link", to: link)
        if isNamed { tar.file("named", "n", modified: 3) }
        tar.add("thing", type: type, mode: 0o755)
        if let extra { tar.file(extra, "x") }
      }
    }
  }

  private static let changes: [(String, String, @Sendable (inout Contents) -> Void)] = [
    ("content", "bin/tool: content differs", { $0.text = "malware" }),
    ("mode", "bin/tool: mode 4755 became 755", { $0.mode = 0o755 }),
    ("owner", "bin/tool: owner 7:8 became 0:8", { $0.uid = 0 }),
    ("group", "bin/tool: owner 7:8 became 7:9", { $0.gid = 9 }),
    ("time", "bin/tool: time 5 became 6", { $0.modified = 6 }),
    ("attribute", "bin/tool: extended attributes differ", { $0.attribute = "\u{1}\u{3}=" }),
    ("no attribute", "bin/tool: extended attributes differ", { $0.attribute = nil }),
    ("link target", "link: links elsewhere", { $0.link = "/bin/tool" }),
    ("hard links", "bin/twin: its hard links differ", { $0.isLinked = false }),
    ("missing", "named: is missing", { $0.isNamed = false }),
    ("new", "zz: is new", { $0.extra = "zz" }),
    ("type", "thing: is of another type", { $0.type = "6" }),
  ]

  private let old = Contents()

  private func folder(_ new: Contents, config: TestConfig = TestConfig()) throws -> ImageFolder {
    let folder = try ImageFolder([
      layer { $0.file("usr/share/man/page", "p") }, old.layer,
      layer { $0.file("etc/x", "x", modified: 1) },
    ])
    let image = TestImage(
      layers: [new.layer, layer { $0.file("etc/x", "x", modified: 1) }], config: config)
    try Data(try image.dockerArchive()).write(
      to: URL(fileURLWithPath: folder.folder.file("new.tar")))
    return folder
  }

  @Test(arguments: Self.changes.indices) func eachChangeIsFound(number: Int) throws {
    let (what, sentence, change) = Self.changes[number]
    var new = old
    change(&new)
    let folder = try folder(new)
    let (_, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("good.tar"), options { $0.strip = [.man] })
    #expect(
      try Verification.compare(folder.image, folder.folder.file("good.tar"), proof: proof).isSame)
    let found = try Verification.compare(folder.image, folder.folder.file("new.tar"), proof: proof)
    #expect(found.differences.contains("the new image is not the one of the proof"), "\(what)")
    #expect(found.differences.contains(sentence), "\(what): \(found.differences)")
    // Nothing is said of a name that is as it was.
    #expect(!found.differences.contains { $0.hasPrefix("etc/x") })
  }

  /// What was to go and is back, and what was to become something else than it did.
  @Test func allowancesAllowNothingElse() throws {
    let comment = "# " + String(repeating: "word ", count: 20)
    let site = "usr/lib/python3.13/site-packages/"
    func image(_ source: String, page: Bool) throws -> ImageFolder {
      try ImageFolder([
        layer { tar in
          tar.file("usr/lib/python3.13/os.py", "")
          tar.file(site + "a.py", source)
          tar.folder("usr/share/man")
          if page { tar.file("usr/share/man/page", "p") }
        }
      ])
    }
    let folder = try image("x = 1\n\(comment)\n", page: true)
    let (_, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("good.tar"), options { $0.strip = [.man, .comments] })
    func differences(_ new: ImageFolder) throws -> [String] {
      try Verification.compare(folder.image, new.image, proof: proof).differences
    }
    #expect(
      try Verification.compare(folder.image, folder.folder.file("good.tar"), proof: proof).isSame)
    #expect(
      try differences(image("x = 1\n\n", page: true)).contains(
        "usr/share/man/page: should have been removed"))
    #expect(
      try differences(image("x = 2\n\n", page: false)).contains(
        "\(site)a.py: content is not what it was to become"))
    #expect(
      try differences(image("x = 1\n\(comment)\n", page: false))
        .contains("\(site)a.py: content is not what it was to become"))
  }

  private static let forgeries: [(String, @Sendable (inout Proof) -> Void)] = [
    ("emptied", { $0.removed = [] }),
    ("another path", { $0.removed[0].path = "usr/share/man/other" }),
    ("twice", { $0.removed.append($0.removed[0]) }),
    ("negative", { $0.removed[0].bytes = -1 }),
    ("another set", { $0.removed[0].set = "harmless" }),
    ("one more path", { $0.removedPaths.append(Data("etc/x".utf8).base64EncodedString()) }),
    (
      "the root",
      { proof in
        proof.removed.append(RemovedPath(path: "", set: "man", bytes: 0))
        proof.removedPaths.append("")
      }
    ),
    ("a link of nothing", { $0.linked = [Proof.Link(path: "", to: "YQ==")] }),
  ]

  /// What people read of a proof is what it allows.
  @Test(arguments: Self.forgeries.indices) func aProofContradictsItselfNowhere(number: Int) throws {
    let (what, forge) = Self.forgeries[number]
    let folder = try folder(old)
    let good = folder.folder.file("good.tar")
    var (_, proof) = try Optimizer.optimize(folder.image, to: good, options { $0.strip = [.man] })
    #expect(try Verification.compare(folder.image, good, proof: proof).isSame)
    forge(&proof)
    do {
      _ = try Verification.compare(folder.image, good, proof: proof)
      Issue.record("\(what): it was taken")
    } catch OptimizerError.malformedProof {}
  }

  @Test func aProofNamesWhatIsThere() throws {
    let folder = try folder(old)
    let good = folder.folder.file("good.tar")
    let (_, proof) = try Optimizer.optimize(folder.image, to: good, options { $0.strip = [.man] })
    let none = Data("no/\u{1}".utf8).base64EncodedString()
    let (here, digest) = (Data("named".utf8).base64EncodedString(), Digest.sha256([]))
    let forgeries: [@Sendable (inout Proof) -> Void] = [
      { proof in
        proof.removed.append(RemovedPath(path: "no/\\x01", set: "man", bytes: 0))
        proof.removedPaths.append(none)
      },
      { $0.linked = [Proof.Link(path: none, to: here)] },
      { $0.linked = [Proof.Link(path: here, to: none)] },
      { $0.rewritten = [Proof.Rewritten(path: none, old: digest, new: digest)] },
    ]
    for forge in forgeries {
      var forged = proof
      forge(&forged)
      #expect(
        try Verification.compare(folder.image, good, proof: forged).differences.contains(
          "the proof names no/\\x01, which is not in the old image"))
    }
  }

  /// What a container is started with is the same, to the fields that forge does not know.
  @Test(arguments: [
    ("\"User\":\"10001\"", "\"User\":\"0\"", "config.User differs"),
    ("\"Env\":[\"A=1\"]", "\"Env\":[\"A=2\"]", "config.Env differs"),
    ("\"User\":\"10001\",", "", "config.User differs"),
    ("\"x.unknown\":1", "\"x.unknown\":2", "x.unknown differs"),
    ("\"architecture\":\"amd64\"", "\"architecture\":\"arm64\"", "architecture differs"),
    (
      "\"os\":\"linux\",\"x.unknown\":1", "\"x.unknown\":1,\"os\":\"linux\"",
      "its fields stand in another order"
    ),
  ])
  func theConfigCounts(from: String, to: String, sentence: String) throws {
    let text =
      #"{"architecture":"amd64","os":"linux","x.unknown":1,"config":{"User":"10001","Env":["A=1"]},"#
      + #""rootfs":{"type":"layers","diff_ids":DIFFIDS}}"#
    func image(_ text: String) throws -> ImageFolder {
      try ImageFolder(
        TestImage(layers: [layer { $0.file("a", "1") }], config: TestConfig(text: text)))
    }
    let (old, same, new) = (
      try image(text), try image(text), try image(text.replacing(from, with: to))
    )
    #expect(try Verification.compare(old.image, same.image).isSame)
    #expect(
      try Verification.compare(old.image, new.image).differences == [
        "the image config: \(sentence)"
      ])
  }

  /// BuildKit's inline cache names layers: it goes with them, and stays where none changes.
  @Test func theInlineCacheGoesWithItsLayers() throws {
    let text =
      #"{"architecture":"amd64","os":"linux","config":{},"moby.buildkit.cache.v0":"VALUE","#
      + #""rootfs":{"type":"layers","diff_ids":DIFFIDS}}"#
    func folder(_ text: String) throws -> ImageFolder {
      let layers = ["1", "2"].map { content in layer { $0.file("a", content) } }
      return try ImageFolder(TestImage(layers: layers, config: TestConfig(text: text)), oci: .gzip)
    }
    let image = try folder(text)
    #expect(try image.optimize(options { $0.waste = false }, to: "same.tar").notices == [])
    #expect(try Verification.compare(image.image, image.image).isSame)
    #expect(try Verification.compare(image.image, image.folder.file("same.tar")).isSame)
    let notices = try image.optimize(options(), to: "out.tar").notices
    #expect(notices.contains { $0.contains("moby.buildkit.cache.v0") })
    #expect(try Verification.compare(image.image, image.folder.file("out.tar")).isSame)
    let forgeries = [
      text.replacing("VALUE", with: "other"),
      text.replacing(#""moby.buildkit.cache.v0":"VALUE","#, with: ""),
    ]
    for forgery in forgeries {
      let other = try folder(forgery)
      #expect(try !Verification.compare(image.image, other.image).isSame)
    }
  }

  /// The command: 0 for the result, 1 for another image, 3 for a proof that is none, and a bill beside it.
  @Test func theCommandsAgree() async throws {
    var new = old
    new.mode = 0o755
    let folder = try folder(new)
    let file = folder.folder.file
    let made = try await Command.forge([
      "optimize", folder.image, "--strip", "man", "--output", file("out.tar"), "--proof",
      file("proof.json"), "--sbom",
      file("sbom.json"),
    ])
    #expect(made.status == 0, "\(made)")
    #expect(
      try String(decoding: folder.bytes("sbom.json"), as: UTF8.self).contains("usr/share/man/page"))
    let good = try await Command.forge([
      "verify", folder.image, file("out.tar"), "--proof", file("proof.json"),
    ])
    #expect(good.status == 0, "\(good)")
    let bad = try await Command.forge([
      "verify", folder.image, file("new.tar"), "--proof", file("proof.json"),
    ])
    #expect(bad.status == 1 && bad.output.contains("mode 4755 became 755"), "\(bad)")
    let bare = try await Command.forge(["verify", folder.image, file("out.tar")])
    #expect(bare.status == 1 && bare.output.contains("usr/share/man/page: is missing"), "\(bare)")
    try folder.folder.write("{", to: "proof.json")
    let none = try await Command.forge([
      "verify", folder.image, file("out.tar"), "--proof", file("proof.json"),
    ])
    #expect(none.status == 3, "\(none)")
    // A plan is no image that a proof or bill could tell of.
    for option in ["--proof", "--sbom"] {
      let plan = try await Command.forge([
        "optimize", folder.image, "--dry-run", option, file("none.json"),
      ])
      #expect(try plan.status == 2 && !(folder.folder.names().contains("none.json")), "\(plan)")
    }
  }

  /// A proof means one thing or none.
  @Test func whatIsNoProofSaysWhy() throws {
    let folder = try folder(old)
    let path = folder.folder.file("proof.json")
    let (_, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("good.tar"), options())
    let text = try StableJSON.encode(proof)
    try folder.folder.write(text, to: "proof.json")
    #expect(try Proof.load(path) == proof)
    try folder.folder.write(
      text.replacing(#""removed""#, with: #""removed":[],"removed""#), to: "proof.json")
    do {
      _ = try Proof.load(path)
      Issue.record("a key stands twice")
    } catch OptimizerError.malformedProof(let reason) {
      #expect(reason.contains("proof.json:") && reason.contains("removed"))
    }
    for (name, reason) in [("absent", "No such file"), ("", "Is a directory")] {
      do {
        _ = try Proof.load(folder.folder.file(name))
        Issue.record("\(name) was read")
      } catch OptimizerError.usage(let message) {
        #expect(message.contains(reason))
      }
    }
  }

  /// Where the proof or the bill cannot be written, there is no image either.
  @Test(arguments: [("--proof", "--sbom"), ("--sbom", "--proof")])
  func allOrNothing(good: String, bad: String) async throws {
    let folder = try folder(old)
    let names = try folder.folder.names()
    let made = try await Command.forge([
      "optimize", folder.image, "--output", folder.folder.file("out.tar"), good,
      folder.folder.file("good.json"), bad,
      folder.folder.file("absent/bad.json"),
    ])
    #expect(made.status == 2 && made.errors.contains("absent/bad.json"), "\(made)")
    #expect(try folder.folder.names() == names)
  }
}
