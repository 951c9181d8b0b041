import ForgeBasics
import ForgeFindings
import ForgeLayers

/// What the structure of an image's layers gives cause to say: one finding for each kind and layer.
enum InspectionFindings {
  /// What one kind of oddity is called, and what helps.
  private struct Words {
    let id: FindingID
    let severity: Severity
    /// After the count of cases: `3 entries …`.
    let message: String
    let fix: String
  }

  static func all(_ root: RootFilesystem) -> [Finding] {
    let anomalies = root.layers.enumerated().flatMap { index, layer in
      layer.anomalies.map { finding(words($0.kind), count: $0.count, layer: index, path: $0.path) }
    }
    return anomalies
      + root.notes.map {
        finding(words($0.oddity), count: $0.count, layer: $0.layer, path: $0.path)
      }
  }

  private static func finding(_ words: Words, count: Int, layer: Int, path: [UInt8]) -> Finding {
    var place = Place.layer(layer)
    if !path.isEmpty { place = .layer(layer, path: path) }
    var message = words.message
    if count > 1 { message += " (\(count) times in this layer)" }
    return Finding(
      id: words.id, severity: words.severity, message: message, at: place, fix: words.fix,
      evidence: .archive)
  }

  private static func words(_ oddity: RootFilesystem.Oddity) -> Words {
    switch oddity {
    case .duplicateEntry:
      Words(
        id: "FORGE-A001", severity: .warning,
        message: "one layer holds a path twice: runtimes take the last, other readers the first",
        fix: "rebuild the layer with a current engine")
    case .belowSymlink:
      Words(
        id: "FORGE-A002", severity: .warning,
        message:
          "an entry stands below a symbolic link of the same image: engines disagree whether it is written "
          + "through the link or replaces it",
        fix: "copy to the link's target instead")
    case .aufsMetadata:
      Words(
        id: "FORGE-A003", severity: .info, message: "AUFS metadata, which runtimes ignore",
        fix: "rebuild the image with a current engine")
    case .whiteoutWithData:
      Words(
        id: "FORGE-A004", severity: .warning,
        message: "a whiteout holds data, which no container shows but every pull transfers",
        fix: "rebuild the layer; find out who wrote it")
    case .device:
      Words(
        id: "FORGE-A005", severity: .warning, message: "a device or pipe is stored in the image",
        fix: "remove it: runtimes make /dev themselves")
    }
  }

  private static func words(_ kind: LayerAnomaly.Kind) -> Words {
    switch kind {
    case .dataAfterEnd:
      Words(
        id: "FORGE-A006", severity: .warning,
        message:
          "data follows the end of the layer's tar: no runtime unpacks it, but it is part of the image",
        fix: "rebuild the layer; find out who wrote it")
    case .noEndOfArchive:
      Words(
        id: "FORGE-A007", severity: .info,
        message: "the layer's tar lacks its end-of-archive marker",
        fix: "rebuild the image with a current engine")
    case .sizeWithoutData:
      Words(
        id: "FORGE-A008", severity: .warning,
        message: "a link, folder or device declares a size: readers disagree whether data follows",
        fix: "rebuild the layer with a current engine")
    case .sizeConflict:
      Words(
        id: "FORGE-A009", severity: .warning,
        message:
          "PAX and ustar headers declare different sizes: readers disagree where the next entry starts",
        fix: "rebuild the layer; find out who wrote it")
    case .globalHeader:
      Words(
        id: "FORGE-A010", severity: .warning,
        message:
          "a global PAX header renames or resizes entries for some readers; container runtimes ignore it",
        fix: "rebuild the layer with a current engine")
    case .dotDot:
      Words(
        id: "FORGE-A011", severity: .warning, message: "a path holds '..'",
        fix: "rebuild the layer with a current engine")
    case .sparse:
      Words(
        id: "FORGE-A012", severity: .info,
        message: "a sparse file: its size counts with the holes, which image-spec advises against",
        fix: "make the file when the container starts, or store it without holes")
    }
  }
}
