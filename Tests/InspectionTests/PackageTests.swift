import ForgeBasics
import TestSupport
import Testing

@testable import ForgeInspection

@Suite struct PackageTests {
  @Test func debian() throws {
    let status = """
      Package: libc6
      Status: install ok installed
      Architecture: amd64
      Version: 2.36-9
      Description: two lines
       Package: not-this

      Package: removed
      Status: deinstall ok config-files
      Version: 1

      Package: base-files
      Status: install ok installed
      Version: 12.4

      """
    let inspection = try inspect([
      layer { tar in
        tar.folder("usr/lib")
        tar.symlink("lib", to: "usr/lib")
        tar.file("usr/lib/libc.so.6", "12345678")
        tar.hardlink("usr/lib/libc.so", to: "usr/lib/libc.so.6")
        tar.file("etc/version", "123")
        tar.file(
          "var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib\n/lib/libc.so.6\n/lib/libc.so\n/gone\n")
        tar.file("var/lib/dpkg/info/base-files.list", "/.\n/etc\n/etc/version\n")
        tar.file("var/lib/dpkg/status", status)
      }
    ])
    #expect(
      inspection.packages == [
        PackageFacts(kind: "deb", name: "libc6", version: "2.36-9", bytes: 8, layer: 0),
        PackageFacts(kind: "deb", name: "base-files", version: "12.4", bytes: 3, layer: 0),
      ])
    // What was kept to find packages is no business of the rules.
    #expect(inspection.details.files.allSatisfy { $0.head == nil })
  }

  @Test func distrolessAndAlpine() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("var/lib/dpkg/status.d/ncurses", "Package: ncurses\nVersion: 6\n")
        tar.file("var/lib/dpkg/status.d/ncurses.md5sums", "0123  usr/bin/tic\n")
        tar.file("usr/bin/tic", "12")
        tar.file(
          "lib/apk/db/installed",
          "P:musl\nV:1.2\nF:lib\nR:ld.so\n\nP:busybox\nV:1.36\nF:bin\nR:busybox\n")
        tar.file("lib/ld.so", "1234")
        tar.file("bin/busybox", "123")
      }
    ])
    #expect(
      inspection.packages.map { "\($0.kind) \($0.name) \($0.version) \($0.bytes)" } == [
        "apk musl 1.2 4", "apk busybox 1.36 3", "deb ncurses 6 2",
      ])
  }

  @Test func pythonAndNode() throws {
    let site = "usr/lib/python3/site-packages/"
    let inspection = try inspect([
      layer { tar in
        tar.file(
          site + "app-1.0.dist-info/METADATA",
          "Metadata-Version: 2.1\nName: app\nVersion: 1.0\n\nVersion: 9\n")
        tar.file(
          site + "app-1.0.dist-info/RECORD",
          "app.py,sha256=x,5\n\"a,b.py\",,2\n../../../bin/app,,3\n../../../../../../etc/x,,\n")
        tar.file(site + "app.py", "12345")
        tar.file(site + "a,b.py", "12")
        tar.file("usr/bin/app", "123")
        tar.file("app/node_modules/next/package.json", #"{"name":"next","version":"15.0.0"}"#)
        tar.file("app/node_modules/next/dist/a.js", "123456")
        tar.file(
          "app/node_modules/next/node_modules/@swc/core/package.json",
          #"{"name":"@swc/core","version":"1.2.3"}"#)
        tar.file("app/node_modules/broken/package.json", "{")
        tar.file("app/package.json", #"{"name":"app","version":"1"}"#)
      }
    ])
    #expect(
      inspection.packages.map { "\($0.kind) \($0.name) \($0.version) \($0.bytes)" } == [
        "npm next 15.0.0 40", "npm @swc/core 1.2.3 38", "python app 1.0 10",
      ])
  }

  @Test func hiddenPackagesAreNotInstalled() throws {
    let inspection = try inspect([
      layer { $0.file("s/a.dist-info/METADATA", "Name: a\nVersion: 1\n") },
      layer { $0.add("s/.wh.a.dist-info") },
    ])
    #expect(inspection.packages == [])
  }
}
