import ArgumentParser
import Foundation
import ImageForge

extension Compression: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension ImageForm: ExpressibleByArgument {}

struct Optimize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make an image smaller, and prove that it is the same image.",
    discussion: """
      Without further options, what no one can see is dropped: overwritten and deleted files, and the markers that \
      hide them. The result is read back and compared with the input, name by name; it appears only when it is proven. \
      The input is never changed.

      Examples:
        forge optimize image.tar -o small.tar
        forge optimize image.tar -o small.tar --proof proof.json
      """)

  @OptionGroup var image: ImageArguments

  @Option(
    name: .shortAndLong, help: "Where to write the image: a file, or a folder for an OCI layout.")
  var output: String?

  @Flag(help: "Say what would be done, and write nothing.")
  var dryRun = false

  @Option(
    help:
      "Stop at this size, 200MB, with the cheapest safe passes that get there; exit with 1 where none do."
  )
  var target: String?

  @Flag(inversion: .prefixedNo, help: "Drop the bytes that no one can see.")
  var waste = true

  @Flag(help: "Make one layer of all above the base, or of all.")
  var squash = false

  @Option(help: "Make one layer of these, counted from 0: 2-5.")
  var squashLayers: String?

  @Flag(help: "Leave the layers of the base image as they are; history tells how many these are.")
  var keepBase = false

  @Option(help: "Leave the layers of this base image, an archive or folder, as they are.")
  var base: String?

  @Flag(help: "Make identical files of one layer hard links.")
  var dedupe = false

  @Option(help: "Remove these sets, with commas between: see --list-sets.")
  var strip: String?

  @Flag(help: "Print what each set of --strip would remove.")
  var listSets = false

  @Flag(
    help: "Keep only what the entry point can reach: its runtime, libraries, and the application.")
  var minimize = false

  @Option(
    help: "With --minimize, keep this path, or Python module and what it imports. May be repeated.")
  var keep: [String] = []

  @Flag(
    inversion: .prefixedNo,
    help: "With --minimize, start the result as forge test does, and hand over nothing that fails.")
  var start = true

  @Option(help: "A variable for that start, NAME=value. May be repeated.")
  var env: [String] = []

  @Option(help: "The path of an MCP endpoint, which that start asks too.")
  var mcp: String?

  @Option(help: "What starts it: docker or podman.")
  var engine = EngineChoice.auto

  @Option(
    help: "How layers are compressed: keep, none, gzip[:1-12], zstd[:1-19], zstd-frames[:1-19].")
  var compress = Compression.keep

  @Flag(help: "Clamp times to SOURCE_DATE_EPOCH (or 0), sort names, write every layer in one form.")
  var reproducible = false

  @Option(
    name: .customLong("to"),
    help: "The form of the output: docker-archive, oci-archive, oci-layout.")
  var form: ImageForm?

  @Option(help: "Write the proof there as JSON, for forge verify.")
  var proof: String?

  @Option(help: "Write its packages there, and what was removed of each: CycloneDX JSON.")
  var sbom: String?

  @OptionGroup var reporting: OutputOptions

  func run() async throws {
    // What is wrong with the options or the outputs is told before the image is exported or read.
    let options = try options()
    if !dryRun, !listSets {
      guard let output else {
        throw ValidationError("--output is missing: the input is never changed (or use --dry-run)")
      }
      try Optimizer.checkOutputs(
        [output, proof, sbom].compactMap { $0 }, inputs: [base].compactMap { $0 })
      try Optimizer.checkPlace(of: output, form)
      for document in [proof, sbom].compactMap({ $0 }) { try PendingFile(for: document).discard() }
    }
    try await ImageLocator.withArchive(of: image.image) { path in
      try await optimize(path, options)
    }
  }

  func validate() throws {
    guard engine != .buildah else {
      throw ValidationError("buildah runs no images: use --engine docker or podman")
    }
    guard !dryRun || sbom == nil && proof == nil else {
      throw ValidationError(
        "--proof and --sbom tell of an image that is written: leave them out with --dry-run")
    }
    guard !squash || squashLayers == nil else {
      throw ValidationError("--squash and --squash-layers exclude one another")
    }
    guard minimize || keep.isEmpty else {
      throw ValidationError(
        "--keep says what stays of what --minimize removes: use it with --minimize")
    }
    guard minimize || env.isEmpty && mcp == nil && start && engine == .auto else {
      throw ValidationError(
        "--env, --mcp, --engine and --no-start are about starting what --minimize made: use them with --minimize"
      )
    }
    guard !keepBase || base == nil else {
      throw ValidationError(
        "--keep-base takes the base from history, --base from an image: choose one")
    }
    guard image.image != "-" || base != "-" else {
      throw ValidationError(
        "standard input can be read once only: save the image or its base to a file first")
    }
    if let strip, strip.split(separator: ",").isEmpty {
      throw ValidationError("--strip names no set: see --list-sets")
    }
    guard env.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
      throw ValidationError("--env must be NAME=value")
    }
  }

  private func optimize(_ path: String, _ options: OptimizationOptions) async throws {
    let choice = InspectionChoice(
      image: image.choice, platform: image.platform, limits: try image.budgets.limits)
    if listSets {
      let estimates = try Optimizer.stripEstimates(path, choice: choice)
      return try reporting.write(estimates, text: estimates.text)
    }
    let progress = Progress()
    defer { progress?.clear() }
    var report: OptimizationReport
    if let output, !dryRun {
      try Optimizer.checkOutputs(
        [output, proof, sbom].compactMap { $0 }, inputs: [path, base].compactMap { $0 })
      let result = try Optimizer.prove(
        path, to: output, options, choice: choice, progress: { progress?.show($0) })
      progress?.clear()
      report = result.report
      if minimize {
        report.notices.append(
          start
            ? try await started(result.temporaryPath, instead: path)
            : "the result was not started: run `forge test` on it before it is shipped")
      }
      try commit(result)
    } else {
      report = try Optimizer.plan(path, options, choice: choice, progress: { progress?.show($0) })
      progress?.clear()
    }
    report.source = image.image
    try reporting.write(report, text: report.text)
    if !report.reachesTarget { throw ExitStatus(code: .policyFailed) }
  }

  /// Hands over the image with what was asked for beside it: all of it, or nothing where one cannot be written.
  private func commit(_ result: ProvenImage) throws {
    var documents: [PendingFile] = []
    do {
      if let proof, let value = result.proof {
        documents.append(try AtomicFile.prepare(StableJSON.encode(value).utf8, for: proof))
      }
      if let sbom, let value = result.bill {
        documents.append(try AtomicFile.prepare(StableJSON.encode(value).utf8, for: sbom))
      }
      try result.commit()
    } catch {
      for document in documents { document.discard() }
      throw error
    }
    for document in documents { try document.commit() }
  }

  /// Starts the result; where a check fails, the input tells whether that is new.
  /// - Returns: what is to be said of it.
  private func started(_ result: String, instead input: String) async throws -> String {
    var trial = ImageTrial()
    (trial.engine, trial.environment, trial.mcpPath) = (engine, env, mcp)
    let ready = trial
    func failures(
      _ archive: String
    ) async throws -> (failed: [String], passed: Int, answer: String?, log: [String]) {
      do {
        let report = try await Interruption.run {
          try await ready.run(archive, log: StandardError.print)
        }
        let checks = report.images.flatMap(\.checks)
        return (
          checks.filter { $0.outcome == .failed }.map { "\($0.id): \($0.message)" },
          checks.count { $0.outcome == .passed },
          checks.first { $0.id == "port" && $0.outcome == .passed }?.message,
          report.images.flatMap(\.log)
        )
      } catch let error as EngineError {
        StandardError.print(
          "the result has to be started before it is handed over; --no-start does without")
        throw error
      }
    }
    let after = try await failures(result)
    // Without its files a server still answers, if only that there are none.
    let isRefused = after.answer?.contains(/answers 4\d\d/) ?? false
    guard !after.failed.isEmpty || isRefused else {
      return "started with \(after.passed) checks passed"
    }
    // Standard input cannot be read again.
    let before =
      input == "-" ? (failed: [], passed: 0, answer: nil, log: []) : try await failures(input)
    var new = after.failed.filter { check in
      !before.failed.contains { $0.prefix { $0 != ":" } == check.prefix { $0 != ":" } }
    }
    if isRefused, let now = after.answer, let once = before.answer, now != once {
      new.append("port: \(now), where the input's \(once)")
    }
    func show(_ log: [String]) { for line in log { StandardError.print("  | " + line) } }
    if before.failed.contains(where: { $0.hasPrefix("starts:") || $0.hasPrefix("health:") }) {
      show(before.log)
      throw OptimizerError.usage(
        "the input does not start either (\(before.failed.joined(separator: "; "))), so that nothing can be told, and "
          + "nothing was written: give it what it needs with --env NAME=value, or use --no-start")
    }
    guard new.isEmpty else {
      show(after.log)
      StandardError.print(
        "the minimized image fails where the input does not: \(new.joined(separator: "; ")). Nothing was written; "
          + "keep what it misses with --keep PATH")
      throw ExitStatus(code: .policyFailed)
    }
    guard !after.failed.isEmpty else {
      let compared =
        before.answer == nil
        ? "; what the input answers is not known" : ", and answers as the input does"
      return "started with \(after.passed) checks passed\(compared)"
    }
    return "started; what fails, fails with the input, too: \(after.failed.joined(separator: "; "))"
  }

  private func options() throws -> OptimizationOptions {
    var options = OptimizationOptions()
    options.waste = waste
    options.dedupe = dedupe
    options.recordsDigests = proof != nil || sbom != nil
    options.minimize = minimize
    options.keepPaths = keep
    options.compression = compress
    options.form = form
    options.squash = squash ? .all : nil
    options.base = base.map { .image($0) } ?? (keepBase ? .history : nil)
    if let squashLayers {
      let parts = squashLayers.split(separator: "-", omittingEmptySubsequences: false).compactMap {
        Int($0)
      }
      guard parts.count == 2, parts[0] >= 0, parts[0] <= parts[1] else {
        throw ValidationError("--squash-layers must be two numbers of layers: 2-5")
      }
      options.squash = .range(parts[0]...parts[1])
    }
    if let strip {
      options.strip = try strip.split(separator: ",").map { name in
        guard let set = StripSet(rawValue: String(name)) else {
          throw ValidationError(
            "--strip knows no set '\(name)', only \(StripSet.allCases.map(\.rawValue).joined(separator: ", "))"
          )
        }
        return set
      }
    }
    if let target {
      guard let bytes = ByteCount.parse(target), bytes > 0 else {
        throw ValidationError("--target must be a size such as 200MB")
      }
      options.target = bytes
    }
    if reproducible {
      // Empty is as good as unset, as it is for BuildKit.
      let text = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"] ?? ""
      guard let epoch = Int64(text.isEmpty ? "0" : text), epoch >= 0 else {
        throw ValidationError("SOURCE_DATE_EPOCH must be seconds since 1970")
      }
      options.epoch = epoch
    }
    return options
  }
}
