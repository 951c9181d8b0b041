import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeLayers

/// Archives that other programs wrote, against what Python's `tarfile` reads in them.
@Suite struct OracleTests {
  enum Writer: String, CaseIterable, Sendable {
    case gnuV7 = "tar --format=v7 --exclude=./pipe --exclude=./ddd*"
    case gnuUstar = "tar --format=ustar"
    case gnuOld = "tar --format=oldgnu"
    case gnu = "tar --format=gnu"
    case gnuPosix = "tar --format=posix"
    case gnuSparse = "tar --format=gnu --sparse"
    case gnuSparse00 = "tar --format=posix --sparse --sparse-version=0.0"
    case gnuSparse01 = "tar --format=posix --sparse --sparse-version=0.1"
    case gnuSparse10 = "tar --format=posix --sparse --sparse-version=1.0"
    case bsdUstar = "bsdtar --format=ustar"
    case bsdPax = "bsdtar --format=pax"
    case bsdGNU = "bsdtar --format=gnutar"
    case pythonUstar = "python USTAR_FORMAT"
    case pythonGNU = "python GNU_FORMAT"
    case pythonPax = "python PAX_FORMAT"

    /// Whether the dialect holds long names and large numbers.
    var isRich: Bool { ![.gnuV7, .gnuUstar, .bsdUstar, .pythonUstar].contains(self) }

    func command(_ folder: String) -> [String] {
      let words = rawValue.split(separator: " ").map(String.init)
      guard words[0] == "python" else { return words + ["-cf", "-", "-C", folder, "."] }
      let script = """
        import sys, tarfile
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.\(words[1])) as t: t.add(sys.argv[1], ".")
        """
      return ["python3", "-c", script, folder]
    }
  }

  private static let makeTree = """
    import os, sys
    root, rich = os.fsencode(sys.argv[1]), sys.argv[2] == "true"
    def put(name, data=b"x", uid=0, mode=0o644):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f: f.write(data)
        os.chown(path, uid, uid + 1); os.chmod(path, mode); os.utime(path, ns=(0, 1_600_000_000_250_000_000))
    put(b"bin/setuid", b"#!/bin/sh\\n", mode=0o4755)
    put(b"empty", b"")
    put(b"data/block", os.urandom(512)); put(b"data/large", os.urandom(300_001))
    put(b"data/name with spaces and a ' quote")
    os.link(root + b"/data/large", root + b"/data/hard")
    os.symlink(b"../bin/setuid", root + b"/data/soft")
    os.symlink(b"nowhere", root + b"/dangling")
    os.mkfifo(root + b"/pipe")
    put(b"d" * 60 + b"/" + b"f" * 80)
    if rich:
        put(b"uid/large", uid=3_000_000)
        put(b"/".join([b"folder-%03d" % i for i in range(40)]) + b"/deep")
        put(b"n" * 250)
        os.symlink(b"t" * 300, root + b"/long-target")
        put("naïve/文".encode())
        with open(root + b"/sparse", "wb") as f:
            for i in range(30): f.seek(i * 100_000); f.write(b"piece %d" % i)
            f.truncate(4_000_000)
    """

  private static let list = """
    import sys, tarfile
    kinds = {b"0": 0, b"\\0": 0, b"S": 0, b"5": 1, b"2": 2, b"1": 3, b"3": 4, b"4": 5, b"6": 6}
    def clean(name): return "/".join(p for p in name.split("/") if p not in ("", "."))
    def hex(name): return name.encode("utf-8", "surrogateescape").hex()
    for m in tarfile.open(sys.argv[1], errors="surrogateescape", encoding="utf-8"):
        size = m.size if m.isreg() and not m.islnk() else 0
        link = clean(m.linkname) if m.islnk() else m.linkname if m.issym() else ""
        print(kinds[m.type], hex(clean(m.name)), size, m.uid, m.gid, m.mode & 0o7777, int(m.mtime), hex(link))
    """

  @Test(arguments: Writer.allCases) func readsWhatOthersWrite(_ writer: Writer) throws {
    try Shell.withTemporaryFolder { folder in
      try Shell.run(["python3", "-c", Self.makeTree, folder + "/tree", "\(writer.isRich)"])
      let tar = try Shell.run(writer.command(folder + "/tree"))
      FileManager.default.createFile(atPath: folder + "/layer.tar", contents: Data(tar))
        .expectTrue()
      let expected = try Shell.run(["python3", "-c", Self.list, folder + "/layer.tar"])
      let scan = try scan(tar)
      #expect(
        lines(scan)
          == String(decoding: expected, as: UTF8.self).split(separator: "\n").map(String.init))
      let isSparse = writer.rawValue.contains("sparse")
      #expect((scan.anomaly(.sparse)?.count ?? 0) == (isSparse || (writer == .bsdPax) ? 1 : 0))
      #expect(scan.anomalies.allSatisfy { $0.kind == .sparse })
      #expect(scan.entries.count >= 9)
    }
  }

  private func lines(_ scan: LayerScan) -> [String] {
    func hex(_ bytes: some Sequence<UInt8>) -> String {
      bytes.map { String(format: "%02x", $0) }.joined()
    }
    return scan.entries.indices.map { index in
      let entry = scan.entries[index]
      return
        "\(entry.kind.rawValue) \(hex(scan.entries.path(index))) \(entry.size) \(entry.uid) \(entry.gid) "
        + "\(entry.mode) \(entry.modified) \(hex(scan.entries.link(index)))"
    }
  }
}

extension Bool {
  fileprivate func expectTrue() { #expect(self) }
}
