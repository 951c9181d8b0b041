import ForgeBasics
import ForgeInspection
import Foundation

/// Checks what the policy asserts about files: one violation for each assertion that does not hold.
enum Assertions {
  @Sendable static func check(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let assertions = policy.assertions
    guard assertions != FileAssertions() else { return [] }
    let visible = inspection.details.files.filter(\.visible)
    var violations: [Violation] = []
    func breach(_ name: String, _ files: [FileInstance], _ message: String, fix: String) {
      guard !files.isEmpty else { return }
      violations.append(
        Violation(
          message: "assert.\(name): \(files.shownNames) \(message)", at: files.first?.place,
          fix: fix,
          evidence: .file))
    }
    if let except = assertions.setuidExcept {
      let patterns = except.map { PathPattern($0) }
      breach(
        "no-setuid",
        visible.filter { file in
          file.kind == .regular && file.mode & 0o6000 != 0
            && !patterns.contains { $0.matches(file.path) }
        }, "may not be setuid or setgid", fix: "`RUN chmod a-s …`, or list it under `except`")
    }
    if let except = assertions.worldWritableExcept {
      let patterns = except.map { PathPattern($0) }
      breach(
        "no-world-writable",
        visible.filter { file in
          file.mode & 0o002 != 0
            && (file.kind == .regular || file.kind == .directory && file.mode & 0o1000 == 0)
            && !patterns.contains { $0.matches(file.path) }
        }, "may not be writable by everyone", fix: "`chmod o-w …`, or list it under `except`")
    }
    if assertions.forbidsShell {
      let names: Set = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"]
      breach(
        "no-shell",
        visible.filter { file in
          (file.kind == .regular || file.kind == .symlink) && file.path.count < 40
            && file.isBelow("bin")
            && names.contains(String(decoding: file.name, as: UTF8.self))
        }, "may not be in the image", fix: "end with a base image that has no shell")
    }
    for pattern in assertions.absent {
      let glob = PathPattern(pattern)
      breach(
        "absent", visible.filter { glob.matches($0.path) }, "may not be in the image",
        fix: "leave it out with .dockerignore, or remove it in the RUN that makes it")
    }
    for row in assertions.newest {
      let glob = PathPattern(row.path)
      breach(
        "newest",
        visible.filter {
          $0.kind == .regular && glob.matches($0.path) && day($0.modified) > row.date
        },
        "changed after \(row.date)",
        fix: "build with SOURCE_DATE_EPOCH and `rewrite-timestamp=true`")
    }
    for row in assertions.files {
      let clean = row.path.split(separator: "/").joined(separator: "/")
      let below = Array((clean + "/").utf8)
      let file = visible.last { $0.path.elementsEqual(clean.utf8) }
      // A folder that no entry names is there all the same, as runtimes make it.
      let isImplicit = file == nil && visible.contains { $0.path.starts(with: below) }
      if isImplicit, row.mode ?? 0o755 == 0o755, row.uid ?? 0 == 0, row.gid ?? 0 == 0 { continue }
      guard let file else {
        violations.append(
          Violation(
            message: "assert.files: /\(DisplayText.escape(clean)) is not in the image",
            at: nil,
            fix: "COPY it into the last stage", evidence: .file))
        continue
      }
      var wrong: [String] = []
      if let mode = row.mode, file.mode != mode {
        wrong.append("mode \(octal(file.mode)) instead of \(octal(mode))")
      }
      if let uid = row.uid, file.uid != uid { wrong.append("uid \(file.uid) instead of \(uid)") }
      if let gid = row.gid, file.gid != gid { wrong.append("gid \(file.gid) instead of \(gid)") }
      if !wrong.isEmpty {
        breach(
          "files", [file], "has \(wrong.joined(separator: ", "))",
          fix: "set it with `COPY --chown=… --chmod=…`")
      }
    }
    return violations
  }

  private static func octal(_ mode: UInt16) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// The day of a time, UTC: `2026-01-31`.
  static func day(_ seconds: Int64) -> String {
    // Civil from days (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = min(max(seconds, -62_135_596_800), 253_402_300_799).quotientFloor(86_400) + 719_468
    let era = days.quotientFloor(146_097)
    let dayOfEra = days - era * 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    func pad(_ number: Int64, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let civilYear = year + era * 400 + (civilMonth <= 2 ? 1 : 0)
    return
      "\(pad(civilYear, 4))-\(pad(civilMonth, 2))-\(pad(dayOfYear - (153 * month + 2) / 5 + 1, 2))"
  }

  /// Today, UTC.
  static var today: String { day(Int64(Date().timeIntervalSince1970)) }
}

extension Int64 {
  fileprivate func quotientFloor(_ divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
  }
}
