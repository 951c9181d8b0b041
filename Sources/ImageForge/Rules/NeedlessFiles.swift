import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeInspection

/// `recipes/data/needless-files.yaml`: files that an image is better without.
struct NeedlessFiles: Sendable {
  /// A folder whose content is only an index or a cache of a package manager.
  struct Cache: Sendable {
    let rule: FindingID
    let program: String
    let folder: [UInt8]
    let fix: String
  }

  /// What comes with the source, and which files count to it.
  struct Kind: Sendable {
    let what: String
    let ignore: String
    let atMost: Severity?
    let files: [Pattern]

    func holds(_ file: FileInstance) -> Bool { files.contains { $0.fits(file) } }
  }

  /// A file by the folders above it, or by its own name.
  struct Pattern: Sendable {
    enum Part: Sendable {
      case folder(String)
      case name(String)
      case prefix(String)
      case suffix(String)
    }

    let part: Part
    let within: String?
    let notWithin: String?
    let over: Int64?
    /// The line of a `.dockerignore` that keeps it out.
    let line: String
  }

  /// Programs of one kind.
  struct Programs: Sendable {
    let kind: String
    let names: Set<String>
  }

  let caches: [Cache]
  let kinds: [Kind]
  let programs: [Programs]
  let programFolders: [[UInt8]]

  // Embedded; a test reads it, so that an unreadable one cannot be released.
  static let table = NeedlessFiles(yaml: Catalogue.text("data/needless-files.yaml") ?? "")

  private init(yaml: String) {
    let table = try? CatalogueTable(yaml: yaml)
    caches = (table?.rows("caches") ?? []).compactMap(Cache.init)
    kinds = (table?.rows("source") ?? []).compactMap(Kind.init)
    programs = (table?.rows("programs") ?? []).compactMap(Programs.init)
    programFolders = (table?.texts("program-folders") ?? []).map { Array($0.utf8) }
  }

  /// The line of a `.dockerignore` that keeps a file of the build context out, where it is of one of the kinds.
  func ignoreLine(_ path: String) -> String? {
    let patterns = kinds.flatMap(\.files)
    let parts = path.split(separator: "/").map(String.init)
    for folder in parts.dropLast() {
      if let pattern = patterns.first(where: { $0.isFolder(folder) }) { return pattern.line }
    }
    guard let name = parts.last else { return nil }
    return patterns.first { $0.isName(name) }?.line
  }
}

extension NeedlessFiles.Pattern {
  func fits(_ file: FileInstance) -> Bool {
    if let within, !file.isBelow(within) { return false }
    if let notWithin, file.isBelow(notWithin) { return false }
    if let over, file.size <= over { return false }
    return switch part {
    case .folder(let name): file.isBelow(name)
    case .name(let name): file.name.elementsEqual(name.utf8)
    case .prefix(let text): file.name.starts(with: text.utf8)
    case .suffix(let text): file.name.reversed().starts(with: text.utf8.reversed())
    }
  }

  fileprivate func isFolder(_ name: String) -> Bool {
    if case .folder(name) = part { true } else { false }
  }

  fileprivate func isName(_ name: String) -> Bool {
    switch part {
    case .folder: false
    case .name(let own): name == own
    case .prefix(let text): name.hasPrefix(text)
    case .suffix(let text): name.hasSuffix(text)
    }
  }

  fileprivate init?(_ row: CatalogueTable) {
    guard let part = Self.part(row) else { return nil }
    self.part = part
    within = row.text("within")
    notWithin = row.text("not-within")
    over = row.text("over").flatMap { Int64($0) }
    let own = row.text("folder") ?? row.text("name") ?? ""
    line = row.text("line") ?? "**/\(own)"
  }

  private static func part(_ row: CatalogueTable) -> Part? {
    if let name = row.text("folder") { return .folder(name) }
    if let name = row.text("name") { return .name(name) }
    if let text = row.text("prefix") { return .prefix(text) }
    return row.text("suffix").map(Part.suffix)
  }
}

extension NeedlessFiles.Cache {
  fileprivate init?(_ row: CatalogueTable) {
    guard let rule = row.text("rule"), let program = row.text("program"),
      let folder = row.text("folder"), let fix = row.text("fix")
    else { return nil }
    self.init(
      rule: FindingID(rawValue: rule), program: program, folder: Array(folder.utf8), fix: fix)
  }
}

extension NeedlessFiles.Kind {
  fileprivate init?(_ row: CatalogueTable) {
    guard let what = row.text("what"), let ignore = row.text("ignore") else { return nil }
    self.init(
      what: what, ignore: ignore, atMost: row.text("at-most").flatMap(Severity.init),
      files: row.rows("files").compactMap(NeedlessFiles.Pattern.init))
  }
}

extension NeedlessFiles.Programs {
  fileprivate init?(_ row: CatalogueTable) {
    guard let kind = row.text("kind"), let names = row.texts("names") else { return nil }
    self.init(kind: kind, names: Set(names))
  }
}
