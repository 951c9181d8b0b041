import ForgeBasics
import ForgeMigration
import ForgeTemplates

/// What is kept of a Dockerfile that was there, as the lines that a template writes in its slots `kept.…`, and the proof
/// that the template had a slot for all of it.
struct KeptLines {
  /// Where steps and lines of the file that was there can stand in the new one. Those of `ExistingStep.Position` have its
  /// names.
  enum Slot: String, CaseIterable {
    /// Below the FROM of the build stage: packages of Alpine.
    case buildPackages
    /// Below the build stage's first WORKDIR: settings and arguments.
    case build
    /// Before the dependencies are installed.
    case beforeInstallation
    /// Where the source and the dependencies are there.
    case beforeBuild
    /// Where the application is built.
    case afterBuild
    /// Below the FROM of the last stage: packages of Alpine.
    case runtimePackages
    /// In the last stage, as root.
    case final
  }

  /// The stages of the new file.
  struct Stages {
    let images: BaseImages
    /// The name of the stage that holds the built application.
    let built: String
    /// Lines that steps before the build need above them.
    var beforeBuild: [String] = []
  }

  private let existing: ExistingDockerfile?
  private let stages: Stages
  private let explains: Bool

  /// The lines by the names of their slots, as templates ask for them.
  private(set) var slots: [String: [String]] = [:]

  init(of existing: ExistingDockerfile?, stages: Stages, explains: Bool) {
    self.existing = existing
    self.stages = stages
    self.explains = explains
    guard let existing else { return }
    let packages = existing.packages
    set(.buildPackages, install(packages.alpineBuild, on: stages.images.build, existing))
    set(.runtimePackages, install(packages.alpineRuntime, on: stages.images.final, existing))
    if !existing.lines.build.isEmpty {
      set(.build, ["", Self.heading] + lines(existing.lines.build, existing))
    }
    for slot in [Slot.beforeInstallation, .beforeBuild, .afterBuild] {
      set(slot, block(slot, existing))
    }
    set(.final, finalLines(existing))
  }

  private mutating func set(_ slot: Slot, _ lines: [String]) { slots[slot.rawValue] = lines }

  // MARK: Instructions

  private static let heading = "# Kept from the Dockerfile that was here."

  private func lines(
    _ lines: [ExistingDockerfile.Line], _ existing: ExistingDockerfile
  ) -> [String] {
    guard explains else { return lines.map(\.text) }
    return lines.flatMap { [existing.origin($0.number), $0.text] }
  }

  private func finalLines(_ existing: ExistingDockerfile) -> [String] {
    let block = block(.final, existing)
    let last = existing.steps.filter { $0.position == .final }.map(\.line).max() ?? 0
    // A step sees what was set above it; what is written to a volume's folder after it is declared is lost.
    let above = existing.lines.final.filter {
      $0.number < last && !$0.text.hasPrefix("VOLUME ")
    }
    let below = existing.lines.final.filter { !above.contains($0) }
    guard !above.isEmpty || !below.isEmpty else { return block }
    var kept = block
    if above.isEmpty {
      kept += [Self.heading] + lines(below, existing)
    } else {
      kept = [Self.heading] + lines(above, existing) + block + lines(below, existing)
    }
    return kept + [""]
  }

  private func install(
    _ packages: [ExistingDockerfile.Line], on image: String, _ existing: ExistingDockerfile
  ) -> [String] {
    guard let first = packages.first else { return [] }
    let names = packages.map(\.text).joined(separator: " ")
    let place = "from \(existing.shortPlace(first.number))"
    guard image.contains("alpine") || existing.base.isNamed else {
      return [
        "# Not kept (\(place)): apk add \(names): this base is not Alpine's; name what Debian calls them."
      ]
    }
    return [
      "# Kept (\(place)). No versions: Alpine's index keeps only the newest.",
      "# hadolint ignore=DL3018",
      "RUN apk add --no-cache \(names)",
    ]
  }

  // MARK: Steps

  private static func steps(of slot: Slot, _ existing: ExistingDockerfile) -> [ExistingStep] {
    existing.steps.filter { $0.position.rawValue == slot.rawValue }
  }

  /// The steps of one slot, as a block that is the user's from now on.
  private func block(_ slot: Slot, _ existing: ExistingDockerfile) -> [String] {
    let steps = Self.steps(of: slot, existing)
    guard !steps.isEmpty else { return [] }
    var block = ["# forge:keep: yours from now on, kept by later runs of forge generate"]
    if slot == .beforeBuild { block += stages.beforeBuild }
    var followsRun = false
    for step in steps {
      let text = text(of: step)
      let isRun = text.hasPrefix("RUN ")
      if isRun, slot == .final, !Self.hasShell(stages.images.final) {
        block.append(existing.origin(step.line) + ": this base has no shell to run it")
        block.append(Self.commented(text))
      } else {
        block.append(existing.origin(step.line))
        var codes = Self.silencedCodes(text)
        // Each stays a step of its own, to be read beside the old file.
        if isRun, followsRun { codes.append("DL3059") }
        if !codes.isEmpty { block.append("# hadolint ignore=\(codes.joined(separator: ","))") }
        block.append(text)
      }
      followsRun = isRun
    }
    return block + ["# forge:end"]
  }

  private func text(of step: ExistingStep) -> String {
    step.text.replacing("COPY --from=build ", with: "COPY --from=\(stages.built) ")
  }

