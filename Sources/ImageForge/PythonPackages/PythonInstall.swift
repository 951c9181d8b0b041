import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Which versions an installation takes, as far as the project's files and the table tell.
struct PythonInstall {
  /// What will be there of a distribution.
  enum Answer {
    /// A file fixes the version.
    case pinned(Written<String>)
    /// Nothing fixes it: an installation of today takes this version. The place is that of the declaration.
    case newest(String, at: Place?)
    case absent
    case unknown

    var version: String? {
      switch self {
      case .pinned(let written): written.value
      case .newest(let version, _): version
      case .absent, .unknown: nil
      }
    }
  }

  /// What a distribution brings along without a lockfile: by its name, perhaps with an extra, in a range of versions.
  typealias Bringers = [String: [String: String]]

  let manifest: PythonManifest
  /// The newest versions of each line of a distribution, the newest line first.
  let newest: [String: [String]]
  let brought: Bringers

  private static let maximumSteps = 4

  func answer(_ name: String) -> Answer { answer(name, steps: 0) }

  /// Whether a distribution will be there, in any version.
  func has(_ name: String) -> Bool {
    if case .absent = answer(name) { false } else { true }
  }

  private func answer(_ name: String, steps: Int) -> Answer {
    if let lockfile = manifest.lockfile {
      guard let package = lockfile.packages[name], package.isMain else { return .absent }
      guard let version = package.version else { return .unknown }
      return .pinned(Written(version, at: lockfile.place(of: name)))
    }
    if let dependency = manifest.dependency(name) {
      if let pinned = manifest.version(of: name) { return .pinned(pinned) }
      return newest(dependency)
    }
    return isBrought(name, steps: steps)
  }

  private func newest(_ dependency: PythonDependency) -> Answer {
    let requirement = dependency.requirement
    guard requirement.url == nil, let range = VersionSpecifier(requirement.specifier) else {
      return .unknown
    }
    let allowed = (newest[requirement.name] ?? []).first { version in
      VersionSpecifier.numbers(version).map(range.allows) ?? false
    }
    return allowed.map { .newest($0, at: dependency.location) } ?? .unknown
  }

  private func isBrought(_ name: String, steps: Int) -> Answer {
    guard steps < Self.maximumSteps else { return .unknown }
    for (bringer, versions) in (brought[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let wanted = Requirement(bringer),
        let dependency = manifest.dependencies.first(where: { declared in
          declared.requirement.name == wanted.name
            && wanted.extras.allSatisfy(declared.requirement.extras.contains)
        })
      else { continue }
      let version = answer(wanted.name, steps: steps + 1).version
      guard versions.isEmpty || Self.allows(versions, version) else { continue }
      guard let first = newest[name]?.first else { return .unknown }
      return .newest(first, at: dependency.location)
    }
    return .absent
  }

  /// Whether a version is known, and in a range.
  static func allows(_ range: String, _ version: String?) -> Bool {
    guard let version, let numbers = VersionSpecifier.numbers(version),
      let set = VersionSpecifier(range)
    else { return false }
    return set.allows(numbers)
  }
}
