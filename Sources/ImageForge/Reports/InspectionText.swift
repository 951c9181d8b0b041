import ForgeBasics
import ForgeInspection

extension Inspection {
  /// What `forge inspect` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    writeImage(to: &layout)
    writeSizes(to: &layout)
    writeLayers(to: &layout)
    writeWaste(to: &layout)
    if !largestFiles.isEmpty {
      layout.heading("largest files")
      layout.table(
        largestFiles.prefix(10).map { [ByteCount.text($0.bytes), "layer \($0.layer)", "/\($0.path)"] },
        aligned: [.right, .left, .path])
    }
    if !duplicates.isEmpty {
      layout.heading("the same content at several paths")
      layout.table(
        duplicates.prefix(5).map { group in
          let count = group.paths.count
          return [ByteCount.text(group.bytes), "× \(count)", "/" + (group.paths.first ?? "")]
        }, aligned: [.right, .right, .path])
    }
    if !packages.isEmpty {
      layout.heading("largest packages")
      layout.table(
        packages.prefix(10).map {
          [ByteCount.text($0.bytes), $0.kind, DisplayText.escape("\($0.name) \($0.version)")]
        },
        aligned: [.right])
    }
    if !findings.isEmpty {
      layout.heading("findings")
      layout.findings(findings)
    }
    return layout.text
  }

  private func writeImage(to layout: inout TextLayout) {
    layout.line(layout.ink(DisplayText.escape(image.reference ?? image.source), .bold))
    layout.paragraph(image.digest.description, label: "  digest    ")
    let command = (image.entrypoint + image.cmd).map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
    layout.table([
      ["platform", DisplayText.escape(image.platform)],
      ["user", image.user.isEmpty ? "root (no USER is set)" : DisplayText.escape(image.user)],
      ["command", command.isEmpty ? "none" : DisplayText.escape(command)],
    ])
  }

  private func writeSizes(to layout: inout TextLayout) {
    layout.heading("sizes")
    layout.table(
      [
        ["stored", ByteCount.text(sizes.stored), "regular files over all layers; what the gate measures"],
        ["rootfs", ByteCount.text(sizes.rootfs), "visible in the final root filesystem"],
        ["wasted", ByteCount.text(sizes.wasted), "stored - rootfs; efficiency \(percent(sizes.efficiency))"],
        ["unpacked", ByteCount.text(sizes.unpacked), "the layers as uncompressed tars"],
        ["compressed", ByteCount.text(sizes.compressed), "the layers as they stand in the archive"],
      ], aligned: [.left, .right])
  }

  private func writeLayers(to layout: inout TextLayout) {
    layout.heading("layers")
    layout.table(
      layers.map { layer in
        [
          String(layer.index), ByteCount.text(layer.stored), ByteCount.text(layer.wasted),
          ByteCount.text(layer.compressed), String(layer.files), BuildStep.short(layer.createdBy ?? "unknown"),
        ]
      }, aligned: [.right, .right, .right, .right, .right],
      header: ["#", "STORED", "WASTED", "COMPRESSED", "FILES", "CREATED BY"])
  }

  private func writeWaste(to layout: inout TextLayout) {
    guard !waste.isEmpty else { return }
    layout.heading("waste")
    var causes: [WasteCause: (bytes: Int64, count: Int)] = [:]
    for row in waste { causes[row.cause, default: (0, 0)].bytes += row.bytes }
    for row in waste { causes[row.cause, default: (0, 0)].count += 1 }
    layout.table(
      causes.sorted { ($1.value.bytes, $0.key.rawValue) < ($0.value.bytes, $1.key.rawValue) }.map {
        [
          ByteCount.text($0.value.bytes), $0.key.rawValue,
          "\($0.value.count) \($0.value.count == 1 ? "file" : "files")",
        ]
      }, aligned: [.right])
    layout.line()
    layout.table(
      waste.prefix(10).map { row in
        [
          ByteCount.text(row.bytes), row.cause.rawValue, "layer \(row.layer), hidden by \(row.hiddenBy)",
          "/\(row.path)",
        ]
      }, aligned: [.right, .left, .left, .path])
  }

  private func percent(_ fraction: Double) -> String {
    // Rounded down, so that 100 % means that nothing is wasted.
    let tenths = Int(fraction * 1000)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
