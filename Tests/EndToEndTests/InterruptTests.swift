import Foundation
import TestSupport
import Testing

/// Ctrl-C where the engine does not work yet, or no more, and what a terminal shows.
@Suite(.serialized) struct InterruptTests {
  private func frontend() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    return folder
  }

  /// While thousands of sources are read.
  @Test func theAnalysisIsInterrupted() async throws {
    let folder = try frontend()
    for number in 0..<3000 {
      try folder.write(
        String(repeating: "export const x = process.env.NEXT_PUBLIC_X;\n", count: 50),
        to: "app/lib/f\(number).js")
    }
    let script = """
      "$0" build "$1" --engine buildah --tag localhost/forge-test/early:1 --output "$2" &
      child=$!
      sleep 1.5
      kill -INT $child
      wait $child
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("app"), folder.file("image.tar")])
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("interrupted"), "\(result)")
    try #expect(folder.names() == ["app"])
    #expect(try await tags().contains("forge-test/early") == false)
  }

  /// While the image is opened: it is built, but nobody has seen the verdict. It goes.
  @Test func theInspectionIsInterrupted() async throws {
    let folder = try frontend()
    let script = """
      "$0" build "$1" --engine buildah --tag localhost/forge-test/late:1 --output "$2" --check-size &
      child=$!
      for _ in $(seq 1200); do [ -e "$2" ] && break; sleep 0.05; done
      kill -INT $child || exit 99
      wait $child
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("app"), folder.file("image.tar")])
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("interrupted"), "\(result)")
    try #expect(folder.names() == ["app"])
    #expect(try await tags().contains("forge-test/late") == false)
  }

  /// On a terminal: a line an image, rewritten in place; none of the engine's output; the table last.
  @Test func aTerminalShowsALineAnImage() async throws {
    let folder = try frontend()
    let result = try await terminal(
      "build \(folder.file("app")) --engine buildah --tag localhost/forge-test/terminal:1", folder)
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    #expect(
      lines.contains { $0.contains("offline-frontend  built") && $0.hasSuffix(" s") }, "\(result)")
    #expect(!result.output.contains("STEP 1/"))
    #expect(result.output.contains("\u{1B}[1A"), "rewritten in place")
    let shown = lines.filter { $0.contains("offline-frontend  ") }
    for line in shown where !line.contains("localhost/") {
      #expect(line.replacing(/\x{1B}\[[0-9]*[AJ]/, with: "").count <= 80, "\(line)")
    }
    let table = try #require(lines.firstIndex { $0.contains("STORED") })
    #expect(try #require(lines.lastIndex { $0.contains("  built") }) < table)
  }

  /// Two at once: a line each, neither wider than the terminal, both finished before the table of both.
  @Test func aTerminalShowsALineForEachOfTwo() async throws {
    let folder = try TemporaryFolder()
    let names = ["offline-frontend", "todo-backend"]
    for name in names {
      try FileManager.default.createDirectory(
        atPath: folder.file("app"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Repository.fixture(name), toPath: folder.file("app/" + name))
      try folder.write(
        "FROM alpine:3.23\nRUN echo \(name); sleep 2\nUSER 10001\n", to: "app/\(name)/Dockerfile")
    }
    let result = try await terminal(
      "build \(folder.file("app")) --engine buildah --tag localhost/forge-test/two:1", folder)
    for name in names {
      _ = try await Command.run("buildah", ["rmi", "localhost/forge-test/two-\(name):1"])
    }
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split { $0 == "\n" || $0 == "\r\n" }
      .map { $0.replacing(/\x{1B}\[[0-9]*[AJ]/, with: "").replacing("\r", with: "") }
    #expect(result.output.contains("\u{1B}[2A"), "both lines are rewritten in place: \(result)")
    #expect(!lines.contains { $0.hasPrefix("STEP ") || $0.hasPrefix("[") }, "\(result)")
    let table = try #require(lines.firstIndex { $0.contains("STORED") }, "\(result)")
    for name in names {
      let shown = lines[..<table].filter { $0.hasPrefix(name + "  ") }
      #expect(shown.contains { $0.contains("step ") }, "\(result)")
      #expect(try #require(shown.last).contains("  built"), "\(result)")
      #expect(shown.allSatisfy { $0.count <= 80 }, "\(result)")
      #expect(
        lines[table...].contains { $0.hasPrefix("localhost/forge-test/two-\(name):1") }, "\(result)"
      )
    }
  }

  /// The failing step's log, whole, is the last that stands there.
  @Test func aFailureEndsWithItsLog() async throws {
    let folder = try frontend()
    try folder.write(
      "FROM alpine:3.23\nRUN for i in $(seq 40); do echo \"reason $i\"; done; sleep 1; exit 7\n",
      to: "app/Dockerfile")
    let result = try await terminal(
      "build \(folder.file("app")) --engine buildah --tag localhost/forge-test/terminal:2", folder)
    #expect(result.status == 4, "\(result)")
    #expect(result.output.contains("offline-frontend  FAILED"), "\(result)")
    let last = result.output.split { $0 == "\n" || $0 == "\r\n" }.suffix(48).joined(separator: "\n")
    for number in [1, 40] { #expect(last.contains("  reason \(number)\n"), "\(result)") }
  }

  private func terminal(_ arguments: String, _ folder: TemporaryFolder) async throws
    -> CommandResult
  {
    try await Command.run(
      "script",
      ["-qec", "stty cols 80; unset CI; exec \(Command.forge) \(arguments)", "/dev/null"],
      environment: ["TERM": "xterm"])
  }

  private func tags() async throws -> String {
    try await Command.require("buildah", ["images", "--format", "{{.Name}}"])
  }
}
