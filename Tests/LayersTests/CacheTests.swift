import ForgeBasics
import ForgeFindings
import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import ForgeLayers

/// What is remembered of layers never stands in for their digests, whatever happens to the folder.
@Suite struct CacheTests {
  private static let tar = TarBuilder.make { tar in
    tar.folder("etc/")
    tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\n", uid: 7, modified: 1_700_000_000)
    tar.file("etc/group", "", mode: 0o600)
    tar.pax([("mtime", "-1.5"), ("SCHILY.xattr.user.a", "b\u{0}c"), ("SCHILY.xattr.user.d", "")])
    tar.add("bin/tool", data: [UInt8](repeating: 3, count: 100_000), mode: 0o4755)
    tar.symlink("bin/sh", to: "../tool")
    tar.hardlink("bin/twin", to: "bin/tool")
    tar.add("dev/null", type: "3") { block in
      block.replaceSubrange(329..<345, with: Array("0000001\u{0}0000003\u{0}".utf8))
    }
    tar.add("run/pipe", type: "6")
    tar.pax([("GNU.sparse.size", "30"), ("GNU.sparse.map", "0,4"), ("GNU.sparse.name", "holes")])
    tar.add("cut", data: Array("data".utf8))
    tar.file("a/../b", "x")
  }

  /// A folder for the cache, and a layer's file in it that was written to long ago.
  private struct Bench {
    let folder: TemporaryFolder
    var cache: LayerCache
    let path: String

    init(_ bytes: [UInt8] = CacheTests.tar, trustsStamps: Bool = true) throws {
      folder = try TemporaryFolder()
      cache = LayerCache(path: folder.file("cache/layers"), trustsStamps: trustsStamps)
      path = folder.file("layer")
      try write(bytes)
    }

    func write(_ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(filePath: path))
      // Stamps count from when the clock has moved on.
      usleep(150_000)
    }

    func blob() throws -> Blob {
      Blob(
        whole: try FileReader(taking: FileDescriptor.open(FilePath(path), .readOnly), name: "layer")
      )
    }

    func scan(
      _ options: LayerScanOptions = CacheTests.options(CacheTests.tar)
    ) throws -> (scan: LayerScan, isNew: Bool) {
      let (scan, isNew) = try cache.scan(.blob(blob()), options: options)
      return (scan, isNew)
    }

