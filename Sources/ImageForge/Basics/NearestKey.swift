/// Which key a mistyped one was meant to be.
public enum NearestKey {
  /// The known key with the fewest edits, if it is near at all: a third of it, or the start of the same word.
  public static func find(_ key: String, among keys: [String]) -> String? {
    keys.map { (key: $0, distance: editDistance(key, $0)) }
      .filter { $0.distance <= max(2, $0.key.count / 3) || (!key.isEmpty && key.hasPrefix($0.key)) }
      .min { ($0.distance, $0.key) < ($1.distance, $1.key) }?.key
  }

  /// `; did you mean …?`, or nothing.
  public static func hint(_ key: String, among keys: [String]) -> String {
    find(key, among: keys).map { "; did you mean `\($0)`?" } ?? ""
  }

  /// Levenshtein distance.
  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (
      Array(a.lowercased().unicodeScalars.prefix(64)), Array(b.lowercased().unicodeScalars)
    )
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substitution = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
