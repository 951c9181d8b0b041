import Foundation

/// Which commit a folder is of, read from git's files: git itself would run what the repository's settings name.
struct SourceRevision {
  /// The commit's id.
  private(set) var commit: String?
  /// Where the repository came from, without the credentials that its address may hold.
  private(set) var source: String?
  /// When HEAD came to be what it is, in seconds since 1970.
  private(set) var date: Int?

  /// Looks in `folder` and above it.
  init(of folder: String) {
    var url = URL(filePath: folder).standardizedFileURL
    for _ in 0..<32 {
      let git = url.appending(path: ".git").path()
      if FileManager.default.fileExists(atPath: git + "/HEAD") {
        read(git)
        return
      }
      if url.path() == "/" { return }
      url.deleteLastPathComponent()
    }
  }

  private mutating func read(_ git: String) {
    func text(_ name: String) -> String? {
      guard let data = FileManager.default.contents(atPath: git + "/" + name), data.count <= 16 << 20 else {
        return nil
      }
      return String(decoding: data, as: UTF8.self)
    }
    let head = text("HEAD")?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    if head.hasPrefix("ref: refs/"), !head.contains("..") {
      let name = String(head.dropFirst(5))
      let packed = text("packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + name) }?.prefix(40)
      commit = Self.id(text(name) ?? packed.map(String.init) ?? "")
    } else {
      commit = Self.id(head)
    }
    if let line = text("logs/HEAD")?.split(separator: "\n").last,
      let match = line.firstMatch(of: /> ([0-9]{1,12}) [+-][0-9]{4}/)
    {
      date = Int(match.1)
    }
    if let match = text("config")?.firstMatch(of: /\[remote "origin"\][^\[]*?url = (\S+)/) {
      let address = String(match.1)
      if var parts = URLComponents(string: address), parts.scheme?.hasPrefix("http") == true {
        parts.user = nil
        parts.password = nil
        source = parts.string
      } else if !address.contains("://"), !address.hasPrefix("/"), !address.hasPrefix(".") {
        source = address
      }
    }
  }

  private static func id(_ text: String) -> String? {
    let id = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return id.wholeMatch(of: /[0-9a-f]{40}([0-9a-f]{24})?/) == nil ? nil : id
  }

  /// The labels that OCI's image specification defines for them ("Annotations").
  var labels: [String] {
    [commit.map { "org.opencontainers.image.revision=\($0)" }, source.map { "org.opencontainers.image.source=\($0)" }]
      .compactMap(\.self)
  }
}
