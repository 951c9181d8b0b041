import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// Random stacks of layers through every pass: the root filesystem stays.
@Suite struct RandomTests {
  /// The images that can be unpacked, of many that are tried.
  private func images(seed: UInt64, count: Int) throws -> [ReadImage] {
    var stacks = RandomStack(seed: seed)
    var images: [ReadImage] = []
    while images.count < count {
      do {
        images.append(try ImageFolder(stacks.next()).read())
      } catch is StackingError {}
    }
    return images
  }

  /// Plans are compared with the input by the planner itself; what it finds different, it throws.
  @Test(arguments: [1, 2, 3, 4])
  func plansKeepTheRootFilesystem(seed: UInt64) throws {
    for (number, image) in try images(seed: seed, count: 150).enumerated() {
      let count = image.scans.count
      var variants = allOptions
      for kept in 1...count { variants.append(("keep \(kept)", options { $0.keptLayers = kept })) }
      for kept in 1...count {
        variants.append(
          (
            "keep \(kept), squash",
            options { ($0.keptLayers, $0.squash, $0.epoch) = (kept, .all, 6) }
          ))
      }
      if count > 2 {
        variants.append(("middle", options { ($0.waste, $0.squash) = (false, .range(1...2)) }))
      }
      for (name, options) in variants {
        let what: Comment = "seed \(seed), stack \(number), \(name): \(describe(image))"
        do {
          let plan = try Planner.plan(image, options)
          let root = try plan.image.stacked()
          // Every byte above the base, and above what cannot be written again, is seen: that is what the pass is for.
          if options.waste {
            #expect(
              !root.inodes.contains {
                $0.links == 0 && $0.size > 0 && $0.origin.layer >= plan.kept
              }, what)
          }
          for index in 0..<options.keptLayers {
            #expect(plan.image.layers[index].original == index, what)
          }
          // A kept layer may hold the bytes of a file under a name that is gone: then they are stored again.
          #expect(
            plan.image.stored <= PlannedImage(image.scans).stored || !options.waste
              || options.keptLayers > 0, what)
        } catch {
          Issue.record("\(error) in \(what)")
        }
      }
    }
  }

  /// The whole way, and once more: the second run changes nothing, to the byte.
  @Test func secondRunChangesNothing() throws {
    var stacks = RandomStack(seed: 5)
    var done = 0
    while done < 40 {
      let folder = try ImageFolder(stacks.next(), oci: done.isMultiple(of: 2) ? .gzip : nil)
      guard (try? folder.read()) != nil else { continue }
      done += 1
      for (name, options) in allOptions {
        try folder.optimize(options, to: "1.tar")
        try folder.optimize(options, from: "1.tar", to: "2.tar")
        #expect(try folder.bytes("1.tar") == folder.bytes("2.tar"), "stack \(done), \(name)")
        // Fingerprints in place of digests tell the same, and record nothing.
        var quick = options
        quick.recordsDigests = false
        let image = try Optimizer.prove(folder.image, to: folder.folder.file("3.tar"), quick)
        try image.commit()
        #expect(try folder.bytes("1.tar") == folder.bytes("3.tar"), "stack \(done), \(name)")
        #expect(image.proof == nil && image.bill == nil && image.report.proof?.rootfs == nil)
      }
    }
  }

  /// The same with every compressor, into both forms.
  @Test(arguments: ["none", "gzip:1", "zstd:1", "zstd:12", "zstd-frames:3"])
  func secondRunChangesNothing(compressor: String) throws {
    let compression = try #require(Compression(compressor))
    var stacks = RandomStack(seed: 6)
    var done = 0
    while done < 3 {
      let folder = try ImageFolder(stacks.next(), oci: done.isMultiple(of: 2) ? .gzip : nil)
      guard (try? folder.read()) != nil else { continue }
      done += 1
      for (name, options) in [allOptions[0], allOptions[5]] {
        var options = options
        (options.compression, options.form) = (
          compression, done.isMultiple(of: 3) ? .dockerArchive : .ociArchive
        )
        try folder.optimize(options, to: "1.tar")
        try folder.optimize(options, from: "1.tar", to: "2.tar")
        #expect(try folder.bytes("1.tar") == folder.bytes("2.tar"), "stack \(done), \(name)")
      }
    }
  }

  private func describe(_ image: ReadImage) -> String {
    image.scans.map { scan in
      scan.entries.indices.map { index in
        "\(scan.entries[index].kind) \(DisplayText.escape(scan.entries.path(index)))"
          + (scan.entries.link(index).isEmpty
            ? "" : " -> \(DisplayText.escape(scan.entries.link(index)))")
      }.joined(separator: ", ")
    }.joined(separator: " | ")
  }
}
