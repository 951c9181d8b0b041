import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import Foundation
import Yams

/// What a project keeps about its recipes: `recipes:` and the services' `base:` and `dialect:` of `forge.yaml`, and the digests in `forge.lock`.
public enum RecipeSettings {
  public static let lockfile = "forge.lock"

  /// The options that a folder's files ask for.
  /// - Throws: `RecipeError.badSettings` for a file that is not what it should be.
  public static func load(in folder: String) throws(RecipeError) -> RecipeOptions {
    var options = RecipeOptions()
    let path = join(folder, SettingsFile.name)
    if let text = try read(path) {
      let root: Node?
      do { root = try Yams.compose(yaml: text) } catch {
        let problem = YAMLProblem(error)
        throw .badSettings(file: "\(path):\(problem.line)", reason: problem.reason)
      }
      if let value = root?.mapping?["recipes"] {
        guard let name = value.scalar?.string, !name.isEmpty else {
          throw .badSettings(file: path, reason: "`recipes` must be the path of a folder")
        }
        options.recipes = try recipes(name.hasPrefix("/") ? name : join(folder, name))
      }
      for (key, settings) in root?.mapping?["services"]?.mapping ?? [:] {
        guard let name = key.string, let settings = settings.mapping else { continue }
        if let value = settings["base"] {
          guard let base = value.scalar.flatMap({ BaseChoice($0.string) }) else {
            throw .badSettings(
              file: path,
              reason:
                "`base` of \(DisplayText.escape(name)) must be alpine, slim, distroless, chainguard, or the name of "
                + "an image")
          }
          options.bases[name] = base
        }
        if let value = settings["dialect"] {
          guard let dialect = value.scalar.flatMap({ RecipeOptions.Dialect(rawValue: $0.string) })
          else {
            throw .badSettings(
              file: path,
              reason:
                "`dialect` of \(DisplayText.escape(name)) must be portable, buildkit or classic")
          }
          options.dialects[name] = dialect
        }
      }
    }
    options.pins = try pins(in: folder)
    return options
  }

  /// The options by which the files of an analysed folder are generated, and checked: what its settings ask for, and
  /// what its Dockerfiles remember.
  /// - Throws: `RecipeError.badSettings` for a file that is not what it should be.
  public static func load(for analysis: Analysis) throws(RecipeError) -> RecipeOptions {
    var options = try load(in: analysis.root)
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: analysis.root, readsForeign: false)
    return options
  }

  /// The path of a folder of recipes, if it is one.
  public static func recipes(_ path: String) throws(RecipeError) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw .badSettings(file: path, reason: "there is no such folder of recipes")
    }
    return path
  }

  private struct Lock: Codable {
    var schemaVersion = 1
    /// Digests by the images' names and tags.
    var bases: [String: String]
  }

  /// The digests that a folder's `forge.lock` holds; empty without one.
  private static func pins(in folder: String) throws(RecipeError) -> [String: String] {
    let path = join(folder, lockfile)
    guard let text = try read(path) else { return [:] }
    guard let lock = try? JSONDecoder().decode(Lock.self, from: Data(text.utf8)),
      lock.schemaVersion == 1,
      lock.bases.allSatisfy({
        DockerText.isImageName($0.key) && DockerText.isImageName("\("x")@\($0.value)")
      })
    else {
      throw .badSettings(
        file: path, reason: "it is no lock of forge; write it anew with `forge generate --pin`")
    }
    return lock.bases
  }

  /// Writes `forge.lock`.
  public static func writeLock(_ bases: [String: String], in folder: String) throws {
    try AtomicFile.write(StableJSON.encode(Lock(bases: bases)).utf8, to: join(folder, lockfile))
  }

  /// The image that the last stage of a Dockerfile stands on; nil where variables or `scratch` hide it.
  public static func finalBase(of file: GeneratedFile) -> String? {
    var bases: [String: String] = [:]
    var last: String?
    for line in file.contents.split(separator: "\n") where line.hasPrefix("FROM ") {
      let words = line.split(separator: " ").map(String.init).filter { !$0.hasPrefix("--") }
      guard words.count >= 2 else { return nil }
      last = bases[words[1]] ?? words[1]
      if words.count == 4 { bases[words[3]] = last }
    }
    return last.flatMap { DockerText.isImageName($0) && $0 != "scratch" ? $0 : nil }
  }

  private static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  private static func read(_ path: String) throws(RecipeError) -> String? {
    do throws(BoundedFileError) {
      return try BoundedFile.readIfPresent(path, limit: SettingsFile.maximumSize).map {
        String(decoding: $0, as: UTF8.self)
      }
    } catch {
      let isTooLarge = error.reason == .tooLarge
      throw .badSettings(file: path, reason: isTooLarge ? SettingsFile.tooLarge : error.why)
    }
  }
}
