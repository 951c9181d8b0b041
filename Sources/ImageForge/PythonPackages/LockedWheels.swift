import ForgeCodebase
import ForgeSyntax

/// The packages of a lockfile that are compiled, and the Pythons that it lists wheels for.
struct LockedWheels: Sendable {
  private let compiled: [PythonLockfile.Package]
  /// Packages that are locked for some Pythons alone.
  private let marked: [PythonLockfile.Package]

  init(_ lockfile: PythonLockfile?) {
    let packages = lockfile?.packages.values.map(\.self) ?? []
    let backports = PythonReleases.table.backports
    marked = packages.filter { $0.isMain && $0.marker != nil && !backports.contains($0.name) }
      .sorted { $0.name < $1.name }
    compiled = packages.filter { package in
      package.isMain && package.wheels.contains { $0.contains("manylinux") }
        && !package.wheels.contains { $0.hasSuffix("-any.whl") }
    }.sorted { $0.name < $1.name }
  }

  /// The version that most of the packages have a wheel for; of several the first. Where none has the wheels of a
  /// package, the oldest of those: its sources are the likeliest to be compiled there. Nil where nothing is compiled.
  func best(of minors: [Int]) -> Int? {
    guard !compiled.isEmpty else { return nil }
    let counts = minors.map { minor in
      (minor: minor, count: compiled.count - missing(for: minor).count)
    }
    guard let most = counts.map(\.count).max() else { return nil }
    let best = counts.filter { $0.count == most }.map(\.minor)
    let newest = best.max() ?? 0
    let isOld = missing(for: newest).contains { ($0.pythons.last ?? newest) < newest }
    return isOld ? best.min() : best.first
  }

  /// A package that is locked for one Python, and would be left out on another.
  func leftOut(on minor: Int, lockedFor wanted: Int) -> String? {
    marked.first { package in
      guard let marker = package.marker else { return false }
      return PythonMarker.allows(marker, wanted) && !PythonMarker.allows(marker, minor)
    }?.name
  }

  /// A package without a wheel.
  struct Missing: Sendable {
    let name: String
    let version: String?
    /// The minor versions that it has wheels for, in ascending order.
    let pythons: [Int]
    let hasSource: Bool
  }

  /// The packages that have no wheel for a Python, sorted by name.
  func missing(for minor: Int) -> [Missing] {
    compiled.compactMap { package in
      let fits = PythonWheel.libcs(package.wheels, python: "3.\(minor)").contains(.glibc)
      guard !fits else { return nil }
      return Missing(
        name: package.name, version: package.version,
        pythons: PythonWheel.minors(package.wheels), hasSource: package.hasSource)
    }
  }
}

/// The part of markers (PEP 508) that is about the minor version of Python alone.
private enum PythonMarker {
  /// Whether a marker allows a minor version of Python 3; true for what compares anything else.
  static func allows(_ marker: String, _ minor: Int) -> Bool {
    let comparison = /\s*python_version\s*(<=|>=|==|!=|<|>)\s*['"](3\.\d+)['"]\s*/
    guard let match = marker.wholeMatch(of: comparison) else { return true }
    return VersionSpecifier("\(match.1)\(match.2)")?.allows([3, minor]) ?? true
  }
}
