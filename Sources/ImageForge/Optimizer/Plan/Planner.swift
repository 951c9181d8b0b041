import ForgeBasics
import ForgeInspection
import ForgeLayers
import ForgeMinimizer
import ForgeWriting

/// Works out, from the entries alone, what the output will hold.
struct Planner {
  private let input: ReadImage
  private let options: OptimizationOptions
  private let contents: FileContents
  /// For `minimize`: the names that stay; nil where it is not asked for.
  private let reachable: Set<FileTree.ID>?
  private var plan: OptimizationPlan

  /// Plans, and proves that the planned image is the input but for what was asked for.
  /// - Parameters:
  ///   - contents: the bytes of the input's files; nil where no pass reads any.
  ///   - reachable: what `minimize` keeps.
  static func plan(
    _ input: ReadImage, _ options: OptimizationOptions, contents: FileContents? = nil,
    reachable: Reachability.Result? = nil
  ) throws -> OptimizationPlan {
    let count = input.scans.count
    guard options.keptLayers <= count else {
      throw OptimizerError.usage(
        "there are only \(count) layers, so that \(options.keptLayers) cannot be kept")
    }
    guard options.keptLayers < count || options.strip.isEmpty && reachable == nil else {
      throw OptimizerError.usage(
        "all layers are to be kept, so that nothing can be removed from them")
    }
    let contents = contents ?? FileContents(input)
    var kept = options.keptLayers
    var notices: [String] = []
    while true {
      var planner = Planner(input, options, contents, reachable: reachable?.nodes, kept: kept)
      do {
        try planner.run()
        try planner.check()
        planner.plan.notices = (reachable?.notices ?? []) + notices + planner.plan.notices
        return planner.plan
      } catch let unwritable as UnwritableLayer {
        // Nothing was asked of the layers up to it that would be lost: what it hides, it hides.
        notices = [
          "layers up to \(unwritable.layer) stay as they are, to the byte: \(unwritable.reason)"
        ]
        kept = unwritable.layer + 1
      }
    }
  }

  private init(
    _ input: ReadImage, _ options: OptimizationOptions, _ contents: FileContents,
    reachable: Set<FileTree.ID>?, kept: Int
  ) {
    (self.input, self.options, self.contents) = (input, options, contents)
    self.reachable = reachable
    plan = OptimizationPlan(image: PlannedImage(input.scans), kept: kept)
  }

  private mutating func run() throws {
    try squash()
    if options.waste, !isTargetReached {
      try pass("waste") { try $0.redistribute() }
    }
    try remove(options.strip)
    try minimize()
    for set in StripSet.rewriting where options.strip.contains(set) || reachable != nil {
      try rewrite(set)
    }
    guard options.target == nil else { return try approachTarget() }
    try reproduce()
    // Files that differ in nothing but a time are the same once that is clamped.
    if options.dedupe { try dedupe() }
  }

  /// What nobody asked for, the cheapest first, and nothing once the target is reached.
  private mutating func approachTarget() throws {
    if !isTargetReached { try dedupe() }
    for set in StripSet.allCases where set.isSafe && !options.strip.contains(set) {
      if !isTargetReached { try remove([set]) }
    }
    try reproduce()
  }

  private var kept: Int { plan.kept }

  private var isTargetReached: Bool {
    guard let target = options.target else { return false }
    return plan.image.stored <= target
  }

  private mutating func pass(_ name: String, _ body: (inout Planner) throws -> Void) throws {
    let before = plan.image.stored
    try body(&self)
    plan.passes.append(PassResult(name: name, before: before, after: plan.image.stored))
  }

  /// Writes the layers above the kept ones anew.
  private mutating func redistribute(
    _ change: (inout Redistribution.Options) -> Void = { _ in }
  ) throws {
    var options = Redistribution.Options(kept: kept)
    change(&options)
    plan.image = try Redistribution.apply(plan.image, options)
  }

  // MARK: Passes

  private mutating func squash() throws {
    guard let range = try squashedLayers(), range.count > 1 else { return }
    try pass("squash") { planner in
      // Only the range is written anew: what is above it finds the same files below.
      let layers = planner.plan.image.layers
      let lower = PlannedImage(layers: Array(layers[...range.upperBound]))
      let targets = lower.layers.indices.map { min($0, range.lowerBound) }
      let joined = try Redistribution.apply(
        lower, Redistribution.Options(kept: range.lowerBound, targets: targets))
      planner.plan.image.layers = joined.layers + layers[(range.upperBound + 1)...]
    }
  }

  /// Nil where there are none to join.
  private func squashedLayers() throws -> ClosedRange<Int>? {
    let count = plan.image.layers.count
    switch options.squash {
    case nil: return nil
    case .all: return kept < count ? kept...(count - 1) : nil
    case .range(let wanted):
      guard wanted.upperBound < count else {
        throw OptimizerError.usage("there are only layers 0 to \(count - 1) to squash")
      }
      guard wanted.lowerBound >= options.keptLayers else {
        throw OptimizerError.usage(
          "layer \(wanted.lowerBound) belongs to the base, which is to be kept")
      }
      // More can have to be kept than was asked for.
      guard wanted.upperBound >= kept else { return nil }
      return max(wanted.lowerBound, kept)...wanted.upperBound
    }
  }

  private mutating func remove(_ sets: [StripSet]) throws {
    let needed = sets.contains(.pip) ? StripSet.needed(input.root) : [:]
    for (package, user) in needed.sorted(by: { $0.key < $1.key }) {
      plan.notices.append(
        "\(package) stays, which \(DisplayText.escape(user)) needs by its metadata")
    }
    let context = StripSet.Context(
      environment: input.image.config.environment, needed: Set(needed.keys))
    for set in sets where !StripSet.rewriting.contains(set) {
      try exclude(set.rawValue, pass: "strip:\(set.rawValue)") { root, id in
        set.contains(root, id, context)
      }
    }
  }

