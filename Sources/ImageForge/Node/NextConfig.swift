import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// What `next.config.*` says, read without running it.
struct NextConfig {
  /// Relative to the analysed root; nil when there is none.
  private(set) var file: String?
  private(set) var output = NextFacts.Output.default
  private(set) var basePath: String?
  private(set) var distDir = ".next"
  var settings = NextSettings()
  /// Where the keys stand that are set.
  var places: [String: Place] = [:]
  /// Why keys are not known.
  var doubts: [String: String] = [:]
  /// What `output` may be where it is not known.
  private(set) var possibleOutputs: [String] = []
  /// The configuration and the files of the project that it imports: what they read is fixed at build time.
  private(set) var files: Set<String> = []
  /// Where a `webpack` key stands that Turbopack, the default bundler since Next.js 16, refuses.
  var webpackUnderTurbopack: Place?
  var findings: [Finding] = []
  /// The finding that there are several configurations.
  private var severalFiles: Finding?

  /// The names that Next.js looks for, in its order.
  private static let names = [
    "next.config.js", "next.config.mjs", "next.config.ts", "next.config.mts",
  ]
  private static let unsupported = [
    "next.config.cjs", "next.config.cts", "next.config.json", "next.config.jsx", "next.config.tsx",
  ]
  /// `next/constants`, as they are while building.
  private static let constants = [
    "PHASE_PRODUCTION_BUILD": "phase-production-build",
    "PHASE_DEVELOPMENT_SERVER": "phase-development-server",
    "PHASE_PRODUCTION_SERVER": "phase-production-server", "PHASE_EXPORT": "phase-export",
    "PHASE_TEST": "phase-test", "PHASE_INFO": "phase-info",
  ]

  static func exists(in folder: String, _ tree: ProjectTree) -> Bool {
    names.contains { tree.hasFile(ProjectTree.join(folder, $0)) }
  }

  private var source: SourceText?

