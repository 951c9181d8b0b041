import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What other programs make of the results.
@Suite struct ToolTests {
  /// Prints the root filesystem that umoci unpacks from `image` of a layout, a line a name. Folders that no entry
  /// names get the time of the day, so that times of folders are left aside.
  private static let show = """
    import os, stat, subprocess, sys
    layout, bundle = sys.argv[1], sys.argv[1] + ".bundle"
    done = subprocess.run(["umoci", "unpack", "--image", f"{layout}:test", bundle], capture_output=True)
    if done.returncode: sys.exit("error " + done.stderr.decode())
    root, paths, inodes = os.fsencode(bundle) + b"/rootfs", [], {}
    for folder, folders, files in os.walk(root): paths += [folder + b"/" + n for n in folders + files]
    for path in paths: inodes.setdefault(os.lstat(path).st_ino, []).append(path)
    for path in sorted(paths):
        s = os.lstat(path)
        kind = stat.S_IFMT(s.st_mode)
        line = [path[len(root):].hex(), oct(kind), s.st_uid, s.st_gid]
        if kind != stat.S_IFLNK: line.append(oct(s.st_mode & 0o7777))
        if kind == stat.S_IFREG:
            line += [s.st_mtime_ns, open(path, "rb").read().hex(), min(inodes[s.st_ino])[len(root):].hex()]
            line += [n + "=" + os.getxattr(path, n).hex() for n in sorted(os.listxattr(path))]
        if kind == stat.S_IFLNK: line.append(os.readlink(path).hex())
        print(*line)
    """

  private func unpacked(_ folder: TemporaryFolder, _ name: String) throws -> String {
    String(decoding: try Shell.run(["python3", "-c", Self.show, folder.file(name)]), as: UTF8.self)
  }

  /// umoci sees the same files before and after, whatever was done.
  @Test func umociUnpacksTheSameFiles() throws {
    var stacks = RandomStack(seed: 8)
    var done = 0
    while done < 25 {
      let layers = stacks.next()
      let folder = try ImageFolder(TestImage(layers: layers, references: ["test"]), oci: .gzip)
      // umoci leaves a hard link's own mode aside, unlike Docker and containerd.
      guard let image = try? folder.read(),
        image.root.inodes.allSatisfy({ $0.origin == $0.metadata })
      else { continue }
      try TestImage(layers: layers, references: ["test"]).writeOCILayout(
        to: folder.folder.file("old"))
      let before = try unpacked(folder.folder, "old")
      done += 1
      var variants = [allOptions[0], allOptions[1], ("dedupe", options { $0.dedupe = true })]
      if image.scans.count > 1 { variants.append(("keep", options { $0.keptLayers = 1 })) }
      for (index, (name, options)) in variants.enumerated() {
        var options = options
        options.form = .ociLayout
        try folder.optimize(options, to: "new\(index)")
        #expect(try unpacked(folder.folder, "new\(index)") == before, "stack \(done), \(name)")
      }
    }
  }

  private var image: TestImage {
    TestImage(
      layers: [
        layer { tar in
          tar.folder("bin/")
          tar.folder("etc/")
          tar.file("etc/passwd", "root:x:0:0:root:/:/bin/sh\n")
          tar.file("big", String(repeating: "waste", count: 10_000))
          tar.file("usr/one", String(repeating: "same", count: 5_000))
          tar.file("usr/two", String(repeating: "same", count: 5_000))
        },
        layer { tar in
          tar.add(".wh.big")
          tar.file("etc/passwd", "root:x:0:0:root:/:/bin/sh\nme:x:7:7::/:/bin/sh\n")
          tar.symlink("bin/link", to: "../usr/one")
        },
      ], config: TestConfig(user: "7", cmd: ["/bin/sh"], history: ["one", "#CMD", "two"]),
      references: ["localhost/forge-optimizer-test:1"])
  }

