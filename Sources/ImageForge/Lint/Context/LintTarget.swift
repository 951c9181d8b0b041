import ForgeBasics
import ForgeSyntax

/// A Dockerfile of the disk, with the folder that its build gets and the ignore file that counts there.
struct LintTarget {
  let source: SourceText
  let ignore: SourceText?
  let context: BuildContext
  /// The context as it is opened; `.` for the working directory.
  let folder: String
  /// The context as reports name it, relative to the linted folder; empty for that folder.
  let shownFolder: String
  /// Whether somebody said which folder it is, or only one can be meant.
  let isContextKnown: Bool
  let compose: [ComposeBuild]
  /// Names and paths that `.gitignore` keeps out, in the context and in the linted folders above it.
  let gitIgnored: Set<String>
  /// The Dockerfile as it is opened.
  private let path: String

  /// - Parameters:
  ///   - name: the Dockerfile's path below the linted folder.
  ///   - path: the same as it is opened.
  ///   - given: the folder that the user named.
  init(_ name: String, readFrom path: String, context given: String?) throws(LintError) {
    source = try LintFiles.require(path, name: name)
    self.path = path
    // Both as deep as the name says: what lies above the linted folder is never looked at.
    let prefix = path.hasSuffix(name) ? String(path.dropLast(name.count)) : ""
    compose = ComposeBuild.all(of: name, prefix: prefix)
    // A folder that is not there is compose's to complain of.
    let said = compose.first { (try? BuildContext($0.context.isEmpty ? "." : $0.context)) != nil }
    var folder: String
    if let given {
      (folder, isContextKnown) = (given, true)
    } else if let said {
      (folder, isContextKnown) = (said.context, true)
    } else {
      (folder, isContextKnown) = Self.guess(for: source, name: name, prefix: prefix)
    }
    let isBelow = folder.hasPrefix(prefix) && given == nil
    let shown = isBelow ? String(folder.dropFirst(prefix.count)) : folder
    shownFolder = shown == "." ? "" : shown
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder.isEmpty ? "." : folder
    context = try BuildContext(self.folder)
    gitIgnored = Self.gitIgnored(in: self.folder, prefix: prefix)
    // The ignore file beside the Dockerfile replaces the context's.
    let own = LintFiles.read(path + ".dockerignore", name: name + ".dockerignore")
    let name = shownFolder.isEmpty ? ".dockerignore" : shownFolder + "/.dockerignore"
    ignore = own ?? LintFiles.read(self.folder + "/.dockerignore", name: name)
  }

  private static func gitIgnored(in folder: String, prefix: String) -> Set<String> {
    var found: Set<String> = []
    var current = folder
    while true {
      let text = LintFiles.read("\(current)/.gitignore", name: ".gitignore")?.text ?? ""
      for line in text.split(separator: "\n") {
        let name = line.trimmingSpaces.drop { $0 == "/" }
        let bare = name.hasSuffix("/") ? name.dropLast() : name
        if !bare.isEmpty, !bare.hasPrefix("#") { found.insert(String(bare)) }
      }
      guard current.count > prefix.count, current != "." else { return found }
      let above = parent(current)
      current = above.isEmpty ? "." : above
    }
  }

  /// The Dockerfile's path below a folder.
  func place(below root: String) -> String { Self.below(root, path) }

  /// The context's path below a folder; `.` for the folder itself.
  func context(below root: String) -> String { Self.below(root, folder) }

  private static func below(_ root: String, _ path: String) -> String {
    if path == root { return "." }
    if root == "." { return path }
    let prefix = root.hasSuffix("/") ? root : root + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// The nearest folder above the Dockerfile that holds the most of what it copies.
  ///
  /// It is known where the Dockerfile stands alone in the linted folder under its usual name, or where something that
  /// it copies by name was found there; `docker/web.Dockerfile` may be built from anywhere.
  private static func guess(for source: SourceText, name: String, prefix: String)
    -> (folder: String, isKnown: Bool)
  {
    var current = parent(name)
    let own = current
    var best = current
    var bestCount = -1
    let paths = literalSources(of: source)
    while true {
      let folder = prefix + current
      if let context = try? BuildContext(folder.isEmpty ? "." : folder) {
        let count = paths.count { context.kind($0) != nil }
        if count > bestCount { (best, bestCount) = (current, count) }
      }
      let isTop = current.isEmpty || current.hasPrefix("/") && parent(current).isEmpty
      if isTop || name.hasPrefix("/") { break }
      current = parent(current)
    }
    let file = name.split(separator: "/").last.map(String.init) ?? name
    let isUsual = ["Dockerfile", "Containerfile"].contains(file)
    let isOnlyChoice = isUsual && own.isEmpty
    // Where all is found, nothing is left to doubt.
    let isSeen = bestCount > 0 && (isUsual || bestCount * 2 > paths.count)
    let isWhole = bestCount == paths.count
    return (prefix + best, isOnlyChoice || isSeen || isWhole && isUsual)
  }

  private static func literalSources(of source: SourceText) -> [String] {
    guard let file = try? DockerfileSyntax.parse(source) else { return [] }
    return ContextUse.all(in: file).filter { !$0.isGlob && !$0.leavesContext && $0.path != "." }
      .compactMap(\.path)
  }

  private static func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }
}
