import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

@Suite struct OptimizerTests {
  private let text = String(repeating: "some text\n", count: 3_000)

  @Test func wasteGoesAndUntouchedLayersStay() throws {
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { $0.file("base", "b") },
          layer {
            $0.file("big", text)
            $0.file("kept", "k")
          },
          layer { $0.file("other", "o") },
          layer { $0.add(".wh.big") },
        ], config: TestConfig(history: ["base", "big", "#ENV", "other", "rm"])), oci: .gzip)
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(report.layers.map(\.inputs) == [[0], [1], [2]])
    #expect(report.layers.map(\.unchanged) == [true, false, true])
    #expect(report.passes == [PassResult(name: "waste", before: 30_003, after: 3)])
    let image = try ImageStore.open(folder.folder.file("out.tar"))
    #expect(image.config.history.map(\.isEmptyLayer) == [false, false, true, false, true])
    let input = try ImageStore.open(folder.image)
    #expect(image.layers[0].digest == input.layers[0].digest)
    #expect(image.layers[2].digest == input.layers[2].digest)
  }

  @Test func aBaseStaysToTheByte() throws {
    let folder = try ImageFolder([
      layer {
        $0.file("d/gone", text)
        $0.file("d/here", "h")
        $0.folder("e")
        $0.file("link-to-be", "x")
      },
      layer {
        $0.add("d/.wh.gone")
        $0.add("e/.wh..wh..opq")
        $0.file("e/new", "n")
        $0.file("tmp", text)
      },
      layer {
        $0.add(".wh.tmp")
        $0.add(".wh.link-to-be")
        $0.symlink("link-to-be", to: "d")
      },
    ])
    let report = try folder.optimize(options { $0.keptLayers = 1 }, to: "out.tar")
    // What hides a file of the base that is replaced anyway goes, too.
    #expect(report.layers.map(\.unchanged) == [true, false, false])
    #expect(report.after.stored == report.before.stored - Int64(text.utf8.count))
  }

  @Test func unknownFieldsOfTheConfigSurvive() throws {
    let config = TestConfig(
      text:
        #"{"architecture":"amd64","os":"linux","x.unknown":{"b":1.50,"a":[null,true,"\u00e9\u0001"]},"#
        + #""config":{"Healthcheck":{"Test":["ee54547309b89abf12e12a866ef3e52f4566874b84dd0c3076cfbd22aff75a32"]},"ArgsEscaped":true,"Labels":{"k":"v"}},"#
        + #""rootfs":{"type":"layers","diff_ids":DIFFIDS},"moby.buildkit.cache.v0":"abc"}"#)
    let folder = try ImageFolder(
      TestImage(layers: [layer { $0.file("a", "1") }, layer { $0.file("a", "2") }], config: config))
    let report = try folder.optimize(options { $0.squash = .all }, to: "out.tar")
    let text = String(
      decoding: try ImageStore.open(folder.folder.file("out.tar")).config.bytes, as: UTF8.self)
    #expect(text.contains(#""x.unknown":{"b":1.50,"a":[null,true,"é\u0001"]}"#))
    #expect(text.contains(#""ArgsEscaped":true"#))
    #expect(!text.contains("moby.buildkit.cache"))
    #expect(report.notices.contains { $0.contains("moby.buildkit.cache") })
  }

  /// Capabilities are an extended attribute: a squash that loses them breaks `ping`, and nobody notices for weeks.
  @Test func extendedAttributesDevicesAndFractionsSurvive() throws {
    let folder = try ImageFolder([
      layer { tar in
        tar.pax([
          ("SCHILY.xattr.security.capability", "\u{1}\u{2}=\n"), ("mtime", "1.5"),
          ("path", String(repeating: "long/", count: 40) + "ping"),
        ])
        tar.add("x", data: [1, 2, 3], mode: 0o4755, uid: 3_000_000 & 0x1FFFFF)
        tar.pax([("uid", "4000000"), ("mtime", "-1.25")])
        tar.add("owned", data: [4])
        tar.add(
          "null", type: "3",
          patch: {
            $0.replaceSubrange(329..<336, with: Array("0000001".utf8))
            $0.replaceSubrange(337..<344, with: Array("0000003".utf8))
          })
        tar.add("pipe", type: "6")
      },
      layer { $0.file("more", "m") },
    ])
    try folder.optimize(
      options { ($0.squash, $0.compression) = (.all, .zstd(level: 3)) }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let ping = try #require(listing.first { $0.path.suffix(4).elementsEqual("ping".utf8) })
    #expect(
      ping.attributes == [
        ExtendedAttribute(name: Array("security.capability".utf8), value: [1, 2, 61, 10])
      ])
    #expect((ping.modified, ping.nanoseconds) == (1, 500_000_000))
    let owned = try #require(listing.first { $0.path.elementsEqual("owned".utf8) })
    #expect((owned.uid, owned.modified, owned.nanoseconds) == (4_000_000, -2, 750_000_000))
    #expect(listing.first { $0.path.elementsEqual("null".utf8) }?.device == [1, 3])
  }

  @Test func identicalFilesBecomeLinksWhereThatIsAllowed() throws {
    let folder = try ImageFolder([
      layer { tar in
        let text = String(repeating: "t", count: 70_000)
        tar.file("usr/a", text)
        tar.file("usr/b", text)
        tar.file("usr/other-mode", text, mode: 0o755)
        tar.file("usr/other-owner", text, uid: 7)
        tar.file("usr/other-time", text, modified: 9)
        tar.file("etc/config", text)
        tar.file("app/cache/x", text)
      }
    ])
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options { $0.dedupe = true })
    #expect(report.before.stored - report.after.stored == 70_000)
    #expect(proof.linked.count == 1)
    let path = folder.folder.file("out.tar")
    #expect(try Verification.compare(folder.image, path, proof: proof).isSame)
    // Without the proof, the new link is a difference.
    #expect(
      try Verification.compare(folder.image, path).differences.contains {
        $0.contains("hard links")
      })
  }

  /// The bytes are the same on every machine: a changed digest is a changed format.
  @Test func theSameInputGivesTheSameBytes() throws {
    let folder = try ImageFolder([
      layer { tar in
        tar.file("z", text, modified: 2_000_000_000)
        tar.folder("a/")
        tar.symlink("a/s", to: "../z")
      },
      layer { $0.file("b", text + text, modified: 5) },
    ])
    for (compression, digest) in [
      ("none", "ee54547309b89abf12e12a866ef3e52f4566874b84dd0c3076cfbd22aff75a32"),
      ("gzip:9", "2187132d77c52ee789e08059676569dfa14e1a69728134396959f559246fdadb"),
      ("zstd:9", "e908f8bc7901fda67db9f734245207d997d31aaaa95630c697c9cc2933b5a300"),
      ("zstd-frames:3", "71b2f8ab92e2272307f7ddee74634cf77cb7ef1f7f7b1f384d1cf5ac61e2475d"),
    ] {
      let chosen = try #require(Compression(compression))
      try folder.optimize(
        options { ($0.epoch, $0.compression, $0.form) = (1_000_000_000, chosen, .ociArchive) },
        to: "out.tar")
      let found = Digest.sha256(try folder.bytes("out.tar")).hex
      #expect(found == digest, "\(compression)")
    }
  }

  @Test func stripSetsRemoveWhatTheySayAndTheProofNamesIt() throws {
    let folder = try ImageFolder([
      layer { tar in
        tar.file("usr/share/doc/x/README", text)
        tar.file("usr/share/doc/x/copyright", "c")
        tar.file("app/m.py", "pass")
        tar.file("app/__pycache__/m.cpython-312.pyc", "compiled")
        tar.file("app/__pycache__/only.cpython-312.pyc", "compiled")
        tar.file("app/node_modules/x/index.d.ts", "t")
        tar.file("app/index.d.ts", "t")
      }
    ])
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"),
      options { $0.strip = [.docs, .pycache, .typings] })
    #expect(
      report.removed.map(\.path) == [
        "usr/share/doc/x/README", "app/__pycache__/m.cpython-312.pyc",
        "app/node_modules/x/index.d.ts",
      ])
    #expect(
      try Verification.compare(folder.image, folder.folder.file("out.tar"), proof: proof).isSame)
    // A proof for other images proves nothing.
    #expect(try !Verification.compare(folder.image, folder.image, proof: proof).isSame)
    let again = try JSONDecoder().decode(Proof.self, from: Data(StableJSON.encode(proof).utf8))
    #expect(again == proof)
  }

  @Test func aTargetTakesNoMoreThanItNeeds() throws {
    let folder = try ImageFolder([
      layer {
        $0.file("gone", text)
        $0.file("usr/share/man/man1/x", String(text.reversed()))
        $0.file("app", text)
      }, layer { $0.add(".wh.gone") },
    ])
    let size = Int64(text.utf8.count)
    let far = try Optimizer.plan(folder.image, options { $0.target = 2 * size })
    #expect(far.passes.map(\.name) == ["waste"])
    #expect(far.reachesTarget)
    let near = try Optimizer.plan(folder.image, options { $0.target = size })
    #expect(near.passes.last?.name == "strip:man")
    #expect(near.reachesTarget)
    #expect(try !Optimizer.plan(folder.image, options { $0.target = 1 }).reachesTarget)
    #expect(try folder.folder.names() == ["image.tar"])
  }

  /// A compiled module names its source's time: Python would compile anew at every start.
  @Test func timesOfCompiledSourcesStay() throws {
    let time: UInt32 = 1_700_000_000
    let header: [UInt8] =
      [0xCB, 0x0D, 0x0D, 0x0A, 0, 0, 0, 0]
      + (0..<4).map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) } + [4, 0, 0, 0]
    let folder = try ImageFolder([
      layer { tar in
        tar.file("app/m.py", "pass", modified: Int(time))
        tar.add("app/__pycache__/m.cpython-312.pyc", data: header + [1], modified: Int(time))
        tar.file("app/n.py", "pass", modified: Int(time))
      }
    ])
    try folder.optimize(options { $0.epoch = 1_000 }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let times = Dictionary(
      uniqueKeysWithValues: listing.map { (String(decoding: $0.path, as: UTF8.self), $0.modified) })
    #expect(times["app/m.py"] == Int64(time))
    #expect(times["app/n.py"] == 1_000)
  }

  /// buildah notes the base by its name, and sets no command; an entry point tells the base as well.
  @Test(arguments: [
    [
      #"{"created_by":"a"}"#, #"{"created_by":"b"}"#,
      #"{"comment":"FROM docker.io/library/x:1","created_by":"c"}"#,
    ],
    [
      #"{"created_by":"a"}"#, #"{"created_by":"b"}"#,
      #"{"created_by":"ENTRYPOINT [\"x\"]","empty_layer":true}"#,
      #"{"created_by":"c"}"#,
    ],
  ])
  func theBaseIsTheOneThatInspectTells(history: [String]) throws {
    let text =
      #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":DIFFIDS},"#
      + #""history":[\#(history.joined(separator: ","))]}"#
    let layers = ["1", "2", "3"].map { content in layer { $0.file(content, content) } }
    let folder = try ImageFolder(TestImage(layers: layers, config: TestConfig(text: text)))
    let report = try folder.optimize(
      options { ($0.base, $0.squash) = (.history, .all) }, to: "out.tar")
    #expect(report.layers.map(\.inputs) == [[0], [1], [2]])
  }

  @Test func standardInputIsNotReplaced() async throws {
    let folder = try ImageFolder([layer { $0.file("a", "1") }])
    let before = try folder.bytes("image.tar")
    let made = try await Command.run(
      "sh", ["-c", "'\(Command.forge)' optimize - -o '\(folder.image)' < '\(folder.image)'"])
    #expect(made.status == 2 && made.errors.contains("never modified"), "\(made)")
    #expect(try folder.bytes("image.tar") == before)
  }

  /// What would do nothing is refused, rather than believed to have done something.
  @Test(arguments: [
    ["--env", "A=1"], ["--mcp", "/mcp"], ["--no-start"], ["--engine", "podman"],
    ["--keep-base", "--base", "image.tar"],
  ])
  func optionsWithoutEffectAreRefused(arguments: [String]) async throws {
    let folder = try ImageFolder([layer { $0.file("a", "1") }])
    let made = try await Command.forge(
      ["optimize", "image.tar", "-o", "out.tar"] + arguments, in: folder.folder.path)
    #expect(made.status == 2 && made.errors.contains(arguments[0]), "\(made)")
    #expect(try folder.folder.names() == ["image.tar"])
  }

  /// What comes from a pipe is there once.
  @Test func theBaseOfStandardInputIsKept() async throws {
    let history = ["RUN a", "#CMD a", "RUN b", "RUN c"]
    let layers = ["1", "2", "3"].map { content in layer { $0.file(content, content) } }
    let folder = try ImageFolder(TestImage(layers: layers, config: TestConfig(history: history)))
    let file = folder.folder.file
    try Data(TestImage(layers: [layers[0]]).dockerArchive()).write(
      to: URL(fileURLWithPath: file("base.tar")))
    for (arguments, status) in [
      ("--keep-base", 0), ("--base '\(file("base.tar"))'", 0), ("--base -", 2),
      ("--base '\(folder.image)x'", 2),
    ] {
      let made = try await Command.run(
        "sh",
        [
          "-c",
          "cat '\(folder.image)' | '\(Command.forge)' optimize - -o '\(file("out.tar"))' --squash \(arguments)",
        ])
      #expect(made.status == status, "\(made)")
      if status == 0 { #expect(try ImageStore.open(file("out.tar")).layers.count == 2) }
    }
    let twice = try await Command.forge(["verify", "-", "-"])
    #expect(twice.status == 2 && twice.errors.contains("once only"), "\(twice)")
  }
}
