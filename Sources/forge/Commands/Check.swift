import ArgumentParser
import ForgeBasics
import ForgeChecks
import ForgeFindings
import ForgeInspection
import ForgeLayers
import ForgeReports
import ForgeRules
import ForgeTracing

extension Severity: ExpressibleByArgument {}
extension Policy.Profile: ExpressibleByArgument {}

/// Which policy is in force.
struct PolicyOptions: ParsableArguments {
  @Option(
    help: "The policy file. Default: forge.yaml in the folder, or else the built-in policy.",
    completion: .file())
  var policy: String?

  @Option(
    name: .customLong("organisation-policy"),
    help: ArgumentHelp(
      "A policy that must hold besides: forge.yaml may be stricter, never looser. May be repeated.",
      valueName: "file"), completion: .file())
  var organisation: [String] = []

  @Option(help: "The profile to start from, instead of the policy's.")
  var profile: Policy.Profile?

  @Option(help: "The size limit, instead of the policy's: 200MB, 180MiB.")
  var maxSize: String?

  @Option(help: "Fail on findings of this severity or above, instead of the policy's.")
  var failOn: Severity?

  /// The options that were given, as they are written.
  var given: [String] {
    [
      policy.map { _ in "--policy" }, profile.map { _ in "--profile" },
      maxSize.map { _ in "--max-size" },
      failOn.map { _ in "--fail-on" },
    ].compactMap(\.self)
  }

  func load(in folder: String) throws -> Policy {
    var loaded: Policy =
      try policy.map { try Policy.load($0, profile: profile) }
      ?? Policy.find(in: folder, profile: profile)
    if let maxSize {
      guard let bytes = ByteCount.parse(maxSize), bytes > 0 else {
        throw ValidationError("--max-size must be a size such as 200MB, 1.5GB or 180MiB")
      }
      loaded.maximumSize = bytes
      loaded.origins["size.max"] = "--max-size"
    }
    if let failOn {
      loaded.failOn = failOn
      loaded.origins["fail-on"] = "--fail-on"
    }
    loaded.floors = try organisation.map { try Policy.load($0) }
    return loaded
  }
}

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge images by the policy: size, security rules, and secrets in every layer.",
    discussion: """
      Exits with 1 when the policy fails, with 3 when an image cannot be read whole. Every layer is read, hashed and \
      searched. With --cache, one that is known by its digest (`forge cache`), such as the base's, is only hashed.

      Examples:
        forge check image.tar
        forge check backend.tar frontend.tar --profile kubernetes
        forge check podman:todo:latest --fail-on warning --max-size 150MB
        forge check image.tar --baseline forge-baseline.json
        forge check image.tar --dockerfile backend/Dockerfile
        forge check image.tar --report sarif=forge.sarif,html=forge.html
      """)

  @OptionGroup var images: ImagesArguments
  @OptionGroup var policy: PolicyOptions

  @Option(
    help: "A file of sizes to compare with, from `forge baseline write`; instead of the policy's.",
    completion: .file())
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "The Dockerfile that the image was built from: findings then name its lines, and edits of it.",
      valueName: "file"), completion: .file())
  var dockerfile: String?

  @Option(
    help: "The folder that the build got. Default: the Dockerfile's own.", completion: .directory)
  var context: String?

  @Flag(
    inversion: .prefixedNo,
    help:
      "Believe what is remembered of layers, which any program of the same user could have written."
  )
  var cache = false

  @OptionGroup var reporting: ReportOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func validate() throws {
    if dockerfile != nil, images.images.count > 1 {
      throw ValidationError("--dockerfile is of one image: check the others apart")
    }
    if context != nil, dockerfile == nil {
      throw ValidationError("--context goes with --dockerfile")
    }
  }

  func run() async throws {
    let sources = try dockerfile.map { try BuildSources(dockerfile: $0, context: context) }
    let policy = try policy.load(in: ".")
    let baseline = baseline ?? policy.baseline
    try reporting.check(
      output: output,
      inputs: images.images
        + [policy.source, baseline, dockerfile].compactMap(\.self) + self.policy.organisation)
    let known = try baseline.map { try Baseline.load($0) }
    // Every blob is hashed: what the cache knows counts for exactly these bytes.
    let isCached = cache && !CacheOptions.isRefused
    let layers = isCached ? LayerCache.user(trustsStamps: false) : nil
    let isAlone = images.images.count == 1
    var verdicts: [Verdict] = []
    var subjects: [Report.Subject] = []
    var failures: [Failure] = []
    var failure: (any ForgeError)?
    for image in images.all {
      do {
        let inspection =
          isAlone
          ? try await reporting.reportingFailure("check", of: image.image, to: output) {
            try await image.inspect(findsSecrets: true, cache: layers)
          } : try await image.inspect(findsSecrets: true, cache: layers)
        verdicts.append(try judge(inspection, policy, known, sources))
        if let verdict = verdicts.last {
          subjects.append(Report.Subject(verdict, inspection: inspection))
        }
      } catch let error as any ForgeError {
        // The other images are judged nevertheless; one that cannot be read never passes.
        if isAlone { throw error }
        StandardError.print("forge: \(error)")
        subjects.append(Report.Subject(failure: error, of: image.image))
        failures.append(Failure(error, of: image.image))
        failure = failure ?? error
      }
    }
    let report = Report(command: "check", subjects: subjects)
    if isAlone, let verdict = verdicts.first {
      try reporting.write(verdict, report: report, text: verdict.text, to: output)
    } else {
      let all = CheckReport(verdicts: verdicts, failures: failures)
      try reporting.write(all, report: report, text: all.text, shownText: all.shownText, to: output)
    }
    if let failure { throw ExitStatus(code: failure.exitCode) }
    if !verdicts.allSatisfy(\.passed) { throw ExitStatus(code: .policyFailed) }
  }

  private func judge(
    _ inspection: Inspection, _ policy: Policy, _ known: Baseline?, _ sources: BuildSources?
  ) throws(GateError) -> Verdict {
    let verdict = try Gate.judge(inspection, policy: policy, baseline: known)
    guard let sources else { return verdict }
    if let traced = sources.trace(verdict, of: inspection) { return traced }
    StandardError.print(
      "forge: \(DisplayText.escape(dockerfile ?? "")): the image's history is not that of its last stage, so that no "
        + "finding names a line of it")
    return verdict
  }
}
