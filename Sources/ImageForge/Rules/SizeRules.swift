import ForgeBasics
import ForgeInspection

/// The limits that the policy sets on sizes.
enum SizeRules {
  static func image(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let padding = padding(inspection, policy.metric)
    let bytes = inspection.sizes[policy.metric] + padding
    guard bytes > policy.maximumSize else { return [] }
    let over = bytes - policy.maximumSize
    let largest = inspection.largestFiles.prefix(3).map { "\($0.path) \(ByteCount.text($0.bytes))" }
    var advice: [String] = []
    if inspection.sizes.wasted > 0, policy.metric == .stored || policy.metric == .unpacked {
      let enough = inspection.sizes.wasted >= over ? ", which alone would be enough" : ""
      advice.append(
        "do not store what later layers hide (\(ByteCount.text(inspection.sizes.wasted))\(enough); `forge inspect` "
          + "names the steps)")
    }
    if let layer = inspection.layers.max(by: { $0.stored < $1.stored }) {
      advice.append(
        "the largest layer is layer \(layer.index), \(ByteCount.text(layer.stored))"
          + (layer.createdBy.map { ", made by `\(RuleText.step($0))`" } ?? ""))
    }
    let packages = inspection.packages.prefix(3).filter { $0.bytes > 1_000_000 }
    if !packages.isEmpty {
      advice.append(
        "the largest packages are "
          + packages.map { "\(DisplayText.escape($0.name)) \(ByteCount.text($0.bytes))" }.joined(
            separator: ", "))
    }
    return [
      Violation(
        message:
          "\(policy.metric.rawValue) size is \(ByteCount.text(bytes)), \(ByteCount.text(over)) over the limit of "
          + "\(ByteCount.text(policy.maximumSize))"
          + (padding > 0
            ? "; \(ByteCount.text(padding)) of it are in the layers, but no files" : "")
          + (largest.isEmpty ? "" : "; largest files: " + largest.joined(separator: ", ")),
        at: nil, fix: advice.joined(separator: "; ") + "; or raise `size.max` in forge.yaml",
        evidence: .file)
    ]
  }

  /// Bytes of a layer that are no files, and more than headers need: records, attributes, zeros behind the end. Every
  /// node that pulls the image stores and unpacks them. Of the metrics, only these two do not count them already.
  private static func padding(_ inspection: Inspection, _ metric: Policy.Metric) -> Int64 {
    guard metric == .stored || metric == .rootfs else { return 0 }
    return inspection.layers.reduce(0) { sum, layer in
      // A header, its records and the padding of its data; and the blocks that writers fill up.
      let needed = layer.stored + Int64(layer.files) * 4096 + (1 << 20)
      return sum + max(0, layer.unpacked - needed)
    }
  }

  static func layers(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    guard let limit = policy.maximumLayer else { return [] }
    return inspection.layers.filter { $0.stored > limit }.map { layer in
      let files = inspection.details.files.filter {
        $0.layer == layer.index && $0.kind == .regular && !$0.isLink
      }
      .sorted { ($1.size, $0.shownPath) < ($0.size, $1.shownPath) }.prefix(3)
      .map { "\($0.shownPath) \(ByteCount.text($0.size))" }
      return Violation(
        message: "layer \(layer.index) stores \(ByteCount.text(layer.stored)), over the limit of "
          + "\(ByteCount.text(limit)) for one layer; largest files: \(files.joined(separator: ", "))",
        at: .layer(layer.index),
        fix:
          "make what `\(RuleText.step(layer.createdBy ?? "that step"))` adds smaller, or raise `size.layer` in "
          + "forge.yaml", evidence: .file)
    }
  }

  static func paths(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    policy.pathLimits.compactMap { limit in
      let pattern = PathPattern(limit.name)
      let files = inspection.details.files.filter {
        $0.visible && $0.kind == .regular && pattern.matches($0.path)
      }
      guard files.bytes > limit.bytes else { return nil }
      let largest = files.sorted { ($1.size, $0.shownPath) < ($0.size, $1.shownPath) }.prefix(3)
        .map { "\($0.shownPath) \(ByteCount.text($0.size))" }
      return Violation(
        message:
          "the files of \(DisplayText.escape(limit.name)) have \(ByteCount.text(files.bytes)), over the limit of "
          + "\(ByteCount.text(limit.bytes)); largest: \(largest.joined(separator: ", "))",
        at: .group(limit.name),
        fix:
          "leave files out with .dockerignore or copy fewer, or raise the limit under `size.paths` in forge.yaml",
        evidence: .file)
    }
  }

  static func packages(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    policy.packageLimits.compactMap { limit in
      // `kind:name`, `kind` for all of a kind, or `name`.
      let parts = limit.name.split(separator: ":", maxSplits: 1).map(String.init)
      let owned = inspection.packages.filter { package in
        parts.count == 2
          ? package.kind == parts[0] && package.name == parts[1]
          : package.kind == limit.name || package.name == limit.name
      }
      let bytes = owned.reduce(0) { $0 + $1.bytes }
      guard bytes > limit.bytes else { return nil }
      let largest = owned.prefix(3).map {
        "\(DisplayText.escape($0.name)) \(ByteCount.text($0.bytes))"
      }
      return Violation(
        message:
          "the packages of \(DisplayText.escape(limit.name)) have \(ByteCount.text(bytes)), over the limit of "
          + "\(ByteCount.text(limit.bytes)); largest: \(largest.joined(separator: ", "))",
        at: .group(limit.name),
        fix: "drop or replace the largest, or raise the limit under `size.packages` in forge.yaml",
        evidence: .file)
    }
  }

  static func waste(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let sizes = inspection.sizes
    var broken: [String] = []
    if let limit = policy.maximumWaste, sizes.wasted > limit {
      broken.append(
        "\(ByteCount.text(sizes.wasted)) are stored but hidden, over the limit of \(ByteCount.text(limit))"
      )
    }
    if let least = policy.leastEfficiency, sizes.efficiency < least {
      broken.append("the efficiency is \(percent(sizes.efficiency)), below \(percent(least))")
    }
    guard !broken.isEmpty else { return [] }
    let rows = inspection.waste.prefix(3).map {
      "\($0.path) \(ByteCount.text($0.bytes)) (\($0.cause.rawValue), layer \($0.layer), hidden by \($0.hiddenBy))"
    }
    return [
      Violation(
        message: broken.joined(separator: "; ")
          + (rows.isEmpty ? "" : "; most: " + rows.joined(separator: ", ")),
        at: nil,
        fix:
          "delete in the RUN that creates, and set owners and modes with COPY --chown and --chmod instead of later "
          + "steps", evidence: .file)
    ]
  }

  /// Rounded down, so that 100 % means that nothing is wasted.
  private static func percent(_ fraction: Double) -> String {
    let tenths = Int(fraction * 1000)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
