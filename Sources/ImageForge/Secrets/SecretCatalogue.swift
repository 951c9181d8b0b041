import ForgeBasics
import ForgeCatalogue
import ForgeFindings

/// One kind of secret, as `recipes/data/secrets.yaml` describes it.
package struct SecretKind: Sendable {
  enum Method: String, Sendable {
    /// A shape around a keyword.
    case token
    /// A shape that is assigned to a name.
    case named
    case privateKey = "private-key"
    case url
    /// Behind `Bearer` and `Basic`.
    case authorization
    case assignment
  }

  package let id: String
  package let title: String
  /// A finding of it is at most this grave.
  package let severity: Severity
  /// People choose it, so that a hash of it would tell it.
  package let isChosen: Bool
  let method: Method
  /// Whether it is a key rather than a token: tests and manuals have many of these.
  package var isKey: Bool {
    method == .privateKey
      || ["raw-private-key", "putty-key", "json-web-key", "wireguard-key"].contains(id)
  }
  let keywords: [String]
  /// Names to which one of the shapes is assigned.
  let names: [String]
  let shapes: [TokenShape]
  /// Only in files that are neither the system's nor a dependency's, where samples abound.
  package let isApplicationOnly: Bool
  /// Only in files of these names; empty: in all.
  let files: [[UInt8]]
  /// Bits a byte.
  let entropy: Double
}

/// All kinds, and the filter that finds where one may stand.
package struct SecretCatalogue: Sendable {
  /// What to try where a keyword was found.
  struct Pattern: Sendable {
    /// Negative: base64 of something that may hold any kind.
    let kind: Int
    let method: SecretKind.Method
    let keywordLength: Int
    /// Of a token: which shape, and how far into it the keyword stands; else 0.
    let shape: Int
    let offset: Int
  }

  /// Keywords, and what to try where each was found.
  struct Search: Sendable {
    let filter: KeywordFilter
    /// By the filter's keyword.
    let patterns: [[Pattern]]
  }

  package let kinds: [SecretKind]
  /// Changes when the kinds change: what was found by an older catalogue may have to be sought again.
  package let version: String
  /// For the application's own files, and for those whose names some kinds belong to.
  let everything: Search
  /// For all other files, which are most of an image: without the keywords that text is full of.
  let distinct: Search
  /// The first digits of the SHA-256 of values that standards and manuals print.
  let samples: Set<String>
  /// Names of files that some kinds belong to.
  private let files: [[UInt8]]

  /// The embedded one; read once, when first used.
  package static let standard: Result<SecretCatalogue, SecretCatalogueError> = Result {
    () throws(SecretCatalogueError) in
    try SecretCatalogue(yaml: Catalogue.text("data/secrets.yaml") ?? "")
  }

  package func kind(_ id: String) -> SecretKind? { kinds.first { $0.id == id } }

  init(yaml: String) throws(SecretCatalogueError) {
    let rows: [CatalogueTable]
    let encoded: [[UInt8]]
    do {
      let table = try CatalogueTable(yaml: yaml)
      rows = table.rows("kinds")
      encoded = (table.texts("encoded") ?? []).map { Array($0.utf8) }
      samples = Set((table.texts("samples") ?? []).map { String($0.prefix(16)) })
    } catch {
      throw SecretCatalogueError(reason: "\(error)")
    }
    guard !rows.isEmpty else { throw SecretCatalogueError(reason: "it holds no kinds") }
    let kinds = try rows.map { (row) throws(SecretCatalogueError) in try SecretKind(row) }
    self.kinds = kinds
    version = "\(SecretScanner.revision)-\(Digest.sha256(Array(yaml.utf8)).hex)"
    files = Array(Set(kinds.flatMap(\.files)))
    everything = try Self.search(kinds, encoded) { _ in true }
    distinct = try Self.search(kinds, encoded) { !$0.isApplicationOnly && $0.files.isEmpty }
  }

  /// What to search a file for.
  func search(isApplication: Bool, name: ArraySlice<UInt8>) -> Search {
    isApplication || files.contains { name.elementsEqual($0) } ? everything : distinct
  }

  private static func search(
    _ kinds: [SecretKind], _ encoded: [[UInt8]], where isWanted: (SecretKind) -> Bool
  ) throws(SecretCatalogueError) -> Search {
    var patterns: [[UInt8]: [Pattern]] = [:]
    for keyword in encoded {
      patterns[keyword, default: []].append(
        Pattern(kind: -1, method: .token, keywordLength: keyword.count, shape: 0, offset: 0))
    }
    for (index, kind) in kinds.enumerated() where isWanted(kind) {
      func add(_ keyword: [UInt8], _ method: SecretKind.Method) {
        patterns[keyword, default: []].append(
          Pattern(kind: index, method: method, keywordLength: keyword.count, shape: 0, offset: 0))
      }
      for name in kind.names { add(Array(name.utf8), .named) }
      for keyword in kind.keywords.map({ Array($0.utf8) }) {
        guard kind.method == .token else {
          add(keyword, kind.method)
          continue
        }
        let found = tokens(index, kind, keyword)
        guard !found.isEmpty, keyword.count >= KeywordFilter.shortest - 1 else {
          let text = String(decoding: keyword, as: UTF8.self)
          throw SecretCatalogueError(reason: "the keyword \(text) of \(kind.id) stands in no shape")
        }
        patterns.merge(found) { $0 + $1 }
      }
    }
    let all = patterns.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    return Search(filter: KeywordFilter(all.map(\.key)), patterns: all.map(\.value))
  }

  /// The shapes that a keyword stands in. A short keyword is sought together with what may follow it.
  private static func tokens(_ index: Int, _ kind: SecretKind, _ keyword: [UInt8]) -> [[UInt8]:
    [Pattern]]
  {
    var patterns: [[UInt8]: [Pattern]] = [:]
    for (number, shape) in kind.shapes.enumerated() {
      guard let position = shape.position(of: keyword) else { continue }
      let pattern = Pattern(
        kind: index, method: .token, keywordLength: keyword.count, shape: number,
        offset: position.offset)
      if keyword.count >= KeywordFilter.shortest {
        patterns[keyword, default: []].append(pattern)
      } else {
        for byte in Set((position.next ?? ByteSet()).bytes.map { $0 | 0x20 }) {
          patterns[keyword + [byte], default: []].append(pattern)
        }
      }
    }
    return patterns
  }
}

