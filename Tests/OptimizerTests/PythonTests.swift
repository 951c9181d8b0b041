import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeOptimizer

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
        "os", "collections.abc", "last", ".", ".one", ".two", ".two.three", ".two.four", "..up", "inline", "six",
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
    for broken in ["x = 'open\n", "'''open", "f(", "f'{x"] { #expect(imports(broken).isBroken, "\(broken)") }
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
            for name in ["os", "abc", "pdb", "json/__init__", "json/tool", "encodings/utf_8", "wave", "lazy"] {
              tar.file("usr/local/lib/python3.13/\(name).py", name == "os" ? "import abc, pdb\n" : "")
            }
            tar.file("opt/venv/bin/serve", "#!/opt/venv/bin/python3\nfrom server.main import run\n", mode: 0o755)
            tar.file("opt/venv/bin/tool", "#!/opt/venv/bin/python3\nfrom library.tool import run\n", mode: 0o755)
            tar.file("opt/venv/bin/other", "#!/opt/venv/bin/python3\nfrom unused import run\n", mode: 0o755)
            tar.file("app/main.py", "import library\nlibrary.load('plugins.one')\n")
            tar.file(site + "server/__init__.py", "")
            tar.file(site + "server/main.py", "from . import protocols\n")
            tar.file(site + "server/protocols/__init__.py", "__import__(f'server.protocols.{name}')\n")
            tar.file(site + "server/protocols/http.py", "def f():\n  import lazy\n")
            tar.file(site + "server/forgotten.py", "")
            tar.file(site + "server/template.html", "data")
            tar.file(site + "library/__init__.py", "group = entry_points(group='library_plugins')\n")
            tar.file(site + "library/tool.py", "from library import helper\n")
            tar.file(site + "library/helper.py", "")
            tar.file(site + "library/fast.cpython-313-x86_64-linux-gnu.so", "x")
            tar.file(site + "library-1.dist-info/RECORD", "library/__init__.py,,\n")
            tar.file(site + "plugins/__init__.py", "")
            tar.file(site + "plugins/one.py", "import native.ext\n")
            tar.file(site + "plugins/two.py", "")
            tar.file(site + "native/__init__.py", "")
            tar.file(site + "native/ext.cpython-313-x86_64-linux-gnu.so", "..\u{1}PyImportnative.hiddenmore\u{1}")
            tar.file(site + "native/hidden.py", "")
            tar.file(site + "native/libdata.so", "")
            tar.file(site + "offered/__init__.py", "")
            tar.file(site + "offered-1.dist-info/entry_points.txt", "[library_plugins]\nx = offered:Plugin\n")
            tar.file(site + "unused/__init__.py", "import wave\n")
            tar.file(site + "unused/data.bin", "x")
            tar.file(site + "unused-1.dist-info/RECORD", "unused/__init__.py,,\nunused-1.dist-info/METADATA,,\n")
            tar.file(site + "unused.libs/libx.so", "x")
          }
        ], config: config))
    try folder.optimize(options { $0.minimize = true }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let files = Set(listing.records.filter { $0.kind != .directory }.map { String(decoding: $0.path, as: UTF8.self) })
    let before = Set(
      RootListing(try folder.read()).records.filter { $0.kind != .directory }.map {
        String(decoding: $0.path, as: UTF8.self)
      })
    #expect(
      before.subtracting(files) == [
        "usr/local/lib/python3.13/pdb.py", "usr/local/lib/python3.13/json/tool.py", "usr/local/lib/python3.13/wave.py",
        site + "server/forgotten.py", site + "library/fast.cpython-313-x86_64-linux-gnu.so", site + "plugins/two.py",
        site + "unused/__init__.py", site + "unused/data.bin", site + "unused-1.dist-info/RECORD",
        site + "unused.libs/libx.so",
      ])
    // What was asked for stays.
    let keeping = options {
      ($0.minimize, $0.keepPaths) = (
        true, ["opt/venv/lib/python3.13/site-packages/unused", "/usr/local/lib/python3.13/pdb.py"]
      )
    }
    try folder.optimize(keeping, to: "kept.tar")
    let kept = RootListing(try ReadImage(ImageStore.open(folder.folder.file("kept.tar"))))
    let names = Set(kept.records.map { String(decoding: $0.path, as: UTF8.self) })
    #expect(names.isSuperset(of: [site + "unused/data.bin", "usr/local/lib/python3.13/pdb.py"]))
  }
}
