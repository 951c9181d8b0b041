import ForgeBasics
import ForgeMigration
import ForgeSyntax
import ForgeTemplates

/// Where the user's own steps, packages and command stand in the generated file.
extension ExistingDockerfile {
  // MARK: Steps

  /// The steps of one place, as a block that is the user's from now on.
  /// - Parameter isBare: the stage's base has no shell, so that the steps can only be shown.
  func block(_ position: ExistingStep.Position, of lines: [String], isBare: Bool = false)
    -> [String]
  {
    let steps = steps.filter { $0.position == position }
    guard !steps.isEmpty else { return [] }
    let stage = lines.contains { $0.hasPrefix("FROM build AS compile") } ? "compile" : "build"
    var block = ["# forge:keep: yours from now on, kept by later runs of forge generate"]
    for (index, step) in steps.enumerated() {
      let text = step.text.replacing("COPY --from=build ", with: "COPY --from=\(stage) ")
      let isShown = isBare && text.hasPrefix("RUN ")
      block.append(origin(step.line) + (isShown ? ": this base has no shell to run it" : ""))
      // Each stays a step of its own, to be read beside the old file.
      let follows = index > 0 && steps[index - 1].text.hasPrefix("RUN ")
      let codes =
        isShown ? [] : Self.silenced(text) + (follows && text.hasPrefix("RUN ") ? ["DL3059"] : [])
      if !codes.isEmpty { block.append("# hadolint ignore=\(codes.joined(separator: ","))") }
      block += text.split(separator: "\n", omittingEmptySubsequences: false).map {
        isShown ? "# \($0)" : String($0)
      }
    }
    return block + ["# forge:end"]
  }

  /// What hadolint says of steps that are kept as they were written.
  private static func silenced(_ text: String) -> [String] {
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

  func applyBuildSteps(to lines: inout [String]) {
    let isPython = lines.contains { $0.hasPrefix("COPY ") && $0.hasSuffix(" /source") }
    // From the bottom up, so that places hold.
    let after = block(.afterBuild, of: lines)
    let before = block(.beforeBuild, of: lines)
    if isPython {
      if let chmod = lines.firstIndex(of: "RUN chmod -R u=rwX,go=rX /source"), !before.isEmpty {
        var block = before
        block.insert(contentsOf: ["WORKDIR /source", "ENV PATH=/opt/venv/bin:$PATH"], at: 1)
        lines.insert(contentsOf: block, at: chmod + 1)
      }
    } else if let copy = lines.lastIndex(of: "COPY . .") {
      if !after.isEmpty, let run = lines[copy...].firstIndex(where: { $0.hasPrefix("RUN ") }) {
        var end = run
        while end + 1 < lines.count, lines[end].hasSuffix("\\") { end += 1 }
        lines.insert(contentsOf: after, at: end + 1)
      }
      lines.insert(contentsOf: before, at: copy + 1)
    }
    let settings = block(.beforeInstallation, of: lines)
    if !settings.isEmpty {
      // The package manager is there, the manifests are not yet; a recipe of the user's own may have no such line.
      let place =
        lines.firstIndex { $0.hasPrefix("# Dependencies before the source") }
        ?? lines.firstIndex { $0.hasPrefix("WORKDIR ") }.map { $0 + 1 }
      if let place { lines.insert(contentsOf: settings, at: place) }
    }
  }

  // MARK: Alpine's packages

  func insertPackages(into lines: inout [String]) {
    func install(_ packages: [Line], _ from: String) -> [String] {
      guard let first = packages.first else { return [] }
      let names = packages.map(\.text).joined(separator: " ")
      let place = origin(first.number).dropFirst(2)
      guard from.contains("alpine") || { if case .named = base { true } else { false } }() else {
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
    if let user = lines.lastIndex(where: { $0.hasPrefix("USER ") }),
      let from = lines[..<user].lastIndex(where: { $0.hasPrefix("FROM ") })
    {
      lines.insert(contentsOf: install(apkRuntime, lines[from]), at: from + 1)
    }
    if let from = lines.firstIndex(where: { $0.hasPrefix("FROM ") }) {
      lines.insert(contentsOf: install(apkBuild, lines[from]), at: from + 1)
    }
  }

  static func hasShell(_ from: String) -> Bool {
    !from.contains("distroless") && !from.contains("cgr.dev/chainguard/")
  }

  // MARK: The command

  func healthCheck(_ line: String) -> String {
    guard !healthFlags.isEmpty else { return line }
    var flags: [String] = []
    for word in line.split(separator: " ").map(String.init) where word.hasPrefix("--") {
      let name = word.prefix { $0 != "=" }
      flags.append(healthFlags.first { $0.prefix { $0 != "=" } == name } ?? word)
    }
    flags += healthFlags.filter { !flags.contains($0) }
    return "HEALTHCHECK \(flags.joined(separator: " ")) \\"
  }

  func applyCommand(to lines: inout [String], explains: Bool) {
    guard let last = lines.lastIndex(where: { $0.hasPrefix("CMD ") }) else { return }
    var words = command
    if words == nil, !nodeOptions.isEmpty, let list = Self.words(of: lines[last]),
      let node = list.firstIndex(where: { $0 == "node" || $0.hasSuffix("/node") })
    {
      words = Array(list[...node]) + nodeOptions + list[(node + 1)...]
    }
    if let words {
      lines[last] = "CMD \(DockerText.execForm(words))"
      explain(last, commandLine, &lines, explains)
    }
    guard !prefix.isEmpty, let from = lines.lastIndex(where: { $0.hasPrefix("FROM ") }) else {
      return
    }
    let text = "ENTRYPOINT \(DockerText.execForm(prefix))"
    if let old = lines[from...].lastIndex(where: { $0.hasPrefix("ENTRYPOINT ") }) {
      lines[old] = text
      if lines[old - 1].hasPrefix("# The base's own entry point") { lines.remove(at: old - 1) }
      return
    }
    let place = lines[from...].lastIndex { $0.hasPrefix("USER ") } ?? from
    lines.insert(contentsOf: (explains ? [origin(entrypointLine)] : []) + [text], at: place + 1)
  }

  private func explain(_ index: Int, _ number: Int, _ lines: inout [String], _ explains: Bool) {
    guard explains else { return }
    if lines[index - 1].hasPrefix("# Why: ") {
      lines[index - 1] = origin(number)
    } else {
      lines.insert(origin(number), at: index)
    }
  }

  private static func words(of line: String) -> [String]? {
    let value = try? JSON.parse(SourceText(name: "", text: String(line.dropFirst(4))), .project)
    guard let value, value.isArray else { return nil }
    return value.elements.compactMap(\.string)
  }
}
