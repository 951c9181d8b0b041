import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeMinimizer
import ForgeWriting
import Foundation

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
    var run = OptimizerRun(options: options, choice: choice, progress: progress)
    let image = try run.open(source)
    let input = try run.read(image, unpacking: options.readsContents)
    return OptimizationReport(of: input, try run.plan(input, FileContents(input)), options)
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
    guard let proof = image.proof else { throw WritingError.unproven(["no proof was recorded"]) }
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
    var run = OptimizerRun(options: options, choice: choice, progress: progress)
    let image = try run.open(source)
    let input = try run.read(image, unpacking: options.rewritesAll || options.readsContents)
    let form = options.form ?? ImageForm(image.form)
    let contents = FileContents(input)
    let written = try run.write(input, contents, as: form, to: file)
    try fault?(file)
    let archive = try WrittenArchive(file)
    let result = try run.readBack(archive, expecting: written.layers)
    let (before, after) = (RootListing(input), RootListing(result))
    var differences = Differences()
    Verification.compareConfigs(input.image, result.image, &differences)
    Comparison.compare(before, after, allowing: written.allowance, &differences)
    guard differences.isEmpty else { throw WritingError.unproven(differences.sentences) }
    var report = written.report
    var (proof, bill): (Proof?, BillOfMaterials?) = (nil, nil)
    if options.recordsDigests {
      let new = Proof.Side(result, after)
      proof = Proof(
        old: Proof.Side(input, before), new: new, allowance: written.allowance,
        removed: report.removed)
      bill = BillOfMaterials(input, contents, new, written.allowance)
    }
    report.output = output
    report.tell(written.layers, as: result)
    report.proof = ProofSummary(names: after.count, bytes: after.bytes, rootfs: proof?.new.rootfs)
    return ProvenImage(
      report: report, proof: proof, bill: bill, archive: archive,
      destination: form.destination(output))
  }

  /// What each strip set would take, from reading the image alone.
  public static func stripEstimates(
    _ source: String, choice: InspectionChoice = .init()
  ) throws -> [StripEstimate] {
    var options = OptimizationOptions()
    options.waste = false
    options.recordsDigests = false
    let run = OptimizerRun(options: options, choice: choice) { _ in }
    let input = try run.read(choice.open(source), unpacking: false)
    return try StripSet.allCases.map { set in
      var options = options
      options.strip = [set]
      let plan = try Planner.plan(input, options)
      let removed = plan.removed.reduce(0) { $0 + $1.bytes }
      let rewritten = plan.rewritten.reduce(0) { $0 + $1.before - $1.after }
      return StripEstimate(
        set: set, names: plan.removed.count + plan.rewritten.count, bytes: removed + rewritten)
    }
  }

  // MARK: Output

  private static func folder(of output: String) -> String {
    let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
    return folder.isEmpty ? "/" : folder
  }

  /// Refuses outputs that would replace what is read, or each other, or lie in each other.
  /// - Parameters:
  ///   - outputs: files and folders that will be written.
  ///   - inputs: archives and layout folders that are read.
  /// - Throws: a usage error that names both.
  public static func checkOutputs(_ outputs: [String], inputs: [String]) throws {
    guard !outputs.contains("-") else {
      throw OptimizerError.usage(
        "what is written is read again, which standard output cannot be: name a file")
    }
    try OutputPaths.check(outputs, inputs: inputs)
  }

  /// Refuses an output whose folder takes no file, and a layout whose place is taken, before anything is read.
  public static func checkPlace(of output: String, _ form: ImageForm?) throws {
    if form == .ociLayout { try LayoutFolderDestination(path: output).check() }
    _ = try ScratchFile(in: folder(of: output))
  }

  /// Refuses an output that is the input, and one whose place has something else than its form replaces.
  private static func checkTarget(_ source: String, _ output: String, _ form: ImageForm?) throws {
    let input = FileIdentity(ofInput: source)
    if let input, let target = FileIdentity(of: output), input.isSame(as: target) {
      throw OptimizerError.usage(
        "the output is the input, which is never modified; choose another file")
    }
    // A folder is read as a layout, and stays one.
    let isLayout = input?.isFolder == true
    try (form ?? (isLayout ? .ociLayout : .ociArchive)).destination(output).check()
  }
}

/// Which file of this machine a path or standard input is.
private struct FileIdentity {
  private let status: stat

  /// Nil where there is nothing.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.status = status
  }

  /// - Parameter source: a path; `-` is standard input, which can be a file all the same.
  init?(ofInput source: String) {
    var status = stat()
    let result = source == "-" ? fstat(STDIN_FILENO, &status) : stat(source, &status)
    guard result == 0 else { return nil }
    self.status = status
  }

  var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }

  func isSame(as other: Self) -> Bool {
    (status.st_dev, status.st_ino) == (other.status.st_dev, other.status.st_ino)
  }
}

/// An optimized image that is written and proven, and has no name yet. It vanishes unless it is committed.
public struct ProvenImage {
  public let report: OptimizationReport
  /// Nil where no digests were recorded.
  public let proof: Proof?
  /// The packages in it, and what was removed of them; nil where no digests were recorded.
  public let bill: BillOfMaterials?
  let archive: WrittenArchive
  let destination: any ImageDestination

  /// By which another process of the same user can read the archive. An OCI layout is an OCI archive until then.
  public var temporaryPath: String { archive.file.outsidePath }

  /// Gives it its name.
  public func commit() throws { try destination.commit(archive) }
}
