import ForgeBasics
import ForgeInspection
import ForgeLayers

/// Works out, from the entries alone, what the output will hold.
struct Planner {
  private let input: ReadImage
  private let options: OptimizationOptions
  private(set) var draft: Draft
  private(set) var passes: [PassResult] = []
  private(set) var allowance = Allowance()
  private(set) var removed: [RemovedPath] = []
  private(set) var notices: [String] = []
  /// Files that are written otherwise, and what is said of them.
  private(set) var rewrites: [Rewrite] = []
  private(set) var rewritten: [RewrittenPath] = []
  private let contents: FileContents

  /// Decides for `minimize` which names stay; nil where it is not asked for.
  private let reachable: Set<FileTree.ID>?

  init(
    _ input: ReadImage, _ options: OptimizationOptions, contents: FileContents? = nil,
    reachable: Set<FileTree.ID>? = nil, notices decided: [String] = []
  ) throws {
    self.input = input
    self.options = options
    kept = options.keptLayers
    self.reachable = reachable
    self.contents = contents ?? FileContents(input)
    draft = Draft(input.scans)
    let count = draft.layers.count
    guard options.keptLayers <= count else {
      throw OptimizerError.usage(
        "there are only \(count) layers, so that \(options.keptLayers) cannot be kept")
    }
    guard options.keptLayers < count || options.strip.isEmpty && reachable == nil else {
      throw OptimizerError.usage(
        "all layers are to be kept, so that nothing can be removed from them")
    }
    while true {
      do {
        try run()
        break
      } catch OptimizerError.fixed(let layer, let what) {
        // Nothing was asked of the layers up to it that would be lost: what it hides, it hides.
        let notice = "layers up to \(layer) stay as they are, to the byte: \(what)"
        (draft, passes, allowance, removed) = (Draft(input.scans), [], Allowance(), [])
        (rewrites, rewritten, notices) = ([], [], [notice])
        kept = layer + 1
      }
    }
    notices = decided + notices
    try check()
  }

  /// Layers from the base that stay as they are: as asked for, or more where they cannot be written again.
  private(set) var kept: Int

  private var isReached: Bool { options.target.map { draft.stored <= $0 } ?? false }

  private mutating func run() throws {
    try squash()
    if options.target != nil { return try climb() }
    if options.waste {
      try pass("waste") { $0.draft = try Redistribution.apply($0.draft, $0.base) }
    }
    try remove(options.strip)
    if reachable != nil { try minimize() }
    for set in StripSet.rewriting where options.strip.contains(set) || reachable != nil {
      try rewrite(set)
    }
    try reproduce()
    // Files that differ in nothing but a time are the same once that is clamped.
    if options.dedupe { try dedupe() }
  }

  /// The cheapest passes first, and none once the target is reached.
  private mutating func climb() throws {
    if options.waste, !isReached {
      try pass("waste") { $0.draft = try Redistribution.apply($0.draft, $0.base) }
    }
    try remove(options.strip)
    if reachable != nil { try minimize() }
    for set in StripSet.rewriting where options.strip.contains(set) || reachable != nil {
      try rewrite(set)
    }
    if !isReached { try dedupe() }
    for set in StripSet.allCases where set.isSafe && !options.strip.contains(set) && !isReached {
      try remove([set])
    }
    try reproduce()
  }

  private mutating func pass(_ name: String, _ body: (inout Planner) throws -> Void) throws {
    let before = draft.stored
    try body(&self)
    passes.append(PassResult(name: name, before: before, after: draft.stored))
  }

  private var base: Redistribution.Options { Redistribution.Options(kept: kept) }

  // MARK: Passes

  private mutating func squash() throws {
    guard let squash = options.squash else { return }
    let range: ClosedRange<Int>
    switch squash {
    case .all:
      guard kept < draft.layers.count else { return }
      range = kept...(draft.layers.count - 1)
    case .range(let wanted):
      guard wanted.upperBound < draft.layers.count else {
        throw OptimizerError.usage("there are only layers 0 to \(draft.layers.count - 1) to squash")
      }
      guard wanted.lowerBound >= options.keptLayers else {
        throw OptimizerError.usage(
          "layer \(wanted.lowerBound) belongs to the base, which is to be kept")
      }
      // More can have to be kept than was asked for.
      guard wanted.upperBound >= kept else { return }
      range = max(wanted.lowerBound, kept)...wanted.upperBound
    }
    guard range.count > 1 else { return }
    try pass("squash") { planner in
      // Only the range is written anew: what is above it finds the same files below.
      let lower = Draft(layers: Array(planner.draft.layers[...range.upperBound]))
      let joined = try Redistribution.apply(
        lower,
        Redistribution.Options(
          kept: range.lowerBound, targets: lower.layers.indices.map { min($0, range.lowerBound) }))
      planner.draft.layers = joined.layers + planner.draft.layers[(range.upperBound + 1)...]
    }
  }

