import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Advice on dependencies that bring more than a server uses, with the bytes they cost, from
/// `recipes/data/python-weights.yaml`.
package enum PythonWeights {
  struct Entry: Decodable, Sendable {
    let name: String
    /// The entry holds only where this extra is asked for.
    let extra: String?
    /// Installed, more than `instead`; by the versions that the table names.
    let bytes: Int64
    /// What the bytes are.
    let brings: String
    /// What to write, and who should not.
    let instead: String
    /// Packages of which any, locked beside it, shows the heavy variant; without a lockfile that is taken for granted.
    let shownBy: [String]?
  }

  /// The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let table: [Entry] =
    (try? Catalogue.decode([Entry].self, from: "data/python-weights.yaml")) ?? []

  /// One finding for each declared dependency that has a lighter form.
  package static func findings(_ manifest: PythonManifest?) -> [Finding] {
    guard let manifest else { return [] }
    return table.compactMap { entry in
      guard let dependency = declaration(of: entry, in: manifest) else { return nil }
      if let shownBy = entry.shownBy {
        if let locked = manifest.lockfile?.packages {
          guard shownBy.contains(where: { locked[$0]?.isMain == true }) else { return nil }
        } else if isForProcessorOnly(dependency.requirement, manifest) {
          return nil
        }
      }
      let written = entry.name + (entry.extra.map { "[\($0)]" } ?? "")
      return Finding(
        id: "FORGE-P038", severity: .info,
        message:
          "\(written) brings \(entry.brings): about \(ByteCount.text(entry.bytes)) more of the image",
        at: dependency.location, fix: entry.instead)
    }
  }

  private static func declaration(of entry: Entry, in manifest: PythonManifest) -> PythonDependency?
  {
    manifest.dependencies.first {
      $0.requirement.name == entry.name && (entry.extra.map($0.requirement.extras.contains) ?? true)
    }
  }

  /// Whether PyTorch comes from the index without CUDA: `torch==2.9.0+cpu`, or an index `…/whl/cpu`.
  private static func isForProcessorOnly(_ requirement: Requirement, _ manifest: PythonManifest)
    -> Bool
  {
    let indexes = ["tool.uv.index", "tool.pdm.source", "tool.poetry.source"].flatMap { key in
      manifest.pyproject?.root[key.split(separator: ".").map(String.init)]?.elements ?? []
    }
    let addresses =
      (manifest.requirements?.addresses ?? []) + indexes.compactMap { $0["url"]?.string }
      + [requirement.url].compactMap(\.self)
    return requirement.specifier.hasSuffix("+cpu")
      || addresses.contains { $0.contains("/cpu") || $0.contains("+cpu") }
  }
}
