import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The places that name a version of Node.js outright, the strongest first.
enum NodePins {
  struct Pin {
    let text: String
    /// `file:line`.
    let source: String
  }

  /// Files for version managers count for all that lies below them: the nearer the stronger.
  static func find(
    _ manifest: NodeManifest, _ rootManifest: NodeManifest?, _ folder: String, _ tree: ProjectTree
  ) -> [Pin] {
    var found: [Pin] = []
    var place = folder
    while true {
      found += files(in: place, tree)
      if place == "." { break }
      place = ProjectTree.parent(place)
    }
    for manifest in [manifest, rootManifest].compactMap(\.self) { found += pins(of: manifest) }
    found += settings(folder, rootManifest.map { ProjectTree.parent($0.path) }, tree)
    return found
  }

  private static let miseFiles = [
    "mise.toml", ".mise.toml", ".config/mise.toml", ".config/mise/config.toml", "mise/config.toml",
    ".mise/config.toml",
  ]

  private static func files(in place: String, _ tree: ProjectTree) -> [Pin] {
    var found: [Pin] = []
    for name in [".nvmrc", ".node-version"] {
      if let pin = firstLine(ProjectTree.join(place, name), tree, where: { _ in true }) {
        found.append(pin)
      }
    }
    let tools = firstLine(ProjectTree.join(place, ".tool-versions"), tree) {
      $0.hasPrefix("nodejs ") || $0.hasPrefix("node ")
    }
    if let tools, let version = tools.text.split(separator: " ").dropFirst().first {
      found.append(Pin(text: String(version), source: tools.source))
    }
    for name in Self.miseFiles {
      if let pin = mise(ProjectTree.join(place, name), tree) { found.append(pin) }
    }
    return found
  }

  /// `[tools]` `node = "22"`, `node = ["22", "20"]` or `node = { version = "22" }`.
  private static func mise(_ path: String, _ tree: ProjectTree) -> Pin? {
    guard let source = try? tree.read(path, limit: 1 << 20),
      let document = try? TOMLDocument.parse(source)
    else {
      return nil
    }
    for name in ["node", "nodejs"] {
      let key = ["tools", name]
      guard let value = document.root[key] else { continue }
      guard let text = value.string ?? value.elements.first?.string ?? value["version"]?.string
      else { continue }
      return Pin(text: text, source: document.location(key))
    }
    return nil
  }

  /// `volta.node`, and the runtimes that pnpm downloads.
  private static func pins(of manifest: NodeManifest) -> [Pin] {
    var found: [Pin] = []
    if let volta = manifest.text("volta", "node") {
      found.append(Pin(text: volta.value, source: volta.source))
    }
    for section in ["devEngines", "engines"] {
      guard let member = manifest.root[section]?.member("runtime") else { continue }
      let entries = member.value.isArray ? member.value.elements : [member.value]
      guard let node = entries.first(where: { $0["name"]?.string == "node" }),
        let version = node["version"]?.string
      else { continue }
      found.append(Pin(text: version, source: manifest.source.location(at: member.keyOffset)))
    }
    return found
  }

  /// pnpm's settings: `use-node-version` in `.npmrc` or `useNodeVersion` in `pnpm-workspace.yaml`, the Node.js that it
  /// runs scripts with; then `node-version` and `nodeVersion`, the one that it checks packages against.
  private static func settings(_ folder: String, _ root: String?, _ tree: ProjectTree) -> [Pin] {
    var found: [Pin] = []
    let places = root == folder ? [folder] : [folder, root].compactMap(\.self)
    for (option, key) in [("use-node-version", "useNodeVersion"), ("node-version", "nodeVersion")] {
      for place in places {
        let line = firstLine(ProjectTree.join(place, ".npmrc"), tree) { text in
          text.hasPrefix(option) && text.dropFirst(option.count).first { $0 != " " } == "="
        }
        if let line, let value = line.text.split(separator: "=").last {
          found.append(Pin(text: value.filter { $0 != " " }, source: line.source))
        }
        let path = ProjectTree.join(place, "pnpm-workspace.yaml")
        if let source = try? tree.read(path, limit: 1 << 20),
          let root = try? YAMLValue.parse(source),
          let value = root[key], let text = value.string
        {
          found.append(Pin(text: text, source: value.location))
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
      guard !text.isEmpty, isWanted(text) else { continue }
      let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
      return Pin(text: String(text[..<end]), source: "\(path):\(index + 1)")
    }
    return nil
  }
}
