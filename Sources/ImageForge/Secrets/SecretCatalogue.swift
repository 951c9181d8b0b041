import ForgeBasics
import Yams

/// One kind of secret, as `recipes/data/secrets.yaml` describes it.
package struct SecretKind: Sendable {
  enum Method: String, Sendable, Decodable {
    /// A shape around a keyword.
    case token
    /// A shape that is assigned to a name.
    case named
    case privateKey = "private-key"
    case url
    case assignment
  }

  package let id: String
  package let title: String
  /// A finding of it is at most this grave.
  package let severity: Severity
  /// People choose it, so that a hash of it would tell it.
  package let isChosen: Bool
  let method: Method
  let keywords: [String]
  let shapes: [TokenShape]
  let isApplicationOnly: Bool
  /// Only in files of these names; empty: in all.
  let files: Set<String>
  /// Bits a byte.
  let entropy: Double
}

/// All kinds, and the filter that finds where one may stand.
package struct SecretCatalogue: Sendable {
  /// What to try where a keyword was found.
  struct Pattern: Sendable {
    let kind: Int
    let keywordLength: Int
    /// Of a token: which shape, and how far into it the keyword stands; else 0.
    let shape: Int
    let offset: Int
  }

  package let kinds: [SecretKind]
  /// Changes when the kinds change: what was found by an older catalogue may have to be sought again.
  package let version: String
  let filter: KeywordFilter
  /// By the filter's keyword.
  let patterns: [[Pattern]]

  /// The embedded one; read once, when first used.
  package static let standard: Result<SecretCatalogue, SecretCatalogueError> = Result {
    () throws(SecretCatalogueError) in try SecretCatalogue(yaml: Catalogue.text("data/secrets.yaml") ?? "")
  }

  package func kind(_ id: String) -> SecretKind? { kinds.first { $0.id == id } }

  init(yaml: String) throws(SecretCatalogueError) {
    let file: File
    do { file = try YAMLDecoder().decode(File.self, from: yaml) } catch {
      throw SecretCatalogueError(reason: "\(error)")
    }
    var kinds: [SecretKind] = []
    for row in file.kinds {
      var shapes: [TokenShape] = []
      for text in row.shapes ?? [] {
        guard let shape = TokenShape(text) else {
          throw SecretCatalogueError(reason: "the shape \(text) of \(row.id) is malformed")
        }
        shapes.append(shape)
      }
      kinds.append(
        SecretKind(
          id: row.id, title: row.title, severity: row.severity ?? .error, isChosen: row.chosen ?? false,
          method: row.after != nil ? .named : row.method ?? .token, keywords: row.after ?? row.keywords ?? [],
          shapes: shapes, isApplicationOnly: row.scope == "application", files: Set(row.files ?? []),
          entropy: row.entropy ?? 3))
    }
    self.kinds = kinds
    version = Digest.sha256(Array(yaml.utf8)).hex
    var patterns: [[UInt8]: [Pattern]] = [:]
    for (index, kind) in kinds.enumerated() {
      for keyword in kind.keywords.map({ Array($0.utf8) }) {
        if kind.method != .token {
          patterns[keyword, default: []].append(
            Pattern(kind: index, keywordLength: keyword.count, shape: 0, offset: 0))
          continue
        }
        var isUsed = false
        for (number, shape) in kind.shapes.enumerated() {
          guard let position = shape.position(of: keyword) else { continue }
          let pattern = Pattern(kind: index, keywordLength: keyword.count, shape: number, offset: position.offset)
          isUsed = true
          if keyword.count >= KeywordFilter.shortest {
            patterns[keyword, default: []].append(pattern)
          } else {
            // A short keyword is sought together with what may follow it.
            for byte in Set((position.next ?? ByteSet()).bytes.map { $0 | 0x20 }) {
              patterns[keyword + [byte], default: []].append(pattern)
            }
          }
        }
        guard isUsed, keyword.count >= KeywordFilter.shortest - 1 else {
          throw SecretCatalogueError(
            reason: "the keyword \(String(decoding: keyword, as: UTF8.self)) of \(kind.id) stands in no shape")
        }
      }
    }
    let all = patterns.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    filter = KeywordFilter(all.map(\.key))
    self.patterns = all.map(\.value)
  }

  private struct File: Decodable {
    struct Row: Decodable {
      let id: String
      let title: String
      let keywords: [String]?
      let after: [String]?
      let shapes: [String]?
      let method: SecretKind.Method?
      let scope: String?
      let files: [String]?
      let entropy: Double?
      let severity: Severity?
      let chosen: Bool?
    }
    let kinds: [Row]
  }
}

/// The embedded catalogue of secrets cannot be used: a defect of forge, which tests rule out.
package struct SecretCatalogueError: ForgeError, Equatable {
  let reason: String
  package var exitCode: ExitCode { .defect }
  package var description: String { "recipes/data/secrets.yaml is broken: \(reason); please report it" }
}
