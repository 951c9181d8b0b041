import ForgeBasics
import Synchronization

/// What the layers of one image have unpacked to, counted while several are read at once: also those that turn out to be
/// no layers, or broken.
package final class UnpackBudget: Sendable {
  private let limits: LayerLimits
  private let image: String
  private let taken = Atomic<Int64>(0)

  /// - Parameter image: what messages call the image.
  package init(_ limits: LayerLimits, image: String) {
    self.limits = limits
    self.image = image
  }

  /// Counts bytes that a layer unpacked to.
  /// - Throws: `LayerError.overLimit` when that is more than all layers may.
  func take(_ count: Int) throws(LayerError) {
    let sum = taken.add(Int64(count), ordering: .relaxed).newValue
    try limits.check(unpacked: sum, entries: 0, of: image)
  }
}

extension LayerLimits {
  /// Holds all layers together to the budgets of an image. `image` is what messages call it.
  package func check(unpacked: Int64, entries: Int, of image: String) throws(LayerError) {
    guard unpacked <= total else {
      throw .overLimit(
        layer: image, path: [], limit: .total,
        reason: "all layers together unpack to more than \(ByteCount.text(total))")
    }
    guard entries <= self.entries else {
      throw .overLimit(
        layer: image, path: [], limit: .entries,
        reason: "its layers have more than \(self.entries) entries")
    }
  }
}
