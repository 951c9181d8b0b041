import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What each set takes, and what it must not take.
@Suite struct StripTests {
  private static let python = "usr/local/lib/python3.13/"
  private static let site = python + "site-packages/"

  struct Case: Sendable, CustomStringConvertible {
    let set: StripSet
    let taken: [String]
    let kept: [String]
    var description: String { self.set.rawValue }
  }

  private static let cases = [
    Case(
      set: .caches,
      taken: [
        "var/lib/apt/lists/deb", "var/cache/apt/a.deb", "var/cache/apk/x", "root/.cache/pip/x",
        "root/.npm/_cacache/x", "home/me/.cache/go-build/x", "var/log/dpkg.log", "tmp/x",
        "var/tmp/x",
        "var/lib/dpkg/status-old", "var/cache/dnf/x", "usr/local/share/.cache/yarn/x",
      ],
      kept: [
        "var/lib/dpkg/status", "var/lib/data", "var/cache/app/x", "home/me/cache", "app/.cache/x",
        "app/tmp/x",
        "root/.cache/huggingface/hub/x", "home/me/.cache/puppeteer/chrome", "root/.npm/x",
        "home/me/.cache/pip",
      ]),
    Case(
      set: .docs, taken: ["usr/share/doc/a/README", "usr/share/info/x.gz", "usr/share/lintian/x"],
      kept: [
        "usr/share/doc/a/copyright", "usr/share/doc/a/LICENSE", "usr/share/doc/a/licenses/MIT",
        "app/usr/share/doc/x",
        "usr/share/documents/x",
      ]),
    Case(
      set: .man, taken: ["usr/share/man/man1/x", "usr/local/share/man/de/x"],
      kept: ["usr/share/manual", "app/man/x"]),
    Case(
      set: .locales,
      taken: [
        "usr/share/locale/de/x.mo", "usr/share/i18n/x", "usr/lib/locale/de_DE/x",
        "usr/share/locale/fr_CA/x.mo",
      ],
      kept: [
        "usr/share/locale/locale.alias", "usr/lib/locale/C.utf8/LC_CTYPE", "app/locale/de.mo",
        "usr/lib/locale/pt_BR.utf8/x", "usr/share/locale/pt/x.mo", "usr/share/locale/fr/x.mo",
        "usr/lib/locale/locale-archive",
      ]),
    Case(
      set: .pycache, taken: ["app/__pycache__/m.cpython-313.pyc"],
      kept: ["app/m.py", "app/__pycache__/gone.cpython-313.pyc", "app/lone.pyc"]),
    Case(
      set: .tests,
      taken: [
        site + "pkg/tests/t.py", site + "pkg/deep/test/test_t.py", python + "test/t.py",
        python + "idlelib/test/t.py",
      ],
      kept: [
        site + "tests/t.py", site + "pkg/testing/t.py", "app/tests/t.py", site + "pkg/tests.py",
        site + "django/test/client.py", "app/lib/python3_client/test/t.py",
        "srv/lib/python3.9/test/t.py",
      ]),
    Case(
      set: .typings,
      taken: [
        "app/node_modules/x/i.d.ts", "app/node_modules/x/i.js.map", "app/node_modules/x/i.d.mts",
      ],
      kept: [
        "app/node_modules/x/i.js", "app/node_modules/x/i.ts", "app/x.d.ts", "app/static/x.js.map",
        "app/node_modules/typescript/lib/lib.d.ts",
      ]),
    Case(
      set: .headers,
      taken: [
        "usr/include/x.h", "usr/lib/libx.a", "usr/lib/pkgconfig/x.pc", "usr/local/lib/libx.la",
      ],
      kept: [
        "usr/lib/libx.so", "app/include/x.h", "app/data.a", site + "pkgconfig/m.py",
        "var/lib/app/index.a",
        "usr/lib/voice.la", "app/lib/libx.a", "usr/lib/node_modules/x/libx.a",
      ]),
    Case(
      set: .pip,
      taken: [
        site + "pip/x.py", site + "pip-25.dist-info/RECORD", site + "setuptools/x",
        site + "wheel/x",
        python + "ensurepip/x", "usr/local/bin/pip", "usr/local/bin/pip3.13",
      ],
      kept: [
        site + "pipeline/x.py", site + "pipx-1.dist-info/x", "usr/local/bin/pipx", "app/pip/x.py",
        "app/bin/pip",
        site + "pip-licenses-1.dist-info/x",
      ]),
    Case(
      set: .npm,
      taken: [
        "usr/local/lib/node_modules/npm/x.js", "usr/local/lib/node_modules/corepack/x",
        "opt/yarn-v1/x",
        "usr/local/bin/npx", "usr/local/bin/yarn", "usr/local/lib/node_modules/pnpm/x",
        "usr/share/nodejs/npm/x",
      ],
      kept: [
        "app/node_modules/npm/x.js", "usr/local/bin/node", "usr/local/lib/node_modules/pm2/x",
        "opt/yarnball/x",
        "srv/opt/yarn-v1/x", "app/bin/npm", "app/lib/node_modules/npm/x",
      ]),
  ]

