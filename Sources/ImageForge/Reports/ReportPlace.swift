import ForgeBasics
import Foundation

/// The place of a finding, in the parts that machine formats ask for.
struct ReportPlace: Equatable {
  /// A file of the project, or a path in the image; nil for a place that is no file, such as `config.User`.
  let path: String?
  /// From 1; nil where the place has none.
  let line: Int?
  /// Whether `path` is of the project, so that a reviewer can open it.
  let isSource: Bool

  init(_ finding: Finding) {
    guard let location = finding.location, !location.isEmpty else {
      (path, line, isSource) = (nil, nil, false)
      return
    }
    if location.hasPrefix("layer ") {
      // `layer 3: usr/bin/su`, or `layer 3` alone.
      let path = location.split(separator: ":", maxSplits: 1).dropFirst().first?.drop {
        $0 == " " || $0 == "/"
      }
      (self.path, line, isSource) = (path.flatMap { $0.isEmpty ? nil : String($0) }, nil, false)
    } else if [.config, .history, .archive].contains(finding.evidence)
      || location.hasPrefix("config.")
      || location.hasPrefix("history[")
    {
      (path, line, isSource) = (nil, nil, false)
    } else if finding.evidence == .file {
      // A path in the image, or an owner of files such as `npm`.
      (path, line, isSource) = (location, nil, false)
    } else if let colon = location.lastIndex(of: ":"),
      let number = Int(location[location.index(after: colon)...]),
      number > 0
    {
      (path, line, isSource) = (Self.relative(location[..<colon]), number, true)
    } else {
      (path, line, isSource) = (Self.relative(location[...]), nil, true)
    }
  }

  private static func relative(_ path: Substring) -> String {
    path.hasPrefix("./") ? String(path.dropFirst(2)) : String(path)
  }
}

extension Finding {
  /// The same, its place as seen from the folder in which the command was run: there a repository's root is for the
  /// tools that read reports.
  /// - Parameter root: the folder of the project, from which places inside it are told.
  func placed(below root: String) -> Finding {
    let place = ReportPlace(self)
    guard place.isSource, let path = place.path else { return self }
    let (inside, manager) = ("\(root)/\(path)", FileManager.default)
    // A Dockerfile that was linted alone, or a context that was named, is seen from there already.
    let isSeen =
      path.hasPrefix("/") || !manager.fileExists(atPath: inside) && manager.fileExists(atPath: path)
    let shown = WorkingFolder.shown(isSeen ? path : inside)
    guard !shown.isEmpty else { return self }
    return Finding(
      id: id, severity: severity, message: message,
      location: shown + (place.line.map { ":\($0)" } ?? ""), fix: fix,
      evidence: evidence, cause: cause, change: change)
  }

  /// The fix, with the line that it is about in front.
  var placedFix: String? {
    guard let cause else { return fix }
    let place = "at \(cause.file):\(cause.line)" + (cause.text.isEmpty ? "" : " `\(cause.text)`")
    return fix.map { "\(place): \($0)" } ?? place
  }

  /// All that is known of the remedy, in one sentence.
  var remedy: String? {
    let parts = [placedFix, change.map(\.words)].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Where a reviewer looks: the file of the project that the finding is in, or else the line that caused it.
  var reviewPlace: (file: String, line: Int?)? {
    let place = ReportPlace(self)
    if place.isSource, let path = place.path { return (path, place.line) }
    return cause.map { ($0.file, $0.line) }
  }
}

extension SourceChange {
  /// `add **/.env as line 12 of .dockerignore`.
  var words: String {
    let text = inserts.map { "`\($0)`" }.joined(separator: ", ")
    let lines = removes > 1 ? "lines \(line) to \(line + removes - 1)" : "line \(line)"
    if inserts.isEmpty { return "delete \(lines) of \(file)" }
    return removes == 0
      ? "insert \(text) as \(lines) of \(file)" : "write \(text) for \(lines) of \(file)"
  }
}

/// Names of findings that stay the same from run to run, so that a service can tell old findings from new ones. Lines,
/// layer numbers and sizes are not part of them; several findings of one rule at one place are counted.
struct Fingerprints {
  private var seen: [String: Int] = [:]

  /// 32 hexadecimal digits.
  mutating func next(_ finding: Finding, of subject: String) -> String {
    let place = ReportPlace(finding)
    let key = [subject, finding.id, place.path ?? finding.location ?? ""].joined(separator: "\0")
    let number = seen[key, default: 0]
    seen[key] = number + 1
    return String(Digest.sha256(Array("\(key)\0\(number)".utf8)).hex.prefix(32))
  }
}
