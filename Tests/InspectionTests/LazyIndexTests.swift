import ForgeFindings
import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// Tables of contents for lazy runtimes: what they say is what the tar says, or it is told.
@Suite struct LazyIndexTests {
  private static func entries(size: Int = 5, link: String = "main.py") -> String {
    """
    {"version":1,"entries":[{"name":"app/","type":"dir"},{"name":"app/main.py","type":"reg","size":\(size)},\
    {"name":"app/main.py","type":"chunk","offset":3},{"name":"app/link","type":"symlink","linkName":"\(link)"},\
    {"name":"app/hard","type":"hardlink","linkName":"app/main.py"},{"name":".no.prefetch.landmark","type":"reg","size":1}]}
    """
  }

  /// A layer with the files that the table names, and the table where it is one of them.
  private static func files(stargz table: String? = nil) -> [UInt8] {
    layer { tar in
      tar.folder("app/")
      tar.file("app/main.py", "print")
      tar.symlink("app/link", to: "main.py")
      tar.hardlink("app/hard", to: "app/main.py")
      if let table {
        tar.file(".no.prefetch.landmark", "\u{F}")
        tar.file("stargz.index.json", table)
      }
    }
  }

  /// Findings about a table, of an OCI archive whose only layer is this blob with these annotations.
  private func findings(
    _ tar: [UInt8], blob: [UInt8]? = nil, annotations: [String: String] = [:], piped: Bool = false
  ) throws -> [Finding] {
    let image = TestImage(layers: [tar])
    let blob = try blob ?? Compressor.zstd.compress(tar)
    let pairs = annotations.sorted { $0.key < $1.key }.map { #""\#($0.key)":"\#($0.value)""# }
    let layerText = TestImage.descriptor(
      "application/vnd.oci.image.layer.v1.tar+zstd", blob,
      more: #","annotations":{\#(pairs.joined(separator: ","))}"#)
    let config = TestImage.descriptor("application/vnd.oci.image.config.v1+json", image.configBytes)
    let type = "application/vnd.oci.image.manifest.v1+json"
    let manifest = Array(
      #"{"schemaVersion":2,"mediaType":"\#(type)","config":\#(config),"layers":[\#(layerText)]}"#
        .utf8)
    let archive = ArchiveFile.ociLayout(
      blobs: [blob, image.configBytes, manifest].map(ArchiveFile.blob),
      manifests: [TestImage.descriptor(type, manifest)]
    ).tar()
    let inspection =
      try piped ? inspectPiped(archive) : withArchive(archive) { try Inspector.inspect($0) }
    return inspection.findings.filter {
      ["FORGE-A016", "FORGE-A017", "FORGE-A018"].contains($0.id)
    }
  }

  /// A blob with the table in a skippable frame behind the tar, and where it stands.
  private func chunked(
    _ tar: [UInt8], _ table: String, prefix: String = "io.github.containers"
  ) throws -> (blob: [UInt8], annotations: [String: String]) {
    let body = try Compressor.zstd.compress(tar)
    let frame = try Compressor.zstd.compress(Array(table.utf8))
    let header: [UInt8] =
      [0x50, 0x2A, 0x4D, 0x18] + (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> (8 * $0)) }
    return (
      body + header + frame,
      [
        "\(prefix).zstd-chunked.manifest-checksum": Digest.sha256(frame).description,
        "\(prefix).zstd-chunked.manifest-position":
          "\(body.count + header.count):\(frame.count):\(table.utf8.count):1",
      ]
    )
  }

  @Test func stargz() throws {
    let honest = Self.entries()
    let digest = [
      "containerd.io/snapshot/stargz/toc.digest": Digest.sha256(Array(honest.utf8)).description
    ]
    #expect(try findings(Self.files(stargz: honest), annotations: digest) == [])
    #expect(try findings(Self.files(stargz: honest), annotations: digest, piped: true) == [])
    let larger = try findings(Self.files(stargz: Self.entries(size: 6)))
    #expect(larger.map(\.id) == ["FORGE-A016"] && larger.map(\.severity) == [.error])
    #expect(larger.first?.location == "layer 0: app/main.py")
    #expect(
      try findings(Self.files(stargz: Self.entries(link: "/etc/passwd"))).first?.location
        == "layer 0: app/link")
    let hidden = honest.replacingOccurrences(
      of: #"{"name":"app/hard","type":"hardlink","linkName":"app/main.py"},"#, with: "")
    #expect(try findings(Self.files(stargz: hidden)).first?.location == "layer 0: app/hard")
    // Who may run it, and as whom.
    for (owner, isHonest) in [
      (#""mode":420,"uid":0,"gid":0"#, true), (#""mode":33188"#, true), (#""mode":2541"#, false),
      (#""uid":7"#, false),
      (#""gid":7"#, false),
    ] {
      let table = honest.replacingOccurrences(of: #""size":5"#, with: #""size":5,\#(owner)"#)
      let found = try findings(Self.files(stargz: table)).map(\.location)
      #expect(found == (isHonest ? [] : ["layer 0: app/main.py"]), "\(owner)")
    }
    // Another table than the one that the manifest names, and none at all.
    #expect(
      try findings(Self.files(stargz: honest + " "), annotations: digest).map(\.id) == [
        "FORGE-A018"
      ])
    #expect(try findings(Self.files(stargz: "no JSON")).map(\.id) == ["FORGE-A018"])
    #expect(try findings(Self.files()) == [])
  }

  @Test func zstdChunked() throws {
    let honest = try chunked(Self.files(), Self.entries())
    #expect(try findings(Self.files(), blob: honest.blob, annotations: honest.annotations) == [])
    let other = try chunked(Self.files(), Self.entries(size: 4))
    #expect(
      try findings(Self.files(), blob: other.blob, annotations: other.annotations).map(\.location)
        == ["layer 0: app/main.py"])
    // As containers/storage called them before.
    let old = try chunked(Self.files(), Self.entries(size: 4), prefix: "io.containers")
    #expect(
      try findings(Self.files(), blob: old.blob, annotations: old.annotations).map(\.id) == [
        "FORGE-A016"
      ])
    // Of one table only: the other's checksum does not fit.
    let mixed = try findings(Self.files(), blob: other.blob, annotations: honest.annotations)
    #expect(mixed.map(\.id) == ["FORGE-A018"])
    for position in [
      "", "1:2:3", "-1:2:3:1", "0:9223372036854775807:3:1", "9223372036854775807:1:1:1",
      "0:1:99999999999:1",
    ] {
      let key = "io.github.containers.zstd-chunked.manifest-position"
      #expect(
        try findings(Self.files(), blob: honest.blob, annotations: [key: position]).map(\.id) == [
          "FORGE-A018"
        ],
        "\(position)")
    }
  }

  /// What buildah writes of a real image: its table and its tar are the same.
  @Test func realZstdChunked() throws {
    try Shell.withTemporaryFolder { folder in
      try Shell.run([
        "buildah", "push", "-q", "--format", "oci", "--compression-format", "zstd:chunked",
        "docker.io/library/alpine:3.23", "oci:\(folder)/image:1",
      ])
      let image = try ImageStore.open("\(folder)/image")
      #expect(
        image.layers.allSatisfy { layer in
          layer.annotations.keys.contains { $0.hasSuffix("manifest-position") }
        })
      let findings = try Inspector.inspect("\(folder)/image").findings
      #expect(findings.filter { $0.id.rawValue.hasPrefix("FORGE-A01") } == [])
    }
  }

  @Test func twoTables() throws {
    let both = Self.files(stargz: Self.entries())
    let (blob, annotations) = try chunked(both, Self.entries())
    let found = try findings(both, blob: blob, annotations: annotations)
    #expect(found.map(\.id) == ["FORGE-A017"] && found.map(\.severity) == [.error])
  }
}
