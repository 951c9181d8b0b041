import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What few images hold, and what must be the same afterwards all the same.
@Suite struct CornerTests {
  /// A layer, of which one file is deleted above it, so that it is written again.
  private func rewritten(_ more: [[UInt8]] = [], _ body: (inout TarBuilder) -> Void) throws
    -> ImageFolder
  {
    try ImageFolder(
      [
        layer {
          $0.file("old", "1")
          body(&$0)
        }, layer { $0.add(".wh.old") },
      ] + more)
  }

  /// The entries of the output, over all layers, with their attributes.
  private func entries(_ folder: ImageFolder, _ chosen: OptimizationOptions = options()) throws
    -> [String: (
      entry: LayerEntry, attributes: [String]
    )]
  {
    try folder.optimize(chosen, to: "out.tar")
    var found: [String: (LayerEntry, [String])] = [:]
    for scan in try ReadImage(ImageStore.open(folder.folder.file("out.tar"))).scans {
      for index in scan.entries.indices {
        found[String(decoding: scan.entries.path(index), as: UTF8.self)] = (
          scan.entries[index],
          scan.entries.extendedAttributes(index).map {
            String(decoding: $0.name + [0x3D] + $0.value, as: UTF8.self)
          }
          .sorted()
        )
      }
    }
    return found
  }

  /// A folder that no entry names gets the group of the one above it where that passes it on and is there first.
  @Test func aFolderMadeBeforeItsGroupKeepsItsOwn() throws {
    let before = try entries(
      rewritten { tar in
        tar.file("a/b/f", "1")
        tar.add("a", type: "5", mode: 0o2775, gid: 50)
      })
    let folder = try #require(before["a/b"]?.entry)
    #expect(folder.mode == 0o755 && folder.gid == 0)
    let after = try entries(
      rewritten { tar in
        tar.add("a", type: "5", mode: 0o2775, gid: 50)
        tar.file("a/b/f", "1")
      })
    #expect(after["a/b"] == nil && after["a/b/f"] != nil)
  }

  /// Every link sets its attributes on the file; none takes any away.
  @Test func attributesOfAllLinksCount() throws {
    func attribute(_ tar: inout TarBuilder, _ name: String) {
      tar.pax([("SCHILY.xattr.user.\(name)", name)])
    }
    let all = ["user.a=a", "user.b=b", "user.c=c"]
    let one = try entries(
      rewritten { tar in
        attribute(&tar, "a")
        tar.file("f", "1")
        attribute(&tar, "b")
        tar.hardlink("g", to: "f")
        attribute(&tar, "c")
        tar.hardlink("h", to: "f")
        tar.hardlink("i", to: "f")
      })
    #expect(one["f"]?.attributes == all)
    // Over layers, of which that of the link in the middle is written again.
    let folder = try ImageFolder([
      layer { tar in
        attribute(&tar, "a")
        tar.file("f", "1")
      },
      layer { tar in
        attribute(&tar, "b")
        tar.hardlink("g", to: "f")
      },
      layer { tar in
        attribute(&tar, "c")
        tar.hardlink("h", to: "f")
      },
      layer { $0.add(".wh.g") },
    ])
    let over = try entries(folder)
    #expect(over["h"]?.attributes == all)
    for chosen in [
      options { $0.squash = .range(0...2) }, options { ($0.waste, $0.epoch) = (false, 6) },
    ] {
      #expect(try entries(folder, chosen)["h"]?.attributes == all)
    }
  }

