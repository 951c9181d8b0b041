import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax
import Foundation

/// Which service reaches which: by the addresses that a frontend's variables hold in its code, its example files and
/// the compose files, and by what the variables are called.
struct ServiceLinks {
  private(set) var links: [ServiceLink] = []
  private(set) var findings: [Finding] = []

  private let backends: [Service]
  private let compose: [ComposeFile.Service]
  private let tree: ProjectTree
  /// The folders of the backends of which it was said whether browsers may call them.
  private var checkedOrigins: Set<String> = []

  init(_ services: [Service], in tree: ProjectTree) {
    self.tree = tree
    backends = services.filter { $0.kind != .nextjs }
    compose = backends.isEmpty ? [] : ComposeFile.read(".", in: tree)
    guard !backends.isEmpty else { return }
    for frontend in services where frontend.kind == .nextjs {
      checkRewrites(of: frontend)
      let examples = exampleAddresses(of: frontend)
      for variable in frontend.environment where variable.scope != .platform {
        addLink(from: frontend, by: variable, examples: examples[variable.name] ?? [])
      }
    }
  }

  // MARK: One variable

  private mutating func addLink(
    from frontend: Service, by variable: EnvironmentVariable, examples: [ServiceAddress]
  ) {
    var addresses = examples
    if let value = variable.default, let place = variable.places.first,
      let address = ServiceAddress(value, at: place)
    {
      addresses.insert(address, at: 0)
    }
    let matches = addresses.compactMap { address in
      backend(at: address).map { (backend: $0, place: address.place) }
    }
    let target: Service
    let evidence: [Place]
    if let match = matches.first {
      target = match.backend
      evidence = matches.filter { $0.backend.path == target.path }.map(\.place)
    } else if let only = backends.first, backends.count == 1,
      AddressName.isAddress(variable.name, of: only)
    {
      target = only
      evidence = Array(variable.places.prefix(1))
      checkPort(of: addresses, against: only, variable)
    } else {
      return
    }
    checkPath(of: addresses, against: target, variable)
    checkOrigins(of: target, calledBy: frontend, with: variable)
    links.append(
      link(from: frontend, to: target, by: variable, path: commonPath(addresses), evidence))
  }

  private func link(
    from frontend: Service, to backend: Service, by variable: EnvironmentVariable, path: String,
    _ evidence: [Place]
  ) -> ServiceLink {
    // Browsers know no names of a cluster.
    let isForBrowsers = variable.scope == .buildPublic && variable.name.hasPrefix("NEXT_PUBLIC_")
    let address = "http://\(backend.name):\(backend.port)\(path)"
    return ServiceLink(
      from: frontend.name, to: backend.name, variable: variable.name,
      baked: variable.scope == .buildPublic || variable.scope == .buildSecret,
      internalAddress: isForBrowsers ? nil : address,
      evidence: evidence.uniqued.map(\.description))
  }

  /// The prefix that the sample addresses agree on: `/api/v1`.
  private func commonPath(_ addresses: [ServiceAddress]) -> String {
    let paths = Set(addresses.map(\.path))
    guard let path = paths.first, paths.count == 1 else { return "" }
    return path
  }

  /// By its name in the compose file or in the analysis, or by its port on this machine.
  private func backend(at address: ServiceAddress) -> Service? {
    if address.isLocal { return backend(atLocalPort: address.port) }
    if let named = backends.first(where: { $0.name == address.host }) { return named }
    return compose.first { $0.name == address.host }.flatMap(backend(of:))
  }

  private func backend(atLocalPort port: Int?) -> Service? {
    let listening = backends.filter { $0.port == port }
    if listening.count == 1 { return listening.first }
    // The port that compose publishes for it.
    guard let port else { return nil }
    let published = compose.filter { $0.published.contains(port) }.compactMap(backend(of:))
    return published.count == 1 ? published.first : nil
  }

  private func backend(of service: ComposeFile.Service) -> Service? {
    backends.first { $0.path == service.context }
  }

  // MARK: Addresses in files

  private static let exampleFiles = [
    ".env.example", ".env.sample", ".env.template", ".env.development", ".env.local.example",
    ".env",
  ]
  /// The most lines that are read of one.
  private static let maximumLines = 5_000

