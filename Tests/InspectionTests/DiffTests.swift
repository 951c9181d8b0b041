import ForgeBasics
import TestSupport
import Testing

@testable import ForgeInspection

/// What is between two images.
@Suite struct DiffTests {
  private static let base = layer { tar in
    tar.file("etc/a", "12345")
    tar.file("etc/same", "1")
    tar.symlink("etc/link", to: "a")
    tar.file("etc/mode", "1")
    tar.file("etc/times", "1")
    tar.file("d/gone", "1234")
    tar.file("turns", "12")
  }

  private func diff(_ old: [[UInt8]], _ new: [[UInt8]], _ limit: GrowthLimit? = nil) throws
    -> ImageDiff
  {
    ImageDiff(from: try open(old), to: try open(new), limit: limit)
  }

  private func rows(_ diff: ImageDiff) -> [String] {
    diff.files.map { file in
      "\(file.change.rawValue) \(file.path) \(file.oldBytes)>\(file.newBytes) @\(file.layer)"
        + (file.differs.isEmpty ? "" : " \(file.differs.joined(separator: "+"))")
    }
  }

  @Test func files() throws {
    let found = try diff(
      [Self.base],
      [
        Self.base,
        layer { tar in
          tar.file("etc/a", "123456789")
          tar.symlink("etc/link", to: "b")
          tar.file("etc/mode", "1", mode: 0o755, uid: 5)
          tar.file("etc/times", "1", modified: 99)
          tar.add("d/.wh.gone")
          tar.file("new\u{1B}", "123")
          tar.add(".wh.turns")
        },
        layer { $0.file("turns/inner", "1") },
      ])
    #expect(
      rows(found) == [
        "removed d/gone 4>0 @0", "changed etc/a 5>9 @1 content", "added new\\x1b 0>3 @1",
        "removed turns 2>0 @0",
        "added turns/inner 0>1 @2", "changed etc/link 0>0 @1 target",
        "changed etc/mode 1>1 @1 mode+owner",
      ])
    #expect(found.sharedLayers == 1)
    #expect(
      found.layers.map {
        "\($0.change.rawValue) \($0.newIndex ?? -1) +\($0.added) ~\($0.changed) -\($0.removed)"
      } == [
        "added 1 +1 ~3 -0", "added 2 +1 ~0 -0",
      ])
    #expect(found.growth.bytes == found.new.sizes.stored - found.old.sizes.stored)
  }

  @Test func anImageAndItself() throws {
    let found = try diff([Self.base], [Self.base], .bytes(0))
    #expect(found.files == [] && found.layers == [] && found.packages == [] && found.settings == [])
    #expect(
      found.growth
        == ImageDiff.Growth(metric: "stored", bytes: 0, percent: 0, maximum: 0, passed: true))
  }

  /// Files that other layers bring are the same files.
  @Test func layersThatWereSquashed() throws {
    let found = try diff(
      [layer { $0.file("a", "1") }, layer { $0.file("b", "2") }],
      [
        layer { tar in
          tar.file("b", "2")
          tar.file("a", "1")
        }
      ])
    #expect(found.files == [] && found.sharedLayers == 0)
    #expect(found.layers.map(\.change) == [.added, .removed, .removed])
  }

  @Test func layersOfOneStepAreTakenForEachOther() throws {
    func image(_ text: String, _ digit: Character) throws -> InspectedImage {
      let hex = String(repeating: digit, count: 64)
      return try open(
        [Self.base, layer { $0.file("app/x", text) }],
        config: TestConfig(
          user: text, history: ["RUN base", "/bin/sh -c #(nop) COPY dir:\(hex) in /app "]))
    }
    let found = ImageDiff(from: try image("1", "a"), to: try image("123", "b"))
    #expect(
      found.layers.map { "\($0.change.rawValue) \($0.oldBytes)>\($0.newBytes)" } == ["changed 1>3"])
    #expect(found.settings == [ImageDiff.Setting(name: "user", old: "1", new: "123")])
  }

  @Test func packages() throws {
    func modules(_ packages: [(String, String, String)]) -> [UInt8] {
      layer { tar in
        for (folder, name, version) in packages {
          tar.file(
            "\(folder)/node_modules/\(name)/package.json",
            #"{"name":"\#(name)","version":"\#(version)"}"#)
        }
      }
    }
    let found = try diff(
      [modules([("a", "next", "15.0.0"), ("a", "ms", "1"), ("b", "ms", "2"), ("a", "gone", "1")])],
      [
        modules([
          ("a", "next", "15.0.10"), ("a", "ms", "2"), ("b", "ms", "1"), ("c", "ms", "3"),
          ("a", "come", "1"),
        ])
      ])
    #expect(
      Set(
        found.packages.map {
          "\($0.change.rawValue) \($0.name) \($0.oldVersion ?? "-")>\($0.newVersion ?? "-")"
        })
        == [
          "changed next 15.0.0>15.0.10", "added ms ->3", "removed gone 1>-", "added come ->1",
        ])
    #expect(found.packages.first { $0.name == "next" }?.growth == 1)
    #expect(
      found.files.first { $0.path == "a/node_modules/next/package.json" }?.package == "npm next")
  }

  @Test(arguments: [
    (GrowthLimit.percent(50), true), (.percent(49.9), false), (.percent(0), false),
    (.bytes(50), true),
    (.bytes(49), false),
  ])
  func growth(limit: GrowthLimit, passes: Bool) throws {
    func image(_ size: Int) -> [UInt8] {
      layer { $0.add("a", data: [UInt8](repeating: 1, count: size)) }
    }
    let found = try diff([image(100)], [image(150)], limit)
    #expect(found.growth.passed == passes)
    #expect(found.growth.percent == 50)
    #expect(try diff([image(150)], [image(100)], limit).growth.passed)
    // Whatever comes to an empty image is too much, where there is a limit in percent.
    #expect(
      try diff([], [image(1)], .percent(1000)).growth
        == ImageDiff.Growth(
          metric: "stored", bytes: 1, percent: nil, maximum: 0, passed: false))
  }

  @Test func limitsAsPeopleWriteThem() {
    #expect(GrowthLimit("5%") == .percent(5) && GrowthLimit("2.5%") == .percent(2.5))
    #expect(GrowthLimit("10MB") == .bytes(10_000_000) && GrowthLimit("0") == .bytes(0))
    for text in ["", "%", "-5%", "-1", "5 %x", "nan%", "inf%", "1e3%", "0x5%", "five", "5%%"] {
      #expect(GrowthLimit(text) == nil, "\(text)")
    }
    #expect(GrowthLimit.percent(1e300).maximum(of: .max) == .max)
  }
}
