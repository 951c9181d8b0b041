import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import Foundation
import Yams

/// Reads policies, one upon the other: profile, what is extended, the file itself.
struct PolicyReader {
  private let source: String
  private var policy: Policy
  /// Files that are being read, from the first one.
  private let chain: [String]

  private static let maximumDepth = 8

  static let keys = SettingsFile.sections
  static let sizeKeys = [
    "max", "metric", "layer", "paths", "packages", "waste", "efficiency", "growth",
  ]
  static let assertKeys = [
    "no-setuid", "no-world-writable", "no-shell", "newest", "files", "absent",
  ]

  static func text(of path: String) throws(PolicyError) -> String {
    do throws(BoundedFileError) {
      let bytes = try BoundedFile.read(path, limit: SettingsFile.maximumSize, kind: .anything)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      let reason =
        switch error.reason {
        case .tooLarge: SettingsFile.tooLarge
        default: "the policy file cannot be read; check the path and its permissions"
        }
      throw PolicyError(location: path, reason: reason)
    }
  }

  static func policy(_ text: String, source: String?, profile: Policy.Profile?) throws(PolicyError)
    -> Policy
  {
    var start = Policy()
    start.source = source
    let name = source ?? "the built-in policy"
    // A team that wrote a policy agreed to the rules of its day, and says so by the version; forge's own has the newest.
    if source != nil {
      start.version = 1
      start.origins["version"] = "\(name) names none"
    }
    // A profile is what everything else builds on, wherever it is named.
    let chosen: Policy.Profile?
    if let profile {
      chosen = profile
    } else {
      chosen = try PolicyReader(name, Policy(), []).profile(text)
    }
    if let chosen {
      let file = "profiles/\(chosen.rawValue).yaml"
      var reader = PolicyReader("profile \(chosen.rawValue)", start, [file])
      try reader.read(Catalogue.text(file) ?? "")
      start = reader.policy
      start.profile = chosen
      start.origins["profile"] = profile == nil ? name : "--profile"
    }
    var reader = PolicyReader(name, start, source.map { [$0] } ?? [])
    try reader.read(text)
    return reader.policy
  }

  private init(_ source: String, _ policy: Policy, _ chain: [String]) {
    self.source = source
    self.policy = policy
    self.chain = chain
  }

  private func compose(_ text: String) throws(PolicyError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch {
      // Never the text of the file, which may be somebody else's.
      let problem = YAMLProblem(error)
      throw PolicyError(location: "\(source):\(problem.line)", reason: problem.reason)
    }
  }

  private func profile(_ text: String) throws(PolicyError) -> Policy.Profile? {
    guard let root = try compose(text), root.mapping != nil else { return nil }
    for (key, value) in try mapping(root, keys: Self.keys) where key == "profile" {
      return try choice(value, "profile")
    }
    return nil
  }

  private mutating func read(_ text: String) throws(PolicyError) {
    guard let root = try compose(text) else { return }
    let members = try mapping(root, keys: Self.keys)
    for (key, value) in members where key == "extends" { try extend(value) }
    // The other sections are read by other rooms.
    for (key, value) in members where SettingsFile.policy.contains(key) { try read(key, value) }
  }

  private mutating func read(_ key: String, _ value: Node) throws(PolicyError) {
    switch key {
    case "profile", "extends": return
    case "version":
      guard let version = value.int, (1...RuleCatalogue.currentVersion).contains(version) else {
        throw failure(
          value,
          "`version` must be \(RuleCatalogue.currentVersion == 1 ? "1" : "1 to \(RuleCatalogue.currentVersion)")"
        )
      }
      policy.version = version
    case "size": return try readSize(value)
    case "layers":
      guard let count = value.int, count > 0 else {
        throw failure(value, "`layers` must be a number of layers")
      }
      policy.maximumLayers = count
    case "baseline": policy.baseline = beside(try text(value, "baseline"))
    case "fail-on": policy.failOn = try choice(value, "fail-on")
    case "numeric-user": policy.needsNumericUser = try flag(value, "numeric-user")
    case "rules": return try readRules(value)
    case "assert": return try readAssertions(value)
    default: return try readSuppressions(value)
    }
    note(key, value)
  }

  private mutating func note(_ key: String, _ node: Node) {
    policy.origins[key] = node.mark.map { "\(source):\($0.line)" } ?? source
  }

  // MARK: Extends

  private mutating func extend(_ node: Node) throws(PolicyError) {
    let names: [Node] = node.sequence.map { Array($0) } ?? [node]
    for name in names {
      let path = beside(try text(name, "extends"))
      guard isReadable(path) else {
        throw failure(
          name,
          "`extends` leads to \(DisplayText.escape(path)), which is not in this repository; copy it there, or name it "
            + "with --policy or --organisation-policy")
      }
      guard !chain.contains(path) else {
        throw failure(name, "`extends` leads back to \(DisplayText.escape(path))")
      }
      guard chain.count < Self.maximumDepth, names.count <= Self.maximumDepth else {
        throw failure(name, "`extends` goes through more than \(Self.maximumDepth) files")
      }
      var reader = PolicyReader(path, policy, chain + [path])
      try reader.read(try Self.text(of: path))
      policy = reader.policy
    }
  }

