import Foundation
import TestSupport
import Testing

/// Every fuzz target over a corpus that is always the same: the seeds, for texts with what is nested, cut off or spliced
/// of them, inputs by which libFuzzer once reached new code (`scripts/fuzz --keep` renews them), and all of it damaged. None crashes or hangs, and no target takes or refuses all.
@Suite struct CorpusTests {
  private static let folder = Repository.root + "Tests/Fuzz/"

  @Test(.timeLimit(.minutes(5)), arguments: FuzzTarget.allCases) func survives(_ target: FuzzTarget)
    throws
  {
    let inputs = try Shell.withTemporaryFolder { folder in
      try Shell.run(["python3", Self.folder + "seeds.py", folder])
      try Shell.run(["tar", "-xzf", Self.folder + "corpus.tar.gz", "-C", folder])
      try Shell.run(["python3", Self.folder + "texts.py", folder])
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(target)")
        .sorted()
      return try names.map {
        [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(target)/\($0)")))
      }
    }
    #expect(inputs.count >= 15)
    var random = SeededBytes(seed: 9)
    var (taken, refused) = (0, 0)
    for input in inputs {
      for bytes in [input] + (0..<3).map({ _ in damaged(input, &random) }) {
        if target.run(bytes) { taken += 1 } else { refused += 1 }
      }
    }
    // The reader of JavaScript gives what it understands of any text.
    #expect(
      taken >= 3 && (refused >= 3 || target == .javascript), "\(taken) taken, \(refused) refused")
  }

  /// Some bytes changed, and sometimes the end cut off.
  private func damaged(_ input: [UInt8], _ random: inout SeededBytes) -> [UInt8] {
    guard !input.isEmpty else { return [UInt8(truncatingIfNeeded: random.next())] }
    var bytes = input
    for _ in 0...(random.next() % 4) {
      bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
    }
    if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
    return bytes
  }
}
