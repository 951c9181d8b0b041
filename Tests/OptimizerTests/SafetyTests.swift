import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// The output appears whole or not at all, and the input stays.
@Suite struct SafetyTests {
  private func folder(bytes: Int = 20_000) throws -> ImageFolder {
    var random = SeededBytes(seed: 3)
    let content = random.bytes(bytes)
    return try ImageFolder(
      [
        layer { $0.add("a", data: content) },
        layer { $0.add("a", data: content.reversed()) },
      ], oci: .gzip)
  }

  @Test func aTruncatedInputLeavesNothing() throws {
    let folder = try folder()
    let bytes = try folder.bytes("image.tar")
    for cut in stride(from: 0, to: bytes.count, by: 1_711) {
      try Data(bytes[..<cut]).write(to: URL(fileURLWithPath: folder.image))
      #expect(throws: (any Error).self) { try folder.optimize(options(), to: "out.tar") }
      #expect(try folder.folder.names() == ["image.tar"])
    }
  }

  @Test func aDamagedLayerLeavesNothing() throws {
    let folder = try folder()
    var bytes = try folder.bytes("image.tar")
    bytes[bytes.count / 2] ^= 0x40
    try Data(bytes).write(to: URL(fileURLWithPath: folder.image))
    #expect(throws: (any Error).self) { try folder.optimize(options(), to: "out.tar") }
    #expect(try folder.folder.names() == ["image.tar"])
  }

  @Test func theInputIsNeverTheOutput() throws {
    let folder = try folder()
    try FileManager.default.linkItem(atPath: folder.image, toPath: folder.folder.file("same.tar"))
    #expect(throws: OptimizerError.self) { try folder.optimize(options(), to: "image.tar") }
    #expect(throws: OptimizerError.self) { try folder.optimize(options(), to: "same.tar") }
  }

