import ArgumentParser
import ForgeBasics
import ForgeLayers

/// What an image may cost its reader. An image beyond a budget is refused (exit code 3).
struct BudgetOptions: ParsableArguments {
  @Option(help: "Size of all layers together, uncompressed. Default: 64GiB.")
  var maxUnpacked: String?

  @Option(help: "Size of one layer, uncompressed. Default: 64GiB.")
  var maxLayer: String?

  @Option(help: "Number of entries of all layers together. Default: 5000000.")
  var maxEntries: Int?

  @Option(help: "Number of layers. Default: 4096.")
  var maxLayers: Int?

  @Option(help: "Size of one path or link target. Default: 4096B.")
  var maxPath: String?

  @Option(help: "Size of one extended tar header. Default: 1MiB.")
  var maxHeader: String?

  @Option(help: "Size of one JSON document. Default: 4MiB.")
  var maxJson: String?

  var limits: LayerLimits {
    get throws {
      var limits = LayerLimits()
      try Self.set(&limits.total, maxUnpacked, "--max-unpacked")
      try Self.set(&limits.unpacked, maxLayer, "--max-layer")
      try Self.set(&limits.document, maxJson, "--max-json")
      try Self.set(&limits.path, maxPath, "--max-path")
      try Self.set(&limits.header, maxHeader, "--max-header")
      try Self.set(&limits.entries, maxEntries, "--max-entries")
      try Self.set(&limits.layers, maxLayers, "--max-layers")
      return limits
    }
  }

  /// Documents, paths and headers are held in memory, and offsets of names are 32 bits wide.
  private static let maximum: [String: Int64] = [
    "--max-path": 1 << 20, "--max-header": 64 << 20, "--max-json": 256 << 20,
    "--max-entries": 1 << 30,
    "--max-layers": 1 << 16,
  ]

  private static func set<Value: FixedWidthInteger>(
    _ limit: inout Value, _ text: String?, _ flag: String
  ) throws {
    guard let text else { return }
    guard let bytes = ByteCount.parse(text), bytes > 0 else {
      throw ValidationError("\(flag) must be a size such as 200MB, 1.5GB or 180MiB")
    }
    try set(&limit, Int(clamping: bytes), flag)
  }

  private static func set<Value: FixedWidthInteger>(
    _ limit: inout Value, _ number: Int?, _ flag: String
  ) throws {
    guard let number else { return }
    guard number > 0, number <= maximum[flag] ?? 1 << 50 else {
      throw ValidationError("\(flag) must lie between 1 and \(maximum[flag] ?? 1 << 50)")
    }
    limit = Value(clamping: number)
  }
}
