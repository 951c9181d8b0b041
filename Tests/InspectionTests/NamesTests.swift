import ForgeBasics
import TestSupport
import Testing

@testable import ForgeInspection

/// What a file is called and like in the final root filesystem, as docker, containerd and podman make it.
@Suite struct NamesTests {
  private func files(_ layers: [[UInt8]]) throws -> [String] {
    try inspect(layers).details.files.filter { $0.kind == .regular }.map { file in
      let fate = file.visible ? "" : " hidden"
      return "\(String(decoding: file.path, as: UTF8.self)) \(String(file.mode, radix: 8)) "
        + "\(file.uid) \(file.size)\(fate)"
    }
  }

  @Test func aHardLinksModeAndOwnerAreThoseOfAllNames() throws {
    let tar = layer { tar in
      tar.file("bin/ok", "12", mode: 0o755)
      tar.add("bin/up", type: "1", link: "bin/ok", mode: 0o4755, uid: 7)
      tar.file("bin/other", "1", mode: 0o700)
    }
    #expect(try files([tar]) == ["bin/ok 4755 7 2", "bin/up 4755 7 2", "bin/other 700 0 1"])
    // Also where the link comes with a later layer, and where one of the names is gone again.
    let base = layer { $0.file("bin/ok", "12", mode: 0o755) }
    let link = layer { $0.add("bin/up", type: "1", link: "bin/ok", mode: 0o4755) }
    #expect(try files([base, link]) == ["bin/ok 4755 0 2", "bin/up 4755 0 2"])
    let gone = layer { $0.add("bin/.wh.up") }
    #expect(try files([base, link, gone]) == ["bin/ok 4755 0 2", "bin/up 4755 0 2 hidden"])
  }

  @Test func attributesOfALinkAreThoseOfTheFile() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("bin/ok", "12", mode: 0o755)
        tar.pax([("SCHILY.xattr.security.capability", "x")])
        tar.add("bin/up", type: "1", link: "bin/ok", mode: 0o755)
        tar.file("bin/none", "1")
      }
    ])
    let named = inspection.details.files.filter { !$0.attributes.isEmpty }
      .map { String(decoding: $0.path, as: UTF8.self) }
    #expect(named == ["bin/ok", "bin/up"])
  }

  @Test func aFileWrittenThroughALinkHasItsOwnPath() throws {
    let found = try files([
      layer { tar in
        tar.folder("opt/app")
        tar.symlink("srv", to: "opt/app")
      },
      layer { $0.file("srv/.env", "A=1") },
    ])
    #expect(found == ["opt/app/.env 644 0 3"])
  }

  @Test func bytesCountOnceUnderAllNames() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("a", "12345")
        tar.hardlink("b", to: "a")
        tar.hardlink("c", to: "b")
      }
    ])
    #expect(inspection.details.files.map(\.isLink) == [false, true, true])
    #expect(Set(inspection.details.files.map(\.inode)).count == 1)
    #expect(inspection.sizes.stored == 5)
  }

  /// Runtimes follow links to accounts of any name, and read them to their end.
  @Test func accountsAreReadThroughLinksAndToTheirEnd() throws {
    let linked = try inspect([
      layer { tar in
        tar.file("usr/share/accounts", "web:x:10:10::/:\n")
        tar.symlink("etc/passwd", to: "../usr/share/accounts")
        tar.file("etc/names", "web:x:10:\n")
        tar.hardlink("etc/group", to: "etc/names")
      }
    ])
    #expect(linked.details.passwd == Array("web:x:10:10::/:\n".utf8))
    #expect(linked.details.group == Array("web:x:10:\n".utf8))
    let long = String(repeating: "# padding of a line\n", count: 60_000) + "last:x:9:9::/:\n"
    let whole = try inspect([layer { $0.file("etc/passwd", long) }])
    #expect(whole.details.passwd?.count == long.utf8.count)
    #expect(try inspect([layer { $0.symlink("etc/passwd", to: "nowhere") }]).details.passwd == nil)
  }

  /// A layer is read again where another name than the one in its tar tells of a secret.
  @Test func whatAnotherNameAsksForIsCaptured() throws {
    let tar = layer { tar in
      tar.file("app/data", "SECRET=1\n")
      tar.hardlink("app/.env", to: "app/data")
      tar.file("app/plain", "2")
    }
    let options = InspectionOptions { path in path.suffix(4).elementsEqual(".env".utf8) ? 100 : 0 }
    let inspection = try withArchive(TestImage(layers: [tar]).dockerArchive()) {
      try Inspector.inspect($0, options: options)
    }
    let heads = inspection.details.files.compactMap(\.head).map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(heads == ["SECRET=1\n"])
  }
}