  /// Neither by the image nor by what is written beside it.
  @Test(arguments: [
    "-o out.tar --proof image.tar", "-o out.tar --sbom link", "-o out.tar --sbom hard",
    "-o out.tar --proof out.tar",
    "-o out.tar --proof a.json --sbom ./a.json", "-o new --proof layout/index.json",
    "-o layout/index.json",
    "-o base.tar --base base.tar", "-o -", "-o empty --to oci-layout --proof empty/p.json",
    "-o absent --to oci-layout --sbom absent/p.json",
  ])
  func outputsReplaceNoInputAndNotEachOther(_ arguments: String) async throws {
    let folder = try folder()
    try folder.optimize(options { $0.form = .ociLayout }, to: "layout")
    let place = folder.folder.path
    try FileManager.default.linkItem(atPath: folder.image, toPath: place + "/hard")
    try FileManager.default.createSymbolicLink(
      atPath: place + "/link", withDestinationPath: "image.tar")
    try FileManager.default.copyItem(atPath: folder.image, toPath: place + "/base.tar")
    try FileManager.default.createDirectory(
      atPath: place + "/empty", withIntermediateDirectories: false)
    let (names, before) = (try folder.folder.names(), try folder.bytes("image.tar"))
    let input = arguments.contains("layout/index.json") ? "layout" : "image.tar"
    let command = "\(Command.forge) optimize \(input) \(arguments)"
    let result = try await Command.run("bash", ["-c", "cd \(place) && \(command)"])
    #expect(result.status == 2, "\(result)")
    #expect(
      ["never modified", "replace each other", "standard output", "written as a whole"].contains {
        result.errors.contains($0)
      }, "\(result)")
    #expect(try folder.folder.names() == names)
    #expect(try folder.bytes("image.tar") == before)
    #expect(try Verification.compare(folder.image, place + "/layout").isSame)
  }

  @Test func aFolderThatIsThereIsNotReplaced() throws {
    let folder = try folder()
    try folder.folder.write("mine", to: "out/file")
    #expect(throws: OutputError.self) {
      try folder.optimize(options { $0.form = .ociLayout }, to: "out")
    }
    #expect(throws: OutputError.self) { try folder.optimize(options(), to: "out") }
    #expect(try folder.folder.names() == ["image.tar", "out"])
    try folder.optimize(options { $0.form = .ociLayout }, to: "new")
    #expect(try Verification.compare(folder.image, folder.folder.file("new")).isSame)
  }

  /// Tars that are kept on the way are only a saving: where there is no room for them, they are unpacked again. A name at
  /// the start of a tar that looks like a compressed file's first bytes is a name.
  @Test(arguments: [nil, Compressor.gzip]) func unpackedLayersAreKeptWhereThereIsRoom(
    compressor: Compressor?
  )
    async throws
  {
    let name = compressor == nil ? "a" : "BZh91AY"
    let layers = [
      layer { $0.file(name, String(repeating: "text", count: 50_000)) },
      layer { $0.file("b", "b") },
    ]
    let folder = try ImageFolder(layers, oci: compressor)
    let image = try ImageStore.open(folder.image)
    #expect(try ReadImage(image).tars.isEmpty)
    let tars = try ReadImage(image, unpacking: true).tars
    #expect(
      try tars.mapValues { try $0.bytes(count: Int($0.length)) }
        == (compressor == nil ? [:] : [0: layers[0], 1: layers[1]]))
    for (name, folders) in [("kept", folder.folder.path), ("not kept", "/nonexistent")] {
      let result = try await Command.run(
        "env",
        [
          "TMPDIR=\(folders)", Command.forge, "optimize", folder.image, "--compress", "zstd:1",
          "-o",
          folder.folder.file(name),
        ])
      #expect(result.status == 0, "\(result)")
      #expect(try Verification.compare(folder.image, folder.folder.file(name)).isSame)
    }
    #expect(try folder.bytes("kept") == folder.bytes("not kept"))
    #expect(try folder.folder.names() == ["image.tar", "kept", "not kept"])
  }

  /// A limit on file sizes fails writes as a full disk does.
  @Test func aFullDiskLeavesNothing() async throws {
    let folder = try folder(bytes: 3_000_000)
    let script =
      "trap '' XFSZ; ulimit -f 1000; exec \(Command.forge) optimize \(folder.image) -o \(folder.folder.file("out.tar"))"
    let result = try await Command.run("bash", ["-c", script])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("cannot write"))
    #expect(try folder.folder.names() == ["image.tar"])
  }

  /// Memory does not grow with the image: its largest layer is larger than what a run may take.
  @Test(arguments: ["gzip:1", "zstd:9"])
  func memoryIsBounded(compressor: String) async throws {
    let folder = try TemporaryFolder()
    // 240 MB in one file, of which no two pieces of 1 MB are the same.
    let script = """
      import hashlib, io, json, resource, subprocess, sys, tarfile
      forge, folder, compressor = sys.argv[1:]
      layer, size, text = folder + "/layer.tar", 240 << 20, bytes(range(256)) * 4096
      class Source:
          at = 0
          def read(self, count):
              start, self.at = self.at, self.at + count
              return b"".join(b"%016d" % (start + i) + text[: (1 << 14) - 16] for i in range(0, count, 1 << 14))[:count]
      with tarfile.open(layer, "w") as tar:
          info = tarfile.TarInfo("large")
          info.size = size
          tar.addfile(info, Source())
          # A second entry of the name: the layer is written anew.
          tar.addfile(tarfile.TarInfo("twice"))
          tar.addfile(tarfile.TarInfo("twice"))
      with open(layer, "rb") as file: diff = hashlib.file_digest(file, "sha256").hexdigest()
      config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
          "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff]}}).encode()
      manifest = json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode()
      with tarfile.open(folder + "/image.tar", "w") as tar:
          tar.add(layer, "layer.tar")
          for name, data in [("config.json", config), ("manifest.json", manifest)]:
              info = tarfile.TarInfo(name)
              info.size = len(data)
              tar.addfile(info, io.BytesIO(data))
      subprocess.run([forge, "optimize", folder + "/image.tar", "--compress", compressor, "-o", folder + "/out.tar"],
          check=True, stdout=subprocess.DEVNULL)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
      """
    let output = try await Command.require(
      "python3", ["-c", script, Command.forge, folder.path, compressor])
    let peak = try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(peak < 150 << 10, "\(peak) KiB")
  }

  /// A disk that is full at any moment: a small file system of its own, where the machine lets one be mounted.
  @Test(arguments: [ImageForm.dockerArchive, .ociArchive, .ociLayout])
  func aFullFileSystemLeavesNothing(form: ImageForm) async throws {
    let folder = try folder(bytes: 1_500_000)
    let disk = folder.folder.file("disk")
    for size in [64, 700, 1400] {
      // In a mount namespace, so that nothing of it is left.
      let script = """
        mkdir -p \(disk) && mount -t tmpfs -o size=\(size)k none \(disk) || exit 99
        \(Command.forge) optimize \(folder.image) --to \(form.rawValue) -o \(disk)/out; code=$?
        ls -A \(disk); exit $code
        """
      let result = try await Command.run(
        "unshare", ["--mount", "--map-root-user", "sh", "-c", script])
      #expect(result.status == 2, "\(result)")
      #expect(result.output.isEmpty, "\(result)")
      #expect(
        result.errors.contains("space") || result.errors.contains("cannot write"), "\(result)")
    }
    #expect(try folder.folder.names() == ["disk", "image.tar"])
  }

  /// Where nothing can be written, that is told before time is spent on a layer, here one that cannot be read.
  @Test(arguments: [ImageForm.dockerArchive, .ociArchive, .ociLayout])
  func aReadOnlyFileSystemIsTold(form: ImageForm) async throws {
    let folder = try folder()
    let disk = folder.folder.file("disk")
    let bytes = try folder.bytes("image.tar")
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: folder.image))
    let script = """
      mkdir \(disk) && mount -t tmpfs -o ro none \(disk) || exit 99
      \(Command.forge) optimize \(folder.image) --to \(form.rawValue) -o \(disk)/out
      """
    let result = try await Command.run(
      "unshare", ["--mount", "--map-root-user", "sh", "-c", script])
    #expect(result.status == 2, "\(result)")
    #expect(result.output.isEmpty, "\(result)")
    #expect(
      result.errors.contains("cannot write") && result.errors.contains("Read-only"), "\(result)")
  }

  /// What is no place for an image, a proof or a bill is told before time is spent on a layer, here one that cannot be
  /// read.
  @Test(arguments: [
    ("-o folder", "it is not a file"), ("-o pipe", "it is not a file"),
    ("-o null", "it is not a file"),
    ("-o folder --to oci-archive", "it is not a file"),
    ("-o full --to oci-layout", "something in it"),
    ("-o pipe --to oci-layout", "an OCI layout is a folder"),
    ("-o out --proof absent/p", "No such file"),
    ("-o out --sbom absent/p", "No such file"), ("-o out --proof folder", "it is a folder"),
  ])
  func aWrongPlaceIsTold(_ arguments: String, reason: String) async throws {
    let folder = try folder()
    let bytes = try folder.bytes("image.tar")
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: folder.image))
    try folder.folder.write("mine", to: "full/file")
    let script = """
      cd \(folder.folder.path) && mkdir folder && mkfifo pipe && ln -s /dev/null null || exit 99
      \(Command.forge) optimize image.tar \(arguments)
      """
    let result = try await Command.run("sh", ["-c", script])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("cannot write") && result.errors.contains(reason), "\(result)")
    #expect(try folder.folder.names() == ["folder", "full", "image.tar", "null", "pipe"])
  }

  @Test(arguments: [ImageForm.dockerArchive, .ociArchive, .ociLayout], ["KILL", "TERM"])
  func killedAtAnyMomentItLeavesNothing(form: ImageForm, signal: String) async throws {
    let folder = try folder(bytes: 6_000_000)
    let before = try folder.bytes("image.tar")
    var killed = 0
    var random = SeededBytes(seed: 11)
    for _ in 0..<8 {
      let delay = Double(UInt64.random(in: 10...600, using: &random)) / 1000
      let script =
        "\(Command.forge) optimize \(folder.image) --squash --compress zstd:15 --to \(form.rawValue) "
        + "-o \(folder.folder.file("out")) >/dev/null 2>&1 & "
        + "pid=$!; sleep \(delay); kill -\(signal) $pid 2>/dev/null; wait $pid"
      let result = try await Command.run("bash", ["-c", script])
      if result.status != 0 { killed += 1 }
      let names = try folder.folder.names().filter { $0 != "image.tar" }
      // A folder is put together under a hidden name; whatever has the name that was asked for is whole.
      #expect(
        names.allSatisfy { $0 == "out" || form == .ociLayout && $0.hasPrefix(".out.forge-") },
        "\(names)")
      if names.contains("out") {
        #expect(try Verification.compare(folder.image, folder.folder.file("out")).isSame)
      }
      for name in names { try FileManager.default.removeItem(atPath: folder.folder.file(name)) }
    }
    #expect(killed > 0)
    #expect(try folder.bytes("image.tar") == before)
  }

  /// Whatever goes wrong between the plan and the disk: a defect, exit 70, and nothing is left.
  @Test(arguments: [ImageForm.dockerArchive, .ociLayout], [true, false])
  func whatCannotBeProvenIsThrownAway(form: ImageForm, recordsDigests: Bool) throws {
    let folder = try folder()
    let before = try folder.bytes("image.tar")
    let chosen = options {
      ($0.form, $0.compression, $0.recordsDigests) = (form, .none, recordsDigests)
    }
    let size = Int64(try Optimizer.plan(folder.image, chosen).after.unpacked)
    for offset in [100, 600, 5_000, size / 2] {
      do {
        let image = try Optimizer.prove(
          folder.image, to: folder.folder.file("out"), chosen,
          fault: { file in try file.patch([0xA5, 0x5A, 0xA5], at: offset) })
        Issue.record("a spoiled byte at \(offset) was proven: \(image.report.after)")
      } catch let error as WritingError {
        #expect(error.exitCode == .defect, "\(error)")
        #expect(error.description.contains("thrown away"))
      }
      #expect(try folder.folder.names() == ["image.tar"])
    }
    #expect(try folder.bytes("image.tar") == before)
  }

  /// A layer whose bytes cannot be written again stays as it is, and with it those below; what is above is optimized.
  @Test func sparseFilesKeepTheirLayer() throws {
    let folder = try ImageFolder([
      layer { $0.file("below", "b") },
      layer { tar in
        tar.file("gone", String(repeating: "waste", count: 1_000))
        tar.pax([
          ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "holes"),
          ("GNU.sparse.realsize", "1000000"),
        ])
        var map = Array("1\n999997\n3\n".utf8)
        map += [UInt8](repeating: 0, count: 512 - map.count)
        tar.add("GNUSparseFile.0/holes", data: map + Array("end".utf8))
      },
      layer { tar in
        tar.add(".wh.gone")
        tar.file("twice", "1")
        tar.file("twice", String(repeating: "2", count: 5_000))
      },
      layer { $0.file("twice", "3") },
    ])
    for chosen in [
      options(), options { $0.squash = .all }, options { ($0.dedupe, $0.epoch) = (true, 5) },
    ] {
      let report = try folder.optimize(chosen, to: "out.tar")
      #expect(report.layers.prefix(2).map(\.unchanged) == [true, true])
      #expect(report.after.stored < report.before.stored)
      #expect(
        report.notices.contains {
          $0.contains("layers up to 1 stay as they are") && $0.contains("sparse")
        })
      try folder.optimize(chosen, from: "out.tar", to: "2.tar")
      #expect(try folder.bytes("out.tar") == folder.bytes("2.tar"))
    }
    // Where nothing has to be written again, nothing is said.
    let single = try ImageFolder([
      layer { tar in
        tar.pax([
          ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "h"),
          ("GNU.sparse.realsize", "9000"),
        ])
        tar.add("x", data: Array("0\n".utf8) + [UInt8](repeating: 0, count: 510))
      }
    ])
    #expect(try single.optimize(options(), to: "out.tar").notices == [])
    // A set cannot take anything from a layer that has to stay, and says so.
    let stripped = try single.optimize(
      options { ($0.strip, $0.squash) = ([.docs, .debug], .all) }, to: "out.tar")
    #expect(stripped.after.stored == stripped.before.stored)
  }

  /// What was written otherwise than planned does not pass.
  @Test func differencesAreFound() throws {
    func listing(_ body: (inout TarBuilder) -> Void) throws -> RootListing {
      RootListing(try ImageFolder([layer(body)]).read())
    }
    let old = try listing { tar in
      tar.file("a", "1", modified: 5)
      tar.hardlink("b", to: "a")
      tar.symlink("s", to: "a")
      tar.folder("d")
    }
    func differences(_ new: RootListing) -> Differences {
      var found = Differences()
      Comparison.compare(old, new, allowing: Allowance(), &found)
      return found
    }
    #expect(differences(old).isEmpty)
    let changes: [(String, (inout TarBuilder) -> Void)] = [
      (
        "content",
        {
          $0.file("a", "2", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "mode",
        {
          $0.file("a", "1", mode: 0o600, modified: 5)
          $0.add("b", type: "1", link: "a", mode: 0o600, modified: 5)
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "hard links",
        {
          $0.file("a", "1", modified: 5)
          $0.file("b", "1", modified: 0)
          $0.symlink("s", to: "a")
          $0.folder("d")
        }
      ),
      (
        "links elsewhere",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "b")
          $0.folder("d")
        }
      ),
      (
        "another type",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.file("d", "")
        }
      ),
      (
        "missing",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
        }
      ),
      (
        "is new",
        {
          $0.file("a", "1", modified: 5)
          $0.hardlink("b", to: "a")
          $0.symlink("s", to: "a")
          $0.folder("d")
          $0.folder("e")
        }
      ),
    ]
    for (what, body) in changes {
      let found = try differences(listing(body)).sentences
      #expect(found.contains { $0.contains(what) }, "\(what): \(found)")
    }
    // All are counted, a hundred are told.
    let many = try differences(listing { for index in 0..<250 { $0.file("many/\(index)", "") } })
    #expect(many.count > 250 && many.sentences.count == 100)
  }
}
