import ForgeBasics

extension Finding {
  /// A finding whose place is at hand as a text. To be gone once every room hands over a `Place`.
  package init(
    id: String, severity: Severity, message: String, location: String? = nil,
    fix: String? = nil, evidence: Evidence = .source
  ) {
    self.init(
      id: FindingID(rawValue: id), severity: severity, message: message,
      at: location.flatMap { Self.place($0, evidence) }, fix: fix, evidence: evidence)
  }

  private static func place(_ location: String, _ evidence: Evidence) -> Place? {
    guard !location.isEmpty else { return nil }
    if location.hasPrefix("layer ") {
      let parts = location.dropFirst(6).split(separator: ": ", maxSplits: 1)
      guard let index = parts.first.flatMap({ Int($0) }) else { return .text(location) }
      return .layer(index, path: parts.dropFirst().first.map { Array($0.utf8) })
    }
    if location.hasPrefix("config."),
      let field = Place.ConfigField(rawValue: String(location.dropFirst(7)))
    {
      return .config(field)
    }
    if location.hasPrefix("history["), let step = Int(location.dropFirst(8).dropLast()) {
      return .history(step)
    }
    switch evidence {
    case .config, .history, .archive: return .archive(location)
    case .file: return .file(location)
    case .source: break
    }
    if let colon = location.lastIndex(of: ":"),
      let line = Int(location[location.index(after: colon)...]), line > 0
    {
      return .source(file: String(location[..<colon]), line: line)
    }
    return .source(file: location)
  }
}
