import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// What readers of images get wrong, and which tests hold forge to it.
@Suite struct TrapTests {
  /// A name by which the trap is known, and the tests: `Folder/File.test`.
  private static let traps: [(name: String, tests: [String])] = [
    (
      "whiteouts",
      [
        "InspectionTests/WasteTests.whiteoutsSpareTheirOwnLayer",
        "InspectionTests/WasteTests.bytesInWhiteoutsAreFoundAndCounted",
        "InspectionTests/WasteTests.refusesWhatNoRuntimeUnpacks",
        "InspectionTests/UmociTests.stacksLikeUmoci",
      ]
    ),
    (
      "opaque folders",
      [
        "InspectionTests/WasteTests.deletedFilesFoldersAndOpaque",
        "InspectionTests/WasteTests.anOpaqueFolderInPlaceOfALinkLeavesTheTargetAlone",
        "InspectionTests/UmociTests.stacksLikeUmociAtRandom",
      ]
    ),
    (
      "changes of type",
      ["InspectionTests/WasteTests.replacedByType", "InspectionTests/UmociTests.stacksLikeUmoci"]
    ),
    (
      "entries below links",
      [
        "InspectionTests/WasteTests.entriesBelowALinkAreWrittenThroughIt",
        "InspectionTests/TrapTests.danglingParents",
      ]
    ),
    ("duplicate entries", ["InspectionTests/WasteTests.duplicateEntriesTheLastOneCounts"]),
    (
      "hardlinks",
      [
        "InspectionTests/WasteTests.hardlinksCountOnce",
        "InspectionTests/WasteTests.aGroupLivesAsLongAsOneName",
        "InspectionTests/WasteTests.hardlinksIntoLowerLayersStoreNothing",
        "LayersTests/TarTests.notesWhatReadersDisagreeAbout",
      ]
    ),
    (
      "implicit parents",
      ["InspectionTests/UmociTests.stacksLikeUmoci", "InspectionTests/TrapTests.implicitParents"]
    ),
    (
      "names",
      [
        "LayersTests/TarTests.refusesRootsThatAreNoFolders",
        "InspectionTests/TrapTests.namesAreBytes",
      ]
    ),
    (
      "long names and PAX",
      [
        "LayersTests/TarTests.longNamesOfEveryDialect",
        "LayersTests/TarTests.paxOverridesTheHeader",
        "LayersTests/TarTests.paxDoesNotApplyToALongNameInBetween",
        "LayersTests/TarTests.paxSizeWinsOverTheHeadersAndIsReported",
      ]
    ),
    (
      "numbers",
      ["LayersTests/TarTests.base256Numbers", "LayersTests/TarTests.refusesHostileHeaders"]
    ),
    (
      "sparse files",
      [
        "LayersTests/SparseTests.oldGNUFormat", "LayersTests/SparseTests.paxFormats",
        "LayersTests/SparseTests.holesCountTowardsTheLimit",
      ]
    ),
    (
      "the end of an archive",
      ["LayersTests/TarTests.endsOfArchives", "ImagesTests/ContainerTests.endMarker"]
    ),
    (
      "gzip members",
      [
        "LayersTests/CompressionTests.readsManySmallGzipMembers",
        "LayersTests/CompressionTests.readsAllFieldsOfAGzipHeader",
        "LayersTests/CompressionTests.emptyGzipMembersAndWhatFollows",
      ]
    ),
    (
      "zstd frames",
      [
        "LayersTests/CompressionTests.readsSkippableZstdFrames",
        "LayersTests/CompressionTests.refusesAZstdWindowOverTheLimit",
        "LayersTests/CompressionTests.refusesAZstdDictionary",
      ]
    ),
    (
      "media types that lie",
      ["ImagesTests/HostileTests.mediaTypes", "ImagesTests/HostileTests.unusualCompressions"]
    ),
    (
      "tables of contents",
      [
        "InspectionTests/LazyIndexTests.stargz", "InspectionTests/LazyIndexTests.zstdChunked",
        "InspectionTests/LazyIndexTests.twoTables",
      ]
    ),
    (
      "shapes of a docker-archive",
      [
        "ImagesTests/ShapeTests.dockerArchive", "ImagesTests/EngineShapeTests.skopeo",
        "EndToEndTests/CounterpartTests.everyToolAndForm",
      ]
    ),
    (
      "Docker 25.0",
      ["ImagesTests/HostileTests.manifestAgainstIndex", "InspectionTests/TrapTests.wrongDiffIDs"]
    ),
    (
      "counts",
      ["ImagesTests/HostileTests.layerCounts", "ImagesTests/HostileTests.oneLayerForTwoDigests"]
    ),
    (
      "several images",
      ["ImagesTests/SelectionTests.withoutChoice", "ImagesTests/SelectionTests.platforms"]
    ),
    (
      "attestations",
      [
        "ImagesTests/SelectionTests.attestationsAreNoImages",
        "ImagesTests/SelectionTests.attestationWithRealPlatform",
      ]
    ),
    (
      "sparse indexes",
      [
        "ImagesTests/SelectionTests.sparseIndex",
        "ImagesTests/SelectionTests.sparseIndexBesideManifest",
      ]
    ),
    ("embedded data", ["ImagesTests/HostileTests.embeddedData"]),
    (
      "history",
      [
        "InspectionTests/InspectorTests.historyThatDoesNotFitIsNotGuessed",
        "InspectionTests/TrapTests.anEmptyTarIsALayer",
      ]
    ),
    (
      "foreign layers",
      ["ImagesTests/HostileTests.mediaTypes", "ImagesTests/HostileTests.foreignLayerThatIsAbsent"]
    ),
    (
      "several sizes",
      [
        "RulesTests/ImageRulesTests.sizeOverTheLimitNamesMetricLargestAndRemedy",
        "InspectionTests/TrapTests.sizes",
      ]
    ),
    (
      "rewriting",
      [
        "OptimizerTests/OptimizerTests.unknownFieldsOfTheConfigSurvive",
        "OptimizerTests/OptimizerTests.aBaseStaysToTheByte",
        "OptimizerTests/OptimizerTests.extendedAttributesDevicesAndFractionsSurvive",
      ]
    ),
    (
      "determinism",
      [
        "OptimizerTests/OptimizerTests.theSameInputGivesTheSameBytes",
        "OptimizerTests/RandomTests.secondRunChangesNothing",
      ]
    ),
  ]

