import ForgeCatalogue
import ForgeJavaScript
import ForgeSyntax

/// The table `recipes/data/node-clients.yaml`: clients that throw where they are made without their settings.
struct NodeClients: Decodable, Sendable {
  struct Setting: Decodable, Sendable {
    /// Its place among the arguments.
    let argument: Int?
    /// Its key in the first argument.
    let key: String?
    /// The variable that the client reads itself.
    let variable: String?
    let placeholder: String?
  }

  struct Client: Decodable, Sendable {
    let package: String
    let exports: [String]
    let settings: [Setting]
  }

  let clients: [Client]

  static let table: [String: Client] = {
    let table = try? Catalogue.decode(NodeClients.self, from: "data/node-clients.yaml")
    return Dictionary((table?.clients ?? []).map { ($0.package, $0) }) { first, _ in first }
  }()

  /// What a call cannot do without; empty for calls of anything else.
  static func settings(of call: JSEnvironmentFacts.ImportedCall) -> [Setting] {
    guard let client = table[call.module], client.exports.contains(call.imported),
      call.member.isEmpty
    else { return [] }
    return client.settings
  }

  /// The variables that a client reads itself, because the call leaves their settings out.
  static func ownVariables(of call: JSEnvironmentFacts.ImportedCall) -> [Setting] {
    settings(of: call).filter { setting in
      guard setting.variable != nil else { return false }
      if let argument = setting.argument { return call.argumentCount <= argument }
      guard let key = setting.key, let keys = call.keys else { return false }
      return !keys.contains(key)
    }
  }
}
