import Foundation
import Subprocess
import SystemPackage

/// A program with its arguments and environment; how forge starts other programs.
struct EngineCommand: Sendable, Equatable {
  var program: String
  var arguments: [String]
  var environment: [String: String]

  /// How a run ended.
  struct Ending: Sendable {
    let status: TerminationStatus
    let stop: RunningChild.StopReason?

    var isSuccess: Bool { status.isSuccess && stop == nil }
    var wasKilled: Bool { if case .signaled = status { true } else { false } }

    /// `exit status 1`, `killed by signal 9`.
    var text: String {
      switch status {
      case .exited(let code): "exit status \(code)"
      case .signaled(let signal): "killed by signal \(signal)"
      }
    }
  }

  /// What a short command answered.
  struct Reply: Sendable {
    let ending: Ending
    let output: String
    let errorOutput: String
  }

  /// Runs a command whose whole output is wanted.
  /// - Throws: `SubprocessError` when it cannot be started or writes more than 4 MiB.
  func reply(
    within limit: Duration = .seconds(30), plan: RunningChild.StopPlan = .interrupt
  ) async throws -> Reply {
    let (result, stop) = try await supervise(plan: plan, limit: limit) { configuration, child in
      try await run(
        configuration, input: .none, output: .bytes(limit: 4 << 20), error: .bytes(limit: 4 << 20)
      ) {
        child.started($0.processIdentifier.value)
      }
    }
    return Reply(
      ending: Ending(status: result.terminationStatus, stop: stop),
      output: String(decoding: result.standardOutput, as: UTF8.self),
      errorOutput: String(decoding: result.standardError, as: UTF8.self))
  }

  /// Runs a command and gives its output, both streams together, to `log` line by line as it comes.
  func stream(
    plan: RunningChild.StopPlan, log: @escaping @Sendable (String) -> Void
  ) async throws -> (ending: Ending, tail: OutputTail) {
    let (result, stop) = try await supervise(plan: plan, limit: nil) { configuration, child in
      try await run(configuration, input: .none, output: .sequence, error: .combinedWithOutput) {
        execution in
        child.started(execution.processIdentifier.value)
        var below: ProcessWatch?
        if plan == .stepsFirst { below = ProcessWatch(execution.processIdentifier.value) }
        return (try await Self.lines(of: execution.standardOutput, log: log), below)
      }
    }
    let (tail, below) = result.closureResult
    // Killed by another, such as a machine without memory, it could not end its steps itself.
    if case .signaled = result.terminationStatus, stop == nil { below?.killAll() }
    return (Ending(status: result.terminationStatus, stop: stop), tail)
  }

  /// Runs a command that writes an archive to `file`, which it finds as its standard output or, where that may carry
  /// other things, as its standard input.
  func export(
    to file: FileDescriptor, asInput: Bool, log: @escaping @Sendable (String) -> Void
  ) async throws -> (ending: Ending, tail: OutputTail) {
    let nowhere = try FileDescriptor.open("/dev/null", .writeOnly)
    defer { try? nowhere.close() }
    let output = if asInput { nowhere } else { file }
    let (result, stop) = try await supervise(plan: .interrupt, limit: nil) { configuration, child in
      try await run(
        configuration, input: .fileDescriptor(file, closeAfterSpawningProcess: false),
        output: .fileDescriptor(output, closeAfterSpawningProcess: false),
        error: .sequence
      ) { execution in
        child.started(execution.processIdentifier.value)
        return try await Self.lines(of: execution.standardError, log: log)
      }
    }
    return (Ending(status: result.terminationStatus, stop: stop), result.closureResult)
  }

  private static func lines(
    of output: SubprocessOutputSequence, log: @Sendable (String) -> Void
  ) async throws -> OutputTail {
    var splitter = LineSplitter()
    var tail = OutputTail()
    func take(_ line: String) {
      tail.add(line)
      log(line)
    }
    for try await piece in output {
      piece.withUnsafeBytes { splitter.add($0, emit: take) }
    }
    splitter.flush(take)
    return tail
  }

  /// Runs `body` in a task that cancellation does not reach: the child is stopped in its proper order instead, and
  /// its output is read to the end meanwhile.
  private func supervise<Value: Sendable>(
    plan: RunningChild.StopPlan, limit: Duration?,
    _ body: @escaping @Sendable (Configuration, RunningChild) async throws -> Value
  ) async throws -> (Value, RunningChild.StopReason?) {
    try Task.checkCancellation()
    var options = PlatformOptions()
    options.createSession = true
    let variables = environment.compactMap { name, value in
      Environment.Key(rawValue: name).map { ($0, value) }
    }
    let configuration = Configuration(
      executable: .path(FilePath(program)), arguments: Arguments(arguments),
      environment: .custom(Dictionary(variables) { first, _ in first }), platformOptions: options)
    let child = RunningChild(plan: plan)
    let running = Task {
      let outcome: Result<Value, any Error>
      do { outcome = .success(try await body(configuration, child)) } catch {
        outcome = .failure(error)
      }
      let reason = await child.ended()
      return (try outcome.get(), reason)
    }
    let alarm = limit.map { limit in
      Task {
        try await Task.sleep(for: limit)
        child.stop(.timedOut)
      }
    }
    defer { alarm?.cancel() }
    return try await withTaskCancellationHandler {
      try await running.value
    } onCancel: {
      child.stop(.cancelled)
    }
  }
}
