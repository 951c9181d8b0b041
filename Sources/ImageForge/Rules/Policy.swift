import ForgeBasics
import Foundation
import Yams

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

  /// Bytes.
  public var maximumSize: Int64 = 200_000_000
  public var metric: Metric = .stored
  /// Findings of this severity or above fail the gate.
  public var failOn: Severity = .error
  /// By rule id.
  public var rules: [String: Setting] = [:]
  /// The file that it was read from; nil for the default policy.
  public var source: String?

  public init() {}

  /// The severity of a rule under this policy; nil when it is switched off.
  package func severity(of rule: Rule) -> Severity? {
    switch rules[rule.id] {
    case .off: nil
    case .severity(let severity): severity
    case nil: rule.severity
    }
  }
}

/// A policy that cannot be used, and where.
public struct PolicyError: ForgeError, Equatable {
  /// `file:line`.
  public let location: String
  public let reason: String
  public var exitCode: ExitCode { .usage }
  public var description: String { "\(DisplayText.escape(location)): \(reason)" }
}

extension Policy {
  /// The policy of a folder: its `forge.yaml`, or the default where there is none.
  public static func find(in folder: String) throws(PolicyError) -> Policy {
    let path = folder.hasSuffix("/") ? folder + "forge.yaml" : folder + "/forge.yaml"
    return FileManager.default.fileExists(atPath: path) ? try load(path) : Policy()
  }

  /// Reads a policy file. An unknown key is an error that names the nearest known one.
  public static func load(_ path: String) throws(PolicyError) -> Policy {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PolicyError(location: path, reason: "the policy file cannot be read; check the path and its permissions")
    }
    guard data.count <= 1 << 20 else { throw PolicyError(location: path, reason: "larger than 1 MiB: not a policy") }
    return try parse(String(decoding: data, as: UTF8.self), source: path)
  }

  /// Reads the text of a policy file.
  public static func parse(_ text: String, source: String) throws(PolicyError) -> Policy {
    var reader = PolicyReader(source: source)
    return try reader.read(text)
  }
}

private struct PolicyReader {
  let source: String
  private var policy = Policy()

  init(source: String) {
    self.source = source
    policy.source = source
  }

  mutating func read(_ text: String) throws(PolicyError) -> Policy {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw PolicyError(location: source, reason: "not valid YAML: \(error)")
    } catch {
      throw PolicyError(location: source, reason: "\(error)")
    }
    guard let root else { return policy }
    for (key, value) in try mapping(root, keys: SettingsFile.sections) {
      switch key {
      case "version":
        guard value.int == 1 else { throw failure(value, "`version` must be 1") }
      case "size": try readSize(value)
      case "fail-on": policy.failOn = try choice(value, "fail-on")
      case "rules": try readRules(value)
      // A section of another room.
      default: break
      }
    }
    return policy
  }

  private mutating func readSize(_ node: Node) throws(PolicyError) {
    for (key, value) in try mapping(node, keys: ["max", "metric"]) {
      if key == "metric" {
        policy.metric = try choice(value, "size.metric")
      } else {
        guard let bytes = value.scalar.flatMap({ ByteCount.parse($0.string) }), bytes > 0 else {
          throw failure(value, "`size.max` must be a size such as 200MB, 1.5 GB or 180MiB")
        }
        policy.maximumSize = bytes
      }
    }
  }

  private mutating func readRules(_ node: Node) throws(PolicyError) {
    for (id, value) in try mapping(node, keys: RuleCatalogue.rules.map(\.id)) {
      // YAML 1.1 reads a bare `off` as the boolean false.
      if value.scalar?.string == "off" || value.bool == false {
        policy.rules[id] = .off
      } else {
        policy.rules[id] = .severity(try choice(value, "rules.\(id)", also: ["off"]))
      }
    }
  }

  /// The members of a mapping, in order; refuses keys that are not in `keys` or stand twice.
  private func mapping(_ node: Node, keys: [String]) throws(PolicyError) -> [(String, Node)] {
    guard let mapping = node.mapping else { throw failure(node, "expected keys and values") }
    var members: [(String, Node)] = []
    for (keyNode, value) in mapping {
      let key = keyNode.scalar?.string ?? ""
      guard keys.contains(key) else {
        throw failure(
          keyNode, "unknown key `\(DisplayText.escape(key))`" + NearestKey.hint(key, among: keys))
      }
      members.append((key, value))
    }
    return members
  }

  private func choice<Choice: CaseIterable & RawRepresentable>(
    _ node: Node, _ key: String, also: [String] = []
  ) throws(PolicyError) -> Choice where Choice.RawValue == String {
    guard let choice = node.scalar.flatMap({ Choice(rawValue: $0.string) }) else {
      let names = Choice.allCases.map(\.rawValue) + also
      throw failure(node, "`\(key)` must be one of \(names.joined(separator: ", "))")
    }
    return choice
  }

  private func failure(_ node: Node, _ reason: String) -> PolicyError {
    PolicyError(location: node.mark.map { "\(source):\($0.line)" } ?? source, reason: reason)
  }
}
