import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeOptimizer

@Suite struct MinimizeTests {
  /// A busybox that is linked dynamically would need libc; a made ELF file tells the same.
  private func elf(needed: [String], interpreter: String, runPath: String = "") -> [UInt8] {
    var strings: [UInt8] = [0]
    func add(_ text: String) -> Int {
      defer { strings += Array(text.utf8) + [0] }
      return strings.count
    }
    let names = needed.map(add)
    let run = runPath.isEmpty ? nil : add(runPath)
    let loader = add(interpreter)
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    var tags = names.map { (1, $0) } + (run.map { [(29, $0)] } ?? [])
    let start = 64 + 3 * 56
    let dynamicSize = (tags.count + 2) * 16
    tags += [(5, start + dynamicSize), (0, 0)]
    let total = start + dynamicSize + strings.count
    func header(_ type: Int, _ offset: Int, _ size: Int) -> [UInt8] {
      little(type, 4) + little(4, 4) + little(offset, 8) + little(offset, 8) + little(offset, 8) + little(size, 8)
        + little(size, 8) + little(8, 8)
    }
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes += little(3, 2) + little(62, 2) + little(1, 4) + little(0, 8) + little(64, 8) + little(0, 8) + little(0, 4)
    bytes += little(64, 2) + little(56, 2) + little(3, 2) + little(0, 6)
    bytes +=
      header(1, 0, total) + header(2, start, dynamicSize)
      + header(3, start + dynamicSize + loader, interpreter.utf8.count + 1)
    for (tag, value) in tags { bytes += little(tag, 8) + little(value, 8) }
    return bytes + strings
  }

  @Test func readsWhatALoaderReads() throws {
    let bytes = elf(needed: ["libc.so.6", "libm.so.6"], interpreter: "/lib64/ld.so", runPath: "$ORIGIN/../lib:/x")
    let file = try #require(ELFFile(bytes))
    #expect(file.needed == ["libc.so.6", "libm.so.6"])
    #expect(file.interpreter == "/lib64/ld.so")
    #expect(file.searchPaths == ["$ORIGIN/../lib", "/x"])
  }

  /// Damaged in every byte and cut everywhere, it is read or refused, and nothing worse.
  @Test func damagedFilesAreHarmless() {
    let bytes = elf(needed: ["libc.so.6"], interpreter: "/lib64/ld.so", runPath: "/y")
    var read = 0
    for index in bytes.indices {
      for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] = value
        if ELFFile(damaged) != nil { read += 1 }
      }
      #expect(ELFFile(Array(bytes[..<index]))?.needed.count ?? 0 <= 1)
    }
    #expect(read > 0)
  }

  @Test func keepsWhatTheEntryPointReaches() throws {
    let config = TestConfig(
      entrypoint: ["serve"], environment: ["PATH=/usr/local/bin:/usr/bin"], volumes: ["/var/lib/data"],
      workingDirectory: "/app")
    let folder = try ImageFolder(
      TestImage(
        layers: [
          layer { tar in
            tar.symlink("lib", to: "usr/lib")
            tar.folder("tmp", mode: 0o1777)
            tar.file("etc/passwd", "root:x:0:0")
            tar.symlink("etc/alternatives/awk", to: "/usr/bin/mawk")
            tar.add("usr/bin/program", data: elf(needed: ["libone.so.1"], interpreter: "/lib/ld.so"), mode: 0o755)
            tar.file("usr/bin/mawk", "x", mode: 0o755)
            tar.file("usr/bin/perl", "x", mode: 0o755)
            tar.add(
              "usr/lib/libone.so.1.2", data: elf(needed: ["libtwo.so"], interpreter: "", runPath: "$ORIGIN/private"))
            tar.symlink("usr/lib/libone.so.1", to: "libone.so.1.2")
            tar.add("usr/lib/private/libtwo.so", data: elf(needed: [], interpreter: ""))
            tar.file("usr/lib/ld.so", "loader", mode: 0o755)
            tar.file("usr/lib/libunused.so", "x")
            tar.file("usr/share/doc/x", "x")
            tar.file("var/lib/data/x", "x")
          },
          layer { tar in
            tar.file("usr/local/bin/serve", "#!/usr/bin/program -x\n", mode: 0o755)
            tar.file("app/main", "x")
          },
        ], config: config))
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options { $0.minimize = true })
    let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
    let files = listing.filter { $0.kind != .directory }.map { String(decoding: $0.path, as: UTF8.self) }
    #expect(
      files == [
        "app/main", "etc/alternatives/awk", "etc/passwd", "lib", "usr/bin/program", "usr/lib/ld.so",
        "usr/lib/libone.so.1", "usr/lib/libone.so.1.2", "usr/lib/private/libtwo.so", "usr/local/bin/serve",
        "var/lib/data/x",
      ])
    #expect(report.removed.contains { $0.path == "usr/bin/perl" && $0.set == "minimize" })
    #expect(try Verification.compare(folder.image, folder.folder.file("out.tar"), proof: proof).isSame)
  }

  /// What one program alone reads goes with it, and stays where it stays or was asked for.
  @Test func whatOneProgramReadsGoesWithIt() throws {
    func files(_ command: String, keep: [String] = []) throws -> Set<String> {
      let folder = try ImageFolder(
        TestImage(
          layers: [
            layer { tar in
              tar.file("etc/apt/sources.list", "x")
              tar.file("etc/hosts", "x")
              tar.file("usr/share/zoneinfo/tzdata.zi", "x")
              tar.file("usr/share/zoneinfo/UTC", "x")
              tar.file("usr/bin/apt-get", "x", mode: 0o755)
              tar.add("usr/bin/plain", data: elf(needed: [], interpreter: ""), mode: 0o755)
              tar.add("usr/bin/cxx", data: elf(needed: ["libstdc++.so.6"], interpreter: ""), mode: 0o755)
              tar.file("usr/lib/libstdc++.so.6", "x")
            }
          ], config: TestConfig(entrypoint: [command], environment: ["PATH=/usr/bin"])))
      try folder.optimize(options { ($0.minimize, $0.keepPaths) = (true, keep) }, to: "out.tar")
      let listing = RootListing(try ReadImage(ImageStore.open(folder.folder.file("out.tar"))))
      return Set(listing.filter { $0.kind == .regular }.map { String(decoding: $0.path, as: UTF8.self) })
    }
    #expect(try files("plain") == ["etc/hosts", "usr/share/zoneinfo/UTC", "usr/bin/plain"])
    #expect(try files("apt-get").contains("etc/apt/sources.list"))
    #expect(try files("cxx").contains("usr/share/zoneinfo/tzdata.zi"))
    #expect(try files("plain", keep: ["/etc/apt/sources.list"]).contains("etc/apt/sources.list"))
  }

  @Test func anImageWithoutACommandIsRefused() throws {
    let folder = try ImageFolder([layer { $0.file("a", "1") }])
    #expect(throws: OptimizerError.self) { try folder.optimize(options { $0.minimize = true }, to: "out.tar") }
    #expect(try folder.folder.names() == ["image.tar"])
  }
}
