import ForgeBasics
import TestSupport
import Testing

@testable import ForgeInspection

/// `--tree` and `--layer`.
@Suite struct TreeTests {
  private static func image() throws -> InspectedImage {
    try open([
      layer { tar in
        tar.file("usr/lib/a.so", "12345")
        tar.hardlink("usr/lib/b.so", to: "usr/lib/a.so")
        tar.symlink("lib", to: "usr/lib")
        tar.file("etc/hosts", "1")
        tar.file("tmp/x\u{1B}[2J", "12")
      },
      layer { tar in
        tar.file("usr/bin/tool", "123")
        tar.add("etc/.wh.hosts")
        tar.add("run/p", type: "6")
      },
    ])
  }

  private func lines(_ node: TreeFacts, _ indent: String = "") -> [String] {
    let layer = node.layer.map { " @\($0)" } ?? ""
    let line =
      "\(indent)\(node.name) \(node.kind) \(node.bytes)\(layer)"
      + (node.target.map { " > \($0)" } ?? "")
    return [line] + (node.children ?? []).flatMap { lines($0, indent + " ") }
  }

  @Test func rootFilesystem() throws {
    let tree = try Self.image().tree("/", depth: 2)
    #expect(
      lines(tree) == [
        "/ folder 10", " usr folder 8", "  lib folder 5", "  bin folder 3", " tmp folder 2",
        "  x\\x1b[2J file 2 @0",
        " etc folder 0", " lib symlink 0 @0 > usr/lib", " run folder 0", "  p pipe 0 @1",
      ])
    #expect(tree.files == 3)
  }

  @Test func linksAreFollowed() throws {
    let image = try Self.image()
    let tree = try image.tree("lib", depth: 1)
    #expect(tree.name == "/lib" && tree.kind == "folder" && tree.bytes == 5)
    // Of a hardlink group, one name carries the bytes.
    #expect(Set((tree.children ?? []).map(\.bytes)) == [0, 5])
    #expect(try image.tree("//usr//bin/tool", depth: 0) == image.tree("/usr/bin/tool", depth: 5))
    #expect(try image.tree("/", depth: 0).children == nil)
  }

  @Test func oneLayer() throws {
    let image = try Self.image()
    #expect(
      try lines(image.tree("/", depth: 9, layer: 1)) == [
        "/ folder 3", " usr folder 3", "  bin folder 3", "   tool file 3 @1", " etc folder 0",
        "  .wh.hosts whiteout 0 @1", " run folder 0", "  p pipe 0 @1",
      ])
    #expect(
      try lines(image.tree("usr/lib", depth: 1, layer: 0)) == [
        "/usr/lib folder 5", " a.so file 5 @0", " b.so hardlink 0 @0 > usr/lib/a.so",
      ])
  }

  @Test func layerReport() throws {
    let report = try Self.image().layer(0)
    #expect(report.layer.index == 0 && report.hides == [])
    #expect(report.waste.map(\.path) == ["etc/hosts"])
    #expect(report.largestFiles.map(\.path) == ["usr/lib/a.so", "tmp/x\\x1b[2J", "etc/hosts"])
    #expect(try Self.image().layer(1).hides.map(\.path) == ["etc/hosts"])
  }

  @Test func whatIsNotThere() throws {
    let image = try Self.image()
    for (path, layer) in [
      ("/etc/hosts", nil), ("/no\u{1B}", nil), ("/lib/a.so", 0), ("/", 2), ("/", -1),
    ]
      as [(String, Int?)]
    {
      let error = try #require(throws: LookupError.self) { try image.tree(path, layer: layer) }
      #expect(error.exitCode == .usage && !error.description.contains("\u{1B}"))
    }
    #expect(throws: LookupError.noSuchLayer(7, count: 2)) { try image.layer(7) }
    #expect(
      try open([]).tree("/")
        == TreeFacts(name: "/", kind: "folder", bytes: 0, files: 0, children: []))
  }

  /// As deep as a path can be.
  @Test func deepFolders() throws {
    let path = String(repeating: "d/", count: 2000) + "f"
    let image = try open([
      layer { tar in
        tar.pax([("path", path)])
        tar.file("x", "1")
      }
    ])
    let tree = try image.tree("/", depth: .max)
    #expect(tree.bytes == 1 && lines(tree).count == InspectedImage.maximumDepth + 1)
    #expect(try image.tree(path).bytes == 1)
  }
}
