import ForgeBasics
import ForgeInspection

/// Rules about the accounts of `/etc/passwd`, `/etc/group` and `/etc/shadow`, as the final root filesystem shows them.
enum AccountRules {
  private static func rows(_ bytes: [UInt8]?, atLeast fields: Int) -> [[Substring]] {
    String(decoding: bytes ?? [], as: UTF8.self).split(
      whereSeparator: \.isNewline
    )
    .map { $0.split(separator: ":", omittingEmptySubsequences: false) }.filter {
      $0.count >= fields
    }
  }

  static func emptyPassword(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let accounts = rows(inspection.details.passwd, atLeast: 2)
    // Whoever has no shell cannot log in with an empty password either.
    let shells = Dictionary(
      accounts.map { ($0[0], $0.count > 6 ? $0[6] : "") }, uniquingKeysWith: { first, _ in first })
    func canLogIn(_ name: Substring) -> Bool {
      let shell = shells[name] ?? ""
      return !shell.hasSuffix("nologin") && !shell.hasSuffix("/false")
    }
    let found =
      rows(inspection.details.shadow, atLeast: 2).filter { $0[1].isEmpty && canLogIn($0[0]) }
      .map { (name: $0[0], file: "etc/shadow") }
      + accounts.filter { $0[1].isEmpty && canLogIn($0[0]) }.map {
        (name: $0[0], file: "etc/passwd")
      }
    return found.map { name, file in
      Violation(
        message: "the account \"\(DisplayText.escape(String(name)))\" has an empty password",
        at: .file(file),
        fix: "lock it: `RUN passwd -l NAME`, or take a base image that does", evidence: .file)
    }
  }

  static func duplicates(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    UserRules.secondRoot(inspection)
      + shared(rows(inspection.details.passwd, atLeast: 3), "uid", "etc/passwd")
      + shared(rows(inspection.details.group, atLeast: 3), "gid", "etc/group")
  }

  private static func shared(_ rows: [[Substring]], _ what: String, _ file: String) -> [Violation] {
    var names: [Int64: [String]] = [:]
    for row in rows {
      if let number = Int64(row[2]), number != 0 {
        names[number, default: []].append(DisplayText.escape(String(row[0])))
      }
    }
    return names.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { number, names in
      let shown = Set(names).sorted().prefix(4).joined(separator: ", ")
      return Violation(
        message: "\(shown) share the \(what) \(number)", at: .file(file),
        fix: "give each its own number, or remove what is not needed", evidence: .file,
        atMost: .warning)
    }
  }
}
