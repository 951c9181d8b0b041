import ForgeInspection
import ForgeLayers
import ForgeSyntax
import ForgeWriting

extension StripSet {
  /// What of the set `pip` an installed package needs, by its metadata (core metadata, Requires-Dist), and the name of
  /// such a package. Extras are not installed packages' needs; other markers count as met.
  package static func needed(_ root: RootFilesystem) -> [String: String] {
    var needed: [String: String] = [:]
    root.walk { id in
      guard let metadata = root.packageMetadata(id) else { return true }
      for package in metadata.requiredPipPackages {
        needed[package] = min(needed[package] ?? metadata.name, metadata.name)
      }
      return true
    }
    return needed
  }
}

/// The fields of an installed Python package's `METADATA` that tell what it needs.
private struct PackageMetadata {
  let name: String
  private let requirements: [Substring]

  /// Nil where it names no package.
  init?(_ bytes: some Collection<UInt8>) {
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    // The description below the fields may quote some.
    let fields = lines.prefix { !$0.isEmpty }
    guard let name = fields.first(where: { $0.hasPrefix("Name: ") }) else { return nil }
    self.name = String(name.dropFirst(6))
    requirements = fields.filter { $0.hasPrefix("Requires-Dist: ") }.map { $0.dropFirst(15) }
  }

  var requiredPipPackages: [String] {
    let packages = StripTable.shared.pipPackages
    guard !packages.contains(name.lowercased()) else { return [] }
    return requirements.compactMap { Requirement($0) }.filter { requirement in
      packages.contains(requirement.name)
        && requirement.marker?.contains(/\bextra\s*==/) != true
    }.map(\.name)
  }
}

extension RootFilesystem {
  /// Nil for all but the metadata of packages in `site-packages`.
  fileprivate func packageMetadata(_ id: FileTree.ID) -> PackageMetadata? {
    let folder = tree[id].parent
    guard tree[id].kind == .regular, tree.name(id).elementsEqual("METADATA".utf8),
      folder > FileTree.root
    else { return nil }
    let site = tree.name(tree[folder].parent)
    guard ["site-packages", "dist-packages"].contains(where: { site.elementsEqual($0.utf8) }),
      let bytes = content(id)
    else { return nil }
    return PackageMetadata(bytes)
  }
}
