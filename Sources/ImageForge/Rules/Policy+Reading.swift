import ForgeBasics

extension Policy {
  /// The policy of a folder: that of its `forge.yaml`, or of the nearest one above it in its repository, or the default
  /// where there is none.
  /// - Parameter profile: instead of the file's own.
  public static func find(in folder: String, profile: Profile? = nil) throws(PolicyError) -> Policy
  {
    let path: String?
    do throws(SettingsFileError) { path = try SettingsFile.find(in: folder) } catch {
      throw PolicyError(location: error.path, reason: error.reason)
    }
    if let path { return try load(path, profile: profile) }
    return try parse("", source: nil, profile: profile)
  }

  /// Reads a policy file. An unknown key is an error that names the nearest known one.
  public static func load(_ path: String, profile: Profile? = nil) throws(PolicyError) -> Policy {
    try parse(PolicyReader.text(of: path), source: path, profile: profile)
  }

  /// Reads the text of a policy file; `extends` is relative to its folder.
  public static func parse(
    _ text: String, source: String?, profile: Profile? = nil
  ) throws(PolicyError) -> Policy {
    try PolicyReader.policy(text, source: source, profile: profile)
  }
}
