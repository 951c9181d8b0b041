import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// Secrets in the contents of files, of any layer.
enum SecretContents {
  static func check(_ inspection: Inspection) -> [Violation] {
    (inspection.details.secrets ?? []).compactMap { fact in
      guard fact.hit.kind != SecretFact.unread else { return nil }
      let path = DisplayText.escape(fact.path)
      let name = fact.path.isEmpty ? "the layer's tar, outside of its files," : "/" + path
      let line = fact.hit.line > 0 ? fact.hit.line : nil
      let place = Place.layer(fact.layer, path: fact.path, line: line)
      guard let kind = kind(fact.hit.kind) else {
        return Violation(
          message: "\(name) looks like secrets at too many places to examine all of them",
          at: place,
          fix: "leave the file out of the image", evidence: .file)
      }
      if fact.isPackaged, kind.isApplicationOnly { return nil }
      let fate =
        fact.visible || fact.path.isEmpty
        ? "" : "; a later layer hides it, but it is still in the image"
      let isKnown = fact.hit.line > 0 || fact.hit.offset == 0
      let spot = isKnown ? "" : " at byte \(fact.hit.offset)"
      return Violation(
        message: "\(name) holds \(article(kind.title)) \(kind.title)\(spot) "
          + "(\(kind.id), sha256 \(fact.hit.fingerprint)…)\(fate)",
        at: place, fix: Self.fix, evidence: .file, atMost: severity(kind, fact),
        fingerprint: fact.hit.fingerprint)
    }
  }

  /// Archives of the application that nobody looked into: what is in them is not known.
  static func unread(_ inspection: Inspection) -> [Violation] {
    (inspection.details.secrets ?? []).filter { $0.hit.kind == SecretFact.unread }.map { fact in
      Violation(
        message:
          "/\(DisplayText.escape(fact.path)) was not searched for secrets: it is an archive that is too large, "
          + "encrypted, damaged or of a form that forge does not unpack",
        at: .layer(fact.layer, path: fact.path),
        fix: "leave the file out of the image, or unpack it in the step that adds it",
        evidence: .file)
    }
  }

  static let fix =
    "revoke it, for everyone who can pull the image can read it; keep the file out with .dockerignore, or give the value "
    + "when the container starts (or with `RUN --mount=type=secret` while building)"

  static func kind(_ id: String) -> SecretKind? { (try? SecretCatalogue.standard.get())?.kind(id) }

  static func article(_ title: String) -> String {
    "AEIOaeio".contains(title.first ?? "x") || title.hasPrefix("npm") || title.hasPrefix("xAI")
      ? "an" : "a"
  }

  private static func severity(_ kind: SecretKind, _ fact: SecretFact) -> Severity {
    // Keys for tests are usual in dependencies and in the system's own documentation.
    let path = fact.path[...]
    let isOthers =
      fact.isPackaged
      || !(SecretPlace.isApplication(path) || SecretPlace.isSetting(path) || isUnlisted(fact))
    guard kind.isKey, isOthers, !isHome(fact.path) else { return kind.severity }
    return min(kind.severity, .info)
  }

  /// Whether a file lies among Python's packages, and none of them lists it: whoever made the image put it there.
  private static func isUnlisted(_ fact: SecretFact) -> Bool {
    guard fact.visible, !fact.isPackaged else { return false }
    return fact.path.split(separator: UInt8(ascii: "/")).contains {
      $0.elementsEqual("site-packages".utf8) || $0.elementsEqual("dist-packages".utf8)
    }
  }

  /// Host keys and keys of users are real wherever they stand.
  private static func isHome(_ path: [UInt8]) -> Bool {
    path.starts(with: "etc/ssh/".utf8) || path.starts(with: "etc/ssl/private/".utf8)
  }

  /// The kinds of secrets in a text of the config, history or an attestation, each once.
  static func kinds(in text: String) -> [(kind: SecretKind, fingerprint: String)] {
    guard let catalogue = try? SecretCatalogue.standard.get() else { return [] }
    var seen: Set<String> = []
    return SecretScanner(catalogue).scan(Array(text.utf8)).compactMap { hit in
      guard let kind = catalogue.kind(hit.kind), seen.insert(kind.id + hit.fingerprint).inserted
      else { return nil }
      return (kind, hit.fingerprint)
    }
  }
}
