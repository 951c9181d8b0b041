import ForgeBasics
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// The stacked root filesystem against the one that umoci unpacks.
@Suite struct UmociTests {
  /// Unpacks every layout below a folder and prints its root filesystem, a line a path:
  /// `case kind path mode uid gid links content-or-target attributes`. `case error` where umoci refuses.
  private static let unpackAll = """
    import os, stat, subprocess, sys
    from concurrent.futures import ThreadPoolExecutor
    top = sys.argv[1]
    def show(case):
        bundle = f"{top}/{case}.bundle"
        done = subprocess.run(["umoci", "unpack", "--image", f"{top}/{case}:test", bundle], capture_output=True)
        if done.returncode: return [f"{case} error"]
        root, paths, lines = os.fsencode(bundle) + b"/rootfs", [], []
        for folder, folders, files in os.walk(root): paths += [folder + b"/" + n for n in folders + files]
        inodes = {}
        for path in paths: inodes.setdefault(os.lstat(path).st_ino, []).append(path)
        for path in sorted(paths):
            s = os.lstat(path)
            kind = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}.get(stat.S_IFMT(s.st_mode), "other")
            content, first, mode = b"", path, s.st_mode & 0o7777
            if kind == "file": content, first = open(path, "rb").read(), min(inodes[s.st_ino])
            if kind == "link": content, mode = os.readlink(path), 0
            rel = lambda p: p[len(root) + 1:].hex()
            notes = [] if kind == "link" or sys.argv[3] == "false" else sorted(n for n in os.listxattr(path) if n.startswith("user."))
            notes = ",".join(f"{n}={os.getxattr(path, n).hex()}" for n in notes)
            lines.append(f"{case} {kind} {rel(path)} {mode:o} {s.st_uid} {s.st_gid} {rel(first)} {content.hex()} {notes}")
        return lines
    with ThreadPoolExecutor(2) as pool:
        for lines in pool.map(show, sys.argv[2].split(",")): print("\\n".join(lines))
    """

  /// Whether the temporary folder's file system keeps extended attributes, as most do.
  private static let keepsAttributes: Bool = {
    let probe = "import os, sys; os.setxattr(sys.argv[1], 'user.note', b'x')"
    return (try? Shell.withTemporaryFolder { try Shell.run(["python3", "-c", probe, $0]) }) != nil
  }()

