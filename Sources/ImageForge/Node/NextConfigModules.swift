import ForgeBasics
import ForgeCodebase
import ForgeJavaScript
import ForgeSyntax

/// The files of a project that its configuration imports, each read once.
final class NextConfigModules {
  private let tree: ProjectTree
  /// Where `process.cwd()` is.
  private let folder: String
  private let constants: [String: String]
  private var known: [String: JSValue] = [:]
  private var isReading: Set<String> = []
  /// Paths of the files that were read.
  private(set) var read: Set<String> = []

  /// Configurations import a handful of files; what imports more is an application.
  private static let maximumCount = 32
  private static let endings = [
    "", ".js", ".mjs", ".ts", ".mts", ".cjs", ".cts", ".json", "/index.js", "/index.ts",
  ]

  init(_ tree: ProjectTree, folder: String, constants: [String: String]) {
    self.tree = tree
    self.folder = folder
    self.constants = constants
  }

  func surroundings(of path: String) -> JSModule.Surroundings {
    JSModule.Surroundings(path: path) { [self] specifier in
      load(specifier, from: ProjectTree.parent(path))
    }
  }

  private func load(_ specifier: String, from folder: String) -> JSValue? {
    guard let stem = ProjectPath.resolve(specifier, from: folder) else { return nil }
    // TypeScript is imported under the name that it is compiled to.
    let bare = stem.hasSuffix(".js") ? String(stem.dropLast(3)) : stem
    let candidates = Self.endings.map { stem + $0 } + [bare + ".ts", bare + ".tsx"]
    guard let path = candidates.first(where: tree.hasFile) else { return nil }
    if let value = known[path] { return value }
    guard read.count < Self.maximumCount, isReading.insert(path).inserted,
      let source = try? tree.read(path, limit: ProjectTree.maximumSourceSize)
    else { return nil }
    defer { isReading.remove(path) }
    read.insert(path)
    let isData = path.hasSuffix(".json")
    let text =
      isData
      ? SourceText(name: path, bytes: Array("module.exports =\n".utf8) + source.bytes) : source
    let value = JSModule.exports(
      of: JSParser.parse(text), constants: constants, in: surroundings(of: path))
    known[path] = value
    return value
  }
}
