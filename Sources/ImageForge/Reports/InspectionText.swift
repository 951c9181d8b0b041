import ForgeBasics
import ForgeInspection
import ForgeSecrets

extension Inspection {
  /// What `forge inspect` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    writeImage(to: &layout)
    writeSizes(to: &layout)
    writeLayers(to: &layout)
    writeWaste(to: &layout)
    writeOwners(to: &layout)
    if !largestFiles.isEmpty {
      layout.heading("largest files")
      layout.table(
        largestFiles.prefix(10).map {
          [ByteCount.text($0.bytes), "layer \($0.layer)", "/\($0.path)"]
        },
        aligned: [.right, .left, .path])
    }
    if !largestFolders.isEmpty {
      layout.heading("largest folders")
      layout.table(
        largestFolders.prefix(10).map {
          [ByteCount.text($0.bytes), Self.files($0.files), "/\($0.path)"]
        },
        aligned: [.right, .right, .path])
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
    let command = SecretText.masked(command: image.entrypoint + image.cmd).map { word in
      guard word.contains(" ") else { return word }
      return "\"\(word)\""
    }.joined(separator: " ")
    layout.table([
      ["platform", DisplayText.escape(image.platform)],
      ["user", Self.shown(image.user, orElse: "root (no USER is set)")],
      ["command", Self.shown(command, orElse: "none")],
    ])
  }

  private func writeSizes(to layout: inout TextLayout) {
    layout.heading("sizes")
    layout.table(
      [
        [
          "stored", ByteCount.text(sizes.stored),
          "regular files over all layers; what the gate measures",
        ],
        ["rootfs", ByteCount.text(sizes.rootfs), "visible in the final root filesystem"],
        [
          "wasted", ByteCount.text(sizes.wasted),
          "stored - rootfs; efficiency \(percent(sizes.efficiency))",
        ],
        ["unpacked", ByteCount.text(sizes.unpacked), "the layers as uncompressed tars"],
        [
          "compressed", ByteCount.text(sizes.compressed), "the layers as they stand in the archive",
        ],
      ], aligned: [.left, .right])
  }

  private func writeLayers(to layout: inout TextLayout) {
    layout.heading("layers")
    layout.table(
      layers.map { layer in
        [
          String(layer.index), ByteCount.text(layer.stored), ByteCount.text(layer.wasted),
          ByteCount.text(layer.compressed), String(layer.files),
          BuildStep.short(layer.createdBy ?? "unknown"),
        ]
      }, aligned: [.right, .right, .right, .right, .right],
      header: ["#", "STORED", "WASTED", "COMPRESSED", "FILES", "CREATED BY"])
  }

  private func writeWaste(to layout: inout TextLayout) {
    guard !waste.isEmpty else { return }
    layout.heading("waste")
    var rows: [[String]] = []
    for cause in wasteByCause {
      rows.append([ByteCount.text(cause.bytes), Self.files(cause.files), cause.cause.rawValue])
      let steps = cause.steps.prefix(5)
      for (index, step) in steps.enumerated() {
        let branch = if index == steps.count - 1 { "└─ " } else { "├─ " }
        rows.append([ByteCount.text(step.bytes), Self.files(step.files), branch + describe(step)])
      }
    }
    layout.table(rows, aligned: [.right, .right])
    layout.line()
    layout.table(
      waste.prefix(10).map { row in
        [
          ByteCount.text(row.bytes), row.cause.rawValue,
          "layer \(row.layer), hidden by \(row.hiddenBy)",
          "/\(row.path)",
        ]
      }, aligned: [.right, .left, .left, .path])
  }

  private static func files(_ count: Int) -> String { DisplayText.count(count, "file") }

  private static func shown(_ text: String, orElse nothing: String) -> String {
    if text.isEmpty { return nothing }
    return DisplayText.escape(text)
  }

  /// `layer 2 (RUN apt-get update), hidden by 3 (RUN rm …)`.
  private func describe(_ step: WasteByCause.Step) -> String {
    func name(_ layer: Int) -> String {
      let createdBy = layers.first { $0.index == layer }?.createdBy
      return createdBy.map { " (\(TextLayout.cut(BuildStep.short($0), to: 30)))" } ?? ""
    }
    let place = "layer \(step.layer)\(name(step.layer))"
    if step.layer == step.hiddenBy { return "\(place), hidden by itself" }
    return "\(place), hidden by \(step.hiddenBy)\(name(step.hiddenBy))"
  }

  private func writeOwners(to layout: inout TextLayout) {
    guard !owners.isEmpty else { return }
    layout.heading("owners of rootfs")
    let words = [
      "deb": "Debian packages", "apk": "Alpine packages", "python": "Python distributions",
      "npm": "npm packages",
      "next": "output of next build", "other": "no package",
    ]
    if let base {
      let total = owners.reduce(0) { $0 + $1.bytes }
      let ofBase = owners.reduce(0) { $0 + $1.base }
      layout.table(
        owners.map {
          [
            ByteCount.text($0.bytes), ByteCount.text($0.base), ByteCount.text($0.bytes - $0.base),
            words[$0.owner] ?? $0.owner,
          ]
        } + [
          [ByteCount.text(total), ByteCount.text(ofBase), ByteCount.text(total - ofBase), "all"]
        ],
        aligned: [.right, .right, .right], header: ["TOTAL", "BASE", "APPLICATION", "OWNER"])
      var count = "layer 0"
      if base.layers > 1 { count = "layers 0 to \(base.layers - 1)" }
      layout.paragraph(
        "\(count)\(base.name.map { ", \(DisplayText.escape($0))" } ?? ""), by \(DisplayText.escape(base.evidence))",
        label: "  base: ")
    } else {
      layout.table(
        owners.map {
          [ByteCount.text($0.bytes), Self.files($0.files), words[$0.owner] ?? $0.owner]
        },
        aligned: [.right, .right])
    }
  }

  private func percent(_ fraction: Double) -> String {
    // Rounded down, so that 100 % means that nothing is wasted.
    let tenths = Int(fraction * 1000)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
