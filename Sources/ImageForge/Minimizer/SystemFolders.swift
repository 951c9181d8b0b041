import ForgeCatalogue

/// The table `recipes/data/system-folders.yaml`: folders that distributions fill, programs in them, and what these open.
final class SystemFolders: Sendable {
  // The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let shared = SystemFolders(CatalogueTable.embedded("data/system-folders.yaml"))

  /// Top folders that distributions fill: only what is reached stays of them. All others stay whole.
  let system: Set<String>
  /// Folders inside of those that no distribution fills.
  let own: [String]
  /// Folders in which distributions fill these children, and everything else is the image's own.
  let shared: [(folder: String, filled: Set<String>)]
  /// Folders that are never kept whole, though a variable or a command names them.
  let neverWhole: Set<String>
  /// What libc, TLS libraries and language runtimes open by name.
  let opened: [String]
  /// Folders that services write to.
  let written: [String]
  /// Libraries that are opened with dlopen.
  let dynamic: [String]
  /// What one program or library alone reads, and these.
  let readers: [(path: String, programs: [String])]
  /// Programs that read a text as a script of a shell.
  let shells: Set<String>
  /// Language runtimes whose libraries are not followed.
  let unknownRuntimes: [String]
  /// Architectures whose programs are not followed.
  let bigEndian: Set<String>
  /// Variables whose paths are no reason to keep what they name.
  let searchVariables: Set<String>

  private init(_ table: CatalogueTable) {
    func list(_ key: String) -> [String] { table.texts(key) ?? [] }
    system = Set(list("system"))
    own = list("own")
    shared = table.rows("shared").map { ($0.text("folder") ?? "", Set($0.texts("filled") ?? [])) }
    neverWhole = Set(list("never-whole") + [""])
    opened = list("opened")
    written = list("written")
    dynamic = list("dynamic")
    readers = table.rows("readers").map { ($0.text("path") ?? "", $0.texts("programs") ?? []) }
    shells = Set(list("shells"))
    unknownRuntimes = list("unknown-runtimes")
    bigEndian = Set(list("big-endian"))
    searchVariables = Set(list("search-variables"))
  }
}