  @Test(arguments: ImageForm.allCases, ["keep", "none", "gzip:12", "zstd:3", "zstd-frames:3"])
  func skopeoReadsTheResult(form: ImageForm, compression: String) async throws {
    let folder = try ImageFolder(image)
    let chosen = try #require(Compression(compression))
    try folder.optimize(
      options { ($0.form, $0.compression, $0.dedupe) = (form, chosen, true) }, to: "out")
    let transport = form == .ociLayout ? "oci" : form.rawValue
    // skopeo checks digests on its way; what it wrote is the same image.
    try await Command.require(
      "skopeo",
      [
        "copy", "--quiet", "\(transport):\(folder.folder.file("out"))",
        "oci-archive:\(folder.folder.file("again.tar")):x",
      ])
    let verification = try Verification.compare(
      folder.folder.file("out"), folder.folder.file("again.tar"))
    #expect(verification.isSame, "\(verification.differences)")
  }

  /// In an OCI layout an image may be called anything; podman loads no docker-archive with such a name.
  @Test func aNameWithoutATagStaysOutOfADockerArchive() async throws {
    let folder = try ImageFolder(
      TestImage(layers: image.layers, references: ["benchmark"]), oci: .gzip)
    let report = try folder.optimize(options { $0.form = .dockerArchive }, to: "out.tar")
    #expect(report.notices.contains { $0.contains("the name benchmark") })
    let output = try await Command.require(
      "podman", ["load", "--quiet", "--input", folder.folder.file("out.tar")])
    let id = try #require(output.split(separator: " ").last).trimmingCharacters(
      in: .whitespacesAndNewlines)
    _ = try await Command.run("podman", ["rmi", "--force", id])
  }

  @Test(arguments: [
    ("todo:latest", true), ("localhost:5000/a/b-c:1.0_x", true), ("ghcr.io/Me/x:1", false),
    ("latest", false),
    ("1.0", false),
    ("a/b", false), ("localhost:5000/a", false), ("a:", false), (":1", false),
    ("a@sha256:\(String(repeating: "0", count: 64))", false),
    ("a b:1", false), ("a:1 ", false), ("", false),
    ("a-:1", false), ("a//b:1", false), ("x..y:1", false), ("-x:1", false), ("/x:1", false),
    ("x/:1", false),
    (".x:1", false), ("_:1", false), ("a___b:1", false), ("a__b:1", true), ("a--b.c:1", true),
    ("A:1", false),
    ("-a.b/x:1", false), ("a.b-c.d:80/x:1", true), ("[::1]:80/x:1", false), ("ABC/x:1", false),
    ("A.b/x:1", true),
    ("é:1", false), ("a:é", false),
    (String(repeating: "a", count: 237) + ":1", true),
    (String(repeating: "a", count: 238) + ":1", false),
  ])
  func tagsAreTold(name: String, isTagged: Bool) {
    #expect(ImageWriter.isTagged(name) == isTagged)
  }

  /// One after the other: both have one name in the engines' store.
  @Test(.serialized, arguments: [ImageForm.dockerArchive, .ociArchive])
  func podmanAndBuildahLoadTheResult(form: ImageForm) async throws {
    let folder = try ImageFolder(image)
    try folder.optimize(options { ($0.form, $0.squash) = (form, .all) }, to: "out.tar")
    let output = try await Command.require(
      "podman", ["load", "--quiet", "--input", folder.folder.file("out.tar")])
    let name = try #require(output.split(separator: " ").last).trimmingCharacters(
      in: .whitespacesAndNewlines)
    #expect(name.contains("forge-optimizer-test:1"))
    #expect(
      try await Command.require(
        "podman", ["inspect", "--format", "{{.Config.User}} {{len .RootFS.Layers}}", name])
        == "7 1\n")
    let pulled = try await Command.require(
      "buildah", ["from", "\(form.rawValue):\(folder.folder.file("out.tar"))"])
    let container = pulled.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(!container.isEmpty)
    _ = try await Command.run("buildah", ["rm", container])
    _ = try await Command.run("podman", ["rmi", "--force", name])
  }
}
