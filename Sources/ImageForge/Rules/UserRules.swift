import ForgeBasics
import ForgeInspection

/// Who the container runs as, resolved as runtimes do (moby/sys/user, GetExecUser).
enum UserRules {
  enum Resolved: Equatable {
    case uid(Int64)
    case unknownName(String)
  }

  /// The uid that `config.User` stands for. The part before the first `:` counts; empty is root; whatever `Atoi`
  /// reads is a number, so `00` and `+0` are root; a name is the first match in /etc/passwd.
  static func resolve(_ user: String, passwd: [UInt8]?) -> Resolved {
    let name = String(user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
    if name.isEmpty { return .uid(0) }
    // The file is looked up first, by name: an account may even be called "0".
    if let account = accounts(passwd).first(where: { $0.name == name }) { return .uid(account.uid) }
    if let number = Int64(name) { return .uid(number) }
    return .unknownName(name)
  }

  /// The gid that the process has: the part after the `:`, or what /etc/passwd says; 0 where nothing does.
  static func group(_ user: String, passwd: [UInt8]?) -> Int64 {
    let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, let number = Int64(parts[1]) { return number }
    let name = String(parts.first ?? "")
    let rows = String(decoding: passwd ?? [], as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.split(separator: ":", omittingEmptySubsequences: false) }.filter { $0.count >= 4 }
    return rows.first { $0[0] == name || (Int64(name) != nil && Int64($0[2]) == Int64(name)) }
      .flatMap { Int64($0[3]) } ?? 0
  }

  private static func accounts(_ passwd: [UInt8]?) -> [(name: String, uid: Int64)] {
    String(decoding: passwd ?? [], as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 3, let uid = Int64(fields[2]) else { return nil }
      return (String(fields[0]), uid)
    }
  }

  static func root(_ inspection: Inspection) -> [Violation] {
    let user = inspection.image.user
    let resolved = resolve(user, passwd: inspection.details.passwd)
    guard resolved == .uid(0) || resolved == .unknownName("root") else { return [] }
    let spelling = user.isEmpty ? "no USER is set" : "USER is \"\(DisplayText.escape(user))\""
    return [
      Violation(
        message: "the container runs as root: \(spelling)", location: "config.User",
        fix: "end the last stage of the Dockerfile with a numeric user that is not 0, such as `USER 10001:10001`",
        evidence: .config)
    ]
  }

  static func outOfRange(_ inspection: Inspection) -> [Violation] {
    let parts = inspection.image.user.split(separator: ":", omittingEmptySubsequences: false)
    let limit = Int64(Int32.max)
    let isBad = parts.contains { part in
      let digits = part.drop { $0 == "+" || $0 == "-" }
      guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
      guard let number = Int64(part) else { return true }
      return number < 0 || number > limit
    }
    guard isBad else { return [] }
    return [
      Violation(
        message: "USER \(DisplayText.escape(inspection.image.user)) is out of range (0 to \(limit))",
        location: "config.User", fix: "use a smaller number, such as `USER 10001:10001`", evidence: .config)
    ]
  }

  static func unresolvable(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    if policy.needsNumericUser, let name = inspection.image.user.split(separator: ":").first, Int64(name) == nil {
      return [
        Violation(
          message: "USER \"\(DisplayText.escape(String(name)))\" is a name: Kubernetes' runAsNonRoot needs a number",
          location: "config.User", fix: "use a number, such as `USER 10001:10001`", evidence: .config)
      ]
    }
    guard case .unknownName(let name) = resolve(inspection.image.user, passwd: inspection.details.passwd),
      name != "root"
    else { return [] }
    return [
      Violation(
        message: "USER \"\(DisplayText.escape(name))\" is not in the image's /etc/passwd: the container cannot start",
        location: "config.User", fix: "use a number, such as `USER 10001:10001`", evidence: .config)
    ]
  }

  static func secondRoot(_ inspection: Inspection) -> [Violation] {
    accounts(inspection.details.passwd).filter { $0.uid == 0 && $0.name != "root" }.map {
      Violation(
        message: "the account \"\(DisplayText.escape($0.name))\" has uid 0", location: "etc/passwd",
        fix: "remove it from /etc/passwd in the image", evidence: .file)
    }
  }
}