  private mutating func minimize() throws {
    guard let reachable else { return }
    // Nodes are those of the input; by path they are those of every plan.
    let paths = Set(reachable.map { input.root.tree.path($0) })
    try exclude("minimize", pass: "minimize") { root, id in !paths.contains(root.tree.path(id)) }
  }

  /// - Parameter set: what the report names as the reason for which a name went.
  private mutating func exclude(
    _ set: String, pass name: String, where matches: (RootFilesystem, FileTree.ID) -> Bool
  ) throws {
    try pass(name) { planner in
      // Where all layers have to stay, nothing goes.
      guard planner.kept < planner.plan.image.layers.count else { return }
      let root = try planner.plan.image.stacked()
      var gone: [FileTree.ID] = []
      root.walk { id in
        guard matches(root, id) else { return true }
        gone.append(id)
        return false
      }
      guard !gone.isEmpty else { return }
      // The image is stacked again from the same entries, so that nodes keep their numbers.
      let excluded = Set(gone)
      try planner.redistribute { $0.excluded = { _, id in excluded.contains(id) } }
      for (id, bytes) in zip(gone, root.bytes(below: gone)) {
        let path = root.tree.path(id)
        planner.plan.allowance.removed.insert(path)
        planner.plan.removed.append(
          RemovedPath(path: DisplayText.escape(path), set: set, bytes: bytes))
      }
    }
    plan.removed.sort { ($0.set, $0.path) < ($1.set, $1.path) }
  }

  private mutating func rewrite(_ set: StripSet) throws {
    try pass("strip:\(set.rawValue)") { planner in
      let files = try ContentRewriting.apply(
        set, to: &planner.plan, kept: planner.kept, contents: planner.contents)
      guard !files.isEmpty else { return }
      planner.plan.rewritten = (planner.plan.rewritten + files.map(\.report)).sorted {
        ($0.set, $0.path) < ($1.set, $1.path)
      }
      for file in files {
        let rewrite = planner.plan.rewrites[file.rewrite]
        planner.plan.allowance.rewritten[file.path] = Allowance.Change(
          old: planner.input.contentHash(rewrite.origin), new: rewrite.hash)
      }
      planner.plan.notices.append(
        "\(files.count) \(set.rewritingSummary): checksums that package databases keep of them no longer hold; "
          + "the proof names both contents of each")
    }
  }

  private mutating func dedupe() throws {
    try pass("dedupe") { planner in
      let (rewrites, input) = (planner.plan.rewrites, planner.input)
      let linked = try Dedupe.apply(&planner.plan.image, kept: planner.kept) {
        rewrites.contentHash($0, in: input)
      }
      planner.plan.allowance.linked.merge(linked) { first, _ in first }
    }
  }

  private mutating func reproduce() throws {
    guard let epoch = options.epoch else { return }
    try pass("reproducible") { planner in
      let exempt = CompiledPython.timedSources(planner.input.root, planner.input.scans)
      if !exempt.isEmpty {
        planner.plan.notices.append(
          "the times of \(exempt.count) Python sources stay, since compiled modules beside them name these times"
        )
      }
      if planner.mayMoveBytes {
        try planner.redistribute { $0.force = true }
      } else {
        try planner.rewriteLayersAlone()
      }
      Clamp.apply(&planner.plan.image, kept: planner.kept, epoch: epoch, exempt: exempt)
      planner.plan.allowance.epoch = epoch
    }
  }

  /// Whether a pass was run that changes which bytes are hidden.
  private var mayMoveBytes: Bool {
    options.waste || plan.passes.contains { $0.name != "squash" && $0.name != "dedupe" }
  }

  /// Each layer by itself, so that its hidden bytes stay where they are.
  private mutating func rewriteLayersAlone() throws {
    for index in plan.image.layers.indices.dropFirst(kept) {
      let part = PlannedImage(layers: Array(plan.image.layers[...index]))
      let sorted = try Redistribution.apply(part, Redistribution.Options(kept: index, force: true))
      if let last = sorted.layers.last, sorted.layers.count == index + 1 {
        plan.image.layers[index] = last
      }
    }
  }

  // MARK: Proof of the plan

  /// Stacks the planned layers and compares them with the input: no plan is written that is not the same image.
  private func check() throws {
    let listing = RootListing(try plan.image.stacked()) {
      plan.rewrites.contentHash(plan.image.source($0), in: input)
    }
    var differences = Differences()
    Comparison.compare(RootListing(input), listing, allowing: plan.allowance, &differences)
    guard differences.isEmpty else { throw WritingError.unproven(differences.sentences) }
  }
}

extension StripSet {
  /// The end of the sentence that tells how many files a rewriting set changed.
  fileprivate var rewritingSummary: String {
    if self == .debug { return "programs and libraries lost symbols and debug information" }
    return
      "Python sources of libraries lost their comments, and every line keeps its number, or metadata its description"
  }
}

extension RootFilesystem {
  /// Bytes of the regular files that go with each of these names and all below it. A file goes with its last name.
  fileprivate func bytes(below names: [FileTree.ID]) -> [Int64] {
    var gone: [Int32: Int] = [:]
    return names.map { name in
      var bytes: Int64 = 0
      var pending = [name]
      while let next = pending.popLast() {
        let index = tree[next].inode
        if index != FileTree.none {
          gone[index, default: 0] += 1
          if gone[index] == inodes[Int(index)].links { bytes += inodes[Int(index)].size }
        }
        pending += tree.children(next)
      }
      return bytes
    }
  }
}