  /// What umoci unpacks from each stack: the lines of `unpackAll`, or `error` alone.
  private func unpack(_ stacks: [[[UInt8]]]) throws -> [[String]] {
    try Shell.withTemporaryFolder { folder in
      for (index, layers) in stacks.enumerated() {
        try TestImage(layers: layers, references: ["test"])
          .writeOCILayout(to: "\(folder)/\(index)", compression: .none)
      }
      let names = stacks.indices.map(String.init).joined(separator: ",")
      let output = try Shell.run([
        "python3", "-c", Self.unpackAll, folder, names, "\(Self.keepsAttributes)",
      ])
      var unpacked = [[String]](repeating: [], count: stacks.count)
      for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
        let parts = line.split(separator: " ", maxSplits: 1)
        if let index = Int(parts[0]), parts.count == 2 { unpacked[index].append(String(parts[1])) }
      }
      return unpacked
    }
  }

  /// Where umoci is known to differ from what the specification says, and what containerd and Docker do.
  private enum Deviation: String, CaseIterable {
    /// The header of a hardlink has a mode and an owner, which the file gets. umoci leaves them aside.
    case hardlinkMetadata = "mode and owner of a hardlink's own header"
  }

  @Test("umoci differs from the specification", arguments: [Deviation.hardlinkMetadata])
  private func deviates(_ deviation: Deviation) throws {
    let stack: [[UInt8]]
    let (theirs, ours): ([String], [String])
    switch deviation {
    case .hardlinkMetadata:
      stack = [
        layer { tar in
          tar.file("a", "1")
          tar.add("b", type: "1", link: "a", mode: 0o600, uid: 7)
        }
      ]
      theirs = ["file 61 644 0 0 61 31 ", "file 62 644 0 0 61 31 "]
      ours = ["file 61 600 7 0 61 31 ", "file 62 600 7 0 61 31 "]
    }
    #expect(try unpack([stack]) == [theirs])
    #expect(lines(try RootFilesystem(scans(stack)), as: []) == ours)
    #expect(lines(try RootFilesystem(scans(stack)), as: [deviation]) == theirs)
  }

  /// Compares many stacks in one run; returns how many of them could be unpacked.
  private func compare(_ stacks: [(name: String, layers: [[UInt8]])]) throws -> Int {
    var unpacked = 0
    for (stack, expected) in zip(stacks, try unpack(stacks.map(\.layers))) {
      var found = ["error"]
      do {
        found = lines(try RootFilesystem(scans(stack.layers)))
        unpacked += 1
        checkAccounts(try inspect(stack.layers), "\(stack.name)")
      } catch is StackingError {}
      #expect(found == expected, "\(stack.name): \(describe(stack.layers))")
    }
    return unpacked
  }

  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
  }

  /// - Parameter deviations: where umoci differs from the specification, and these lines follow umoci.
  private func lines(
    _ root: RootFilesystem, as deviations: Set<Deviation> = Set(Deviation.allCases)
  ) -> [String] {
    var paths: [(path: [UInt8], node: FileTree.ID)] = []
    var pending = [FileTree.root]
    while let id = pending.popLast() {
      if id != FileTree.root { paths.append((root.tree.path(id), id)) }
      pending += root.tree.children(id)
    }
    paths.sort { $0.path.lexicographicallyPrecedes($1.path) }
    var firstName: [Int32: [UInt8]] = [:]
    for (path, id) in paths where firstName[root.tree[id].inode] == nil {
      firstName[root.tree[id].inode] = path
    }
    return paths.map { path, id in
      let node = root.tree[id]
      let isFile = node.inode != FileTree.none
      var (mode, uid, gid): (UInt16, UInt32, UInt32) = (0o755, 0, 0)
      var notes: [ExtendedAttribute] = []
      let inode = isFile ? root.inodes[Int(node.inode)] : nil
      let file = deviations.contains(.hardlinkMetadata) ? inode?.origin : inode?.metadata
      let origin = file ?? (node.kind == .symlink ? node.target : node.origin)
      if origin.index >= 0 {
        let entry = root.entry(origin)
        (mode, uid, gid) = (entry.mode, entry.uid, entry.gid)
        if node.kind != .symlink, Self.keepsAttributes {
          notes = root.layers[Int(origin.layer)].entries.extendedAttributes(Int(origin.index))
        }
      }
      var (kind, content, first): (String, [UInt8], [UInt8]) = ("other", [], path)
      switch node.kind {
      case .directory: kind = "folder"
      case .symlink:
        (kind, mode) = ("link", 0)
        content = Array(root.layers[Int(node.target.layer)].entries.link(Int(node.target.index)))
      case .regular:
        let data = root.inodes[Int(node.inode)].origin
        (kind, first) = ("file", firstName[node.inode] ?? [])
        content = root.layers[Int(data.layer)].entries.head(Int(data.index)) ?? []
      default: break
      }
      let text = notes.map { "\(String(decoding: $0.name, as: UTF8.self))=\(hex($0.value))" }
        .sorted()
        .joined(separator: ",")
      return
        "\(kind) \(hex(path)) \(String(mode, radix: 8)) \(uid) \(gid) \(hex(first)) \(hex(content)) \(text)"
    }
  }

  /// The entries of the layers, for the message of a failed comparison.
  private func describe(_ layers: [[UInt8]]) -> String {
    let texts = (try? scans(layers))?.map { scan in
      scan.entries.indices.map { index in
        "\(scan.entries[index].kind) \(DisplayText.escape(scan.entries.path(index)))"
          + (scan.entries.link(index).isEmpty
            ? "" : " -> \(DisplayText.escape(scan.entries.link(index)))")
      }.joined(separator: ", ")
    }
    return texts?.joined(separator: " | ") ?? ""
  }

  @Test func stacksLikeUmoci() throws {
    let stacks: [(name: String, layers: [[UInt8]])] = [
      (
        "whiteout before",
        [
          layer { $0.file("x", "1") },
          layer {
            $0.add(".wh.x")
            $0.file("x", "2")
          },
        ]
      ),
      (
        "whiteout after",
        [
          layer { $0.file("x", "1") },
          layer {
            $0.file("x", "2")
            $0.add(".wh.x")
          },
        ]
      ),
      ("whiteout of nothing", [layer { $0.folder("d") }, layer { $0.add("d/.wh.x") }]),
      (
        "whiteout of a folder that the layer writes to",
        [
          layer {
            $0.file("d/a", "1")
            $0.file("d/e/b", "2")
          },
          layer {
            $0.file("d/e/c", "3")
            $0.add(".wh.d")
          },
        ]
      ),
      (
        "opaque first and last",
        [
          layer {
            $0.file("a/x", "1")
            $0.file("b/x", "1")
            $0.file("b/d/y", "1")
          },
          layer { tar in
            tar.add("a/.wh..wh..opq")
            tar.file("a/new", "2")
            tar.file("b/d/new", "2")
            tar.add("b/.wh..wh..opq")
          },
        ]
      ),
      (
        "opaque folder in place of a link",
        [
          layer {
            $0.file("target/keep", "1")
            $0.symlink("link", to: "/target")
          },
          layer {
            $0.folder("link")
            $0.add("link/.wh..wh..opq")
          },
        ]
      ),
      ("folder to file", [layer { $0.file("d/a", "1") }, layer { $0.file("d", "2") }]),
      ("folder to link", [layer { $0.file("d/a", "1") }, layer { $0.symlink("d", to: "e") }]),
      ("file to folder", [layer { $0.file("d", "1") }, layer { $0.folder("d", mode: 0o700) }]),
      ("folder again", [layer { $0.file("d/a", "1") }, layer { $0.folder("d", mode: 0o700) }]),
      (
        "through links",
        [
          layer { tar in
            tar.folder("target")
            tar.symlink("relative", to: "target")
            tar.symlink("absolute", to: "/target")
            tar.symlink("out", to: "../../../target")
            tar.folder("deep/er")
            tar.symlink("deep/er/up", to: "../../target")
          },
          layer { tar in
            for link in ["relative", "absolute", "out", "deep/er/up"] {
              tar.file("\(link)/\(link.count)", link)
            }
          },
        ]
      ),
      (
        "whiteout through a link",
        [
          layer {
            $0.file("target/x", "1")
            $0.symlink("link", to: "target")
          }, layer { $0.add("link/.wh.x") },
        ]
      ),
      (
        "duplicates",
        [
          layer {
            $0.file("a", "1")
            $0.file("a", "22")
            $0.folder("a")
            $0.file("a/b", "3")
          }
        ]
      ),
      (
        "hardlinks",
        [
          layer {
            $0.file("a", "1")
            $0.hardlink("b", to: "a")
            $0.symlink("s", to: "a")
            $0.hardlink("t", to: "s")
          },
          layer {
            $0.file("a", "2")
            $0.hardlink("c", to: "b")
          }, layer { $0.add(".wh.b") },
        ]
      ),
      (
        "hardlink before its target",
        [
          layer {
            $0.hardlink("b", to: "a")
            $0.file("a", "1")
          }
        ]
      ),
      (
        "hardlink to itself",
        [
          layer {
            $0.file("a", "1")
            $0.hardlink("a", to: "a")
          }
        ]
      ),
      (
        "hardlink in place of its group",
        [
          layer {
            $0.file("a", "1")
            $0.hardlink("b", to: "a")
          }, layer { $0.hardlink("b", to: "a") },
        ]
      ),
      (
        "implicit parents",
        [
          layer {
            $0.file("a/b/c", "1")
            $0.folder("a", mode: 0o711)
          }
        ]
      ),
      (
        "names",
        [
          layer {
            $0.file("./a//b/./c", "1")
            $0.file("/d", "2")
            $0.file("e/../f", "3")
          }
        ]
      ),
      ("below a file", [layer { $0.file("a", "1") }, layer { $0.file("a/b", "1") }]),
      (
        "loop",
        [
          layer {
            $0.symlink("a", to: "b")
            $0.symlink("b", to: "a")
            $0.file("a/c", "1")
          }
        ]
      ),
      (
        "dangling",
        [
          layer {
            $0.symlink("a", to: "b/c")
            $0.file("a/d", "1")
          }
        ]
      ),
      ("empty", [layer { _ in }]),
    ]
    #expect(try compare(stacks) >= 18)
  }

  /// Stacks of a few names, so that they meet in every way. One that differs is shrunk to what is needed for that.
  @Test func stacksLikeUmociAtRandom() throws {
    typealias Entry = @Sendable (inout TarBuilder) -> Void
    var random = SeededBytes(seed: 20_261_124)
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int(random.next() % UInt64(values.count))]
    }
    func path() -> String {
      (0..<pick([1, 1, 2, 2, 3])).map { _ in pick(["a", "b", "c"]) }.joined(separator: "/")
    }
    func entry() -> Entry {
      let path = path()
      let folder = path.split(separator: "/").dropLast().map { $0 + "/" }.joined()
      switch random.next() % 20 {
      case 0..<7:
        let (text, mode, uid) = (
          pick(["", "one", "two", "three"]), pick([0o644, 0o755]), pick([0, 7])
        )
        let note = pick(["", "", "x", "y"])
        return { tar in
          if !note.isEmpty {
            tar.pax([("SCHILY.xattr.user.note", note), ("SCHILY.xattr.user.\(note)", "1")])
          }
          tar.file(path, text, mode: mode, uid: uid)
        }
      case 7..<12:
        let (mode, note) = (pick([0o755, 0o700]), pick(["", "", "x", "y"]))
        return { tar in
          if !note.isEmpty { tar.pax([("SCHILY.xattr.user.note", note)]) }
          tar.folder(path, mode: mode)
        }
      case 12..<14:
        let target = pick(["a", "b", "/a", "../b", "/b/c", "c/..", "../../.."])
        return { $0.symlink(path, to: target) }
      case 14:
        let target = pick(["a", "b", "a/b", "c"])
        return { $0.hardlink(path, to: target) }
      case 15..<18:
        let name = pick(["a", "b", "c"])
        return { $0.add(folder + ".wh." + name) }
      default: return { $0.add(folder + ".wh..wh..opq") }
      }
    }
    let stacks = (0..<300).map { _ in
      (0..<pick([1, 2, 2, 3, 4])).map { _ in (0..<pick([1, 2, 3, 4, 6])).map { _ in entry() } }
    }
    func tars(_ stack: [[Entry]]) -> [[UInt8]] {
      stack.map { entries in layer { tar in for entry in entries { entry(&tar) } } }
    }

    var opened = 0
    for (number, expected) in try unpack(stacks.map(tars)).enumerated() {
      let found = try found(tars(stacks[number]))
      if found != ["error"] {
        opened += 1
        checkAccounts(try inspect(tars(stacks[number])), "stack \(number)")
      }
      guard found != expected else { continue }
      let least = try Self.shrink(stacks[number]) { stack in
        try unpack([tars(stack)])[0] != self.found(tars(stack))
      }
      Issue.record("stack \(number) differs from umoci; least: \(describe(tars(least)))")
    }
    #expect(opened >= 120)
  }

  /// The root filesystem in umoci's terms, or `error` where no runtime could unpack it.
  private func found(_ layers: [[UInt8]]) throws -> [String] {
    do { return lines(try RootFilesystem(scans(layers))) } catch is StackingError {
      return ["error"]
    }
  }

  /// Leaves entries and layers out, one after the other, as long as `fails` holds.
  static func shrink<Entry>(_ stack: [[Entry]], _ fails: ([[Entry]]) throws -> Bool) rethrows
    -> [[Entry]]
  {
    var least = stack
    var shrunk = true
    while shrunk {
      shrunk = false
      for layer in least.indices.reversed() {
        var shorter = least
        shorter.remove(at: layer)
        if !shorter.isEmpty, try fails(shorter) {
          (least, shrunk) = (shorter, true)
          continue
        }
        for entry in least[layer].indices.reversed() where least[layer].count > 1 {
          var shorter = least
          shorter[layer].remove(at: entry)
          if try fails(shorter) { (least, shrunk) = (shorter, true) }
        }
      }
    }
    return least
  }

  @Test func shrinkingFindsTheLeastStack() {
    let stack = [[1, 2, 3], [4], [5, 6, 7, 8], [9]]
    let least = Self.shrink(stack) { stack in
      stack.contains { $0.contains(2) } && stack.contains { $0.contains(7) }
    }
    #expect(least == [[2], [7]])
  }

  /// Headers damaged at random, with sound checksums: a tar that both read means the same to both.
  @Test func damagedTarsMeanTheSame() throws {
    let base = layer { tar in
      tar.folder("etc/")
      tar.file("etc/passwd", "root:x:0:0")
      tar.pax([("path", "pax/name"), ("size", "5"), ("mtime", "1.5")])
      tar.add("short", data: Array("hello".utf8), size: 0)
      tar.add("././@LongLink", type: "L", data: Array("a/long/name".utf8) + [0], magic: "ustar  \0")
      tar.add("cut", data: [UInt8](repeating: 65, count: 600), magic: "ustar  \0")
      tar.symlink("link", to: "etc")
      tar.hardlink("hard", to: "etc/passwd")
      tar.file("last", "x")
    }
    // Fields where it matters, and bytes that mean something there.
    let places = [
      0, 1, 2, 3, 99, 100, 106, 115, 124, 125, 134, 135, 136, 156, 156, 157, 158, 257, 262, 263,
      345, 346,
    ]
    let values = Array("\0 /.012579xgL\u{7F}".utf8) + [0x80, 0xFF]
    var random = SeededBytes(seed: 99)
    func pick<Value>(_ values: [Value]) -> Value {
      values[Int(random.next() % UInt64(values.count))]
    }
    let tars = (0..<300).map { _ in
      var tar = base
      let block = Int(random.next() % UInt64(tar.count / 512)) * 512
      for _ in 0...(random.next() % 3) {
        tar[block + pick(places + [Int(random.next() % 512)])] = pick(
          values + [UInt8(truncatingIfNeeded: random.next())])
      }
      TarBuilder.sign(&tar, block)
      return tar
    }
    var both = 0
    for (index, expected) in try unpack(tars.map { [$0] }).enumerated() where expected != ["error"]
    {
      // To refuse what umoci takes is a gate's right.
      guard let scans = try? scans([tars[index]]), let root = try? RootFilesystem(scans) else {
        continue
      }
      both += 1
      #expect(lines(root) == expected, "tar \(index): \(describe([tars[index]]))")
    }
    #expect(both > 100)
  }
}
