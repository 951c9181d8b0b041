import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Debian packages that the dependencies of a Python service need, from `recipes/data/python-system-packages.yaml`.
struct PythonPackages: Sendable {
  private(set) var system = SystemPackages()
  /// Those of the lockfile that are compiled; sorted by name.
  private(set) var native: [NativePackage] = []
  private(set) var findings: [Finding] = []

  private struct Entry: Decodable {
    let build: [String]?
    let runtime: [String]?
  }

  private static let table: [String: Entry] =
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    (try? Catalogue.decode([String: Entry].self, from: "data/python-system-packages.yaml")) ?? [:]

  /// The distributions that the table knows; with an extra as `psycopg[c]`.
  static var known: [String] { table.keys.sorted() }

  /// - Parameter python: `3.13`; wheels for other versions do not count.
  init(_ manifest: PythonManifest?, python: String) {
    var build: Set<String> = []
    var runtime: Set<String> = []
    let resolved = manifest?.resolved ?? [:]
    for (name, extras) in resolved {
      // The wheel of an extra brings its own library.
      if name == "psycopg", extras.contains("binary") || resolved["psycopg-binary"] != nil {
        continue
      }
      let locked = manifest?.lockfile?.packages[name]
      let hasWheel =
        locked.map { PythonWheel.libcs($0.wheels, python: python).contains(.glibc) } ?? false
      for key in [name] + extras.map({ "\(name)[\($0)]" }) {
        guard let entry = Self.table[key] else { continue }
        if !hasWheel { build.formUnion(entry.build ?? []) }
        runtime.formUnion(entry.runtime ?? [])
      }
    }
    let compiled = LockedWheels(manifest?.lockfile).missing(for: PythonWheel.minor(python))
    if compiled.contains(where: \.hasSource) { build.formUnion(["g++", "gcc", "libc6-dev"]) }
    if manifest?.requirements?.needsGit == true
      || manifest?.lockfile?.packages.values.contains(where: { $0.isMain && $0.isGit }) == true
    {
      build.formUnion(["git", "ca-certificates"])
    }
    if let lockfile = manifest?.lockfile { native = Self.native(lockfile, python: python) }
    system = SystemPackages(build: build.sorted(), runtime: runtime.sorted())
  }

  /// The packages that are compiled, with the C libraries that they have wheels for: what decides between Debian and
  /// Alpine, without asking a registry.
  private static func native(_ lockfile: PythonLockfile, python: String) -> [NativePackage] {
    lockfile.packages.values.filter { $0.isMain && $0.listsFiles }.compactMap { package in
      guard !package.wheels.contains(where: { $0.hasSuffix("-any.whl") }) else { return nil }
      // A source alone, of which nothing says that it is compiled, is so only if the table knows it.
      if package.wheels.isEmpty, table[package.name]?.build == nil { return nil }
      return NativePackage(
        name: package.name, libc: PythonWheel.libcs(package.wheels, python: python),
        source: lockfile.place(of: package.name).description)
    }.sorted { $0.name < $1.name }
  }
}

/// What a wheel's file name says: `name-version(-build)?-python-abi-platform.whl` (PEP 427, 425, 600, 656).
enum PythonWheel {
  /// The C libraries for which one of the wheels can be installed under a Python, in a fixed order.
  static func libcs(_ wheels: [String], python: String) -> [NativePackage.Libc] {
    let minor = minor(python)
    let fitting = wheels.filter { fits($0, minor: minor) }
    var found: [NativePackage.Libc] = []
    if fitting.contains(where: { $0.contains("manylinux") }) { found.append(.glibc) }
    if fitting.contains(where: { $0.contains("musllinux") }) { found.append(.musl) }
    return found
  }

  /// 13 of `3.13`, and of `3.13.0`.
  static func minor(_ python: String) -> Int {
    python.split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 0
  }

  /// The minor versions of CPython that the wheels name, in ascending order.
  static func minors(_ wheels: [String]) -> [Int] {
    let tags = wheels.flatMap { wheel in
      wheel.split(separator: "-").flatMap { $0.split(separator: ".") }
    }
    let minors = tags.compactMap { tag -> Int? in
      guard tag.hasPrefix("cp3") else { return nil }
      return Int(tag.dropFirst(3))
    }
    return Set(minors).sorted()
  }

  private static func fits(_ wheel: String, minor: Int) -> Bool {
    let parts = wheel.dropLast(wheel.hasSuffix(".whl") ? 4 : 0).split(separator: "-")
    guard parts.count >= 3 else { return false }
    let (pythons, abis) = (
      parts[parts.count - 3].split(separator: "."), parts[parts.count - 2].split(separator: ".")
    )
    return pythons.contains { python in
      if python == "py3" || python == "py2.py3" { return true }
      guard python.hasPrefix("cp3"), let wanted = Int(python.dropFirst(3)) else { return false }
      return wanted == minor
        ? !abis.allSatisfy { $0.hasSuffix("t") } : wanted < minor && abis.contains("abi3")
    }
  }
}
