import ForgeBasics
import ForgeInspection

extension TreeReport {
  /// What `forge inspect --tree PATH` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    let place = layer.map { "layer \($0) of " } ?? ""
    layout.line(layout.ink(place + DisplayText.escape(image.reference ?? image.source), .bold))
    var rows: [[String]] = []
    Self.add(tree, to: &rows, front: "", below: "")
    layout.table(rows, aligned: [.right, .right, .left])
    return layout.text
  }

  /// Rows of one folder that are shown.
  private static let most = 25

  private static func add(
    _ node: TreeFacts, to rows: inout [[String]], front: String, below: String
  ) {
    var name = node.name
    if node.kind == "folder", !name.hasSuffix("/") { name += "/" }
    if let target = node.target { name += " → \(target)" }
    if !["file", "folder", "symlink"].contains(node.kind) { name += "  (\(node.kind))" }
    if let package = node.package { name += "  (\(package))" }
    rows.append([ByteCount.text(node.bytes), node.layer.map { "layer \($0)" } ?? "", front + name])
    let children = node.children ?? []
    for (index, child) in children.prefix(most).enumerated() {
      if index == children.count - 1 {
        add(child, to: &rows, front: below + "└─ ", below: below + "   ")
      } else {
        add(child, to: &rows, front: below + "├─ ", below: below + "│  ")
      }
    }
    if children.count > most {
      let rest = children[most...].reduce(0) { $0 + $1.bytes }
      rows.append([ByteCount.text(rest), "", below + "└─ … \(children.count - most) more"])
    }
  }
}

extension LayerReport {
  /// What `forge inspect --layer N` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.line(
      layout.ink(
        "layer \(layer.index) of \(DisplayText.escape(image.reference ?? image.source))", .bold))
    layout.paragraph(BuildStep.short(layer.createdBy ?? "unknown"), label: "  step        ")
    for (name, digest) in [("digest", layer.digest), ("diffID", layer.diffID)] {
      layout.paragraph(digest.description, label: "  \(name)      ")
    }
    layout.table([
      ["media type", DisplayText.escape(layer.mediaType)],
      ["stored", ByteCount.text(layer.stored)],
      ["wasted", ByteCount.text(layer.wasted)], ["compressed", ByteCount.text(layer.compressed)],
      ["files", String(layer.files)],
    ])
    if !largestFiles.isEmpty {
      layout.heading("largest files")
      layout.table(
        largestFiles.prefix(10).map { [ByteCount.text($0.bytes), "/\($0.path)"] },
        aligned: [.right, .path])
    }
    if !packages.isEmpty {
      layout.heading("largest packages")
      layout.table(
        packages.prefix(10).map {
          [ByteCount.text($0.bytes), $0.kind, DisplayText.escape("\($0.name) \($0.version)")]
        }, aligned: [.right])
    }
    write(waste, "wasted in this layer", to: &layout) { "hidden by \($0.hiddenBy)" }
    write(hides, "hidden by this layer", to: &layout) { "layer \($0.layer)" }
    return layout.text
  }

  private func write(
    _ rows: [Waste], _ title: String, to layout: inout TextLayout, _ place: (Waste) -> String
  ) {
    guard !rows.isEmpty else { return }
    layout.heading("\(title): \(ByteCount.text(rows.reduce(0) { $0 + $1.bytes }))")
    layout.table(
      rows.prefix(10).map {
        [ByteCount.text($0.bytes), $0.cause.rawValue, place($0), "/\($0.path)"]
      },
      aligned: [.right, .left, .left, .path])
  }
}
