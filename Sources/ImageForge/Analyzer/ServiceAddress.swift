import ForgeCodebase
import ForgeFindings
import Foundation

/// The address of a web server, as a variable or a configuration holds it.
struct ServiceAddress {
  let host: String
  let port: Int?
  /// Empty where it is `/`, or cannot stand in an address as it is.
  let path: String
  let place: Place

  /// Whether it names the machine itself, which in a container is the container.
  var isLocal: Bool {
    ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "host.docker.internal"].contains(host)
  }

  /// Nil for what is no address of a web server.
  init?(_ text: String, at place: Place) {
    let bare = text.trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
    let schemes = ["http://", "https://", "ws://", "wss://"]
    guard let scheme = schemes.first(where: bare.hasPrefix) else { return nil }
    let rest = bare.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    let parts = authority.split(separator: ":", maxSplits: 1)
    host = parts.first?.lowercased() ?? ""
    port = parts.dropFirst().first.flatMap { Int($0) }
    var tail = String(rest.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" })
    while tail.hasSuffix("/") { tail.removeLast() }
    path = ProjectPath.isPlain(tail) ? tail : ""
    self.place = place
  }
}

/// What the name of a variable tells of the address that it holds.
enum AddressName {
  private static let endings: Set<Substring> = [
    "URL", "URI", "HOST", "ORIGIN", "ENDPOINT", "BASE", "ADDRESS", "SERVER",
  ]
  private static let targets: Set<Substring> = ["API", "BACKEND", "SERVER", "FASTAPI"]
  private static let fillers: Set<Substring> = [
    "NEXT", "PUBLIC", "INTERNAL", "BASE", "HTTP", "REST", "APP", "SERVER",
  ]

  /// `NEXT_PUBLIC_API_URL`, `BACKEND_URL`, `TODO_API_BASE_URL` for a backend `todo-…`; but not `OPENAI_API_URL`.
  static func isAddress(_ name: String, of backend: Service) -> Bool {
    let ownWords = Set(backend.name.uppercased().split { !$0.isLetter && !$0.isNumber })
    let words = name.uppercased().split(separator: "_")
    guard let last = words.last, endings.contains(last) else { return false }
    let naming = targets.union(ownWords)
    let known = naming.union(endings).union(fillers)
    return words.contains(where: naming.contains) && words.allSatisfy(known.contains)
  }
}
