/// How severe a finding is. Ordered: `info` < `warning` < `error`.
public enum Severity: String, Codable, Sendable, CaseIterable, Comparable {
  case info, warning, error

  /// By severity.
  public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }
}

/// What a finding rests on. Files beat text: history is optional and written by whoever built the image.
public enum Evidence: String, Codable, Sendable {
  case source, file, config, history, archive
}