  /// The addresses that example and compose files give to the variables of a frontend.
  private func exampleAddresses(of frontend: Service) -> [String: [ServiceAddress]] {
    var found: [String: [ServiceAddress]] = [:]
    func add(_ name: String, _ value: String, at place: Place) {
      guard let address = ServiceAddress(value, at: place) else { return }
      found[name, default: []].append(address)
    }
    for service in compose where service.context == frontend.path {
      for variable in service.variables {
        if let value = variable.value { add(variable.name, value, at: variable.place) }
      }
    }
    for name in Self.exampleFiles {
      let path = ProjectTree.join(frontend.path, name)
      guard let source = try? tree.read(path, limit: 1 << 20) else { continue }
      let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, row) in rows.enumerated().prefix(Self.maximumLines) {
        let parts = row.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { continue }
        let name = parts[0].trimmingCharacters(in: .whitespaces)
        add(name, String(parts[1]), at: source.place(line: index + 1))
      }
    }
    return found
  }

  // MARK: What does not fit

  /// `destination: "http://localhost:8000/:path*"`: right on a developer's machine, and the container itself in one.
  private mutating func checkRewrites(of frontend: Service) {
    guard let next = frontend.next, let file = next.configFile, next.settings.hasRewrites,
      let path = ProjectPath.resolve(file, from: frontend.path), let source = tree.source(path)
    else { return }
    for (text, offset) in JSRewrites.destinations(in: source) {
      guard let address = ServiceAddress(text, at: source.place(at: offset)), address.isLocal,
        let backend = backend(at: address)
      else { continue }
      findings.note(
        "FORGE-K003", .warning,
        "requests to \(backend.name) are rewritten to \(DisplayText.escape(address.host)), which in "
          + "a container is the container itself",
        at: address.place, subject: .service(backend.name),
        fix: "read the address from a variable; it is fixed when the image is built, to "
          + "http://\(backend.name):\(backend.port) for instance")
    }
  }

  /// An address on this machine with a port that no service listens on is a mistake, or an old one.
  private mutating func checkPort(
    of addresses: [ServiceAddress], against backend: Service, _ variable: EnvironmentVariable
  ) {
    for address in addresses where address.isLocal {
      guard let port = address.port, port != backend.port else { continue }
      findings.note(
        "FORGE-K001", .warning,
        "\(variable.name) names port \(port), but \(backend.name) listens on \(backend.port)",
        at: address.place, subject: .variable(variable.name),
        fix: "bring the two into line, or publish the service on that port")
      return
    }
  }

  /// An address that goes on in a path under which the backend answers nothing.
  private mutating func checkPath(
    of addresses: [ServiceAddress], against backend: Service, _ variable: EnvironmentVariable
  ) {
    guard let facts = backend.fastapi, let routes = facts.routes, !routes.isEmpty else { return }
    func answers(_ path: String) -> Bool {
      routes.contains { $0 == path || $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
    }
    let wrong = addresses.first { address in
      guard !address.path.isEmpty else { return false }
      var inner = address.path
      if let root = facts.rootPath, inner.hasPrefix(root) { inner.removeFirst(root.count) }
      return !inner.isEmpty && !answers(address.path) && !answers(inner)
    }
    guard let wrong else { return }
    // A single route like `/health` says nothing of where the others are.
    var known = routes.prefix(4).joined(separator: ", ")
    if routes.count > 4 { known += ", …" }
    findings.note(
      "FORGE-K002", .warning,
      "\(variable.name) goes on in \(wrong.path), but \(backend.name) answers nothing there "
        + "(\(known))",
      at: wrong.place, subject: .variable(variable.name),
      fix: "bring the path and the prefixes of the routers into line")
  }

  /// Browsers call a backend at another address only where its `CORSMiddleware` names theirs. One finding a backend.
  private mutating func checkOrigins(
    of backend: Service, calledBy frontend: Service, with variable: EnvironmentVariable
  ) {
    guard Self.isReadInBrowsers(variable, of: frontend), let facts = backend.fastapi,
      checkedOrigins.insert(backend.path).inserted
    else { return }
    let subject = Finding.Subject.service(backend.name)
    guard let cors = facts.cors else {
      // An application whose making is not in the code that was read may have one there.
      guard facts.routes != nil else { return }
      findings.note(
        "FORGE-K010", .warning,
        "\(frontend.name) calls \(backend.name) from browsers, which refuse the answer: it has no "
          + "CORSMiddleware",
        at: facts.place, subject: subject,
        fix: "add CORSMiddleware with the frontend's address, or call it through a rewrite of "
          + "Next.js")
      return
    }
    guard !cors.isOpenEnded, !cors.origins.contains("*") else { return }
    let addresses = cors.origins.compactMap { ServiceAddress($0, at: cors.place) }
    guard addresses.allSatisfy(\.isLocal) else { return }
    let origins = cors.origins.joined(separator: ", ")
    if !addresses.contains(where: { $0.port == frontend.port }) {
      findings.note(
        "FORGE-K011", .warning,
        "\(backend.name) lets browsers in from \(origins), but \(frontend.name) listens on "
          + "\(frontend.port)",
        at: cors.place, subject: subject, fix: "bring the two into line")
    }
    findings.note(
      "FORGE-K012", .info,
      "\(backend.name) lets browsers in from this machine only (\(origins))", at: cors.place,
      subject: subject,
      fix: "read the allowed origins from a variable, so that a deployment can name its own")
  }

  /// A variable that only the configuration reads never reaches a browser.
  private static func isReadInBrowsers(_ variable: EnvironmentVariable, of frontend: Service)
    -> Bool
  {
    guard variable.name.hasPrefix("NEXT_PUBLIC_") else { return false }
    guard let written = frontend.next?.configFile else { return true }
    let config = ProjectPath.resolve(written, from: frontend.path)
    return !variable.places.allSatisfy { $0.sourceFile == config }
  }
}
