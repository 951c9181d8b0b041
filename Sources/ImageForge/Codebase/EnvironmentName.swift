/// What the name or the value of an environment variable tells.
enum EnvironmentName {
  private static let secretWords: Set<Substring> = [
    "apikey", "auth", "credential", "credentials", "dsn", "key", "passphrase", "password", "passwd", "pwd", "pword",
    "salt", "secret", "secrets", "token",
  ]
  private static let harmlessWords: Set<Substring> = [
    "algorithm", "bytes", "days", "enabled", "expire", "expires", "expiry", "file", "header", "hours", "id", "length",
    "lifetime", "max", "min", "minutes", "name", "path", "prefix", "public", "seconds", "size", "ttl", "type", "url",
    "version",
  ]

  /// `[A-Za-z_][A-Za-z0-9_]*`.
  static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, first == UInt8(ascii: "_") || isLetter(first), bytes.count <= 256 else {
      return false
    }
    return bytes.allSatisfy { isLetter($0) || $0 == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }

  /// Whether a variable of this name holds a secret. Addresses of databases hold the password.
  static func isSecret(_ name: String) -> Bool {
    let words = name.lowercased().split(separator: "_")
    if words.contains("database") || words.contains("db") || words.contains("redis") || words.contains("mongo")
      || words.contains("mongodb") || words.contains("postgres") || words.contains("postgresql")
      || words.contains("broker"), let last = words.last, ["url", "uri", "dsn"].contains(last)
    {
      return true
    }
    guard let last = words.last, !harmlessWords.contains(last), !words.contains("public") else { return false }
    return words.contains(where: secretWords.contains)
  }

  /// Whether an address carries a password: `scheme://user:password@host`. A placeholder `${…}` is none.
  static func holdsCredentials(_ value: String) -> Bool {
    guard let scheme = value.firstRange(of: "://") else { return false }
    let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != " " && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return false }
    let password = authority[authority.index(after: colon)..<at]
    return !password.isEmpty && !password.hasPrefix("${") && !password.hasPrefix("{")
  }
}
