import Foundation

/// Times as configs write them (RFC 3339).
enum RFC3339 {
  /// Nil for what is none; fractions of a second count as the second after, so that a clamp never lets them through.
  static func seconds(_ text: String) -> Int64? {
    let formatter = ISO8601DateFormatter()
    let text = text.uppercased()
    let whole = text.replacing(/\.\d+/, with: "")
    guard let date = formatter.date(from: whole) else { return nil }
    return Int64(date.timeIntervalSince1970) + (whole == text ? 0 : 1)
  }

  static func text(_ seconds: Int64) -> String {
    ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
  }
}
