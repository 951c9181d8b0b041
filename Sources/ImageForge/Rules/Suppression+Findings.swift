import ForgeBasics
import ForgeFindings

extension Suppression {
  /// Whether a finding of its rule is accepted. Those of files alone are left out by taking the files away, but for
  /// what the archive's reader says, which names one path each.
  func accepts(_ finding: Finding) -> Bool {
    if let path {
      guard !scope.isOfFiles || finding.id.isOfArchive else { return false }
      guard case .layer(_, let named?, _)? = finding.place, PathPattern(path).matches(named) else {
        return false
      }
    }
    if let variable = scope.variable, finding.variable != variable { return false }
    if let package = scope.package, finding.packageName != package { return false }
    if let fingerprint = scope.fingerprint {
      guard let own = finding.fingerprint else { return false }
      return own.hasPrefix(fingerprint) || fingerprint.hasPrefix(own)
    }
    return true
  }

  /// The line of a policy that accepts one finding and no other, with a reason to be written.
  package static func line(accepting finding: Finding) -> String {
    var scope = Scope()
    if case .layer(_, let path?, _)? = finding.place {
      let text = String(decoding: path, as: UTF8.self)
      // A pattern would mean more than the one file, and an escape none.
      if !text.contains(where: { "*?".contains($0) }), Array(text.utf8) == path {
        scope.path = text
      }
    }
    scope.variable = finding.variable
    scope.package = finding.packageName
    scope.fingerprint = finding.fingerprint
    let parts = ["rule: \(finding.id)"] + scope.named.map { "\($0.key): \(quoted($0.value))" }
    return "- {\(parts.joined(separator: ", ")), reason: \"…\"}"
  }

  /// In YAML's double quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || "/._-".utf8.contains(byte)
    }
    let startsPlain = text.first.map { $0.isLetter || $0 == "/" } ?? false
    if isPlain, startsPlain { return text }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(DisplayText.escape(escaped))\""
  }
}

extension Suppression.Scope {
  /// What it names, in the words of the policy.
  var named: [(key: String, value: String)] {
    let parts = [
      ("path", path), ("image", image), ("variable", variable), ("package", package),
      ("fingerprint", fingerprint),
    ]
    return parts.compactMap { key, value in value.map { (key: key, value: $0) } }
  }
}

extension Finding {
  /// The package that it speaks of, or the group of files of a limit.
  fileprivate var packageName: String? {
    if case .package(let name) = subject { return name }
    if case .group(let name)? = place { return name }
    return nil
  }
}
