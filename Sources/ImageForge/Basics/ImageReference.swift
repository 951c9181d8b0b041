/// A text that names no image.
package struct ImageReferenceError: ForgeError, Equatable {
  /// What is wrong with a reference, as distribution/reference tells it.
  package enum Reason: String, Sendable {
    case empty = "it is empty"
    case format = "it is not of the form [registry/]name[:tag][@digest]"
    case uppercase = "the name of a repository is in lower case"
    case tooLong = "the name of a repository has at most 255 characters"
    case digest = "the digest is not sha256: or sha512: with its whole number of hexadecimal digits"
    case identifier = "64 hexadecimal digits are the ID of an image, not a name"
  }

  /// The reference, as it was given.
  package let text: String
  /// What is wrong with it.
  package let reason: Reason

  package var exitCode: ExitCode { .usage }
  package var description: String {
    "\"\(DisplayText.escape(text))\" names no image: \(reason.rawValue)"
  }
}

/// The name of an image: `registry.example:5000/team/app:1.2@sha256:…`.
///
/// The grammar is that of github.com/distribution/reference, which docker, podman and containerd share.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
  /// The registry, with its port; nil where the text begins with the path. Of `team/app` the grammar takes `team` for
  /// one: only `init(familiar:)` decides as docker does.
  package let domain: String?
  /// The repository in its registry: `library/ubuntu`.
  package let path: String
  /// What stands behind the colon: `1.2`.
  package let tag: String?
  /// What stands behind the `@`.
  package let digest: Digest?

  private init(domain: String?, path: String, tag: String?, digest: Digest?) {
    self.domain = domain
    self.path = path
    self.tag = tag
    self.digest = digest
  }

  /// Reads a reference by the grammar alone, as `reference.Parse` does.
  package init(_ text: String) throws(ImageReferenceError) {
    func failure(_ reason: ImageReferenceError.Reason) -> ImageReferenceError {
      ImageReferenceError(text: text, reason: reason)
    }
    guard !text.isEmpty else { throw failure(.empty) }
    guard let parts = ReferenceGrammar.parts(of: text) else {
      let isLowerCaseValid = ReferenceGrammar.parts(of: text.lowercased()) != nil
      throw failure(isLowerCaseValid ? .uppercase : .format)
    }
    guard parts.path.utf8.count <= 255 else { throw failure(.tooLong) }
    let digest = parts.digest.map(Digest.init)
    if case .some(.none) = digest { throw failure(.digest) }
    self.init(domain: parts.domain, path: parts.path, tag: parts.tag, digest: digest ?? nil)
  }

  /// Reads a reference as docker does, and completes it: `todo` is `docker.io/library/todo`
  /// (`reference.ParseNormalizedNamed`).
  package init(familiar text: String) throws(ImageReferenceError) {
    func failure(_ reason: ImageReferenceError.Reason) -> ImageReferenceError {
      ImageReferenceError(text: text, reason: reason)
    }
    guard !text.isEmpty else { throw failure(.empty) }
    guard !ReferenceGrammar.isIdentifier(text) else { throw failure(.identifier) }
    let (domain, remainder) = Self.dockerDomain(of: text)
    let remote = remainder.prefix { $0 != ":" }
    guard !remote.contains(where: \.isUppercase) else { throw failure(.uppercase) }
    do {
      try self.init(domain + "/" + remainder)
    } catch {
      throw failure(error.reason)
    }
  }

  /// Without tag and digest.
  package var name: String { domain.map { "\($0)/\(path)" } ?? path }

  /// The last part of the path: `app` of `registry.example/team/app`.
  package var baseName: Substring {
    path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
  }

  /// Without tag and digest, as people write it: `docker.io/library/` and `docker.io/` are left out.
  package var familiarName: String {
    guard domain == Self.defaultDomain else { return name }
    let parts = path.split(separator: "/")
    return parts.count == 2 && parts[0] == "library" ? String(parts[1]) : path
  }

  package var description: String {
    name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
  }

  /// The same reference with the tag `latest`, where it has neither tag nor digest (`reference.TagNameOnly`).
  package var withDefaultTag: ImageReference {
    guard tag == nil, digest == nil else { return self }
    return ImageReference(domain: domain, path: path, tag: "latest", digest: nil)
  }

  // MARK: Docker's registry

  /// The registry of names without one.
  package static let defaultDomain = "docker.io"

  /// The registry that docker takes a name for, and what stands behind it.
  private static func dockerDomain(of text: String) -> (domain: String, remainder: String) {
    guard let slash = text.firstIndex(of: "/") else { return (defaultDomain, "library/" + text) }
    let first = text[..<slash]
    let rest = String(text[text.index(after: slash)...])
    let isDomain =
      first == "localhost" || first.contains { $0 == "." || $0 == ":" || $0.isUppercase }
    guard isDomain else { return (defaultDomain, text) }
    guard first == defaultDomain || first == "index.docker.io" else { return (String(first), rest) }
    return (defaultDomain, rest.contains("/") ? rest : "library/" + rest)
  }
}

