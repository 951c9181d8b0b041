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
  }

  @Sendable static func capture(_ path: ArraySlice<UInt8>) -> Int {
    if case .content = judgement(path) { headSize } else { 0 }
  }

  static func check(_ inspection: Inspection) -> [Violation] {
    struct Place: Hashable {
      let layer: Int
      let path: [UInt8]
    }
    // FORGE-I010 says more about what it found in a file.
    let known = Set(
      (inspection.details.secrets ?? []).map { Place(layer: $0.layer, path: $0.path) })
    return inspection.details.files.compactMap { file in
      guard file.kind == .regular, file.size > 0, let judgement = judgement(file.path[...]) else {
        return nil
      }
      let what: String
      switch judgement {
      case .name(let kind): what = kind
      case .content(let kind, let needles):
        guard !known.contains(Place(layer: file.layer, path: file.path)) else { return nil }
        guard let head = file.head, needles.contains(where: { holds(head, Array($0.utf8)) }) else {
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
    case ".env": return .name("an environment file")
    case "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519": return .name("an SSH private key")
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
    default: break
    }
    if name.hasPrefix(".env.") {
      let harmless = ["example", "sample", "template", "dist", "defaults"]
      return harmless.contains { name.hasSuffix("." + $0) } ? nil : .name("an environment file")
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

  /// Whether `needle` stands in `head`, on a line that does not go on with a variable: `_authToken=${NPM_TOKEN}` holds
  /// no secret.
  private static func holds(_ head: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first, head.count >= needle.count else { return false }
    var start = head.startIndex
    while let hit = head[start...].firstIndex(of: first), hit + needle.count <= head.endIndex {
      start = hit + 1
      guard head[hit..<hit + needle.count].elementsEqual(needle) else { continue }
      let rest = head[(hit + needle.count)...].prefix(4096).prefix { $0 != UInt8(ascii: "\n") }
      if !zip(rest, rest.dropFirst()).contains(where: {
        $0 == UInt8(ascii: "$") && $1 == UInt8(ascii: "{")
      }) {
        return true
      }
    }
    return false
  }
}
