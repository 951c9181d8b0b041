import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// The same image in every shape is the same image.
@Suite struct ShapeTests {
  private func expectSample(_ image: Image, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    #expect(image.config.bytes == sample.configBytes, sourceLocation: sourceLocation)
    #expect(image.config.digest == sample.configDigest, sourceLocation: sourceLocation)
    #expect(try image.layerContents() == sample.layers, sourceLocation: sourceLocation)
    #expect(
      image.layers.map(\.diffID) == sample.layers.map { Digest.sha256($0) },
      sourceLocation: sourceLocation)
    #expect(image.platform.description == "linux/amd64", sourceLocation: sourceLocation)
    #expect(image.reference == "todo:latest", sourceLocation: sourceLocation)
  }

  @Test(arguments: TestImage.DockerShape.allCases)
  func dockerArchive(shape: TestImage.DockerShape) throws {
    let image = try open(sample.dockerArchive(shape))
    try expectSample(image)
    #expect(image.form == .dockerArchive)
    #expect(image.isDockerFormat)
    #expect(image.notes.isEmpty)
    // Only where an OCI index stands beside it is there a manifest to name.
    #expect((image.digest == sample.configDigest) == (shape != .docker25))
    let type = "application/vnd.docker.image.rootfs.diff.tar"
    switch shape {
    case .classic, .podman: #expect(image.layers.map(\.mediaType) == [type, type, type])
    case .kaniko:
      #expect(image.layers.map(\.mediaType) == [type + ".gzip", type + ".gzip", type + ".gzip"])
    case .docker25: #expect(image.layers.map(\.digest) == sample.layers.map { Digest.sha256($0) })
    }
  }

  @Test(arguments: [Compressor.none, .gzip, .zstd])
  func ociArchive(compression: Compressor) throws {
    let image = try open(sample.ociArchive(compression: compression))
    try expectSample(image)
    #expect(image.form == .ociArchive)
    #expect(!image.isDockerFormat)
    #expect(image.notes.isEmpty)
    #expect(image.digest != sample.configDigest)
    #expect(image.manifest.map { Digest.sha256($0) } == image.digest)
    for (layer, content) in zip(image.layers, sample.layers) {
      #expect(try layer.digest == Digest.sha256(compression.compress(content)))
    }
  }

  @Test func ociLayoutFolder() throws {
    try Shell.withTemporaryFolder { folder in
      try sample.writeOCILayout(to: "\(folder)/layout")
      let image = try ImageStore.open("\(folder)/layout")
      try expectSample(image)
      #expect(image.form == .ociLayout)
      #expect(try image.digest == open(sample.ociArchive()).digest)
    }
  }

  @Test(arguments: [Compressor.gzip, .zstd, .xz, .bzip2])
  func wrapped(compression: Compressor) throws {
    try expectSample(open(compression.compress(sample.dockerArchive())))
    try expectSample(open(compression.compress(sample.ociArchive())))
  }

  @Test func namedPipe() throws {
    try Shell.withTemporaryFolder { folder in
      try Data(sample.dockerArchive()).write(to: URL(fileURLWithPath: "\(folder)/image.tar"))
      try #require(mkfifo("\(folder)/pipe", 0o600) == 0)
      let writer = Process()
      writer.executableURL = URL(fileURLWithPath: "/bin/sh")
      writer.arguments = ["-c", "cat \(folder)/image.tar > \(folder)/pipe"]
      try writer.run()
      try expectSample(ImageStore.open("\(folder)/pipe"))
      writer.waitUntilExit()
    }
  }

  /// In processes of their own, whose standard input is replaced: by a file, which needs no copy, then by a pipe.
  @Test func standardInputFile() async {
    await #expect(processExitsWith: .success) {
      try Shell.withTemporaryFolder { folder in
        try Data(sample.dockerArchive()).write(to: URL(fileURLWithPath: "\(folder)/image.tar"))
        let file = Foundation.open("\(folder)/image.tar", O_RDONLY)
        try #require(dup2(file, 0) == 0)
        let contents = try ImageStore.open("-").layerContents()
        try #require(contents == sample.layers)
      }
    }
  }

  @Test func standardInputPipe() async {
    await #expect(processExitsWith: .success) {
      try Shell.withTemporaryFolder { folder in
        try Data(Compressor.gzip.compress(sample.dockerArchive())).write(
          to: URL(fileURLWithPath: "\(folder)/image"))
        let pipe = try #require(popen("cat \(folder)/image", "r"))
        try #require(dup2(fileno(pipe), 0) == 0)
        let contents = try ImageStore.open("-").layerContents()
        try #require(contents == sample.layers)
      }
    }
  }

  @Test func leadingDotAndFolders() throws {
    // As `tar -c .` writes it.
    let files = try sample.ociFiles().map { file -> ArchiveFile in
      guard case .bytes(let name, let bytes) = file else { return file }
      return .bytes("./\(name)", bytes)
    }
    try expectSample(
      open(([.folder("./"), .folder("./blobs/"), .folder("./blobs/sha256/")] + files).tar()))
  }

  @Test func hardlinkedLayer() throws {
    var files = try sample.dockerFiles(.podman)
    let name = Digest.sha256(sample.layers[1]).hex + ".tar"
    let index = try #require(files.firstIndex { $0.name == name })
    files[index] = .file("copy", sample.layers[1])
    files.append(.hardlink(name, to: "copy"))
    try expectSample(open(files.tar()))
  }

  @Test func longNames() throws {
    // A SHA-512 blob does not fit the 100 bytes of a tar name.
    let config = sample.configBytes
    let digest = Digest.of(config, algorithm: .sha512)
    let old = TestImage.descriptor("application/vnd.oci.image.config.v1+json", config)
    let new = old.replacingOccurrences(
      of: Digest.sha256(config).description, with: digest.description)
    let (blobs, _) = try sample.ociBlobs()
    guard case .bytes(_, let manifest)? = blobs.last else { throw CancellationError() }
    let changed = Array(
      String(decoding: manifest, as: UTF8.self).replacingOccurrences(of: old, with: new).utf8)
    let name = TestImage.descriptor(
      "application/vnd.oci.image.manifest.v1+json", changed,
      more: #","annotations":{"org.opencontainers.image.ref.name":"todo:latest"}"#)
    let files = ArchiveFile.ociLayout(
      blobs: blobs + [.file("blobs/sha512/\(digest.hex)", config), .blob(changed)],
      manifests: [name])
    try expectSample(open(files.tar()))
  }

  @Test func config() throws {
    let config = try open(sample.dockerArchive()).config
    #expect(config.user == "1000:1000")
    #expect(config.entrypoint == ["/usr/bin/python3"])
    #expect(config.cmd == ["-m", "app"])
    #expect(config.environment == ["PATH=/bin", "A=b=c"])
    #expect(config.exposedPorts == ["8000/tcp"])
    #expect(config.volumes == ["/data"])
    #expect(config.workingDirectory == "/app")
    #expect(config.healthcheck?.test == ["CMD", "true"])
    #expect(config.healthcheck?.isActive == true)
    #expect(config.labels == ["name": "todo", "Name": "Todo"])
    #expect(config.onBuild == ["RUN x"])
    #expect(config.stopSignal == "SIGINT")
    #expect(config.shell == ["/bin/sh", "-c"])
    #expect(config.history.map(\.createdBy) == ["FROM", "ENV A", "COPY", "RUN"])
    #expect(config.history.map(\.isEmptyLayer) == [false, true, false, false])
  }

  @Test func emptyImage() throws {
    let empty = TestImage(
      layers: [],
      config: TestConfig(
        text:
          #"{"os":"linux","architecture":"arm64","rootfs":{"type":"layers","diff_ids":DIFFIDS}}"#))
    for archive in [try empty.dockerArchive(), try empty.ociArchive()] {
      let image = try open(archive)
      #expect(image.layers.isEmpty)
      #expect(image.config.user == "")
      #expect(image.config.healthcheck == nil)
      #expect(image.platform.description == "linux/arm64")
    }
  }

  /// Go takes a key in any case; so must a gate.
  @Test func keysInAnyCase() throws {
    let text =
      #"{"OS":"linux","Architecture":"amd64","CONFIG":{"uſer":"0","env":["A=b"],"cmd":"run"},"rootfS":{"Type":"layers","diff_ids":DIFFIDS}}"#
    let image = try open(
      TestImage(layers: [layer("a")], config: TestConfig(text: text)).ociArchive())
    #expect(image.config.user == "0")
    #expect(image.config.environment == ["A=b"])
    #expect(image.config.cmd == ["run"])
  }
}
