import ForgeBasics
import Foundation

/// An image made from layer tars and a config, in every shape in which images travel.
///
///     let image = TestImage(layers: [tar], config: .init(user: "1000"), references: ["todo:latest"])
///     try image.ociArchive(compression: .zstd)
public struct TestImage: Sendable {
  /// Uncompressed tars, from the base upwards.
  public var layers: [[UInt8]]
  public var config: TestConfig
  /// Tags, such as `todo:latest`.
  public var references: [String]

  public init(
    layers: [[UInt8]], config: TestConfig = TestConfig(), references: [String] = ["todo:latest"]
  ) {
    self.layers = layers
    self.config = config
    self.references = references
  }

  public var configBytes: [UInt8] {
    Array(config.json(diffIDs: layers.map { Digest.sha256($0) }).utf8)
  }

  /// The image ID.
  public var configDigest: Digest { Digest.sha256(configBytes) }

  /// Who wrote a docker-archive.
  public enum DockerShape: String, CaseIterable, Sendable {
    /// `docker save` before 25: `<id>/layer.tar`, a repeated layer as a symbolic link to the first one.
    case classic
    /// podman, buildah, skopeo: `<diffID>.tar`, and folders of the old form whose `layer.tar` are links.
    case podman
    /// kaniko, jib: `<sha256>.tar.gz` and `config.json`.
    case kaniko
    /// `docker save` since 25: an OCI layout with manifest.json beside it.
    case docker25
  }

  public func dockerArchive(_ shape: DockerShape = .podman) throws -> [UInt8] {
    try dockerFiles(shape).tar()
  }

  public func ociArchive(compression: Compressor = .gzip) throws -> [UInt8] {
    try ociFiles(compression: compression).tar()
  }

  /// Writes an OCI layout into a folder, which is made.
  public func writeOCILayout(to folder: String, compression: Compressor = .gzip) throws {
    try ociFiles(compression: compression).write(to: folder)
  }

  public func dockerFiles(_ shape: DockerShape = .podman) throws -> [ArchiveFile] {
    var files: [ArchiveFile] = []
    var paths: [String] = []
    var first: [[UInt8]: String] = [:]
    var configName = "\(configDigest.hex).json"
    for (index, layer) in layers.enumerated() {
      let hex = Digest.sha256(layer).hex
      switch shape {
      case .classic:
        let folder = Digest.sha256(Array("\(index) \(hex)".utf8)).hex
        files.append(.folder("\(folder)/"))
        files.append(.file("\(folder)/VERSION", "1.0"))
        if let original = first[layer] {
          files.append(.symlink("\(folder)/layer.tar", to: "../\(original)"))
        } else {
          files.append(.file("\(folder)/layer.tar", layer))
          first[layer] = "\(folder)/layer.tar"
        }
        paths.append("\(folder)/layer.tar")
      case .podman:
        if first[layer] == nil {
          files.append(.file("\(hex).tar", layer))
          first[layer] = "\(hex).tar"
        }
        let folder = Digest.sha256(Array("\(index) \(hex)".utf8)).hex
        files.append(.symlink("\(folder)/layer.tar", to: "../\(hex).tar"))
        paths.append("\(hex).tar")
      case .kaniko:
        let blob = try Compressor.gzip.compress(layer)
        let name = "\(Digest.sha256(blob).hex).tar.gz"
        if first.updateValue(name, forKey: layer) == nil { files.append(.file(name, blob)) }
        paths.append(name)
        configName = "config.json"
      case .docker25:
        paths.append("blobs/sha256/\(hex)")
      }
    }
    if shape == .docker25 {
      files = try ociFiles(compression: .none)
      configName = "blobs/sha256/\(configDigest.hex)"
    } else {
      files.append(.file(configName, configBytes))
    }
    files.append(.file("manifest.json", Self.dockerManifest([(configName, references, paths)])))
    return files
  }

  /// The text of a `manifest.json`.
  public static func dockerManifest(_ items: [(config: String, tags: [String], layers: [String])])
    -> String
  {
    let texts = items.map { item in
      #"{"Config":\#(quote(item.config)),"RepoTags":\#(list(item.tags)),"Layers":\#(list(item.layers))}"#
    }
    return "[\(texts.joined(separator: ","))]"
  }

