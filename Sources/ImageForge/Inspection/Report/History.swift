import ForgeBasics
import ForgeFindings
import ForgeImages
import ForgeSecrets

/// The steps that made an image, as far as its config tells, and which layer each of them made.
package struct History {
  private(set) var steps: [HistoryFacts] = []
  /// By layer, without the values of secrets; nil where history is absent or does not fit the layers.
  private var createdBy: [String?]
  private(set) var findings: [Finding] = []
  /// Nil where history does not tell it.
  package private(set) var base: BaseFacts?

  package init(_ image: Image) {
    let entries = image.config.history
    let made = entries.count { !$0.isEmptyLayer }
    let aligns = made == image.layers.count
    createdBy = []
    for entry in entries {
      var layer: Int?
      if aligns, !entry.isEmptyLayer { layer = createdBy.count }
      steps.append(HistoryFacts(createdBy: entry.createdBy ?? "", layer: layer))
      if layer != nil { createdBy.append(entry.createdBy.map(SecretText.masked)) }
    }
    if aligns { base = Self.base(entries) }
    if !aligns {
      createdBy = image.layers.map { _ in nil }
      if !entries.isEmpty {
        findings.append(
          Finding(
            id: "FORGE-A013", severity: .info,
            message:
              "history tells of \(made) layers, but the image has \(image.layers.count): which step made which "
              + "layer is not known", at: .config(.history),
            fix: "rebuild the image with a current engine",
            evidence: .config))
      }
    }
  }

  func createdBy(_ layer: Int) -> String? { createdBy[layer] }

  /// Where the history of the base ends and that of the image's own build starts.
  private static func base(_ entries: [ImageConfig.History]) -> BaseFacts? {
    func layers(before index: Int) -> Int { entries[..<index].count { !$0.isEmptyLayer } }
    func facts(_ name: String?, before index: Int, _ evidence: String) -> BaseFacts? {
      let count = layers(before: index)
      guard count > 0 else { return nil }
      return BaseFacts(name: name, layers: count, evidence: evidence)
    }
    // buildah notes what a step was built on: the base by its name, the steps between by their image IDs.
    for (index, entry) in entries.enumerated().reversed() {
      guard let comment = entry.comment, comment.hasPrefix("FROM ") else { continue }
      let name = comment.dropFirst(5)
      guard !name.isEmpty, !(name.count >= 12 && name.allSatisfy { $0.isASCII && $0.isHexDigit })
      else { continue }
      return facts(
        DisplayText.escape(String(name)), before: index,
        "history[\(index)]: \(DisplayText.escape(SecretText.masked(comment)))")
    }
    // Else, a command that further layers follow was the base's own.
    guard let last = entries.lastIndex(where: { !$0.isEmptyLayer }),
      let index = entries[..<last].lastIndex(where: { $0.isEmptyLayer && $0.setsCommand })
    else { return nil }
    return facts(
      nil, before: index,
      "history[\(index)]: \(BuildStep.short(SecretText.masked(entries[index].createdBy ?? ""))), which layers follow"
    )
  }
}

extension ImageConfig.History {
  fileprivate var setsCommand: Bool {
    let step = BuildStep.short(createdBy ?? "")
    return step.hasPrefix("CMD ") || step.hasPrefix("ENTRYPOINT ")
  }
}
