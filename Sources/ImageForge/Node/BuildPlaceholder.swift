import ForgeBasics

/// Values that stand in for those of variables while an image is built: nobody reads them, but code that `next build`
/// loads wants some.
enum BuildPlaceholder {
  private static let postgres = "postgresql://user:placeholder@localhost:5432/placeholder"
  /// Words that the names of addresses begin with, the surest first.
  private static let servers: [(word: String, address: String)] = [
    ("MONGO", "mongodb://localhost:27017/placeholder"),
    ("MYSQL", "mysql://user:placeholder@localhost:3306/placeholder"),
    ("REDIS", "redis://localhost:6379"), ("KV", "redis://localhost:6379"),
    ("AMQP", "amqp://localhost:5672"), ("RABBIT", "amqp://localhost:5672"),
    ("DATABASE", postgres), ("POSTGRES", postgres), ("PG", postgres), ("DB", postgres),
  ]

  /// - Parameter examples: values that the code is known to take.
  static func text(for name: String, examples: [String]) -> String {
    let words = Set(name.uppercased().split(separator: "_"))
    let isAddress = !words.isDisjoint(with: ["URL", "URI", "DSN"])
    // Any address will do for a schema; a client wants one of its own kind.
    let own = examples.first { !$0.hasPrefix("https://example") }
    if let own, own != "placeholder", PlainText.isPlaceholder(own) { return own }
    if isAddress {
      let known = servers.first { server in words.contains { $0.hasPrefix(server.word) } }
      return known?.address ?? "https://placeholder.invalid"
    }
    if let any = examples.first(where: PlainText.isPlaceholder) { return any }
    return "placeholder"
  }
}
