import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// Package databases and the bill of materials tell the truth together.
@Suite struct BillOfMaterialsTests {
  private static let site = "usr/local/lib/python3.13/site-packages/"

  /// Two Debian packages, two Python ones and one of npm.
  private func folder() throws -> ImageFolder {
    let site = Self.site
    func record(_ files: [String]) -> String { files.map { "\($0),sha256=x,1\n" }.joined() }
    return try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.file("usr/lib/os-release", "NAME=\"Debian\"\nID=\"debian\"\n")
            tar.symlink("etc/os-release", to: "../usr/lib/os-release")
            tar.file(
              "var/lib/dpkg/status",
              """
              Package: libone
              Status: install ok installed
              Architecture: amd64
              Version: 1:2.0+b1

              Package: perl
              Status: install ok installed
              Version: 5.40

              """)
            tar.file(
              "var/lib/dpkg/info/libone:amd64.list",
              "/.\n/usr/lib/libone.so.1\n/usr/share/man/one.1\n/usr/lib/libone.so\n")
            tar.file("var/lib/dpkg/info/perl.list", "/usr/share/man/perl.1\n")
            tar.file("usr/lib/libone.so.1", "one")
            tar.symlink("usr/lib/libone.so", to: "libone.so.1")
            tar.file("usr/share/man/one.1", "page")
            tar.file("usr/share/man/perl.1", "pages")
            tar.file("usr/share/man/loose.1", "x")
            tar.file("usr/local/lib/python3.13/os.py", "")
            tar.file(
              site + "my_lib/__init__.py", "x = 1  # \(String(repeating: "word ", count: 20))\n")
            tar.file(site + "my_lib/tests/t.py", "test")
            tar.file(
              site + "My_Lib-1.5.dist-info/METADATA",
              "Metadata-Version: 2.4\nName: My_Lib\nVersion: 1.5\n")
            tar.file(
              site + "My_Lib-1.5.dist-info/RECORD",
              record(["my_lib/__init__.py", "my_lib/tests/t.py", "My_Lib-1.5.dist-info/METADATA"]))
            tar.file("app/node_modules/@a/b/package.json", #"{"name": "@a/b", "version": "1.0.0"}"#)
            tar.file("app/node_modules/@a/b/i.d.ts", "types")
          }
        ]))
  }

  private func bill(_ folder: ImageFolder, _ sets: [StripSet]) throws -> BillOfMaterials {
    let image = try Optimizer.prove(
      folder.image, to: folder.folder.file("out.tar"),
      options {
        $0.strip = sets
        $0.squash = .all
      })
    try image.commit()
    return try #require(image.bill)
  }

  @Test func everyPackageSaysWhatItLost() throws {
    let bill = try bill(folder(), [.man, .tests, .comments, .typings])
    func properties(_ component: BillOfMaterials.Component?) -> [String] {
      component?.properties.map { "\($0.name)=\($0.value)" } ?? []
    }
    let byURL = Dictionary(
      bill.components.map { ($0.purl ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    #expect(
      byURL.keys.sorted() == [
        "pkg:deb/debian/libone@1%3A2.0%2Bb1", "pkg:deb/debian/perl@5.40", "pkg:npm/%40a/b@1.0.0",
        "pkg:pypi/my-lib@1.5",
      ])
    #expect(
      properties(byURL["pkg:deb/debian/libone@1%3A2.0%2Bb1"]) == [
        "forge:state=partial", "forge:removedBytes=4", "forge:removed=usr/share/man/one.1",
      ])
    #expect(byURL["pkg:deb/debian/perl@5.40"]?.scope == "excluded")
    #expect(properties(byURL["pkg:deb/debian/perl@5.40"]).first == "forge:state=removed")
    #expect(
      properties(byURL["pkg:pypi/my-lib@1.5"]) == [
        "forge:state=partial", "forge:removedBytes=4",
        "forge:removed=\(Self.site)my_lib/tests/t.py",
        "forge:rewritten=\(Self.site)my_lib/__init__.py",
      ])
    #expect(byURL["pkg:npm/%40a/b@1.0.0"]?.scope == "required")
    #expect(properties(bill.metadata.component).last == "forge:removed=usr/share/man/loose.1")
    #expect(
      try self.bill(folder(), []).components.allSatisfy {
        $0.properties.map(\.value) == ["complete"]
      })
    // The same for the same input.
    #expect(try self.bill(folder(), [.man, .tests, .comments, .typings]) == bill)
  }

  /// As `dpkg --verify` and `importlib.metadata` read: each name of a database is there, or in the bill.
  @Test(arguments: [[StripSet.man, .tests], [.man, .tests, .docs, .typings, .comments]])
  func databasesAndBillTellTheTruth(sets: [StripSet]) throws {
    let folder = try folder()
    let bill = try bill(folder, sets)
    let before = try folder.read()
    let after = try ReadImage(ImageStore.open(folder.folder.file("out.tar")))
    let (packages, _) = Packages.all(after.root)
    #expect(Set(packages.map(\.name)) == ["libone", "perl", "My_Lib", "@a/b"])
    func names(_ image: ReadImage) -> [String: FileContent.Hash] {
      Dictionary(
        RootListing(image).map { (String(decoding: $0.path, as: UTF8.self), $0.hash) },
        uniquingKeysWith: { first, _ in first })
    }
    let (old, new) = (names(before), names(after))
    func told(_ name: String) -> Set<String> {
      Set(
        (bill.components + [bill.metadata.component]).flatMap(\.properties).filter {
          $0.name == name
        }.map(\.value))
    }
    // Of the databases; what else is in the image has no other witness.
    #expect(Set(old.keys).subtracting(new.keys) == told("forge:removed"))
    #expect(Set(new.keys.filter { new[$0] != old[$0] }) == told("forge:rewritten"))
    #expect(told("forge:rewritten").isEmpty != sets.contains(.comments))
    // A folder that no database names.
    #expect(told("forge:removed").contains(Self.site + "my_lib/tests"))
  }

  @Test func distributionsAndURLs() {
    #expect(BillOfMaterials.distribution(Array("A=1\nID=alpine\nVERSION_ID=3\n".utf8)) == "alpine")
    #expect(BillOfMaterials.distribution(Array("NAME=x".utf8)) == "linux")
    #expect(
      BillOfMaterials.purl(
        PackageFacts(kind: "apk", name: "musl", version: "1.2.5-r0", bytes: 0), "alpine")
        == "pkg:apk/alpine/musl@1.2.5-r0")
  }
}