    func files() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: cache.path).sorted()
    }
  }

  private static func options(_ tar: [UInt8], limits: LayerLimits = LayerLimits())
    -> LayerScanOptions
  {
    LayerScanOptions(expectedDiffID: Digest.sha256(tar), limits: limits) {
      $0.starts(with: "etc/".utf8) ? 10 : 0
    }
  }

  @Test func codingKeepsEverything() throws {
    var options = Self.options(Self.tar)
    options.content = ContentSearch(version: "1") { Marker() }
    let scan = try scan(Self.tar, options)
    let bytes = scan.encode()
    let copy = try #require(
      bytes.withUnsafeBytes { LayerScan(decoding: $0, limits: LayerLimits()) })
    #expect(
      copy.compression == scan.compression && copy.digest == scan.digest
        && copy.diffID == scan.diffID)
    #expect(copy.compressed == scan.compressed && copy.unpacked == scan.unpacked)
    #expect(copy.anomalies == scan.anomalies && !scan.anomalies.isEmpty)
    #expect(copy.paths == scan.paths)
    for index in scan.entries.indices {
      let (entry, other) = (scan.entries[index], copy.entries[index])
      #expect(entry.kind == other.kind && entry.mode == other.mode && entry.size == other.size)
      #expect(entry.uid == other.uid && entry.gid == other.gid && entry.hash == other.hash)
      #expect(
        entry.modified == other.modified && entry.modifiedNanoseconds == other.modifiedNanoseconds)
      #expect(entry.deviceMajor == other.deviceMajor && entry.deviceMinor == other.deviceMinor)
      #expect(
        entry.isSparse == other.isSparse
          && entry.hasExtendedAttributes == other.hasExtendedAttributes)
      #expect(scan.link(index) == copy.link(index))
      #expect(scan.entries.head(index) == copy.entries.head(index))
      #expect(scan.entries.extendedAttributes(index) == copy.entries.extendedAttributes(index))
    }
    #expect(copy.hits == scan.hits && !scan.hits.isEmpty && copy.contentVersion == "1")
    #expect(copy.encode() == bytes)
    #expect(scan.entries.contains { $0.isSparse } && scan.entries.contains { $0.deviceMinor == 3 })
  }

  /// A forged file with a sound checksum cannot do more than name nothing.
  @Test func damagedCodingNeverCrashes() throws {
    var options = Self.options(Self.tar)
    options.content = ContentSearch(version: "1") { Marker() }
    let bytes = try scan(Self.tar, options).encode()
    for count in bytes.indices {
      #expect(
        bytes[..<count].withUnsafeBytes { LayerScan(decoding: $0, limits: LayerLimits()) } == nil)
    }
    #expect((bytes + [0]).withUnsafeBytes { LayerScan(decoding: $0, limits: LayerLimits()) } == nil)
    var random = SeededBytes(seed: 11)
    for _ in 0..<5000 {
      var damaged = bytes
      for _ in 0...(random.next() % 3) {
        damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      guard let scan = damaged.withUnsafeBytes({ LayerScan(decoding: $0, limits: LayerLimits()) })
      else { continue }
      #expect(scan.entries.reduce(0) { $0 + $1.size } <= LayerLimits().unpacked)
      #expect(scan.encode().count > 0)
    }
  }

  /// Marks every file.
  private final class Marker: ContentScanner {
    private var length: Int64 = 0
    func begin(path: ArraySlice<UInt8>) { length = 0 }
    func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool) { length += Int64(bytes.count) }
    func finish() -> [SecretHit] {
      [
        SecretHit(kind: "size", offset: length, line: 3, fingerprint: "ab"),
        SecretHit(kind: "", offset: 0, line: 0, fingerprint: ""),
      ]
    }
  }

  @Test func whatScannersFoundIsRememberedByTheirVersion() throws {
    let bench = try Bench()
    func scan(_ version: String?) throws -> (hits: [Int: [SecretHit]], wasRead: Bool) {
      var options = Self.options(Self.tar)
      if let version {
        options.content = ContentSearch(version: version) { Marker() }
      }
      let (scan, isNew) = try bench.scan(options)
      return (scan.hits, isNew)
    }
    #expect(try scan(nil).hits.isEmpty)
    let first = try scan("1")
    #expect(first.wasRead && !first.hits.isEmpty, "a scan without contents tells nothing of them")
    let second = try scan("1")
    #expect(!second.wasRead && second.hits == first.hits)
    let other = try scan("2")
    #expect(other.wasRead, "another version may find something else")
    let plain = try scan(nil)
    #expect(!plain.wasRead && plain.hits.isEmpty)
  }

  @Test func theSecondScanIsRemembered() throws {
    let bench = try Bench()
    let first = try bench.scan()
    #expect(first.isNew)
    let second = try bench.scan()
    #expect(!second.isNew)
    #expect(second.scan.encode() == first.scan.encode())
    #expect(bench.cache.contents().layers == 1)
  }

  @Test(arguments: [Compressor.gzip, .zstd]) func compressedLayers(_ compressor: Compressor) throws
  {
    let packed = try compressor.compress(Self.tar)
    let bench = try Bench(packed)
    // Without a digest of the blob, as in a docker-archive, and with one.
    var options = Self.options(Self.tar)
    #expect(try bench.scan(options).isNew)
    #expect(try !bench.scan(options).isNew)
    options.expectedDigest = Digest.sha256(packed)
    #expect(try !bench.scan(options).isNew)
    options.expectedDigest = Digest.sha256([])
    #expect(throws: LayerError.self) { try bench.scan(options) }
  }

  /// The same bytes in another file are hashed, not unpacked; other bytes of the same length are refused.
  @Test(arguments: [true, false]) func anotherFileIsHashed(trustsStamps: Bool) throws {
    var bench = try Bench()
    bench.cache.trustsStamps = trustsStamps
    #expect(try bench.scan().isNew)
    try bench.write(Self.tar)
    #expect(try !bench.scan().isNew)
    var other = Self.tar
    // In the content of a file, where no header notices.
    let position = try #require(other.firstIndex(of: UInt8(ascii: "r")))
    other[position] = UInt8(ascii: "R")
    try bench.write(other)
    #expect(throws: LayerError.self) { try bench.scan() }
  }

  /// A file that is written to in place, its times put back, is read again.
  @Test func aWriteIsNoticed() throws {
    let bench = try Bench()
    #expect(try bench.scan().isNew)
    var before = stat()
    #expect(stat(bench.path, &before) == 0)
    let file = try FileDescriptor.open(FilePath(bench.path), .writeOnly)
    try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 520, [1]) }
    var times = [before.st_atim, before.st_mtim]
    #expect(utimensat(AT_FDCWD, bench.path, &times, 0) == 0)
    var after = stat()
    #expect(stat(bench.path, &after) == 0)
    #expect(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec && after.st_size == before.st_size)
    #expect(throws: LayerError.self) { try bench.scan() }
  }

  /// With a forged stamp, other bytes pass for the layer where stamps are trusted; a judge hashes them.
  @Test func stampsAreTrustedOnlyWhereAsked() throws {
    var bench = try Bench()
    #expect(try bench.scan().isNew)
    var other = Self.tar
    other[520] ^= 1
    try bench.write(other)
    let blob = try bench.blob()
    let stamp = try #require(blob.reader.stamp)
    CacheFolder(path: bench.cache.path, maximumSize: 1 << 30)
      .write(
        Array(Digest.sha256(Self.tar).description.utf8),
        as: "seen-" + stamp.name(offset: blob.offset, length: blob.length))
    #expect(try !bench.scan().isNew)
    bench.cache.trustsStamps = false
    #expect(throws: LayerError.self) { try bench.scan() }
  }

  /// A file that was written to a moment ago could be written to again within the same tick of the clock.
  @Test func freshFilesAreNotTrusted() throws {
    let bench = try Bench()
    try Data(Self.tar).write(to: URL(filePath: bench.path))
    _ = try bench.scan()
    #expect(try bench.files().allSatisfy { !$0.hasPrefix("seen-") })
  }

  /// Wider captures and narrower limits than the scan was made with are a reason to read again.
  @Test func onlyWhatWasAskedForIsRemembered() throws {
    let bench = try Bench()
    _ = try bench.scan()
    let wider = LayerScanOptions(expectedDiffID: Digest.sha256(Self.tar)) {
      $0.elementsEqual("bin/tool".utf8) || $0.starts(with: "etc/".utf8) ? 1 << 20 : 0
    }
    let read = try bench.scan(wider)
    #expect(read.isNew)
    #expect(read.scan.entries.head(3)?.count == 100_000)
    #expect(try !bench.scan(wider).isNew)
    #expect(try !bench.scan().isNew)
    var narrow = LayerLimits()
    narrow.header = 10
    #expect(throws: LayerError.self) { try bench.scan(Self.options(Self.tar, limits: narrow)) }
    var roomy = LayerLimits()
    roomy.header += 1
    #expect(try !bench.scan(Self.options(Self.tar, limits: roomy)).isNew)
  }

  @Test func hostileFilesReadAsAbsent() throws {
    let bench = try Bench(trustsStamps: true)
    let sound = try bench.scan().scan.encode()
    let names = try bench.files()
    let bad: [(String) throws -> Void] = [
      { try Data().write(to: URL(filePath: $0)) },
      { try Data([UInt8](repeating: 0xFF, count: 5000)).write(to: URL(filePath: $0)) },
      { path in
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.prefix(bytes.count - 1).write(to: URL(filePath: path))
      },
      { path in
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: path))
      },
      { path in
        unlink(path)
        symlink("/etc/passwd", path)
      },
      { path in
        unlink(path)
        mkfifo(path, 0o600)
      },
      { path in
        unlink(path)
        mkdir(path, 0o700)
      },
      { chmod($0, 0o666) },
    ]
    for (index, damage) in bad.enumerated() {
      for name in names { try damage(bench.cache.path + "/" + name) }
      #expect(try bench.scan().scan.encode() == sound, "\(index)")
      for name in names {
        try? FileManager.default.removeItem(atPath: bench.cache.path + "/" + name)
      }
      _ = try bench.scan()
      #expect(try !bench.scan().isNew, "\(index)")
    }
  }

  /// A sound file under another layer's name names nothing.
  @Test func renamedFilesReadAsAbsent() throws {
    let bench = try Bench(trustsStamps: false)
    _ = try bench.scan()
    let other = TarBuilder.make {
      $0.add("x", data: [UInt8](repeating: 1, count: Self.tar.count - 2048 - 512))
    }
    let name = "layer-sha256-"
    try FileManager.default.moveItem(
      atPath: "\(bench.cache.path)/\(name)\(Digest.sha256(Self.tar).hex)",
      toPath: "\(bench.cache.path)/\(name)\(Digest.sha256(other).hex)")
    try bench.write(other)
    let read = try bench.scan(Self.options(other))
    #expect(read.isNew && read.scan.paths == ["x"])
  }

  @Test func aFolderOfOthersIsNotUsed() throws {
    let bench = try Bench()
    try FileManager.default.createDirectory(
      atPath: bench.cache.path, withIntermediateDirectories: true)
    chmod(bench.cache.path, 0o777)
    #expect(try bench.scan().isNew)
    #expect(try bench.scan().isNew)
    #expect(try bench.files() == [])
  }

  /// Without a place to write, everything works, and nothing is remembered.
  @Test func anUnwritableCacheIsNoError() throws {
    var bench = try Bench()
    for path in ["/proc/none/cache", bench.path + "/below/a/file", "/dev/null"] {
      bench.cache = LayerCache(path: path)
      #expect(try bench.scan().isNew)
      #expect(bench.cache.contents().bytes == 0)
    }
  }

  @Test func whatWasNotUsedGoesFirst() throws {
    let home = try TemporaryFolder()
    let folder = CacheFolder(path: home.file("cache"), maximumSize: 10_000)
    folder.create()
    for index in 0..<20 {
      folder.write([UInt8](repeating: 1, count: 976), as: "layer-\(index)")
      // Half of them were used today.
      let used = timespec(tv_sec: 1_000_000 + index + (index % 2) * 1000, tv_nsec: 0)
      var times = [used, used]
      utimensat(AT_FDCWD, home.file("cache/layer-\(index)"), &times, 0)
    }
    try home.write("mine", to: "cache/notes.txt")
    try home.write("half", to: "cache/.writing-abc")
    var long = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
    utimensat(AT_FDCWD, home.file("cache/.writing-abc"), &long, 0)
    folder.trim()
    let left = folder.files()
    #expect(left.reduce(0) { $0 + $1.size } == 9000)
    #expect(
      Set(left.map(\.name)) == Set((0..<20).filter { $0 % 2 == 1 && $0 > 1 }.map { "layer-\($0)" }))
    let all = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(all.contains("notes.txt") && !all.contains(".writing-abc"))
    // Larger than what may be kept of all.
    folder.write([UInt8](repeating: 1, count: 6000), as: "layer-large")
    #expect(!folder.files().contains { $0.name == "layer-large" })
  }

  @Test func clearing() throws {
    let bench = try Bench()
    _ = try bench.scan()
    try bench.folder.write("mine", to: "cache/layers/notes.txt")
    let held = bench.cache.contents()
    #expect(held.layers == 1 && held.bytes > 0)
    #expect(bench.cache.clear() == held)
    #expect(try bench.files() == ["notes.txt"])
    #expect(bench.cache.contents().bytes == 0)
    #expect(try bench.scan().isNew)
  }

  /// Writers, readers and cleaners at once: a scan is always the right one.
  @Test func manyAtOnce() throws {
    let bench = try Bench()
    let sound = try bench.scan().scan.encode()
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 200) { turn in
      if turn % 10 == 9 { bench.cache.clear() }
      if (try? bench.scan().scan.encode()) != sound { wrong.withLock { $0 += 1 } }
      bench.cache.trim()
    }
    #expect(wrong.withLock { $0 } == 0)
    #expect(try bench.files().allSatisfy { !$0.hasPrefix(".") })
  }

  @Test func whereTheCacheIs() {
    #expect(
      LayerCache.user(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"])?.path
        == "/x/forge/layers")
    #expect(
      LayerCache.user(environment: ["XDG_CACHE_HOME": "relative", "HOME": "/h"])?.path
        == "/h/.cache/forge/layers")
    #expect(LayerCache.user(environment: ["HOME": "relative"]) == nil)
    #expect(LayerCache.user(environment: [:]) == nil)
  }
}
