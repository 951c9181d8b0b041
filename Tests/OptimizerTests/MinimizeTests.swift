import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

@Suite struct MinimizeTests {
  /// A busybox that is linked dynamically would need libc; a made ELF file tells the same.
  private func elf(
    needed: [String], interpreter: String, runPath: String = "", tag: Int = 29, machine: Int = 62
  )
    -> [UInt8]
  {
    var strings: [UInt8] = [0]
    func add(_ text: String) -> Int {
      defer { strings += Array(text.utf8) + [0] }
      return strings.count
    }
    let names = needed.map(add)
    let run = runPath.isEmpty ? nil : add(runPath)
    let loader = add(interpreter)
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    var tags = names.map { (1, $0) } + (run.map { [(tag, $0)] } ?? [])
    let start = 64 + 3 * 56
    let dynamicSize = (tags.count + 2) * 16
    tags += [(5, start + dynamicSize), (0, 0)]
    let total = start + dynamicSize + strings.count
    func header(_ type: Int, _ offset: Int, _ size: Int) -> [UInt8] {
      little(type, 4) + little(4, 4) + little(offset, 8) + little(offset, 8) + little(offset, 8)
        + little(size, 8)
        + little(size, 8) + little(8, 8)
    }
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes +=
      little(3, 2) + little(machine, 2) + little(1, 4) + little(0, 8) + little(64, 8) + little(0, 8)
      + little(0, 4)
    bytes += little(64, 2) + little(56, 2) + little(3, 2) + little(0, 6)
    bytes +=
      header(1, 0, total) + header(2, start, dynamicSize)
      + header(3, start + dynamicSize + loader, interpreter.utf8.count + 1)
    for (tag, value) in tags { bytes += little(tag, 8) + little(value, 8) }
    return bytes + strings
  }

  @Test func readsWhatALoaderReads() throws {
    let bytes = elf(
      needed: ["libc.so.6", "libm.so.6"], interpreter: "/lib64/ld.so", runPath: "$ORIGIN/../lib:/x")
    let file = try #require(ELFFile(bytes))
    #expect(file.needed == ["libc.so.6", "libm.so.6"])
    #expect(file.interpreter == "/lib64/ld.so")
    #expect(file.searchPaths == ["$ORIGIN/../lib", "/x"])
  }

