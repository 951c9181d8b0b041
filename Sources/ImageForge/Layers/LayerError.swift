import ForgeBasics

/// Why a layer cannot be read whole. Offsets are bytes.
package enum LayerError: ForgeError, Equatable {
  /// The file system failed.
  case unreadable(layer: String, reason: String)
  /// Neither a tar archive nor one in a known compression.
  case notALayer(layer: String)
  /// The bytes end too early; `offset` counts the uncompressed tar where `within` names an entry of it.
  case truncated(layer: String, offset: Int64, within: String)
  /// The compressed bytes are damaged, before `offset` in the blob.
  case corrupt(layer: String, offset: Int64, reason: String)
  /// The tar is malformed or means different things to different readers; `offset` counts the uncompressed tar.
  case malformed(layer: String, offset: Int64, path: [UInt8], reason: String)
  /// Beyond a budget of the reader.
  case overLimit(layer: String, path: [UInt8], limit: LayerLimits.Kind, reason: String)
  /// The bytes are not the ones that the image names. `what`: `digest` or `diffID`.
  case mismatch(layer: String, what: String, expected: Digest, found: Digest)

  package var exitCode: ExitCode { .unreadableInput }

  package var description: String { [problem, remedy].compactMap(\.self).joined(separator: "; ") }

  /// What was wrong, and where.
  package var problem: String {
    switch self {
    case .unreadable(let layer, let reason): "cannot read \(layer): \(reason)"
    case .notALayer(let layer):
      "\(layer) is not a layer: neither a tar archive nor one compressed with gzip, zstd, xz or bzip2"
    case .truncated(let layer, let offset, let within):
      "\(layer) is truncated: it ends at byte \(offset), within \(within)"
    case .corrupt(let layer, let offset, let reason):
      "\(layer) is damaged near byte \(offset): \(reason)"
    case .malformed(let layer, let offset, let path, let reason):
      "\(layer) is not a sound tar archive: header at byte \(offset)\(Self.entry(path)): \(reason)"
    case .overLimit(let layer, let path, _, let reason):
      "\(layer) is refused\(Self.entry(path)): \(reason)"
    case .mismatch(let layer, let what, let expected, let found):
      "\(layer) is not what the image names: its \(what) is \(found), not \(expected)"
    }
  }

  package var remedy: String? {
    switch self {
    case .unreadable: "check the file and its permissions"
    case .mismatch(_, "diffID", _, _):
      "save or pull the image again; `docker save` of Docker 25.0.0 wrote wrong diffIDs, newer versions do not"
    case .notALayer, .truncated, .corrupt, .mismatch: "save or pull the image again"
    case .malformed: "rebuild the image with a current engine"
    case .overLimit(_, _, let limit, _): "if the image can be trusted, \(limit.advice)"
    }
  }

  /// The same under another name of the layer.
  func about(_ name: String) -> LayerError {
    switch self {
    case .unreadable(_, let reason): .unreadable(layer: name, reason: reason)
    case .notALayer: .notALayer(layer: name)
    case .truncated(_, let offset, let within):
      .truncated(layer: name, offset: offset, within: within)
    case .corrupt(_, let offset, let reason): .corrupt(layer: name, offset: offset, reason: reason)
    case .malformed(_, let offset, let path, let reason):
      .malformed(layer: name, offset: offset, path: path, reason: reason)
    case .overLimit(_, let path, let limit, let reason):
      .overLimit(layer: name, path: path, limit: limit, reason: reason)
    case .mismatch(_, let what, let expected, let found):
      .mismatch(layer: name, what: what, expected: expected, found: found)
    }
  }

  private static func entry(_ path: [UInt8]) -> String {
    guard !path.isEmpty else { return "" }
    return ", entry \(DisplayText.escape(path.prefix(200)))"
  }
}
