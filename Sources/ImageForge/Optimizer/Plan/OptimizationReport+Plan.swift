import ForgeLayers
import ForgeWriting

extension OptimizationReport {
  /// What a plan comes to, before anything is written.
  init(of input: ReadImage, _ plan: OptimizationPlan, _ options: OptimizationOptions) {
    let layers = plan.image.layers.map { layer in
      let same = layer.original.map { input.scans[$0] }
      return OutputLayer(
        inputs: layer.inputs, unchanged: same != nil, unpacked: same?.unpacked ?? layer.tarSize,
        compressed: same?.compressed, diffID: same?.diffID)
    }
    self.init(
      source: input.image.source, output: nil,
      before: OutputSizes(
        compressed: input.scans.reduce(0) { $0 + $1.compressed },
        unpacked: input.scans.reduce(0) { $0 + $1.unpacked },
        stored: PlannedImage(input.scans).stored),
      after: OutputSizes(
        compressed: nil, unpacked: layers.reduce(0) { $0 + $1.unpacked },
        stored: plan.image.stored),
      passes: plan.passes, layers: layers, removed: plan.removed, rewritten: plan.rewritten,
      notices: plan.notices, target: options.target,
      compression: options.compression.description, proof: nil)
  }

  /// Replaces what was planned of the layers by what was written.
  mutating func tell(_ written: [WrittenLayer], as result: ReadImage) {
    layers = zip(written, result.scans).map { layer, scan in
      OutputLayer(
        inputs: layer.inputs, unchanged: layer.copied != nil, unpacked: scan.unpacked,
        compressed: layer.size, diffID: layer.diffID)
    }
    after.compressed = written.reduce(0) { $0 + $1.size }
    after.unpacked = result.scans.reduce(0) { $0 + $1.unpacked }
  }
}
