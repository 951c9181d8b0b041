import ForgeBasics

/// That one party opens connections to another, and why.
package struct Connection: Codable, Sendable, Equatable {
  package enum Purpose: String, Codable, Sendable {
    /// Browsers and other clients, through whatever the cluster lets requests in by.
    case ingress
    /// A component calls another one.
    case service
    case database
    /// A host on the internet.
    case external
    /// Clients of the Model Context Protocol in the cluster.
    case mcp
    /// Names to addresses.
    case dns
  }

  package enum Transport: String, Codable, Sendable {
    case tcp = "TCP"
    case udp = "UDP"
  }

  package struct Port: Codable, Sendable, Equatable {
    package let number: Int
    package let transport: Transport
  }

  /// One end of it.
  package struct Party: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable {
      case component
      /// The controller that lets requests in.
      case ingress
      /// Pods of other namespaces that speak the Model Context Protocol.
      case mcpClients = "mcp-clients"
      /// `postgresql`, `redis`: where it runs, only its URL tells.
      case database
      /// A host name outside of the cluster.
      case host
      case dns
    }

    package let kind: Kind
    package let name: String
  }

  package let from: Party
  package let to: Party
  package let purpose: Purpose
  package let ports: [Port]
  /// The variable that says where the other end is.
  @EncodesNull package var variable: String?
  /// The URL path of what is called.
  @EncodesNull package var path: String?
  package let reason: String
  /// `file:line` of what shows it; sorted.
  package let sources: [String]
}

extension Connection.Party {
  package static func component(_ name: String) -> Self { Self(kind: .component, name: name) }
  package static let ingress = Self(kind: .ingress, name: "ingress")
  package static let mcpClients = Self(kind: .mcpClients, name: "mcp-clients")
  package static let dns = Self(kind: .dns, name: "dns")
}

extension Connection.Port {
  package static func tcp(_ number: Int) -> Self { Self(number: number, transport: .tcp) }
}
