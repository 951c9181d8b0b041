import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// What the facts of a Next.js service rest on.
enum NextConclusions {
  static func add(
    to service: inout Service, _ ground: NextGround, _ manager: NodePackageManager,
    _ runtime: NodeRuntime,
    _ routes: NextRoutes, _ config: NextConfig, _ tracing: NextTracing,
    _ port: (number: Int, source: String?),
    _ build: (value: String, source: String)?
  ) {
    service.conclude(version(service, ground, manager))
    service.conclude(runtime.conclusion)
    service.conclude(tracing.conclusion)
    service.conclude(
      Conclusion(
        "packageManager.name", service.packageManager.name.rawValue,
        service.packageManager.source.hasPrefix("default:") ? .assumed : .certain,
        evidence: service.packageManager.source.hasPrefix("default:")
          ? [] : [service.packageManager.source],
        alternatives: manager.others,
        why: service.packageManager.source.hasPrefix("default:")
          ? "nothing names another one" : "declared there, or whose lockfile it is"))
    service.conclude(
      Conclusion(
        "next.router", routes.router?.rawValue, routes.router == nil ? .unknown : .certain,
        evidence: routes.evidence,
        why: routes.router == nil ? "no folder holds a route" : "the folders hold routes"))
    configuration(&service, config)
    service.conclude(
      Conclusion(
        "next.buildCommand", service.next?.buildCommand, build == nil ? .assumed : .certain,
        evidence: [build?.source].compactMap(\.self),
        why: build == nil ? "default: there is no build script" : "the build script"))
    service.conclude(
      Conclusion(
        "port", "\(port.number)", port.source == nil ? .assumed : .certain,
        evidence: [port.source].compactMap(\.self),
        why: port.source == nil ? "default: next start listens on 3000" : "the start script"))
    if let file = routes.healthFile {
      service.conclude(
        Conclusion(
          "healthPath", service.healthPath, .likely, evidence: [file + ":1"],
          why: "a route of that name answers GET"))
    }
  }

  private static func version(
    _ service: Service, _ ground: NextGround, _ manager: NodePackageManager
  ) -> Conclusion {
    let asked = Conclusion.Alternative(
      value: DisplayText.escape(ground.asked.value), source: ground.asked.source)
    if let next = manager.next {
      return Conclusion(
        "framework.version", next.version, .certain, evidence: [next.source, ground.asked.source],
        alternatives: asked.value == next.version ? [] : [asked], why: "the lockfile pins it")
    }
    return Conclusion(
      "framework.version", service.framework.version,
      service.framework.version == nil ? .unknown : .likely,
      evidence: [ground.asked.source],
      alternatives: asked.value == service.framework.version ? [] : [asked],
      why: service.framework.version == nil
        ? "no lockfile pins it, and what the manifest asks for has no lower bound"
        : "the lowest version that the manifest allows: no lockfile pins one")
  }

  private static func configuration(_ service: inout Service, _ config: NextConfig) {
    let file = config.file.map { [$0 + ":1"] } ?? []
    service.conclude(
      Conclusion(
        "next.configFile", service.next?.configFile, config.file == nil ? .assumed : .certain,
        evidence: file,
        why: config.file == nil ? "default: there is none" : "the first name that Next.js looks for"
      ))
    func conclude(_ key: String, _ value: String?, fallback: String) {
      let places = [config.places[key]].compactMap(\.self)
      let doubt = config.doubts[key]
      service.conclude(
        Conclusion(
          "next.\(key)", value, doubt != nil ? .unknown : places.isEmpty ? .assumed : .certain,
          evidence: places.isEmpty ? (doubt == nil ? [] : file) : places,
          why: doubt ?? (places.isEmpty ? fallback : "the configuration sets it")))
    }
    conclude(
      "output", config.output.rawValue, fallback: "default: the configuration does not set it")
    conclude("basePath", config.basePath, fallback: "default: the application is at the root")
    conclude("distDir", config.distDir, fallback: "default: .next")
    guard config.output == .unknown,
      let index = service.conclusions.firstIndex(where: { $0.key == "next.output" })
    else { return }
    let place = config.places["output"] ?? file.first ?? ""
    service.conclusions[index].value = nil
    service.conclusions[index].alternatives = config.outputs.reduce(into: []) { found, value in
      let alternative = Conclusion.Alternative(value: value, source: place)
      if !found.contains(alternative) { found.append(alternative) }
    }
    // Whether or not it is standalone, the build can be told to make the standalone output.
    let isHarmless =
      Set(config.outputs).isSubset(of: ["standalone", "default"]) && !config.outputs.isEmpty
    if !isHarmless { service.conclusions[index].confidence = .ambiguous }
  }
}