  private static func commented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "# \($0)" }
      .joined(separator: "\n")
  }

  private static func hasShell(_ image: String) -> Bool {
    !image.contains("distroless") && !image.contains("cgr.dev/chainguard/")
  }

  /// The rules of hadolint that do not count for a step that is kept as it was written.
  private static func silencedCodes(_ text: String) -> [String] {
    guard text.hasPrefix("RUN ") else { return [] }
    var codes: [String] = []
    if text.contains(/\bcd\s/) { codes.append("DL3003") }
    if text.contains("apt-get install") || text.contains("apt install") {
      codes += ["DL3008", "DL3009", "DL3014", "DL3015", "DL3027"]
    }
    if text.contains("apk ") { codes += ["DL3018", "DL3019"] }
    if text.contains("pip ") || text.contains("pip3 ") { codes += ["DL3013", "DL3042"] }
    if text.contains("npm ") { codes.append("DL3016") }
    if text.contains("wget ") { codes.append("DL3047") }
    if text.contains("|") { codes.append("DL4006") }
    if text.contains("sudo ") { codes.append("DL3004") }
    if text.contains("$") { codes.append("SC2086") }
    return codes
  }
}

// MARK: The proof

extension KeptLines {
  /// What the templates get beside the slots: where one of these was decided, the file must hold it too.
  struct Rendered {
    var port: Int?
    let user: String
    var healthFlags: String?
    var healthCheck: String?
    let command: String
    /// The packages of Debian, as `apt-get install` gets them.
    var packages: [String] = []
  }

  /// Something that the new file must hold.
  private struct Requirement {
    /// The value by which a template writes it: `kept.final`.
    let slot: String
    /// The texts of which it must hold one, with the line breaks around them that make them instructions.
    let texts: [String]
    let line: Int

    init(_ slot: String, _ texts: String..., line: Int) {
      self.slot = slot
      self.texts = texts
      self.line = line
    }

    func isMet(by file: String) -> Bool { texts.contains(where: file.contains) }

    /// What was decided, for people.
    var decision: String {
      (texts.first ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
  }

  /// - Parameters:
  ///   - file: the Dockerfile that the template gave.
  ///   - template: the name of that template.
  /// - Throws: `RecipeError.missingSlot` for the first decision that is not in the file.
  func prove(_ file: String, of template: Template, _ rendered: Rendered) throws(RecipeError) {
    guard let existing else { return }
    let file = "\n" + file
    let requirements = serverRequirements(existing, rendered) + lineRequirements(existing)
    guard let lost = requirements.first(where: { !$0.isMet(by: file) }) else { return }
    throw .missingSlot(
      recipe: template.path, slot: lost.slot, decision: lost.decision,
      place: "\(existing.path):\(lost.line)")
  }

  private func lineRequirements(_ existing: ExistingDockerfile) -> [Requirement] {
    func all(_ lines: [ExistingDockerfile.Line], _ slot: String) -> [Requirement] {
      lines.map { Requirement(slot, "\n\($0.text)\n", line: $0.number) }
    }
    let arguments = existing.lines.arguments.values.sorted { $0.number < $1.number }
    var requirements =
      all(existing.lines.final, "kept.final") + all(existing.lines.build, "kept.build")
      + all(arguments, "arguments.declaration")
    for slot in Slot.allCases {
      let steps = Self.steps(of: slot, existing)
      let lines = slots[slot.rawValue] ?? []
      let name = "kept.\(slot.rawValue)"
      for step in steps {
        let text = text(of: step)
        // Where the base has no shell, the step stands in comments.
        requirements.append(
          Requirement(name, "\n\(text)\n", "\n\(Self.commented(text))\n", line: step.line))
      }
      if let last = lines.last, steps.isEmpty, last.hasPrefix("RUN apk ") {
        requirements.append(
          Requirement(name, "\n\(last)\n", line: existing.line(of: "RUN apk ")))
      }
    }
    return requirements
  }

  private func serverRequirements(
    _ existing: ExistingDockerfile, _ rendered: Rendered
  ) -> [Requirement] {
    var requirements: [Requirement] = []
    func require(_ text: String, _ slot: String, _ line: Int) {
      requirements.append(Requirement(slot, text, line: line))
    }
    let server = existing.server
    if let port = server.port, let number = rendered.port {
      require("\nEXPOSE \(number)\n", "port", port.line)
    }
    if let user = server.user { require("\nUSER \(rendered.user)\n", "user", user.line) }
    if let path = server.healthPath, let flags = rendered.healthFlags {
      require("\nHEALTHCHECK \(flags) ", "healthFlags", path.line)
      require(rendered.healthCheck ?? "", "healthCheck", path.line)
    }
    if let entrypoint = server.entrypoint {
      require(
        "\nENTRYPOINT \(DockerText.execForm(entrypoint.value))\n", "entrypoint", entrypoint.line)
    }
    if let line = server.command?.line ?? server.nodeOptions?.line {
      require("\nCMD \(rendered.command)\n", "command", line)
    }
    if existing.base.isDecided {
      requirements.append(
        Requirement(
          "buildImage", "\nFROM \(stages.images.build)", "\nFROM \(stages.images.final)",
          line: existing.base.line))
    }
    for packages in rendered.packages where existing.packages.hasDebian {
      require(packages, "buildPackages or runtimePackages", existing.line(of: "RUN apt-get"))
    }
    return requirements
  }
}
