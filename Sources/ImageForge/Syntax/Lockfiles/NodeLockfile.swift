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
    npm(try NpmLock.parse(source), package: package, importer: importer)
  }

  package static func npm(_ lock: NpmLock, package: String, importer: String) -> NodeLockfile {
    func found(_ entry: JSON?) -> NodeLockfile {
      NodeLockfile(
        version: entry?["version"]?.string, place: lock.source.place(at: entry?.offset ?? 0),
        format: lock.format)
    }
    guard let packages = lock.root["packages"] else {
      return found(lock.root["dependencies"]?[package])
    }
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

  static func parse(_ source: SourceText, _ options: JSON.Options) throws(SyntaxError)
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

  /// What a `yarn.lock` was asked for: `next@^16.0.0`, since Yarn 2 `next@npm:^16.0.0`.
  package static func yarnSpecifiers(_ source: SourceText) -> Set<String> {
    var found: Set<String> = []
    for row in (try? lines(source)) ?? [] {
      guard let first = row.first, first != " ", first != "#", row.hasSuffix(":") else { continue }
      for specifier in row.dropLast().filter({ $0 != "\"" }).split(separator: ",") {
        found.insert(String(specifier.drop { $0 == " " }))
      }
    }
    return found
  }

  /// `pnpm-lock.yaml`, formats 5 to 9.
  /// - Parameter importer: the member's folder below the lockfile's; empty for the same folder.
  package static func pnpm(_ source: SourceText, package: String, importer: String)
    throws(SyntaxError)
    -> NodeLockfile
  {
    pnpm(try PnpmLock.parse(source), package: package, importer: importer)
  }

  package static func pnpm(_ lock: PnpmLock, package: String, importer: String) -> NodeLockfile {
    let entry = lock.importers[importer.isEmpty ? "." : importer]?[package]
    let version = entry?.version.prefix { $0 != "(" && $0 != "_" }
    return NodeLockfile(
      version: version.map(String.init), place: lock.source.place(line: entry?.line ?? 1),
      format: lock.format)
  }

  /// The lines of a lockfile without conflict markers.
  static func lines(_ source: SourceText) throws(SyntaxError) -> [Substring] {
    let rows = source.text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    if let conflict = rows.firstIndex(where: { $0.hasPrefix("<<<<<<<") || $0.hasPrefix(">>>>>>>") })
    {
      throw SyntaxError(
        source, line: conflict + 1, reason: "there is a merge conflict in the lockfile")
    }
    return rows
  }
}
