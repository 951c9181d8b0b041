import ForgeBasics
import Yams

/// What `pnpm-lock.yaml` (formats 5 to 9) says of direct dependencies. The other sections are long, and are not read.
package struct PnpmLock: Sendable {
  package struct Entry: Sendable, Equatable {
    /// What the manifest asked for when the lockfile was written; nil where the format does not say.
    package let specifier: String?
    package let version: String
    package let line: Int
  }

  package let source: SourceText
  package let format: String
  /// By the folder of the project, `.` for the lockfile's own; then by the package's name.
  package let importers: [String: [String: Entry]]

  private static let groups = ["dependencies", "devDependencies", "optionalDependencies"]

  package static func parse(_ source: SourceText) throws(SyntaxError) -> PnpmLock {
    var reader = Reader(source: source)
    var section: Substring?
    var text = ""
    var start = 1
    for (number, row) in try NodeLockfile.lines(source).enumerated() {
      if let first = row.first, first != " ", first != "#" {
        if let section { try reader.take(section, text, from: start) }
        if row.hasPrefix("lockfileVersion:") {
          reader.format = row.dropFirst(16).filter { !" '\"".contains($0) }
        }
        let key = row.prefix { $0 != ":" }
        section =
          groups.contains(String(key)) || ["importers", "specifiers"].contains(key) ? key : nil
        text = ""
        start = number + 1
      }
      if section != nil { text += row + "\n" }
    }
    if let section { try reader.take(section, text, from: start) }
    guard let format = reader.format else {
      throw SyntaxError(
        source, reason: "there is no lockfileVersion: not a lockfile of pnpm")
    }
    return PnpmLock(source: source, format: format, importers: reader.finished)
  }

  /// Collects the sections that count.
  private struct Reader {
    let source: SourceText
    var format: String?
    private var importers: [String: [String: Entry]] = [:]
    /// Of formats that keep what was asked for apart from what it became.
    private var specifiers: [String: String] = [:]

    init(source: SourceText) { self.source = source }

    mutating func take(_ section: Substring, _ text: String, from start: Int) throws(SyntaxError) {
      let root: Node?
      do { root = try Yams.compose(yaml: text) } catch {
        throw SyntaxError(source, line: start, reason: "the section \(section) is not valid YAML")
      }
      guard let content = root?.mapping?.first?.value else { return }
      switch section {
      case "importers":
        for (key, value) in content.mapping ?? [:] {
          guard let name = key.string else { continue }
          importers[name, default: [:]] = [:]
          let own = Self.texts(value["specifiers"])
          for group in PnpmLock.groups { add(value[group], own, to: name, start) }
        }
      case "specifiers": specifiers = Self.texts(content)
      default: add(content, [:], to: ".", start)
      }
    }

    private mutating func add(
      _ group: Node?, _ specifiers: [String: String], to importer: String, _ start: Int
    ) {
      for (key, value) in group?.mapping ?? [:] {
        guard let name = key.string, let version = (value["version"] ?? value).string else {
          continue
        }
        importers[importer, default: [:]][name] = Entry(
          specifier: value["specifier"]?.string ?? specifiers[name], version: version,
          line: start + (value.mark?.line ?? 1) - 1)
      }
    }

    private static func texts(_ node: Node?) -> [String: String] {
      var found: [String: String] = [:]
      for (key, value) in node?.mapping ?? [:] {
        if let name = key.string, let text = value.string { found[name] = text }
      }
      return found
    }

    var finished: [String: [String: Entry]] {
      guard !specifiers.isEmpty else { return importers }
      var all = importers
      all["."] = all["."]?.reduce(into: [:]) { entries, entry in
        entries[entry.key] = Entry(
          specifier: entry.value.specifier ?? specifiers[entry.key], version: entry.value.version,
          line: entry.value.line)
      }
      return all
    }
  }
}
