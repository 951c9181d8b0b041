import ForgeBasics
import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import ForgeEngines

/// A folder that is gone when the test is done, with programs that play engines.
final class Workbench: Sendable {
  let folder: String
  /// A long time to sleep, which tells this bench's processes from all others.
  let seconds = String(Int.random(in: 10_000_000...99_999_999))

  init() throws {
    folder = NSTemporaryDirectory() + "forge-engines-" + UUID().uuidString
    for name in ["bin", "out", "context"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
  }

  deinit {
    // Engines bind-mount their store on itself, and now and then leave it so.
    umount2("\(folder)/store/overlay", Int32(MNT_DETACH))
    do { try FileManager.default.removeItem(atPath: folder) } catch {
      Issue.record("\(folder) cannot be removed: \(error)")
    }
  }

  /// An environment whose PATH finds the played engines before anything else of the machine's.
  /// Its containers' store is the bench's own, which also tells its engines from others on the machine.
  var environment: [String: String] {
    ["PATH": "\(folder)/bin", "BENCH": folder, "CONTAINERS_STORAGE_CONF": "\(folder)/storage.conf"]
  }

  /// Writes an executable shell script. Its tools are the machine's.
  @discardableResult
  func program(_ name: String, _ script: String) throws -> String {
    let path = "\(folder)/bin/\(name)"
    try AtomicFile.write(Array("#!/bin/sh\nPATH=/usr/bin:/bin\n\(script)\n".utf8), to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  func engine(_ kind: Engine.Kind, _ script: String) throws -> Engine {
    Engine(
      kind: kind, path: try program(kind.rawValue, script), version: "1", environment: environment)
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let path = "\(folder)/\(name)"
    try AtomicFile.write(Array(text.utf8), to: path)
    return path
  }

  func request(_ dockerfile: String, tag: String = "forge-test:1") throws -> BuildRequest {
    BuildRequest(
      context: "\(folder)/context", dockerfile: try write("Dockerfile", dockerfile), tag: tag,
      archive: "\(folder)/out/image.tar")
  }

  /// What lies in the output folder; a temporary file that was left would show here.
  var outputs: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/out").sorted()) ?? []
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(name)")
  }

  func text(_ name: String) -> String {
    FileManager.default.contents(atPath: "\(folder)/\(name)").map {
      String(decoding: $0, as: UTF8.self)
    } ?? ""
  }

  /// Waits until `condition` holds, at most 20 s.
  func until(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !condition() {
      try #require(ContinuousClock.now < deadline, "what the test waits for did not come")
      try await Task.sleep(for: .milliseconds(30))
    }
  }

  /// Whether any process has `word` in its command line.
  func isRunning(_ word: String) -> Bool {
    ProcessTable.processIDs().contains { pid in
      guard pid != getpid(), let line = ProcessTable.read("cmdline", of: pid) else { return false }
      return String(decoding: line, as: UTF8.self).contains(word)
    }
  }
}

/// Runs a program and gives what it wrote to standard output.
@discardableResult
func shell(_ script: String, environment: [String: String] = [:]) async throws -> String {
  let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let reply = try await EngineCommand(
    program: "/bin/sh", arguments: ["-c", script], environment: all
  ).reply(
    within: .seconds(60))
  try #require(reply.ending.isSuccess, "\(script): \(reply.errorOutput)")
  return reply.output
}

/// The error that `body` must throw.
func engineError(_ body: () async throws -> Void) async throws -> EngineError {
  do { try await body() } catch { return try #require(error as? EngineError) }
  throw NothingThrown()
}

struct NothingThrown: Error {}
