import ForgeBasics
import ForgeFindings
import Yams

/// The version of one package that a lockfile of the Node.js world pins, and where it says so.
package struct NodeLockfile: Sendable, Equatable {
  package let version: String?
  package let place: Place
  /// The version of the lockfile's format, as written: `3`, `9.0`.
  package let format: String?
}

extension NodeLockfile {
  /// `package-lock.json` or `npm-shrinkwrap.json`, formats 1 to 3.
  /// - Parameter importer: the member's folder below the lockfile's; empty for the same folder.
  package static func npm(_ source: SourceText, package: String, importer: String)
    throws(SyntaxError) -> NodeLockfile
  {
    let root = try parse(source, .project)
    let format = root["lockfileVersion"]?.integer.map { "\($0)" }
    func found(_ entry: JSON?) -> NodeLockfile {
      NodeLockfile(
        version: entry?["version"]?.string, place: source.place(at: entry?.offset ?? 0),
        format: format)
    }
    guard let packages = root["packages"] else { return found(root["dependencies"]?[package]) }
    let nested = importer.isEmpty ? nil : packages["\(importer)/node_modules/\(package)"]
    let entry = nested ?? packages["node_modules/\(package)"]
    // A `file:` package is a link to the folder that has the version.
    if let target = entry?["resolved"]?.string, entry?["link"]?.bool == true {
      return found(packages[target] ?? entry)
    }
    return found(entry)
  }

  /// `bun.lock`, which is JSON with trailing commas.
  package static func bun(_ source: SourceText, package: String) throws(SyntaxError)
    -> NodeLockfile
  {
    let root = try parse(source, .projectWithComments)
    let entry = root["packages"]?[package]?.elements.first
    return NodeLockfile(
      version: entry?.string.flatMap { text in
        text.lastIndex(of: "@").map { String(text[text.index(after: $0)...]) }
      },
      place: source.place(at: entry?.offset ?? 0),
      format: root["lockfileVersion"]?.integer.map { "\($0)" })
  }

  private static func parse(_ source: SourceText, _ options: JSON.Options) throws(SyntaxError)
    -> JSON
  {
    let root: JSON
    do { root = try JSON.parse(source, options) } catch {
      let reason = "column \(error.column): \(error.reason)"
      throw SyntaxError(source, line: error.line, reason: reason)
    }
    guard root.isObject else { throw SyntaxError(source, reason: "a lockfile is a JSON object") }
    return root
  }

  /// `yarn.lock` of Yarn 1, or of Yarn 2 and later (which has `__metadata:`).
  /// - Parameter range: what the manifest asks for, where the lockfile has the package more than once.
  package static func yarn(
    _ source: SourceText, package: String, range: String
  ) throws(SyntaxError) -> (lockfile: NodeLockfile, isBerry: Bool) {
    var best: (version: String?, line: Int, isExact: Bool)?
    var isInside = false
    var isMetadata = false
    var format: String?
    for (number, row) in try lines(source).enumerated() {
      guard let first = row.first, first != "#" else { continue }
      if first != " " {
        let specifiers = row.dropLast(row.last == ":" ? 1 : 0).filter { $0 != "\"" }
          .split(separator: ",").map { $0.drop { $0 == " " } }
        isMetadata = row.hasPrefix("__metadata:")
        isInside = specifiers.contains { $0.hasPrefix("\(package)@") }
        let isExact = specifiers.contains {
          $0 == "\(package)@\(range)" || $0 == "\(package)@npm:\(range)"
        }
        isInside = isInside && (best == nil || isExact)
        if isInside { best = (nil, number + 1, isExact) }
      } else if row.hasPrefix("  version"), isInside || isMetadata {
        let value = row.dropFirst(9).filter { !" :\"".contains($0) }
        if isMetadata { format = value } else { best?.version = value }
      }
    }
    let lockfile = NodeLockfile(
      version: best?.version, place: source.place(line: best?.line ?? 1), format: format ?? "1")
    return (lockfile, format != nil)
  }

  /// `pnpm-lock.yaml`, formats 5 to 9. Only the sections about direct dependencies are read: the others are long.
  /// - Parameter importer: the member's folder below the lockfile's; empty for the same folder.
  package static func pnpm(_ source: SourceText, package: String, importer: String)
    throws(SyntaxError)
    -> NodeLockfile
  {
    var format: String?
    var section: Substring?
    var found: NodeLockfile?
    var text = ""
    var start = 1
    func finish() throws(SyntaxError) {
      guard let name = section, found == nil else { return }
      let root: Node?
      do { root = try Yams.compose(yaml: text) } catch {
        throw SyntaxError(
          source, line: start, reason: "the section \(name) is not valid YAML")
      }
      var groups = [root?.mapping?.first?.value]
      if name == "importers" {
        let member = groups.first??[importer.isEmpty ? "." : importer]
        groups = [member?["dependencies"], member?["devDependencies"]]
      }
      for case let entry? in groups.map({ $0?[package] }) {
        let version = (entry["version"] ?? entry).string?.prefix { $0 != "(" && $0 != "_" }
        found = NodeLockfile(
          version: version.map(String.init),
          place: source.place(line: start + (entry.mark?.line ?? 1) - 1),
          format: format)
        return
      }
    }
    for (number, row) in try lines(source).enumerated() {
      if let first = row.first, first != " ", first != "#" {
        try finish()
        if row.hasPrefix("lockfileVersion:") {
          format = row.dropFirst(16).filter { !" '\"".contains($0) }
        }
        let key = row.prefix { $0 != ":" }
        section = ["importers", "dependencies", "devDependencies"].contains(key) ? key : nil
        text = ""
        start = number + 1
      }
      if section != nil { text += row + "\n" }
    }
    try finish()
    guard let format else {
      throw SyntaxError(
        source, reason: "there is no lockfileVersion: not a lockfile of pnpm")
    }
    return found.map { NodeLockfile(version: $0.version, place: $0.place, format: format) }
      ?? NodeLockfile(version: nil, place: source.place(line: 1), format: format)
  }

  /// The lines of a lockfile without conflict markers.
  private static func lines(_ source: SourceText) throws(SyntaxError) -> [Substring] {
    let rows = source.text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    if let conflict = rows.firstIndex(where: { $0.hasPrefix("<<<<<<<") || $0.hasPrefix(">>>>>>>") })
    {
      throw SyntaxError(
        source, line: conflict + 1, reason: "there is a merge conflict in the lockfile")
    }
    return rows
  }
}
