import ForgeBasics
import ForgeFindings
import ForgeInspection

extension Report {
  /// How many findings a comment lists; GitHub cuts a comment off at 65,536 characters.
  private static let markdownRows = 50

  /// For a pull-request comment or a step summary. The first line is a mark by which a bot finds its comment again.
  func markdown() -> String {
    var out = "<!-- forge \(command) -->\n"
    for subject in subjects {
      let word =
        switch subject.passed {
        case true?: "✅ passed"
        case false?: "❌ failed"
        case nil: "ℹ️"
        }
      out += "### \(word): \(Self.code(subject.name))\n\n\(Self.prose(subject.headline))\n\n"
      if let inspection = subject.inspection { out += Self.markdownLayers(inspection) }
      guard !subject.findings.isEmpty else { continue }
      out += "| | rule | what | where | fix |\n|---|---|---|---|---|\n"
      for finding in subject.findings.prefix(Self.markdownRows) {
        let cells = [
          Self.sign(finding.severity), Self.code(finding.id.rawValue),
          Self.prose(Self.short(finding.message)),
          finding.location.map { Self.code(Self.short($0)) } ?? "",
          finding.remedy.map { Self.prose(Self.short($0)) } ?? "",
        ]
        out += "| \(cells.joined(separator: " | ")) |\n"
      }
      let more = subject.findings.count - Self.markdownRows
      if more > 0 { out += "\n\(more) more findings are in the other reports.\n" }
      out += "\n"
    }
    return out
  }

  private static func markdownLayers(_ inspection: Inspection) -> String {
    let sizes = inspection.sizes
    var out = "| stored | rootfs | wasted | unpacked | compressed |\n|--:|--:|--:|--:|--:|\n| "
    out += [sizes.stored, sizes.rootfs, sizes.wasted, sizes.unpacked, sizes.compressed].map(
      ByteCount.text
    )
    .joined(separator: " | ")
    out +=
      " |\n\n<details><summary>Layers</summary>\n\n| # | stored | wasted | created by |\n|--:|--:|--:|---|\n"
    for layer in inspection.layers.prefix(markdownRows) {
      out +=
        "| \(layer.index) | \(ByteCount.text(layer.stored)) | \(ByteCount.text(layer.wasted)) | "
      out += code(TextLayout.cut(BuildStep.short(layer.createdBy ?? "unknown"), to: 120)) + " |\n"
    }
    return out + "\n</details>\n\n"
  }

  private static func sign(_ severity: Severity) -> String {
    switch severity {
    case .error: "🛑 error"
    case .warning: "⚠️ warning"
    case .info: "ℹ️ info"
    }
  }

  private static func short(_ text: String) -> String { TextLayout.cut(text, to: 300) }

  private static func code(_ text: String) -> String { "<code>\(prose(text))</code>" }

  /// Words as they are, whatever they hold: every character that means something to Markdown or HTML becomes an
  /// entity, and `@` and `#` are parted from what follows, so that nobody is called and nothing is linked.
  private static func prose(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "@", "#": out += "&#\(scalar.value);<span></span>"
      case "&", "<", ">", "\"", "'", "|", "*", "_", "`", "[", "]", "(", ")", "~", "\\", "!", "$",
        ":", "{", "}", "=":
        out += "&#\(scalar.value);"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out.replacing("www.", with: "www&#46;")
  }
}
