import ForgeImages
import ForgeLayers
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// Comments go out of libraries' sources, and the programs stay the same to the number of every line.
@Suite struct CommentTests {
  private func stripped(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard let file = PythonComments.strip(bytes) else { return nil }
    var new: [UInt8] = []
    for piece in file.pieces {
      switch piece {
      case .old(let range): new += bytes[Int(range.lowerBound)..<Int(range.upperBound)]
      case .new(let more): new += more
      }
    }
    return String(decoding: new, as: UTF8.self)
  }

  /// Enough that it is worth it.
  private static let long = "# " + String(repeating: "word ", count: 20)

  @Test(
    arguments: [
      ("x = 1  \(long)\ny = 2\n", "x = 1\ny = 2\n"),
      ("def f():\n    \(long)\n    return '#'  # short\n", "def f():\n\n    return '#'\n"),
      ("x = \"\"\"a\n# in a text\n\"\"\"\n\(long)", "x = \"\"\"a\n# in a text\n\"\"\"\n"),
      ("x = f'{a[\"#\"]:#x} # {b!r}'\n\(long)\n", "x = f'{a[\"#\"]:#x} # {b!r}'\n\n"),
      ("x = f\"{d[\"#\"]}\"  \(long)\n", "x = f\"{d[\"#\"]}\"\n"),
      ("x = r'\\'  # '\n\(long)\n", "x = r'\\'  # '\n\n"),
      ("x = rf'\\{a}#'\n\(long)\n", "x = rf'\\{a}#'\n\n"),
      ("x = b'\\'#'; y = '''it's # here'''\n\(long)\n", "x = b'\\'#'; y = '''it's # here'''\n\n"),
      ("x = (1,  # one\n     \(long)\n     2)\r\n", "x = (1,\n\n     2)\r\n"),
      ("x = 1 + \\\n  2  \(long)\n", "x = 1 + \\\n  2\n"),
      (
        "#!/usr/bin/python3\n# -*- coding: utf-8 -*-\n\(long)\nx = 1\n",
        "#!/usr/bin/python3\n# -*- coding: utf-8 -*-\n\nx = 1\n"
      ),
      ("x = []  # type: list[int]\n\(long)\n", "x = []  # type: list[int]\n\n"),
      (
        "# Copyright 2024 A. Writer\n#\n# All of it.\n\n\(long)\n",
        "# Copyright 2024 A. Writer\n#\n# All of it.\n\n\n"
      ),
    ] as [(String, String?)])
  func onlyCommentsGo(text: String, expected: String?) {
    #expect(stripped(text) == expected)
  }

  /// What is not surely Python as it is known here stays as it is.
  @Test(arguments: [
    "x = '\n\(long)\n", "x = (1\n\(long)\n", "x = 1)\n\(long)\n", "x = (1]\n\(long)\n",
    "{# \(long) #}\n",
    "# coding: shift_jis\n\(long)\n", "x = 1 \\\n\(long)\n", "x = 1 \\ \n\(long)\n",
    "x\0\n\(long)\n",
    "x = 1\r\(long)\r",
    "x = f'{a:{b:{c:{d:{e:{f:{g:{h:{i:{j}}}}}}}}}}'\n\(long)\n", "x = f'''{a # b\n}'''\n\(long)\n",
    "x = 1  # short\n",
    "x = 'no comment at all, and a text that is long enough to be worth a look'\n",
  ])
  func whatIsUnusualStays(text: String) {
    #expect(stripped(text) == nil)
  }

