import Foundation
import PackagePlugin

/// Writes `recipes/` into one Swift file of the target that uses this plugin.
@main
struct EmbedRecipes: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL.appending(path: "recipes")
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedRecipes.swift")
    let walker = FileManager.default.enumerator(
      at: root, includingPropertiesForKeys: [.isRegularFileKey])
    let files = (walker?.allObjects as? [URL] ?? [])
      .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
      .sorted { $0.path() < $1.path() }
    return [
      .buildCommand(
        displayName: "Embedding recipes/",
        executable: try context.tool(named: "embed-recipes").url,
        arguments: [root.path(percentEncoded: false), output.path(percentEncoded: false)],
        inputFiles: files, outputFiles: [output])
    ]
  }
}
