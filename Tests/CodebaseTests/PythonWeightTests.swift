import Testing

@testable import ForgeCodebase
@testable import ForgePython
@testable import ForgePythonPackages

/// What a dependency costs, said where it is written.
@Suite struct PythonWeightTests {
  private func advice(_ files: [String: String]) throws -> [String] {
    let service = try PythonProject.service(["main.py": PythonProject.app].merging(files) { $1 })
    return service.findings.filter { $0.id == "FORGE-P038" }.map { finding in
      #expect(finding.severity == .info)
      let bytes = finding.message.split(separator: "about ").last?.prefix { $0 != "m" } ?? ""
      return "\(finding.location ?? "") \(finding.message.prefix { $0 != " " }) \(bytes)"
        .trimmingSuffix
    }
  }

  @Test(arguments: [
    ("fastapi[standard]==0.121.0\n", ["requirements.txt:1 fastapi[standard] 46.8 MB"]),
    ("FastAPI[All]\nuvicorn\n", ["requirements.txt:1 fastapi[all] 46.8 MB"]),
    ("fastapi\nuvicorn[standard]\n", ["requirements.txt:2 uvicorn[standard] 23.4 MB"]),
    ("fastapi\nuvicorn\npsycopg[binary,pool]\n", ["requirements.txt:3 psycopg[binary] 6.8 MB"]),
    ("fastapi\nuvicorn\npsycopg2-binary\n", ["requirements.txt:3 psycopg2-binary 7.0 MB"]),
    ("fastapi\nuvicorn\nopencv-python\n", ["requirements.txt:3 opencv-python 254.0 MB"]),
    ("fastapi\nuvicorn\ntorch==2.9.0\n", ["requirements.txt:3 torch 1.0 GB"]),
    ("fastapi\nuvicorn\nmcp[cli]\n", ["requirements.txt:3 mcp[cli] 6.7 MB"]),
    // The lighter forms have nothing to be said about them.
    ("fastapi\nuvicorn\nuvloop\npsycopg[c]\npsycopg2\nopencv-python-headless\nmcp\n", []),
    ("fastapi\nuvicorn\ntorch==2.9.0+cpu\n", []),
    (
      "--extra-index-url https://packages.example.org/whl/cpu\nfastapi\nuvicorn\ntorch==2.9.0\n", []
    ),
  ])
  func requirements(_ text: String, _ expected: [String]) throws {
    #expect(try advice(["requirements.txt": text]) == expected)
  }

  /// The lockfile knows whether CUDA comes along.
  @Test(arguments: [true, false]) func theLockDecides(hasCUDA: Bool) throws {
    func package(_ name: String) -> String {
      "[[package]]\nname = \"\(name)\"\nversion = \"1\"\nsource = { registry = \"x\" }\n"
    }
    let dependencies = hasCUDA ? "dependencies = [{ name = \"nvidia-cudnn-cu12\" }]\n" : ""
    let lock =
      "version = 1\nrequires-python = \">=3.13\"\n" + package("fastapi") + package("uvicorn")
      + package("torch")
      + dependencies + (hasCUDA ? package("nvidia-cudnn-cu12") : "")
      + "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"
      + "dependencies = [{ name = \"fastapi\" }, { name = \"uvicorn\" }, { name = \"torch\" }]\n"
    let found = try advice([
      "uv.lock": lock,
      "pyproject.toml":
        "[project]\nname = \"a\"\nrequires-python = \">=3.13\"\ndependencies = [\n  \"fastapi\",\n  \"uvicorn\",\n  \"torch\",\n]\n",
    ])
    #expect(found == (hasCUDA ? ["pyproject.toml:7 torch 1.0 GB"] : []))
  }

  @Test func theTableSaysWhatToWrite() {
    #expect(PythonWeights.table.count >= 10)
    for entry in PythonWeights.table {
      #expect(entry.bytes >= 1_000_000, "\(entry.name): less is not worth a word")
      #expect(!entry.brings.isEmpty && !entry.instead.isEmpty && !entry.instead.hasSuffix("."))
    }
  }
}

extension String {
  fileprivate var trimmingSuffix: String { hasSuffix(" ") ? String(dropLast()) : self }
}
