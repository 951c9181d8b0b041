import ForgeBasics
import ForgeFindings
import ForgeSecrets

/// What is in an image, and where its bytes went. The JSON of `forge inspect`; sizes are bytes.
public struct Inspection: Codable, Sendable, Equatable {
  /// Raised when a key changes its name or meaning.
  public let schemaVersion: Int
  /// Which image it is, and what it runs.
  public package(set) var image: ImageFacts
  /// How large it is, by each definition of size.
  public let sizes: Sizes
  /// From the base upwards.
  public let layers: [LayerFacts]
  /// Every wasted byte with its cause; the largest first.
  public let waste: [Waste]
  /// The same by cause, and below each cause by the layers that stored and hid the bytes; the most bytes first.
  public let wasteByCause: [WasteByCause]
  /// The largest visible regular files; the largest first.
  public let largestFiles: [FileFacts]
  /// The largest folders, with all below; one that is little more than one folder in it is left out for that one.
  public let largestFolders: [FolderFacts]
  /// Visible files of the same content at several paths; the most bytes to win first.
  public let duplicates: [DuplicateGroup]
  /// What is installed, by kind and name.
  public let packages: [PackageFacts]
  /// Who owns the bytes of `rootfs`: each of them is in one row; the most bytes first.
  public let owners: [OwnerFacts]
  /// The image that this one was built on; nil where nothing tells.
  public let base: BaseFacts?
  /// What the reader noticed: structure, not policy.
  public package(set) var findings: [Finding]
  /// What rules need beyond the report: not part of the JSON.
  package let details: InspectionDetails

  package init(
    image: ImageFacts, sizes: Sizes, layers: [LayerFacts], waste: [Waste],
    largestFiles: [FileFacts],
    largestFolders: [FolderFacts] = [], duplicates: [DuplicateGroup], packages: [PackageFacts],
    owners: [OwnerFacts] = [], base: BaseFacts? = nil, findings: [Finding],
    details: InspectionDetails
  ) {
    schemaVersion = 1
    self.image = image
    self.sizes = sizes
    self.layers = layers
    self.waste = waste
    wasteByCause = WasteByCause.all(waste)
    self.largestFiles = largestFiles
    self.largestFolders = largestFolders
    self.duplicates = duplicates
    self.packages = packages
    self.owners = owners
    self.base = base
    self.findings = findings
    self.details = details
  }

  enum CodingKeys: String, CodingKey {
    case schemaVersion, image, sizes, layers, waste, wasteByCause, largestFiles, largestFolders,
      duplicates, packages
    case owners, base, findings
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
    image = try container.decode(ImageFacts.self, forKey: .image)
    sizes = try container.decode(Sizes.self, forKey: .sizes)
    layers = try container.decode([LayerFacts].self, forKey: .layers)
    waste = try container.decode([Waste].self, forKey: .waste)
    wasteByCause = WasteByCause.all(waste)
    largestFiles = try container.decode([FileFacts].self, forKey: .largestFiles)
    largestFolders =
      try container.decodeIfPresent([FolderFacts].self, forKey: .largestFolders) ?? []
    duplicates = try container.decode([DuplicateGroup].self, forKey: .duplicates)
    packages = try container.decode([PackageFacts].self, forKey: .packages)
    owners = try container.decodeIfPresent([OwnerFacts].self, forKey: .owners) ?? []
    base = try container.decodeIfPresent(BaseFacts.self, forKey: .base)
    findings = try container.decode([Finding].self, forKey: .findings)
    details = InspectionDetails()
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schemaVersion, forKey: .schemaVersion)
    try container.encode(image, forKey: .image)
    try container.encode(sizes, forKey: .sizes)
    try container.encode(layers, forKey: .layers)
    try container.encode(waste, forKey: .waste)
    try container.encode(wasteByCause, forKey: .wasteByCause)
    try container.encode(largestFiles, forKey: .largestFiles)
    try container.encode(largestFolders, forKey: .largestFolders)
    try container.encode(duplicates, forKey: .duplicates)
    try container.encode(packages, forKey: .packages)
    try container.encode(owners, forKey: .owners)
    try container.encode(base, forKey: .base)
    try container.encode(findings, forKey: .findings)
  }
}

/// Which image was inspected, and how it starts.
public struct ImageFacts: Codable, Sendable, Equatable {
  /// What the user named: a path, `-`, or an engine's reference.
  public var source: String
  /// The tag or reference recorded in the archive.
  public var reference: String?
  /// Of the manifest where the archive has one; of the config (the image ID) for a docker-archive.
  public var digest: Digest
  /// `linux/amd64`, `linux/arm64/v8`.
  public var platform: String
  /// `config.User` as it stands; empty means root.
  public var user: String
  /// `config.Entrypoint` as it stands.
  public var entrypoint: [String]
  /// `config.Cmd` as it stands.
  public var cmd: [String]