  /// Whether a policy may be built on a file: one of its repository, or of its own folder where there is none. Files of
  /// the machine are nobody's policy, and a message about one would show what is in it.
  private func isReadable(_ path: String) -> Bool {
    let first = chain.first { !$0.hasPrefix("profiles/") } ?? source
    let slash = first.lastIndex(of: "/")
    let folder = slash.map { $0 == first.startIndex ? "/" : String(first[..<$0]) } ?? "."
    let limit = SettingsFile.repository(of: folder) ?? SettingsFile.realPath(folder)
    // What is not there is said by whoever opens it.
    guard let limit, SettingsFile.realPath(path) != nil else { return true }
    var status = stat()
    return SettingsFile.lies(path, in: limit) && stat(path, &status) == 0
      && status.st_mode & S_IFMT == S_IFREG
  }

  /// A path as this file means it.
  private func beside(_ path: String) -> String {
    guard !path.hasPrefix("/"), let slash = source.lastIndex(of: "/") else { return path }
    return String(source[...slash]) + path
  }

  // MARK: Parts

  private mutating func readSize(_ node: Node) throws(PolicyError) {
    for (key, value) in try mapping(node, keys: Self.sizeKeys) {
      switch key {
      case "metric": policy.metric = try choice(value, "size.metric")
      case "max": policy.maximumSize = try size(value, "size.max")
      case "layer": policy.maximumLayer = try size(value, "size.layer")
      case "waste": policy.maximumWaste = try size(value, "size.waste", least: 0)
      case "paths": policy.pathLimits = try limits(value, "size.paths")
      case "packages": policy.packageLimits = try limits(value, "size.packages")
      case "efficiency":
        guard let share = Self.share(value), (0...1).contains(share) else {
          throw failure(value, "`size.efficiency` must be from 0 to 1, or a percentage such as 95%")
        }
        policy.leastEfficiency = share
      default: policy.growth = try growth(value)
      }
      note("size.\(key)", value)
    }
  }

  private static func share(_ node: Node) -> Double? {
    guard let text = node.scalar?.string else { return nil }
    return text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
  }

  private func growth(_ node: Node) throws(PolicyError) -> Policy.Growth {
    if let text = node.scalar?.string {
      if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent >= 0, percent <= 10_000
      {
        return .permille(Int64(percent * 10))
      }
      if let bytes = ByteCount.parse(text) { return .bytes(bytes) }
    }
    throw failure(node, "`size.growth` must be a percentage such as 5%, or a size such as 10MB")
  }

  private func limits(_ node: Node, _ key: String) throws(PolicyError) -> [Policy.Limit] {
    guard let mapping = node.mapping else {
      throw failure(node, "`\(key)` must map names to sizes")
    }
    var limits: [Policy.Limit] = []
    for (name, value) in mapping {
      limits.append(
        Policy.Limit(
          name: try text(name, key),
          bytes: try size(value, "\(key).\(name.scalar?.string ?? "")", least: 0))
      )
    }
    return limits
  }

  private mutating func readRules(_ node: Node) throws(PolicyError) {
    for (id, value) in try mapping(node, keys: RuleCatalogue.rules.map(\.id.rawValue)) {
      // YAML 1.1 reads a bare `off` as the boolean false.
      if value.scalar?.string == "off" || value.bool == false {
        policy.rules[FindingID(rawValue: id)] = .off
      } else {
        policy.rules[FindingID(rawValue: id)] = .severity(
          try choice(value, "rules.\(id)", also: ["off"]))
      }
      note("rules.\(id)", value)
    }
  }

  private mutating func readAssertions(_ node: Node) throws(PolicyError) {
    for (key, value) in try mapping(node, keys: Self.assertKeys) {
      switch key {
      case "no-setuid": policy.assertions.setuidExcept = try exceptions(value, "assert.no-setuid")
      case "no-world-writable":
        policy.assertions.worldWritableExcept = try exceptions(value, "assert.no-world-writable")
      case "no-shell": policy.assertions.forbidsShell = try flag(value, "assert.no-shell")
      case "absent": policy.assertions.absent = try texts(value, "assert.absent")
      case "newest":
        var rows: [FileAssertions.Newest] = []
        for row in try list(value, "assert.newest") {
          let members = try members(row, keys: ["path", "date"], required: ["path", "date"])
          rows.append(
            .init(
              path: try text(members["path"], row, "path"),
              date: try date(members["date"], row, "date")))
        }
        policy.assertions.newest = rows
      default:
        var rows: [FileAssertions.File] = []
        for row in try list(value, "assert.files") {
          let members = try members(row, keys: ["path", "mode", "uid", "gid"], required: ["path"])
          rows.append(
            .init(
              path: try text(members["path"], row, "path"), mode: try mode(members["mode"]),
              uid: try number(members["uid"], "uid"), gid: try number(members["gid"], "gid")))
        }
        policy.assertions.files = rows
      }
      note("assert.\(key)", value)
    }
  }

