import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeImages
import ForgeInspection
import Foundation

/// Rules about where an image comes from and how its archive is made.
enum OriginRules {
  static func provenance(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    // A docker-archive has no place for statements: nothing can be said about those.
    guard let statements = inspection.details.attestations, statements.isEmpty else { return [] }
    return [
      Violation(
        message: "the archive holds no provenance for this image", at: nil,
        fix: "build with `docker buildx build --provenance=mode=max`, and sign what you push",
        evidence: .archive)
    ]
  }

  /// Statements are read whole, however long: the reader of the archive has its own limit.
  private static let form = JSON.Options(duplicateKeys: .rejectFolded, maximumSize: 1 << 30)

  static func buildArguments(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let attestations = inspection.details.attestations ?? Attestations()
    let unread = attestations.unread.map { reason in
      Violation(
        message: "a statement about the image was not searched for secrets: \(reason)",
        at: .archive("attestations"),
        fix: "build with `--sbom=false`, or with a current engine, and look at it by itself",
        evidence: .archive, atMost: .warning)
    }
    return unread
      + attestations.statements.enumerated().flatMap { index, bytes -> [Violation] in
        let place = Place.archive("attestation[\(index)]")
        let fix =
          "give secrets with `RUN --mount=type=secret`, which provenance does not record; then change this one, for the "
          + "image has shown it"
        guard let statement = try? JSON.parse(SourceText(name: "statement", bytes: bytes), form)
        else {
          return [
            Violation(
              message: "a statement about the image is no JSON that can be read with certainty",
              at: place,
              fix: "build again with a current engine", evidence: .archive, atMost: .warning)
          ]
        }
        var violations: [Violation] = []
        for (name, value) in arguments(statement) where SecretName.isSecret(name, setTo: value) {
          violations.append(
            Violation(
              message:
                "the provenance records the build argument \(DisplayText.escape(name)) with its value",
              at: place, fix: fix, evidence: .archive))
        }
        for (kind, fingerprint) in SecretContents.kinds(in: String(decoding: bytes, as: UTF8.self))
        {
          violations.append(
            Violation(
              message: "the provenance holds \(SecretContents.article(kind.title)) \(kind.title) "
                + "(\(kind.id), sha256 \(fingerprint)…)", at: place, fix: fix,
              evidence: .archive,
              atMost: kind.severity))
        }
        return violations
      }
  }

  /// `build-arg:NAME` of BuildKit's parameters (SLSA 0.2 `invocation.parameters.args`, SLSA 1.0
  /// `buildDefinition.externalParameters.request.args`).
  private static func arguments(_ statement: JSON) -> [(name: String, value: String)] {
    let predicate = statement["predicate"]
    let places = [
      predicate?["invocation"]?["parameters"]?["args"],
      predicate?["buildDefinition"]?["externalParameters"]?["request"]?["args"],
      predicate?["buildDefinition"]?["externalParameters"]?["args"],
    ]
    return places.compactMap { $0 }.flatMap { args in
      args.members.compactMap { member in
        guard member.key.hasPrefix("build-arg:"), let value = member.value.string else {
          return nil
        }
        return (String(member.key.dropFirst("build-arg:".count)), value)
      }
    }
  }

  /// The reader's notes about archives that mean different things to different readers.
  static func structure(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let hidden: Set<FindingID> = [
      "FORGE-A004", "FORGE-A006", "FORGE-A008", "FORGE-A009", "FORGE-A010",
    ]
    let found = Set(inspection.findings.map(\.id)).intersection(hidden).sorted()
    guard !found.isEmpty else { return [] }
    return [
      Violation(
        message:
          "the layers hold what some readers see and others do not (\(found.map(\.rawValue).joined(separator: ", ")))",
        at: nil,
        fix: "rebuild the image with a current engine, and find out who wrote these layers",
        evidence: .archive)
    ]
  }

  static func layerCount(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let count = inspection.layers.count
    let limit = policy.maximumLayers
    guard count > limit else { return [] }
    return [
      Violation(
        message:
          "\(count) layers, more than \(limit)\(limit >= 127 ? ", which overlay filesystems cannot mount" : "")",
        at: nil, fix: "join RUN steps, or build in one stage and copy into another",
        evidence: .archive)
    ]
  }

  // MARK: Age

  private struct Distribution {
    let id: String
    let version: String
    let endOfLife: String
  }

  /// What stands in `recipes/data/distributions.yaml`.
  private static let table: (asOf: String, distributions: [Distribution])? = {
    guard let file = try? CatalogueTable(yaml: Catalogue.text("data/distributions.yaml") ?? ""),
      let asOf = file.text("as-of")
    else { return nil }
    return (
      asOf,
      file.rows("distributions").compactMap { row in
        guard let id = row.text("id"), let version = row.text("version"),
          let end = row.text("end-of-life")
        else {
          return nil
        }
        return Distribution(id: id, version: version, endOfLife: end)
      }
    )
  }()

  static func age(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    guard
      let text = inspection.details.osRelease.map({
        String(decoding: $0.prefix(1 << 16), as: UTF8.self)
      }),
      let table
    else { return [] }
    func value(_ key: String) -> String? {
      text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(key + "=") }.map {
        $0.dropFirst(key.count + 1).trimmingCharacters(in: CharacterSet(charactersIn: "\"' "))
      }
    }
    guard let id = value("ID"), let version = value("VERSION_ID") else { return [] }
    guard
      let row = table.distributions.first(where: {
        $0.id == id && (version == $0.version || version.hasPrefix($0.version + "."))
      }), row.endOfLife <= table.asOf
    else { return [] }
    return [
      Violation(
        message:
          "\(DisplayText.escape(value("PRETTY_NAME") ?? "\(id) \(version)")) has had no security updates since "
          + row.endOfLife, at: .file("etc/os-release"),
        fix: "take a base image of a release that is maintained",
        evidence: .file)
    ]
  }

  /// Two versions of one Python distribution: which one is imported depends on the path.
  static func severalVersions(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let python = inspection.packages.filter { $0.kind == "python" }
    return Dictionary(grouping: python, by: { $0.name.lowercased() }).sorted { $0.key < $1.key }
      .compactMap { name, packages in
        let versions = Set(packages.map(\.version)).sorted()
        // The tools that install are in the system's Python and in the environment.
        guard versions.count > 1, !["pip", "setuptools", "wheel"].contains(name) else { return nil }
        return Violation(
          message: "\(name) is installed in the versions \(versions.joined(separator: ", "))",
          at: nil, about: .package(name),
          fix: "install into one environment only, and copy that", evidence: .file, atMost: .info)
      }
  }
}
