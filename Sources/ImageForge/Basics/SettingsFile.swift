/// `forge.yaml`. Several rooms read it, each its own sections; together they accept these and no others.
public enum SettingsFile {
  /// The file's name, at the root of a project.
  public static let name = "forge.yaml"
  /// Sections of the policy, which Rules reads.
  public static let policy = [
    "version", "profile", "extends", "size", "layers", "baseline", "fail-on", "rules",
    "numeric-user", "assert",
    "suppress",
  ]
  /// Sections about the codebase, which Codebase reads.
  public static let codebase = ["services"]
  /// Sections about the recipes, which Recipes reads.
  public static let recipes = ["recipes"]
  /// The most that is read of it, in bytes.
  package static let maximumSize = 1 << 20
  /// What is wrong with a file that is longer: one wording for all its readers.
  package static let tooLarge = "larger than 1 MiB: no settings of forge"
  /// Names that people give it by mistake, and that nothing reads.
  static let mistaken = ["forge.yml", ".forge.yaml", ".forge.yml"]
  /// Every key that may stand at the top.
  public static let sections = policy + codebase + recipes
}
