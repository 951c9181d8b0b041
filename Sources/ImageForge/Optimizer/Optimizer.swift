import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import Synchronization

/// Makes smaller images that are proven to be the same images.
public enum Optimizer {
  /// Bytes done and bytes in all, of one step after the other.
  public struct Progress: Sendable {
    /// `reading`, `writing`, `proving`.
    public var step: String
    public var done: Int64
    public var total: Int64
  }

  /// Says what would be done, from reading the image alone.
  public static func plan(
    _ source: String, _ options: OptimizationOptions, choice: InspectionChoice = .init(),
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> OptimizationReport {
    var options = options
    let image = try open(source, choice, &options)
    let input = try read(
      image, choice, options.notes, unpacking: options.readsContents, progress: progress)
    return try report(input, planned(input, FileContents(input), options), options)
  }

  /// Writes the optimized image to `output`, whole and proven, or not at all. Digests are always recorded.
  public static func optimize(
    _ source: String, to output: String, _ options: OptimizationOptions,
    choice: InspectionChoice = .init(),
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> (report: OptimizationReport, proof: Proof) {
    var options = options
    options.recordsDigests = true
    let image = try prove(source, to: output, options, choice: choice, progress: progress)
    guard let proof = image.proof else { throw OptimizerError.unproven(["no proof was recorded"]) }
    try image.commit()
    return (image.report, proof)
  }

  /// Writes the optimized image to where `output` will be, and proves it. It has no name before it is committed.
  public static func prove(
    _ source: String, to output: String, _ options: OptimizationOptions,
    choice: InspectionChoice = .init(),
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> ProvenImage {
    try prove(source, to: output, options, choice: choice, fault: nil, progress: progress)
  }

  /// - Parameter fault: spoils what was written before it is read back, for tests.
  static func prove(
    _ source: String, to output: String, _ options: OptimizationOptions,
    choice: InspectionChoice = .init(),
    fault: ((ScratchFile) throws -> Void)?,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) throws -> ProvenImage {
    // Before the image is read, which takes its time.
    try checkTarget(source, output, options.form)
    let file = try ScratchFile(in: folder(of: output), willStay: true)
    var options = options
    let image = try open(source, choice, &options)
    let input = try read(
      image, choice, options.notes, unpacking: options.rewritesAll || options.readsContents,
      progress: progress)
    let form = options.form ?? ImageForm(input.image.form)
    let contents = FileContents(input)
    // A layer that several became may be as large as these together.
    var limits = choice.limits
    limits.unpacked = limits.total
    let written = try write(input, contents, form, options, limits, to: file, progress)
    let layers = written.layers
    try fault?(file)
    let archive = try file.finished()
    // Layers were taken apart as they were written: their bytes in the file have to be those.
    let known = Dictionary(
      layers.map { ($0.diffID, $0.scan) }, uniquingKeysWith: { first, _ in first })
    let result = try readBack(file, limits, options.notes, known, progress)
    let (before, after) = (RootListing(input), RootListing(result))
    var differences = Differences()
    Verification.compareConfigs(input.image, result.image, &differences)
    Comparison.compare(before, after, allowing: written.allowance, &differences)
    guard differences.isEmpty else { throw OptimizerError.unproven(differences.sentences) }
    var report = written.report
    var (proof, bill): (Proof?, BillOfMaterials?) = (nil, nil)
    if options.recordsDigests {
      let new = Proof.Side(result, after)
      proof = Proof(
        old: Proof.Side(input, before), new: new, allowance: written.allowance,
        removed: report.removed)
      bill = self.bill(input, contents, new, written.allowance)
    }
    report.output = output
    report.layers = zip(layers, result.scans).map { layer, scan in
      OutputLayer(
        inputs: layer.inputs, unchanged: layer.copied != nil, unpacked: scan.unpacked,
        compressed: layer.size,
        diffID: layer.diffID)
    }
    report.after.compressed = layers.reduce(0) { $0 + $1.size }
    report.after.unpacked = result.scans.reduce(0) { $0 + $1.unpacked }
    report.proof = ProofSummary(names: after.count, bytes: after.bytes, rootfs: proof?.new.rootfs)
    return ProvenImage(
      report: report, proof: proof, bill: bill, file: file, archive: archive, output: output,
      form: form)
  }

  /// What was written, and what it may differ by. The plan itself, which takes memory for every name, is gone by then.
  private struct Written {
    var layers: [WrittenLayer]
    var allowance: Allowance
    var report: OptimizationReport
  }

  private static func write(
    _ input: ReadImage, _ contents: FileContents, _ form: ImageForm, _ options: OptimizationOptions,
    _ limits: LayerLimits, to file: ScratchFile, _ progress: @escaping @Sendable (Progress) -> Void
  ) throws -> Written {
    let planner = try planned(input, contents, options)
    let total = planner.draft.layers.reduce(0) {
      $0 + ($1.original.map { input.scans[$0].compressed } ?? $1.tarSize)
    }
    let done = Mutex<Int64>(0)
    let writer = ImageWriter(
      input, contents: contents, rewrites: planner.rewrites, form: form,
      compression: options.compression,
      limits: limits, to: file
    ) { bytes in
      let sum = done.withLock { done in
        done += bytes
        return done
      }
      progress(Progress(step: "writing", done: min(sum, total), total: total))
    }
    let layers = try writer.write(planner.draft, epoch: options.epoch)
    var report = try report(input, planner, options)
    report.notices += writer.notices
    return Written(layers: layers, allowance: planner.allowance, report: report)
  }

  private static func bill(
    _ input: ReadImage, _ contents: FileContents, _ result: Proof.Side, _ allowance: Allowance
  ) -> BillOfMaterials {
    var release: [UInt8] = []
    var root = input.root
    if let id = root.resolve("etc/os-release") ?? root.resolve("usr/lib/os-release"),
      root.tree[id].inode != FileTree.none
    {
      release =
        (try? contents.bytes(root.inodes[Int(root.tree[id].inode)].origin, limit: 16 << 10)) ?? []
    }
    return BillOfMaterials(
      input, result, allowance, distribution: BillOfMaterials.distribution(release))
  }

  /// What cannot even be read back is not what was planned.
  private static func readBack(
    _ file: ScratchFile, _ limits: LayerLimits, _ notes: ContentNotes, _ known: [Digest: LayerScan],
    _ progress: @escaping @Sendable (Progress) -> Void
  ) throws -> ReadImage {
    do {
      let choice = InspectionChoice(limits: limits)
      return try read(
        choice.open(file.processPath), choice, notes, "proving", known, progress: progress)
    } catch {
      throw OptimizerError.unproven(["it cannot be read back: \(error)"])
    }
  }

  /// What each strip set would take, from reading the image alone.
  public static func stripEstimates(_ source: String, choice: InspectionChoice = .init()) throws
    -> [StripEstimate]
  {
    let input = try read(choice.open(source), choice, .fingerprints, progress: { _ in })
    return try StripSet.allCases.map { set in
      var options = OptimizationOptions()
      options.waste = false
      options.strip = [set]
      let planner = try Planner(input, options)
      let bytes =
        planner.removed.reduce(0) { $0 + $1.bytes }
        + planner.rewritten.reduce(0) { $0 + $1.before - $1.after }
      return StripEstimate(
        set: set, names: planner.removed.count + planner.rewritten.count, bytes: bytes)
    }
  }

  // MARK: Steps

  /// Opens the image, once: standard input is there no second time. Says how many layers are the base's.
  private static func open(
    _ source: String, _ choice: InspectionChoice, _ options: inout OptimizationOptions
  ) throws -> Image {
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

  private static func read(
    _ image: Image, _ choice: InspectionChoice, _ notes: ContentNotes, unpacking: Bool = false,
    _ step: String = "reading", _ known: [Digest: LayerScan] = [:],
    progress: @escaping @Sendable (Progress) -> Void
  ) throws -> ReadImage {
    let total = image.layers.reduce(0) { $0 + $1.size }
    let done = Mutex<Int64>(0)
    return try ReadImage(
      image, limits: choice.limits, notes: notes, unpacking: unpacking, known: known
    ) { bytes in
      let sum = done.withLock { done in
        done += bytes
        return done
      }
      progress(Progress(step: step, done: sum, total: total))
    }
  }

  private static func planned(
    _ input: ReadImage, _ contents: FileContents, _ options: OptimizationOptions
  ) throws
    -> Planner
  {
    if options.strip.contains(.npm) {
      let words = input.image.config.commands.flatMap { $0 }.flatMap(ImageConfig.words)
      let names = words.map { String($0.split(separator: "/").last ?? "") }
      if let name = names.first(where: StripSet.nodePrograms.contains) {
        throw OptimizerError.usage(
          "the image starts \(DisplayText.escape(name)), which --strip npm would remove: leave npm out, or start node"
        )
      }
    }
    let reachable =
      options.minimize ? try Reachability.nodes(input, contents, keeping: options.keepPaths) : nil
    return try Planner(
      input, options, contents: contents, reachable: reachable?.nodes,
      notices: reachable?.notices ?? [])
  }

  private static func report(
    _ input: ReadImage, _ planner: Planner, _ options: OptimizationOptions
  ) throws -> OptimizationReport {
    let layers = planner.draft.layers.map { layer in
      OutputLayer(
        inputs: layer.inputs, unchanged: layer.original != nil,
        unpacked: layer.original.map { input.scans[$0].unpacked } ?? layer.tarSize,
        compressed: layer.original.map { input.scans[$0].compressed },
        diffID: layer.original.map { input.scans[$0].diffID })
    }
    return OptimizationReport(
      source: input.image.source, output: nil,
      before: OutputSizes(
        compressed: input.scans.reduce(0) { $0 + $1.compressed },
        unpacked: input.scans.reduce(0) { $0 + $1.unpacked },
        stored: Draft(input.scans).stored),
      after: OutputSizes(
        compressed: nil, unpacked: layers.reduce(0) { $0 + $1.unpacked },
        stored: planner.draft.stored),
      passes: planner.passes, layers: layers, removed: planner.removed,
      rewritten: planner.rewritten,
      notices: planner.notices,
      target: options.target, compression: options.compression.description, proof: nil)
  }

  // MARK: Output

  private static func folder(of output: String) -> String {
    let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
    return folder.isEmpty ? "/" : folder
  }

  /// Refuses an output whose folder takes no file, and a layout whose place is taken, before anything is read.
  public static func checkPlace(of output: String, _ form: ImageForm?) throws {
    if form == .ociLayout { try LayoutFolderWriter.check(output) }
    _ = try ScratchFile(in: folder(of: output))
  }

  /// Refuses an output that is the input, and one whose place has something else than its form replaces.
  private static func checkTarget(_ source: String, _ output: String, _ form: ImageForm?) throws {
    var (a, b) = (stat(), stat())
    let isThere = source.isStandardInput ? fstat(STDIN_FILENO, &a) == 0 : stat(source, &a) == 0
    if isThere, stat(output, &b) == 0, a.st_dev == b.st_dev, a.st_ino == b.st_ino {
      throw OptimizerError.usage(
        "the output is the input, which is never modified; choose another file")
    }
    // A folder is read as a layout, and stays one.
    if form == .ociLayout || form == nil && isThere && a.st_mode & S_IFMT == S_IFDIR {
      try LayoutFolderWriter.check(output)
    } else {
      try ScratchFile.permissions(ofTarget: output)
    }
  }
}

/// An optimized image that is written and proven, and has no name yet. It vanishes unless it is committed.
public struct ProvenImage {
  public let report: OptimizationReport
  /// Nil where no digests were recorded.
  public let proof: Proof?
  /// The packages in it, and what was removed of them; nil where no digests were recorded.
  public let bill: BillOfMaterials?
  let file: ScratchFile
  let archive: Blob
  let output: String
  let form: ImageForm

  /// By which another process of the same user can read the archive. An OCI layout is an OCI archive until then.
  public var temporaryPath: String { file.outsidePath }

  /// Gives it its name.
  public func commit() throws {
    if form == .ociLayout {
      try LayoutFolderWriter.write(archive, to: output)
    } else {
      try file.commit(to: output)
    }
  }
}

extension ImageForm {
  init(_ form: Image.Form) {
    self =
      switch form {
      case .dockerArchive: .dockerArchive
      case .ociArchive: .ociArchive
      case .ociLayout: .ociLayout
      }
  }
}

extension ImageConfig {
  /// What a container runs: its entry point with the command, then its health check.
  var commands: [[String]] {
    var commands = [entrypoint + cmd]
    if let test = healthcheck?.test, let kind = test.first, test.count > 1 {
      switch kind {
      case "CMD": commands.append(Array(test.dropFirst()))
      case "CMD-SHELL":
        commands.append((shell.isEmpty ? ["/bin/sh", "-c"] : shell) + test.dropFirst())
      default: break
      }
    }
    return commands
  }

  /// Words of a shell's text, any of which may be a program.
  static func words(_ text: String) -> [String] {
    text.split { " \t\n;|&()\"'`$".contains($0) }.map(String.init)
  }
}
