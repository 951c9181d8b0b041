import ForgeFindings

extension [Finding] {
  /// Adds a finding, and gives it back.
  @discardableResult
  package mutating func note(
    _ id: FindingID, _ severity: Severity, _ message: String, at place: Place?,
    subject: Finding.Subject? = nil, fix: String? = nil
  ) -> Finding {
    let finding = Finding(
      id: id, severity: severity, message: message, at: place, subject: subject, fix: fix)
    append(finding)
    return finding
  }
}

extension Sequence where Element: Equatable {
  /// The elements in their order, each once. For a few elements: every one is compared with all before it.
  package var uniqued: [Element] {
    reduce(into: []) { found, element in
      if !found.contains(element) { found.append(element) }
    }
  }
}
