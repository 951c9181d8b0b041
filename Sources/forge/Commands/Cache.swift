import ArgumentParser
import ForgeBasics
import ForgeLayers
import Foundation

/// Whether what is known of layers may be used.
struct CacheOptions: ParsableArguments {
  @Flag(
    help:
      "Read and verify every layer, whatever is known of it; as FORGE_NO_CACHE in the environment does."
  )
  var noCache = false

  /// - Parameter trustsStamps: whether a file that was not written to since need not be hashed again.
  func cache(trustsStamps: Bool) -> LayerCache? {
    guard !noCache, !Self.isRefused else { return nil }
    return LayerCache.user(trustsStamps: trustsStamps)
  }

  /// Whether the environment forbids it.
  static var isRefused: Bool {
    ProcessInfo.processInfo.environment["FORGE_NO_CACHE"].map { !$0.isEmpty } ?? false
  }
}

struct Cache: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look after what is remembered of layers, so that each is unpacked once.",
    discussion: """
      The cache stands in $XDG_CACHE_HOME/forge/layers, by default ~/.cache/forge/layers, and may be removed at any \
      time.

      Examples:
        forge cache info
        forge cache clear
      """,
    subcommands: [Info.self, Clear.self])

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say where the cache is and how much it holds.",
      discussion: """
        Examples:
          forge cache info
          forge cache info --format json
        """)

    @OptionGroup var reporting: OutputOptions

    func run() throws {
      let contents = try Cache.ofUser().contents()
      try reporting.write(contents, text: contents.text)
    }
  }

  struct Clear: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove all that the cache holds.",
      discussion: """
        Examples:
          forge cache clear
        """)

    func run() throws {
      let removed = try Cache.ofUser().clear()
      try StandardOutput.write(
        "removed \(ByteCount.text(removed.bytes)) of \(removed.layers) layers\n")
    }
  }

  private static func ofUser() throws -> LayerCache {
    guard let cache = LayerCache.user() else {
      throw ValidationError(
        "there is no cache: neither XDG_CACHE_HOME nor HOME is an absolute path")
    }
    return cache
  }
}
