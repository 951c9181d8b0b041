import ForgeBasics
import ForgeCodebase

/// What runs in a cluster, and who talks to whom: the one value that a chart, scripts and a guide are views of. The JSON
/// of `forge chart --format json`; keys keep their name and meaning.
package struct Application: Codable, Sendable, Equatable {
  package let schemaVersion: Int
  /// A DNS label, after the analysed folder.
  package let name: String
  /// Servers first in the order of the services, each followed by what belongs to it.
  package let components: [Component]
  package let connections: [Connection]
  /// What the code does not tell, so that whoever deploys must look.
  package let unknowns: [Unknown]

  package init(
    name: String, components: [Component], connections: [Connection] = [], unknowns: [Unknown] = []
  ) {
    schemaVersion = 1
    self.name = name
    self.components = components
    self.connections = connections
    self.unknowns = unknowns
  }

  /// A fact that a cluster needs and the code does not tell.
  package struct Unknown: Codable, Sendable, Equatable {
    /// The service that it is about.
    package let service: String
    package let what: String
    /// What was taken instead, or what to look at.
    package let instead: String
    /// `file:line` of what raises the question; sorted.
    package let sources: [String]

    package init(service: String, what: String, instead: String, sources: [String] = []) {
      self.service = service
      self.what = what
      self.instead = instead
      self.sources = sources
    }
  }

  package func component(_ name: String) -> Component? { components.first { $0.name == name } }
}
