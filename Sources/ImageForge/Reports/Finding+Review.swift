import ForgeBasics
import ForgeFindings
import Foundation

/// A file and a line in it, as reviewers' tools ask for them.
struct ReviewPlace: Equatable {
  let file: String
  /// From 1; nil where the place has none.
  let line: Int?
}

extension Place {
  /// The file that machine formats name: of the project, or a path in the image; nil for a place that is no file.
  var reportedPath: String? {
    if let file = sourceFile {
      guard file.hasPrefix("./") else { return file }
      return String(file.dropFirst(2))
    }
    guard let path = imagePath?.drop(while: { $0 == "/" }), !path.isEmpty else { return nil }
    return String(path)
  }

  /// The same with control characters escaped in what came from outside.
  var escaped: Place {
    switch self {
    case .source(let file, let line): .source(file: DisplayText.escape(file), line: line)
    case .archive(let part): .archive(DisplayText.escape(part))
    case .text(let text): .text(DisplayText.escape(text))
    // Their descriptions escape what they show.
    case .layer, .file, .group, .config, .history: self
    }
  }
}

extension Finding {
  /// The same, its place as seen from the folder in which the command was run: there a repository's root is for the
  /// tools that read reports.
  /// - Parameter root: the folder of the project, from which places inside it are told.
  func placed(below root: String) -> Finding {
    guard let place, place.sourceFile != nil, let path = place.reportedPath else { return self }
    let (inside, manager) = ("\(root)/\(path)", FileManager.default)
    // A Dockerfile that was linted alone, or a context that was named, is seen from there already.
    let isSeen =
      path.hasPrefix("/") || !manager.fileExists(atPath: inside) && manager.fileExists(atPath: path)
    let seen = if isSeen { path } else { inside }
    let shown = WorkingFolder.shown(seen)
    guard !shown.isEmpty else { return self }
    return placed(at: .source(file: shown, line: place.line))
  }

  /// The same with all that came from outside escaped, so that each format only has its own syntax to care for.
  var escaped: Finding {
    Finding(
      id: id, severity: severity, message: DisplayText.escape(message), at: place?.escaped,
      subject: subject, fix: fix.map { DisplayText.escape($0) }, evidence: evidence,
      cause: cause?.escaped, change: change?.escaped)
  }

  /// The fix, with the line that it is about in front.
  var placedFix: String? {
    guard let cause else { return fix }
    var place = "at \(cause.file):\(cause.line)"
    if !cause.text.isEmpty { place += " `\(cause.text)`" }
    return fix.map { "\(place): \($0)" } ?? place
  }

  /// All that is known of the remedy, in one sentence.
  var remedy: String? {
    guard placedFix != nil || change != nil else { return nil }
    return sentence(placedFix ?? "", change?.words ?? "")
  }

  /// Where a reviewer looks: the file of the project that the finding is in, or else the line that caused it.
  var reviewPlace: ReviewPlace? {
    if place?.sourceFile != nil { return ownPlace }
    return cause.map { ReviewPlace(file: $0.file, line: $0.line) }
  }

  /// For formats in which every finding has a file: where a reviewer looks, or else the path in the image.
  var reportedPlace: ReviewPlace? { reviewPlace ?? ownPlace }

  private var ownPlace: ReviewPlace? {
    place?.reportedPath.map { ReviewPlace(file: $0, line: place?.line) }
  }

  /// The place in words, where it is none that a reviewer could open.
  var placeOutsideSource: String? {
    guard place?.sourceFile == nil else { return nil }
    return location
  }
}

extension SourceLine {
  var escaped: SourceLine {
    SourceLine(file: DisplayText.escape(file), line: line, text: DisplayText.escape(text))
  }
}

extension SourceChange {
  var escaped: SourceChange {
    SourceChange(
      file: DisplayText.escape(file), line: line, removes: removes,
      inserts: inserts.map { DisplayText.escape($0) })
  }

  /// `add **/.env as line 12 of .dockerignore`.
  var words: String {
    let text = inserts.map { "`\($0)`" }.joined(separator: ", ")
    var lines = "line \(line)"
    if removes > 1 { lines = "lines \(line) to \(line + removes - 1)" }
    if inserts.isEmpty { return "delete \(lines) of \(file)" }
    if removes == 0 { return "insert \(text) as \(lines) of \(file)" }
    return "write \(text) for \(lines) of \(file)"
  }
}

/// Names of findings that stay the same from run to run, so that a service can tell old findings from new ones. Lines,
/// layer numbers and sizes are not part of them; several findings of one rule at one place are counted.
struct Fingerprints {
  private var seen: [String: Int] = [:]

  /// 32 hexadecimal digits.
  mutating func next(_ finding: Finding, of subject: String) -> String {
    let place = finding.place?.reportedPath ?? finding.location ?? ""
    let key = [subject, finding.id.rawValue, place].joined(separator: "\0")
    let number = seen[key, default: 0]
    seen[key] = number + 1
    return String(Digest.sha256(Array("\(key)\0\(number)".utf8)).hex.prefix(32))
  }
}
