import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// Archives that lie: each is refused, with the reason, and reads nothing outside itself.
@Suite struct HostileTests {
  private static let image = TestImage(
    layers: [layer("a"), layer("b")], config: TestConfig(user: "1000"))

  private func expect(
    _ kind: ImageError.Kind, _ part: String, _ archive: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = try failure(archive, sourceLocation: sourceLocation)
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    #expect(error.description.contains(part), "\(error)", sourceLocation: sourceLocation)
    #expect(error.exitCode == .unreadableInput, sourceLocation: sourceLocation)
  }

  /// The podman-like archive with one member replaced.
  private func docker(replacing name: String, with file: ArchiveFile) throws -> [UInt8] {
    try Self.image.dockerFiles().map { $0.name == name ? file : $0 }.tar()
  }

  private func dockerManifest(_ text: String) throws -> [UInt8] {
    try docker(replacing: "manifest.json", with: .file("manifest.json", text))
  }

  /// The OCI archive with the text of one document changed, and digests and sizes corrected.
  private func oci(
    config changeConfig: (String) -> String = { $0 },
    manifest changeManifest: (String) -> String = { $0 },
    index changeIndex: (String) -> String = { $0 }
  ) throws -> [UInt8] {
    var image = Self.image
    image.config.text = changeConfig(String(decoding: image.configBytes, as: UTF8.self))
    let (blobs, descriptor) = try image.ociBlobs()
    guard case .bytes(_, let manifest)? = blobs.last else { throw CancellationError() }
    let changed = Array(changeManifest(String(decoding: manifest, as: UTF8.self)).utf8)
    let corrected = descriptor.replacingOccurrences(
      of: TestImage.descriptor("application/vnd.oci.image.manifest.v1+json", manifest).dropLast(),
      with: TestImage.descriptor("application/vnd.oci.image.manifest.v1+json", changed).dropLast())
    let files = ArchiveFile.ociLayout(
      blobs: blobs.dropLast() + [.blob(changed)], manifests: [corrected])
    return files.map { file in
      guard case .bytes("index.json", let bytes) = file else { return file }
      return .file("index.json", changeIndex(String(decoding: bytes, as: UTF8.self)))
    }.tar()
  }

  @Test func untouched() throws {
    #expect(try open(oci()).config.user == "1000")
  }

