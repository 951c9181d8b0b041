import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What `next.config.*` says, read without running it.
struct NextConfig {
  /// Relative to the analysed root; nil when there is none.
  private(set) var file: String?
  private(set) var output = NextFacts.Output.default
  private(set) var basePath: String?
  private(set) var distDir = ".next"
  var settings = NextSettings()
  /// `file:line` of keys that are set.
  var places: [String: String] = [:]
  /// Why keys are not known.
  var doubts: [String: String] = [:]
  /// What `output` may be where it is not known.
  private(set) var outputs: [String] = []
  /// The configuration and the files of the project that it imports: what they read is fixed at build time.
  private(set) var files: Set<String> = []
  /// Where a `webpack` key stands that Turbopack, the default bundler since Next.js 16, refuses.
  var hasWebpackUnderTurbopack: String?
  private(set) var findings: [Finding] = []

  /// The names that Next.js looks for, in its order.
  private static let names = [
    "next.config.js", "next.config.mjs", "next.config.ts", "next.config.mts",
  ]

  static func exists(in folder: String, _ tree: ProjectTree) -> Bool {
    names.contains { tree.hasFile(ProjectTree.join(folder, $0)) }
  }

  private static let unsupported = [
    "next.config.cjs", "next.config.cts", "next.config.json", "next.config.jsx", "next.config.tsx",
  ]
  /// `next/constants`, as they are while building.
  private static let constants = [
    "PHASE_PRODUCTION_BUILD": "phase-production-build",
    "PHASE_DEVELOPMENT_SERVER": "phase-development-server",
    "PHASE_PRODUCTION_SERVER": "phase-production-server", "PHASE_EXPORT": "phase-export",
    "PHASE_TEST": "phase-test",
    "PHASE_INFO": "phase-info",
  ]

  private var source: SourceText?
  private var value = JSValue.undefined

  /// - Parameters:
  ///   - top: the folder above which an image's build sees nothing: the workspace's root, or the service's own.
  ///   - version: the version of Next.js, where it is known.
  init(
    _ folder: String, top: String, version: SemanticVersion? = nil, in tree: ProjectTree
  ) throws(AnalysisError) {
    guard let path = find(folder, top: top, tree) else { return }
    if let version, version < SemanticVersion(15, 0), path.hasSuffix("ts") {
      note(
        "FORGE-N031", .error, "Next.js \(version) does not read a configuration in TypeScript",
        path + ":1",
        "rename it to next.config.mjs, or update next to 15 or newer")
      return
    }
    file = path
    guard let source = try tree.read(path, limit: ProjectTree.maximumSourceSize) else { return }
    self.source = source
    let modules = NextConfigModules(tree, folder: folder, constants: Self.constants)
    value = JSModule.exportedValue(
      of: JSParser.parse(source),
      arguments: [.string("phase-production-build"), .object(JSObject())],
      constants: Self.constants, in: modules.surroundings(of: path))
    files = modules.read.union([path])
    if let reason = value.settledReason {
      output = .unknown
      doubts = ["output": reason, "basePath": reason, "distDir": reason]
      note(
        "FORGE-N033", .warning, "the configuration cannot be known without running it: \(reason)",
        path + ":1",
        "export an object, or a function that returns one")
      return
    }
    readOutput()
    readBasePath()
    readDistDir()
    readSettings(folder, version)
  }

  /// Next.js takes the nearest configuration upwards.
  private mutating func find(_ folder: String, top: String, _ tree: ProjectTree) -> String? {
    var place = folder
    while true {
      let present = Self.names.map { ProjectTree.join(place, $0) }.filter(tree.hasFile)
      if let path = present.first {
        if present.count > 1 {
          note(
            "FORGE-N032", .warning,
            "there are several configurations, and Next.js reads only \(path)",
            present[1] + ":1", "delete the others")
        }
        guard place == folder || ProjectPath.relative(place, to: top) != nil else {
          note(
            "FORGE-N039", .warning,
            "on a developer's machine Next.js takes the configuration above the application, which is not in the image's "
              + "build", path + ":1", "move it into the folder of the application")
          return nil
        }
        return path
      }
      if place == folder,
        let other = Self.unsupported.map({ ProjectTree.join(folder, $0) }).first(
          where: tree.hasFile)
      {
        note(
          "FORGE-N031", .error, "Next.js does not read a configuration of this name", other + ":1",
          "rename it to next.config.ts or next.config.mjs")
        return nil
      }
      if place == "." { return nil }
      place = ProjectTree.parent(place)
    }
  }