  @Test func everyTrapHasATest() throws {
    #expect(Self.traps.count == 28)
    var sources: [String: String] = [:]
    for (name, tests) in Self.traps {
      #expect(!tests.isEmpty, "\(name)")
      for test in tests {
        let parts = test.split(separator: ".").map(String.init)
        let path = Repository.root + "Tests/\(parts[0]).swift"
        if sources[path] == nil {
          sources[path] = try String(contentsOfFile: path, encoding: .utf8)
        }
        #expect(sources[path]?.contains("func \(parts[1])(") == true, "\(name): \(test)")
      }
    }
  }

  /// Engines make the missing target or refuse; which of them is told, as what they do differs.
  @Test func danglingParents() throws {
    let stack = [
      layer { $0.symlink("link", to: "nowhere") }, layer { $0.file("link/new", "12345") },
    ]
    #expect(try inspect(stack).findings.map(\.id) == ["FORGE-A002"])
    let through = try open([
      layer {
        $0.folder("target")
        $0.symlink("link", to: "target")
      }, layer { $0.file("link/new", "12345") },
    ])
    #expect(through.inspection.findings.map(\.id) == ["FORGE-A002"])
    #expect(try through.tree("/target/new").kind == "file")
  }

  @Test func implicitParents() throws {
    let image = try open([
      layer { $0.file("a/b/c", "1") }, layer { $0.add("a", type: "5", mode: 0o711, uid: 7) },
    ])
    #expect(try image.tree("/a").kind == "folder" && image.tree("/a/b").layer == nil)
  }

  /// Two names that one file system or another would take for one.
  @Test func namesAreBytes() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("caf\u{E9}", "1")
        tar.file("cafe\u{301}", "22")
        tar.file("CAFE", "333")
        tar.file("a\\b", "4444")
        tar.add("x", data: [1, 2, 3, 4, 5]) { $0[0] = 0xFF }
      }
    ])
    #expect(
      inspection.sizes.rootfs == 15 && inspection.sizes.wasted == 0
        && inspection.details.files.count == 5)
  }

  /// moby 47150: what is named is the cause, not one of the two readings.
  @Test func wrongDiffIDs() throws {
    let image = TestImage(layers: [layer { $0.file("a", "1") }])
    let other = TestImage(layers: [layer { $0.file("a", "2") }])
    let files = try image.dockerFiles(.docker25).map { file -> ArchiveFile in
      file.name == "blobs/sha256/\(Digest.sha256(image.layers[0]).hex)"
        ? .file(file.name, other.layers[0]) : file
    }
    let error =
      try #require(throws: (any Error).self) {
        try withArchive(files.tar()) { try Inspector.inspect($0) }
      } as? any ForgeError
    #expect(error?.exitCode == .unreadableInput)
    // The digest is the blob's own name here; a docker-archive alone has diffIDs only.
    let text = String(decoding: other.configBytes, as: UTF8.self)
    let wrong = TestImage(layers: image.layers, config: TestConfig(text: text))
    let plain = try #require(throws: (any Error).self) {
      try withArchive(wrong.dockerArchive()) { try Inspector.inspect($0) }
    }
    #expect(
      "\(plain)".contains("diffID") && "\(plain)".contains("Docker 25.0.0 wrote wrong diffIDs"),
      "\(plain)")
  }

  @Test func anEmptyTarIsALayer() throws {
    let empty = [UInt8](repeating: 0, count: 1024)
    #expect(
      Digest.sha256(empty).hex == "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
    )
    let inspection = try inspect(
      [layer { $0.file("a", "1") }, empty],
      config: TestConfig(history: ["ADD", "RUN true", "#ENV"]))
    #expect(inspection.layers.map(\.createdBy) == ["ADD", "RUN true"])
    #expect(inspection.layers[1].unpacked == 1024 && inspection.layers[1].stored == 0)
  }

  /// Each size is what its name says, and no two are the same here.
  @Test func sizes() throws {
    let stack = [
      layer { $0.file("a", String(repeating: "x", count: 700)) }, layer { $0.file("a", "yy") },
    ]
    let archive = try TestImage(layers: stack).ociArchive()
    let sizes = try withArchive(archive) { try Inspector.inspect($0).sizes }
    #expect(sizes.unpacked == Int64(stack.reduce(0) { $0 + $1.count }))
    #expect(sizes.stored == 702 && sizes.rootfs == 2 && sizes.wasted == 700)
    #expect(
      sizes.compressed == Int64(try stack.reduce(0) { try $0 + Compressor.gzip.compress($1).count })
    )
  }
}
