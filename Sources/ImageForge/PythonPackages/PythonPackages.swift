import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Debian packages that the dependencies of a Python service need, from `recipes/data/python-system-packages.yaml`.
package struct PythonPackages: Sendable {
  package private(set) var system = SystemPackages()
  /// Those of the lockfile that are compiled; sorted by name.
  package private(set) var native: [NativePackage] = []
  package private(set) var findings: [Finding] = []

  private struct Entry: Decodable {
    let build: [String]?
    let runtime: [String]?
    /// Distributions with rows of their own that it always brings along.
    let brings: [String]?
    /// What it needs that no package of Debian is.
    let lacks: String?
    /// What to do about that.
    let fix: String?
  }

  private static let table: [String: Entry] =
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    (try? Catalogue.decode([String: Entry].self, from: "data/python-system-packages.yaml")) ?? [:]

  /// The distributions that the table knows; with an extra as `psycopg[c]`.
  static var known: [String] { table.keys.sorted() }
  /// The distributions that rows say are brought along.
  static var brought: Set<String> { Set(table.values.flatMap { $0.brings ?? [] }) }

  /// - Parameters:
  ///   - python: `3.13`; wheels for other versions do not count.
  ///   - programs: packages of programs that the code starts.
  package init(_ manifest: PythonManifest?, python: String, programs: Set<String>) {
    var build: Set<String> = []
    var runtime = programs
    for (name, extras) in Self.installed(manifest).sorted(by: { $0.key < $1.key }) {
      let locked = manifest?.lockfile?.packages[name]
      let hasWheel =
        locked.map { PythonWheel.libcs($0.wheels, python: python).contains(.glibc) } ?? false
      for key in [name] + extras.sorted().map({ "\(name)[\($0)]" }) {
        guard let entry = Self.table[key] else { continue }
        if !hasWheel { build.formUnion(entry.build ?? []) }
        runtime.formUnion(entry.runtime ?? [])
        guard let lacks = entry.lacks, let dependency = manifest?.dependency(name) else { continue }
        findings.note(
          "FORGE-P062", .warning, "\(key) needs \(lacks), which the image does not have",
          at: dependency.location, fix: entry.fix)
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

  /// What will be installed, with the extras that are asked for; without a lockfile, with what the table knows that it
  /// brings along.
  private static func installed(_ manifest: PythonManifest?) -> [String: Set<String>] {
    var found = manifest?.resolved ?? [:]
    if manifest?.lockfile == nil {
      var waiting = found.flatMap { name, extras in
        [name] + extras.map { "\(name)[\($0)]" }
      }
      while let key = waiting.popLast() {
        for brought in table[key]?.brings ?? [] where found[brought] == nil {
          found[brought] = []
          waiting.append(brought)
        }
      }
    }
    // The wheel of an extra brings its own library.
    if found["psycopg"]?.contains("binary") == true || found["psycopg-binary"] != nil {
      found["psycopg"] = nil
    }
    return found
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
