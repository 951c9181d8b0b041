import ForgeBasics
import ForgeInspection
import ForgeSecrets

/// Files that hold secrets, in any layer: a layer keeps what a later one deletes.
enum SecretFiles {
  /// Bytes of a file that is judged by its content.
  private static let headSize = 64 << 10

  /// How a file of a certain name is judged.
  private enum Judgement {
    /// The name tells.
    case name(String)
    /// Content must hold one of these, ASCII.
    case content(String, [String])
    /// An environment file, unless it is seen to hold nothing but comments and names without values.
    case environment
  }

  @Sendable static func capture(_ path: ArraySlice<UInt8>) -> Int {
    switch judgement(path) {
    case .content, .environment: headSize
    case .name, nil: 0
    }
  }

  static func check(_ inspection: Inspection) -> [Violation] {
    struct Place: Hashable {
      let layer: Int
      let path: [UInt8]
    }
    // FORGE-I010 says more about what it found in a file.
    let secrets = (inspection.details.secrets ?? []).filter { $0.hit.kind != SecretFact.unread }
    let known = Set(secrets.map { Place(layer: $0.layer, path: $0.path) })
    let files = Set(secrets.map(\.inode).filter { $0 >= 0 })
    return inspection.details.files.compactMap { file in
      if let linked = file.linked {
        return files.contains(linked.inode) ? nil : link(file, to: linked)
      }
      guard file.kind == .regular, file.size > 0, let judgement = judgement(file.path[...]) else {
        return nil
      }
      let what: String
      switch judgement {
      case .name(let kind): what = kind
      case .environment:
        if let head = file.head, head.count == file.size, !holdsValues(head) { return nil }
        what = "an environment file"
      case .content(let kind, let needles):
        let isKnown =
          known.contains(Place(layer: file.layer, path: file.path))
          || (file.inode >= 0 && files.contains(file.inode))
        guard !isKnown else { return nil }
        guard let head = file.head, needles.contains(where: { holds(head, $0) }) else {
          return nil
        }
        what = kind
      }
      let path = DisplayText.escape(file.path)
      let fate = file.visible ? "" : ", hidden by a later layer but still in the image"
      return Violation(
        message: "/\(path) is \(what)\(fate)", at: .layer(file.layer, path: file.path),
        fix:
          "add `\(ignorePattern(file.path))` to .dockerignore so that no COPY takes it, pass it when the container "
          + "starts or as `RUN --mount=type=secret`, rebuild, and change the secret",
        evidence: .file, atMost: isThirdParty(file.path) ? .warning : nil)
    }
  }

  /// An environment file under another name: programs read it by the link, and its values are searched for as in any
  /// file, where a name and a value without quotes are no pair.
  private static func link(_ file: FileInstance, to linked: FileInstance.Linked) -> Violation? {
    guard linked.size > 0, case .environment = judgement(file.path[...]),
      judgement(linked.path[...]) == nil, !isSample(linked.path)
    else { return nil }
    return Violation(
      message:
        "\(file.shownPath) is an environment file: a link to /\(DisplayText.escape(linked.path))",
      at: file.place,
      fix: "leave the file out of the image, and pass its values when the container starts",
      evidence: .file, atMost: isThirdParty(file.path) ? .warning : nil)
  }

  /// Endings of files that show which variables there are, without their values.
  private static let samples = [
    "example", "sample", "template", "tpl", "dist", "defaults", "schema", "vault", "ts", "js",
    "md",
  ]

  private static func isSample(_ path: [UInt8]) -> Bool {
    let name = String(decoding: path.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self)
    return samples.contains { name.hasSuffix("." + $0) }
  }

  private static func judgement(_ path: ArraySlice<UInt8>) -> Judgement? {
    let nameStart = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
    let name = path[nameStart...]
    // Almost every name of an image is turned away by its first or last byte.
    guard let first = name.first, let last = name.last else { return nil }
    switch (first, last) {
    case (UInt8(ascii: "."), _), (UInt8(ascii: "i"), _), (UInt8(ascii: "c"), _),
      (UInt8(ascii: "p"), _),
      (UInt8(ascii: "a"), _), (UInt8(ascii: "_"), _), (_, UInt8(ascii: "m")),
      (_, UInt8(ascii: "y")),
      (_, UInt8(ascii: "2")), (_, UInt8(ascii: "x")), (_, UInt8(ascii: "s")),
      (_, UInt8(ascii: "n")):
      return judge(name: String(decoding: name, as: UTF8.self), folder: path[..<nameStart])
    default: return nil
    }
  }

