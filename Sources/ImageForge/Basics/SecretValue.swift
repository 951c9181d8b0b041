/// What a value tells, whatever it is set to: whether it can be a secret at all.
package enum SecretValue {
  /// Whether a value that is set to the name of a secret gives nothing away: it is empty, a switch, a number, a
  /// version, a reference to where the value comes from, a path, an address without a password, a public key, or
  /// plainly a placeholder.
  package static func isHarmless(_ value: String) -> Bool {
    let value = value.trimmingQuotes
    return value.isEmpty || isSwitch(value) || isNumber(value) || isReference(value)
      || isPath(value) || isPublic(value) || isPlaceholder(value)
      || (value.contains("://") && !holdsCredentials(value))
  }

  package static func isSwitch(_ value: String) -> Bool {
    [
      "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "undefined", "enabled",
      "disabled", "auto", "optional", "required",
    ].contains(value.lowercased())
  }

  /// A number, or a version such as `1:4.8.1-1` behind the name of a package.
  private static func isNumber(_ value: String) -> Bool {
    if Double(value) != nil, !value.contains("x") { return true }
    let digits = value.prefix(while: \.isWholeNumber)
    guard !digits.isEmpty, digits.count <= 4 else { return false }
    let rest = value.dropFirst(digits.count)
    guard rest.first == "." || rest.first == ":", rest.dropFirst().first?.isWholeNumber == true
    else {
      return false
    }
    return value.count <= 40
      && value.allSatisfy { $0.isWholeNumber || $0.isLowercase || ".:~+-".contains($0) }
  }

  /// `$NAME`, `${NAME}`, `$(command)`, `{{ template }}`, `%NAME%`, `<name>` and the like, or code that reads it.
  package static func isReference(_ value: String) -> Bool {
    if value.hasPrefix("$") || value.hasPrefix("`") || value.hasPrefix("{") { return true }
    if value.hasPrefix("<"), value.hasSuffix(">") { return true }
    if value.count > 2, let first = value.first, "%@".contains(first), value.last == first {
      return true
    }
    return [
      "${", "$(", "{{", "process.env", "os.environ", "getenv", "import.meta.env", "secretKeyRef",
      "!Ref", "vault:", "op://", "ENC[", "arn:aws:",
    ].contains(where: value.contains)
  }

  private static let fileEndings = [
    ".pem", ".key", ".txt", ".json", ".crt", ".yml", ".yaml", ".env", ".toml", ".ini", ".conf",
  ]

  /// `/run/secrets/token`, `./key.pem`, `C:\key.pem`; base64 may begin with a slash, too.
  private static func isPath(_ value: String) -> Bool {
    if fileEndings.contains(where: value.lowercased().hasSuffix), !value.contains(" ") {
      return true
    }
    if ["./", "../", "~/"].contains(where: value.hasPrefix) { return true }
    if value.dropFirst().hasPrefix(":\\") { return true }
    guard value.hasPrefix("/"), value.utf8.allSatisfy({ $0 > 0x20 }) else { return false }
    let longest = value.split(separator: "/").map(\.count).max() ?? 0
    return !(longest >= 16 && looksGenerated(value))
  }

  private static let publicPrefixes = [
    "ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-", "-----BEGIN PUBLIC",
    "-----BEGIN CERT", "-----BEGIN RSA PUBLIC", "-----BEGIN PGP PUBLIC", "MIIBIjANBgkq",
    "MIICIjANBgkq", "MFkwEwYHKoZI", "MCowBQYDK2Vw", "age1", "pk_live_", "pk_test_", "phc_",
    "sb_publishable_", "pk.eyJ", "ca-pub-", "sha1-", "sha256-", "sha384-", "sha512-", "sha256:",
    "sha512:", "rzp_live_", "rzp_test_", "0x4AAAA", "FLWPUBK",
  ]

  /// A public key, a key that is made for browsers, or the hash of something public.
  private static func isPublic(_ value: String) -> Bool {
    if publicPrefixes.contains(where: value.hasPrefix) { return true }
    // Datadog's client tokens, and the site keys of reCAPTCHA.
    if value.hasPrefix("pub"), value.count == 35, value.dropFirst(3).allSatisfy(\.isHexDigit) {
      return true
    }
    return value.hasPrefix("6L") && value.count == 40
  }

  /// Fingerprints of public keys: 40 hexadecimal digits (OpenPGP v4), or the last 8 or 16 of them, one or several.
  package static func areFingerprints(_ value: String) -> Bool {
    let parts = value.trimmingQuotes.split { " ,;\t\n".contains($0) }
    return !parts.isEmpty
      && parts.allSatisfy {
        let digits = $0.hasPrefix("0x") ? $0.dropFirst(2) : $0
        return [8, 16, 32, 40].contains(digits.count) && digits.allSatisfy(\.isHexDigit)
      }
  }

  /// What `AUTH` and the like are set to that is no login: the name of a way to log in.
  static func isMethod(_ value: String) -> Bool {
    [
      "htpasswd", "basic", "digest", "oauth", "oauth2", "oidc", "ldap", "saml", "jwt", "token",
      "bearer", "trust", "md5", "scram-sha-256", "peer", "plain", "login", "cram-md5", "kerberos",
      "ntlm", "anonymous", "pam", "silly",
    ].contains(value.lowercased())
  }

  private static let placeholders = [
    "example", "placeholder", "changeme", "change-me", "change_me", "change-this", "changethis",
    "change_this", "replaceme", "replace-me", "replace_me", "replace-with", "replace_with",
    "changeit",
    "redacted", "dummy", "notasecret", "not-a-secret", "not_a_secret", "insert-", "insert_",
    "fill-me", "fill_me", "fixme", "todo",
  ]

  /// What manuals and samples show in place of a secret.
  package static func isPlaceholder(_ value: String) -> Bool {
    let lower = value.lowercased()
    if lower.hasPrefix("your"), lower.count < 40 { return true }
    // `xxxx-xxxx`, `***`, `...`: a letter that stands for any.
    let marks = lower.filter { !"-_ ".contains($0) }
    if let first = marks.first, "x*.•?#".contains(first), marks.count > 2,
      marks.allSatisfy({ $0 == first })
    {
      return true
    }
    return placeholders.contains(where: lower.contains)
  }

  /// Whether it looks made by a machine, or chosen to be hard to guess: no word, and no phrase.
  package static func looksGenerated(_ value: String) -> Bool {
    guard value.count >= 12, value.allSatisfy({ !$0.isWhitespace }) else { return false }
    let digits = value.count(where: \.isWholeNumber)
    let letters = value.count(where: \.isLetter)
    return digits > 0 && letters > 0
  }

  // MARK: Credentials within a value

  /// Whether an address carries a password (`scheme://user:password@host`), or a connection string does
  /// (`Server=db;Password=…`, `jdbc:…?password=…`). A placeholder `${…}` is none.
  package static func holdsCredentials(_ value: String) -> Bool {
    !credentials(Array(value.utf8)).isEmpty
  }

  /// Where passwords stand in a text, in bytes: of addresses and of connection strings.
  package static func credentials(_ text: [UInt8]) -> [Range<Int>] {
    addresses(text) + parameters(text)
  }

  private static func addresses(_ text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var at = text.startIndex
    while let colon = text[at...].firstIndex(of: UInt8(ascii: ":")) {
      at = colon + 1
      guard text[at...].starts(with: "//".utf8) else { continue }
      let start = at + 2
      let end = text[start...].firstIndex { " \t\r\n/?\"'`<>\\".utf8.contains($0) } ?? text.endIndex
      guard let sign = text[start..<end].lastIndex(of: UInt8(ascii: "@")),
        let split = text[start..<sign].firstIndex(of: UInt8(ascii: ":")), split + 1 < sign
      else { continue }
      let password = String(decoding: text[(split + 1)..<sign], as: UTF8.self)
      guard !isReference(password), !password.allSatisfy({ $0 == "*" }) else { continue }
      found.append(split + 1..<sign)
    }
    return found
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (97...122) ~= byte | 0x20 }

  /// `Password=…` and `Pwd=…` among the parts of a connection string, and in an address behind `?`.
  private static func parameters(_ text: [UInt8]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var at = text.startIndex
    while let sign = text[at...].firstIndex(of: UInt8(ascii: "=")) {
      at = sign + 1
      var begin = sign
      while begin > 0, isLetter(text[begin - 1]) { begin -= 1 }
      let name = String(decoding: text[begin..<sign], as: UTF8.self).lowercased()
      guard ["password", "pwd"].contains(name) else { continue }
      var before = begin
      while before > 0, text[before - 1] == 0x20 { before -= 1 }
      guard before > 0, ";?&".utf8.contains(text[before - 1]) else { continue }
      let end = text[at...].firstIndex { " \t\r\n;&\"'`<>\\".utf8.contains($0) } ?? text.endIndex
      let value = String(decoding: text[at..<end], as: UTF8.self)
      guard !value.isEmpty, !isReference(value), !isPlaceholder(value), !isSwitch(value) else {
        continue
      }
      found.append(at..<end)
    }
    return found
  }
}

extension String {
  fileprivate var trimmingQuotes: String {
    var text = self[...]
    while let first = text.first, "\"' \t".contains(first) { text = text.dropFirst() }
    while let last = text.last, "\"' \t".contains(last) { text = text.dropLast() }
    return String(text)
  }
}
