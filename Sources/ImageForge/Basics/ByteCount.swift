/// Sizes as people read and write them: SI units, 1 MB = 10^6 bytes, as container engines print them.
public enum ByteCount {
  private static let units: [(suffix: String, factor: Int64)] = [
    ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
  ]
  private static let factors: [String: Int64] = [
    "": 1, "b": 1, "k": 1_000, "kb": 1_000, "m": 1_000_000, "mb": 1_000_000, "g": 1_000_000_000,
    "gb": 1_000_000_000, "tb": 1_000_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    "tib": 1 << 40,
  ]

  /// `999 B`, `1.0 kB`, `174.3 MB`. Computed in integers, so that every machine prints the same.
  public static func text(_ bytes: Int64) -> String {
    let magnitude = bytes.magnitude
    var (suffix, factor) = ("B", UInt64(1))
    for unit in units where magnitude >= UInt64(unit.factor) {
      (suffix, factor) = (unit.suffix, UInt64(unit.factor))
    }
    let sign = if bytes < 0 { "-" } else { "" }
    guard factor > 1 else { return "\(sign)\(magnitude) B" }
    // Rounds half up, and carries into the next unit: 999,950 is 1.0 MB, not 1000.0 kB.
    let tenth = factor / 10
    var tenths = magnitude / tenth
    if magnitude % tenth * 2 >= tenth { tenths += 1 }
    if tenths >= 10_000, let next = units.firstIndex(where: { $0.suffix == suffix }),
      next + 1 < units.count
    {
      suffix = units[next + 1].suffix
      tenths = 10
    }
    return "\(sign)\(tenths / 10).\(tenths % 10) \(suffix)"
  }

  /// The same with a sign, for a change: `+1.0 kB`, `-3 B`, `0 B`.
  public static func signed(_ bytes: Int64) -> String {
    guard bytes > 0 else { return text(bytes) }
    return "+" + text(bytes)
  }

  /// Reads `200MB`, `1.5 GB`, `64 MiB`, `123`. Nil when it is not a size or does not fit.
  public static func parse(_ text: String) -> Int64? {
    let trimmed = text.filter { $0 != " " && $0 != "_" }
    let digits = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let factor = factors[trimmed.dropFirst(digits.count).lowercased()] else { return nil }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first.flatMap({ Int64($0) }) else { return nil }
    var (value, overflow) = whole.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    if parts.count == 2 {
      var scale = factor
      for digit in parts[1] {
        guard let number = digit.wholeNumberValue else { return nil }
        scale /= 10
        (value, overflow) = value.addingReportingOverflow(Int64(number) * scale)
        guard !overflow else { return nil }
      }
      guard !parts[1].isEmpty else { return nil }
    }
    return value
  }
}
