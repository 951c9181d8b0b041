import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeMinimizer
import ForgeWriting
import Synchronization

/// One run of the optimizer: what it was asked for, and the steps from the input to what is read back.
struct OptimizerRun {
  private(set) var options: OptimizationOptions
  let choice: InspectionChoice
  let progress: @Sendable (Optimizer.Progress) -> Void

  init(
    options: OptimizationOptions, choice: InspectionChoice,
    progress: @escaping @Sendable (Optimizer.Progress) -> Void
  ) {
    (self.options, self.choice, self.progress) = (options, choice, progress)
  }

  /// Opens the image, once: standard input is there no second time. Finds out how many layers are the base's.
  mutating func open(_ source: String) throws -> Image {
    let image = try choice.open(source)
    switch options.base {
    case .history:
      guard let base = History(image).base else {
        throw OptimizerError.usage(
          "history does not tell which layers are the base's: name it with --base IMAGE")
      }
      options.keptLayers = base.layers
    case .image(let base):
      let other = try InspectionChoice(platform: choice.platform, limits: choice.limits).open(base)
      guard image.config.diffIDs.starts(with: other.config.diffIDs) else {
        throw OptimizerError.usage(
          "\(ReadImage.name(image)) does not begin with the layers of \(DisplayText.escape(base)); "
            + "name the image that it was built from")
      }
      options.keptLayers = other.config.diffIDs.count
    case nil: break
    }
    return image
  }

  /// - Parameter unpacking: whether to keep the tars of compressed layers at hand.
  func read(_ image: Image, unpacking: Bool) throws -> ReadImage {
    try ReadImage(
      image, limits: choice.limits, notes: options.notes, unpacking: unpacking,
      progress: counter("reading", total: image.layers.reduce(0) { $0 + $1.size }))
  }

  func plan(_ input: ReadImage, _ contents: FileContents) throws -> OptimizationPlan {
    if options.strip.contains(.npm) { try refuseStartOfNodeProgram(input.image.config) }
    var reachable: Reachability.Result?
    if options.minimize {
      reachable = try Reachability.nodes(of: input, contents, keeping: options.keepPaths)
    }
    return try Planner.plan(input, options, contents: contents, reachable: reachable)
  }

  private func refuseStartOfNodeProgram(_ config: ImageConfig) throws {
    let words = config.commands.flatMap { $0 }.flatMap(ImageConfig.words)
    let names = words.map { String($0.split(separator: "/").last ?? "") }
    guard let name = names.first(where: StripSet.nodePrograms.contains) else { return }
    throw OptimizerError.usage(
      "the image starts \(DisplayText.escape(name)), which --strip npm would remove: leave npm out, or start node"
    )
  }

  /// What was written, and what it may differ by. The plan itself, which takes memory for every name, is gone by then.
  struct Written {
    var layers: [WrittenLayer]
    var allowance: Allowance
    var report: OptimizationReport
  }

  func write(
    _ input: ReadImage, _ contents: FileContents, as form: ImageForm, to file: ScratchFile
  ) throws -> Written {
    let plan = try plan(input, contents)
    let total = plan.image.layers.reduce(Int64(0)) { sum, layer in
      guard let original = layer.original else { return sum + layer.tarSize }
      return sum + input.scans[original].compressed
    }
    let writer = ImageWriter(
      input, contents: contents, rewrites: plan.rewrites, form: form,
      compression: options.compression, limits: outputLimits, to: file,
      progress: counter("writing", total: total))
    let layers = try writer.write(plan.image, epoch: options.epoch)
    var report = OptimizationReport(of: input, plan, options)
    report.notices += writer.notices
    return Written(layers: layers, allowance: plan.allowance, report: report)
  }

  /// Reads what was written. What cannot even be read is not what was planned.
  /// - Parameter layers: they were taken apart as they were written, and their bytes in the file have to be those.
  func readBack(_ archive: WrittenArchive, expecting layers: [WrittenLayer]) throws -> ReadImage {
    let known = Dictionary(
      layers.map { ($0.diffID, $0.scan) }, uniquingKeysWith: { first, _ in first })
    do {
      let image = try InspectionChoice(limits: outputLimits).open(archive.file.processPath)
      return try ReadImage(
        image, limits: outputLimits, notes: options.notes, known: known,
        progress: counter("proving", total: image.layers.reduce(0) { $0 + $1.size }))
    } catch {
      throw WritingError.unproven(["it cannot be read back: \(error)"])
    }
  }

  /// A layer that several became may be as large as these together.
  private var outputLimits: LayerLimits {
    var limits = choice.limits
    limits.unpacked = limits.total
    return limits
  }

  /// Adds up what several threads have done, and tells it.
  private func counter(_ step: String, total: Int64) -> @Sendable (Int64) -> Void {
    let done = Counter()
    return { [progress] bytes in
      progress(
        Optimizer.Progress(step: step, done: min(done.add(bytes), total), total: total))
    }
  }
}

private final class Counter: Sendable {
  private let sum = Atomic<Int64>(0)

  /// - Returns: the sum so far.
  func add(_ bytes: Int64) -> Int64 { sum.add(bytes, ordering: .relaxed).newValue }
}
