import ForgeBasics
import ForgeSyntax

/// What `next.config.*` says, read without running it.
struct NextConfig {
  /// Relative to the analysed root; nil when there is none.
  private(set) var file: String?
  private(set) var output = NextFacts.Output.default
  private(set) var basePath: String?
  private(set) var distDir = ".next"
  private(set) var findings: [Finding] = []

  /// The names that Next.js looks for, in its order.
  private static let names = ["next.config.js", "next.config.mjs", "next.config.ts", "next.config.mts"]
  private static let unsupported = [
    "next.config.cjs", "next.config.cts", "next.config.json", "next.config.jsx", "next.config.tsx",
  ]
  /// `next/constants`, as they are while building.
  private static let constants = [
    "PHASE_PRODUCTION_BUILD": "phase-production-build", "PHASE_DEVELOPMENT_SERVER": "phase-development-server",
    "PHASE_PRODUCTION_SERVER": "phase-production-server", "PHASE_EXPORT": "phase-export", "PHASE_TEST": "phase-test",
    "PHASE_INFO": "phase-info",
  ]

  private var source: SourceText?
  private var value = JSValue.undefined

  init(_ folder: String, in tree: ProjectTree) throws(AnalysisError) {
    let present = Self.names.map { ProjectTree.join(folder, $0) }.filter(tree.hasFile)
    guard let path = present.first else {
      if let other = Self.unsupported.map({ ProjectTree.join(folder, $0) }).first(where: tree.hasFile) {
        note(
          "FORGE-N031", .error, "Next.js does not read a configuration of this name", other + ":1",
          "rename it to next.config.ts or next.config.mjs")
      }
      return
    }
    file = path
    if present.count > 1 {
      note(
        "FORGE-N032", .warning, "there are several configurations, and Next.js reads only \(path)", present[1] + ":1",
        "delete the others")
    }
    guard let source = try tree.read(path, limit: ProjectTree.maximumSourceSize) else { return }
    self.source = source
    value = JSModule.exportedValue(
      of: JSParser.parse(source), arguments: [.string("phase-production-build"), .object(JSObject())],
      constants: Self.constants)
    if let reason = value.settledReason {
      output = .unknown
      note(
        "FORGE-N033", .warning, "the configuration cannot be known without running it: \(reason)", path + ":1",
        "export an object, or a function that returns one")
      return
    }
    readOutput()
    readBasePath()
    readDistDir()
  }

  private mutating func readOutput() {
    guard let setting = setting("output") else { return }
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
    guard let text = setting.value.string else {
      return note(
        "FORGE-N035", .warning, "basePath cannot be known without running it: \(setting.reason)", setting.location,
        "write it outright; it is fixed when the application is built")
    }
    guard !text.isEmpty else { return }
    let isValid = text.hasPrefix("/") && !text.hasSuffix("/") && ProjectPath.isPlain(text) && !text.contains("..")
    guard isValid else {
      return note(
        "FORGE-N035", .error, "basePath is not a path that Next.js accepts", setting.location,
        "start it with a slash, end it without one, and use letters, digits, hyphens")
    }
    basePath = text
  }

  private mutating func readDistDir() {
    guard let setting = setting("distDir"), !setting.value.isAbsent else { return }
    guard let text = setting.value.string, let path = ProjectPath.resolve(text, from: "."), path != ".",
      ProjectPath.isPlain(path)
    else {
      return note(
        "FORGE-N036", .warning, "distDir is not a folder that can be known: \(setting.reason)", setting.location,
        "write a folder of letters and digits inside of the application")
    }
    distDir = path
  }

  private func setting(_ key: String) -> (value: JSValue, location: String, reason: String)? {
    guard let source, let file, let found = value[key] else { return nil }
    let location = value.offset(of: key).map(source.location) ?? file + ":1"
    return (found.settled, location, found.settledReason ?? "it is computed")
  }

  private mutating func note(_ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String) {
    findings.append(Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }
}

extension JSValue {
  /// Why a value is not known; a choice between objects counts as known, for its keys may agree.
  fileprivate var settledReason: String? {
    if case .choice(let choice) = self, choice.alternatives.contains(where: \.isObject) { return nil }
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
