import ForgeBasics
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

@Suite struct InspectorTests {
  private let layers = [
    layer { tar in
      tar.folder("etc")
      tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\n")
      tar.file("usr/lib/group", "root:x:0:\n")
      tar.symlink("etc/group", to: "../usr/lib/group")
      tar.file("app/.env", "SECRET=1")
    },
    layer { tar in
      tar.add("app/.wh..env")
      tar.file("app/copy1", "the same content")
      tar.file("app/copy2", "the same content")
      tar.hardlink("app/copy3", to: "app/copy2")
      tar.add("app/run", data: [1, 2, 3], mode: 0o4755, uid: 7, gid: 8)
    },
  ]
  private let config = TestConfig(
    user: "1000", entrypoint: ["/bin/run"], cmd: ["serve"], environment: ["A=1"],
    exposedPorts: ["80/tcp"],
    volumes: ["/data"], workingDirectory: "/app", labels: ["k": "v"], healthcheck: ["CMD", "true"],
    history: ["ADD rootfs", "#ENV A=1", "COPY . ."])

  @Test func tellsWhatIsInAnImage() throws {
    let options = InspectionOptions(capture: { $0.elementsEqual("app/.env".utf8) ? 6 : 0 })
    let archive = try TestImage(layers: layers, config: config).dockerArchive()
    let inspection = try withArchive(archive) { try Inspector.inspect($0, options: options) }
    checkAccounts(inspection)
    #expect(inspection.image.reference == "todo:latest")
    #expect(inspection.image.platform == "linux/amd64")
    #expect(inspection.image.user == "1000" && inspection.image.entrypoint == ["/bin/run"])
    #expect(inspection.image.cmd == ["serve"])
    #expect(inspection.image.digest == TestImage(layers: layers, config: config).configDigest)

    #expect(inspection.layers.map(\.diffID) == layers.map { Digest.sha256($0) })
    #expect(inspection.layers.map(\.createdBy) == ["ADD rootfs", "COPY . ."])
    #expect(inspection.layers.map(\.unpacked) == layers.map { Int64($0.count) })
    #expect(inspection.sizes.unpacked == layers.reduce(0) { $0 + Int64($1.count) })
    #expect(inspection.sizes.stored == 22 + 10 + 8 + 16 + 16 + 3)
    #expect(rows(inspection) == ["deleted-file app/.env 8 0>1"])
    #expect(inspection.largestFiles.first == FileFacts(path: "etc/passwd", bytes: 22, layer: 0))
    #expect(
      inspection.duplicates == [DuplicateGroup(bytes: 16, paths: ["app/copy1", "app/copy3"])]
        || inspection.duplicates == [DuplicateGroup(bytes: 16, paths: ["app/copy1", "app/copy2"])])

