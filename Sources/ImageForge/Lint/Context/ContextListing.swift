import ForgeBasics
import ForgeDockerignore
import Foundation

/// What a build sends of a folder, and what the ignore file keeps back. The JSON of `forge context`.
public struct ContextListing: Codable, Sendable, Equatable {
  /// The line of the ignore file that decides about a path.
  public struct Decision: Codable, Sendable, Equatable {
    /// `file:line`.
    public let source: String
    /// As it is written.
    public let pattern: String
  }

  /// A file or a folder of the context.
  public struct Entry: Codable, Sendable, Equatable {
    /// Relative to the context; a folder ends in a slash.
    public let path: String
    /// What is sent of it, or kept back, in bytes.
    public let bytes: Int64
    /// Files and links in it.
    public let files: Int
    /// The last line that matches; nil where none does, so that it is sent.
    @EncodesNull public var rule: Decision?
  }

  public let schemaVersion: Int
  /// The folder, as the user named it.
  public let context: String
  /// The ignore file that counts; nil where there is none.
  @EncodesNull public var ignoreFile: String?
  /// What is sent of the whole folder: files and bytes.
  public let sentBytes: Int64
  public let sentFiles: Int
  public let keptOutBytes: Int64
  public let keptOutFiles: Int
  /// What is sent of the entries of the folder itself, the largest first.
  public let sent: [Entry]
  /// The largest files that are sent.
  public let largestFiles: [Entry]
  /// The outermost files and folders that are kept out, the largest first.
  public let keptOut: [Entry]

  /// - Parameters:
  ///   - folder: the build context.
  ///   - dockerfile: the Dockerfile whose own ignore file counts where it has one.
  ///   - limit: the most entries of each list.
  /// - Throws: `LintError` for a folder that is not there, and for an ignore file that builders refuse.
  public init(of folder: String, dockerfile: String? = nil, limit: Int = 20) throws(LintError) {
    let context = try BuildContext(folder)
    let own = dockerfile.map { $0 + ".dockerignore" }
    let source =
      own.flatMap { LintFiles.read($0, name: $0) }
      ?? LintFiles.read(folder + "/.dockerignore", name: ".dockerignore")
    var ignore = Dockerignore.none
    if let source {
      do { ignore = try Dockerignore(source) } catch {
        throw .unreadable(path: source.name, reason: "\(error)")
      }
    }
    var walk = ContextWalk(context: context, ignore: ignore, name: source?.name ?? "")
    walk.run()
    guard !context.isIncomplete else {
      throw .unreadable(path: folder, reason: "it holds more than a million entries")
    }
    schemaVersion = 1
    self.context = folder
    ignoreFile = source?.name
    sentBytes = walk.top.map(\.bytes).reduce(0, +)
    sentFiles = walk.top.map(\.files).reduce(0, +)
    keptOutBytes = walk.keptOut.map(\.bytes).reduce(0, +)
    keptOutFiles = walk.keptOut.map(\.files).reduce(0, +)
    sent = Self.largest(walk.top.filter { $0.files > 0 }, limit)
    largestFiles = Self.largest(walk.files, limit)
    keptOut = Self.largest(walk.keptOut, limit)
  }

  private static func largest(_ entries: [Entry], _ limit: Int) -> [Entry] {
    let sorted = entries.sorted { a, b in
      if a.bytes != b.bytes { return a.bytes > b.bytes }
      return a.path < b.path
    }
    return Array(sorted.prefix(limit))
  }
}

/// A walk over a context that adds up what is sent and what is not.
private struct ContextWalk {
  let context: BuildContext
  let ignore: Dockerignore
  /// The ignore file's.
  let name: String
  /// Of the entries of the context itself, what is sent.
  var top: [ContextListing.Entry] = []
  /// Every file that is sent.
  var files: [ContextListing.Entry] = []
  /// What is kept out, each as far out as it is so as a whole.
  var keptOut: [ContextListing.Entry] = []

  private struct Amount {
    var bytes: Int64 = 0
    var files = 0

    mutating func add(_ other: Amount) {
      bytes += other.bytes
      files += other.files
    }
  }

  mutating func run() { _ = sent(in: ".") }

  /// What is sent of a folder.
  private mutating func sent(in folder: String) -> Amount {
    var sum = Amount()
    for entry in context.entries(of: folder) {
      let path = folder == "." ? entry.name : "\(folder)/\(entry.name)"
      var amount = Amount()
      if entry.kind == .folder {
        let isClosed = ignore.ignores(path) && !ignore.mayKeep(below: path)
        if isClosed { keep(path + "/", measured(path), of: path) } else { amount = sent(in: path) }
      } else {
        let size = Amount(bytes: context.size(path), files: 1)
        if ignore.ignores(path) {
          keep(path, size, of: path)
        } else {
          amount = size
          files.append(self.entry(path, size, of: path))
        }
      }
      sum.add(amount)
      if folder == "." {
        top.append(self.entry(entry.kind == .folder ? path + "/" : path, amount, of: path))
      }
    }
    return sum
  }

  private mutating func keep(_ shown: String, _ amount: Amount, of path: String) {
    keptOut.append(entry(shown, amount, of: path))
  }

  private func entry(_ shown: String, _ amount: Amount, of path: String) -> ContextListing.Entry {
    let rule = ignore.decision(path).map {
      ContextListing.Decision(source: "\(name):\($0.line)", pattern: $0.text)
    }
    return ContextListing.Entry(
      path: shown, bytes: amount.bytes, files: amount.files, rule: rule)
  }

  /// All of a folder.
  private func measured(_ folder: String) -> Amount {
    var sum = Amount()
    for entry in context.entries(of: folder) {
      let path = "\(folder)/\(entry.name)"
      if entry.kind == .folder {
        sum.add(measured(path))
      } else {
        sum.add(Amount(bytes: context.size(path), files: 1))
      }
    }
    return sum
  }
}