  /// Of a package's metadata the fields stay, and what may be a notice.
  @Test(
    arguments: [
      ("Metadata-Version: 2.1\nName: a\n\n\(long)\n\nmore\n", "Metadata-Version: 2.1\nName: a\n"),
      (
        "Metadata-Version: 2.1\nName: a\nLicense: x\n        y\n\n\(long)",
        "Metadata-Version: 2.1\nName: a\nLicense: x\n        y\n"
      ),
      ("Metadata-Version: 2.1\nName: a\n\n\(long) Copyright 2024", nil),
      ("Metadata-Version: 2.1\nName: a\n\nshort\n", nil),
      ("Metadata-Version: 2.1\nName: a", nil), ("\n\n\(long)", nil), ("", nil),
      ("Metadata-Version: 2.1\r\nName: a\r\n\r\n\(long)", nil),
    ] as [(String, String?)])
  func descriptionsGo(text: String, expected: String?) {
    let file = PythonComments.stripDescription(Array(text.utf8))
    #expect(file.map { $0.size } == expected.map { Int64($0.utf8.count) })
    #expect(expected.map { text.hasPrefix($0) } != false)
  }

  /// Python itself compiles both to the same code, with the same lines and columns.
  @Test func pythonCompilesTheSame() async throws {
    let folder = try TemporaryFolder()
    let library = try await Command.require(
      "python3", ["-c", "import os; print(os.path.dirname(os.__file__))"]
    )
    .trimmingCharacters(in: .whitespacesAndNewlines)
    var count = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: library).sorted()
    where name.hasSuffix(".py") {
      let text = try String(contentsOfFile: library + "/" + name, encoding: .utf8)
      guard text.utf8.count < 40_000, let new = stripped(text) else { continue }
      #expect(new.utf8.count < text.utf8.count)
      try folder.write(new, to: name)
      count += 1
    }
    #expect(count > 60)
    let script = """
      import marshal, os, sys
      for name in os.listdir(sys.argv[1]):
          old, new = (open(os.path.join(f, name), 'rb').read() for f in sys.argv[2:0:-1])
          codes = [marshal.dumps(compile(text, name, 'exec')) for text in (old, new)]
          if codes[0] != codes[1]: print(name)
      """
    #expect(try await Command.require("python3", ["-c", script, folder.path, library]) == "")
  }

  /// Bytes of any kind end, and nothing worse; what is taken is only ever comments and blanks before them.
  @Test func anyBytesAreRead() {
    var random = SeededBytes(seed: 5)
    let alphabet = Array("'\"\\{}()[]:;#\n\r \tfrb=x0_".utf8) + [0xC3, 0xA4, 0]
    for _ in 0..<2_000 {
      let text = (0..<120).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
      if let file = PythonComments.strip(text) {
        #expect(file.size <= Int64(text.count) - PythonComments.worthwhile)
      }
    }
  }

  @Test func theSetTakesThemFromLibrariesAlone() throws {
    let text = "x = 1  \(Self.long)\n"
    let standard = "usr/lib/python3.13/"
    let site = "opt/venv/lib/python3.13/site-packages/"
    let taken = [
      standard + "os.py", standard + "json/__init__.py", site + "one.py", site + "pkg/__init__.py",
      site + "pkg/a.py",
    ]
    let kept = [
      "app/main.py", site + "pkg/templates/t.py", site + "pkg/timed.py", site + "pkg/data.txt",
    ]
    let folder = try ImageFolder([
      layer { tar in
        for path in taken + kept { tar.file(path, text) }
        tar.file(site + "pkg/__pycache__/timed.cpython-313.pyc", "x")
        tar.hardlink("app/linked.py", to: site + "one.py")
      }
    ])
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options { $0.strip = [.comments] })
    #expect(Set(report.rewritten.map(\.path)) == Set(taken + ["app/linked.py"]))
    #expect(report.rewritten.allSatisfy { $0.set == "comments" && $0.after == 6 })
    #expect(
      report.passes.contains {
        $0.name == "strip:comments" && $0.saved == Int64(taken.count * (text.utf8.count - 6))
      })
    #expect(report.removed.isEmpty)
    #expect(
      try Verification.compare(folder.image, folder.folder.file("out.tar"), proof: proof).isSame)
    #expect(try !Verification.compare(folder.image, folder.folder.file("out.tar")).isSame)
    // A second run has nothing to do, to the byte.
    try folder.optimize(options { $0.strip = [.comments] }, from: "out.tar", to: "again.tar")
    #expect(try folder.bytes("again.tar") == folder.bytes("out.tar"))
  }
}