  /// `true`, or `{except: [patterns]}`; nil for `false`.
  private func exceptions(_ node: Node, _ key: String) throws(PolicyError) -> [String]? {
    guard node.mapping != nil else { return try flag(node, key) ? [] : nil }
    for (_, value) in try mapping(node, keys: ["except"]) {
      return try texts(value, "\(key).except")
    }
    return []
  }

  private mutating func readSuppressions(_ node: Node) throws(PolicyError) {
    for row in try list(node, "suppress") {
      let members = try members(
        row, keys: ["rule", "reason", "expires"] + Self.scopeKeys, required: ["rule", "reason"])
      let rule = try text(members["rule"], row, "rule")
      let id = FindingID(rawValue: rule)
      let known = RuleCatalogue.rules.map(\.id)
      guard known.contains(id) || id.isOfArchive else {
        let near = NearestKey.hint(rule, among: known.map(\.rawValue))
        throw failure(members["rule"] ?? row, "there is no rule \(DisplayText.escape(rule))\(near)")
      }
      let reason = try text(members["reason"], row, "reason")
      guard reason.count >= 8 else {
        throw failure(members["reason"] ?? row, "`reason` must say why, in a few words")
      }
      policy.suppressions.append(
        Suppression(
          rule: id,
          scope: try scope(members),
          reason: reason,
          expires: try members["expires"].map { (node) throws(PolicyError) in
            try date(node, row, "expires")
          },
          source: .source(file: source, line: row.mark?.line)))
    }
    note("suppress", node)
  }

  private static let scopeKeys = ["path", "image", "variable", "package", "fingerprint"]

  private func scope(_ members: [String: Node]) throws(PolicyError) -> Suppression.Scope {
    func text(_ key: String) throws(PolicyError) -> String? {
      guard let node = members[key] else { return nil }
      return try self.text(node, key)
    }
    var scope = Suppression.Scope(path: try text("path"), image: try text("image"))
    scope.variable = try text("variable")
    scope.package = try text("package")
    scope.fingerprint = try text("fingerprint")
    // A few digits would mean every tenth value.
    if let fingerprint = scope.fingerprint, fingerprint.count < 4, let node = members["fingerprint"]
    {
      throw failure(node, "`fingerprint` must have the digits that the finding shows")
    }
    return scope
  }

  // MARK: Values

  private func text(_ node: Node?, _ parent: Node, _ key: String) throws(PolicyError) -> String {
    guard let node else { throw failure(parent, "`\(key)` is missing") }
    return try text(node, key)
  }

  private func text(_ node: Node, _ key: String) throws(PolicyError) -> String {
    guard let text = node.scalar?.string, !text.isEmpty, text.utf8.count <= 4096 else {
      throw failure(node, "`\(key)` must be a text")
    }
    return text
  }

  private func list(_ node: Node, _ key: String) throws(PolicyError) -> [Node] {
    guard let sequence = node.sequence, sequence.count <= 10_000 else {
      throw failure(node, "`\(key)` must be a list")
    }
    return Array(sequence)
  }

  private func texts(_ node: Node, _ key: String) throws(PolicyError) -> [String] {
    var texts: [String] = []
    for element in try list(node, key) { texts.append(try text(element, key)) }
    return texts
  }

  private func flag(_ node: Node, _ key: String) throws(PolicyError) -> Bool {
    guard let flag = node.bool else { throw failure(node, "`\(key)` must be true or false") }
    return flag
  }

  private func date(_ node: Node?, _ parent: Node, _ key: String) throws(PolicyError) -> String {
    let text = try text(node, parent, key)
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard text.count == 10, parts.count == 3, (1970...9999).contains(parts[0]),
      (1...12).contains(parts[1]),
      (1...31).contains(parts[2])
    else { throw failure(node ?? parent, "`\(key)` must be a day such as 2027-01-31") }
    return text
  }

  private func mode(_ node: Node?) throws(PolicyError) -> UInt16? {
    guard let node else { return nil }
    guard let text = node.scalar?.string, let mode = UInt16(text, radix: 8), mode <= 0o7777 else {
      throw failure(node, "`mode` must be octal, such as \"0644\"")
    }
    return mode
  }

  private func number(_ node: Node?, _ key: String) throws(PolicyError) -> UInt32? {
    guard let node else { return nil }
    guard let number = node.int.flatMap({ UInt32(exactly: $0) }) else {
      throw failure(node, "`\(key)` must be a number")
    }
    return number
  }

  private func size(_ node: Node, _ key: String, least: Int64 = 1) throws(PolicyError) -> Int64 {
    guard let bytes = node.scalar.flatMap({ ByteCount.parse($0.string) }), bytes >= least else {
      throw failure(
        node, "`\(DisplayText.escape(key))` must be a size such as 200MB, 1.5 GB or 180MiB")
    }
    return bytes
  }

  private func members(_ node: Node, keys: [String], required: [String]) throws(PolicyError)
    -> [String: Node]
  {
    let members = Dictionary(try mapping(node, keys: keys), uniquingKeysWith: { first, _ in first })
    for key in required where members[key] == nil { throw failure(node, "`\(key)` is missing") }
    return members
  }

  /// The members of a mapping, in order; refuses keys that are not in `keys`.
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
