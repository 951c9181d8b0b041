import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What `dpkg --verify` and `importlib.metadata` miss of a result that was unpacked, the bill of materials names.
@Suite struct DatabaseTests {
  /// Makes a root filesystem with honest databases of dpkg and Python around the library `one.so`, as a tar.
  private static let make = #"""
    import base64, hashlib, io, sys, tarfile
    library, site = open("one.so", "rb").read(), "usr/local/lib/python3.13/site-packages/"
    tree, status = {}, ""
    def put(path, data, mode=0o644): tree[path] = (data.encode() if isinstance(data, str) else data, mode)
    def debian(name, files):
        global status
        status += f"Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nMaintainer: x\nDescription: x\n\n"
        lists, sums = ["/."], ""
        for path, data in files.items():
            parts = path.split("/")
            lists += ["/" + "/".join(parts[:n]) for n in range(1, len(parts))] + ["/" + path]
            tree[path] = data if data is None or isinstance(data, tuple) else (data, 0o644)
            if isinstance(data, bytes): sums += hashlib.md5(data).hexdigest() + "  " + path + "\n"
        put(f"var/lib/dpkg/info/{name}.list", "\n".join(dict.fromkeys(lists)) + "\n")
        put(f"var/lib/dpkg/info/{name}.md5sums", sums)
    def python(name, files, requires=()):
        info = f"{name}-1.dist-info/"
        files[info + "METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n" + "".join(
            f"Requires-Dist: {r}\n" for r in requires) + "\n" + "What it is for. " * 20 + "\n"
        record = info + "RECORD,,\n"
        for path, data in files.items():
            put(site + path, data)
            data = tree[site + path][0]
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(data)}\n"
        put(site + info + "RECORD", record)
    debian("libone", {"usr/lib/libone.so.1": library, "usr/lib/libone.so": ("libone.so.1",),
        "usr/lib/libone.a": b"archive", "usr/include/one.h": b"int one;", "usr/share/doc/libone/copyright": b"free",
        "usr/share/doc/libone/README": b"read", "usr/share/doc/one": ("libone",), "usr/share/man/man1/one.1": b"page",
        "usr/share/locale/de/LC_MESSAGES/one.mo": b"eins"})
    debian("apt", {"usr/bin/apt": b"#!/bin/sh\n", "var/cache/apt/archives/partial": None, "var/cache/apt/archives/x.deb": b"x"})
    debian("pages", {"usr/share/man/man2/two.2": b"pages"})
    put("var/lib/dpkg/status", status)
    comment = "# " + "word " * 30 + "\n"
    put("usr/local/lib/python3.13/os.py", "")
    put("usr/local/bin/python3.13", "python", 0o755)
    python("used", {"used/__init__.py": comment + "x = 1\n", "used/other.py": "", "used/tests/t.py": "x = 2\n",
        "used/one.cpython-313-x86_64-linux-gnu.so": library, "used/__pycache__/other.cpython-313.pyc": "compiled",
        "../../../bin/used": "#!/usr/local/bin/python3.13\nimport used\n"}, ["unused", "pip"])
    python("unused", {"unused.py": "", "../../../bin/unused": "#!/usr/local/bin/python3.13\nfrom unused import main\n"})
    python("pip", {"pip/__init__.py": ""})
    python("wheel", {"wheel/__init__.py": ""})
    put("app/main.py", "import used\n")
    with tarfile.open("layer.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        made = set()
        for path, data in sorted(tree.items()):
            import posixpath
            path = posixpath.normpath(path)
            parts = path.split("/")
            for n in range(1, len(parts) + (data is None)):
                folder = tarfile.TarInfo("/".join(parts[:n]))
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                if folder.name not in made: tar.addfile(folder)
                made.add(folder.name)
            if data is None: continue
            info = tarfile.TarInfo(path)
            if len(data) == 1: info.type, info.linkname, info.mode = tarfile.SYMTYPE, data[0], 0o777
            else: info.size, info.mode = len(data[0]), data[1]
            tar.addfile(info, None if len(data) == 1 else io.BytesIO(data[0]))
    """#

  /// Prints what the databases of an unpacked layout say that does not hold: package, what is wrong, path or name.
  private static let witness = #"""
    import base64, hashlib, os, re, subprocess, sys
    from importlib import metadata
    layout = sys.argv[1]
    root = layout + ".bundle/rootfs"
    done = subprocess.run(["umoci", "unpack", "--rootless", "--image", layout + ":test", layout + ".bundle"], capture_output=True)
    if done.returncode: sys.exit(done.stderr.decode())
    def dpkg(*words):
        done = subprocess.run(["dpkg", "--root=" + root, *words], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        return done.stdout + done.stderr
    for name in re.findall("^ii +([^ :]+)", dpkg("--list"), re.M):
        print(name, "installed", "deb")
        for line in dpkg("--verify", name).splitlines():
            if "files list file" in line: wrong, path = "missing", f"var/lib/dpkg/info/{name}.list"
            else: wrong, path = ("missing" if line.startswith("missing") else "changed"), line[line.index(" /") + 2:].split(" (")[0]
            print(name, wrong, path)
    site = root + "/usr/local/lib/python3.13/site-packages"
    found = {d.name: d for d in metadata.distributions(path=[site])}
    for name, distribution in found.items():
        print(name, "installed", "python")
        for file in distribution.files:
            path = os.path.normpath(os.path.join(site, file))
            if not os.path.lexists(path): print(name, "missing", os.path.relpath(path, root))
            elif file.hash:
                data = open(path, "rb").read()
                digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest()).rstrip(b"=").decode()
                if digest != file.hash.value or len(data) != file.size: print(name, "changed", os.path.relpath(path, root))
        for other in distribution.requires or []:
            if other not in found: print(name, "requires", other)
    """#

  private func folder() async throws -> ImageFolder {
    let work = try TemporaryFolder()
    let many = (0..<300).map {
      "static int f\($0)(int x) { return x ^ \($0); }\nint (*p\($0))(int) = f\($0);\n"
    }
    try work.write(many.joined(), to: "one.c")
    try await Command.require(
      "clang", ["-g", "-O1", "-shared", "-fPIC", "-o", "one.so", "one.c"], in: work.path)
    try await Command.require("python3", ["-c", Self.make], in: work.path)
    let layer = [UInt8](try Data(contentsOf: URL(fileURLWithPath: work.file("layer.tar"))))
    let config = TestConfig(
      entrypoint: ["/usr/local/bin/python3.13", "/app/main.py"],
      environment: ["PATH=/usr/local/bin:/usr/bin"],
      workingDirectory: "/app")
    return try ImageFolder(
      TestImage(layers: [layer], config: config, references: ["test"]), oci: .gzip)
  }

  private struct Word: Hashable, CustomStringConvertible {
    var package: String
    var wrong: String
    var what: String
    var description: String { "\(package) \(wrong) \(what)" }
  }

  private func ask(_ layout: String) async throws -> Set<Word> {
    let output = try await Command.require("python3", ["-c", Self.witness, layout])
    return Set(
      try output.split(separator: "\n").map { line in
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        try #require(words.count == 3, "\(line)")
        return Word(package: words[0], wrong: words[1], what: words[2])
      })
  }

  @Test func theBillNamesWhatDatabasesMiss() async throws {
    let folder = try await folder()
    var rounds: [(name: String, options: OptimizationOptions)] = StripSet.allCases.map { set in
      (set.rawValue, options { $0.strip = [set] })
    }
    rounds.append(("all", options { $0.strip = StripSet.allCases }))
    rounds.append(("minimize", options { $0.minimize = true }))
    rounds.append(("nothing", options()))
    var before: Set<Word>?
    for (name, options) in rounds.reversed() {
      var options = options
      options.form = .ociLayout
      let made = try Optimizer.prove(folder.image, to: folder.folder.file(name), options)
      try made.commit()
      let bill = try #require(made.bill)
      let after = try await ask(folder.folder.file(name))
      guard let before else {
        // Honest from the start.
        #expect(after.allSatisfy { $0.wrong == "installed" } && after.count == 7, "\(after)")
        before = after
        continue
      }
      var told: Set<Word> = []
      for component in bill.components {
        for property in component.properties {
          let wrong = ["forge:removed": "missing", "forge:rewritten": "changed"][property.name]
          if let wrong {
            told.insert(Word(package: component.name, wrong: wrong, what: property.value))
          }
        }
      }
      let excluded = Set(bill.components.filter { $0.scope == "excluded" }.map(\.name))
      for word in after where word.wrong == "missing" || word.wrong == "changed" {
        #expect(told.contains(word), "\(name): \(word)")
      }
      for word in after where word.wrong == "requires" {
        #expect(excluded.contains(word.what), "\(name): \(word)")
      }
      for word in before.subtracting(after) {
        #expect(excluded.contains(word.package), "\(name): \(word)")
      }
      #expect((after == before) == ["typings", "npm"].contains(name), "\(name)")
      // And nothing else is said to be gone.
      let root = folder.folder.file("\(name).bundle/rootfs/")
      for word in told {
        let isThere = (try? FileManager.default.attributesOfItem(atPath: root + word.what)) != nil
        #expect(isThere == (word.wrong == "changed"), "\(name): \(word)")
      }
      if name == "minimize" {
        #expect(excluded.isSuperset(of: ["apt", "pages", "pip", "unused", "wheel"]))
        #expect(
          made.report.notices.contains {
            $0.contains("dpkg's status stays") && $0.contains("--sbom")
          })
      }
    }
  }
}
