/// What the name or the value of an environment variable tells.
enum EnvironmentName {
  private static let secretWords: Set<Substring> = [
    "apikey", "credential", "credentials", "dsn", "passphrase", "password", "passwd", "pwd", "pword",
    "salt", "secret", "secrets", "token",
  ]
  /// These tell of a secret only at the end: `API_KEY`, but not `KEY_LENGTH` or `AUTH_DOMAIN`.
  private static let secretEndings: Set<Substring> = ["auth", "key", "keys"]
  private static let harmlessWords: Set<Substring> = [
    "algorithm", "audience", "backend", "bytes", "class", "cost", "count", "days", "dependency", "domain", "enabled",
    "endpoint", "expire", "expires", "expiry", "file", "format", "header", "host", "hours", "id", "interval",
    "issuer", "length", "lifetime", "limit", "location", "max", "method", "min", "minutes", "mode", "module", "name",
    "path", "pattern", "patterns", "port", "prefix", "prompts", "provider", "public", "region", "scheme", "seconds",
    "secure", "size", "timeout", "title", "ttl", "type", "url", "user", "username", "version",
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
    return secretEndings.contains(last) || words.contains(where: secretWords.contains)
  }

  /// Whether a variable that falls back to this value holds a secret: a number or a switch is none.
  static func isSecret(_ name: String, default value: String?) -> Bool {
    guard let value else { return isSecret(name) }
    if holdsCredentials(value) { return true }
    let isSwitch = ["true", "false", "yes", "no", "on", "off"].contains(value.lowercased())
    return isSecret(name) && !isSwitch && (value.isEmpty || Double(value) == nil)
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
