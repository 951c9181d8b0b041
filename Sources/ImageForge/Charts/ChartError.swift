import ForgeBasics

/// Why no chart could be written. Nothing has been written when one is thrown.
package enum ChartError: ForgeError, Equatable {
  /// No service of the analysis can run in a cluster.
  case nothingRuns(path: String, reason: String)
  /// The output folder holds something that is no chart of forge's.
  case foreignFolder(path: String)
  /// Files that forge did not write, or that were edited since.
  case foreignFiles([String])

  package var exitCode: ExitCode { .usage }

  package var description: String {
    switch self {
    case .nothingRuns(let path, let reason):
      "\(DisplayText.escape(path)): nothing here can run in a cluster: \(DisplayText.escape(reason))"
    case .foreignFolder(let path):
      "\(DisplayText.escape(path)) holds files, and no chart that forge wrote. Nothing was written; name another folder "
        + "with --output"
    case .foreignFiles(let paths):
      "not overwritten, because forge did not write them or they were edited since: "
        + paths.map(DisplayText.escape).joined(separator: ", ")
        + ". Nothing was written; see the changes with `forge chart --check`, or overwrite with `--force`"
    }
  }
}