extension SecretKind {
  fileprivate init(_ row: CatalogueTable) throws(SecretCatalogueError) {
    func strings(_ key: String) -> [String] { row.texts(key) ?? [] }
    guard let id = row.text("id"), let title = row.text("title") else {
      throw SecretCatalogueError(reason: "a kind has no id or title")
    }
    func named<Value: RawRepresentable<String>>(_ key: String, or usual: Value)
      throws(SecretCatalogueError) -> Value
    {
      guard let text = row.text(key) else { return usual }
      guard let value = Value(rawValue: text) else {
        throw SecretCatalogueError(reason: "the \(key) \(text) of \(id) is unknown")
      }
      return value
    }
    var shapes: [TokenShape] = []
    for text in strings("shapes") {
      guard let shape = TokenShape(text) else {
        throw SecretCatalogueError(reason: "the shape \(text) of \(id) is malformed")
      }
      shapes.append(shape)
    }
    guard let entropy = Double(row.text("entropy") ?? "3") else {
      throw SecretCatalogueError(reason: "the entropy of \(id) is no number")
    }
    self.init(
      id: id, title: title, severity: try named("severity", or: .error),
      isChosen: row.text("chosen") == "true",
      method: try named("method", or: .token),
      keywords: strings("keywords"), names: strings("after"), shapes: shapes,
      isApplicationOnly: row.text("scope") == "application",
      files: strings("files").map { Array($0.utf8) },
      entropy: entropy)
  }
}

/// The embedded catalogue of secrets cannot be used: a defect of forge, which tests rule out.
package struct SecretCatalogueError: ForgeError, Equatable {
  let reason: String
  package var exitCode: ExitCode { .defect }
  package var description: String {
    "recipes/data/secrets.yaml is broken: \(reason); please report it"
  }
}