  /// Whether a plugin stands around what is exported: `export default withSentryConfig(config)`.
  var isWrapped: Bool {
    source?.text.contains(
      /(?:export\s+default|module\.exports\s*=|return|=)\s*(?:await\s+)?(?:with|create)[A-Z]\w*\(/)
      ?? false
  }

  /// The whole configuration.
  private(set) var root = JSValue.undefined

  /// - Parameters:
  ///   - top: the folder above which an image's build sees nothing: the workspace's root, or the service's own.
  ///   - version: the version of Next.js, where it is known.
  init(
    _ folder: String, top: String, version: SemanticVersion? = nil, in tree: ProjectTree
  ) throws(AnalysisError) {
    guard let path = find(folder, top: top, tree) else { return }
    let start = Place.source(file: path, line: 1)
    if let version, version < SemanticVersion(15, 0), path.hasSuffix("ts") {
      findings.note(
        "FORGE-N031", .error, "Next.js \(version) does not read a configuration in TypeScript",
        at: start, fix: "rename it to next.config.mjs, or update next to 15 or newer")
      return
    }
    file = path
    guard let source = try tree.read(path, limit: ProjectTree.maximumSourceSize) else { return }
    self.source = source
    let modules = NextConfigModules(tree, folder: folder, constants: Self.constants)
    root = JSModule.exportedValue(
      of: JSParser.parse(source),
      arguments: [.string("phase-production-build"), .object(JSObject())],
      constants: Self.constants, in: modules.surroundings(of: path))
    files = modules.read.union([path])
    if let reason = root.settledReason {
      output = .unknown
      doubts = ["output": reason, "basePath": reason, "distDir": reason]
      findings.note(
        "FORGE-N033", .warning, "the configuration cannot be known without running it: \(reason)",
        at: start, fix: "export an object, or a function that returns one")
      return
    }
    readOutput()
    readBasePath()
    readDistDir()
    readSettings(folder, version)
  }

  /// Where a key stands that is set to anything but false; nil where it is not, or nobody knows.
  func placeOfKey(_ path: [String]) -> Place? {
    let found = path.reduce(Optional(root)) { value, key in value?[key] }
    guard let file, let value = found?.settled, !value.isAbsent, value.bool != false,
      value.reason == nil
    else { return nil }
    return place(of: path) ?? .source(file: file, line: 1)
  }

  // MARK: The file

  /// Next.js takes the nearest configuration upwards.
  private mutating func find(_ folder: String, top: String, _ tree: ProjectTree) -> String? {
    for current in ProjectTree.foldersUpwards(from: folder) {
      let present = Self.names.map { ProjectTree.join(current, $0) }.filter(tree.hasFile)
      if let path = present.first {
        noteOthers(present)
        let isInBuild = current == folder || ProjectPath.relative(current, to: top) != nil
        if !isInBuild { noteOutside(path) }
        return isInBuild ? path : nil
      }
      let others = Self.unsupported.map { ProjectTree.join(folder, $0) }
      if current == folder, let other = others.first(where: tree.hasFile) {
        findings.note(
          "FORGE-N031", .error, "Next.js does not read a configuration of this name",
          at: .source(file: other, line: 1),
          fix: "rename it to next.config.ts or next.config.mjs")
        return nil
      }
    }
    return nil
  }

  private mutating func noteOthers(_ present: [String]) {
    guard present.count > 1 else { return }
    severalFiles = findings.note(
      "FORGE-N032", .warning,
      "there are several configurations, and Next.js reads only \(present[0])",
      at: .source(file: present[1], line: 1), fix: "delete the others")
  }

  private mutating func noteOutside(_ path: String) {
    findings.note(
      "FORGE-N039", .warning,
      "on a developer's machine Next.js takes the configuration above the application, which is "
        + "not in the image's build",
      at: .source(file: path, line: 1), fix: "move it into the folder of the application")
  }

  // MARK: Keys

  private struct Setting {
    let value: JSValue
    let place: Place
    /// Why the value is not known, where it is not.
    let reason: String
  }

  private func setting(_ key: String) -> Setting? {
    guard let file, let found = root[key] else { return nil }
    return Setting(
      value: found.settled, place: place(of: [key]) ?? .source(file: file, line: 1),
      reason: found.settledReason ?? "it is computed")
  }

  /// Where a key of the configuration stands; nil where that is in a file that it imports.
  func place(of path: [String]) -> Place? {
    guard let source, let last = path.last else { return nil }
    let owner = path.dropLast().reduce(Optional(root)) { value, key in value?[key] }
    // A negative offset: it stands in a file that is imported.
    guard let offset = owner?.offset(of: last), offset >= 0 else { return nil }
    return source.place(at: offset)
  }

  private mutating func readOutput() {
    guard let setting = setting("output") else { return }
    if !setting.value.isAbsent { places["output"] = setting.place }
    switch setting.value {
    case .string("standalone"): output = .standalone
    case .string("export"): output = .export
    case .undefined, .null: output = .default
    case .string:
      output = .unknown
      findings.note(
        "FORGE-N034", .error, "output has a value that Next.js does not know", at: setting.place,
        fix: "write 'standalone' or 'export', or leave it out")
    default: leaveOutputOpen(setting)
    }
  }

  private mutating func leaveOutputOpen(_ setting: Setting) {
    output = .unknown
    doubts["output"] = setting.reason
    let possibilities = root["output"]?.possibilities ?? []
    possibleOutputs = possibilities.compactMap { value in
      if let text = value.string { return text }
      return value.isUnset ? "default" : nil
    }
    // Standalone or nothing at all: either way the build can be told to make the standalone output.
    let isHarmless = possibilities.allSatisfy { $0.string == "standalone" || $0.isUnset }
    findings.note(
      "FORGE-N034", isHarmless ? .info : .warning,
      "output cannot be known without running it: \(setting.reason)", at: setting.place,
      fix: "write output: 'standalone' outright: it does no harm where it is not used")
  }

  private mutating func readBasePath() {
    guard let setting = setting("basePath"), !setting.value.isAbsent else { return }
    places["basePath"] = setting.place
    guard let text = setting.value.string else {
      doubts["basePath"] = setting.reason
      findings.note(
        "FORGE-N035", .warning, "basePath cannot be known without running it: \(setting.reason)",
        at: setting.place, fix: "write it outright; it is fixed when the application is built")
      return
    }
    guard !text.isEmpty else { return }
    let isValid =
      text.hasPrefix("/") && !text.hasSuffix("/") && ProjectPath.isPlain(text)
      && !text.contains("..")
    guard isValid else {
      doubts["basePath"] = "its value is not a path that Next.js accepts"
      findings.note(
        "FORGE-N035", .error, "basePath is not a path that Next.js accepts", at: setting.place,
        fix: "start it with a slash, end it without one, and use letters, digits, hyphens")
      return
    }
    basePath = text
  }

  private mutating func readDistDir() {
    guard let setting = setting("distDir"), !setting.value.isAbsent else { return }
    places["distDir"] = setting.place
    let path = setting.value.string.flatMap { ProjectPath.resolve($0, from: ".") }
    if let path, path != ".", ProjectPath.isPlain(path) {
      distDir = path
      return
    }
    var doubt = setting.reason
    if setting.value.string != nil { doubt = "its value cannot stand in a Dockerfile" }
    doubts["distDir"] = doubt
    findings.note(
      "FORGE-N036", .warning, "distDir is not a folder that can be known: \(setting.reason)",
      at: setting.place, fix: "write a folder of letters and digits inside of the application")
  }
}

// MARK: - Facts

extension NextConfig {
  /// The file as a fact; its value is the path relative to the analysed root.
  var fileFact: Fact<String?> {
    var fact = Fact<String?>.assumed(nil, why: "default: there is none")
    if let file {
      fact = .certain(
        file, at: .source(file: file, line: 1), why: "the first name that Next.js looks for")
    }
    if let severalFiles { fact.doubt(severalFiles) }
    return fact
  }