  /// Names of attributes are bytes, and two that differ are two.
  @Test func namesOfAttributesAreBytes() throws {
    var records: [UInt8] = []
    for byte: UInt8 in [0xFE, 0xFF] {
      records += Array("25 SCHILY.xattr.user.".utf8) + [byte, UInt8(ascii: "="), byte, 0x0A]
    }
    let folder = try rewritten { tar in
      tar.add("PaxHeaders/x", type: "x", data: records)
      tar.file("f", "1")
    }
    try folder.optimize(options(), to: "out.tar")
    let scan = try #require(
      try ReadImage(ImageStore.open(folder.folder.file("out.tar"))).scans.first)
    #expect(
      scan.entries.extendedAttributes(0) == [
        ExtendedAttribute(name: Array("user.".utf8) + [0xFE], value: [0xFE]),
        ExtendedAttribute(name: Array("user.".utf8) + [0xFF], value: [0xFF]),
      ])
  }

  /// What cannot be told in forge's own headers stays in the layer that it is in, to the byte.
  @Test(arguments: [
    ("FIFO", "a hard link to what is no file"), ("symlink", "a hard link to what is no file"),
    ("device", "a device whose number fits into no header"),
    ("path", "a path of more than 4095 bytes"),
    ("attributes", "a file with more extended attributes than one header can hold"),
    ("whiteout", "a folder with the name of a whiteout"),
  ])
  func whatNoHeaderHoldsStays(_ what: String, notice: String) throws {
    let part = String(repeating: "d", count: 254) + "/"
    let long = String(repeating: part, count: 16) + String(repeating: "e", count: 16)
    let folder = try rewritten { tar in
      switch what {
      case "FIFO":
        tar.add("p", type: "6")
        tar.add("q", type: "1", link: "p", uid: 7)
      case "symlink":
        tar.symlink("p", to: "t")
        tar.add("q", type: "1", link: "p", uid: 7)
      case "device":
        tar.add("p", type: "3") { block in
          block[337] = 0x80
          block[341] = 0x40
        }
      case "path":
        tar.pax([("path", long)])
        tar.add("x", type: "5")
      case "whiteout":
        tar.file("d/.wh.x/y", "1")
      default:
        for (name, number) in [("f", 0), ("g", 60)] {
          tar.pax((number..<number + 60).map { ("SCHILY.xattr.user.a\($0)", "1") })
          if number == 0 { tar.file(name, "1") } else { tar.hardlink(name, to: "f") }
        }
      }
    }
    let more = try ImageFolder(
      [layer { $0.file("first", "1") }] + [
        [UInt8](try layerBytes(folder)),
        layer { $0.add(what == "whiteout" ? "d/.wh.x/.wh.y" : ".wh.old") },
      ])
    let report = try more.optimize(options(), to: "out.tar")
    #expect(
      report.notices.contains { $0.contains("stay as they are") && $0.contains(notice) },
      "\(report.notices)")
    #expect(report.layers[1].unchanged)
  }

  private func layerBytes(_ folder: ImageFolder) throws -> [UInt8] {
    let blob = try #require(try ImageStore.open(folder.image).layers.first).blob
    return try blob.bytes(count: Int(blob.length))
  }

  /// Times of all 64 bits, as headers without records can hold them.
  @Test func timesOfAllBitsStay() throws {
    let found = try entries(
      rewritten { tar in
        tar.add("f") { block in
          for index in 136..<148 { block[index] = 0 }
          block[136] = 0x80
          block[140] = 0x40
        }
      })
    #expect(found["f"]?.entry.modified == 1 << 62)
  }

  /// An image of no layers is none.
  @Test func oneLayerIsLeft() throws {
    let folder = try ImageFolder([layer { $0.file("f", "1") }, layer { $0.add(".wh.f") }])
    for chosen in [options { $0.squash = .all }, options(), options { $0.squash = .range(0...1) }] {
      #expect(try folder.optimize(chosen, to: "out.tar").layers.count == 1)
    }
  }

  /// A file that a link describes otherwise is not the twin of one that nothing does.
  @Test(arguments: ["uid", "time", "attribute"]) func aLinkThatDiffersIsNoTwin(what: String) throws
  {
    let text = String(repeating: "Z", count: 70_000)
    let folder = try ImageFolder([
      layer { tar in
        tar.file("usr/a", text)
        tar.file("usr/b", text)
        if what == "attribute" { tar.pax([("SCHILY.xattr.user.a", "1")]) }
        tar.add(
          "usr/c", type: "1", link: "usr/b", uid: what == "uid" ? 5 : 0,
          modified: what == "time" ? 5 : 0)
      }
    ])
    let report = try folder.optimize(options { $0.dedupe = true }, to: "out.tar")
    #expect(report.passes.last?.after == report.before.stored)
  }

  /// Files that differ in nothing but a time that is clamped are one after the first run.
  @Test func clampedTimesAreDeduplicatedAtOnce() throws {
    let text = String(repeating: "Z", count: 70_000)
    let folder = try ImageFolder([
      layer { tar in
        tar.file("usr/a", text, modified: 1000)
        tar.file("usr/b", text, modified: 2000)
      }
    ])
    let chosen = options { ($0.dedupe, $0.epoch) = (true, 6) }
    #expect(try folder.optimize(chosen, to: "1.tar").after.stored == 70_000)
    try folder.optimize(chosen, from: "1.tar", to: "2.tar")
    #expect(try folder.bytes("1.tar") == folder.bytes("2.tar"))
  }

  /// A layer that cannot be written again keeps those beside its sparse file, too.
  @Test func whatStandsBesideASparseFileIsNotRewritten() throws {
    let site = "usr/local/lib/python3.11/site-packages/y.py"
    let folder = try ImageFolder([
      layer { tar in
        tar.file("usr/local/lib/python3.11/os.py", "")
        tar.pax([
          ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse"),
          ("GNU.sparse.realsize", "4096"),
        ])
        let map = Array("1\n0\n512\n".utf8)
        tar.add(
          "GNUSparse.0/sparse",
          data: map + [UInt8](repeating: 0, count: 512 - map.count)
            + [UInt8](repeating: 0x53, count: 512))
        tar.file(site, "# " + String(repeating: "x", count: 5_000) + "\nx = 1\n")
      }
    ])
    let report = try folder.optimize(options { $0.strip = [.comments] }, to: "out.tar")
    #expect(report.rewritten.isEmpty && report.layers.map(\.unchanged) == [true])
  }

  /// Layers that become one may be larger than each may be.
  @Test func aSquashedLayerMayBeLarger() async throws {
    let text = String(repeating: "Z", count: 800_000)
    let folder = try ImageFolder([layer { $0.file("a", text) }, layer { $0.file("b", text + "b") }])
    let out = folder.folder.file("out.tar")
    let result = try await Command.forge([
      "optimize", folder.image, "--squash", "--max-layer", "1MB", "-o", out,
    ])
    #expect(result.status == 0, "\(result)")
    #expect(try Verification.compare(folder.image, out).isSame)
  }

  /// A source that a compiled module names by its time keeps it under all its names, in whatever layer these are.
  @Test func linksOfATimedSourceKeepItsTime() throws {
    let compiled: [UInt8] =
      [0xA7, 0x0D, 0x0D, 0x0A, 0, 0, 0, 0, 0xD0, 0x07, 0, 0, 4, 0, 0, 0] + Array("code".utf8)
    let folder = try ImageFolder([
      layer { tar in
        tar.file("old", "1")
        tar.file("aaa.py", "x=1\n", modified: 2000)
        tar.add("lib/a.py", type: "1", link: "aaa.py", modified: 2000)
        tar.add("lib/__pycache__/a.cpython-311.pyc", data: compiled, modified: 2000)
      },
      layer { tar in
        tar.add(".wh.old")
        tar.add("z.py", type: "1", link: "aaa.py", modified: 2000)
      },
    ])
    let found = try entries(folder, options { $0.epoch = 6 })
    for name in ["aaa.py", "lib/a.py", "z.py"] {
      #expect(found[name]?.entry.modified == 2000, "\(name)")
    }
    #expect(found["lib/__pycache__/a.cpython-311.pyc"]?.entry.modified == 6)
  }
}
