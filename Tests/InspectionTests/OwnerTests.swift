import ForgeBasics
import TestSupport
import Testing

@testable import ForgeInspection

/// Each byte of the root filesystem has one owner.
@Suite struct OwnerTests {
  private static let debian = """
    Package: python3-x
    Status: install ok installed
    Version: 1

    """

  @Test func everyByteOnce() throws {
    let site = "usr/lib/python3/dist-packages/"
    let inspection = try inspect([
      layer { tar in
        tar.file("var/lib/dpkg/status", Self.debian)
        // Both the system and Python say that x.py is theirs: it is the system's.
        tar.file("var/lib/dpkg/info/python3-x.list", "/\(site)x.py\n/usr/bin/x\n")
        tar.file(site + "x.py", "1234")
        tar.file("usr/bin/x", "12345678")
        tar.hardlink("usr/bin/y", to: "usr/bin/x")
        tar.file(site + "x-1.dist-info/METADATA", "Name: x\nVersion: 1\n")
        tar.file(site + "x-1.dist-info/RECORD", "x.py,,\n")
      },
      layer { tar in
        tar.file("app/node_modules/a/package.json", #"{"name":"a","version":"1"}"#)
        tar.file("app/.next/BUILD_ID", "abcdef")
        tar.file("app/.next/server/page.js", "1")
        tar.file("app/build/BUILD_ID", "a")
        tar.file("app/build/static/x.js", "12")
        tar.file("srv/_next/static/x.js", "123")
        tar.file("srv/index.html", "1234567")
      },
    ])
    #expect(
      inspection.owners.map { "\($0.owner) \($0.bytes) \($0.files)" }.sorted().filter {
        !$0.hasPrefix("other")
      } == [
        "deb 12 2", "next 13 5", "npm 26 1",
      ])
    #expect(
      inspection.packages.map { "\($0.kind) \($0.bytes) \($0.layer ?? -1)" } == [
        "npm 26 1", "deb 12 0", "python 4 0",
      ])
    #expect(inspection.base == nil)
  }

  /// Bytecode that was made after the installation goes with its source; a stranger's does not.
  @Test func bytecode() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("s/a.py", "1")
        tar.file("s/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
        tar.file("s/a-1.dist-info/RECORD", "a.py,,\n")
        tar.file("s/__pycache__/a.cpython-313.pyc", "12345")
        tar.file("s/__pycache__/b.cpython-313.pyc", "123")
        tar.file("s/__pycache__/.pyc", "1")
      }
    ])
    #expect(inspection.packages.map(\.bytes) == [6])
  }

  @Test func alpineAfterTheMergeOfUsr() throws {
    let inspection = try inspect([
      layer { tar in
        tar.symlink("lib", to: "usr/lib")
        tar.file("usr/lib/apk/db/installed", "P:musl\nV:1\nF:usr/lib\nR:libc.so\n")
        tar.file("usr/lib/libc.so", "123")
      }
    ])
    #expect(inspection.packages.map { "\($0.name) \($0.bytes)" } == ["musl 3"])
  }

  private func base(_ history: [String], layers: Int) throws -> BaseFacts? {
    try inspect(
      (0..<layers).map { index in layer { $0.file("f\(index)", "x") } },
      config: TestConfig(history: history)
    ).base
  }

  @Test func theBaseEndsWithItsCommand() throws {
    let official = ["ADD rootfs", "#CMD [\"bash\"]", "RUN make", "#CMD [\"python3\"]"]
    let own = ["#WORKDIR /app", "COPY . .", "#CMD [\"app\"]"]
    let found = try #require(try base(official + own, layers: 3))
    #expect(found.layers == 2 && found.name == nil)
    #expect(found.evidence == "history[3]: CMD [\"python3\"], which layers follow")
    // The image's own command is not followed by layers.
    #expect(try base(official, layers: 2)?.layers == 1)
    #expect(try base(["ADD rootfs", "COPY . .", "#CMD [\"app\"]"], layers: 2) == nil)
    // A history that does not fit tells nothing.
    #expect(try base(official + own, layers: 2) == nil)
    #expect(try base([], layers: 2) == nil)
  }

  @Test func buildahNamesTheBase() throws {
    let config = TestConfig(
      text: """
        {"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":DIFFIDS},"history":[
        {"created_by":"ADD"},{"created_by":"COPY a","comment":"FROM docker.io/library/python:3.13\u{202E}"},
        {"created_by":"COPY b","comment":"FROM 0123456789ab"}]}
        """)
    let found = try inspect(
      (0..<3).map { index in layer { $0.file("f\(index)", "x") } }, config: config)
    #expect(found.base?.layers == 1)
    #expect(found.base?.name == "docker.io/library/python:3.13\\u{202e}")
    #expect(found.owners == [OwnerFacts(owner: "other", bytes: 3, files: 3, base: 1)])
  }

  @Test func wasteByCauseAndStep() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("a", "12345")
        tar.file("b", "123")
        tar.file("d/e", "1")
      },
      layer { tar in
        tar.add(".wh.a")
        tar.add(".wh.b")
      },
      layer { $0.add(".wh.d") },
      layer { $0.file("f", "1") },
      layer { $0.add(".wh.f") },
    ])
    #expect(
      inspection.wasteByCause.map { cause in
        "\(cause.cause.rawValue) \(cause.bytes) \(cause.files): "
          + cause.steps.map { "\($0.bytes) \($0.layer)>\($0.hiddenBy)" }.joined(separator: ", ")
      } == ["deleted-file 9 3: 8 0>1, 1 3>4", "deleted-directory 1 1: 1 0>2"])
  }

  @Test func largestFolders() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("opt/venv/lib/big", String(repeating: "x", count: 1000))
        tar.file("opt/venv/cfg", "x")
        tar.file("usr/a/one", String(repeating: "x", count: 300))
        tar.file("usr/b/two", String(repeating: "x", count: 200))
        tar.hardlink("usr/b/three", to: "usr/b/two")
        tar.folder("empty")
      }
    ])
    #expect(
      inspection.largestFolders.map { "\($0.path) \($0.bytes) \($0.files)" } == [
        "opt/venv/lib 1000 1", "usr 500 2", "usr/a 300 1", "usr/b 200 1",
      ])
  }
}
