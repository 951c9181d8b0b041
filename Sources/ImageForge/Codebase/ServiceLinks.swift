/// Which service reaches which: a frontend that reads a variable named like the address of its API.
enum ServiceLinks {
  /// Links are drawn only where there is one backend, for nothing says which one an address means.
  static func find(_ services: [Service]) -> [ServiceLink] {
    let backends = services.filter { $0.kind == .fastapi }
    guard backends.count == 1, let backend = backends.first else { return [] }
    return services.filter { $0.kind == .nextjs }.flatMap { frontend in
      frontend.environment.filter { isAddress($0.name, of: backend) }.map {
        ServiceLink(from: frontend.name, to: backend.name, variable: $0.name)
      }
    }
  }

  private static let endings: Set<Substring> = ["URL", "URI", "HOST", "ORIGIN", "ENDPOINT", "BASE"]
  private static let targets: Set<Substring> = ["API", "BACKEND", "SERVER", "FASTAPI"]
  private static let fillers: Set<Substring> = ["NEXT", "PUBLIC", "INTERNAL", "BASE", "HTTP", "REST", "APP"]

  /// `NEXT_PUBLIC_API_URL`, `BACKEND_URL`, `TODO_API_BASE_URL` for a backend `todo-…`; but not `OPENAI_API_URL`.
  static func isAddress(_ name: String, of backend: Service) -> Bool {
    let own = Set(backend.name.uppercased().split { !$0.isLetter && !$0.isNumber })
    let words = name.uppercased().split(separator: "_")
    guard let last = words.last, endings.contains(last) else { return false }
    return words.contains { targets.contains($0) || own.contains($0) }
      && words.allSatisfy { endings.contains($0) || targets.contains($0) || fillers.contains($0) || own.contains($0) }
  }
}