  /// Facts of these parts.
  public init(
    source: String, reference: String?, digest: Digest, platform: String, user: String,
    entrypoint: [String],
    cmd: [String]
  ) {
    self.source = source
    self.reference = reference
    self.digest = digest
    self.platform = platform
    self.user = user
    self.entrypoint = entrypoint
    self.cmd = cmd
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(reference, forKey: .reference)
    try container.encode(digest, forKey: .digest)
    try container.encode(platform, forKey: .platform)
    try container.encode(user, forKey: .user)
    // Rules look for secrets in these; no report shows one.
    let command = SecretText.masked(command: entrypoint + cmd)
    try container.encode(Array(command.prefix(entrypoint.count)), forKey: .entrypoint)
    try container.encode(Array(command.dropFirst(entrypoint.count)), forKey: .cmd)
  }
}

/// The five sizes of an image, bytes. `wasted` is exactly `stored - rootfs`.
public struct Sizes: Codable, Sendable, Equatable {
  /// The layer blobs as they stand in the archive.
  public var compressed: Int64
  /// The uncompressed layer tars, headers and padding included.
  public var unpacked: Int64
  /// The regular files over all layers; a hardlink group in a layer counts once.
  public var stored: Int64
  /// The part of `stored` that is visible in the final root filesystem.
  public var rootfs: Int64
  /// The part of `stored` that no container sees; every byte has a row in `waste`.
  public var wasted: Int64
  /// `rootfs / stored`; 1 for an image without files.
  public var efficiency: Double

  /// Sizes in bytes; what is wasted follows from them.
  public init(compressed: Int64, unpacked: Int64, stored: Int64, rootfs: Int64) {
    self.compressed = compressed
    self.unpacked = unpacked
    self.stored = stored
    self.rootfs = rootfs
    wasted = stored - rootfs
    efficiency = stored == 0 ? 1 : Double(rootfs) / Double(stored)
  }
}

/// One layer: what it is, and what it costs.
public struct LayerFacts: Codable, Sendable, Equatable {
  /// From 0, the base.
  public var index: Int
  /// Of the blob as it stands in the archive.
  public var digest: Digest
  /// Of the uncompressed tar (image-spec, config.md, `rootfs.diff_ids`).
  public var diffID: Digest
  /// As the manifest says; in a docker-archive, as the first bytes say.
  public var mediaType: String
  /// Bytes of the blob as it stands.
  public var compressed: Int64
  /// Bytes of the uncompressed tar.
  public var unpacked: Int64
  /// Bytes of its regular files; a hardlink group counts once.
  public var stored: Int64
  /// The part of `stored` that no container sees.
  public var wasted: Int64
  /// Entries other than whiteouts.
  public var files: Int
  /// The history entry that made it; nil where history does not align.
  public var createdBy: String?

  /// Facts of these parts.
  public init(
    index: Int, digest: Digest, diffID: Digest, mediaType: String, compressed: Int64,
    unpacked: Int64, stored: Int64,
    wasted: Int64, files: Int, createdBy: String?
  ) {
    self.index = index
    self.digest = digest
    self.diffID = diffID
    self.mediaType = mediaType
    self.compressed = compressed
    self.unpacked = unpacked
    self.stored = stored
    self.wasted = wasted
    self.files = files
    self.createdBy = createdBy
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(index, forKey: .index)
    try container.encode(digest, forKey: .digest)
    try container.encode(diffID, forKey: .diffID)
    try container.encode(mediaType, forKey: .mediaType)
    try container.encode(compressed, forKey: .compressed)
    try container.encode(unpacked, forKey: .unpacked)
    try container.encode(stored, forKey: .stored)
    try container.encode(wasted, forKey: .wasted)
    try container.encode(files, forKey: .files)
    try container.encode(createdBy, forKey: .createdBy)
  }
}

/// Why bytes of a layer cannot be seen in the final root filesystem.
public enum WasteCause: String, Codable, Sendable, CaseIterable {
  /// A later layer has other content at the path.
  case overwritten
  /// A later layer has the same content with another mode, owner or time (`RUN chown -R`).
  case metadataOnly = "metadata-only"
  /// A later layer has the same file once more.
  case identical
  case deletedFile = "deleted-file"
  case deletedDirectory = "deleted-directory"
  /// Hidden by an opaque whiteout.
  case opaque
  /// A later layer has something of another type at the path, or at a parent.
  case replacedByType = "replaced-by-type"
  /// The same layer holds the path again.
  case duplicateEntry = "duplicate-entry"
  /// A name of a hardlink group was copied up; the group's bytes are stored again.
  case hardlinkCopy = "hardlink-copy"
}

/// Bytes of one stored file that no container sees.
public struct Waste: Codable, Sendable, Equatable {
  /// Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// All of the file: a file is visible or not.
  public var bytes: Int64
  /// Why they cannot be seen.
  public var cause: WasteCause
  /// The layer that stores the bytes.
  public var layer: Int
  /// The layer that hides them.
  public var hiddenBy: Int

