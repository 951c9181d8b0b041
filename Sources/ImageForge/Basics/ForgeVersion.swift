/// The version of forge, by semantic versioning.
public enum ForgeVersion {
  /// `MAJOR.MINOR.PATCH`.
  public static let current = "0.1.0"
}
