import ForgeBasics
import ForgeLint

extension ContextListing {
  /// What `forge context` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.heading("sent: \(Self.amount(sentBytes, sentFiles))")
    Self.write(sent, without: "no line matches", to: &layout)
    if !largestFiles.isEmpty {
      layout.heading("largest files")
      Self.write(largestFiles, without: "no line matches", to: &layout)
    }
    let place = ignoreFile.map { " by \(DisplayText.escape($0))" } ?? ": there is no ignore file"
    layout.heading("kept out\(place): \(Self.amount(keptOutBytes, keptOutFiles))")
    Self.write(keptOut, without: "", to: &layout)
    return layout.text
  }

  private static func amount(_ bytes: Int64, _ files: Int) -> String {
    let noun = if files == 1 { "file" } else { "files" }
    return "\(ByteCount.text(bytes)) in \(files) \(noun)"
  }

  /// The longest path that is shown whole.
  private static let room = 40

  private static func write(
    _ entries: [Entry], without silence: String, to layout: inout TextLayout
  ) {
    let rows = entries.map { entry in
      let path = DisplayText.escape(entry.path)
      var shown = path
      if path.count > room { shown = "…\(path.suffix(room - 1))" }
      let rule = entry.rule.map { "\(DisplayText.escape($0.pattern)) (\($0.source))" }
      return [ByteCount.text(entry.bytes), shown, rule ?? silence]
    }
    layout.table(rows, aligned: [.right, .left, .left])
  }
}
