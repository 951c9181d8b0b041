import ForgeBasics
import ForgeFindings

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

/// A file that could not be read, so that what it belongs to was left out of an analysis.
public struct PartialAnalysisError: ForgeError, Equatable {
  /// `file:line`.
  public let location: String

  public var exitCode: ExitCode { .unreadableInput }

  public var description: String {
    "\(DisplayText.escape(location)): what this file belongs to was left out (FORGE-T011); mend the "
      + "file, or take its folder out"
  }
}

extension Analysis {
  /// - Throws: `PartialAnalysisError` where something was left out because a file of it cannot be read.
  public func requireWhole() throws(PartialAnalysisError) {
    let lost = findings.first { $0.id == "FORGE-T011" && $0.severity == .error }
    guard let lost else { return }
    throw PartialAnalysisError(location: lost.location ?? root)
  }
}
