import ForgeCatalogue
import ForgeFindings

/// Versions that do not work with others, with a Python, or with what the code says: `recipes/data/python-breaks.yaml`.
struct KnownBreaks: Decodable, Sendable {
  struct Break: Decodable, Sendable {
    /// Without one, the row is of Python itself.
    let package: String?
    /// The versions that break; any, where there are none.
    let versions: String?
    /// The versions of Python under which they do.
    let python: String?
    /// They do only where none of these is installed.
    let absent: [String]?
    /// They do only where one of these is installed.
    let present: [String]?
    /// They do only where all of these are installed, in these versions.
    let with: [String: String]?
    /// They do only where the code does one of these.
    let code: [Use]?
    /// A text of the code that shows that it does not break.
    let unless: String?
    /// Whether the package breaks the code where nothing installs it, too.
    let orAbsent: Bool?
    /// An error where the service does not start, or nothing that uses the package works.
    let severity: Severity
    /// What happens.
    let breaks: String
    /// What to do.
    let fix: String
    /// What a real run printed, by scripts/python-breaks.
    let seen: String
  }

  /// Something that code does, with the names of an installed package.
  struct Use: Decodable, Sendable {
    /// A module that is imported, or what is below it, or a name out of it.
    let `import`: String?
    /// A name that is used.
    let name: String?
    /// A function that is called, or decorates.
    let call: String?
    /// Only a call with one of these keywords.
    let with: [String]?
    /// Only a call with none of these keywords.
    let without: [String]?
    /// A method of an object that one of `of` makes.
    let method: String?
    let of: [String]?
    /// Only a method whose first argument is a text.
    let takesText: Bool?
    /// The beginning of a text.
    let text: String?
  }

  let newest: [String: [String]]
  let brought: PythonInstall.Bringers
  let breaks: [Break]

  /// The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let table: KnownBreaks =
    (try? Catalogue.decode(KnownBreaks.self, from: "data/python-breaks.yaml"))
    ?? KnownBreaks(newest: [:], brought: [:], breaks: [])
}
