import Foundation
import TestSupport
import Testing

/// One image through every tool that writes archives here, and forge says the same of each, from a file and from
/// standard input.
@Suite struct CounterpartTests {
  /// What a conversion must not change: sizes but `compressed`, waste, the files, the layers' diffIDs.
  private struct Facts: Decodable, Equatable {
    struct Sizes: Decodable, Equatable {
      let unpacked: Int
      let stored: Int
      let rootfs: Int
      let wasted: Int
    }
    struct Layer: Decodable, Equatable {
      let diffID: String
      let stored: Int
      let files: Int
    }
    struct Row: Decodable, Equatable {
      let path: String
      let bytes: Int
      let layer: Int
    }
    let sizes: Sizes
    let layers: [Layer]
    let waste: [Row]
    let largestFiles: [Row]
  }

  private static let image: TestImage = {
    var random = SeededBytes(seed: 3)
    let (noise, more) = (random.bytes(200_000), random.bytes(150_000))
    return TestImage(
      layers: [
        TarBuilder.make { tar in
          tar.folder("app/")
          tar.add("app/data", data: noise)
          tar.file("app/gone", String(repeating: "gone ", count: 1000))
          tar.hardlink("app/hard", to: "app/data")
          tar.symlink("current", to: "app")
        },
        TarBuilder.make { tar in
          tar.add("app/.wh.gone")
          tar.pax([("path", "app/" + String(repeating: "long/", count: 30) + "über")])
          tar.add("x", data: more)
        },
      ],
      config: TestConfig(user: "1000", cmd: ["/app/data"], history: ["ADD", "RUN"]),
      references: ["forge-counterpart:1"]
    )
  }()

  private func facts(_ result: CommandResult) throws -> Facts {
    try #require(result.status == 0, "\(result)")
    return try JSONDecoder().decode(Facts.self, from: Data(result.output.utf8))
  }

  @Test func everyToolAndForm() async throws {
    let folder = try TemporaryFolder()
    func file(_ name: String) -> String { folder.file(name) }
    try Data(Self.image.dockerArchive(.docker25)).write(to: URL(filePath: file("docker25.tar")))
    try Data(Self.image.dockerArchive(.classic)).write(to: URL(filePath: file("classic.tar")))
    try Data(Self.image.dockerArchive(.kaniko)).write(to: URL(filePath: file("kaniko.tar")))
    // A store of the test's own, which goes with its folder.
    try folder.write(
      "[storage]\ndriver = \"vfs\"\ngraphroot = \"\(file("store"))\"\nrunroot = \"\(file("run"))\"\n",
      to: "storage.conf")
    let store = ["CONTAINERS_STORAGE_CONF": file("storage.conf")]
    let name = "localhost/forge-counterpart:1"

    try await Command.require(
      "podman", ["load", "-q", "-i", file("docker25.tar")], environment: store)
    let loaded = try await Command.require(
      "podman", ["images", "-q", "--no-trunc"], environment: store)
    let id = loaded.trimmingCharacters(in: .whitespacesAndNewlines).replacingOccurrences(
      of: "sha256:", with: "")
    try await Command.require("podman", ["tag", id, name], environment: store)
    for (form, target) in [
      ("docker-archive", "podman.docker"), ("oci-archive", "podman.oci"),
      ("oci-dir", "podman.layout"),
    ] {
      try await Command.require(
        "podman", ["save", "-q", "--format", form, "-o", file(target), name], environment: store)
    }
    for (form, target) in [
      ("docker-archive", "buildah.docker"), ("oci-archive", "buildah.oci"),
      ("oci", "buildah.layout"),
    ] {
      try await Command.require(
        "buildah", ["push", "-q", name, "\(form):\(file(target)):todo:1"], environment: store)
    }
    let source = "docker-archive:\(file("classic.tar"))"
    for (options, target) in [
      ([], "docker-archive:\(file("skopeo.docker")):todo:1"),
      ([], "oci-archive:\(file("skopeo.oci")):todo:1"),
      ([], "oci:\(file("skopeo.layout")):todo:1"),
      (["--dest-compress-format", "zstd"], "oci-archive:\(file("skopeo-zstd.oci")):todo:1"),
      (["--dest-oci-accept-uncompressed-layers"], "oci:\(file("skopeo-plain.layout")):todo:1"),
    ] {
      try await Command.require(
        "skopeo", ["--insecure-policy", "copy", "-q"] + options + [source, target])
    }
    try await Command.require("gzip", ["-k", file("podman.docker")])
    try await Command.require("zstd", ["-q", file("skopeo.oci")])

    var seen: [(name: String, facts: Facts)] = []
    for entry in try folder.names() where !["store", "run", "storage.conf"].contains(entry) {
      let path = file(entry)
      seen.append(
        (entry, try facts(await Command.forge(["inspect", "--no-cache", "--json", path]))))
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if isFolder.boolValue { continue }
      let input = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let piped = try await Command.forge(["inspect", "--no-cache", "--json", "-"], input: input)
      seen.append(("\(entry) through a pipe", try facts(piped)))
    }
    for engine in ["podman", "buildah"] {
      let asked = ["inspect", "--json", "\(engine):\(name)"]
      let environment = store.merging(["XDG_CACHE_HOME": file("cache")]) { $1 }
      let cold = try await Command.forge(asked, environment: environment)
      seen.append((engine, try facts(cold)))
      #expect(try await Command.forge(asked, environment: environment).output == cold.output)
    }
    let names = seen.map(\.name)
    #expect(names.count == 30, "\(names)")
    let first = try #require(seen.first).facts
    #expect(first.sizes.wasted == 5000)
    #expect(first.sizes.stored == first.sizes.rootfs + 5000)
    for (name, facts) in seen { #expect(facts == first, "\(name)") }

    // skopeo's own form has no index and is no image archive: it says so.
    try await Command.require(
      "skopeo", ["--insecure-policy", "copy", "-q", source, "dir:\(file("dir"))"])
    let refused = try await Command.forge(["inspect", file("dir")])
    #expect(refused.status == 3 && refused.errors.contains("skopeo's own form"), "\(refused)")
    _ = try? await Command.run("podman", ["rmi", "-f", "-a"], environment: store)
  }
}
