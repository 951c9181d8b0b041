import ForgeBasics
import ForgeFindings
import Foundation
import Testing

@testable import ForgeCodebase
@testable import ForgePython

/// A Python project written to a temporary folder for the time of one test.
struct PythonProject {
  let root: String

  /// Makes the files, runs `body`, and takes them away.
  static func with<Result>(_ files: [String: String], _ body: (PythonProject) throws -> Result)
    throws -> Result
  {
    try with(bytes: files.mapValues { Data($0.utf8) }, body)
  }

  static func with<Result>(bytes files: [String: Data], _ body: (PythonProject) throws -> Result)
    throws -> Result
  {
    let root = FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, data) in files {
      let file = root.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file)
    }
    return try body(PythonProject(root: root.path(percentEncoded: false)))
  }

  func analyze(_ folder: String = ".") throws -> Service? {
    try FastAPIAnalyzer.analyze(folder, in: ProjectTree(walking: root))
  }

  /// The service of these files.
  static func service(_ files: [String: String], folder: String = ".") throws -> Service {
    try with(files) { try #require(try $0.analyze(folder)) }
  }

  static let requirements = "fastapi==0.121.0\nuvicorn==0.38.0\n"
  static let app = "from fastapi import FastAPI\napp = FastAPI()\n"
}

extension Service {
  func has(_ id: String, _ severity: Severity? = nil) -> Bool {
    findings.contains { $0.id.rawValue == id && (severity == nil || $0.severity == severity) }
  }

  func variable(_ name: String) -> EnvironmentVariable? { environment.first { $0.name == name } }
}