  public func ociFiles(compression: Compressor = .gzip) throws -> [ArchiveFile] {
    let (blobs, descriptor) = try ociBlobs(compression: compression)
    return ArchiveFile.ociLayout(blobs: blobs, manifests: [descriptor])
  }

  /// The blobs of the image, and the JSON text of the descriptor that an index lists it by.
  public func ociBlobs(
    compression: Compressor = .gzip, platform: String? = nil
  ) throws -> (blobs: [ArchiveFile], descriptor: String) {
    let suffix = compression == .none ? "" : "+\(compression.rawValue)"
    var blobs: [[UInt8]] = []
    var layerTexts: [String] = []
    for layer in layers {
      let blob = try compression.compress(layer)
      if !blobs.contains(blob) { blobs.append(blob) }
      layerTexts.append(Self.descriptor("application/vnd.oci.image.layer.v1.tar\(suffix)", blob))
    }
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
      "config":\(Self.descriptor("application/vnd.oci.image.config.v1+json", configBytes)),\
      "layers":[\(layerTexts.joined(separator: ","))]}
      """.utf8)
    var more = ""
    if let reference = references.first {
      more += #","annotations":{"org.opencontainers.image.ref.name":\#(Self.quote(reference))}"#
    }
    if let parts = platform?.split(separator: "/") {
      more += #","platform":{"os":"\#(parts[0])","architecture":"\#(parts[1])"}"#
    }
    return (
      (blobs + [configBytes, manifest]).map(ArchiveFile.blob),
      Self.descriptor("application/vnd.oci.image.manifest.v1+json", manifest, more: more)
    )
  }

  /// The JSON text of a descriptor; `more` is text for further members, starting with a comma.
  public static func descriptor(_ mediaType: String, _ content: [UInt8], more: String = "")
    -> String
  {
    #"{"mediaType":"\#(mediaType)","digest":"\#(Digest.sha256(content))","size":\#(content.count)\#(more)}"#
  }

  static func quote(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(
      of: "\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  static func list(_ texts: [String]) -> String { "[\(texts.map(quote).joined(separator: ","))]" }
}

/// The config of a test image. What is nil or empty is left out.
public struct TestConfig: Sendable {
  public var platform: String
  public var user: String?
  public var entrypoint: [String]
  public var cmd: [String]
  public var environment: [String]
  public var exposedPorts: [String]
  public var volumes: [String]
  public var workingDirectory: String?
  public var labels: [String: String]
  public var healthcheck: [String]
  /// `created_by` of each step; a step that starts with `#` made no layer. Empty: no history.
  public var history: [String]
  /// More members of the inner `config` object, as JSON text.
  public var more: String?
  /// A whole text in place of all this; `DIFFIDS` in it becomes the array of diffIDs.
  public var text: String?

  public init(
    platform: String = "linux/amd64", user: String? = nil, entrypoint: [String] = [],
    cmd: [String] = [],
    environment: [String] = [], exposedPorts: [String] = [], volumes: [String] = [],
    workingDirectory: String? = nil,
    labels: [String: String] = [:], healthcheck: [String] = [], history: [String] = [],
    more: String? = nil,
    text: String? = nil
  ) {
    self.platform = platform
    self.user = user
    self.entrypoint = entrypoint
    self.cmd = cmd
    self.environment = environment
    self.exposedPorts = exposedPorts
    self.volumes = volumes
    self.workingDirectory = workingDirectory
    self.labels = labels
    self.healthcheck = healthcheck
    self.history = history
    self.more = more
    self.text = text
  }

  func json(diffIDs: [Digest]) -> String {
    let digests = TestImage.list(diffIDs.map(\.description))
    if let text { return text.replacingOccurrences(of: "DIFFIDS", with: digests) }
    func set(_ keys: [String]) -> String {
      "{\(keys.map { "\(TestImage.quote($0)):{}" }.joined(separator: ","))}"
    }
    var inner: [String] = []
    if let user { inner.append(#""User":\#(TestImage.quote(user))"#) }
    if !entrypoint.isEmpty { inner.append(#""Entrypoint":\#(TestImage.list(entrypoint))"#) }
    if !cmd.isEmpty { inner.append(#""Cmd":\#(TestImage.list(cmd))"#) }
    if !environment.isEmpty { inner.append(#""Env":\#(TestImage.list(environment))"#) }
    if !exposedPorts.isEmpty { inner.append(#""ExposedPorts":\#(set(exposedPorts))"#) }
    if !volumes.isEmpty { inner.append(#""Volumes":\#(set(volumes))"#) }
    if let workingDirectory { inner.append(#""WorkingDir":\#(TestImage.quote(workingDirectory))"#) }
    if !healthcheck.isEmpty {
      inner.append(#""Healthcheck":{"Test":\#(TestImage.list(healthcheck))}"#)
    }
    if !labels.isEmpty {
      let pairs = labels.sorted { $0.key < $1.key }.map {
        "\(TestImage.quote($0)):\(TestImage.quote($1))"
      }
      inner.append(#""Labels":{\#(pairs.joined(separator: ","))}"#)
    }
    if let more { inner.append(more) }
    let parts = platform.split(separator: "/").map(String.init)
    var outer = [
      #""architecture":"\#(parts[1])""#, #""os":"\#(parts[0])""#,
      #""config":{\#(inner.joined(separator: ","))}"#,
      #""rootfs":{"type":"layers","diff_ids":\#(digests)}"#,
    ]
    if parts.count > 2 { outer.append(#""variant":"\#(parts[2])""#) }
    if !history.isEmpty {
      let steps = history.map { step in
        step.hasPrefix("#")
          ? #"{"created_by":\#(TestImage.quote(String(step.dropFirst()))),"empty_layer":true}"#
          : #"{"created_by":\#(TestImage.quote(step))}"#
      }
      outer.append(#""history":[\#(steps.joined(separator: ","))]"#)
    }
    return "{\(outer.joined(separator: ","))}"
  }
}

/// One member of an archive, or one file of a layout.
public enum ArchiveFile: Sendable {
  case bytes(String, [UInt8])
  case folder(String)
  case symlink(String, to: String)
  case hardlink(String, to: String)

  public static func file(_ name: String, _ text: String) -> ArchiveFile {
    .bytes(name, Array(text.utf8))
  }
  public static func file(_ name: String, _ bytes: [UInt8]) -> ArchiveFile { .bytes(name, bytes) }

  /// A blob of an OCI layout, named by its digest.
  public static func blob(_ bytes: [UInt8]) -> ArchiveFile {
    .bytes("blobs/sha256/\(Digest.sha256(bytes).hex)", bytes)
  }

  public var name: String {
    switch self {
    case .bytes(let name, _), .folder(let name), .symlink(let name, _), .hardlink(let name, _): name
    }
  }

  /// The files of an OCI layout; blobs that stand twice are written once. `manifests` are JSON texts of descriptors.
  public static func ociLayout(blobs: [ArchiveFile], manifests: [String]) -> [ArchiveFile] {
    var names: Set<String> = []
    return [
      .file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#),
      .file(
        "index.json", #"{"schemaVersion":2,"manifests":[\#(manifests.joined(separator: ","))]}"#),
    ] + blobs.filter { names.insert($0.name).inserted }
  }
}

extension [ArchiveFile] {
  /// A tar archive of these members, in this order.
  public func tar() -> [UInt8] {
    TarBuilder.make { tar in
      for file in self {
        if file.name.utf8.count > 100 { tar.pax([("path", file.name)]) }
        switch file {
        case .bytes(let name, let bytes): tar.add(name, data: bytes)
        case .folder(let name): tar.folder(name)
        case .symlink(let name, let target): tar.symlink(name, to: target)
        case .hardlink(let name, let target): tar.hardlink(name, to: target)
        }
      }
    }
  }

  /// Writes regular files and symbolic links below a folder, which is made.
  public func write(to folder: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for file in self {
      let path = "\(folder)/\(file.name)"
      let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try manager.createDirectory(atPath: parent, withIntermediateDirectories: true)
      switch file {
      case .bytes(_, let bytes): try Data(bytes).write(to: URL(fileURLWithPath: path))
      case .folder: try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
      case .symlink(_, let target):
        try manager.createSymbolicLink(atPath: path, withDestinationPath: target)
      case .hardlink(_, let target):
        try manager.linkItem(atPath: "\(folder)/\(target)", toPath: path)
      }
    }
  }
}
