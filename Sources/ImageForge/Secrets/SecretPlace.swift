/// What the path of a file tells a search for secrets.
package enum SecretPlace {
  private static let dependencies: [[UInt8]] = [
    "node_modules", "site-packages", "dist-packages", ".pnpm-store", ".yarn",
  ].map { Array($0.utf8) }
  private static let system: [[UInt8]] = [
    "usr", "lib", "lib64", "lib32", "bin", "sbin", "etc", "boot", "dev", "proc", "sys", "run",
  ].map { Array($0.utf8) }
  /// Folders below those of the system where applications are put.
  private static let inside: [[UInt8]] = [
    "usr/src/", "usr/app/", "var/www/", "var/task/", "var/app/",
  ].map {
    Array($0.utf8)
  }

  /// Whether the file came with a dependency, where samples and keys for tests are usual.
  package static func isDependency(_ path: ArraySlice<UInt8>) -> Bool {
    var start = path.startIndex
    var isLibrary = false
    while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
      let folder = path[start..<slash]
      if dependencies.contains(where: { folder.elementsEqual($0) }) { return true }
      // Python's own library, with its tests, wherever it is installed.
      if isLibrary, folder.starts(with: "python".utf8) { return true }
      isLibrary = folder.elementsEqual("lib".utf8)
      start = slash + 1
    }
    return false
  }

  /// Whether the file is the application's own: neither the system's nor a dependency's.
  package static func isApplication(_ path: ArraySlice<UInt8>) -> Bool {
    if inside.contains(where: { path.starts(with: $0) }) { return !isDependency(path) }
    let top = path.prefix { $0 != UInt8(ascii: "/") }
    // A file right in the root is nobody's of the system.
    guard top.count < path.count else { return true }
    if top.elementsEqual("var".utf8) || system.contains(where: { top.elementsEqual($0) }) {
      return false
    }
    return !path.starts(with: "opt/yarn-".utf8) && !isDependency(path)
  }

  /// What follows the last slash.
  static func name(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
  }

  private static let settings: [[UInt8]] = [
    ".env", ".ini", ".cfg", ".conf", ".properties", ".yml", ".yaml", ".toml", ".tfvars",
  ].map { Array($0.utf8) }

  /// Whether values stand in a file of this name without quotes.
  static func isSettings(_ name: ArraySlice<UInt8>) -> Bool {
    name.starts(with: ".env".utf8) || settings.contains { name.suffix($0.count).elementsEqual($0) }
  }
}
