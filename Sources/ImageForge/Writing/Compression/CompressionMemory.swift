import CZstd

/// What compressing takes of memory, and how many threads may do it at a time.
extension Compression {
  /// Bytes that compressors may take together.
  static let budget = 180_000_000

  /// How many threads compress: no more than the memory is for. The bytes do not depend on it.
  func workers(cores: Int) -> Int {
    var workers = 1
    while workers < cores, memory(workers: workers + 1) <= Self.budget { workers += 1 }
    return workers
  }

  /// Whether the memory is for one compressor only, where all cores are to be used.
  func isAlone(cores: Int) -> Bool { 2 * memory(workers: workers(cores: cores)) > Self.budget }

  /// At most, bytes: what each thread has for itself, and the pieces on their way in and out.
  func memory(workers: Int) -> Int {
    let piece = ParallelCompressor.pieceSize
    switch self {
    case .keep, .none: return 0
    // Its tables and, from level 10 up, the cache of matches and what parsing takes.
    case .gzip(let level):
      return workers * (level < 10 ? 1_500_000 : 9_500_000) + 2 * (workers + 2) * piece
    case .zstdFrames(let level):
      return workers * ZstdTables(level: level, size: piece).memory + 2 * (workers + 2) * piece
    case .zstd(let level):
      // ZSTDMT: a ring of input with room for three jobs more, and two outputs more than there are threads.
      return workers * ZstdTables(level: level).memory + (2 * workers + 5)
        * ZstdTables.jobSize(level)
    }
  }
}

/// The sizes of zstd's tables at a level. Above level 9 those of libzstd are up to 68 MB a thread, which the last
/// 0.3 % of a layer are not worth.
struct ZstdTables {
  private var parameters: ZSTD_compressionParameters
  private let isBounded: Bool

  /// - Parameter size: of what is compressed at once, bytes; 0 where that is not known.
  init(level: Int, size: Int = 0) {
    parameters = ZSTD_getCParams(Int32(level), UInt64(size), 0)
    isBounded = parameters.chainLog > 23 || parameters.hashLog > 22
    parameters.chainLog = min(parameters.chainLog, 23)
    parameters.hashLog = min(parameters.hashLog, 22)
  }

  /// Bytes that a thread has for itself.
  var memory: Int { ZSTD_estimateCCtxSize_usingCParams(parameters) }

  /// Bytes that a thread compresses at a time, for a frame that several make. High levels of libzstd would take up to
  /// 32 MiB, and memory in proportion, to save some 0.3 %.
  static func jobSize(_ level: Int) -> Int { level > 9 ? 8 << 20 : 4 << 20 }

  func apply(to context: OpaquePointer, level: Int) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    guard isBounded else { return }
    ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, Int32(parameters.chainLog))
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, Int32(parameters.hashLog))
  }
}
