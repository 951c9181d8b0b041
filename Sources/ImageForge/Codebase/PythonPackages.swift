import ForgeBasics
import ForgeSyntax

/// Debian packages that the dependencies of a Python service need, from `recipes/data/python-system-packages.yaml`.
struct PythonPackages: Sendable {
  private(set) var system = SystemPackages()
  private(set) var findings: [Finding] = []

  private struct Entry: Decodable {
    let build: [String]?
    let runtime: [String]?
  }

  private static let table: [String: Entry] =
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    (try? DataFile.decode([String: Entry].self, from: "data/python-system-packages.yaml")) ?? [:]

  /// The distributions that the table knows; with an extra as `psycopg[c]`.
  static var known: [String] { table.keys.sorted() }

  init(_ manifest: PythonManifest?) {
    var build: Set<String> = []
    var runtime: Set<String> = []
    let resolved = manifest?.resolved ?? [:]
    for (name, extras) in resolved {
      // The wheel of an extra brings its own library.
      if name == "psycopg", extras.contains("binary") || resolved["psycopg-binary"] != nil { continue }
      let hasWheel = Self.hasLinuxWheel(manifest?.lockfile?.packages[name])
      for key in [name] + extras.map({ "\(name)[\($0)]" }) {
        guard let entry = Self.table[key] else { continue }
        if !hasWheel { build.formUnion(entry.build ?? []) }
        runtime.formUnion(entry.runtime ?? [])
      }
    }
    if manifest?.requirements?.needsGit == true
      || manifest?.lockfile?.packages.values.contains(where: { $0.isMain && $0.isGit }) == true
    {
      build.formUnion(["git", "ca-certificates"])
    }
    system = SystemPackages(build: build.sorted(), runtime: runtime.sorted())
  }

  /// Whether the lockfile names a compiled wheel for glibc.
  private static func hasLinuxWheel(_ package: PythonLockfile.Package?) -> Bool {
    package?.wheels.contains { $0.contains("manylinux") } ?? false
  }
}
