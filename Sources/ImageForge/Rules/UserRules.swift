import ForgeBasics
import ForgeInspection

/// Who the container runs as, resolved as runtimes do (moby/sys/user, GetExecUser).
enum UserRules {
  enum Resolved: Equatable {
    case uid(Int64)
    case unknownName(String)
  }

  /// The user and the group of `config.User`, scalar by scalar: a combining mark behind a colon hides it from no runtime.
  private static func parts(_ user: String) -> [AccountFile.Text] {
    Array(user.unicodeScalars).split(separator: ":", omittingEmptySubsequences: false)
  }

  private static func isBeyond(_ number: Int64) -> Bool { number < 0 || number > Int64(Int32.max) }

  /// The uid that `config.User` stands for. The part before the first `:` counts; empty is root; whatever `Atoi`
  /// reads is a number, so `00` and `+0` are root, even where an account has that name; any other name is the first
  /// match in /etc/passwd.
  static func resolve(_ user: String, passwd: [UInt8]?) -> Resolved {
    let name = parts(user).first ?? []
    if name.isEmpty { return .uid(0) }
    let number = AccountFile.number(name)
    if let number, !isBeyond(number) { return .uid(number) }
    // containerd takes what is no uid for a name.
    if let account = AccountFile(passwd).first(0, is: name) {
      return .uid(AccountFile.id(account, 2))
    }
    if let number { return .uid(number) }
    return .unknownName(String(String.UnicodeScalarView(name)))
  }

  /// The gid that the process has: the part after the `:`, or what /etc/passwd says; 0 where nothing does.
  static func group(_ user: String, _ details: InspectionDetails) -> Int64 {
    let parts = Self.parts(user)
    if parts.count > 1, !parts[1].isEmpty {
      if let number = AccountFile.number(parts[1]) { return number }
      return AccountFile(details.group).first(0, is: parts[1]).map { AccountFile.id($0, 2) } ?? 0
    }
    let passwd = AccountFile(details.passwd)
    let name = parts.first ?? []
    let account =
      AccountFile.number(name).map { passwd.first(2, is: $0) } ?? passwd.first(0, is: name)
    return account.map { AccountFile.id($0, 3) } ?? 0
  }

  static func root(_ inspection: Inspection) -> [Violation] {
    let user = inspection.image.user
    guard !inspection.image.isWindows else { return administrator(user) }
    let resolved = resolve(user, passwd: inspection.details.passwd)
    switch resolved {
    // Some runtimes cut a number to 32 bits.
    case .uid(let uid) where UInt32(truncatingIfNeeded: uid) == 0: break
    case .unknownName("root"): break
    default: return []
    }
    let spelling = user.isEmpty ? "no USER is set" : "USER is \"\(DisplayText.escape(user))\""
    return [
      Violation(
        message: "the container runs as root: \(spelling)", at: .config(.user),
        fix:
          "end the last stage of the Dockerfile with a numeric user that is not 0, such as `USER 10001:10001`",
        evidence: .config)
    ]
  }

  /// Windows has accounts by name: `ContainerUser`, which is the default, and `ContainerAdministrator`.
  private static func administrator(_ user: String) -> [Violation] {
    guard user.lowercased().hasSuffix("administrator") else { return [] }
    return [
      Violation(
        message: "the container runs as an administrator: USER is \"\(DisplayText.escape(user))\"",
        at: .config(.user), fix: "end the last stage of the Dockerfile with `USER ContainerUser`",
        evidence: .config)
    ]
  }

  static func outOfRange(_ inspection: Inspection) -> [Violation] {
    let limit = Int64(Int32.max)
    let isBad = parts(inspection.image.user).contains {
      AccountFile.number($0).map(isBeyond) ?? false
    }
    guard isBad else { return [] }
    return [
      Violation(
        message:
          "USER \(DisplayText.escape(inspection.image.user)) is out of range (0 to \(limit))",
        at: .config(.user), fix: "use a smaller number, such as `USER 10001:10001`",
        evidence: .config)
    ]
  }

  static func unresolvable(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    guard !inspection.image.isWindows else { return [] }
    if policy.needsNumericUser, let name = inspection.image.user.split(separator: ":").first,
      Int64(name) == nil
    {
      return [
        Violation(
          message:
            "USER \"\(DisplayText.escape(String(name)))\" is a name: Kubernetes' runAsNonRoot needs a number",
          at: .config(.user), fix: "use a number, such as `USER 10001:10001`",
          evidence: .config)
      ]
    }
    guard
      case .unknownName(let name) = resolve(
        inspection.image.user, passwd: inspection.details.passwd),
      name != "root"
    else { return [] }
    return [
      Violation(
        message:
          "USER \"\(DisplayText.escape(name))\" is not in the image's /etc/passwd: the container cannot start",
        at: .config(.user), fix: "use a number, such as `USER 10001:10001`", evidence: .config)
    ]
  }

  static func secondRoot(_ inspection: Inspection) -> [Violation] {
    AccountFile(inspection.details.passwd).rows.filter { row in
      row.count > 2 && AccountFile.number(row[2]) != nil && AccountFile.id(row, 2) == 0
        && !row[0].elementsEqual("root".unicodeScalars)
    }.map { row in
      Violation(
        message:
          "the account \"\(DisplayText.escape(String(String.UnicodeScalarView(row[0]))))\" has uid 0",
        at: .file("etc/passwd"),
        fix: "remove it from /etc/passwd in the image", evidence: .file)
    }
  }
}
