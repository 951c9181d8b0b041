import ForgeBasics

/// The words of a command line, and the secrets that stand in it by the names of settings and flags:
/// `NAME=value`, `--flag value`, `Header: value`, and the ways of the usual programs.
struct SecretWords {
  private let bytes: [UInt8]
  private var words: [Range<Int>] = []
  private let isArguments: Bool

  private static let separators = ByteSet(Array(" \t\r\n\"'`;&|()<>,[]{}".utf8))
  private static let name = ByteSet(ByteSet.alphanumeric.bytes + Array("_.-".utf8))

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    let start = bytes.starts(with: "RUN ".utf8) ? 4 : 0
    isArguments = bytes.dropFirst(start).first == UInt8(ascii: "|")
    var at = 0
    while at < bytes.count {
      while at < bytes.count, Self.separators.contains(bytes[at]) { at += 1 }
      let begin = at
      while at < bytes.count, !Self.separators.contains(bytes[at]) { at += 1 }
      if at > begin { words.append(begin..<at) }
    }
  }

  func found() -> [SecretText.Found] { assignments() + flags() + logins() }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func secret(_ name: String, _ range: Range<Int>) -> SecretText.Found? {
    guard !range.isEmpty, SecretName.isSecret(name, setTo: text(range)) else { return nil }
    return SecretText.Found(range: range, name: name, kind: nil, fingerprint: "")
  }

  // MARK: NAME=value

  private func assignments() -> [SecretText.Found] {
    var found: [SecretText.Found] = []
    var at = 0
    while at < bytes.count {
      let sign = bytes[at]
      at += 1
      guard sign == UInt8(ascii: "=") || sign == UInt8(ascii: ":"), let name = name(before: at - 1)
      else { continue }
      let value = value(from: at, isHeader: sign == UInt8(ascii: ":"))
      guard let one = secret(name, value) else { continue }
      // In prose, a colon assigns nothing.
      if sign == UInt8(ascii: ":"), !isQuoted(value), !looksChosen(text(value)) { continue }
      found.append(one)
      at = value.upperBound
    }
    return found
  }

  private func isQuoted(_ range: Range<Int>) -> Bool {
    range.lowerBound > 0 && "\"'".utf8.contains(bytes[range.lowerBound - 1])
  }

  private func looksChosen(_ value: String) -> Bool {
    value.count >= 8 && value.contains(where: \.isWholeNumber) && value.contains(where: \.isLetter)
  }

  /// The name that ends at a sign, maybe in quotes or with blanks behind it.
  private func name(before sign: Int) -> String? {
    var end = sign
    while end > 0, bytes[end - 1] == 0x20 { end -= 1 }
    while end > 0, "\"'\\]".utf8.contains(bytes[end - 1]) { end -= 1 }
    var start = end
    while start > 0, Self.name.contains(bytes[start - 1]) { start -= 1 }
    while start < end, bytes[start] == UInt8(ascii: "-") { start += 1 }
    return start < end ? text(start..<end) : nil
  }

  /// Up to the closing quote; among the arguments in front of a RUN step, which are not quoted, to the next name; else
  /// to the end of the word.
  private func value(from start: Int, isHeader: Bool) -> Range<Int> {
    var start = start
    if start < bytes.count, bytes[start] == 0x20 {
      // `NAME = value` of a settings file; an empty build argument has the next word behind a blank.
      guard isHeader || (start > 1 && bytes[start - 2] == 0x20) else { return start..<start }
      while start < bytes.count, bytes[start] == 0x20 { start += 1 }
    }
    while start < bytes.count, bytes[start] == UInt8(ascii: "\\") { start += 1 }
    guard start < bytes.count else { return start..<start }
    if bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "'") {
      let quote = bytes[start]
      let end = bytes[(start + 1)...].firstIndex(of: quote) ?? bytes.endIndex
      return start + 1..<end
    }
    if isArguments, let end = endOfArgument(start) { return start..<end }
    var end = start
    while end < bytes.count, bytes[end] > 0x20, !"\"'`;&|)]}".utf8.contains(bytes[end]) { end += 1 }
    return start..<end
  }

  /// Where the next argument or the command begins; nil behind the command.
  private func endOfArgument(_ start: Int) -> Int? {
    let command = bytes.firstRange(of: Array(" /bin/".utf8))?.lowerBound
    guard let command, start <= command else { return nil }
    let next = words.first { word in
      guard word.lowerBound > start, word.lowerBound < command else { return false }
      let name = bytes[word].prefix { $0 != UInt8(ascii: "=") }
      return name.count < word.count && !name.isEmpty && name.allSatisfy(Self.name.contains)
    }
    return next.map { $0.lowerBound - 1 } ?? command
  }

  // MARK: Flags

  /// `--password value`, `-storepass value` and `config set password value`.
  private func flags() -> [SecretText.Found] {
    zip(words, words.dropFirst()).enumerated().compactMap { index, pair in
      let (word, next) = pair
      let value = full(next)
      let name = text(word)
      let gap = bytes[word.upperBound..<next.lowerBound]
      guard bytes[next.lowerBound] != UInt8(ascii: "-"), !isSourced(value), !name.contains("="),
        gap.allSatisfy({ " \"'".utf8.contains($0) })
      else { return nil }
      if name.hasPrefix("-") {
        let bare = String(name.drop { $0 == "-" })
        let isSwitch = SecretName.words(bare).first.map(Self.switches.contains) ?? true
        return bare.count > 2 && value.count > 2 && !isSwitch ? secret(bare, value) : nil
      }
      // The old form of ENV parts the name from the value with a blank.
      switch index > 0 ? text(words[index - 1]) : "" {
      case "ENV": return secret(name, value)
      case "set", "setx": return looksChosen(text(value)) ? secret(name, value) : nil
      default: return nil
      }
    }
  }

  /// How flags begin that take no value.
  private static let switches: Set<Substring> = [
    "ask", "disable", "disabled", "empty", "generate", "no", "prompt", "random", "show", "skip",
    "use", "with", "without",
  ]

  /// `id=token,src=…`: the options of a mount, which hold no value.
  private func isSourced(_ value: Range<Int>) -> Bool {
    ["id=", "type=", "source=", "src=", "env="].contains(where: text(value).hasPrefix)
  }

  /// A word with what its quotes hold.
  private func full(_ word: Range<Int>) -> Range<Int> {
    var end = word.upperBound
    if isQuoted(word) {
      let quote = bytes[word.lowerBound - 1]
      end = bytes[word.lowerBound...].firstIndex(of: quote) ?? bytes.endIndex
    } else {
      while end < bytes.count, !" \t\r\n;&|)\"'`".utf8.contains(bytes[end]) { end += 1 }
    }
    return word.lowerBound..<end
  }

  // MARK: Programs

  /// Programs whose short flag takes a password, also without a blank.
  private static let shortFlags: [String: String] = [
    "mysql": "-p", "mysqldump": "-p", "mysqladmin": "-p", "mariadb": "-p", "sshpass": "-p",
    "redis-cli": "-a", "mongo": "-p", "mongosh": "-p", "mongodump": "-p", "unzip": "-P",
    "zip": "-P",
    "7z": "-p", "sqlcmd": "-P", "bcp": "-P", "docker": "-p", "podman": "-p", "buildah": "-p",
    "helm": "-p", "az": "-p", "oc": "-p", "cqlsh": "-p", "clickhouse-client": "--password",
    "ldapsearch": "-w", "ldapadd": "-w", "ldapmodify": "-w", "snmpwalk": "-A",
  ]
  /// Of these, the flag is a port or a path unless a login is meant.
  private static let loginsOnly: Set<String> = ["docker", "podman", "buildah", "helm", "az", "oc"]

  private func logins() -> [SecretText.Found] {
    var found: [SecretText.Found] = []
    func add(_ range: Range<Int>) {
      let value = text(range)
      guard range.count >= 3, !SecretValue.isHarmless(value) else { return }
      found.append(SecretText.Found(range: range, name: nil, kind: nil, fingerprint: ""))
    }
    for (index, word) in words.enumerated() {
      let program = text(word).split(separator: "/").last.map(String.init) ?? ""
      let rest = words[(index + 1)...].prefix { $0.lowerBound - word.lowerBound < 400 }
      if let flag = Self.shortFlags[program],
        !Self.loginsOnly.contains(program) || rest.contains(where: { text($0) == "login" })
      {
        values(of: flag, in: Array(rest)).forEach(add)
      }
      switch program {
      case "curl", "wget", "http", "https":
        for flag in ["-u", "--user", "-U", "--proxy-user"] {
          for value in values(of: flag, in: Array(rest)) { password(ofLogin: value).map(add) }
        }
      case "chpasswd": echoed(before: index).flatMap(password(ofLogin:)).map(add)
      case "passwd" where rest.first.map(text) == "--stdin": echoed(before: index).map(add)
      case "htpasswd":
        let bare = rest.filter { !text($0).hasPrefix("-") }
        if rest.first.map(text)?.hasPrefix("-") == true,
          rest.first.map(text)?.contains("b") == true,
          let last = bare.dropFirst(2).first ?? bare.last
        {
          add(full(last))
        }
      default: break
      }
      if let value = afterWord(word, index) { add(value) }
    }
    return found
  }

  /// Settings of Composer and Poetry whose last word is a password.
  private static let configured = [
    "http-basic.", "pypi-token.", "gitlab-token.", "github-oauth.", "bearer.",
  ]

  /// `IDENTIFIED BY '…'`, `PASSWORD '…'`, `pass:…` of OpenSSL, `_authToken …` of `npm config set`.
  private func afterWord(_ word: Range<Int>, _ index: Int) -> Range<Int>? {
    let text = text(word)
    if text.hasPrefix("pass:") { return word.lowerBound + 5..<word.upperBound }
    guard index + 1 < words.count else { return nil }
    let next = full(words[index + 1])
    let before = words[max(0, index - 4)..<index].map(self.text)
    if text == "password", before.contains("login") || before.contains("mysqladmin") { return next }
    if before.last == "config", Self.configured.contains(where: text.hasPrefix) {
      let last = words[(index + 1)...].prefix { bytes[$0.lowerBound - 1] == 0x20 }.prefix(2).last
      return last.map(full)
    }
    if before.suffix(2) == ["bundle", "config"] { return password(ofLogin: next) }
    switch text.uppercased() {
    case "BY" where index > 0 && self.text(words[index - 1]).uppercased() == "IDENTIFIED":
      return isQuoted(next) ? next : nil
    case "PASSWORD": return isQuoted(next) && text == text.uppercased() ? next : nil
    default: return text.hasSuffix(":_authToken") || text.hasSuffix(":_password") ? next : nil
    }
  }

  private func values(of flag: String, in words: [Range<Int>]) -> [Range<Int>] {
    words.enumerated().compactMap { index, word in
      let text = text(word)
      if text == flag { return index + 1 < words.count ? full(words[index + 1]) : nil }
      guard flag.count == 2, text.hasPrefix(flag), !text.hasPrefix("--") else { return nil }
      // `-p8080:80` and `-port` are no passwords; `-p'…'` has its value in quotes.
      let value = word.lowerBound + 2..<full(word).upperBound
      return self.text(value).contains(where: \.isWholeNumber) && value.count >= 4 ? value : nil
    }
  }

  /// What stands behind the first colon of `user:password`.
  private func password(ofLogin range: Range<Int>) -> Range<Int>? {
    guard let colon = bytes[range].firstIndex(of: UInt8(ascii: ":")) else { return nil }
    return colon + 1..<range.upperBound
  }

  /// The text that `echo '…' |` sends on.
  private func echoed(before index: Int) -> Range<Int>? {
    for number in stride(from: index - 1, through: max(0, index - 6), by: -1) {
      let word = text(words[number])
      guard word == "echo" || word == "printf" else { continue }
      let value = words[(number + 1)..<index].first { !text($0).hasPrefix("-") }
      return value.map(full)
    }
    return nil
  }
}
