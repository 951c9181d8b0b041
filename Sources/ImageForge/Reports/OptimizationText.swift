import ForgeBasics
import ForgeMinimizer
import ForgeOptimizer

extension OptimizationReport {
  /// What `forge optimize` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    var title = layout.ink(DisplayText.escape(source), .bold)
    if output == nil { title += "  (plan, nothing written)" }
    layout.line(title)
    var rows = [
      ["files of all layers", ByteCount.text(before.stored), ByteCount.text(after.stored)]
    ]
    rows.append([
      "unpacked layers", ByteCount.text(before.unpacked), ByteCount.text(after.unpacked),
    ])
    if let old = before.compressed, let new = after.compressed {
      rows.append(["layers in the archive", ByteCount.text(old), ByteCount.text(new)])
    }
    layout.table(rows, aligned: [.left, .right, .right], header: ["size", "before", "after"])

    layout.heading("Passes")
    layout.table(
      passes.map { [$0.name, ByteCount.text(-$0.saved), ByteCount.text($0.after)] },
      aligned: [.left, .right, .right],
      header: ["pass", "gave", "left"])

    layout.heading("Layers")
    layout.table(
      layers.enumerated().map { index, layer in
        [
          String(index), layer.state,
          layer.inputs.map(String.init).joined(separator: "+"), ByteCount.text(layer.unpacked),
          layer.compressed.map { ByteCount.text($0) } ?? "-",
        ]
      }, aligned: [.right, .left, .left, .right, .right],
      header: ["", "", "from", "unpacked", "in archive"])

    if !removed.isEmpty {
      layout.heading("Removed on request")
      let largest = removed.sorted { ($1.bytes, $0.path) < ($0.bytes, $1.path) }
      layout.table(
        largest.prefix(20).map { [ByteCount.text($0.bytes), $0.set, $0.path] },
        aligned: [.right, .left, .path])
      if removed.count > 20 { layout.line("  and \(removed.count - 20) more") }
    }
    if !rewritten.isEmpty {
      layout.heading("Written without symbols or comments")
      let largest = rewritten.sorted {
        ($1.before - $1.after, $0.path) < ($0.before - $0.after, $1.path)
      }
      layout.table(
        largest.prefix(10).map { [ByteCount.text($0.after - $0.before), $0.path] },
        aligned: [.right, .path])
      if rewritten.count > 10 { layout.line("  and \(rewritten.count - 10) more") }
    }
    if !notices.isEmpty {
      layout.line()
      for notice in notices {
        layout.paragraph(DisplayText.escape(notice), label: "note: ", ink: .cyan)
      }
    }
    layout.line()
    if let target, after.stored > target {
      let over = ByteCount.text(after.stored - target)
      layout.paragraph(
        "\(ByteCount.text(after.stored)), \(over) over the target of \(ByteCount.text(target)); what is left to take is "
          + "named by --strip and --minimize", label: "target missed: ", ink: .red)
    } else if let target {
      layout.paragraph(
        "\(ByteCount.text(after.stored)) of \(ByteCount.text(target))", label: "target reached: ",
        ink: .green)
    }
    if let proof {
      layout.paragraph(
        "\(proof.names) names and \(ByteCount.text(proof.bytes)) of files read back and compared"
          + (proof.rootfs.map { "; root filesystem \($0)" } ?? ""), label: "proven: ", ink: .green)
    }
    return layout.text
  }
}

extension OutputLayer {
  fileprivate var state: String {
    if unchanged { return "unchanged" }
    return "rewritten"
  }
}

extension [StripEstimate] {
  /// What `forge optimize --list-sets` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      map { [$0.set.rawValue, ByteCount.text($0.bytes), String($0.names), $0.set.summary] },
      aligned: [.left, .right, .right, .left], header: ["set", "bytes", "names", ""])
    return layout.text
  }
}

extension Verification {
  /// What `forge verify` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for difference in differences { layout.paragraph(DisplayText.escape(difference), label: "  ") }
    if isSame {
      layout.paragraph(
        "\(new.names) names and \(ByteCount.text(new.bytes)) of files are the same, but for what was allowed",
        label: "same: ", ink: .green)
    } else {
      var told = DisplayText.count(differenceCount, "difference")
      if differences.count < differenceCount {
        told += ", of which the first \(differences.count) are shown"
      }
      layout.paragraph(told, label: "different: ", ink: .red)
    }
    return layout.text
  }
}
