import ForgeBasics
import ForgeFindings
import ForgeImages
import ForgeSecrets

/// What rules ask about beyond the report.
package struct InspectionDetails: Sendable, Equatable {
  /// Every regular file, link and folder of every layer, visible or not, in layer order.
  package var files: [FileInstance] = []
  /// Secrets in the contents of files of any layer; nil where nobody searched for them.
  package var secrets: [SecretFact]?
  /// `/etc/passwd`, `/etc/group` of the final root filesystem; nil where there is none.
  package var passwd: [UInt8]?
  package var group: [UInt8]?
  package var shadow: [UInt8]?
  /// `/etc/os-release`, or what it links to.
  package var osRelease: [UInt8]?
  /// Provenance and other statements (in-toto) that the archive keeps about this image; nil where the form of the
  /// archive has no place for them.
  package var attestations: Attestations?
  package var config: ConfigFacts = ConfigFacts()
  /// Of the config as it stands: what engines call the image's ID.
  package var configDigest: Digest?
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
  /// The field of the config as it stands; empty where there is none, as is the next one.
  package var healthcheck: String = ""
  package var stopSignal: String = ""
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

  /// Without `./` or `/` in front; bytes, never normalised. As in the final root filesystem where that shows the
  /// entry, as in the layer where it does not.
  package var path: [UInt8]
  package var kind: Kind
  /// Permission bits with setuid, setgid and sticky; of a visible file those that its last name gave it.
  package var mode: UInt16
  package var uid: UInt32
  package var gid: UInt32
  /// Bytes of a regular file, under each of its names.
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
  /// The same number for all names of one regular file; negative where there is none.
  package var inode: Int32 = -1
  /// Whether the bytes are those of an entry before it: a hard link.
  package var isLink = false
  /// Of a visible symbolic link whose name a rule asked for: the regular file that it leads to.
  package var linked: Linked?

  /// What a symbolic link leads to in the final root filesystem.
  package struct Linked: Sendable, Equatable {
    package let path: [UInt8]
    package let size: Int64
    /// As in `FileInstance`.
    package let inode: Int32

    package init(path: [UInt8], size: Int64, inode: Int32) {
      self.path = path
      self.size = size
      self.inode = inode
    }
  }

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

/// A secret in the content of a file: what it is and where, never its value.
package struct SecretFact: Sendable, Equatable {
  /// The kind of a hit that says that an archive was not looked into.
  package static let unread = "not-searched"

  package var hit: SecretHit
  package var layer: Int
  /// Empty for data behind the end of the layer's tar.
  package var path: [UInt8]
  /// Whether the final root filesystem shows this instance of the file.
  package var visible: Bool
  /// Which file it is, as in `FileInstance`.
  package var inode: Int32 = -1
  /// Whether a package put the file there, wherever it lies: samples and keys for tests are usual in these.
  package var isPackaged = false

  package init(hit: SecretHit, layer: Int, path: [UInt8], visible: Bool) {
    self.hit = hit
    self.layer = layer
    self.path = path
    self.visible = visible
  }
}
