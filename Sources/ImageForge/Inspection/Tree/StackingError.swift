import ForgeBasics

/// Why the layers of an image cannot be stacked: no runtime could unpack them, or they cost too much.
package enum StackingError: ForgeError, Equatable {
  /// `layer`: its number and the image's name, for messages.
  case malformed(layer: String, path: [UInt8], reason: String)
  case overLimit(layer: String, reason: String)

  package var exitCode: ExitCode { .unreadableInput }

  package var description: String {
    switch self {
    case .malformed(let layer, let path, let reason):
      "\(layer) cannot be unpacked: \(DisplayText.escape(path.prefix(200))): \(reason); "
        + "rebuild the image with a current engine"
    case .overLimit(let layer, let reason):
      "\(layer) is refused: \(reason); if the image can be trusted, rebuild it simpler"
    }
  }
}
