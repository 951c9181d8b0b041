import ForgeBasics
import ForgeSyntax

/// Files that hold settings and keys.
enum SecretFile {
  /// What a file that may hold secrets was seen to hold.
  enum Content {
    case secrets
    /// Nothing in it looks like one.
    case harmless
    /// It is not there, or cannot be read.
    case unknown
  }

  /// `.env`, `.env.production`, private keys; not the example.
  static func isNamedLikeOne(_ path: String) -> Bool {
    let name = baseName(path)
    if name == ".env" || name.hasPrefix(".env.") {
      return !["example", "sample", "template", "dist"].contains { name.hasSuffix("." + $0) }
    }
    return keyFiles.contains(name)
  }

  private static let keyFiles: Set<String> = ["id_rsa", "id_ed25519", ".netrc", ".pypirc"]

  static func content(of path: String, in context: BuildContext) -> Content {
    guard context.kind(path) != nil, let file = context.read(path, limit: 1 << 20) else {
      return .unknown
    }
    guard !keyFiles.contains(baseName(path)) else { return .secrets }
    for line in file.text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, !line.trimmingSpaces.hasPrefix("#") else { continue }
      let name = parts[0].trimmingSpaces.replacing("export ", with: "")
      let value = parts[1].trimmingSpaces.filter { $0 != "\"" && $0 != "'" }
      if SecretName.isSecret(name, setTo: value) { return .secrets }
    }
    return .harmless
  }

  private static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
