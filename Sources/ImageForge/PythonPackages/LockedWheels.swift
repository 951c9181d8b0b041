import ForgeCodebase
import ForgeSyntax

/// The packages of a lockfile that are compiled, and the Pythons that it lists wheels for.
struct LockedWheels: Sendable {
  private let compiled: [PythonLockfile.Package]

  init(_ lockfile: PythonLockfile?) {
    let packages = lockfile?.packages.values.map(\.self) ?? []
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