  /// Damaged in every byte and cut everywhere, it is read or refused, and nothing worse.
  @Test func damagedFilesAreHarmless() {
    let bytes = elf(needed: ["libc.so.6"], interpreter: "/lib64/ld.so", runPath: "/y")
    var read = 0
    for index in bytes.indices {
      for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] = value
        if ELFFile(damaged) != nil { read += 1 }
      }
      #expect(ELFFile(Array(bytes[..<index]))?.needed.count ?? 0 <= 1)
    }
    #expect(read > 0)
  }

  /// Offsets whose sum is no number, and a file of which only the ends are there.
  @Test func offsetsBeyondAnyFileAreHarmless() throws {
    var bytes = elf(needed: ["libc.so.6"], interpreter: "/lib64/ld.so")
    let largest = [UInt8](repeating: 0xFF, count: 7) + [0x3F]
    // Offset and size of the segment that is loaded, and where its strings stand.
    for index in [64 + 8, 64 + 32, 64 + 40, 64 + 3 * 56 + 16 + 8] {
      bytes.replaceSubrange(index..<index + 8, with: largest)
    }
    #expect(ELFFile(bytes)?.needed ?? [] == [])
    var asked: [Int] = []
    let file = try #require(
      ELFFile(read: { offset, count in
        asked.append(count)
        return Array(elf(needed: ["libc.so.6"], interpreter: "/x").dropFirst(offset).prefix(count))
      }))
    #expect(file.needed == ["libc.so.6"])
    #expect(asked.allSatisfy { $0 <= 4096 } && asked.count < 10)
  }

  /// Packages bring builds for machines that the image is not for.
  @Test func programsOfOtherMachinesAreHarmless() throws {
    func fill(_ tar: inout TarBuilder) {
      var bytes = elf(needed: [], interpreter: "")
      tar.add("usr/bin/serve", data: bytes, mode: 0o755)
      bytes[5] = 2
      tar.add("app/node_modules/x/prebuilds/linux-s390x/x.node", data: bytes)
    }
    #expect(try kept(config(["serve"]), fill).count == 2)
    var config = config(["serve"])
    config.platform = "linux/s390x"
    #expect(throws: MinimizerError.self) { try kept(config, fill) }
  }

  @Test func keepsWhatTheEntryPointReaches() throws {
    let config = TestConfig(
      entrypoint: ["serve"], environment: ["PATH=/usr/local/bin:/usr/bin"],
      volumes: ["/var/lib/data"],
      workingDirectory: "/app")
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.symlink("lib", to: "usr/lib")
            tar.folder("tmp", mode: 0o1777)
            tar.file("etc/passwd", "root:x:0:0")
            tar.symlink("etc/alternatives/awk", to: "/usr/bin/mawk")
            tar.add(
              "usr/bin/program", data: elf(needed: ["libone.so.1"], interpreter: "/lib/ld.so"),
              mode: 0o755)
            tar.file("usr/bin/mawk", "x", mode: 0o755)
            tar.file("usr/bin/perl", "x", mode: 0o755)
            tar.add(
              "usr/lib/libone.so.1.2",
              data: elf(needed: ["libtwo.so"], interpreter: "", runPath: "$ORIGIN/private"))
            tar.symlink("usr/lib/libone.so.1", to: "libone.so.1.2")
            tar.add("usr/lib/private/libtwo.so", data: elf(needed: [], interpreter: ""))
            tar.file("usr/lib/ld.so", "loader", mode: 0o755)
            tar.file("usr/lib/libunused.so", "x")
            tar.file("usr/share/doc/x", "x")
            tar.file("var/lib/data/x", "x")
          },
          layer { tar in
            tar.file("usr/local/bin/serve", "#!/usr/bin/program -x\n", mode: 0o755)
            tar.file("app/main", "x")
          },
        ], config: config))
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options { $0.minimize = true })
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let files = listing.filter { $0.kind != .directory }.map {
      String(decoding: $0.path, as: UTF8.self)
    }
    #expect(
      files == [
        "app/main", "etc/alternatives/awk", "etc/passwd", "lib", "usr/bin/program", "usr/lib/ld.so",
        "usr/lib/libone.so.1", "usr/lib/libone.so.1.2", "usr/lib/private/libtwo.so",
        "usr/local/bin/serve",
        "var/lib/data/x",
      ])
    #expect(report.removed.contains { $0.path == "usr/bin/perl" && $0.set == "minimize" })
    #expect(
      try Verification.compare(folder.image, folder.folder.file("out.tar"), proof: proof).isSame)
  }

  /// What one program alone reads goes with it, and stays where it stays or was asked for.
  @Test func whatOneProgramReadsGoesWithIt() throws {
    func files(_ command: String, keep: [String] = []) throws -> Set<String> {
      let folder = try ImageFolder(
        TestImage(
          layers: [
            layer { tar in
              tar.file("etc/apt/sources.list", "x")
              tar.file("etc/hosts", "x")
              tar.file("usr/share/zoneinfo/tzdata.zi", "x")
              tar.file("usr/share/zoneinfo/UTC", "x")
              tar.file("usr/bin/apt-get", "x", mode: 0o755)
              tar.add("usr/bin/plain", data: elf(needed: [], interpreter: ""), mode: 0o755)
              tar.add(
                "usr/bin/cxx", data: elf(needed: ["libstdc++.so.6"], interpreter: ""), mode: 0o755)
              tar.file("usr/lib/libstdc++.so.6", "x")
            }
          ], config: TestConfig(entrypoint: [command], environment: ["PATH=/usr/bin"])))
      try folder.optimize(options { ($0.minimize, $0.keepPaths) = (true, keep) }, to: "out.tar")
      let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
      return Set(
        listing.filter { $0.kind == .regular }.map { String(decoding: $0.path, as: UTF8.self) })
    }
    #expect(try files("plain") == ["etc/hosts", "usr/share/zoneinfo/UTC", "usr/bin/plain"])
    #expect(try files("apt-get").contains("etc/apt/sources.list"))
    #expect(try files("cxx").contains("usr/share/zoneinfo/tzdata.zi"))
    #expect(try files("plain", keep: ["/etc/apt/sources.list"]).contains("etc/apt/sources.list"))
  }

  /// The files that stay of an image with these.
  private func kept(
    _ config: TestConfig, keep: [String] = [], _ fill: (inout TarBuilder) -> Void
  ) throws -> Set<String> {
    let folder = try ImageFolder(TestImage(layers: [layer(fill)], config: config))
    try folder.optimize(options { ($0.minimize, $0.keepPaths) = (true, keep) }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    return Set(
      listing.filter { $0.kind != .directory }.map { String(decoding: $0.path, as: UTF8.self) })
  }

  private func config(_ command: [String], environment: [String] = []) -> TestConfig {
    TestConfig(
      cmd: command, environment: ["PATH=/usr/local/bin:/usr/bin"] + environment,
      workingDirectory: "/app")
  }

  private static let scripts = [
    ["sh", "start.sh"], ["sh", "/app/plain"], ["sh", "-e", "plain"], ["sh", "-c", ". ./plain"],
    ["/app/script"],
    ["/app/env"], ["/app/assigned"], ["/app/tabs"], ["nice", "/app/script"], ["npm", "start"],
  ]

  /// What a shell script calls cannot be told, however it is started.
  @Test(arguments: scripts)
  func scriptsKeepTheSearchPath(command: [String]) throws {
    let files = try kept(config(command)) { tar in
      for name in ["sh", "cat", "env", "nice", "npm"] {
        tar.add("usr/bin/\(name)", data: elf(needed: [], interpreter: ""), mode: 0o755)
      }
      tar.file("app/start.sh", "cat x")
      tar.file("app/plain", "cat x")
      tar.file("app/script", "#!/usr/bin/sh\ncat x", mode: 0o755)
      tar.file("app/env", "#!/usr/bin/env -S sh -e\ncat x", mode: 0o755)
      tar.file("app/assigned", "#!/usr/bin/env -S A=1 sh\ncat x", mode: 0o755)
      tar.file("app/tabs", "#!/usr/bin/sh\t-e\ncat x", mode: 0o755)
    }
    #expect(files.contains("usr/bin/cat"))
  }

  /// Scripts of a shell, and of a project that a package manager starts, call package managers and name paths.
  @Test(arguments: [["sh", "start.sh"], ["npm", "start"], ["tini", "--", "npm", "start"]])
  func whatScriptsNameStays(command: [String]) throws {
    let files = try kept(config(command)) { tar in
      for name in ["sh", "tini", "node"] {
        tar.add("usr/bin/\(name)", data: elf(needed: [], interpreter: ""), mode: 0o755)
      }
      for name in ["npm", "npx"] {
        tar.symlink("usr/local/bin/\(name)", to: "../lib/node_modules/npm/bin/\(name).js")
        tar.file(
          "usr/local/lib/node_modules/npm/bin/\(name).js", "#!/usr/bin/env node\n", mode: 0o755)
      }
      tar.file("usr/local/lib/node_modules/npm/lib/x.js", "x")
      tar.file("usr/share/app/fun.sh", "x")
      tar.file("usr/lib/more/libx.so", "x")
      tar.file(
        "app/start.sh",
        "export LD_LIBRARY_PATH=/usr/lib/more\n. /usr/share/app/fun.sh\nnpx prisma migrate\n")
      tar.file(
        "app/package.json",
        #"{"scripts":{"start":"LD_LIBRARY_PATH=/usr/lib/more npx x && sh /usr/share/app/fun.sh"}}"#)
    }
    let wanted: Set = [
      "usr/bin/sh", "usr/local/bin/npx", "usr/local/lib/node_modules/npm/bin/npx.js",
      "usr/share/app/fun.sh",
      "usr/local/lib/node_modules/npm/lib/x.js", "usr/lib/more/libx.so",
    ]
    #expect(files.isSuperset(of: wanted), "\(wanted.subtracting(files))")
  }

  /// What the application's JavaScript names, but not its packages; declarations and source maps are the application's.
  @Test func whatJavaScriptNamesStays() throws {
    let files = try kept(config(["node", "server.js"])) { tar in
      for name in ["node", "sh", "date", "git", "curl"] {
        tar.add("usr/bin/\(name)", data: elf(needed: [], interpreter: ""), mode: 0o755)
      }
      tar.symlink("bin", to: "usr/bin")
      for name in ["a", "b", "c"] { tar.file("usr/share/\(name)/x.ttf", "x") }
      tar.file(
        "app/server.js",
        "const { exec } = require('node:child_process')\nexec(\"date +%Y | git log\")\n// it's\nopen(`/usr/share/a/x.ttf`)\n"
      )
      tar.file("app/other.mjs", "read('/usr/share/b')")
      tar.file("app/node_modules/x/index.js", "require('child_process').exec('curl /usr/share/c')")
      tar.file("app/node_modules/x/index.d.ts", "x")
    }
    #expect(
      files == [
        "bin", "usr/bin/node", "usr/bin/sh", "usr/bin/date", "usr/bin/git", "usr/share/a/x.ttf",
        "usr/share/b/x.ttf",
        "app/server.js", "app/other.mjs", "app/node_modules/x/index.js",
        "app/node_modules/x/index.d.ts",
      ])
  }

  /// Links lead to whole folders, settings to files, services to their folders below /var, programs to what is beside
  /// them; libc, PAM and OpenSSL open more than they need.
  @Test func whatIsOpenedThroughOthersStays() throws {
    let wanted = [
      "app/public", "usr/share/pub/deep/x", "assets", "usr/share/assets/x", "etc/my.d/a.conf",
      "usr/share/my/a.conf",
      "var/log/app/x", "var/cache/app/x", "var/spool/app/x", "var/data/x", "usr/lib/tool/main.js",
      "usr/lib/tool/lib.js",
      "usr/lib/libnss_extra.so.2", "etc/nsswitch.conf", "usr/lib/libpam.so.0",
      "usr/lib/security/pam_x.so",
      "etc/ssl/openssl.cnf", "usr/lib/ossl-modules/legacy.so", "usr/share/locale/de/x.mo",
      "usr/share/cfg/x",
      "usr/lib/glibc-hwcaps/x86-64-v2/libfast.so", "lib/x86_64-linux-gnu/libtrip.so",
      "var/lib/db/x",
      "etc/alternatives/man", "usr/bin/serve",
    ]
    let others = [
      "usr/share/man/x.1", "var/log/dpkg.log", "var/log/apt/x", "var/cache/apt/x", "var/backups/x",
      "usr/share/locale/fr/x.mo",
      "usr/lib/libnss_other.so.2", "usr/lib/other/x",
    ]
    let environment = [
      "LANG=de_DE.UTF-8", "CFG={\"p\":\"/usr/share/cfg\"}", "DATABASE_URL=sqlite:////var/lib/db/x",
      "HOME=/var/data",
    ]
    let files = try kept(config(["serve", "/usr/lib/tool/main.js"], environment: environment)) {
      tar in
      let links = [
        "app/public": "../usr/share/pub", "assets": "usr/share/assets",
        "etc/my.d/a.conf": "/usr/share/my/a.conf",
        "etc/alternatives/man": "/usr/share/man/x.1",
      ]
      for (path, target) in links { tar.symlink(path, to: target) }
      let texts = [
        "etc/nsswitch.conf": "passwd: files extra [NOTFOUND=return]\n",
        "etc/ssl/openssl.cnf": "# comment\nlegacy = legacy_sect\n",
      ]
      for path in wanted + others where links[path] == nil {
        if path == "usr/bin/serve" || path.contains(".so") {
          let needed = path == "usr/bin/serve" ? ["libpam.so.0", "libfast.so", "libtrip.so"] : []
          tar.add(path, data: elf(needed: needed, interpreter: ""), mode: 0o755)
        } else {
          tar.file(path, texts[path] ?? "x")
        }
      }
    }
    #expect(files == Set(wanted), "\(files.symmetricDifference(wanted))")
  }

  /// Names that are no UTF-8 are names.
  @Test func namesOfAnyBytesStay() throws {
    let odd = Array("usr/local/share/n".utf8) + [0xE9]
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.add("usr/bin/serve", data: elf(needed: [], interpreter: ""), mode: 0o755)
            tar.add("usr/local/share/n", data: Array("x".utf8)) {
              $0.replaceSubrange(..<odd.count, with: odd)
            }
          }
        ], config: config(["serve"])))
    try folder.optimize(options { $0.minimize = true }, to: "out.tar")
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    #expect(listing.contains { $0.path == odd })
  }

  @Test func whatTheConfigNamesStays() throws {
    let environment = [
      "CONFIG=/usr/share/app", "TOP=/usr/share", "URL=http://usr/share/url", "LD_PRELOAD=libpre.so",
    ]
    let files = try kept(config(["serve", "--data=/usr/share/data"], environment: environment)) {
      tar in
      tar.add("usr/bin/serve", data: elf(needed: [], interpreter: ""), mode: 0o755)
      for name in ["app", "data", "other", "url"] { tar.file("usr/share/\(name)/x", "x") }
      tar.file("usr/lib/libpre.so", "x")
      tar.file("usr/lib/libmore.so", "x")
      tar.file("etc/ld.so.preload", "/usr/lib/libmore.so # more\n")
    }
    #expect(
      files == [
        "usr/bin/serve", "usr/share/app/x", "usr/share/data/x", "usr/lib/libpre.so",
        "usr/lib/libmore.so",
        "etc/ld.so.preload",
      ])
  }

  /// What no distribution fills stays, and so do the databases of packages.
  @Test func whatIsNoDistributionsStays() throws {
    let own = [
      "srv/x", "mnt/x", "media/x", "var/www/x", "var/opt/x", "usr/src/x", "usr/local/etc/x",
      "usr/local/share/app/x",
      "usr/local/lib/app/x", "var/lib/app/x", "var/lib/rpm/x", "usr/lib/sysimage/rpm/x",
      "usr/lib/apk/db/x",
      "var/lib/dpkg/diversions", "usr/share/icu/x", "var/own/x", "var/cache/own/x",
    ]
    let others = [
      "usr/share/x/x", "usr/local/share/man/x", "usr/local/include/x", "var/lib/apt/x",
      "usr/local/lib/x.a",
    ]
    let files = try kept(config(["serve"])) { tar in
      tar.add("usr/bin/serve", data: elf(needed: [], interpreter: ""), mode: 0o755)
      for path in own + others { tar.file(path, "x") }
    }
    #expect(files == Set(own + ["usr/bin/serve"]))
  }

  /// A program that is a package of Node needs the package.
  @Test(arguments: ["serve", "npm"])
  func packagesStayWhole(name: String) throws {
    let files = try kept(config([name, "start"])) { tar in
      tar.add("usr/local/bin/node", data: elf(needed: [], interpreter: ""), mode: 0o755)
      for package in ["serve", "npm"] {
        tar.symlink("usr/local/bin/\(package)", to: "../lib/node_modules/\(package)/bin/main.js")
        tar.file(
          "usr/local/lib/node_modules/\(package)/bin/main.js", "#!/usr/local/bin/node\n",
          mode: 0o755)
        tar.file("usr/local/lib/node_modules/\(package)/lib/x.js", "x")
      }
    }
    #expect(files.contains("usr/local/bin/\(name)") && files.contains("usr/local/bin/node"))
    #expect(files.contains("usr/local/lib/node_modules/\(name)/lib/x.js"))
    #expect(files.contains("usr/local/lib/node_modules/npm/lib/x.js") == (name == "npm"))
  }

  /// The loader's ways to libraries: what programs hand on, what it puts in, what is for another machine.
  @Test func librariesAreFoundAsTheLoaderFindsThem() throws {
    let files = try kept(config(["serve"])) { tar in
      tar.add(
        "usr/bin/serve",
        data: elf(
          needed: ["liba.so", "libc.so"], interpreter: "",
          runPath: "$ORIGIN/../$LIB/one:/usr/lib/two", tag: 15),
        mode: 0o755)
      tar.add("usr/lib64/one/liba.so", data: elf(needed: ["libb.so", "libd.so"], interpreter: ""))
      tar.add("usr/lib/two/libb.so", data: elf(needed: [], interpreter: ""))
      tar.add("usr/lib/libc.so", data: elf(needed: [], interpreter: "", machine: 3))
      tar.add("usr/lib64/libc.so", data: elf(needed: [], interpreter: ""))
      tar.add("usr/lib/cuda/libd.so", data: elf(needed: [], interpreter: ""))
      tar.file("etc/ld.so.conf.d/cuda.conf", "# x\n/usr/lib/cuda\n")
    }
    #expect(
      files == [
        "usr/bin/serve", "usr/lib64/one/liba.so", "usr/lib/two/libb.so", "usr/lib64/libc.so",
        "usr/lib/cuda/libd.so",
        "etc/ld.so.conf.d/cuda.conf",
      ])
  }

  @Test(arguments: [
    ["perl"], ["php-fpm"], ["ruby3.1"], ["sh", "-c", "java -jar x"], ["/app/script"],
  ])
  func unknownRuntimesAreRefused(command: [String]) throws {
    func files(_ keep: [String]) throws -> Set<String> {
      try kept(config(command), keep: keep) { tar in
        for name in ["perl", "php-fpm", "ruby3.1", "java", "sh"] {
          tar.file("usr/bin/\(name)", "x", mode: 0o755)
        }
        tar.file("usr/lib/x/x", "x")
        tar.file("app/script", "#!/usr/bin/perl -w\n", mode: 0o755)
      }
    }
    #expect(throws: MinimizerError.self) { try files([]) }
    #expect(throws: MinimizerError.self) { try files(["/app"]) }
    #expect(try files(["/usr/lib/x"]).contains("usr/lib/x/x"))
  }

  /// What an application's Python sources name beside modules, and import of what else goes.
  @Test func whatPythonSourcesNameStays() throws {
    let (python, site) = ("usr/lib/python3.11/", "usr/local/lib/python3.11/dist-packages/")
    let files = try kept(config(["python3.11", "main.py"])) { tar in
      tar.add("usr/bin/python3.11", data: elf(needed: [], interpreter: ""), mode: 0o755)
      for name in ["git", "tar", "zip"] { tar.file("usr/bin/\(name)", "x", mode: 0o755) }
      tar.file("usr/bin/sh", "x", mode: 0o755)
      tar.symlink("bin", to: "usr/bin")
      for name in ["libx.so.1", "liby.so.1"] { tar.file("usr/lib/\(name)", "x") }
      for name in ["data", "other"] { tar.file("usr/share/\(name)/x", "x") }
      for name in ["os", "unused"] { tar.file(python + name + ".py", "") }
      tar.file(site + "used/__init__.py", "")
      tar.file(site + "used/test/__init__.py", "")
      tar.file(site + "used/test/test_x.py", "")
      tar.file(site + "used/tests/x.py", "")
      tar.file(site + "setuptools/__init__.py", "")
      tar.file(site + "pip/__init__.py", "")
      tar.file(
        "app/main.py",
        """
        import subprocess, ctypes, setuptools
        from used.test import x
        open("/usr/share/data/x")
        subprocess.run("tar x | zip", shell=True)
        subprocess.run(["git", "gc"])
        ctypes.CDLL("libx.so.1")
        """)
    }
    #expect(
      files == [
        "bin", "usr/bin/python3.11", "usr/bin/git", "usr/bin/tar", "usr/bin/zip", "usr/bin/sh",
        "usr/lib/libx.so.1",
        "usr/share/data/x", python + "os.py", site + "used/__init__.py",
        site + "used/test/__init__.py",
        site + "setuptools/__init__.py", "app/main.py",
      ])
  }

  /// Stubs and C sources go, but not where a package reads them; a module in C needs no tag in its name.
  @Test(arguments: [true, false]) func whatPackagesReadStays(isRead: Bool) throws {
    let (python, site) = ("usr/local/lib/python3.13/", "usr/local/lib/python3.13/site-packages/")
    let files = try kept(config(["python3.13", "main.py"])) { tar in
      tar.add("usr/local/bin/python3.13", data: elf(needed: [], interpreter: ""), mode: 0o755)
      for name in ["os", "colorsys", "unused"] { tar.file(python + name + ".py", "") }
      tar.file(site + "used/__init__.py", "")
      tar.file(site + "used/__init__.pyi", "")
      tar.file(site + "used/kernel.c", "")
      tar.file(site + "plain.so", "\u{0}colorsys\u{0}")
      tar.file(site + "loaded.so", "")
      if isRead {
        for name in ["lazy_loader", "triton"] { tar.file(site + name + "/__init__.py", "") }
      }
      tar.file("app/main.py", "import used, plain")
    }
    #expect(files.contains(site + "used/__init__.pyi") == isRead)
    #expect(files.contains(site + "used/kernel.c") == isRead)
    #expect(files.isSuperset(of: [python + "colorsys.py", site + "plain.so", site + "loaded.so"]))
    #expect(!files.contains(python + "unused.py"))
  }

  @Test func aTargetDoesNotKeepFromMinimizing() throws {
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.file("usr/bin/serve", "x", mode: 0o755)
            tar.file("usr/share/x", "x")
          }
        ], config: TestConfig(cmd: ["/usr/bin/serve"])))
    let report = try folder.optimize(
      options { ($0.minimize, $0.target) = (true, 1) }, to: "out.tar")
    #expect(report.removed.map(\.path) == ["usr/share/x"] && report.reachesTarget)
  }

  @Test func anImageWithoutACommandIsRefused() throws {
    let folder = try ImageFolder([layer { $0.file("a", "1") }])
    #expect(throws: MinimizerError.self) {
      try folder.optimize(options { $0.minimize = true }, to: "out.tar")
    }
    #expect(try folder.folder.names() == ["image.tar"])
  }
}
