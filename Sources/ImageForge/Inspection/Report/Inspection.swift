import ForgeBasics
import ForgeFindings

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
  @EncodesNull public private(set) var base: BaseFacts?
  /// What the reader noticed: structure, not policy.
  public package(set) var findings: [Finding]
  /// What rules need beyond the report: not part of the JSON.
  package private(set) var details = InspectionDetails()

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
      duplicates, packages, owners, base, findings
  }

}
