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
    "usr/src/", "usr/app/", "usr/local/app/", "usr/local/src/", "usr/share/nginx/html/",
    "usr/share/app/", "usr/local/apache2/htdocs/", "var/www/", "var/task/", "var/app/",
    "var/lib/app/", "var/lib/www/", "var/runtime/app/", "etc/app/", "run/secrets/",
  ].map { Array($0.utf8) }

  /// Whether the file came with a dependency, where samples and keys for tests are usual.
  package static func isDependency(_ path: ArraySlice<UInt8>) -> Bool {
    var start = path.startIndex
    var isLibrary = false
    while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
      let folder = path[start..<slash]
      if dependencies.contains(where: { folder.elementsEqual($0) }) { return true }
      if folder.suffix(10).elementsEqual(".dist-info".utf8) { return true }
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

  /// Whether the file is a setting or an entry script in a folder of the system, where whoever makes an image puts its
  /// own: secrets in it are the image's, unless a package brought it.
  package static func isSetting(_ path: ArraySlice<UInt8>) -> Bool {
    guard !isDependency(path) else { return false }
    if path.starts(with: "etc/".utf8) || path.starts(with: "run/".utf8) { return true }
    let isLocal = ["usr/local/etc/", "usr/local/bin/", "usr/local/sbin/", "var/lib/", "var/opt/"]
      .contains { path.starts(with: $0.utf8) }
    guard isLocal else { return false }
    let isOfManager = ["var/lib/dpkg/", "var/lib/apt/", "var/lib/gems/", "var/lib/rpm/"]
      .contains { path.starts(with: $0.utf8) }
    // A program is not a setting: what looks like a password in its bytes is none.
    return !isOfManager
      && (settings + keys).contains { name(path).suffix($0.count).elementsEqual($0) }
  }

  /// What follows the last slash.
  static func name(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
  }

  private static let settings: [[UInt8]] = [
    ".env", ".ini", ".cfg", ".cnf", ".conf", ".config", ".properties", ".yml", ".yaml", ".toml",
    ".tfvars", ".sh", ".bash", ".service", ".envrc", ".txt", "Dockerfile", "Containerfile",
    "compose", ".ps1", ".bashrc", ".profile", ".credentials", ".npmrc", ".pypirc", ".htaccess",
  ].map { Array($0.utf8) }

  private static let keys: [[UInt8]] = [".key", ".pem", ".p8"].map { Array($0.utf8) }

  /// Folders whose files are sent to browsers.
  private static let browsers: [[UInt8]] = [
    "/_next/static/", "/.next/static/", "/static/js/", "/dist/assets/", "/wwwroot/", "/public/",
    "/html/", "/htdocs/", "/build/assets/",
  ].map { Array($0.utf8) }

  /// What the name and the first bytes of a file tell the matchers.
  struct File {
    /// Whether values stand in it without quotes.
    var isSettings = false
    private var path: [UInt8] = []
    var isText = true
    /// Whether it is a SQLite database.
    var isDatabase = false
    /// Whether it is machine code or bytecode: what stands side by side in it belongs to no pair.
    var isProgram = false

    init() {}

    init(path: [UInt8]) {
      let name = SecretPlace.name(path[...])
      isSettings =
        name.starts(with: ".env".utf8)
        || settings.contains { name.suffix($0.count).elementsEqual($0) }
        || name.starts(with: "Dockerfile".utf8)
      self.path = path
    }

    /// Whether browsers load it: keys that are made for them stand there.
    var isForBrowsers: Bool {
      let full = [UInt8(ascii: "/")] + path
      return browsers.contains { full.firstRange(of: $0) != nil }
    }
  }
}
