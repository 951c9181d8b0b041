import Foundation
import Subprocess
import SystemPackage

/// What a command that a test ran did.
package struct CommandResult: Sendable, CustomStringConvertible {
  /// The exit status; 128 + the number for a signal, as shells count.
  package let status: Int32
  package let output: String
  package let errors: String

  package var description: String {
    "status \(status)\n--- stdout\n\(output)\n--- stderr\n\(errors)"
  }
}

package struct CommandFailure: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

package enum Command {
  /// Runs a program of the PATH to its end. Output of more than 64 MiB is an error.
  package static func run(
    _ program: String, _ arguments: [String] = [], in folder: String? = nil,
    environment: [String: String] = [:],
    input: [UInt8] = []
  ) async throws -> CommandResult {
    let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
    var changes: [Environment.Key: String?] = [:]
    for (name, value) in environment { changes[Environment.Key(stringLiteral: name)] = value }
    // From a file: a pipe to a program that ends before it has read all of it ends the whole test run.
    let stdin = try FileDescriptor.forReading(input)
    defer { try? stdin.close() }
    let result = try await Subprocess.run(
      executable, arguments: Arguments(arguments), environment: .inherit.updating(changes),
      workingDirectory: folder.map { FilePath($0) },
      input: .fileDescriptor(stdin, closeAfterSpawningProcess: false),
      output: .bytes(limit: 64 << 20), error: .bytes(limit: 64 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return CommandResult(
      status: status, output: String(decoding: result.standardOutput, as: UTF8.self),
      errors: String(decoding: result.standardError, as: UTF8.self))
  }

  /// The same; anything but exit status 0 is an error that shows the output.
  @discardableResult
  package static func require(
    _ program: String, _ arguments: [String] = [], in folder: String? = nil,
    environment: [String: String] = [:]
  ) async throws -> String {
    let result = try await run(program, arguments, in: folder, environment: environment)
    guard result.status == 0 else {
      throw CommandFailure(description: "\(program) \(arguments.joined(separator: " ")): \(result)")
    }
    return result.output
  }

  /// Runs a program for as long as `body` takes: its standard input ends with that, and then it has to end by itself.
  package static func during<Value: Sendable>(
    _ program: String, _ arguments: [String], _ body: () async throws -> Value
  ) async throws -> Value {
    let outcome = try await Subprocess.run(
      .path(FilePath(program)), arguments: Arguments(arguments), input: .inputWriter,
      output: .discarded,
      error: .discarded
    ) { execution in
      let outcome: Result<Value, any Error>
      do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
      try await execution.standardInputWriter.finish()
      return outcome
    }
    return try outcome.closureResult.get()
  }

  /// The `forge` that was built with the tests.
  package static var forge: String {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "forge")
      .path()
  }

  /// Runs forge.
  package static func forge(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
    input: [UInt8] = []
  ) async throws -> CommandResult {
    try await run(forge, arguments, in: folder, environment: environment, input: input)
  }
}

extension FileDescriptor {
  /// A file without a name that holds these bytes.
  fileprivate static func forReading(_ bytes: [UInt8]) throws -> FileDescriptor {
    guard !bytes.isEmpty else { return try open("/dev/null", .readOnly) }
    let path = NSTemporaryDirectory() + "/forge-input-" + UUID().uuidString
    let file = try open(
      path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    try? FileManager.default.removeItem(atPath: path)
    do {
      try file.writeAll(bytes)
      try file.seek(offset: 0, from: .start)
    } catch {
      try? file.close()
      throw error
    }
    return file
  }
}

/// A folder of a test's own, removed with the last reference.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "/forge-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file, with the folders it stands in.
  package func write(_ text: String, to name: String) throws {
    let target = URL(filePath: file(name))
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: target)
  }

  /// What is in the folder, hidden files too, sorted.
  package func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}

package enum Repository {
  /// The root of this package.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().path()

  package static func fixture(_ name: String) -> String { root + "fixtures/" + name }
}
