import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads

/// How the decisions enter what forge writes: as facts of the service where the recipe asks for them, and as lines.
extension ExistingDockerfile {
  func applied(to service: Service) -> Service {
    var service = service
    if let runtimeVersion {
      service.runtime = Runtime(name: service.runtime.name, version: runtimeVersion, source: path)
    }
    if let port { service.port = port }
    if let healthPath { service.healthPath = healthPath }
    func joined(_ own: [String], _ more: [String]) -> [String] {
      own + more.filter { !own.contains($0) }
    }
    // What is not slim cannot install Debian's packages.
    var hasDebian = base == nil || base == .slim
    if case .named = base { hasDebian = true }
    if hasDebian {
      service.systemPackages.build = joined(service.systemPackages.build, buildPackages)
      service.systemPackages.runtime = joined(service.systemPackages.runtime, runtimePackages)
    }
    return service
  }

  func applied(to options: RecipeOptions) -> RecipeOptions {
    var options = options
    options.base = options.base ?? base ?? ((buildPackages + runtimePackages).isEmpty ? nil : .slim)
    return options
  }

  /// The generated Dockerfile with what the recipe has no place for.
  /// - Parameter explains: write above each such line where it comes from.
  func applied(to dockerfile: String, explains: Bool) -> String {
    var lines = dockerfile.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func commented(_ line: Line) -> [String] {
      (explains ? [origin(line.number)] : []) + [line.text]
    }
    func number(_ prefix: String) -> Int { kept.first { $0.text.hasPrefix(prefix) }?.line ?? 0 }
    func replace(_ old: (String) -> Bool, with text: (String) -> String, from number: Int) {
      for index in lines.indices.reversed() where old(lines[index]) {
        let new = text(lines[index])
        lines[index] = new
        guard explains else { continue }
        // hadolint's comment must stand right above the instruction.
        var place = index
        while place > 0, lines[place - 1].hasPrefix("# hadolint ") { place -= 1 }
        // The reason is the user's own decision now.
        if place > 0, lines[place - 1].hasPrefix("# Why: ") {
          lines[place - 1] = origin(number)
        } else {
          lines.insert(origin(number), at: place)
        }
      }
    }
    if let image {
      let own = Self.family(image)
      replace(
        { $0.hasPrefix("FROM \(own):") },
        with: { line in
          let words = line.split(separator: " ").map(String.init)
          return (["FROM", image] + words.dropFirst(2)).joined(separator: " ")
        }, from: number("FROM "))
    } else if explains, base != nil || runtimeVersion != nil {
      replace(
        { $0.hasPrefix("FROM ") && ($0.contains(":") || $0.contains("/")) }, with: { $0 },
        from: number("FROM "))
    }
    for (name, line) in argumentDefaults {
      replace({ $0 == "ARG \(name)" }, with: { _ in line.text }, from: line.number)
    }
    if port != nil {
      replace(
        { $0.hasPrefix("EXPOSE ") }, with: { $0 }, from: max(number("EXPOSE "), number("ENV PORT")))
    }
    if healthPath != nil {
      replace({ $0.hasPrefix("HEALTHCHECK ") }, with: healthCheck, from: number("HEALTHCHECK "))
    }
    if !(buildPackages + runtimePackages).isEmpty {
      replace({ $0.hasPrefix("RUN apt-get update") }, with: { $0 }, from: number("RUN apt-get"))
    }
    applyCommand(to: &lines, explains: explains)
    // Above the user of the final stage, which each recipe has: what stands there is root's and read-only.
    if let user = lines.lastIndex(where: { $0.hasPrefix("USER ") }) {
      var place = user
      while place > 0, lines[place - 1].hasPrefix("#") { place -= 1 }
      let isBare = lines[..<user].last { $0.hasPrefix("FROM ") }.map { !Self.hasShell($0) } ?? false
      let block = block(.final, of: lines, isBare: isBare)
      let last = steps.filter { $0.position == .final }.map(\.line).max() ?? 0
      // A step sees what was set above it; what is written to a volume's folder after it is declared is lost.
      let above = finalLines.filter { $0.number < last && !$0.text.hasPrefix("VOLUME ") }
      let below = finalLines.filter { !above.contains($0) }
      let heading = "# Kept from the Dockerfile that was here."
      var kept = block
      if !above.isEmpty { kept = [heading] + above.flatMap(commented) + block }
      if !below.isEmpty { kept += (above.isEmpty ? [heading] : []) + below.flatMap(commented) }
      lines.insert(contentsOf: finalLines.isEmpty ? kept : kept + [""], at: place)
    }
    applyBuildSteps(to: &lines)
    insertPackages(into: &lines)
    if !buildLines.isEmpty, let place = lines.firstIndex(where: { $0.hasPrefix("WORKDIR ") }) {
      let heading = ["", "# Kept from the Dockerfile that was here."]
      lines.insert(contentsOf: heading + buildLines.flatMap(commented), at: place + 1)
    }
    if let user {
      let group = String(user.split(separator: ":").last ?? "")
      lines = lines.map { line in
        line.hasPrefix("#")
          ? line
          : line.replacing(ImageUser.user, with: user).replacing(
            "chgrp \(ImageUser.group)", with: "chgrp \(group)")
      }
      replace({ $0 == "USER \(user)" }, with: { $0 }, from: number("USER "))
    }
    // Where a later run puts the blocks.
    let text = lines.joined(separator: "\n")
    let blocks = KeptBlocks(of: text)
    return remembrance + (blocks.inserted(into: blocks.rest) ?? text)
  }

  func origin(_ line: Int) -> String {
    "# from \(path.split(separator: "/").last ?? "Dockerfile"):\(line)"
  }
}