  /// A manifest of Docker's family in an OCI layout, as `buildx --output type=docker` writes.
  @Test func dockerFamily() throws {
    func docker(_ text: String) -> String {
      text.replacingOccurrences(
        of: "application/vnd.oci.image.manifest.v1+json",
        with: "application/vnd.docker.distribution.manifest.v2+json"
      )
      .replacingOccurrences(
        of: "application/vnd.oci.image.config.v1+json",
        with: "application/vnd.docker.container.image.v1+json"
      )
      .replacingOccurrences(
        of: "application/vnd.oci.image.layer.v1.tar+gzip",
        with: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    }
    let image = try open(oci(manifest: docker, index: docker))
    #expect(image.isDockerFormat)
    #expect(image.form == .ociArchive)
    #expect(image.notes.isEmpty)
    #expect(image.layers.map(\.mediaType).allSatisfy { $0.hasSuffix("rootfs.diff.tar.gzip") })
    // The index says the one, the manifest the other.
    try expect(.ambiguous, "mediaType is", oci(index: docker))
  }

  /// Users that runtimes read differently: no verdict about them would hold everywhere.
  @Test(arguments: [
    "00", "007", "+0", "-0", "-1", "+1000", "0x0", "0X0", "0b0", "0o0", "0_0", "root ", " root",
    " ", "ro\u{200B}ot",
    "\u{660}", "\u{FF10}", "0\u{301}", "0:\u{301}", "2147483648", "4294967296", "-4294967296",
    "99999999999999999999", "1000:4294967296", "1000:00", "1000:-1", "1000:1000:0", "::", ":0:",
  ])
  func users(user: String) throws {
    let image = TestImage(layers: [layer("a")], config: TestConfig(user: user))
    try expect(.ambiguous, "\"User\" is \"", image.dockerArchive())
    try expect(.ambiguous, "such as `USER 10001:10001`", image.ociArchive())
  }

  @Test func usersWithControlCharacters() throws {
    for character in ["\\t", "\\n", "\\u0000", "\\u001b", "\\u007f"] {
      let image = TestImage(
        layers: [layer("a")], config: TestConfig(more: "\"User\":\"0\(character)\""))
      try expect(.ambiguous, "\"User\" is \"", image.dockerArchive())
    }
  }

  @Test(arguments: [
    "", "0", "0:0", ":0", ":", "app:", "root", "ROOT", "app:root", "1000", "2147483647:2147483647",
    "user@host", "a-0",
    "_apt", "www-data", "1and1", "svc$",
  ])
  func usersThatAllReadAlike(user: String) throws {
    let image = TestImage(layers: [layer("a")], config: TestConfig(user: user))
    #expect(try open(image.dockerArchive()).config.user == user)
  }

  // MARK: Not an image

  @Test func notAnImage() throws {
    try expect(.notAnImage, "it is empty", [])
    try expect(
      .notAnImage, "neither a tar archive",
      Array("hello, world, I am no image at all".utf8) + Array(repeating: 65, count: 2000))
    try expect(.notAnImage, "docker export", TarBuilder.make { $0.file("etc/passwd", "root") })
    try expect(.notAnImage, "neither a manifest.json nor", TarBuilder.make { _ in })
    try expect(
      .notAnImage, "is compressed in it is not",
      Compressor.gzip.compress(Array(repeating: 0, count: 1 << 20)))
    try expect(
      .notAnImage, "is compressed in it is not",
      Compressor.gzip.compress(Compressor.gzip.compress(Self.image.dockerArchive())))
    try expect(
      .unsupported, "before version 1.10",
      TarBuilder.make {
        $0.file("repositories", "{}")
        $0.file("abc/layer.tar", "")
      })
    try expect(
      .notAnImage, "no oci-layout", Self.image.ociFiles().filter { $0.name != "oci-layout" }.tar())
    try expect(.notAnImage, "lists no image", dockerManifest("[]"))
    try expect(.notAnImage, "must be an array", dockerManifest("{}"))
    try expect(
      .notAnImage, "lists no image", oci(index: { _ in #"{"schemaVersion":2,"manifests":[]}"# }))
  }

  @Test func pathsThatAreNone() throws {
    try Shell.withTemporaryFolder { folder in
      let missing = #expect(throws: ImageError.self) {
        _ = try ImageStore.open("\(folder)/no\u{1B}[31m.tar")
      }
      #expect(missing?.exitCode == .usage)
      #expect(
        missing?.description.contains("no\\x1b[31m.tar: there is no such file or folder; ") == true)
      let empty = #expect(throws: ImageError.self) { _ = try ImageStore.open(folder) }
      #expect(empty?.kind == .notAnImage)
      let device = #expect(throws: ImageError.self) { _ = try ImageStore.open("/dev/zero") }
      #expect(device?.kind == .notAnImage)
      let inside = #expect(throws: ImageError.self) {
        _ = try ImageStore.open("/etc/passwd/image.tar")
      }
      #expect(inside?.exitCode == .usage)
    }
  }

  // MARK: Two readers, two images

  @Test func duplicateMembers() throws {
    let files = try Self.image.dockerFiles()
    for file in files {
      guard case .bytes(let name, let bytes) = file else { continue }
      try expect(.ambiguous, "stands twice", (files + [.bytes(name, bytes + [0x20])]).tar())
      // Some tools store what two images share twice: the same bytes are the same to every reader.
      try Shell.withTemporaryFolder { folder in
        let path = folder + "/image.tar"
        try Data((files + [file]).tar()).write(to: URL(fileURLWithPath: path))
        _ = try ImageStore.open(path)
      }
    }
    let manifest = try #require(files.last)
    guard case .bytes(_, let bytes) = manifest else { return }
    for other in ["./manifest.json", "/manifest.json", "manifest.json/", ".//manifest.json"] {
      let extra: ArchiveFile = other.hasSuffix("/") ? .folder(other) : .bytes(other, bytes + [0x20])
      try expect(.ambiguous, "stands twice", (files + [extra]).tar())
    }
  }

  @Test func membersBelowLinks() throws {
    let files = try Self.image.dockerFiles()
    try expect(
      .ambiguous, "which is not a folder",
      (files + [.symlink("x", to: "."), .file("x/manifest.json", "[]")]).tar())
  }

  @Test(arguments: [
    #"{"User":"app","User":"root"}"#, #"{"User":"app","user":"root"}"#,
    #"{"User":"app","uſer":"root"}"#,
    #"{"Env":[],"ENV":["A=b"]}"#,
  ])
  func keysInTwoCases(config: String) throws {
    let text =
      #"{"os":"linux","architecture":"amd64","config":\#(config),"rootfs":{"type":"layers","diff_ids":DIFFIDS}}"#
    try expect(.malformed, "stands twice", oci(config: { _ in text }))
  }

  @Test func outerKeysInTwoCases() throws {
    try expect(
      .malformed, "stands twice",
      oci(config: { $0.replacingOccurrences(of: #""os""#, with: #""Config":{"User":"root"},"os""#) }
      ))
    try expect(
      .malformed, "stands twice",
      oci(manifest: { $0.replacingOccurrences(of: #""layers""#, with: #""Layers":[],"layers""#) }))
  }

  /// CVE-2021-41190.
  @Test func manifestAndIndexAtOnce() throws {
    for key in ["manifests", "Manifests", "fsLayers", "history"] {
      try expect(
        .ambiguous, "both a manifest and an index",
        oci(manifest: { $0.dropLast() + #","\#(key)":[]}"# }))
    }
    for key in ["layers", "config", "LAYERS", "fsLayers"] {
      try expect(
        .ambiguous, "both a manifest and an index",
        oci(index: { $0.dropLast() + #","\#(key)":[]}"# }))
    }
    try expect(
      .ambiguous, "mediaType",
      oci(manifest: {
        $0.replacingOccurrences(of: "image.manifest.v1+json", with: "image.index.v1+json")
      }))
  }

  @Test func manifestAgainstIndex() throws {
    func hybrid(_ oci: TestImage, _ docker: TestImage, tags: [String] = ["todo:latest"]) throws
      -> [UInt8]
    {
      let (first, descriptor) = try oci.ociBlobs(compression: .none)
      let (second, _) = try docker.ociBlobs(compression: .none)
      let item = (
        "blobs/sha256/\(docker.configDigest.hex)", tags,
        docker.layers.map { "blobs/sha256/\(Digest.sha256($0).hex)" }
      )
      return
        (ArchiveFile.ociLayout(blobs: first + second, manifests: [descriptor])
        + [.file("manifest.json", TestImage.dockerManifest([item]))]).tar()
    }
    _ = try open(hybrid(Self.image, Self.image))
    var root = Self.image
    root.config.user = "root"
    try expect(.ambiguous, "index.json does not", hybrid(Self.image, root))
    try expect(.ambiguous, "index.json does not", hybrid(root, Self.image))

    // The same config, other layers.
    let text = String(decoding: Self.image.configBytes, as: UTF8.self)
    let swapped = TestImage(layers: Self.image.layers.reversed(), config: TestConfig(text: text))
    try expect(.ambiguous, "different layers", hybrid(Self.image, swapped))
    // As Docker 25.0.0 wrote it.
    try expect(
      .ambiguous, "Docker 25.0.0",
      hybrid(TestImage(layers: [], config: TestConfig(text: text)), Self.image))
  }

  @Test func oneNameForTwoImages() throws {
    var root = Self.image
    root.config.user = "root"
    root.references = ["other:latest"]
    let (first, one) = try Self.image.ociBlobs(compression: .none)
    let (second, two) = try root.ociBlobs(compression: .none)
    func archive(_ tags: [String]) -> [UInt8] {
      let items = zip([Self.image, root], tags).map { image, tag in
        (
          "blobs/sha256/\(image.configDigest.hex)", [tag],
          image.layers.map { "blobs/sha256/\(Digest.sha256($0).hex)" }
        )
      }
      return
        (ArchiveFile.ociLayout(blobs: first + second, manifests: [one, two])
        + [.file("manifest.json", TestImage.dockerManifest(items))]).tar()
    }
    #expect(
      try open(archive(["todo:latest", "other:latest"]), .init(image: "other")).config.user
        == "root")
    let error = try #require(throws: ImageError.self) {
      try open(archive(["other:latest", "todo:latest"]), .init(image: "other"))
    }
    #expect(error.kind == .ambiguous)
  }

  @Test func oneLayerForTwoDigests() throws {
    let a = Digest.sha256(Self.image.layers[0]).hex
    try expect(
      .ambiguous, "two different digests",
      dockerManifest(
        TestImage.dockerManifest([
          ("\(Self.image.configDigest.hex).json", [], ["\(a).tar", "\(a).tar"])
        ])))
  }

  // MARK: Lies about content

  @Test func changedBlobs() throws {
    let files = try Self.image.ociFiles()
    for (index, file) in files.enumerated() where file.name.hasPrefix("blobs/") {
      guard case .bytes(let name, var bytes) = file else { continue }
      let isLayer = bytes.starts(with: [0x1F, 0x8B])
      var changed = files
      changed[index] = .bytes(name, bytes + [0x20])
      try expect(.mismatch, "bytes long, not", changed.tar())
      guard !isLayer else { continue }  // Layers are verified when they are read.
      bytes[bytes.count - 2] ^= 1
      changed[index] = .bytes(name, bytes)
      try expect(.mismatch, "has another digest", changed.tar())
    }
    let config = "\(Self.image.configDigest.hex).json"
    try expect(
      .mismatch, "not the one in its name",
      docker(replacing: config, with: .file(config, Self.image.configBytes + [0x20])))
  }

  @Test func layerCounts() throws {
    let config = "\(Self.image.configDigest.hex).json"
    try expect(
      .malformed, "has 0 layers, but the config names 2",
      dockerManifest(TestImage.dockerManifest([(config, [], [])])))
    try expect(
      .malformed, "has 2 layers, but the config names 0",
      oci(config: { _ in
        #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers"}}"#
      }))
  }

  @Test func missingParts() throws {
    let files = try Self.image.dockerFiles()
    let config = "\(Self.image.configDigest.hex).json"
    try expect(.missing, "is missing", files.filter { $0.name != config }.tar())
    let layer = Digest.sha256(Self.image.layers[1]).hex
    try expect(.missing, "layer 1 (\(layer).tar)", files.filter { $0.name != "\(layer).tar" }.tar())
  }

  @Test(arguments: [
    ("os", #""os":"linux""#, #""other":1"#), ("rootfs", #""rootfs""#, #""other""#),
    ("must be a string", #""User":"1000""#, #""User":1000"#),
    ("must be an object", #""config":{"#, #""config":[],"x":{"#),
    ("must be an array of strings", #""User":"1000""#, #""Env":"A=b""#),
    ("not \"layers\"", #""type":"layers""#, #""type":"x""#),
    ("is not a digest", "sha256:", "sha256:../"),
    ("must be an array of objects", #""os""#, #""history":[1],"os""#),
  ])
  func malformedConfig(reason: String, from: String, to: String) throws {
    let error = try failure(oci(config: { $0.replacingOccurrences(of: from, with: to) }))
    #expect(error.description.contains(reason), "\(error)")
    #expect(error.description.contains("config sha256:"))
    #expect(error.exitCode == .unreadableInput)
  }

  @Test(arguments: [
    "sha256:../../../../etc/passwd", "sha256:ABC", "md5:0", "../x", "",
    "sha256:" + String(repeating: "A", count: 64),
  ])
  func digestStrings(text: String) throws {
    let error = try failure(
      oci(manifest: { $0.replacingOccurrences(of: "\(Self.image.configDigest)", with: text) }))
    #expect(error.kind == .malformed)
    #expect(error.description.contains("is not a digest"))
  }

  @Test func embeddedData() throws {
    let digest = "\"\(Self.image.configDigest)\""
    let honest = Data(Self.image.configBytes).base64EncodedString()
    _ = try open(
      oci(manifest: {
        $0.replacingOccurrences(of: digest, with: #"\#(digest),"data":"\#(honest)""#)
      }))
    try expect(
      .mismatch, "embedded",
      oci(manifest: { $0.replacingOccurrences(of: digest, with: #"\#(digest),"data":"e30=""#) }))
  }

  @Test func mediaTypes() throws {
    let gzip = "image.layer.v1.tar+gzip"
    func with(_ type: String) throws -> [UInt8] {
      try oci(manifest: { $0.replacingOccurrences(of: gzip, with: type) })
    }
    try expect(.unsupported, "foreign layer", with("image.layer.nondistributable.v1.tar+gzip"))
    try expect(.unsupported, "unknown media type", with("image.layer.v1.tar+brotli"))
    try expect(.unsupported, "unknown media type", with("image.layer.v2"))
    #expect(try open(with("image.layer.v1.tar")).notes.map(\.id) == ["FORGE-A103", "FORGE-A103"])
    #expect(
      try open(with("image.layer.v1.tar+zstd")).notes.map(\.id) == ["FORGE-A103", "FORGE-A103"])
    try expect(
      .unsupported, "foreign layer",
      oci(manifest: {
        $0.replacingOccurrences(
          of: #"tar+gzip","#, with: #"tar+gzip","urls":["https://example.com"],"#)
      }))
    try expect(
      .unsupported, "schema 1",
      oci(index: {
        $0.replacingOccurrences(
          of: "application/vnd.oci.image.manifest.v1+json",
          with: "application/vnd.docker.distribution.manifest.v1+prettyjws")
      }))
    try expect(
      .unsupported, "unknown media type text/html",
      oci(index: {
        $0.replacingOccurrences(of: "application/vnd.oci.image.manifest.v1+json", with: "text/html")
      }))
    try expect(
      .unsupported, "foreign layer",
      dockerManifest(
        TestImage.dockerManifest([("\(Self.image.configDigest.hex).json", [], [])])
          .replacingOccurrences(
            of: "}]",
            with:
              #","LayerSources":{"sha256:0":{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}}}]"#
          )))
  }

  /// No archive holds the blob of a foreign layer, and engines fetch it from the URLs.
  @Test func foreignLayerThatIsAbsent() throws {
    let (blobs, descriptor) = try TestImage(layers: Self.image.layers).ociBlobs()
    let foreign = blobs.map { file -> ArchiveFile in
      guard case .bytes(_, let bytes) = file, bytes.starts(with: #"{"schemaVersion""#.utf8) else {
        return file
      }
      let text = String(decoding: bytes, as: UTF8.self)
      return .blob(
        Array(
          text.replacingOccurrences(of: "image.layer.v1", with: "image.layer.nondistributable.v1")
            .utf8))
    }
    guard case .bytes(let name, let manifest)? = foreign.last else {
      return try #require(Bool(false))
    }
    let listed = TestImage.descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    #expect(listed != descriptor)
    let archive = ArchiveFile.ociLayout(
      blobs: foreign.filter { file in
        guard case .bytes(let own, let bytes) = file else { return true }
        return own == name || bytes.first == UInt8(ascii: "{")
      }, manifests: [listed])
    try expect(.unsupported, "foreign layer", archive.tar())
  }

  /// Layers that image-spec does not know, but engines unpack.
  @Test(arguments: [Compressor.xz, .bzip2]) func unusualCompressions(_ compressor: Compressor)
    throws
  {
    let image = TestImage(layers: [Self.image.layers[0]])
    let (blobs, _) = try image.ociBlobs(compression: .none)
    let layer = try compressor.compress(image.layers[0])
    let type = "application/vnd.oci.image.layer.v1.tar"
    let manifest = Array(
      """
      {"schemaVersion":2,"config":\(TestImage.descriptor("application/vnd.oci.image.config.v1+json", image.configBytes)),\
      "layers":[\(TestImage.descriptor(type, layer))]}
      """.utf8)
    let archive = ArchiveFile.ociLayout(
      blobs: blobs + [.blob(layer), .blob(manifest)],
      manifests: [TestImage.descriptor("application/vnd.oci.image.manifest.v1+json", manifest)])
    let opened = try open(archive.tar())
    #expect(opened.notes.map(\.id) == ["FORGE-A103"])
    #expect(try opened.layerContents() == image.layers)
  }

  // MARK: Size

  @Test func hugeAndDeepDocuments() throws {
    try expect(
      .tooLarge, "over the limit",
      dockerManifest("[" + String(repeating: " ", count: 5 << 20) + "]"))
    let deep = String(repeating: "[", count: 100_000)
    try expect(.malformed, "nested deeper", dockerManifest(deep))
    try expect(.malformed, "nested deeper", oci(config: { $0.dropLast() + #","x":\#(deep)"# }))
    try Shell.withTemporaryFolder { folder in
      try Self.image.writeOCILayout(to: "\(folder)/layout")
      // 100 MB without a byte on the disk.
      try #require(truncate("\(folder)/layout/index.json", 100_000_000) == 0)
      let error = try #require(throws: ImageError.self) { try ImageStore.open("\(folder)/layout") }
      #expect(error.kind == .tooLarge)
    }
  }

  @Test func nestedIndexes() throws {
    let type = "application/vnd.oci.image.index.v1+json"
    var (blobs, descriptor) = try Self.image.ociBlobs()
    for level in 1...8 {
      // Each index lists the one below it 16 times.
      let list = Array(repeating: descriptor, count: 16).joined(separator: ",")
      let index = Array(#"{"schemaVersion":2,"manifests":[\#(list)]}"#.utf8)
      blobs.append(.blob(index))
      descriptor = TestImage.descriptor(type, index)
      let archive = ArchiveFile.ociLayout(blobs: blobs, manifests: [descriptor]).tar()
      if level < 3 {
        #expect(try open(archive).config.user == "1000")
      } else {
        try expect(.tooLarge, "nested", archive)
      }
    }
  }
}