  private static func judge(name: String, folder: ArraySlice<UInt8>) -> Judgement? {
    func isIn(_ parent: String) -> Bool {
      folder.reversed().starts(with: (parent + "/").utf8.reversed())
    }
    switch name {
    case ".env": return .environment
    case "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk":
      return .name("an SSH private key")
    case ".netrc", "_netrc": return .content("a file of logins", ["password"])
    case ".npmrc":
      return .content(
        "an npm configuration with a login", ["_authToken", "_auth=", "_auth =", "_password"])
    case ".yarnrc.yml":
      return .content("a Yarn configuration with a login", ["npmAuthToken:", "npmAuthIdent:"])
    case ".pypirc": return .content("a package index login", ["password"])
    case "pip.conf":
      return .content("a pip configuration with a login", ["://__token__:", "password"])
    case ".git-credentials": return .name("a file of Git logins")
    case "credentials" where isIn(".aws"): return .name("an AWS credentials file")
    case "config.json" where isIn(".docker"), ".dockercfg":
      return .content("a registry login", ["\"auth\""])
    case "config" where isIn(".kube"): return .name("a Kubernetes configuration with logins")
    case "application_default_credentials.json", "access_tokens.db":
      return .name("a Google Cloud login")
    case ".htpasswd": return .name("a file of password hashes")
    case ".pgpass": return .name("a file of PostgreSQL logins")
    case ".my.cnf": return .content("a MySQL login", ["password"])
    case ".s3cfg": return .content("an S3 login", ["secret_key"])
    case ".databrickscfg": return .content("a Databricks login", ["token"])
    case ".vault-token": return .name("a Vault login")
    case "auth.conf" where isIn("apt"): return .content("a login of apt", ["password "])
    case "credentials" where isIn(".gem") || isIn(".cargo"),
      "credentials.toml" where isIn(".cargo"):
      return .name("a login of a package registry")
    default: break
    }
    if name.hasPrefix(".env.") {
      return samples.contains { name.hasSuffix("." + $0) } ? nil : .environment
    }
    if [".pem", ".key"].contains(where: name.hasSuffix) {
      return .content("a private key", ["PRIVATE KEY-----"])
    }
    if [".p12", ".pfx", ".jks"].contains(where: name.hasSuffix) { return .name("a key store") }
    if name.hasSuffix(".json"),
      name.contains("credential") || name.contains("service-account")
        || name.contains("service_account")
    {
      return .content(
        "a service account key", ["\"private_key\"", "\"client_secret\"", "\"refresh_token\""])
    }
    return nil
  }

  /// What a file of a repository is by its name; nil for one that tells of no secret, or holds none. Environment files
  /// of a build, such as `.env.production`, may be committed: their values are judged one by one.
  static func ofRepository(_ path: [UInt8], head: [UInt8]) -> String? {
    guard let judgement = judgement(path[...]), !isThirdParty(path), !head.isEmpty else {
      return nil
    }
    switch judgement {
    case .name(let kind): return kind
    case .content(let kind, let needles):
      return needles.contains { holds(head, $0) } ? kind : nil
    case .environment:
      let name = String(
        decoding: path.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self)
      guard name == ".env" || name.hasSuffix(".local") else { return nil }
      return holdsValues(head) ? "an environment file" : nil
    }
  }

  /// Files that came with a dependency or the system, where test keys and samples are usual.
  private static func isThirdParty(_ path: [UInt8]) -> Bool {
    SecretPlace.isDependency(path[...]) || path.starts(with: "usr/share/".utf8)
      || path.starts(with: "usr/lib/".utf8)
  }

  /// The line of a `.dockerignore` that keeps files of this name out; nil for a name that tells of no secret.
  static func ignoreLine(_ path: [UInt8]) -> String? {
    judgement(path[...]).map { _ in ignorePattern(path) }
  }

  private static func ignorePattern(_ path: [UInt8]) -> String {
    let name = DisplayText.escape(path.split(separator: UInt8(ascii: "/")).last ?? [])
    return name.hasPrefix(".env") ? "**/.env*" : "**/\(name)"
  }

  /// Whether a value may be set anywhere in an environment file. A line that is no assignment counts as a value, but
  /// for the bare name of a variable: whoever writes a token into the file may leave its name out.
  private static func holdsValues(_ head: [UInt8]) -> Bool {
    head.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.contains { line in
      guard !isComment(line) else { return false }
      guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else {
        return !isBlankOrName(line)
      }
      return line[(sign + 1)...].contains { !" \t\"'".utf8.contains($0) }
    }
  }

  /// Whether a line is empty, or the name of a variable in capitals, with `export` in front or not.
  private static func isBlankOrName(_ line: ArraySlice<UInt8>) -> Bool {
    let words = line.split { $0 == 0x20 || $0 == 0x09 }
    guard let last = words.last else { return true }
    guard words.count == 1 || (words.count == 2 && words[0].elementsEqual("export".utf8)) else {
      return false
    }
    return last.allSatisfy { byte in
      (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
  }

  private static func isComment(_ line: ArraySlice<UInt8>) -> Bool {
    let first = line.first { $0 != 0x20 && $0 != 0x09 }
    return first == UInt8(ascii: "#") || first == UInt8(ascii: ";")
  }

  /// Whether `needle` stands in `head` with a value behind it: not in a comment, and not in front of a variable, of
  /// nothing or of a caption.
  private static func holds(_ head: [UInt8], _ needle: String) -> Bool {
    let needle = Array(needle.utf8)
    guard let first = needle.first, head.count >= needle.count else { return false }
    var start = head.startIndex
    while let hit = head[start...].firstIndex(of: first), hit + needle.count <= head.endIndex {
      start = hit + 1
      let end = hit + needle.count
      guard head[hit..<end].elementsEqual(needle) else { continue }
      // A header of a key tells by itself.
      if needle.last == UInt8(ascii: "-") { return true }
      let line = head[..<hit].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      if !isComment(head[line..<hit]), holdsValue(head[end...].prefix(4096)) { return true }
    }
    return false
  }

  /// Whether a value stands at the start of `rest`, maybe behind a sign and in quotes.
  private static func holdsValue(_ rest: ArraySlice<UInt8>) -> Bool {
    let signs = rest.prefix { " \t:=\"'".utf8.contains($0) }
    let quote = signs.last.flatMap { "\"'".utf8.contains($0) ? $0 : nil }
    // Two quotes with nothing between them.
    if signs.count > 1, let quote, signs[signs.endIndex - 2] == quote { return false }
    let value = rest[signs.endIndex...].prefix { byte in
      if let quote { return byte != quote && byte != UInt8(ascii: "\n") }
      return byte > 0x20 && !",}".utf8.contains(byte)
    }
    let text = String(decoding: value, as: UTF8.self)
    guard !text.isEmpty, !SecretValue.isReference(text), !SecretValue.isPlaceholder(text) else {
      return false
    }
    return !text.contains(" ") || text.contains("PRIVATE KEY")
  }
}