    let details = inspection.details
    #expect(details.passwd == Array("root:x:0:0::/:/bin/sh\n".utf8))
    #expect(details.group == Array("root:x:0:\n".utf8))
    #expect(details.config.environment == ["A=1"] && details.config.exposedPorts == ["80/tcp"])
    #expect(details.config.volumes == ["/data"] && details.config.workingDirectory == "/app")
    #expect(details.config.hasHealthcheck && details.config.labels == ["k": "v"])
    #expect(details.history.map(\.layer) == [0, nil, 1])
    let env = try #require(details.files.first { $0.path == Array("app/.env".utf8) })
    #expect(!env.visible && env.layer == 0 && env.head == Array("SECRET".utf8))
    let run = try #require(details.files.first { $0.path == Array("app/run".utf8) })
    #expect(
      run.visible && run.mode == 0o4755 && run.uid == 7 && run.gid == 8 && run.size == 3
        && run.head == nil)
  }

  @Test(arguments: TestImage.DockerShape.allCases) func everyDockerArchiveSaysTheSame(
    _ shape: TestImage.DockerShape
  ) throws {
    let image = TestImage(layers: layers, config: config)
    let reference = try inspect(layers, config: config)
    let other = try withArchive(image.dockerArchive(shape)) { try Inspector.inspect($0) }
    #expect(
      other.sizes.stored == reference.sizes.stored && other.sizes.rootfs == reference.sizes.rootfs)
    #expect(other.waste == reference.waste && other.largestFiles == reference.largestFiles)
    #expect(other.details.files == reference.details.files)
  }

  @Test(arguments: [Compressor.none, .gzip, .zstd]) func everyCompressionSaysTheSame(
    _ compressor: Compressor
  ) throws {
    let image = TestImage(layers: layers, config: config)
    let reference = try inspect(layers, config: config)
    let other = try withArchive(image.ociArchive(compression: compressor)) {
      try Inspector.inspect($0)
    }
    #expect(other.waste == reference.waste && other.details.files == reference.details.files)
    #expect(other.sizes.unpacked == reference.sizes.unpacked)
    let blobs = try layers.map { Int64(try compressor.compress($0).count) }
    #expect(other.layers.map(\.compressed) == blobs && other.sizes.compressed == blobs.reduce(0, +))
  }

  @Test func aLayerThatStandsTwiceIsCountedTwice() throws {
    let inspection = try inspect([layers[0], layers[0]])
    #expect(inspection.sizes.wasted == 40 && inspection.sizes.rootfs == 40)
    #expect(inspection.waste.allSatisfy { $0.cause == .identical })
  }

  @Test func historyThatDoesNotFitIsNotGuessed() throws {
    let inspection = try inspect(layers, config: TestConfig(history: ["one"]))
    #expect(inspection.layers.map(\.createdBy) == [nil, nil])
    #expect(inspection.details.history == [HistoryFacts(createdBy: "one", layer: nil)])
    #expect(inspection.findings.map(\.id) == ["FORGE-A013"])
    let without = try inspect(layers)
    #expect(without.layers.map(\.createdBy) == [nil, nil] && without.findings.isEmpty)
  }

  @Test func refusesALayerOfOtherContent() throws {
    let image = TestImage(layers: layers, config: config)
    var archive = try image.dockerArchive()
    // The content of a file in a plain layer, which only the diffID covers.
    let secret = try #require(archive.firstRange(of: Array("SECRET=1".utf8)))
    archive[secret.lowerBound] = UInt8(ascii: "s")
    let error = try #require(throws: LayerError.self) {
      try withArchive(archive) { try Inspector.inspect($0) }
    }
    #expect(
      "\(error)".hasPrefix("layer 0 of /") && "\(error)".contains("its diffID is sha256:"),
      "\(error)")
    #expect(error.exitCode == .unreadableInput)
  }

  @Test func everyTruncationOfAnArchiveIsAnError() throws {
    let small = TestImage(layers: [layer { $0.file("a", "1") }], config: config)
    for archive in [try small.dockerArchive(), try small.ociArchive()] {
      for length in stride(from: 0, to: archive.count - 1024, by: 101) {
        #expect("\(length) of \(archive.count) bytes") {
          try withArchive(Array(archive.prefix(length))) { try Inspector.inspect($0) }
        } throws: {
          $0 is any ForgeError
        }
      }
    }
  }

  @Test func theReportIsStable() throws {
    let first = try StableJSON.encode(inspect(layers, config: config))
    #expect(first.contains("\"schemaVersion\" : 1"))
    // The source is a temporary path; all else must be the same bytes.
    func body(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { !$0.contains("\"source\"") }
    }
    for _ in 0..<3 {
      #expect(try body(StableJSON.encode(inspect(layers, config: config))) == body(first))
    }
  }

  @Test func pathsAreEscapedInTheReport() throws {
    let inspection = try inspect([
      layer { $0.file("a\u{1B}[31m", "12") }, layer { $0.add(".wh.a\u{1B}[31m") },
    ])
    #expect(inspection.waste.map(\.path) == ["a\\x1b[31m"])
  }
}
