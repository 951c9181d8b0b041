import ForgeFindings
import ForgeBasics

/// What forge concluded about a folder. The JSON of `forge analyze`; keys keep their name and meaning.
public struct Analysis: Codable, Sendable, Equatable {
  public let schemaVersion: Int
  /// The analysed folder, as the user named it.
  public let root: String
  /// Sorted by path.
  public let services: [Service]
  public let links: [ServiceLink]
  /// What concerns no single service.
  public let findings: [Finding]

  public init(
    root: String, services: [Service], links: [ServiceLink] = [], findings: [Finding] = []
  ) {
    schemaVersion = 1
    self.root = root
    self.services = services
    self.links = links
    self.findings = findings
  }
}

extension Analysis {
  /// Two services of one folder, of which each would write the other's Dockerfile; nil where none share one.
  package static func sharing(_ services: [Service]) -> (Service, Service)? {
    var seen: [String: Service] = [:]
    for service in services {
      if let other = seen.updateValue(service, forKey: service.path) { return (other, service) }
    }
    return nil
  }
}
