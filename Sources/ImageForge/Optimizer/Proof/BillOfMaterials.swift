import ForgeBasics
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// Which packages an optimized image holds, and what was removed of each: CycloneDX 1.6. Package databases stay as they
/// were, so that they name files and folders that are gone: these stand here, each with its package; so do the lists
/// that dpkg keeps of a package's files, where they went. It is the same for the same
/// input and result: no time and no serial number.
public struct BillOfMaterials: Sendable, Codable, Equatable {
  public struct Property: Sendable, Codable, Equatable {
    public var name: String
    public var value: String
  }

  public struct Component: Sendable, Codable, Equatable {
    /// `library`; `container` for the image.
    public var type: String
    public var reference: String
    public var name: String
    public var version: String
    /// The package URL.
    public var purl: String?
    /// `required`, or `excluded` for a package of which no file is left.
    public var scope: String?
    /// `forge:state` (`complete`, `partial`, `removed`), `forge:removedBytes`, and for each path that went
    /// `forge:removed`, for each that lost symbols or comments `forge:rewritten`.
    public var properties: [Property]

    enum CodingKeys: String, CodingKey {
      case type, name, version, purl, scope, properties
      case reference = "bom-ref"
    }
  }

  public struct Metadata: Sendable, Codable, Equatable {
    /// The image: its version is the digest of its config. Its properties name what no package owned.
    public var component: Component
  }

  public var bomFormat = "CycloneDX"
  public var specVersion = "1.6"
  public var version = 1
  public var metadata: Metadata
  public var components: [Component]

  /// - Parameter input: the image before it was optimized, whose databases name the files of each package.
  init(
    _ input: ReadImage, _ contents: FileContents, _ result: Proof.Side, _ allowance: Allowance
  ) {
    let root = input.root
    let distribution = Self.distribution(Self.release(of: root, contents))
    let (packages, owner, claims) = Packages.allNames(root)
    var files = [[File]](repeating: [], count: packages.count)
    var others: [File] = []
    // What dpkg keeps of a package goes without its being less of a package.
    let debian = Dictionary(
      packages.indices.filter { packages[$0].kind == "deb" }.map { (packages[$0].name, $0) },
      uniquingKeysWith: { first, _ in first })
    root.walk { id in
      let node = root.tree[id]
      var file = File(path: root.tree.path(id), bytes: 0)
      if node.inode != FileTree.none {
        file.bytes = root.inodes[Int(node.inode)].size
        if owner[Int(node.inode)] != Packages.none {
          files[Int(owner[Int(node.inode)])].append(file)
        } else if let package = Self.informed(file.path).flatMap({ debian[$0] }) {
          file.isPart = false
          files[package].append(file)
        } else {
          others.append(file)
        }
      } else if let packages = claims[id] {
        // All that name a folder miss it.
        file.isPart = node.kind != .directory
        for package in packages { files[Int(package)].append(file) }
      } else {
        others.append(file)
      }
      return true
    }
    var components: [Component] = []
    var numbers: [String: Int] = [:]
    for (package, files) in zip(packages, files) {
      let changes = Self.changes(files, allowance)
      let parts = files.lazy.filter(\.isPart).count
      let state =
        changes.removed == 0 ? "complete" : changes.removed == parts ? "removed" : "partial"
      let purl = Self.purl(package, distribution)
      // One package may be installed twice, as each application brings its own.
      let number = numbers[purl, default: 0]
      numbers[purl] = number + 1
      components.append(
        Component(
          type: "library", reference: number == 0 ? purl : "\(purl)#\(number)", name: package.name,
          version: package.version, purl: purl, scope: state == "removed" ? "excluded" : "required",
          properties: [Property(name: "forge:state", value: state)] + changes.properties))
    }
    self.components = components.sorted { $0.reference < $1.reference }
    metadata = Metadata(
      component: Component(
        type: "container", reference: "image", name: "image", version: result.config.description,
        purl: nil, scope: nil,
        properties: [Property(name: "forge:rootfs", value: result.rootfs.description)]
          + Self.changes(others, allowance).properties))
  }

  private struct File {
    var path: [UInt8]
    var bytes: Int64
    /// Whether a package of which none of these is left is removed: not so for folders and dpkg's own notes.
    var isPart = true
  }

  /// The package that a file of dpkg tells of: `perl` for `var/lib/dpkg/info/perl:amd64.list`.
  private static func informed(_ path: [UInt8]) -> String? {
    let folder = "var/lib/dpkg/info/"
    guard path.starts(with: folder.utf8), let dot = path.lastIndex(of: UInt8(ascii: ".")) else {
      return nil
    }
    return String(
      decoding: path[..<dot].dropFirst(folder.utf8.count).prefix { $0 != UInt8(ascii: ":") },
      as: UTF8.self)
  }

  private static func changes(_ files: [File], _ allowance: Allowance) -> (
    removed: Int, properties: [Property]
  ) {
    var parts = 0
    var (removed, rewritten, bytes): ([String], [String], Int64) = ([], [], 0)
    for file in files {
      if allowance.isRemoved(file.path) {
        removed.append(DisplayText.escape(file.path))
        if file.isPart { parts += 1 }
        bytes += file.bytes
      } else if allowance.rewritten[file.path] != nil {
        rewritten.append(DisplayText.escape(file.path))
      }
    }
    var properties =
      removed.isEmpty ? [] : [Property(name: "forge:removedBytes", value: String(bytes))]
    properties += removed.sorted().map { Property(name: "forge:removed", value: $0) }
    properties += rewritten.sorted().map { Property(name: "forge:rewritten", value: $0) }
    return (parts, properties)
  }

  /// Package URL specification, "Rules for each purl component" and "Known types".
  static func purl(_ package: PackageFacts, _ distribution: String) -> String {
    func escaped(_ text: some StringProtocol) -> String {
      text.utf8.map { byte in
        let isPlain =
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte)
          || ".-_~".utf8.contains(byte)
        let digits = String(byte, radix: 16, uppercase: true)
        return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
      }.joined()
    }
    let version = "@" + escaped(package.version)
    switch package.kind {
    case "deb", "apk":
      return
        "pkg:\(package.kind)/\(escaped(distribution))/\(escaped(package.name.lowercased()))\(version)"
    case "python":
      return "pkg:pypi/\(escaped(package.name.lowercased().replacing("_", with: "-")))\(version)"
    default:
      let parts = package.name.split(separator: "/").map { escaped($0) }
      return "pkg:npm/\(parts.joined(separator: "/"))\(version)"
    }
  }

  /// The text of its `os-release`; empty where there is none.
  private static func release(of root: RootFilesystem, _ contents: FileContents) -> [UInt8] {
    var root = root
    guard let id = root.resolve("etc/os-release") ?? root.resolve("usr/lib/os-release"),
      root.tree[id].inode != FileTree.none
    else { return [] }
    let origin = root.inodes[Int(root.tree[id].inode)].origin
    return (try? contents.bytes(origin, limit: 16 << 10)) ?? []
  }

  /// `ID` of an `os-release`; `linux`, its default, where there is none (os-release(5)).
  static func distribution(_ text: [UInt8]) -> String {
    for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
    where line.hasPrefix("ID=") {
      return String(line.dropFirst(3).filter { $0 != "\"" && $0 != "'" })
    }
    return "linux"
  }
}
