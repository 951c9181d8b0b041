import ForgeBasics

extension SecretMatcher {
  private static let endsOfAuthority = ByteSet(Array("/?#\"'`<>\\)({$[|,".utf8))
  /// Passwords of manuals and of databases on a developer's own machine.
  static let samples: Set<String> = [
    "password", "passwd", "pass", "pwd", "secret", "user", "username", "postgres", "mysql", "root",
    "admin", "guest", "test", "token", "pw", "foo", "bar", "x-oauth-basic", "redis", "mypassword",
    "p%40ss", "pass%40word", "tiger",
  ]

  /// `scheme://user:password@host`: the password.
  func url(_ keyword: Int) -> Range<Int>? {
    var at = keyword
    while at < keyword + 32, let next = byte(at), next != UInt8(ascii: ":") { at += 1 }
    guard byte(at) == UInt8(ascii: ":"), byte(at + 1) == 0x2F, byte(at + 2) == 0x2F else {
      return nil
    }
    let user = at + 3
    var colon: Int?
    var sign: Int?
    var end = user
    while end < user + 300, let next = byte(end), next > 0x20, next < 0x7F,
      !Self.endsOfAuthority.contains(next)
    {
      if next == UInt8(ascii: ":") { colon = colon ?? end }
      if next == UInt8(ascii: "@") { sign = end }
      end += 1
    }
    guard let colon, let sign, colon + 1 < sign, sign + 1 < end else { return nil }
    let password = text(colon + 1..<sign).lowercased()
    let name = text(user..<colon).lowercased()
    let host = text(sign + 1..<end).lowercased()
    let isSample =
      password.count < 3 || Self.samples.contains(password) || password == name
      || password.contains("%s") || password.allSatisfy { "*x.".contains($0) }
    let isNowhere =
      ["localhost", "127.", "example.", "host"].contains(where: host.hasPrefix)
      || host.contains(".example")
    return isSample || isNowhere ? nil : colon + 1..<sign
  }

  /// `Bearer …` and `Basic …` of an Authorization header: the token, or the login.
  func authorization(_ keyword: Int, _ length: Int) -> Range<Int>? {
    let start = keyword + length
    var end = start
    while end < start + 1024, let next = byte(end),
      ByteSet.alphanumeric.contains(next) || "+/=._~-".utf8.contains(next)
    {
      end += 1
    }
    guard end - start >= 12 else { return nil }
    if byte(keyword + 1).map({ $0 | 0x20 }) == UInt8(ascii: "a") {
      // A login is `user:password` in base64.
      let login = Base64.decoded(bytes[start..<end])
      guard login.contains(UInt8(ascii: ":")), login.count >= 6,
        login.allSatisfy({ 0x20...0x7E ~= $0 })
      else { return nil }
      return start..<end
    }
    guard end - start >= 20, SecretValue.looksGenerated(text(start..<end)) else { return nil }
    return start..<end
  }
}