  private mutating func remove(_ sets: [StripSet]) throws {
    let environment = input.image.config.environment
    let needed = sets.contains(.pip) ? StripSet.needed(input.root) : [:]
    for (package, user) in needed.sorted(by: { $0.key < $1.key }) {
      notices.append("\(package) stays, which \(DisplayText.escape(user)) needs by its metadata")
    }
    let names = Set(needed.keys)
    for set in sets where !StripSet.rewriting.contains(set) {
      try exclude("strip:\(set.rawValue)", set.rawValue) {
        set.contains($0, $1, environment: environment, needed: names)
      }
    }
  }

  private mutating func minimize() throws {
    guard let reachable else { return }
    // Nodes are those of the input; by path they are those of every draft.
    let paths = Set(reachable.map { input.root.tree.path($0) })
    try exclude("minimize", "minimize") { root, id in !paths.contains(root.tree.path(id)) }
  }

  private mutating func exclude(
    _ name: String, _ set: String, _ matches: @escaping (RootFilesystem, FileTree.ID) -> Bool
  ) throws {
    try pass(name) { planner in
      // Where all layers have to stay, nothing goes.
      guard planner.kept < planner.draft.layers.count else { return }
      let root = try planner.draft.stacked()
      var gone: [FileTree.ID] = []
      root.walk { id in
        guard matches(root, id) else { return true }
        gone.append(id)
        return false
      }
      guard !gone.isEmpty else { return }
      var options = planner.base
      // The draft is stacked again from the same entries, so that nodes keep their numbers.
      let excluded = Set(gone)
      options.excluded = { _, id in excluded.contains(id) }
      planner.draft = try Redistribution.apply(planner.draft, options)
      for (id, bytes) in zip(gone, root.bytes(below: gone)) {
        let path = root.tree.path(id)
        planner.allowance.removed.insert(path)
        planner.removed.append(RemovedPath(path: DisplayText.escape(path), set: set, bytes: bytes))
      }
    }
    removed.sort { ($0.set, $0.path) < ($1.set, $1.path) }
  }

  /// What a planned file is known by, by its source.
  private static func contentHash(
    _ source: FileTree.Origin, _ rewrites: [Rewrite], _ input: ReadImage
  ) -> FileContent.Hash {
    source.layer == Rewrite.layer ? rewrites[Int(source.index)].hash : input.contentHash(source)
  }

  private mutating func rewrite(_ set: StripSet) throws {
    try pass("strip:\(set.rawValue)") { planner in
      let (kept, contents) = (planner.kept, planner.contents)
      let files = try ContentRewriting.apply(
        set, &planner.draft, kept: kept, contents, &planner.rewrites)
      planner.rewritten = (planner.rewritten + files.map(\.report)).sorted {
        ($0.set, $0.path) < ($1.set, $1.path)
      }
      for file in files {
        let rewrite = planner.rewrites[file.rewrite]
        planner.allowance.rewritten[file.path] = Allowance.Change(
          old: planner.input.contentHash(rewrite.origin), new: rewrite.hash)
      }
      guard !files.isEmpty else { return }
      let what =
        set == .debug
        ? "programs and libraries lost symbols and debug information"
        : "Python sources of libraries lost their comments, and every line keeps its number, or metadata its description"
      planner.notices.append(
        "\(files.count) \(what): checksums that package databases keep of them no longer hold; the proof names both "
          + "contents of each")
    }
  }

  private mutating func dedupe() throws {
    try pass("dedupe") { planner in
      let (kept, rewrites, input) = (planner.kept, planner.rewrites, planner.input)
      let linked = try Dedupe.apply(&planner.draft, kept: kept) {
        Self.contentHash($0, rewrites, input)
      }
      planner.allowance.linked.merge(linked) { first, _ in first }
    }
  }

  private mutating func reproduce() throws {
    guard let epoch = options.epoch else { return }
    try pass("reproducible") { planner in
      let exempt = CompiledPython.timedSources(planner.input)
      if !exempt.isEmpty {
        planner.notices.append(
          "the times of \(exempt.count) Python sources stay, since compiled modules beside them name these times"
        )
      }
      if planner.options.waste
        || !planner.passes.filter({ $0.name != "squash" && $0.name != "dedupe" }).isEmpty
      {
        var options = planner.base
        options.force = true
        planner.draft = try Redistribution.apply(planner.draft, options)
      } else {
        // Each layer by itself, so that its hidden bytes stay where they are.
        for index in planner.draft.layers.indices.dropFirst(planner.kept) {
          let part = Draft(layers: Array(planner.draft.layers[...index]))
          let sorted = try Redistribution.apply(
            part, Redistribution.Options(kept: index, force: true))
          if let last = sorted.layers.last, sorted.layers.count == index + 1 {
            planner.draft.layers[index] = last
          }
        }
      }
      Clamp.apply(&planner.draft, kept: planner.kept, epoch: epoch, exempt: exempt)
      planner.allowance.epoch = epoch
    }
  }

  // MARK: Proof of the plan

  /// Stacks the planned layers and compares them with the input: no plan is written that is not the same image.
  private func check() throws {
    let listing = RootListing(try draft.stacked()) {
      Self.contentHash(draft.source($0), rewrites, input)
    }
    var differences = Differences()
    Comparison.compare(RootListing(input), listing, allowing: allowance, &differences)
    guard differences.isEmpty else { throw OptimizerError.unproven(differences.sentences) }
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
