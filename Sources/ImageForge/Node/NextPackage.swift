import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// A folder that may be a Next.js application: its manifest, and the workspace around it.
struct NextPackage {
  let folder: String
  let manifest: NodeManifest
  /// What the manifest asks for of Next.js.
  let requested: Written<String>
  let workspace: NodeWorkspace?
  /// The manifest of the workspace's root.
  let rootManifest: NodeManifest?
  /// The folder above which an image's build sees nothing.
  let top: String
  /// Whether the manifest lies in the folder; else it is the workspace's, which all its folders share.
  let hasOwnManifest: Bool

  /// Nil when the folder can be no application.
  init?(_ folder: String, in tree: ProjectTree) throws(AnalysisError) {
    self.folder = folder
    if let own = try NodeManifest.read(folder, in: tree) {
      workspace = try NodeWorkspace.find(folder, in: tree)
      top = workspace?.root ?? folder
      rootManifest = try top == folder ? nil : NodeManifest.read(top, in: tree)
      manifest = own
      hasOwnManifest = true
      let inherited = Self.buildsNext(own, in: tree) ? rootManifest?.dependency("next") : nil
      guard let requested = own.dependency("next") ?? inherited else { return nil }
      self.requested = requested
    } else {
      guard let workspace = NodeWorkspace.nx(above: folder, in: tree),
        let shared = try NodeManifest.read(workspace.root, in: tree),
        let requested = shared.dependency("next")
      else { return nil }
      self.workspace = workspace
      self.requested = requested
      manifest = shared
      rootManifest = nil
      top = workspace.root
      hasOwnManifest = false
    }
  }

  /// Whether a member that does not depend on next itself builds with the next of its root.
  private static func buildsNext(_ manifest: NodeManifest, in tree: ProjectTree) -> Bool {
    NextConfig.exists(in: manifest.folder, tree)
      || manifest.script("build")?.value.contains("next build") == true
  }

  /// The script that builds the application; a task runner knows how to build what has no manifest.
  var buildScript: Written<String>? { hasOwnManifest ? manifest.script("build") : nil }

  /// The name that the manifest gives to the folder.
  var ownName: String? { hasOwnManifest ? manifest.name : nil }
}

/// The port that the production server listens on.
enum NextPort {
  /// From the start script: `next start -p 4000`, `PORT=4000 next start`; 3000 otherwise.
  static func find(_ manifest: NodeManifest) -> Fact<Int> {
    guard let start = manifest.script("start"), let port = port(in: start.value) else {
      return .assumed(3000, why: "default: next start listens on 3000")
    }
    return .certain(port, at: start.place, why: "the start script")
  }

  private static func port(in script: String) -> Int? {
    let words = script.split { $0.isWhitespace }.map(String.init)
    for (index, word) in words.enumerated() {
      for prefix in ["PORT=", "--port=", "-p=", "-p"] where word.hasPrefix(prefix) {
        if let port = number(String(word.dropFirst(prefix.count))) { return port }
      }
      if word == "-p" || word == "--port", index + 1 < words.count,
        let port = number(words[index + 1])
      {
        return port
      }
    }
    return nil
  }

  /// `4000`, and what `${PORT:-4000}` falls back to.
  private static func number(_ text: String) -> Int? {
    var digits = text[...].filter { $0 != "\"" && $0 != "'" }
    if digits.hasPrefix("${"), digits.hasSuffix("}"),
      let mark = digits.firstIndex(where: { $0 == "-" || $0 == "=" })
    {
      digits = String(digits[digits.index(after: mark)...].dropLast())
    }
    guard let number = Int(digits), (1...65535).contains(number) else { return nil }
    return number
  }
}
