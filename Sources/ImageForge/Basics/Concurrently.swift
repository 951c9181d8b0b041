import Synchronization

/// Independent pieces of work on all processors.
package enum Concurrently {
  /// The results in the order of the elements.
  package static func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ work: @Sendable (Element) -> Result
  ) -> [Result] {
    // Starting threads costs more than a few files.
    guard elements.count >= 32 else { return elements.map(work) }
    let size = max(8, min(256, elements.count / 16))
    let slices = stride(from: 0, to: elements.count, by: size).map {
      $0..<min($0 + size, elements.count)
    }
    let done = Mutex<[Int: [Result]]>([:])
    Workers.perform(slices.count) { index in
      let results = elements[slices[index]].map(work)
      done.withLock { $0[index] = results }
    }
    return done.withLock { all in slices.indices.flatMap { all[$0] ?? [] } }
  }
}
