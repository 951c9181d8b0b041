import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase

/// Code that was written to make an analysis slow or endless.
@Suite struct FastAPIHostileTests {
  private func analyze(_ files: [String: String]) throws -> (service: Service?, seconds: Double) {
    var files = files
    files["requirements.txt"] = PythonProject.requirements
    let start = Self.processorTime()
    let service = try PythonProject.with(files) { try $0.analyze() }
    return (service, Self.processorTime() - start)
  }

  /// Seconds that this thread has computed: what else the machine does must not count.
  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static let attacks: [String: [String: String]] = [
    "names that stand for each other": [
      "main.py": PythonProject.app
        + (0..<500).map { "a\($0) = a\(($0 + 1) % 500) + a\(($0 + 7) % 500)\n" }.joined()
        + "@app.get(a0)\ndef f(): ...\n"
    ],
    "sums that double at every step": [
      "main.py": PythonProject.app + "b0 = 'x'\n"
        + (1..<60).map {
          "b\($0) = b\($0 - 1)" + String(repeating: " + b\($0 - 1)", count: 30) + "\n"
        }.joined()
        + "@app.get(b59)\ndef f(): ...\n"
    ],
    "one name bound again and again": [
      "main.py": "from fastapi import FastAPI\n"
        + String(repeating: "app = FastAPI()\n", count: 5000)
        + String(repeating: "app.include_router(app)\n", count: 2000)
    ],
    "routers that include each other": [
      "main.py": PythonProject.app + "from fastapi import APIRouter\n"
        + (0..<40).map { "r\($0) = APIRouter(prefix='/\($0)')\n" }.joined()
        + (0..<40).flatMap { a in (0..<40).map { "r\(a).include_router(r\($0), prefix='/x')\n" } }
        .joined()
        + "app.include_router(r0)\n"
    ],
    "classes that inherit from each other": [
      "main.py": PythonProject.app
        + (0..<300).map {
          "class C\($0)(C\(($0 + 1) % 300), C\(($0 + 2) % 300), C\(($0 + 3) % 300)): x: C\($0)\n"
        }
        .joined()
    ],
    "middleware around middleware": [
      "main.py": PythonProject.app
        + (0..<60).map { "m\($0 + 1) = XMiddleware(m\($0), m\($0), app, m\($0), m\($0))\n" }
        .joined().replacing(
          "m0", with: "app")
    ],
    "models in models": [
      "main.py": PythonProject.app
        + "from pydantic import BaseModel\nfrom pydantic_settings import BaseSettings\n"
        + (0..<12).map { a in
          "class M\(a)(BaseModel):\n" + (0..<12).map { "  f\($0): M\(($0 + a) % 12)\n" }.joined()
        }.joined() + "class S(BaseSettings, env_nested_delimiter='__'):\n  m: M0\n"
    ],
    "a function of thousands of lines": [
      "main.py": PythonProject.app + "def f():\n"
        + (0..<5000).map { "  v\($0) = app.get('/\($0)')(v\($0))\n" }.joined()
    ],
    "modules that import each other": Dictionary(
      uniqueKeysWithValues: (0..<60).map {
        (
          "m\($0).py",
          "from m\(($0 + 1) % 60) import *\nfrom m\(($0 + 2) % 60) import *\nfrom fastapi import FastAPI\n"
        )
      } + [
        (
          "main.py",
          "from m0 import *\nfrom fastapi import FastAPI\napp = FastAPI()\napp.include_router(nowhere)\n"
        )
      ]
    ),
    "functions that return each other": [
      "main.py": PythonProject.app
        + (0..<200).map {
          "def f\($0)():\n  return f\(($0 + 1) % 200)()\n  return f\(($0 + 2) % 200)()\n"
        }.joined()
        + "app.mount('/x', f0())\n"
    ],
  ]

  @Test(arguments: attacks.keys.sorted()) func staysQuick(_ name: String) throws {
    let (service, seconds) = try analyze(Self.attacks[name] ?? [:])
    #expect(service?.fastapi != nil)
    // Without bounds these take from minutes to ages; the limit is generous for slow machines.
    #expect(seconds < 20, "\(seconds) s")
  }

  /// A file that is no Python is named, and the rest is still read.
  @Test func brokenFilesAreNamed() throws {
    let (service, _) = try analyze([
      "main.py": PythonProject.app, "broken.py": "x = '''\n", "two.py": "print 'x'\n",
    ])
    #expect(service?.findings.map(\.id) == ["FORGE-P040"])
    #expect(service?.findings.first?.location == "broken.py:1")
  }
}
