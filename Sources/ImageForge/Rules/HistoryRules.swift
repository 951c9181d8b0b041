import ForgeBasics
import ForgeFindings
import ForgeInspection

/// Rules whose evidence is the history: hints, for history is optional and whoever built the image wrote it.
enum HistoryRules {
  struct Step {
    let index: Int
    let text: String

    func violation(_ message: String, fix: String, atMost: Severity? = nil) -> Violation {
      Violation(
        message: "\(message): `\(RuleText.step(text))`", at: .history(index), fix: fix,
        evidence: .history,
        atMost: atMost)
    }
  }

  /// The steps that fulfil a condition, as a Dockerfile would write them.
  static func steps(_ inspection: Inspection, where isMeant: (String) -> Bool) -> [Step] {
    inspection.details.history.enumerated().compactMap { index, step in
      let text = BuildStep.short(step.createdBy)
      return isMeant(text) ? Step(index: index, text: text) : nil
    }
  }

  /// The words of a step, without the signs between commands.
  static func words(_ text: String) -> [String] {
    text.split { " ;&|()\"'".contains($0) }.map(String.init)
  }

  static func add(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let history = inspection.details.history
    let adds = steps(inspection) { $0.hasPrefix("ADD ") }
    // How base images get their root filesystem: in the first step, or by an archive that fills `/`.
    let first = history.firstIndex { !$0.createdBy.isEmpty }
    return adds.filter { $0.index != first && !fillsRoot($0.text) }.map {
      $0.violation(
        "ADD fetches and unpacks by itself",
        fix: "write COPY; for an archive or URL, `ADD --checksum=sha256:… URL`")
    }
  }

  /// Whether a step unpacks an archive into `/`: `ADD file:0123… in /`, or `ADD rootfs.tar.xz /` of BuildKit.
  private static func fillsRoot(_ text: String) -> Bool {
    if text.hasSuffix(" in /") { return true }
    let words = text.split(separator: " ").dropFirst().filter { !$0.hasPrefix("--") }
    guard words.count == 2, words.last == "/", let source = words.first else { return false }
    let isArchive = source.contains(".tar") || source.hasSuffix(".tgz") || source.hasSuffix(".txz")
    return isArchive && !source.contains("://")
  }

  static func updateAlone(_ inspection: Inspection) -> [Violation] {
    steps(inspection) { text in
      guard text.hasPrefix("RUN ") else { return false }
      let words = words(text)
      func has(_ program: String, _ command: String) -> Bool {
        zip(words, words.dropFirst()).contains { $0 == program && $1 == command }
      }
      return (has("apt-get", "update") && !words.contains("install") && !words.contains("upgrade"))
        || (has("apt", "update") && !words.contains("install"))
        || (has("apk", "update") && !words.contains("add"))
    }.map {
      $0.violation(
        "a step updates the package index and installs nothing, so that a cached, old index is used later",
        fix: "update and install in one RUN", atMost: .info)
    }
  }

  static func upgrade(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    steps(inspection) {
      $0.hasPrefix("RUN ") && words($0).contains { $0 == "dist-upgrade" || $0 == "full-upgrade" }
    }
    .map {
      $0.violation(
        "a step upgrades the whole distribution",
        fix: "take a newer base image, and install packages by name")
    }
  }

  static func maintainer(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let old = steps(inspection) { $0.hasPrefix("MAINTAINER ") }.map {
      $0.violation(
        "MAINTAINER is deprecated", fix: "write LABEL org.opencontainers.image.authors=\"…\"")
    }
    guard old.isEmpty, !inspection.details.config.author.isEmpty else { return old }
    return [
      Violation(
        message: "the config has an author, which only the deprecated MAINTAINER sets",
        at: .config(.author),
        fix: "write LABEL org.opencontainers.image.authors=\"…\"", evidence: .config)
    ]
  }
}