  private mutating func readOutput() {
    guard let setting = setting("output") else { return }
    if !setting.value.isAbsent { places["output"] = setting.location }
    switch setting.value {
    case .string("standalone"): output = .standalone
    case .string("export"): output = .export
    case .undefined, .null: output = .default
    case .string:
      output = .unknown
      note(
        "FORGE-N034", .error, "output has a value that Next.js does not know", setting.location,
        "write 'standalone' or 'export', or leave it out")
    default:
      output = .unknown
      doubts["output"] = setting.reason
      outputs = (value["output"]?.possibilities ?? []).compactMap { value in
        value.string ?? (value.isAbsent || value.bool == false ? "default" : nil)
      }
      // Standalone or nothing at all: either way the build can be told to make the standalone output.
      let isHarmless = value["output"]?.possibilities.allSatisfy { value in
        value.string == "standalone" || value.isAbsent || value.bool == false
      }
      note(
        "FORGE-N034", isHarmless == true ? .info : .warning,
        "output cannot be known without running it: \(setting.reason)", setting.location,
        "write output: 'standalone' outright: it does no harm where it is not used")
    }
  }

  private mutating func readBasePath() {
    guard let setting = setting("basePath"), !setting.value.isAbsent else { return }
    places["basePath"] = setting.location
    guard let text = setting.value.string else {
      doubts["basePath"] = setting.reason
      return note(
        "FORGE-N035", .warning, "basePath cannot be known without running it: \(setting.reason)",
        setting.location,
        "write it outright; it is fixed when the application is built")
    }
    guard !text.isEmpty else { return }
    let isValid =
      text.hasPrefix("/") && !text.hasSuffix("/") && ProjectPath.isPlain(text)
      && !text.contains("..")
    guard isValid else {
      doubts["basePath"] = "its value is not a path that Next.js accepts"
      return note(
        "FORGE-N035", .error, "basePath is not a path that Next.js accepts", setting.location,
        "start it with a slash, end it without one, and use letters, digits, hyphens")
    }
    basePath = text
  }

  private mutating func readDistDir() {
    guard let setting = setting("distDir"), !setting.value.isAbsent else { return }
    places["distDir"] = setting.location
    guard let text = setting.value.string, let path = ProjectPath.resolve(text, from: "."),
      path != ".",
      ProjectPath.isPlain(path)
    else {
      doubts["distDir"] =
        setting.value.string == nil ? setting.reason : "its value cannot stand in a Dockerfile"
      return note(
        "FORGE-N036", .warning, "distDir is not a folder that can be known: \(setting.reason)",
        setting.location,
        "write a folder of letters and digits inside of the application")
    }
    distDir = path
  }

  private func setting(_ key: String) -> (value: JSValue, location: String, reason: String)? {
    guard let source, let file, let found = value[key] else { return nil }
    // A negative offset: it stands in a file that is imported.
    let location =
      value.offset(of: key).flatMap { $0 < 0 ? nil : source.location(at: $0) } ?? file + ":1"
    return (found.settled, location, found.settledReason ?? "it is computed")
  }

  /// The whole configuration.
  var root: JSValue { value }

  func location(of path: [String]) -> String? {
    guard let source, let last = path.last else { return nil }
    let owner = path.dropLast().reduce(Optional(value)) { value, key in value?[key] }
    return owner?.offset(of: last).flatMap { $0 < 0 ? nil : source.location(at: $0) }
  }

  mutating func add(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    note(id, severity, message, source, fix)
  }

  private mutating func note(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    findings.append(
      Finding(id: id, severity: severity, message: message, location: source, fix: fix))
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
}
