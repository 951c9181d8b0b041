import ForgeBasics
import ForgeTemplates
import Foundation

/// The folder that a chart is written to.
package struct ChartFolder {
  package let path: String

  /// - Throws: `ChartError.foreignFolder` for a file, and for a folder that holds files but no chart.
  package init(_ path: String) throws(ChartError) {
    self.path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue, let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    else { throw .foreignFolder(path: path) }
    guard names.isEmpty || names.contains("Chart.yaml") else { throw .foreignFolder(path: path) }
  }

  /// Templates that forge wrote and nobody edited, of workloads that are no longer there: Helm would still install them.
  /// Relative to the folder, sorted.
  package func leftovers(beside files: [GeneratedFile]) -> [String] {
    let current = Set(files.map(\.path))
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/templates")) ?? []
    return names.sorted().map { "templates/" + $0 }.filter { name in
      guard !current.contains(name),
        let bytes = try? BoundedFile.read("\(path)/\(name)", limit: 1 << 20),
        let text = String(validating: bytes, as: UTF8.self)
      else { return false }
      return Stamp.isIntact(KeptBlocks(of: text))
    }
  }

  /// Makes the folders, writes every file that is not current, and removes what is left over.
  /// - Throws: `ChartError.foreignFiles` without `force`, or `RecipeError`; the files are then as they were.
  package func write(_ plan: GenerationPlan, force: Bool) throws {
    let foreign = plan.entries.filter { $0.state == .foreign }.map(\.path)
    guard force || foreign.isEmpty else { throw ChartError.foreignFiles(foreign) }
    do {
      try FileManager.default.createDirectory(
        atPath: path + "/templates", withIntermediateDirectories: true)
    } catch {
      throw RecipeError.unwritable(path: path, reason: error.localizedDescription)
    }
    try plan.write(force: force)
    for name in leftovers(beside: plan.entries.map(\.file)) {
      do {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
      } catch {
        throw RecipeError.unwritable(path: "\(path)/\(name)", reason: error.localizedDescription)
      }
    }
  }
}
