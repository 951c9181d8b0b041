import Foundation
import Synchronization
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

@Suite struct RelayTests {
  private struct Failure: Error {
    let index: Int
  }

  /// What happens in the relay, in order.
  private final class Log: Sendable {
    private let events = Mutex<[String]>([])
    func note(_ event: String) { events.withLock { $0.append(event) } }
    var all: [String] { events.withLock { $0 } }
  }

  @Test(arguments: [0, 1, 2, 3, 50]) func layersAreFedAndWrittenInTheirOrder(count: Int) throws {
    let log = Log()
    let values = try LayerRelay.run(count) { turn in
      try turn.waitToFeed()
      log.note("feed")
      if turn.index % 3 == 0 { usleep(2000) }
      turn.didFeed()
      if turn.index % 4 == 0 { usleep(2000) }
      try turn.waitToWrite()
      log.note("write \(turn.index)")
      return turn.index * 10
    }
    #expect(values == (0..<count).map { $0 * 10 })
    let written = log.all.filter { $0 != "feed" }
    #expect(written == (0..<count).map { "write \($0)" })
    // Never more than two that were begun and are not written.
    var under = 0
    for event in log.all {
      under += event == "feed" ? 1 : -1
      #expect((0...2).contains(under))
    }
  }

  /// The second is fed before the first is written: that is what the relay is for.
  @Test func theNextLayerIsFedWhileTheLastOneEnds() throws {
    let isFed = DispatchSemaphore(value: 0)
    _ = try LayerRelay.run(2) { turn in
      try turn.waitToFeed()
      if turn.index == 1 { isFed.signal() }
      turn.didFeed()
      if turn.index == 0 { #expect(isFed.wait(timeout: .now() + 30) == .success) }
      try turn.waitToWrite()
    }
  }

  @Test(arguments: [0, 1, 2, 5], [false, true]) func theFirstErrorEndsAll(
    failing: Int, whileFed: Bool
  ) {
    let log = Log()
    do {
      _ = try LayerRelay.run(8) { turn in
        try turn.waitToFeed()
        if whileFed, turn.index == failing { throw Failure(index: failing) }
        turn.didFeed()
        try turn.waitToWrite()
        if turn.index == failing { throw Failure(index: failing) }
        log.note("\(turn.index)")
      }
      Issue.record("nothing was thrown")
    } catch {
      #expect((error as? Failure)?.index == failing)
    }
    #expect(log.all.allSatisfy { (Int($0) ?? 8) < failing })
  }
}
