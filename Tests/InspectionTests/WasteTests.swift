import ForgeBasics
import ForgeImages
import ForgeLayers
import TestSupport
import Testing

@testable import ForgeInspection

@Suite struct WasteTests {
  @Test func nothingIsWastedInOneLayer() throws {
    let inspection = try inspect([
      layer {
        $0.file("a", "12345")
        $0.folder("d")
        $0.file("d/b", "123")
      }
    ])
    #expect(inspection.sizes.stored == 8 && inspection.sizes.rootfs == 8)
    #expect(inspection.sizes.efficiency == 1)
    #expect(rows(inspection) == [])
  }

  @Test func overwrittenMetadataOnlyAndIdentical() throws {
    let inspection = try inspect([
      layer {
        $0.file("changed", "12345")
        $0.file("chowned", "1234")
        $0.file("same", "123", modified: 7)
      },
      layer {
        $0.file("changed", "12346")
        $0.file("chowned", "1234", uid: 9)
        $0.file("same", "123", modified: 7)
      },
    ])
    #expect(
      rows(inspection) == [
        "overwritten changed 5 0>1", "metadata-only chowned 4 0>1", "identical same 3 0>1",
      ])
    #expect(inspection.sizes.efficiency == 0.5)
  }

  @Test func deletedFilesFoldersAndOpaque() throws {
    let inspection = try inspect([
      layer { tar in
        tar.file("file", "1")
        tar.file("folder/a", "12")
        tar.file("folder/sub/b", "123")
        tar.file("opaque/c", "1234")
      },
      layer { tar in
        tar.add(".wh.file")
        tar.add(".wh.folder")
        tar.add("opaque/.wh..wh..opq")
        tar.file("opaque/new", "12345")
        tar.add(".wh.never-there")
      },
    ])
    #expect(
      rows(inspection) == [
        "opaque opaque/c 4 0>1", "deleted-directory folder/sub/b 3 0>1",
        "deleted-directory folder/a 2 0>1",
        "deleted-file file 1 0>1",
      ])
    #expect(inspection.sizes.rootfs == 5)
    #expect(inspection.layers.map(\.files) == [4, 1])
  }

  @Test func replacedByType() throws {
    let inspection = try inspect([
      layer {
        $0.file("folder/a", "12")
        $0.file("file", "1")
        $0.file("b", "123")
      },
      layer {
        $0.file("folder", "x")
        $0.folder("file")
        $0.symlink("b", to: "folder")
      },
    ])
    #expect(
      rows(inspection) == [
        "replaced-by-type b 3 0>1", "replaced-by-type folder/a 2 0>1",
        "replaced-by-type file 1 0>1",
      ])
  }

  @Test func duplicateEntriesTheLastOneCounts() throws {
    let inspection = try inspect([
      layer {
        $0.file("a", "first")
        $0.file("./a", "second!")
      }
    ])
    #expect(rows(inspection) == ["duplicate-entry a 5 0>0"])
    #expect(inspection.sizes.rootfs == 7)
    #expect(inspection.findings.map(\.id) == ["FORGE-A001"])
    #expect(inspection.findings[0].location == "layer 0: a")
  }

  @Test func hardlinksCountOnce() throws {
    let inspection = try inspect([
      layer {
        $0.file("a", "12345")
        $0.hardlink("b", to: "a")
        $0.hardlink("c", to: "./a")
      }
    ])
    #expect(inspection.sizes.stored == 5 && inspection.sizes.rootfs == 5)
  }

  @Test func aGroupLivesAsLongAsOneName() throws {
    let base = layer {
      $0.file("a", "12345")
      $0.hardlink("b", to: "a")
    }
    // One name copied up: both copies are visible.
    let one = try inspect([base, layer { $0.file("a", "12345", uid: 1) }])
    #expect(rows(one) == [] && one.sizes.rootfs == 10)
    // The other one as well: the group's bytes are stored twice again.
    let both = try inspect([
      base,
      layer {
        $0.file("a", "12345", uid: 1)
        $0.file("b", "12345", uid: 1)
      },
    ])
    #expect(rows(both) == ["hardlink-copy a 5 0>1"])
    let deleted = try inspect([base, layer { $0.add(".wh.a") }])
    #expect(rows(deleted) == [] && deleted.sizes.rootfs == 5)
    let gone = try inspect([base, layer { $0.add(".wh.a") }, layer { $0.add(".wh.b") }])
    #expect(rows(gone) == ["deleted-file a 5 0>2"])
  }

  @Test func hardlinksIntoLowerLayersStoreNothing() throws {
    let inspection = try inspect([
      layer { $0.file("a", "12345") }, layer { $0.hardlink("b", to: "a") },
      layer { $0.add(".wh.a") },
    ])
    #expect(inspection.sizes.stored == 5 && rows(inspection) == [])
    #expect(inspection.largestFiles == [FileFacts(path: "b", bytes: 5, layer: 0)])
  }

  @Test func bytesInWhiteoutsAreFoundAndCounted() throws {
    let inspection = try inspect([
      layer { $0.file("a", "1") },
      layer {
        $0.file(".wh.a", "smuggled")
        $0.file(".wh..wh.plnk/1.2", "aufs")
      },
    ])
    #expect(
      rows(inspection) == [
        "deleted-file .wh.a 8 1>1", "deleted-file .wh..wh.plnk/1.2 4 1>1", "deleted-file a 1 0>1",
      ])
    #expect(Set(inspection.findings.map(\.id)) == ["FORGE-A003", "FORGE-A004"])
  }

  @Test func whiteoutsSpareTheirOwnLayer() throws {
    for isFirst in [true, false] {
      let inspection = try inspect([
        layer {
          $0.file("x", "old")
          $0.file("d/old", "old")
        },
        layer { tar in
          if isFirst {
            tar.add(".wh.x")
            tar.add("d/.wh..wh..opq")
          }
          tar.file("x", "new!")
          tar.file("d/new", "new!")
          if !isFirst {
            tar.add(".wh.x")
            tar.add("d/.wh..wh..opq")
          }
        },
      ])
      #expect(visiblePaths(inspection) == ["d/new", "x"])
      #expect(inspection.sizes.rootfs == 8 && inspection.sizes.wasted == 6)
    }
  }

  @Test func anOpaqueFolderInPlaceOfALinkLeavesTheTargetAlone() throws {
    let inspection = try inspect([
      layer {
        $0.file("target/keep", "12345")
        $0.symlink("link", to: "/target")
      },
      layer {
        $0.folder("link")
        $0.add("link/.wh..wh..opq")
        $0.file("link/new", "1")
      },
    ])
    #expect(inspection.sizes.wasted == 0)
    #expect(visiblePaths(inspection) == ["link", "link/new", "target/keep"])
  }

  @Test func entriesBelowALinkAreWrittenThroughIt() throws {
    let inspection = try inspect([
      layer {
        $0.file("usr/lib/a", "12345")
        $0.symlink("lib", to: "usr/lib")
      }, layer { $0.file("lib/a", "123") },
    ])
    #expect(rows(inspection) == ["overwritten usr/lib/a 5 0>1"])
    #expect(inspection.largestFiles.map(\.path) == ["usr/lib/a"])
    #expect(inspection.findings.map(\.id) == ["FORGE-A002"])
  }

  @Test func refusesWhatNoRuntimeUnpacks() throws {
    let hostile: [[[UInt8]]] = [
      [
        layer {
          $0.file("a", "1")
          $0.file("a/b", "1")
        }
      ],
      [layer { $0.hardlink("a", to: "b") }],
      [layer { $0.hardlink("a", to: "a") }],
      [
        layer {
          $0.file("a", "1")
          $0.hardlink("a", to: "a")
        }
      ],
      [
        layer {
          $0.folder("a")
          $0.hardlink("b", to: "a")
        }
      ],
      [
        layer {
          $0.hardlink("a", to: "b")
          $0.file("b", "1")
        }
      ],
      [layer { $0.add(".wh.") }],
      [layer { $0.add(".wh..") }],
      [layer { $0.add("a/.wh...") }],
      [
        layer {
          $0.symlink("a", to: "b")
          $0.symlink("b", to: "a")
          $0.file("a/c", "1")
        }
      ],
      [
        layer {
          $0.symlink("a", to: "a/a")
          $0.file("a/c", "1")
        }
      ],
    ]
    for (index, layers) in hostile.enumerated() {
      #expect(throws: StackingError.self, "case \(index)") { try inspect(layers) }
    }
  }

  @Test func errorsSayWhatAndWhere() throws {
    let error = try #require(throws: StackingError.self) {
      try RootFilesystem(scans([layer { $0.hardlink("evil\u{1B}", to: "b") }]), image: "app.tar")
    }
    #expect(
      error.description
        == #"layer 0 of app.tar cannot be unpacked: evil\x1b: hardlink to b, which is no file at that point; "#
        + "rebuild the image with a current engine")
    #expect(error.exitCode == .unreadableInput)
  }

  @Test func limitsHoldForAllLayersTogether() throws {
    let layers = (0..<6).map { number in
      layer { tar in for index in 0..<10 { tar.file("\(number)/\(index)", "x") } }
    }
    try withArchive(TestImage(layers: layers).dockerArchive()) { path in
      let image = try ImageStore.open(path)
      var limits = LayerLimits()
      limits.entries = 60
      #expect(
        try LayerScans.read(image.layers, of: "app.tar", LayerScanOptions(limits: limits)).count
          == 6)
      limits.entries = 59
      #expect(throws: LayerError.self) {
        try LayerScans.read(image.layers, of: "app.tar", LayerScanOptions(limits: limits))
      }
      limits.entries = 1000
      limits.total = Int64(layers.reduce(0) { $0 + $1.count }) - 1
      #expect(throws: LayerError.self) {
        try LayerScans.read(image.layers, of: "app.tar", LayerScanOptions(limits: limits))
      }
    }
    // A layer counts as often as it is listed.
    try withArchive(TestImage(layers: [layers[0], layers[0]]).dockerArchive()) { path in
      let image = try ImageStore.open(path)
      var limits = LayerLimits()
      limits.entries = 19
      #expect(throws: LayerError.self) {
        try LayerScans.read(image.layers, of: "app.tar", LayerScanOptions(limits: limits))
      }
    }
  }

  /// Each would take hours if whiteouts or links were followed naively.
  @Test(.timeLimit(.minutes(1))) func hostileLayersCostLittle() throws {
    let wide = layer { tar in for index in 0..<3000 { tar.file("d/\(index)", "x") } }
    let opaque = layer { tar in
      for index in 0..<3000 {
        tar.file("d/\(index)", "y")
        tar.add("d/.wh..wh..opq")
        tar.add(".wh.d")
      }
    }
    let inspection = try inspect([wide, opaque])
    #expect(inspection.sizes.rootfs == 3000 && inspection.sizes.wasted == 3000)

    let deep = String(repeating: "a/", count: 1500)
    _ = try inspect([
      layer { tar in
        for index in 0..<200 {
          tar.pax([("path", deep + "\(index)")])
          tar.file("x", "x")
        }
      }
    ])
    let loop = String(repeating: "l/", count: 1500)
    #expect(throws: StackingError.self) {
      try inspect([
        layer { tar in
          tar.pax([("linkpath", loop)])
          tar.symlink("l", to: "x")
          tar.file("l/a", "x")
        }
      ])
    }
    // Links that each stand for many steps.
    let expensive = layer { tar in
      tar.folder("d")
      tar.pax([("linkpath", String(repeating: "d/../", count: 800) + "d")])
      tar.symlink("s", to: "x")
      for index in 0..<100 { tar.file("s/\(index)", "x") }
    }
    let scans = try scans([expensive])
    _ = try RootFilesystem(scans)
    #expect(throws: StackingError.self) { try RootFilesystem(scans, linkSteps: 100_000) }
  }
}