  /// A row of these parts.
  public init(path: String, bytes: Int64, cause: WasteCause, layer: Int, hiddenBy: Int) {
    self.path = path
    self.bytes = bytes
    self.cause = cause
    self.layer = layer
    self.hiddenBy = hiddenBy
  }
}

/// A file that can be seen.
public struct FileFacts: Codable, Sendable, Equatable {
  /// Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// Bytes of its content.
  public var bytes: Int64
  /// The layer that stores it.
  public var layer: Int

  /// A file of these parts.
  public init(path: String, bytes: Int64, layer: Int) {
    self.path = path
    self.bytes = bytes
    self.layer = layer
  }
}

/// Files of the same content at several paths.
public struct DuplicateGroup: Codable, Sendable, Equatable {
  /// Of one copy.
  public var bytes: Int64
  /// The paths, sorted; escaped as everywhere.
  public var paths: [String]

  /// A group of these parts.
  public init(bytes: Int64, paths: [String]) {
    self.bytes = bytes
    self.paths = paths
  }
}

/// An installed package, from its database in the image.
public struct PackageFacts: Codable, Sendable, Equatable {
  /// `deb`, `apk`, `python`, `npm`.
  public var kind: String
  /// As its package manager calls it.
  public var name: String
  /// The installed version.
  public var version: String
  /// The visible regular files that it owns.
  public var bytes: Int64
  /// The layer that stores most of them; nil for a package without any.
  public var layer: Int?

  /// A package of these parts.
  public init(kind: String, name: String, version: String, bytes: Int64, layer: Int? = nil) {
    self.kind = kind
    self.name = name
    self.version = version
    self.bytes = bytes
    self.layer = layer
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    try container.encode(name, forKey: .name)
    try container.encode(version, forKey: .version)
    try container.encode(bytes, forKey: .bytes)
    try container.encode(layer, forKey: .layer)
  }
}

/// What rules ask about beyond the report.
package struct InspectionDetails: Sendable, Equatable {
  /// Every regular file, link and folder of every layer, visible or not, in layer order.
  package var files: [FileInstance] = []
  /// Secrets in the contents of files of any layer; empty where nobody asked for them.
  package var secrets: [SecretFact] = []
  /// `/etc/passwd`, `/etc/group` of the final root filesystem; nil where there is none.
  package var passwd: [UInt8]?
  package var group: [UInt8]?
  package var shadow: [UInt8]?
  /// `/etc/os-release`, or what it links to.
  package var osRelease: [UInt8]?
  /// Provenance and other statements (in-toto) that the archive keeps about this image; nil where the form of the
  /// archive has no place for them.
  package var attestations: [[UInt8]]?
  package var config: ConfigFacts = ConfigFacts()
  /// All history entries, from the base upwards.
  package var history: [HistoryFacts] = []

  package init() {}
}

package struct HistoryFacts: Sendable, Equatable {
  package var createdBy: String
  /// The layer that the step made; nil for a step without one, or where history does not align.
  package var layer: Int?

  package init(createdBy: String, layer: Int?) {
    self.createdBy = createdBy
    self.layer = layer
  }
}

/// The runtime configuration of an image (image-spec, config.md), as far as rules ask for it.
package struct ConfigFacts: Sendable, Equatable {
  package var environment: [String] = []
  package var exposedPorts: [String] = []
  package var volumes: [String] = []
  package var workingDirectory: String = ""
  package var hasHealthcheck: Bool = false
  package var labels: [String: String] = [:]
  /// `author` of the config; empty where there is none.
  package var author: String = ""
  /// What stands in all other fields and unknown keys, and in the annotations of the manifest.
  package var texts: [ConfigText] = []
  /// Triggers that run in builds of others.
  package var onBuild: [String] = []
  /// Whether the manifest is of the Docker family, which can carry a HEALTHCHECK.
  package var isDockerFormat: Bool = true

  package init() {}
}

/// One entry of one layer.
package struct FileInstance: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case regular, directory, symlink, hardlink, device, fifo
  }

  /// As in the layer, without `./` or `/` in front; bytes, never normalised.
  package var path: [UInt8]
  package var kind: Kind
  /// Permission bits with setuid, setgid and sticky.
  package var mode: UInt16
  package var uid: UInt32
  package var gid: UInt32
  /// Bytes of a regular file.
  package var size: Int64
  package var layer: Int
  /// Whether this very instance is what the final root filesystem shows.
  package var visible: Bool
  /// The first bytes of small files whose name a rule asked for; nil otherwise.
  package var head: [UInt8]?
  /// Seconds since 1970.
  package var modified: Int64 = 0
  /// Names of the extended attributes.
  package var attributes: [String] = []

  package init(
    path: [UInt8], kind: Kind, mode: UInt16, uid: UInt32, gid: UInt32, size: Int64, layer: Int,
    visible: Bool,
    head: [UInt8]? = nil
  ) {
    self.path = path
    self.kind = kind
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.size = size
    self.layer = layer
    self.visible = visible
    self.head = head
  }
}
