import ForgeFindings

extension Finding {
  /// Something odd about an archive.
  static func archive(
    _ id: FindingID, _ message: String, at part: String? = nil, severity: Severity = .warning,
    fix: String? = nil
  ) -> Finding {
    Finding(
      id: id, severity: severity, message: message, at: part.map(Place.archive), fix: fix,
      evidence: .archive)
  }
}
