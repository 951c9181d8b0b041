import ForgeBasics
import TestSupport
import Testing

@testable import ForgeLayers

@Suite struct TarTests {
  @Test func readsEveryKindOfEntry() throws {
    let scan = try scan(
      TarBuilder.make { tar in
        tar.folder("./")
        tar.add(
          "./bin/run", data: Array("#!".utf8), mode: 0o4755, uid: 1000, gid: 1001,
          modified: 1_700_000_000)
        tar.symlink("bin/sh", to: "../bin/run")
        tar.hardlink("bin/again", to: "/bin//run")
        tar.add("dev/null", type: "3") {
          $0[335] = UInt8(ascii: "1")
          $0[343] = UInt8(ascii: "3")
        }
        tar.add("dev/sda", type: "4")
        tar.add("run/pipe", type: "6")
      })
    #expect(
      scan.paths == ["", "bin/run", "bin/sh", "bin/again", "dev/null", "dev/sda", "run/pipe"])
    #expect(
      scan.kinds == [
        .directory, .regular, .symlink, .hardlink, .characterDevice, .blockDevice, .fifo,
      ])
    let file = scan.entries[1]
    #expect(
      file.mode == 0o4755 && file.uid == 1000 && file.gid == 1001 && file.modified == 1_700_000_000)
    #expect(scan.link(2) == "../bin/run")
    #expect(scan.link(3) == "bin/run")
    #expect(scan.entries[4].deviceMajor == 1 && scan.entries[4].deviceMinor == 3)
    #expect(scan.anomalies.isEmpty)
  }

  @Test func equalContentHasEqualHashes() throws {
    var random = SeededBytes(seed: 2)
    let big = random.bytes(600_000)
    let scan = try scan(
      TarBuilder.make { tar in
        tar.add("a", data: big)
        tar.add("b", data: big)
        tar.add("c", data: Array(big.dropLast()) + [big[0] &+ 1])
        tar.add("small", data: Array(big.prefix(10)))
        tar.add("empty")
        tar.add("empty2")
      })
    let hashes = scan.entries.map(\.hash)
    #expect(hashes[0] == hashes[1])
    #expect(hashes[4] == hashes[5])
    #expect(Set(hashes).count == 4)
  }

  @Test func keepsTheHeadsThatWereAskedFor() throws {
    let options = LayerScanOptions(capture: { $0.elementsEqual("app/.env".utf8) ? 4 : 0 })
    let scan = try scan(
      TarBuilder.make { tar in
        tar.file("app/.env", "SECRET=1")
        tar.file("app/other", "SECRET=1")
        tar.file("./app/.env", "ab")
        tar.file("app//.env", "")
      }, options)
    #expect(scan.entries.head(0) == Array("SECR".utf8))
    #expect(scan.entries.head(1) == nil)
    #expect(scan.entries.head(2) == Array("ab".utf8))
    #expect(scan.entries.head(3) == [])
  }

  @Test(arguments: [
    ("x", "x"), ("./x", "x"), ("/x", "x"), ("x/", "x"), ("a//b", "a/b"), ("a/./b/.", "a/b"),
    ("a/b/../c", "a/c"),
    ("...", "..."), ("a\\b", "a\\b"), ("a/../b", "b"),
  ])
  func cleansNames(_ raw: String, _ clean: String) throws {
    let scan = try scan(TarBuilder.make { $0.folder(raw) })
    #expect(scan.paths == [clean])
    #expect((scan.anomaly(.dotDot) != nil) == raw.contains("/../"))
  }

  @Test(arguments: ["..", "../x", "a/../../x", "/../x", "./.."])
  func refusesNamesThatLeaveTheRoot(_ name: String) throws {
    guard case .malformed = try failure(TarBuilder.make { $0.folder(name) }) else {
      Issue.record("\(name) is not refused as malformed")
      return
    }
  }

  @Test func refusesRootsThatAreNoFolders() throws {
    for name in [".", "/", "./", ""] {
      #expect(throws: LayerError.self) {
        try scan(TarBuilder.make { $0.symlink(name, to: "/etc") })
      }
      #expect(throws: LayerError.self) { try scan(TarBuilder.make { $0.hardlink("a", to: name) }) }
    }
  }

  @Test func longNamesOfEveryDialect() throws {
    let long = String(repeating: "folder/", count: 30) + "name"
    let target = String(repeating: "t", count: 300)
    let scan = try scan(
      TarBuilder.make { tar in
        tar.add("././@LongLink", type: "L", data: Array(long.utf8) + [0], magic: "ustar  \0")
        tar.add("././@LongLink", type: "K", data: Array(target.utf8) + [0], magic: "ustar  \0")
        tar.add("cut", type: "2", link: "cut", magic: "ustar  \0")
        tar.pax([("path", long), ("linkpath", target)])
        tar.symlink("cut", to: "cut")
        tar.add("name") { $0.replaceSubrange(345..<351, with: Array("prefix".utf8)) }
        // Not a prefix in GNU's dialect, nor without a magic.
        tar.add("name", magic: "ustar  \0") { $0.replaceSubrange(345..<346, with: Array("1".utf8)) }
        tar.add("name", magic: "") { $0.replaceSubrange(345..<346, with: Array("1".utf8)) }
      })
    #expect(scan.paths == [long, long, "prefix/name", "name", "name"])
    #expect(scan.link(0) == target && scan.link(1) == target)
  }

  @Test func paxOverridesTheHeader() throws {
    let scan = try scan(
      TarBuilder.make { tar in
        tar.pax([
          ("size", "5"), ("uid", "3000000"), ("gid", "4000000000"), ("mtime", "-1.25"),
          ("path", "über"),
          ("SCHILY.xattr.security.capability", "\u{1}\u{2}"), ("SCHILY.xattr.user.gone", ""),
          ("comment", "x"),
        ])
        tar.add("short", data: Array("hello".utf8), size: 0)
        tar.file("next", "x")
      })
    let entry = scan.entries[0]
    #expect(scan.paths == ["über", "next"])
    #expect(entry.size == 5 && entry.uid == 3_000_000 && entry.gid == 4_000_000_000)
    #expect(entry.modified == -2 && entry.modifiedNanoseconds == 750_000_000)
    #expect(
      scan.entries.extendedAttributes(0) == [
        ExtendedAttribute(name: Array("security.capability".utf8), value: [1, 2])
      ])
    #expect(entry.hasExtendedAttributes && !scan.entries[1].hasExtendedAttributes)
    #expect(scan.anomalies.isEmpty)
  }

  @Test func base256Numbers() throws {
    let scan = try scan(
      TarBuilder.make { tar in
        tar.add("a", data: [1, 2, 3]) { block in
          block.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0x80, 0, 0, 1])
          block.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3])
          block.replaceSubrange(136..<148, with: [UInt8](repeating: 0xFF, count: 12))
        }
        tar.file("b", "")
      })
    #expect(
      scan.entries[0].uid == 0x8000_0001 && scan.entries[0].size == 3
        && scan.entries[0].modified == -1)
    #expect(scan.paths == ["a", "b"])
  }

  @Test func paxSizeWinsOverTheHeadersAndIsReported() throws {
    // Read by the header's size, the data would be an entry of its own.
    let hidden = TarBuilder.make { $0.file("hidden", "x") }
    let scan = try scan(
      TarBuilder.make { tar in
        tar.pax([("size", "\(hidden.count)")])
        tar.add("outer", data: hidden, size: 512)
      })
    #expect(scan.paths == ["outer"])
    #expect(scan.entries[0].size == Int64(hidden.count))
    #expect(scan.anomaly(.sizeConflict)?.path == Array("outer".utf8))
  }

  @Test func paxDoesNotApplyToALongNameInBetween() throws {
    let scan = try scan(
      TarBuilder.make { tar in
        tar.pax([("size", "3")])
        tar.add("././@LongLink", type: "L", data: Array("real/name".utf8) + [0], magic: "ustar  \0")
        tar.add("cut", data: [1, 2, 3], magic: "ustar  \0")
        tar.file("after", "")
      })
    #expect(scan.paths == ["real/name", "after"])
  }

  @Test func notesWhatReadersDisagreeAbout() throws {
    let scan = try scan(
      TarBuilder.make { tar in
        tar.pax([("comment", "0123")], type: "g")
        tar.pax([("path", "everywhere")], type: "g")
        tar.add("link", type: "1", link: "target", size: 12)
        tar.add("folder", type: "5", size: 700)
        tar.file("a/../b", "x")
      } + [0, 0, 7])
    #expect(scan.paths == ["link", "folder", "b"])
    #expect(
      Set(scan.anomalies.map(\.kind)) == [.globalHeader, .sizeWithoutData, .dotDot, .dataAfterEnd])
    #expect(scan.anomaly(.sizeWithoutData)?.count == 2)
    #expect(scan.anomaly(.dataAfterEnd)?.offset == scan.unpacked - 1)
  }

  @Test func endsOfArchives() throws {
    var tar = TarBuilder()
    tar.file("a", "x")
    let body = tar.bytes
    let zero = [UInt8](repeating: 0, count: 512)
    #expect(try scan(body).anomaly(.noEndOfArchive) != nil)
    #expect(try scan(body + zero).anomalies.isEmpty)
    #expect(try scan(body + zero + zero + [UInt8](repeating: 0, count: 9001)).anomalies.isEmpty)
    #expect(try scan(body + zero + zero + body).anomaly(.dataAfterEnd) != nil)
    #expect(try scan(body + zero + zero + body).paths == ["a"])
    #expect(throws: LayerError.self) { try scan(body + zero + body + zero + zero) }
  }

  @Test func refusesHostileHeaders() throws {
    func refuses(_ what: Comment, _ body: (inout TarBuilder) -> Void) {
      #expect(throws: LayerError.self, what) {
        try scan(
          TarBuilder.make { tar in
            tar.file("first", "x")
            body(&tar)
            tar.file("last", "x")
          })
      }
    }
    refuses("negative size") { tar in
      tar.add("a") { $0.replaceSubrange(124..<136, with: [UInt8](repeating: 0xFF, count: 12)) }
    }
    refuses("size beyond 63 bits") { tar in
      tar.add("a") {
        $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xFF, count: 11))
      }
    }
    refuses("huge size") { $0.add("a", size: 0o77777777777) }
    refuses("size beyond the archive") { $0.add("a", size: 100_000) }
    refuses("size that is no number") { tar in tar.add("a") { $0[124] = UInt8(ascii: "z") } }
    refuses("digits after a blank") { tar in
      tar.add("a") { $0.replaceSubrange(124..<136, with: Array("1 1         ".utf8)) }
    }
    refuses("user beyond 32 bits") { tar in
      tar.pax([("uid", "4294967296")])
      tar.file("a", "x")
    }
    refuses("unknown type") { $0.add("a", type: "Z") }
    refuses("symlink to nothing") { $0.symlink("a", to: "") }
    refuses("PAX header of 2 MiB") {
      $0.add("x", type: "x", data: [UInt8](repeating: 0, count: 2 << 20))
    }
    refuses("PAX header of nothing") { $0.add("x", type: "x") }
    refuses("long name of 2 MiB") {
      $0.add("x", type: "L", data: [UInt8](repeating: 65, count: 2 << 20))
    }
    refuses("path of 5000 bytes") { tar in
      tar.pax([("path", String(repeating: "a", count: 5000))])
      tar.file("a", "x")
    }
    refuses("two PAX headers") { tar in
      tar.pax([("path", "one")])
      tar.pax([("size", "1")])
    }
    refuses("two names") { tar in
      tar.pax([("path", "one")])
      tar.add("././@LongLink", type: "L", data: Array("two".utf8))
    }
    refuses("NUL in a path") { tar in
      tar.pax([("path", "a\0b")])
    }
    for record in [
      "5 a=b\n", "7 a=b\n", "0 a=b\n", "-6 a=b\n", "6 a=b", " a=b\n", "99999999999999999999 a=b\n",
      "4 =\n",
    ] {
      refuses("PAX record \(record)") { tar in
        tar.add("x", type: "x", data: Array(record.utf8))
      }
    }
    for record in [
      ("size", "-1"), ("size", "1.5"), ("size", "9223372036854775808"), ("mtime", "now"),
      ("uid", "root"),
    ] {
      refuses("PAX record \(record)") { $0.pax([record]) }
    }
    #expect(throws: LayerError.self, "PAX header at the end") {
      try scan(TarBuilder.make { $0.pax([("size", "1")]) })
    }
  }

  @Test func everyDamagedHeaderByteIsNoticed() throws {
    let tar = TarBuilder.make { $0.file("a", "x") }
    for index in 0..<512 {
      var damaged = tar
      damaged[index] ^= 0x10
      // Blanks, zeros and NULs around the digits of the checksum itself are as good as each other.
      if index != 148 && !(154..<156).contains(index) {
        #expect(throws: LayerError.self, "byte \(index)") { try scan(damaged) }
      }
    }
  }

  @Test func limitsTheNumberOfEntries() throws {
    var limits = LayerLimits()
    limits.entries = 10
    #expect(throws: LayerError.self) {
      try scan(
        TarBuilder.make { tar in for index in 0..<11 { tar.file("\(index)", "") } },
        LayerScanOptions(limits: limits))
    }
  }

  @Test func errorsSayWhatAndWhereAndEscapeNames() throws {
    let error = try failure(
      TarBuilder.make { tar in
        tar.file("first", "x")
        tar.add("evil\u{1B}[2J", type: "Z")
      }, LayerScanOptions(name: "layer 2 of app.tar"))
    #expect(
      error.description
        == "layer 2 of app.tar is not a sound tar archive: header at byte 1024, entry evil\\x1b[2J: unknown type Z: "
        + "no container runtime unpacks it; rebuild the image with a current engine")
    #expect(error.exitCode == .unreadableInput)
  }
}
