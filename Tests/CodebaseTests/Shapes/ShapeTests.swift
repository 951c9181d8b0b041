import ForgeBasics
import ForgeFindings
import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

/// Shapes of real projects, each made of the files that matter, with what forge is to conclude about them below
/// `Snapshots/`. After a change that is meant, `FORGE_UPDATE_SNAPSHOTS=1 swift test --filter ShapeTests` writes the
/// snapshots anew; read them then.
@Suite struct ShapeTests {
  private static let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Snapshots")

  @Test(arguments: Shape.all.map(\.name))
  func concludesAsExpected(_ name: String) throws {
    let shape = try #require(Shape.all.first { $0.name == name })
    let text = try shape.analysis()
    let file = Self.snapshots.appending(path: name + ".txt")
    if ProcessInfo.processInfo.environment["FORGE_UPDATE_SNAPSHOTS"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  /// The shapes are numbered; none of the numbers may fall out.
  @Test func everyNumberIsThere() {
    let numbers = Set(Shape.all.compactMap { Int($0.name.prefix(2)) })
    #expect(numbers == Set(1...57))
  }

  /// Each snapshot belongs to a shape, and no name stands twice.
  @Test func everySnapshotHasAShape() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.snapshots.path())
    #expect(Set(names) == Set(Shape.all.map { $0.name + ".txt" }))
    #expect(Set(Shape.all.map(\.name)).count == Shape.all.count)
  }

  @Test(arguments: Shape.all.map(\.name))
  func isTheSameEveryTime(_ name: String) throws {
    let shape = try #require(Shape.all.first { $0.name == name })
    #expect(try shape.analysis() == shape.analysis())
  }
}

struct Shape: Sendable {
  let name: String
  let files: [String: String]
  /// Makes in the folder what is no plain text: links, other encodings, large files.
  var prepare: @Sendable (_ folder: String) throws -> Void = { _ in }

  static let all = nextShapes + pythonShapes + mcpShapes + repositoryShapes

  /// The analysis as lines: every conclusion with its confidence and evidence, then the environment and the findings.
  func analysis() throws -> String {
    let project = try Project(files)
    try prepare(project.path)
    do {
      return Self.text(try Analyzer.analyze(project.path), project)
    } catch let error as any ForgeError {
      return "error \(error.exitCode.rawValue): \(error)\n".replacing(project.path, with: "ROOT")
    }
  }

  private static func text(_ analysis: Analysis, _ project: Project) -> String {
    var lines: [String] = []
    for service in analysis.services {
      // A service that is named after its folder is named at random here.
      let name = service.name.hasPrefix("forge-project-") ? "(folder)" : service.name
      lines.append("\(name) at \(service.path)")
      for conclusion in service.conclusions
      where conclusion.value != nil || conclusion.confidence != .assumed {
        let evidence =
          conclusion.evidence.isEmpty ? "" : "  < " + conclusion.evidence.joined(separator: " ")
        let others = conclusion.alternatives.map { "\($0.value) (\($0.source))" }.joined(
          separator: ", ")
        lines.append(
          "  \(conclusion.key) = \(conclusion.value ?? "-")  \(conclusion.confidence.rawValue)\(evidence)"
            + (others.isEmpty ? "" : "  not \(others)"))
      }
      lines.append("  install: " + service.installInputs.joined(separator: " "))
      if let fastapi = service.fastapi,
        fastapi.cors != nil || fastapi.rootPath != nil || fastapi.routes != []
      {
        let origins = fastapi.cors.map {
          $0.origins.joined(separator: " ") + ($0.isOpenEnded ? " and more" : "")
        }
        lines.append(
          "  answers: \(fastapi.routes?.joined(separator: " ") ?? "unknown") below \(fastapi.rootPath ?? "-") for "
            + "\(origins ?? "its own origin")")
      }
      if let workspace = service.workspace {
        lines.append("  members: " + workspace.members.joined(separator: " "))
      }
      if !service.nativePackages.isEmpty {
        lines.append(
          "  native: "
            + service.nativePackages.map {
              "\($0.name) [\($0.libc.map(\.rawValue).joined(separator: " "))]"
            }
            .joined(separator: ", "))
      }
      lines += service.mcp.map {
        "  mcp: \($0.entrypoint) \($0.state.rawValue) \($0.transport.rawValue) \($0.path ?? "-")  < \($0.source)"
      }
      lines += service.workers.map { "  worker: \($0.command)  < \($0.source)" }
      if !service.assetFolders.isEmpty {
        lines.append("  assets: " + service.assetFolders.joined(separator: " "))
      }
      let packages = service.systemPackages
      if !packages.build.isEmpty {
        lines.append("  to build: " + packages.build.joined(separator: " "))
      }
      if !packages.runtime.isEmpty {
        lines.append("  to run: " + packages.runtime.joined(separator: " "))
      }
      for variable in service.environment {
        lines.append(
          "  $\(variable.name) \(variable.scope.rawValue)\(variable.required ? " required" : "")"
            + (variable.default.map { " = \($0)" } ?? "") + "  < "
            + variable.sources.joined(separator: " "))
      }
      lines += service.findings.map(finding)
    }
    for link in analysis.links {
      lines.append(
        "\(link.from) -> \(link.to) by \(link.variable)\(link.baked ? ", baked" : "")"
          + (link.internalAddress.map { " \($0)" } ?? "") + "  < "
          + link.evidence.joined(separator: " "))
    }
    lines += analysis.findings.map(finding)
    return lines.joined(separator: "\n").replacing(project.path, with: "ROOT") + "\n"
  }

  private static func finding(_ finding: Finding) -> String {
    "  ! \(finding.id) \(finding.severity.rawValue) \(finding.message)  < \(finding.location ?? "-")"
  }
}
