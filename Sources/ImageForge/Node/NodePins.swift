import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The places that name a version of Node.js outright, the strongest first.
enum NodePins {
  typealias Pin = Written<String>

  /// Files for version managers count for all that lies below them: the nearer the stronger.
  /// - Parameter rootManifest: the `package.json` of the workspace's root, for a member.
  static func find(
    _ manifest: NodeManifest, rootManifest: NodeManifest?, folder: String, in tree: ProjectTree
  ) -> [Pin] {
    var found = ProjectTree.foldersUpwards(from: folder).flatMap { versionFiles(in: $0, tree) }
    for manifest in [manifest, rootManifest].compactMap(\.self) { found += pins(of: manifest) }
    let folders = [folder, rootManifest?.folder].compactMap(\.self).uniqued
    found += settings(in: folders, tree)
    guard found.isEmpty else { return found }
    return folders.lazy.compactMap { dockerfile(in: $0, tree) }.first.map { [$0] } ?? []
  }

  /// The image that a Dockerfile of the project builds on, where it is of a maintained line: an older one was the newest
  /// when the file was written.
  private static func dockerfile(in folder: String, _ tree: ProjectTree) -> Pin? {
    for source in tree.dockerfiles(of: folder) {
      guard let file = try? DockerfileSyntax.parse(source) else { continue }
      let variables = DockerfileVariables(preamble: file)
      for stage in file.stages {
        guard let image = variables.expand(stage.base), let version = nodeVersion(of: image) else {
          continue
        }
        return Pin(version, at: file.place(line: stage.from.line))
      }
    }
    return nil
  }

  /// `22` of `node:22-alpine`; nil for another image, and for a line that is no longer maintained.
  private static func nodeVersion(of image: String) -> String? {
    guard let colon = image.lastIndex(of: ":"),
      image[..<colon].split(separator: "/").last == "node"
    else { return nil }
    let tag = image[image.index(after: colon)...].prefix { $0.isNumber || $0 == "." }
    let releases = NodeReleases.table
    guard let major = SemanticVersion(String(tag))?.major,
      let line = releases.lines.first(where: { $0.major == major }), releases.isMaintained(line)
    else { return nil }
    return String(tag)
  }

  private static let miseFiles = [
    "mise.toml", ".mise.toml", ".config/mise.toml", ".config/mise/config.toml", "mise/config.toml",
    ".mise/config.toml",
  ]

  private static func versionFiles(in folder: String, _ tree: ProjectTree) -> [Pin] {
    var found = [".nvmrc", ".node-version"].compactMap { name in
      firstLine(ProjectTree.join(folder, name), tree) { _ in true }
    }
    let tools = firstLine(ProjectTree.join(folder, ".tool-versions"), tree) {
      $0.hasPrefix("nodejs ") || $0.hasPrefix("node ")
    }
    if let tools, let version = tools.value.split(separator: " ").dropFirst().first {
      found.append(Pin(String(version), at: tools.place))
    }
    return found + miseFiles.compactMap { mise(ProjectTree.join(folder, $0), tree) }
  }

  /// `[tools]` `node = "22"`, `node = ["22", "20"]` or `node = { version = "22" }`.
  private static func mise(_ path: String, _ tree: ProjectTree) -> Pin? {
    guard let source = try? tree.read(path, limit: 1 << 20),
      let document = try? TOMLDocument.parse(source)
    else { return nil }
    for key in [["tools", "node"], ["tools", "nodejs"]] {
      guard let value = document.root[key] else { continue }
      let text = value.string ?? value.elements.first?.string ?? value["version"]?.string
      if let text { return Pin(text, at: document.place(key)) }
    }
    return nil
  }

  /// `volta.node`, and the runtimes that pnpm downloads.
  private static func pins(of manifest: NodeManifest) -> [Pin] {
    var found = [manifest.text("volta", "node")].compactMap(\.self)
    for section in ["devEngines", "engines"] {
      guard let member = manifest.root[section]?.member("runtime") else { continue }
      let entries = member.value.isArray ? member.value.elements : [member.value]
      guard let node = entries.first(where: { $0["name"]?.string == "node" }),
        let version = node["version"]?.string
      else { continue }
      found.append(Pin(version, at: manifest.source.place(at: member.keyOffset)))
    }
    return found
  }

  /// pnpm's settings: `use-node-version` in `.npmrc` or `useNodeVersion` in `pnpm-workspace.yaml`, the Node.js that it
  /// runs scripts with; then `node-version` and `nodeVersion`, the one that it checks packages against.
  private static func settings(in folders: [String], _ tree: ProjectTree) -> [Pin] {
    var found: [Pin] = []
    for (option, key) in [("use-node-version", "useNodeVersion"), ("node-version", "nodeVersion")] {
      for folder in folders {
        let line = firstLine(ProjectTree.join(folder, ".npmrc"), tree) { text in
          text.hasPrefix(option) && text.dropFirst(option.count).first { $0 != " " } == "="
        }
        if let line, let value = line.value.split(separator: "=").last {
          found.append(Pin(value.filter { $0 != " " }, at: line.place))
        }
        let path = ProjectTree.join(folder, "pnpm-workspace.yaml")
        if let source = try? tree.read(path, limit: 1 << 20),
          let root = try? YAMLValue.parse(source), let value = root[key], let text = value.string
        {
          found.append(Pin(text, at: value.place))
        }
      }
    }
    return found
  }

  /// The first line of a file that is not empty, not a comment, and as wanted.
  private static func firstLine(
    _ path: String, _ tree: ProjectTree, where isWanted: (Substring) -> Bool
  ) -> Pin? {
    guard let source = try? tree.read(path, limit: 1 << 16) else { return nil }
    let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, row) in rows.enumerated() {
      let text = row.prefix { $0 != "#" }.trimmingPrefix { $0.isWhitespace }
      guard let last = text.lastIndex(where: { !$0.isWhitespace }), isWanted(text) else { continue }
      return Pin(String(text[...last]), at: .source(file: path, line: index + 1))
    }
    return nil
  }
}
