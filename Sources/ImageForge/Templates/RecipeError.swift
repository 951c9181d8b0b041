import ForgeBasics

/// Why a file could not be generated or written. Nothing has been written when one is thrown.
public enum RecipeError: ForgeError, Equatable {
  /// There is no recipe for a project of this shape.
  case unsupported(service: String, what: String, instead: String)
  /// Two services of one folder, which would write the same files.
  case sharedFolder(path: String, services: [String])
  /// A value of the project cannot stand in a generated file without changing the file's meaning.
  case invalidValue(service: String, what: String, value: String, expected: String)
  /// Files that forge did not write, or that were edited since: relative to the root.
  case foreignFiles([String])
  /// Files with `# forge:keep` blocks that would be lost: relative to the root.
  case lostBlocks([String])
  /// The generated Dockerfile would not build: something that it copies is not there.
  case unbuildable(service: String, location: String, reason: String, fix: String)
  /// There is no Dockerfile whose decisions could be kept.
  case noDockerfile(path: String)
  /// An output that cannot be written.
  case unwritable(path: String, reason: String)
  /// A file of the user's own recipes is broken.
  case badRecipe(file: String, reason: String)
  /// A recipe has no slot for something that an existing Dockerfile decides, at `place` (`file:line`).
  case missingSlot(recipe: String, slot: String, decision: String, place: String)
  /// `forge.yaml` or `forge.lock` asks for what cannot be.
  case badSettings(file: String, reason: String)
  /// A template or a table of `recipes/` is broken.
  case brokenRecipe(file: String, reason: String)

  public var exitCode: ExitCode {
    switch self {
    case .unsupported, .sharedFolder, .foreignFiles, .lostBlocks, .noDockerfile, .unwritable,
      .badRecipe, .missingSlot, .badSettings:
      .usage
    case .invalidValue, .unbuildable: .unreadableInput
    case .brokenRecipe: .defect
    }
  }

  public var description: String {
    switch self {
    case .unsupported(let service, let what, let instead):
      "no recipe for \(Self.shown(service)): \(Self.shown(what)). \(instead)"
    case .sharedFolder(let path, let services):
      "\(services.map(Self.shown).joined(separator: " and ")) share the folder \(Self.shown(path)), which can hold the "
        + "Dockerfile of one. Leave one out in forge.yaml, as in `services: {\(Self.shown(services.last ?? "")): "
        + "{exclude: true}}`, or give it a folder of its own"
    case .unbuildable(let service, let location, let reason, let fix):
      "the generated Dockerfile of \(Self.shown(service)) would not build: \(Self.shown(reason)) "
        + "(\(Self.shown(location))). \(Self.shown(fix))"
    case .invalidValue(let service, let what, let value, let expected):
      "cannot write the Dockerfile of \(Self.shown(service)): its \(what) is "
        + "“\(Self.shown(value))”, but must be \(expected). Change it in the project"
    case .foreignFiles(let paths):
      "not overwritten, because forge did not write them or they were edited since: "
        + paths.map(DisplayText.escape).joined(separator: ", ")
        + ". Nothing was written; see the changes with `forge generate --check`, or overwrite with `--force`"
    case .lostBlocks(let paths):
      "not overwritten, because a `# forge:keep` block has no `# forge:end`, or stands below a line that the new file "
        + "has not: " + paths.map(DisplayText.escape).joined(separator: ", ")
        + ". Nothing was written; see the changes with `forge generate --check`, and end the block, move it below "
        + "another line, or take it out"
    case .noDockerfile(let path):
      "\(DisplayText.escape(path)): there is no Dockerfile to take decisions from; leave --from-existing out"
    case .unwritable(let path, let reason):
      "cannot write \(DisplayText.escape(path)): \(reason). Nothing was written"
    case .badRecipe(let file, let reason):
      "the recipe \(DisplayText.escape(file)) cannot be used: \(DisplayText.escape(reason)). Mend it, or remove it: "
        + "forge then uses its own"
    case .missingSlot(let recipe, let slot, let decision, let place):
      "the recipe \(DisplayText.escape(recipe)) has no slot `\(slot)` for what \(DisplayText.escape(place)) decides: "
        + "\(Self.shown(decision)). Give the recipe that slot, as forge's own has it (`forge recipes show`), or take the "
        + "decision out of the Dockerfile"
    case .badSettings(let file, let reason):
      "\(DisplayText.escape(file)): \(DisplayText.escape(reason))"
    case .brokenRecipe(let file, let reason):
      "recipes/\(file) is broken: \(DisplayText.escape(reason)). This is a defect of forge; please report it"
    }
  }

  /// Text from the project: one line, and not without end.
  private static func shown(_ text: String) -> String {
    DisplayText.escape(String(text.prefix(200)))
  }
}
