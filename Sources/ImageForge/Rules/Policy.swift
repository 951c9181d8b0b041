import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import Foundation

/// What an image must keep to. Read from `forge.yaml`; without one, `Policy()` is in force.
public struct Policy: Sendable, Equatable {
  /// Which of the sizes of an image the limit is on.
  public enum Metric: String, Sendable, CaseIterable, Codable {
    case compressed, unpacked, stored, rootfs
  }

  public enum Setting: Sendable, Equatable {
    case off
    case severity(Severity)
  }

  /// A set of rules and limits to start from, below `recipes/profiles/`.
  public enum Profile: String, Sendable, CaseIterable, Codable {
    case strict, `default`, legacy, kubernetes
  }

  /// Bytes that what is called `name` may have: a pattern of paths, or an owner such as `npm` or `deb:perl`.
  public struct Limit: Sendable, Equatable {
    public let name: String
    public let bytes: Int64
  }

  /// How much an image may grow against the baseline.
  public enum Growth: Sendable, Equatable {
    case bytes(Int64)
    /// Thousandths of the baseline.
    case permille(Int64)
  }

  /// The version of the rules that the team has agreed to: a rule that is newer only warns. A policy file that names
  /// none has agreed to the first; without a file, the newest are in force.
  public var version = RuleCatalogue.currentVersion
  public var profile = Profile.default
  /// Bytes.
  public var maximumSize: Int64 = 200_000_000
  public var metric: Metric = .stored
  /// Bytes that one layer may store; nil: no limit, as in what follows.
  public var maximumLayer: Int64?
  public var pathLimits: [Limit] = []
  public var packageLimits: [Limit] = []
  public var maximumWaste: Int64?
  /// Of rootfs to stored, from 0 to 1.
  public var leastEfficiency: Double?
  public var growth = Growth.permille(100)
  public var maximumLayers = 127
  /// The file of sizes to compare with; nil: none.
  public var baseline: String?
  /// Findings of this severity or above fail the gate.
  public var failOn: Severity = .error
  /// By rule id.
  public var rules: [FindingID: Setting] = [:]
  /// Whether USER must be a number, as Kubernetes' runAsNonRoot wants it.
  public var needsNumericUser = false
  public var assertions = FileAssertions()
  public var suppressions: [Suppression] = []
  /// The file that it was read from; nil for the default policy.
  public var source: String?
  /// Policies of the organisation, which must hold besides: this one may be stricter than they are, never looser.
  public var floors: [Policy] = []
  /// Where each value that is not the default comes from, by its key.
  public var origins: [String: String] = [:]

  public init() {}

  /// The severity of a rule under this policy; nil when it is switched off.
  package func severity(of rule: Rule) -> Severity? {
    let setting = rules[rule.id] ?? rule.formerly.lazy.compactMap { rules[$0] }.first
    return switch setting {
    case .off: nil
    case .severity(let severity): severity
    case nil: rule.since > version ? min(rule.severity, .warning) : rule.severity
    }
  }
}

/// A finding that the team accepts, for a reason and perhaps for a time.
public struct Suppression: Sendable, Equatable, Codable {
  /// The rule, by its id or by one that stood for it before.
  public let rule: FindingID
  /// Which of the rule's findings.
  public let scope: Scope
  public let reason: String
  /// The last day, `2027-01-31`; nil: for ever.
  public let expires: String?
  /// The line of the policy that says so.
  public let source: Place

  /// Which of the findings of a rule are accepted: those of which all that is named holds.
  public struct Scope: Sendable, Equatable, Codable {
    /// Files of this pattern.
    public var path: String?
    /// Images whose reference is of this pattern.
    public var image: String?
    /// The variable of the environment.
    public var variable: String?
    /// The package.
    public var package: String?
    /// The secret whose value has a SHA-256 that begins so, as the finding says it.
    public var fingerprint: String?

    public init(path: String? = nil, image: String? = nil) {
      self.path = path
      self.image = image
    }

    /// Whether nothing but paths and images are named.
    var isOfFiles: Bool { variable == nil && package == nil && fingerprint == nil }
  }

  /// Only for files of this pattern; nil: for all that the rule finds.
  public var path: String? { scope.path }
  /// Only for images whose reference is of this pattern.
  public var image: String? { scope.image }

  /// A suppression as a policy states it.
  public init(
    rule: FindingID, scope: Scope = Scope(), reason: String, expires: String? = nil, source: Place
  ) {
    self.rule = rule
    self.scope = scope
    self.reason = reason
    self.expires = expires
    self.source = source
  }

  private enum CodingKeys: String, CodingKey {
    case rule, reason, expires, source
  }

  /// Reads forge's JSON, in which the source is a text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      rule: try container.decode(FindingID.self, forKey: .rule),
      scope: try Scope(from: decoder),
      reason: try container.decode(String.self, forKey: .reason),
      expires: try container.decodeIfPresent(String.self, forKey: .expires),
      source: .text(try container.decode(String.self, forKey: .source)))
  }

  /// Writes the source as `file:line`.
  public func encode(to encoder: any Encoder) throws {
    try scope.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rule, forKey: .rule)
    try container.encode(reason, forKey: .reason)
    try container.encodeIfPresent(expires, forKey: .expires)
    try container.encode(source.description, forKey: .source)
  }

  /// Whether findings of an id are meant, also where the policy names an id that stood for them before.
  package func covers(_ id: FindingID) -> Bool {
    rule == id || RuleCatalogue.rule(id)?.formerly.contains(rule) == true
  }
}

/// What must hold of the files that the final root filesystem shows.
public struct FileAssertions: Sendable, Equatable {
  /// A file that must be there; nil members may be anything.
  public struct File: Sendable, Equatable {
    public let path: String
    public let mode: UInt16?
    public let uid: UInt32?
    public let gid: UInt32?
  }

  /// Nothing of a pattern may have changed after a day.
  public struct Newest: Sendable, Equatable {
    public let path: String
    /// `2026-01-31`.
    public let date: String
  }

  /// Patterns of what may be setuid or setgid; nil: everything.
  public var setuidExcept: [String]?
  public var worldWritableExcept: [String]?
  public var forbidsShell = false
  public var newest: [Newest] = []
  public var files: [File] = []
  /// Patterns of which there must be nothing.
  public var absent: [String] = []

  public init() {}
}

/// A policy that cannot be used, and where.
public struct PolicyError: ForgeError, Equatable {
  /// `file:line`.
  public let location: String
  public let reason: String
  public var exitCode: ExitCode { .usage }
  public var description: String { "\(DisplayText.escape(location)): \(reason)" }
}
