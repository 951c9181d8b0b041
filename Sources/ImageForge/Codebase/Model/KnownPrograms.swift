import ForgeCatalogue

/// Programs that code starts by name, from `recipes/data/programs.yaml`.
package struct KnownPrograms: Decodable, Sendable {
  /// Programs that the base images have.
  let present: Set<String>
  /// Programs of other systems, which code calls there alone.
  let foreign: Set<String>
  /// Programs that no package of Debian brings, with what to do.
  let elsewhere: [String: String]
  /// The Debian packages that bring a program.
  let packages: [String: [String]]
  /// First arguments with which git asks for the repository, which no image has.
  let repository: Set<String>

  /// What a program means for an image.
  package enum Answer: Sendable, Equatable {
    /// Nothing: the image has it, or it is not called there.
    case nothing
    case packages([String])
    /// It reads the repository, which the image does not have.
    case repository
    case elsewhere(fix: String)
    case unknown
  }

  /// The table is embedded; a test reads it, so that an unreadable one cannot be released.
  package static let table: KnownPrograms =
    (try? Catalogue.decode(KnownPrograms.self, from: "data/programs.yaml"))
    ?? KnownPrograms(present: [], foreign: [], elsewhere: [:], packages: [:], repository: [])

  /// The packages that the table names, for a test.
  package var debianPackages: Set<String> { Set(packages.values.joined()) }

  /// - Parameter words: the program and its literal arguments.
  package func answer(to words: [String]) -> Answer {
    guard let program = words.first?.split(separator: "/").last.map(String.init) else {
      return .nothing
    }
    if present.contains(program) || foreign.contains(program) { return .nothing }
    if let fix = elsewhere[program] { return .elsewhere(fix: fix) }
    let command = words.dropFirst().first { !$0.hasPrefix("-") }
    if program == "git", let command, repository.contains(command) { return .repository }
    if let names = packages[program] { return .packages(names) }
    // `./run.sh` and `/opt/tool/bin/x` are the project's own affair.
    if words[0].contains("/") { return .nothing }
    return .unknown
  }
}
