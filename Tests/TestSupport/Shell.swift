import Foundation

/// Runs the tools that tests compare with.
public enum Shell {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// The standard output of a command that must succeed.
  @discardableResult
  public static func run(_ command: [String], in folder: String? = nil, input: [UInt8] = []) throws
    -> [UInt8]
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    // Files rather than pipes: neither side can block the other.
    return try withTemporaryFolder { scratch in
      let paths = ["in", "out", "err"].map { "\(scratch)/\($0)" }
      let contents = [Data(input), Data(), Data()]
      guard
        zip(paths, contents).allSatisfy({ FileManager.default.createFile(atPath: $0, contents: $1) }
        ),
        let stdin = FileHandle(forReadingAtPath: paths[0]),
        let stdout = FileHandle(forWritingAtPath: paths[1]),
        let stderr = FileHandle(forWritingAtPath: paths[2])
      else { throw Failure(description: "cannot open files in \(scratch)") }
      process.standardInput = stdin
      process.standardOutput = stdout
      process.standardError = stderr
      try process.run()
      process.waitUntilExit()
      let output = [UInt8](FileManager.default.contents(atPath: paths[1]) ?? Data())
      guard process.terminationStatus == 0 else {
        let text = String(
          decoding: FileManager.default.contents(atPath: paths[2]) ?? Data(), as: UTF8.self)
        throw Failure(
          description:
            "\(command.joined(separator: " ")): exit \(process.terminationStatus): \(text)")
      }
      return output
    }
  }

  /// A folder that is gone afterwards.
  public static func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result
  {
    let path = FileManager.default.temporaryDirectory.path + "/forge-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }
}