  var basePathFact: Fact<String?> {
    fact("basePath", basePath, default: "default: the application is at the root")
  }

  var distDirFact: Fact<String?> { fact("distDir", distDir, default: "default: .next") }

  /// Nil where it is not known; then with what it may be.
  var outputFact: Fact<String?> {
    var fact = fact(
      "output", output.rawValue, default: "default: the configuration does not set it")
    guard output == .unknown else { return fact }
    fact.value = nil
    let place = places["output"]?.description ?? fileFact.evidence.first?.description ?? ""
    fact.alternatives = possibleOutputs.uniqued.map {
      Conclusion.Alternative(value: $0, source: place)
    }
    // Whether or not it is standalone, the build can be told to make the standalone output.
    let isHarmless =
      !possibleOutputs.isEmpty
      && Set(possibleOutputs).isSubset(of: [
        NextFacts.Output.standalone.rawValue, NextFacts.Output.default.rawValue,
      ])
    if !isHarmless { fact.confidence = .ambiguous }
    return fact
  }

  private func fact(_ key: String, _ value: String?, default: String) -> Fact<String?> {
    let place = places[key]
    if let doubt = doubts[key] {
      let start = file.map { Place.source(file: $0, line: 1) }
      let evidence = [place ?? start].compactMap(\.self)
      return Fact(value, .unknown, evidence: evidence, why: doubt)
    }
    guard let place else { return .assumed(value, why: `default`) }
    return .certain(value, at: place, why: "the configuration sets it")
  }
}

extension JSValue {
  /// Why a value is not known; a choice between objects counts as known, for its keys may agree.
  fileprivate var settledReason: String? {
    if case .choice(let choice) = self, choice.alternatives.contains(where: \.isObject) {
      return nil
    }
    return reason
  }

  private var isObject: Bool {
    switch self {
    case .object: true
    case .choice(let choice): choice.alternatives.contains { $0.isObject }
    default: false
    }
  }

  /// Whether Next.js takes the value for one that is not there.
  fileprivate var isUnset: Bool { isAbsent || bool == false }
}
