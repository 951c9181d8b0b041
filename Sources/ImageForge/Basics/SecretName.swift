/// Which names of variables and settings stand for secrets, and whether a name that is set to a value gives one away:
/// the one judge that analysis, recipes, rules and the search for secrets go by.
package enum SecretName {
  private static let words: Set<Substring> = [
    "apikey", "cred", "creds", "credential", "credentials", "dsn", "passphrase", "password",
    "passwort", "passwd", "pwd", "pword", "salt", "secret", "secrets", "token",
  ]
  /// Words that are written together with others: `pgpassword`, `authtoken`.
  private static let tails = [
    "password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "accesskey",
    "privatekey", "authkey", "sshpass", "pgpass", "dbpass", "userpass", "storepass", "keypass",
    "rootpw", "adminpw",
  ]
  /// These tell of a secret only at the end: `API_KEY`, but not `KEY_LENGTH` or `AUTH_DOMAIN`.
  private static let endings: Set<Substring> = ["auth", "key", "keys", "pass", "pat", "pw"]
  /// Words that make a key a secret whatever it is set to; `SORT_KEY` and `CACHE_KEY` name other things.
  private static let qualifiers: Set<Substring> = [
    "access", "account", "admin", "api", "app", "auth", "client", "deploy", "encryption", "hmac",
    "jwt", "license", "master", "private", "secret", "service", "session", "shared", "signing",
    "storage",
  ]
  private static let harmlessEndings: Set<Substring> = [
    "algorithm", "arn", "attribute", "audience", "backend", "bytes", "cache", "checksum", "class",
    "column", "cost", "count", "days", "dependency", "description", "digest", "dir", "directory",
    "disabled", "domain", "enabled", "encryption", "endpoint", "env", "error", "expiration",
    "expire", "expires",
    "expiry", "field", "file", "filename", "fingerprint", "folder", "format", "generator", "header",
    "help", "hint", "host", "hours", "id", "ids", "index", "interval", "issuer", "label", "length",
    "lifetime", "limit", "location", "max", "md5", "message", "method", "min", "minutes", "mode",
    "module", "name", "names", "parallelism", "param", "parameter", "path", "paths", "pattern",
    "patterns", "placeholder", "policy", "port", "prefix", "prompts", "provider", "public",
    "publishable", "ref", "regex", "region", "required", "rotation", "scheme", "seconds", "secure",
    "sha1", "sha256", "sha512", "size", "store", "strategy", "strength", "suffix", "text",
    "timeout", "title", "ttl", "type", "uri", "url", "user", "username", "version",
  ]
  private static let harmlessQualifiers: Set<Substring> = [
    "action", "cancel", "change", "consumer", "continuation", "csrf", "idempotency", "next", "page",
    "pagination", "request", "resume", "sync", "xsrf",
  ]
  private static let stores: Set<Substring> = [
    "database", "db", "redis", "mongo", "mongodb", "postgres", "postgresql", "broker",
  ]
  /// Names of public keys: of those who sign releases, and of keys that browsers get.
  private static let publicWords: Set<Substring> = [
    "anon", "fingerprint", "gpg", "gpgkey", "gpgkeys", "pgp", "public", "publishable", "pub",
    "pubkey", "signing", "site", "sitekey", "vapid",
  ]

  /// The words of a name in lower case: `DB_PASSWORD`, `dbPassword`, `db.password` and `db-password` alike.
  package static func words(_ name: some StringProtocol) -> [Substring] {
    var text: [UInt8] = []
    let bytes = Array(name.utf8)
    func isUpper(_ index: Int) -> Bool {
      bytes.indices.contains(index) && (65...90) ~= bytes[index]
    }
    func isLower(_ index: Int) -> Bool {
      bytes.indices.contains(index) && ((97...122) ~= bytes[index] || (48...57) ~= bytes[index])
    }
    for (index, byte) in bytes.enumerated() {
      if isUpper(index), isLower(index - 1) || (isUpper(index - 1) && isLower(index + 1)) {
        text.append(UInt8(ascii: "_"))
      }
      text.append(isUpper(index) ? byte | 0x20 : byte)
    }
    return String(decoding: text, as: UTF8.self).split { "_-.:/ \t$[]".contains($0) }
  }

  /// Whether a variable of this name holds a secret. Addresses of databases hold the password.
  package static func isSecret(_ name: String) -> Bool {
    let words = words(name)
    return isAddress(words) || strength(words) != nil
  }

  /// Whether it is the address of a store, of which only the password is secret.
  package static func isAddress(_ name: String) -> Bool { isAddress(words(name)) }

  private static func isAddress(_ words: [Substring]) -> Bool {
    guard let last = words.last, ["url", "uri", "dsn"].contains(last) else { return false }
    return words.contains(where: stores.contains)
  }

  /// How surely a name tells of a secret.
  private enum Strength {
    /// Whatever it is set to.
    case certain
    /// Where the value looks like one: `SORT_KEY` may name a column.
    case likely
  }

  private static func strength(_ all: [Substring]) -> Strength? {
    guard let last = all.last, !harmlessEndings.contains(last), !all.contains("public") else {
      return nil
    }
    // Tokens and keys that are numbers of requests, of pages and of clients.
    if all.count > 1, ["token", "key"].contains(last),
      harmlessQualifiers.contains(all[all.count - 2])
    {
      return nil
    }
    func isWord(_ word: Substring) -> Bool {
      let bare = word.prefix(word.count - word.reversed().prefix(while: \.isNumber).count)
      return words.contains(bare) || tails.contains { bare.hasSuffix($0) }
    }
    if all.contains(where: isWord) { return .certain }
    guard endings.contains(last) else { return nil }
    switch last {
    case "key", "keys":
      return all.count == 1 || all.contains(where: qualifiers.contains) ? .certain : .likely
    case "pat", "pw": return all.count > 1 ? .certain : .likely
    default: return .certain
    }
  }

  /// Whether a variable that falls back to this value holds a secret: a number or a switch is none.
  package static func isSecret(_ name: String, default value: String?) -> Bool {
    guard let value else { return isSecret(name) }
    if SecretValue.holdsCredentials(value) { return true }
    return isSecret(name) && (value.isEmpty || !SecretValue.isSwitch(value) && Double(value) == nil)
  }

  /// Whether a variable that is set to this value gives a secret away.
  package static func isSecret(_ name: String, setTo value: String) -> Bool {
    if SecretValue.holdsCredentials(value) { return true }
    let words = words(name)
    guard !isAddress(words), let strength = strength(words), !SecretValue.isHarmless(value) else {
      return false
    }
    if SecretValue.areFingerprints(value), namesPublicKeys(words, value) { return false }
    if words.last == "auth", SecretValue.isMethod(value) { return false }
    return strength == .certain || SecretValue.looksGenerated(value)
  }

  /// Whether fingerprints under this name are those of public keys: `GPG_KEYS`, or `GOSU_KEY` in capitals, but not
  /// `API_KEY`.
  private static func namesPublicKeys(_ words: [Substring], _ value: String) -> Bool {
    if words.contains(where: publicWords.contains) { return true }
    guard let last = words.last, ["key", "keys"].contains(last) else { return false }
    return value.count >= 40 && value == value.uppercased()
      && !words.contains(where: qualifiers.contains)
  }

  /// Whether an address or connection string carries a password.
  package static func holdsCredentials(_ value: String) -> Bool {
    SecretValue.holdsCredentials(value)
  }
}
