import ForgeBasics
import ForgeInspection

extension ImageDiff {
  /// What `forge diff` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.line(layout.ink("\(Self.name(old.image)) → \(Self.name(new.image))", .bold))
    layout.table(
      [
        row("stored", old.sizes.stored, new.sizes.stored),
        row("rootfs", old.sizes.rootfs, new.sizes.rootfs),
        row("wasted", old.sizes.wasted, new.sizes.wasted),
        row("compressed", old.sizes.compressed, new.sizes.compressed),
      ], aligned: [.left, .right, .right, .right], header: ["", "OLD", "NEW", "CHANGE"])
    if !settings.isEmpty {
      layout.heading("settings")
      layout.table(
        settings.map { [$0.name, "\(DisplayText.escape($0.old)) → \(DisplayText.escape($0.new))"] })
    }
    let shared =
      switch sharedLayers {
      case 0: "none is the same"
      case 1: "the lowest is the same"
      default: "the lowest \(sharedLayers) are the same"
      }
    layout.heading("layers: \(shared)")
    layout.table(
      layers.map { layer in
        [
          Self.sign(layer.growth), layer.change.rawValue, Self.numbers(layer),
          Self.count("+", layer.added), Self.count("~", layer.changed),
          Self.count("-", layer.removed),
          BuildStep.short(layer.createdBy ?? "unknown"),
        ]
      }, aligned: [.right, .left, .left, .right, .right, .right])
    writePackages(to: &layout)
    writeFiles(to: &layout)
    layout.line()
    layout.verdict(verdict, passed: growth.passed)
    return layout.text
  }

  private func writePackages(to layout: inout TextLayout) {
    guard !packages.isEmpty else { return }
    layout.heading("packages: \(packages.count) differ")
    layout.table(
      packages.prefix(20).map { package in
        let versions = Self.change(package.oldVersion, package.newVersion)
        return [
          Self.sign(package.growth), package.change.rawValue, package.kind,
          DisplayText.escape("\(package.name) \(versions)"),
        ]
      }, aligned: [.right])
    if packages.count > 20 { layout.line("  … \(packages.count - 20) more") }
  }

  private func writeFiles(to layout: inout TextLayout) {
    guard !files.isEmpty else { return }
    let counts = [Change.added, .removed, .changed].map { change in
      "\(files.count { $0.change == change }) \(change.rawValue)"
    }
    layout.heading("files: " + counts.joined(separator: ", "))
    layout.table(
      files.prefix(20).map { file in
        [
          Self.sign(file.growth), file.change.rawValue, file.differs.joined(separator: "+"),
          "layer \(file.layer)", "/" + file.path,
        ]
      }, aligned: [.right, .left, .left, .left, .path])
    if files.count > 20 { layout.line("  … \(files.count - 20) more") }
  }

  private var verdict: String {
    let change = growth.percent.map { " (\(Self.percent($0)))" } ?? ""
    let size = "\(growth.metric) \(Self.sign(growth.bytes))\(change)"
    return growth.maximum.map { "\(size), \(ByteCount.text($0)) allowed" }
      ?? "\(size), no limit was set"
  }

  private func row(_ name: String, _ old: Int64, _ new: Int64) -> [String] {
    [name, ByteCount.text(old), ByteCount.text(new), Self.sign(new - old)]
  }

  private static func name(_ image: ImageFacts) -> String {
    DisplayText.escape(image.reference ?? image.source)
  }

  private static func numbers(_ layer: Layer) -> String {
    change(layer.oldIndex.map(String.init), layer.newIndex.map(String.init))
  }

  /// `1.0 → 1.1`; one of them alone where they are the same, or where there is only one.
  private static func change(_ old: String?, _ new: String?) -> String {
    guard let old, let new, old != new else { return new ?? old ?? "" }
    return "\(old) → \(new)"
  }

  private static func count(_ sign: String, _ count: Int) -> String {
    guard count > 0 else { return "" }
    return "\(sign)\(count)"
  }

  private static func sign(_ bytes: Int64) -> String { ByteCount.signed(bytes) }

  private static func percent(_ value: Double) -> String {
    let hundredths = Int64(clamping: Int(exactly: (value * 100).rounded()) ?? .max)
    let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    let sign = if hundredths < 0 { "-" } else { "+" }
    return "\(sign)\(whole).\(rest / 10)\(rest % 10) %"
  }
}
