import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What Python sources can reach.
@Suite struct PythonTests {
  private func imports(_ text: String) -> PythonImports { PythonImports(Array(text.utf8)) }

  @Test func importStatementsAreFoundWhereverTheyStand() {
    let found = imports(
      #"""
      """Not: import inside.a.string"""
      import os, collections.abc as abc ; import last
      from . import one
      from .two import (three, # import comment
          four as five,
      )
      from ..up import *
      if True: import inline
      def f():
          try:
              from six import seven
          except ImportError: from eight import nine
          raise X from error
          yield from generator
      x = {"import": 1, 'a': f'{f' {x!r:>{width}} \n' if y else ''} import no'}
      y = not_import; important = 3
      from long.name \
        import thing
      if TYPE_CHECKING:
          import never
          from nowhere import (
      nothing)
      else:
          import always
      import end
      """#)
    #expect(!found.isBroken && !found.isDynamic)
    #expect(
      found.modules == [
        "os", "collections.abc", "last", ".", ".one", ".two", ".two.three", ".two.four", "..up",
        "inline", "six",
        "six.seven", "eight", "eight.nine", "long.name", "long.name.thing", "always", "end",
      ])
  }

  @Test func namesInStringsAreFound() {
    let found = imports(
      #"""
      load("uvicorn.loops.auto:setup"); load('.relative'); load("no name"); load(b"bytes.name")
      module = import_module(f"anyio._backends._{name}")
      other = __import__("sqlalchemy.dialects.%s" % name)
      third = import_module("package." + name)
      fixed = import_module(
          "plain")
      """#)
    #expect(found.names == ["uvicorn.loops.auto", ".relative", "bytes.name", "plain"])
    #expect(found.openPackages == ["anyio._backends", "sqlalchemy.dialects", "package"])
    #expect(found.isDynamic)
    #expect(!imports("import_module('a')\n").isDynamic)
    for argument in ["'.' + name, __name__", "'a%s' % name", "'a{}'.format(name)"] {
      #expect(imports("import_module(\(argument))\n").isDynamic)
    }
    #expect(imports("from importlib import import_module as load\n").isDynamic)
    for broken in ["x = 'open\n", "'''open", "f(", "f'{x"] {
      #expect(imports(broken).isBroken, "\(broken)")
    }
  }

  @Test func whatNeverRunsIsLeftOut() {
    let text = #"""
      import os
      if sys.platform == "win32":
          import windows
      elif sys.platform == 'darwin':
          import mac
      else:
          import linux
      async def f():
          import later
          import os
      x = 1; import_module("called")
      class A:
          def g(self): from lazily import thing
          import now
      if __name__ == "__main__":
          import program
      """#
    let found = PythonImports(Array(text.utf8), isLibrary: true)
    #expect(found.modules == ["os", "linux", "later", "lazily", "lazily.thing", "now"])
    #expect(found.lazyModules == ["later", "lazily", "lazily.thing"])
    #expect(found.called == ["called"])
    #expect(imports(text).modules.contains("program"))
  }

  @Test func rareModulesHaveRules() throws {
    #expect(
      PythonModuleTable.shared.rareModule("sqlalchemy.dialects.mysql.base")?.module
        == "sqlalchemy.dialects.mysql"
    )
    #expect(PythonModuleTable.shared.rareModule("sqlalchemy.dialects.postgresql") == nil)
    #expect(PythonModuleTable.shared.rareModule("encodings.gbk")?.words.contains("GB18030") == true)
    #expect(
      PythonModuleTable.shared.rareModule("encodings.cp850")?.words.isSuperset(of: [
        "cp850", "IBM850",
      ])
        == true)
    // What the web writes in stays (Encoding Standard, section 4.2).
    for name in [
      "utf_8", "latin_1", "iso8859_15", "cp1252", "cp866", "koi8_r", "mac_roman", "mac_cyrillic",
      "idna",
    ] {
      #expect(PythonModuleTable.shared.rareModule("encodings." + name) == nil)
    }
  }

  /// A module that libraries name for uses that few programs make: it stays where it is used.
  private func names(_ sources: [String: String]) throws -> Set<String> {
    let (site, standard) = ("usr/local/lib/python3.13/site-packages/", "usr/local/lib/python3.13/")
    let config = TestConfig(
      entrypoint: ["python3.13", "/app/main.py"], environment: ["PATH=/usr/local/bin"])
    var files = [
      standard + "os.py": "import shutil, heapq, datetime",
      standard + "shutil.py": "def make():\n  import tarfile\n",
      standard + "tarfile.py": "",
      standard + "heapq.py": "if __name__ == '__main__':\n    import doctest\n",
      standard + "doctest.py": "import pdb", standard + "pdb.py": "",
      standard + "datetime.py":
        "try:\n  from _datetime import *\nexcept ImportError:\n  from _pydatetime import *\n",
      standard + "_pydatetime.py": "", standard + "encodings/__init__.py": "",
      standard + "encodings/gbk.py": "",
      standard + "encodings/utf_8.py": "", standard + "encodings/cp850.py": "",
      standard + "encodings/idna.py": "import stringprep", standard + "stringprep.py": "",
      site + "sqlalchemy/__init__.py": "x = 'sqlalchemy.dialects.%s'",
      site + "sqlalchemy/dialects/__init__.py": "",
      site + "sqlalchemy/dialects/mysql/__init__.py": "",
      site + "sqlalchemy/dialects/sqlite/__init__.py": "",
    ]
    files.merge(sources) { $1 }
    let image = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.add(
              "usr/local/bin/python3.13",
              data: [0x7F, 0x45, 0x4C, 0x46] + Array("x\0PyInit__datetime\0".utf8),
              mode: 0o755)
            for (path, text) in files.sorted(by: { $0.key < $1.key }) { tar.file(path, text) }
          }
        ], config: config))
    let report = try image.optimize(options { $0.minimize = true }, to: "out.tar")
    #expect(report.notices.contains { $0.contains("Python modules are reached") })
    let listing = RootListing(try ReadImage(ImageStore.open(image.folder.file("out.tar"))))
    return Set(
      listing.filter { $0.kind == .regular }.compactMap {
        $0.path.split(separator: UInt8(ascii: "/")).dropFirst(4).map {
          String(decoding: $0, as: UTF8.self)
        }
        .joined(separator: "/")
      })
  }

  @Test func rareModulesStayWhereTheyAreUsed() throws {
    let rare: Set = [
      "tarfile.py", "doctest.py", "pdb.py", "_pydatetime.py", "encodings/gbk.py",
      "encodings/cp850.py",
      "site-packages/sqlalchemy/dialects/mysql/__init__.py",
    ]
    #expect(try names(["app/main.py": "import sqlalchemy"]).isDisjoint(with: rare))
    let left = try names(["app/main.py": "import sqlalchemy"])
    #expect(
      left.isSuperset(of: [
        "datetime.py", "heapq.py", "encodings/utf_8.py",
        "site-packages/sqlalchemy/dialects/sqlite/__init__.py",
      ]))
    let used = try names([
      "app/main.py":
        "import sqlalchemy, doctest\nshutil.make_archive('x')\ntext.encode('GB18030')\nopen(f, encoding='cp850')",
      "usr/local/lib/python3.13/site-packages/pymysql/__init__.py": "",
    ])
    #expect(rare.subtracting(used) == ["_pydatetime.py"])
  }

  /// What only a client of MCP needs goes where the application serves, and stays where it is a client.
  @Test(arguments: [
    ("from mcp.server import Server", false),
    ("from mcp.server import Server\nimport referencing", true),
    ("from mcp import ClientSession", true), ("import mcp\nmcp.Client", true),
    ("import mcp.client.session", true),
    ("from plugin import x", true),
  ])
  func clientsKeepWhatClientsNeed(main: String, keeps: Bool) throws {
    let site = "usr/local/lib/python3.13/site-packages/"
    let names = try names([
      "app/main.py": main, site + "mcp/__init__.py": "from .client.session import ClientSession\n",
      site + "mcp/server.py": "", site + "mcp/client/__init__.py": "",
      site + "mcp/client/session.py":
        "def call():\n    from referencing.exceptions import Unresolvable\n",
      site + "referencing/__init__.py": "", site + "referencing/exceptions.py": "",
      site + "plugin.py": "from mcp.client.session import ClientSession\n",
      site + "other.py": "",
    ])
    #expect(
      names.contains("site-packages/mcp/client/session.py")
        == (main != "from plugin import x" || keeps))
    #expect(names.contains("site-packages/referencing/__init__.py") == keeps)
    #expect(
      names.contains("site-packages/referencing/exceptions.py")
        == (keeps && !main.contains("import referencing")))
  }

  /// What cannot be told is said, and what was asked for stays with what it imports.
  @Test func computedImportsAreTold() throws {
    let site = "usr/local/lib/python3.13/site-packages/"
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.add("usr/local/bin/python3.13", data: [0x7F, 0x45, 0x4C, 0x46], mode: 0o755)
            tar.file("usr/local/lib/python3.13/os.py", "__import__(name)\n")
            tar.file(
              "app/main.py",
              "import lib\nimport importlib\nimportlib.import_module(settings.plugin)\n")
            tar.file(site + "lib.py", "def load(x):\n    return import_module(x)\n")
            tar.file(site + "plain.py", "import_module('os')\n")
            tar.file(site + "plugins/__init__.py", "")
            tar.file(site + "plugins/one.py", "import helper\n")
            tar.file(site + "helper.py", "")
            tar.file(site + "lone.py", "import helper\n")
          }
        ],
        config: TestConfig(
          entrypoint: ["python3.13", "/app/main.py"], environment: ["PATH=/usr/local/bin"])))
    func files(_ keep: [String], _ name: String) throws -> (Set<String>, OptimizationReport) {
      let report = try folder.optimize(
        options { ($0.minimize, $0.keepPaths) = (true, keep) }, to: name)
      let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file(name))))
      let paths = listing.map { String(decoding: $0.path, as: UTF8.self) }.filter {
        $0.hasPrefix(site)
      }
      return (
        Set(paths.map { String($0.dropFirst(site.count)) }.filter { $0.hasSuffix(".py") }), report
      )
    }
    let (without, report) = try files([], "a.tar")
    #expect(without == ["lib.py"])
    let notice = try #require(report.notices.first { $0.contains("only known at run time") })
    #expect(notice.hasSuffix(": app/main.py, lib"))
    #expect(
      try files(["plugins"], "b.tar").0 == [
        "lib.py", "plugins/__init__.py", "plugins/one.py", "helper.py",
      ])
    #expect(try files(["/\(site)lone.py"], "c.tar").0 == ["lib.py", "lone.py", "helper.py"])
    for unknown in ["no.such.module", "/no/such/path", "no-module"] {
      #expect(throws: MinimizerError.self) { try files([unknown], "d.tar") }
    }
  }

  /// Bytes of any kind end, and nothing worse.
  @Test func anyBytesAreRead() {
    var random = SeededBytes(seed: 4)
    let alphabet = Array("'\"\\{}()[]:;#\n\r \tfrbimport from as.,%x0_".utf8) + [0xC3, 0xA4, 0]
    for _ in 0..<3_000 {
      let text = (0..<60).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
      _ = PythonImports(text)
    }
  }

  /// What the standard library does without goes, though it imports it at once, unless a source speaks of a use.
  @Test(arguments: [
    ("import zipper", false), ("import bz2", true), ("import zipfile", true), ("x = 'bz2'", true),
    ("import shutil; shutil.unpack_archive", true),
  ])
  func compressionStaysWhereItIsUsed(main: String, stays: Bool) throws {
    let library = "usr/local/lib/python3.13/"
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.file("usr/local/bin/python3.13", "binary", mode: 0o755)
            for name in ["os", "_compression", "encodings/__init__", "encodings/utf_8"] {
              tar.file("\(library)\(name).py", "")
            }
            for name in ["zipfile", "shutil", "encodings/bz2_codec"] {
              tar.file(
                "\(library)\(name).py", "try:\n  import bz2\nexcept ImportError: bz2 = None\n")
            }
            tar.file(library + "bz2.py", "from _bz2 import BZ2Compressor\n")
            tar.file(library + "lib-dynload/_bz2.cpython-313-x86_64-linux-gnu.so", "x")
            tar.file("opt/venv/lib/python3.13/site-packages/zipper.py", "import shutil\n")
            tar.file("app/main.py", "import zipper\n" + main)
          }
        ],
        config: TestConfig(
          entrypoint: ["/usr/local/bin/python3.13", "/app/main.py"], workingDirectory: "/app")))
    try folder.optimize(options { $0.minimize = true }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let paths = Set(listing.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(paths.contains(library + "shutil.py"))
    #expect(paths.contains(library + "bz2.py") == stays)
    #expect(paths.contains(library + "lib-dynload/_bz2.cpython-313-x86_64-linux-gnu.so") == stays)
  }

  /// Strings in fields of strings, as deep as a file is long: both readers end, and trust nothing of it.
  @Test(arguments: ["f\"{", "f'{", "f'''{x:{", "rf'{(", "f'{f\"{a:"])
  func stringsInStringsEnd(text: String) {
    let bytes = Array(("import os\n" + String(repeating: text, count: 100_000)).utf8)
    let found = PythonImports(bytes)
    #expect(found.isBroken && found.modules == ["os"])
    #expect(
      PythonComments.strip(bytes + Array("\n# \(String(repeating: "word ", count: 20))\n".utf8))
        == nil)
  }

  /// A backslash before a field, words that are no prefixes, and lines of old systems.
  @Test func whatOnlyLooksLikeAString() {
    let found = imports(
      "x = rf'\\{__import__(name)}'\nimport a\ny = 1 if'{'else 2; import b\r\nimport c\rimport d\r")
    #expect(!found.isBroken && found.isDynamic)
    #expect(found.modules == ["a", "b", "c", "d"])
  }

  /// An application, its libraries and a standard library: what is reached stays, in whichever way it is named.
  @Test func onlyReachedModulesStay() throws {
    let site = "opt/venv/lib/python3.13/site-packages/"
    let config = TestConfig(
      entrypoint: ["serve", "app.main:app"], environment: ["PATH=/opt/venv/bin:/usr/local/bin"],
      workingDirectory: "/app")
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.file("usr/local/bin/python3.13", "binary", mode: 0o755)
            tar.symlink("opt/venv/bin/python3", to: "/usr/local/bin/python3.13")
            for name in [
              "os", "abc", "pdb", "json/__init__", "json/tool", "encodings/utf_8", "wave", "lazy",
            ] {
              tar.file(
                "usr/local/lib/python3.13/\(name).py",
                name == "os" ? "import abc\ndef f():\n  import pdb\n" : "")
            }
            tar.file(
              "opt/venv/bin/serve", "#!/opt/venv/bin/python3\nfrom server.main import run\n",
              mode: 0o755)
            tar.file(
              "opt/venv/bin/tool", "#!/opt/venv/bin/python3\nfrom library.tool import run\n",
              mode: 0o755)
            tar.file(
              "opt/venv/bin/other", "#!/opt/venv/bin/python3\nfrom unused import run\n", mode: 0o755
            )
            tar.file("app/main.py", "import library\nlibrary.load('plugins.one')\n")
            tar.file(site + "server/__init__.py", "")
            tar.file(site + "server/main.py", "from . import protocols\n")
            tar.file(
              site + "server/protocols/__init__.py", "__import__(f'server.protocols.{name}')\n")
            tar.file(site + "server/protocols/http.py", "def f():\n  import lazy\n")
            tar.file(site + "server/forgotten.py", "")
            tar.file(site + "server/template.html", "data")
            tar.file(
              site + "library/__init__.py", "group = entry_points(group='library_plugins')\n")
            tar.file(site + "library/tool.py", "from library import helper\n")
            tar.file(site + "library/helper.py", "")
            tar.file(site + "library/fast.cpython-313-x86_64-linux-gnu.so", "x")
            tar.file(site + "library-1.dist-info/RECORD", "library/__init__.py,,\n")
            tar.file(site + "plugins/__init__.py", "")
            tar.file(site + "plugins/one.py", "import native.ext\n")
            tar.file(site + "plugins/two.py", "")
            tar.file(site + "native/__init__.py", "")
            tar.file(
              site + "native/ext.cpython-313-x86_64-linux-gnu.so",
              "..\u{1}PyImportnative.hiddenmore\u{1}")
            tar.file(site + "native/hidden.py", "")
            tar.file(site + "native/libdata.so", "")
            tar.file(site + "offered/__init__.py", "")
            tar.file(
              site + "offered-1.dist-info/entry_points.txt",
              "[library_plugins]\nx = offered:Plugin\n")
            tar.file(site + "unused/__init__.py", "import wave\n")
            tar.file(site + "unused/data.bin", "x")
            tar.file(
              site + "unused-1.dist-info/RECORD",
              "unused/__init__.py,,\nunused-1.dist-info/METADATA,,\n")
            tar.file(site + "unused.libs/libx.so", "x")
          }
        ], config: config))
    try folder.optimize(options { $0.minimize = true }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let files = Set(
      listing.filter { $0.kind != .directory }.map { String(decoding: $0.path, as: UTF8.self) })
    let before = Set(
      RootListing(try folder.read()).filter { $0.kind != .directory }.map {
        String(decoding: $0.path, as: UTF8.self)
      })
    #expect(
      before.subtracting(files) == [
        "usr/local/lib/python3.13/pdb.py", "usr/local/lib/python3.13/json/tool.py",
        "usr/local/lib/python3.13/wave.py",
        site + "server/forgotten.py", site + "library/fast.cpython-313-x86_64-linux-gnu.so",
        site + "plugins/two.py",
        site + "unused/__init__.py", site + "unused/data.bin", site + "unused-1.dist-info/RECORD",
        site + "unused.libs/libx.so", "opt/venv/bin/other",
      ])
    // What was asked for stays.
    let keeping = options {
      ($0.minimize, $0.keepPaths) = (
        true, ["opt/venv/lib/python3.13/site-packages/unused", "/usr/local/lib/python3.13/pdb.py"]
      )
    }
    try folder.optimize(keeping, to: "kept.tar")
    let kept = RootListing(try ReadImage(ImageStore.open(folder.folder.file("kept.tar"))))
    let names = Set(kept.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(names.isSuperset(of: [site + "unused/data.bin", "usr/local/lib/python3.13/pdb.py"]))
  }
}
