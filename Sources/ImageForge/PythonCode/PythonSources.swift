import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax
import Foundation

/// Finds and reads the Python files of a service.
package enum PythonSources {
  private static let maximumFiles = 20_000
  /// Bytes of all files together.
  private static let maximumBytes = 64 << 20

  /// Up to so many files are read whatever is in them.
  private static let fewFiles = 500

  /// In a large project, a file that holds none of these is taken to bind nothing that the analysis asks for.
  private static let words = [
    "fastapi", "FastAPI", "APIRouter", "environ", "getenv", "Settings", "uvicorn", "MCP", "mcp",
    "create_app",
    "hypercorn", "granian", "decouple", "environs",
  ].map { Array($0.utf8) }

  /// Folders whose applications are not the service.
  private static let sideFolders: Set<Substring> = [
    "test", "tests", "testing", "example", "examples", "docs", "doc", "docs_src", "samples",
    "benchmarks", "scripts",
  ]

  /// Whether a path, relative to the service, is test or example code.
  package static func isAside(_ path: String, in folder: String) -> Bool {
    let relative = folder == "." ? path[...] : path.dropFirst(folder.count + 1)
    let parts = relative.split(separator: "/")
    guard let name = parts.last else { return false }
    return parts.dropLast().contains(where: sideFolders.contains) || name.hasPrefix("test_")
      || name.hasSuffix("_test.py") || name == "conftest.py"
  }

  /// The files below `folder`, without those of projects of their own, and what could not be read.
  package static func read(_ folder: String, in tree: ProjectTree) -> (PythonIndex, [Finding]) {
    var findings: [Finding] = []
    var files: [PythonFile] = []
    var budget = maximumBytes
    let own = paths(folder, in: tree)
    for path in own.prefix(maximumFiles) {
      let bytes: [UInt8]
      do throws(AnalysisError) {
        guard let found = try tree.bytes(path, limit: ProjectTree.maximumSourceSize),
          found.count <= budget
        else {
          continue
        }
        bytes = found
      } catch {
        guard !isAside(path, in: folder), findings.count < 100 else { continue }
        findings.append(error.passedOver(path, id: "FORGE-P042", "what it declares"))
        continue
      }
      budget -= bytes.count
      guard
        own.count <= fewFiles || path.hasSuffix("__init__.py")
          || words.contains(where: { holds(bytes, $0) })
      else {
        continue
      }
      do throws(SyntaxError) {
        let module = try PythonModule.parse(SourceText(name: path, bytes: bytes))
        files.append(PythonFile(path: path, module: module))
      } catch {
        guard !isAside(path, in: folder) else { continue }
        findings.append(
          Finding(
            id: "FORGE-P040", severity: .warning,
            message:
              "the Python file cannot be read: \(error.reason); what it declares is not known",
            at: error.place, fix: "check the file with `python -m py_compile`"))
      }
    }
    if own.count > maximumFiles || budget <= 0 {
      findings.append(
        Finding(
          id: "FORGE-P041", severity: .warning,
          message: "only the first \(files.count) Python files were read",
          at: .source(file: folder),
          fix: "analyse the folder of the service itself"))
    }
    let package = OwnPackage.name(of: folder, files, Set(own), in: tree)
    return (
      PythonIndex(folder: folder, files: files, allPaths: Set(own), package: package), findings
    )
  }

  private static func holds(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { text in
      guard let base = text.baseAddress, let first = word.first else { return false }
      var at = 0
      while at + word.count <= text.count,
        let found = memchr(base + at, Int32(first), text.count - word.count + 1 - at)
      {
        at = found - UnsafeMutableRawPointer(mutating: base)
        if memcmp(found, word, word.count) == 0 { return true }
        at += 1
      }
      return false
    }
  }

  private static let manifests = ["pyproject.toml", "requirements.txt", "Pipfile", "setup.py"]

  /// Whether manifests make a folder a project: a `setup.py` alone does so only when it calls a build tool's `setup`,
  /// since modules of applications bear that name too.
  package static func isProject(_ folder: String, in tree: ProjectTree, among names: [String])
    -> Bool
  {
    guard names == ["setup.py"] else { return !names.isEmpty }
    guard
      let bytes = try? tree.bytes(
        ProjectTree.join(folder, "setup.py"), limit: ProjectTree.maximumSourceSize)
    else {
      return false
    }
    return ["setuptools", "distutils", "skbuild"].contains { holds(bytes, Array($0.utf8)) }
  }

  private static func paths(_ folder: String, in tree: ProjectTree) -> [String] {
    // Whether a folder belongs to a project of its own.
    var isNested: [String: Bool] = [folder: false]
    func belongsElsewhere(_ below: String) -> Bool {
      if let known = isNested[below] { return known }
      let names = manifests.filter { tree.hasFile(ProjectTree.join(below, $0)) }
      let answer =
        isProject(below, in: tree, among: names) || belongsElsewhere(ProjectTree.parent(below))
      isNested[below] = answer
      return answer
    }
    return tree.files(below: folder).filter { path in
      path.hasSuffix(".py") && !belongsElsewhere(ProjectTree.parent(path))
    }
  }
}
