import Foundation
import TestSupport
import Testing

/// Services that a package index can deliver.
enum PythonProject {
  /// A service of two dependencies, locked by one tool. What the locks say of the index is put in here.
  static func locked(by manager: String) async throws -> TemporaryFolder {
    let script = """
      from pip._internal.models.index import PyPI
      print(PyPI.simple_url, PyPI.file_storage_domain)
      """
    let words = try await Command.require("python3", ["-c", script]).split { $0.isWhitespace }.map(
      String.init)
    try #require(words.count == 2)
    let folder = try TemporaryFolder()
    let source = Repository.fixture("managers/\(manager)")
    for name in try FileManager.default.contentsOfDirectory(atPath: source) {
      let text = try String(contentsOfFile: "\(source)/\(name)", encoding: .utf8)
      try folder.write(
        text.replacingOccurrences(of: "@index@", with: words[0]).replacingOccurrences(
          of: "@files@", with: words[1]),
        to: name)
    }
    try folder.write("3.13\n", to: ".python-version")
    try folder.write("", to: "app/__init__.py")
    try folder.write(
      """
      from fastapi import FastAPI

      app = FastAPI()


      @app.get("/health")
      def health() -> dict[str, str]:
          return {"status": "ok"}

      """, to: "app/main.py")
    return folder
  }
}
