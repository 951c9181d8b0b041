/// Which names of variables and settings stand for secrets: the one list that analysis, recipes and rules go by.
package enum SecretName {
  private static let words: Set<Substring> = [
    "apikey", "credential", "credentials", "dsn", "passphrase", "password", "passwd", "pwd",
    "pword", "salt",
    "secret", "secrets", "token",
  ]
  /// These tell of a secret only at the end: `API_KEY`, but not `KEY_LENGTH` or `AUTH_DOMAIN`.
  private static let endings: Set<Substring> = ["auth", "key", "keys"]
  private static let harmlessEndings: Set<Substring> = [
    "algorithm", "audience", "backend", "bytes", "class", "cost", "count", "days", "dependency",
    "disabled", "domain",
    "enabled", "endpoint", "expire", "expires", "expiry", "file", "format", "header", "host",
    "hours", "id",
    "interval", "issuer", "length", "lifetime", "limit", "location", "max", "method", "min",
    "minutes", "mode",
    "module", "name", "path", "pattern", "patterns", "port", "prefix", "prompts", "provider",
    "public", "region",
    "rotation", "scheme", "seconds", "secure", "size", "timeout", "title", "ttl", "type", "url",
    "user", "username",
    "version",
  ]
  private static let stores: Set<Substring> = [
    "database", "db", "redis", "mongo", "mongodb", "postgres", "postgresql", "broker",
  ]

  /// Whether a variable of this name holds a secret. Addresses of databases hold the password.
  package static func isSecret(_ name: String) -> Bool {
    isAddress(name) || isValue(words: name.lowercased().split { $0 == "_" || $0 == "-" })
  }

  /// Whether it is the address of a store, of which only the password is secret.
  package static func isAddress(_ name: String) -> Bool {
    let words = name.lowercased().split(separator: "_")
    guard let last = words.last, ["url", "uri", "dsn"].contains(last) else { return false }
    return words.contains(where: stores.contains)
  }

  private static func isValue(words all: [Substring]) -> Bool {
    guard let last = all.last, !harmlessEndings.contains(last), !all.contains("public") else {
      return false
    }
    return endings.contains(last) || all.contains(where: words.contains)
  }

  /// Whether a variable that falls back to this value holds a secret: a number or a switch is none.
  package static func isSecret(_ name: String, default value: String?) -> Bool {
    guard let value else { return isSecret(name) }
    if holdsCredentials(value) { return true }
    return isSecret(name) && !isSwitch(value) && (value.isEmpty || Double(value) == nil)
  }

  /// Whether a variable that is set to this value gives a secret away.
  package static func isSecret(_ name: String, setTo value: String) -> Bool {
    if holdsCredentials(value) { return true }
    return !value.isEmpty && !isAddress(name) && isSecret(name) && !isSwitch(value)
  }

  private static func isSwitch(_ value: String) -> Bool {
    ["true", "false", "yes", "no", "on", "off"].contains(value.lowercased())
  }

  /// Whether an address carries a password: `scheme://user:password@host`. A placeholder `${…}` is none.
  package static func holdsCredentials(_ value: String) -> Bool {
    guard let scheme = value.firstRange(of: "://") else { return false }
    let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != " " && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":")
    else { return false }
    let password = authority[authority.index(after: colon)..<at]
    return !password.isEmpty && !password.hasPrefix("${") && !password.hasPrefix("{")
  }
}
