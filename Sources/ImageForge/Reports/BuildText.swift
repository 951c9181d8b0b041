import ForgeBasics
import ForgeBuilds
import ForgeEngines
import ForgeInspection
import ForgeRules
import Foundation

extension BuildReport {
  /// What `forge build` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      services.map { built in
        [
          built.tag, ByteCount.text(built.sizes.stored), ByteCount.text(built.sizes.rootfs),
          ByteCount.text(built.sizes.wasted),
          built.archive.map(DisplayText.escape) ?? "in \(engine.rawValue)'s store",
        ]
      }, aligned: [.left, .right, .right, .right, .path],
      header: ["IMAGE", "STORED", "ROOTFS", "WASTED", "WHERE"], indent: 0)
    for built in services where built.push.total > 0 {
      let share = Double(built.push.source) * 100 / Double(built.push.total)
      let percent = String(format: "%.2f", share)
      layout.paragraph(
        "a push sends \(ByteCount.text(built.push.changed)) that the last build of this tag did not have; "
          + "a change of source sends \(ByteCount.text(built.push.source)) (\(percent) %)",
        label: "\(built.name): ")
    }
    var text = layout.text
    for verdict in services.compactMap(\.verdict) { text += "\n" + verdict.text(style) }
    return text
  }
}