  @Test func everySetHasACase() {
    #expect(Set(Self.cases.map(\.set)).union([.debug, .comments]) == Set(StripSet.allCases))
  }

  @Test(arguments: cases)
  func aSetTakesItsOwnAndNothingElse(test: Case) throws {
    let text = String(repeating: "x", count: 600)
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            for path in Self.cases.flatMap({ $0.taken + $0.kept }) { tar.file(path, text) }
            tar.file("usr/local/lib/python3.13/os.py", text)
          }
        ], config: TestConfig(environment: ["LANG=pt_BR.UTF-8", "LANGUAGE=fr"])))
    func files(_ name: String) throws -> Set<String> {
      let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file(name))))
      return Set(
        listing.filter { $0.kind == .regular }.map { String(decoding: $0.path, as: UTF8.self) })
    }
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options { $0.strip = [test.set] })
    let gone = try files("image.tar").subtracting(files("out.tar"))
    #expect(gone.isSuperset(of: test.taken))
    #expect(gone.isDisjoint(with: test.kept))
    // What another set's case holds is only taken where this one means it, too.
    #expect(Int64(gone.count * 600) == report.removed.reduce(0) { $0 + $1.bytes })
    #expect(report.before.stored - report.after.stored == Int64(gone.count * 600))
    #expect(
      try Verification.compare(folder.image, folder.folder.file("out.tar"), proof: proof).isSame)
  }

  /// Folders, empty files and what belongs to another user wait for a service; links to folders lead to licences.
  @Test func whatAServiceNeedsStays() throws {
    let folder = try ImageFolder([
      layer { tar in
        tar.folder("tmp/sockets")
        tar.file("var/log/empty", "")
        tar.file("tmp/own", "x", uid: 1000)
        tar.symlink("var/log/link", to: "/dev/stdout")
        tar.file("usr/share/doc/a/copyright", "x")
        tar.symlink("usr/share/doc/b", to: "a")
      }
    ])
    let report = try folder.optimize(options { $0.strip = [.caches, .docs] }, to: "out.tar")
    #expect(report.removed.isEmpty)
  }

  /// A file goes with its last name, and is counted once.
  @Test func linkedFilesAreCountedWithTheirLastName() throws {
    let folder = try ImageFolder([
      layer { tar in
        tar.file("app/x", "12345")
        tar.hardlink("usr/share/man/x", to: "app/x")
        tar.file("usr/share/man/y", "123")
        tar.hardlink("usr/share/man/z", to: "usr/share/man/y")
      }
    ])
    let report = try folder.optimize(options { $0.strip = [.man] }, to: "out.tar")
    #expect(report.removed.map(\.bytes) == [0, 0, 3])
  }

  @Test func whatIsStartedIsNotStripped() throws {
    let folder = try ImageFolder(
      TestImage(
        layers: [layer { $0.file("usr/bin/npm", "x") }],
        config: TestConfig(cmd: ["sh", "-c", "npm start"])))
    #expect(throws: OptimizerError.self) {
      try folder.optimize(options { $0.strip = [.npm] }, to: "out.tar")
    }
  }

  @Test func optionsThatDoNothingAreRefused() async throws {
    let folder = try ImageFolder([layer { $0.file("a", "b") }])
    for arguments in [["--keep", "/a"], ["--strip", ""], ["--squash", "--squash-layers", "0-1"]] {
      #expect(
        try await Command.forge(["optimize", folder.image, "--dry-run"] + arguments).status == 2)
    }
  }

  /// The plan is what happens: layer by layer, byte for byte.
  @Test func thePlanIsWhatHappens() throws {
    let text = String(repeating: "some text\n", count: 9_000)
    let folder = try ImageFolder(
      TestImage(layers: [
        layer {
          $0.file("usr/share/doc/a/x", text)
          $0.file("usr/a", text)
          $0.file("usr/b", text)
        },
        layer {
          $0.file("usr/a", text + "2", modified: 9)
          $0.add("usr/.wh.b")
          $0.file("usr/c", text + "2", modified: 9)
        },
        layer { $0.file("later", "1") },
      ]), oci: .gzip)
    for (name, chosen) in allOptions + [("strip", options { $0.strip = [.docs] })] {
      let plan = try Optimizer.plan(folder.image, chosen)
      let report = try folder.optimize(chosen, to: "out.tar")
      #expect(plan.passes == report.passes && plan.removed == report.removed, "\(name)")
      #expect(
        plan.after.stored == report.after.stored && plan.after.unpacked == report.after.unpacked,
        "\(name)")
      #expect(plan.layers.map(\.unpacked) == report.layers.map(\.unpacked), "\(name)")
      #expect(plan.layers.map(\.inputs) == report.layers.map(\.inputs), "\(name)")
      for (planned, written) in zip(plan.layers, report.layers) where planned.unchanged {
        #expect(written.unchanged && planned.diffID == written.diffID, "\(name)")
      }
    }
  }

  @Test func aMissedTargetIsExitOne() async throws {
    let folder = try ImageFolder([
      layer { $0.file("a", String(repeating: "a", count: 9_000)) }, layer { $0.file("a", "b") },
    ])
    for (target, status) in [("5kB", Int32(0)), ("0.5B", 2), ("1B", 0), ("8kB", 0)] {
      let result = try await Command.forge([
        "optimize", folder.image, "--target", target, "--dry-run",
      ])
      #expect(result.status == status, "\(target): \(result)")
    }
    let more = try ImageFolder([layer { $0.file("a", String(repeating: "a", count: 9_000)) }])
    for arguments in [["--dry-run"], ["-o", more.folder.file("out.tar")]] {
      let missed = try await Command.forge(["optimize", more.image, "--target", "5kB"] + arguments)
      #expect(missed.status == 1, "\(missed)")
      #expect(missed.output.contains("target missed"))
    }
  }

  /// The variable that the whole field uses, through the command.
  @Test func sourceDateEpochClampsTimes() async throws {
    let folder = try ImageFolder([layer { $0.file("a", "1", modified: 2_000_000_000) }])
    for (value, status) in [("1000000000", Int32(0)), ("x", 2), ("-1", 2), ("", 0)] {
      let result = try await Command.forge(
        ["optimize", folder.image, "--reproducible", "-o", folder.folder.file("out.tar")],
        environment: ["SOURCE_DATE_EPOCH": value])
      #expect(result.status == status, "\(result)")
    }
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    // The last one counts as unset, which is 0.
    #expect(listing.map(\.modified) == [0])
  }

  /// gunicorn 20 imports pkg_resources, and says so; an extra that nobody installed is no need.
  @Test func whatAPackageNeedsStays() throws {
    let site = "usr/local/lib/python3.11/site-packages/"
    func metadata(_ name: String, _ requirement: String) -> String {
      "Metadata-Version: 2.1\nName: \(name)\nVersion: 1\nRequires-Dist: \(requirement)\n\nRequires-Dist: pip\n"
    }
    let parts = [
      "setuptools/a.py", "pkg_resources/a.py", "setuptools-65.dist-info/RECORD", "wheel/a.py",
      "pip/a.py",
    ]
    func left(_ requirement: String) throws -> (paths: Set<String>, notices: [String]) {
      let folder = try ImageFolder([
        layer { tar in
          for part in parts { tar.file(site + part, part) }
          tar.file(site + "gunicorn-20.dist-info/METADATA", metadata("gunicorn", requirement))
          tar.file(site + "setuptools/_vendor/x-1.dist-info/METADATA", metadata("x", "wheel"))
          tar.file("usr/local/bin/wheel", "")
        }
      ])
      let (report, _) = try Optimizer.optimize(
        folder.image, to: folder.folder.file("out.tar"), options { $0.strip = [.pip] })
      let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
      let paths = listing.filter { $0.kind == .regular }.map {
        String(decoding: $0.path, as: UTF8.self)
      }
      return (
        Set(paths.map { $0.replacing(site, with: "") }).subtracting([
          "gunicorn-20.dist-info/METADATA"
        ]), report.notices
      )
    }
    let needed = try left("setuptools (>=3.0)")
    #expect(needed.paths.intersection(parts) == Set(parts.prefix(3)))
    #expect(needed.notices == ["setuptools stays, which gunicorn needs by its metadata"])
    let wheel = try left("Wheel>0.3 ; python_version < '3.12'")
    #expect(wheel.paths == ["wheel/a.py", "usr/local/bin/wheel"])
    for requirement in ["setuptools ; extra == 'dev'", "setuptools-scm", "click"] {
      let none = try left(requirement)
      #expect(none.paths.isEmpty && none.notices.isEmpty, "\(requirement): \(none)")
    }
  }
}