/// The regular expressions of distribution/reference (regexp.go) as functions on bytes, each anchored at both ends.
private enum ReferenceGrammar {
  struct Parts {
    var domain: String?
    var path: String
    var tag: String?
    var digest: String?
  }

  /// `[domain/]path[:tag][@digest]`; nil where the text is none.
  static func parts(of text: String) -> Parts? {
    var rest = text[...]
    var parts = Parts(path: "")
    if let at = rest.firstIndex(of: "@") {
      parts.digest = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
      guard let digest = parts.digest, isDigest(digest) else { return nil }
    }
    // A colon before the last slash is a registry's port.
    let lastName = rest.lastIndex(of: "/") ?? rest.startIndex
    if let colon = rest[lastName...].firstIndex(of: ":") {
      parts.tag = String(rest[rest.index(after: colon)...])
      rest = rest[..<colon]
      guard let tag = parts.tag, isTag(tag) else { return nil }
    }
    if let slash = rest.firstIndex(of: "/"), isDomain(rest[..<slash]),
      isPath(rest[rest.index(after: slash)...])
    {
      parts.domain = String(rest[..<slash])
      rest = rest[rest.index(after: slash)...]
    }
    guard isPath(rest) else { return nil }
    parts.path = String(rest)
    return parts
  }

  /// The ID of an image: 64 hexadecimal digits in lower case.
  static func isIdentifier(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { isDigit($0) || isLowerHex($0) }
  }

  /// A host name or an IPv6 address in brackets, with or without a port.
  private static func isDomain(_ text: Substring) -> Bool {
    var host = text
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let port = text[text.index(after: colon)...].utf8
      guard !port.isEmpty, port.allSatisfy(isDigit) else { return false }
      host = text[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      let address = host.dropFirst().dropLast().utf8
      return !address.isEmpty
        && address.allSatisfy { isDigit($0) || isHexLetter($0) || $0 == UInt8(ascii: ":") }
    }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      let isHyphen = { (byte: UInt8) in byte == UInt8(ascii: "-") }
      guard let first = label.utf8.first, let last = label.utf8.last else { return false }
      return !isHyphen(first) && !isHyphen(last)
        && label.utf8.allSatisfy { isWord($0) || isHyphen($0) }
    }
  }

  /// Components of lower-case letters and digits; one `.`, one or two `_`, or any number of `-` may stand between.
  private static func isPath(_ text: Substring) -> Bool {
    text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
      var separator: [UInt8] = []
      guard let last = component.utf8.last, isLowerWord(last) else { return false }
      var isInside = false
      for byte in component.utf8 {
        guard isLowerWord(byte) else {
          separator.append(byte)
          continue
        }
        guard separator.isEmpty || isInside && isSeparator(separator) else { return false }
        separator = []
        isInside = true
      }
      return true
    }
  }

  private static func isSeparator(_ bytes: [UInt8]) -> Bool {
    bytes == Array(".".utf8) || bytes == Array("_".utf8) || bytes == Array("__".utf8)
      || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
  }

  /// At most 128 characters; the first is a letter, a digit or `_`.
  private static func isTag(_ text: String) -> Bool {
    let isFirst = { (byte: UInt8) in isWord(byte) || byte == UInt8(ascii: "_") }
    guard let first = text.utf8.first, isFirst(first), text.utf8.count <= 128 else { return false }
    return text.utf8.allSatisfy {
      isFirst($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
    }
  }

  /// `algorithm:hex`, with at least 32 digits. Whether the algorithm is known is asked elsewhere.
  private static func isDigest(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].utf8.count >= 32 else { return false }
    guard parts[1].utf8.allSatisfy({ isDigit($0) || isHexLetter($0) }) else { return false }
    let words = parts[0].split(omittingEmptySubsequences: false) { "-_+.".contains($0) }
    return words.allSatisfy { word in
      guard let first = word.utf8.first, isWord(first), !isDigit(first) else { return false }
      return word.utf8.allSatisfy(isWord)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  private static func isHexLetter(_ byte: UInt8) -> Bool { isLowerHex(byte | 0x20) }

  private static func isLowerWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isLowerWord(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
