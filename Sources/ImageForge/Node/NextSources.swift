import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// What one source file of an application says about the environment.
struct NextSource: Sendable {
  let path: String
  var facts = JSEnvironmentFacts()
  /// The modules that it imports, as written.
  var specifiers: [String] = []
  /// The line which says that browsers call functions of it: `'use server'`.
  var serverActions: Int?
  /// The lines of what `facts` names, by the offsets.
  private var lines: [Int: Int] = [:]

  func line(at offset: Int) -> Int { lines[offset] ?? 1 }

  static func read(_ path: String, isConfig: Bool, _ tree: ProjectTree) -> Result<
    NextSource, AnalysisError
  > {
    let bytes: [UInt8]?
    do throws(AnalysisError) {
      bytes = try tree.bytes(path, limit: ProjectTree.maximumSourceSize)
    } catch { return .failure(error) }
    var file = NextSource(path: path)
    guard let bytes else { return .success(file) }
    file.specifiers = JSSpecifiers.find(in: bytes)
    let source = SourceText(name: path, bytes: bytes)
    file.serverActions = serverActions(in: source)
    let makesClient = file.specifiers.contains { NodeClients.table[$0] != nil }
    guard bytes.contains("process") || makesClient || isConfig else { return .success(file) }
    let isPlainTypeScript = [".ts", ".mts", ".cts"].contains(where: path.hasSuffix)
    file.facts = JSEnvironmentFacts.read(source, jsx: !isPlainTypeScript)
    file.facts.reads.removeAll { !$0.name.isEmpty && !EnvironmentName.isValid($0.name) }
    if isConfig { file.specifiers += loadedByName(source) }
    let offsets =
      file.facts.reads.map(\.offset) + file.facts.switches.map(\.offset)
      + file.facts.calls.map(\.range.lowerBound)
    for offset in offsets { file.lines[offset] = source.line(at: offset) }
    return .success(file)
  }

  /// `jiti("./src/env")` and `await import("./src/env.js")`, as configurations load TypeScript.
  private static func loadedByName(_ source: SourceText) -> [String] {
    JSTokenizer.tokenize(source, jsx: false).filter { $0.kind == .string }.map {
      JSString.value(source.bytes[$0.range])
    }.filter { $0.hasPrefix("./") || $0.hasPrefix("../") }
  }

  private static func serverActions(in source: SourceText) -> Int? {
    guard source.bytes.contains("use server") else { return nil }
    let token = JSTokenizer.tokenize(source, jsx: true).first { token in
      token.kind == .string && JSString.value(source.bytes[token.range]) == "use server"
    }
    return token.map { source.line(at: $0.offset) }
  }
}

/// Which files of a folder are sources of the application.
enum NextSourceFiles {
  private static let extensions: Set<Substring> = [
    "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts",
  ]
  private static let testFolders: Set<Substring> = [
    "tests", "test", "__tests__", "e2e", "integration", "playwright-tests", "cypress", "playwright",
    "__mocks__", "mocks", ".storybook", "stories", "coverage",
  ]
  private static let testMarks = [
    ".test.", ".spec.", ".stories.", ".d.ts", "jest.", "vitest.", "playwright.", "cypress.",
  ]
  /// Folders of programs that people start by hand, and configurations of tools.
  private static let toolFolders: Set<Substring> = [
    "scripts", "script", "bin", "tools", "prisma", "seed", "seeds", "drizzle", "docs", "examples",
  ]
  private static let toolMarks = ["drizzle.config.", "prisma.config.", "next-sitemap.", "codegen."]

  /// The sources below a folder, without those of other packages in it.
  static func all(below folder: String, in tree: ProjectTree) -> [String] {
    let packages = tree.packageFolders.filter {
      $0 != folder && ProjectPath.relative($0, to: folder) != nil
    }.map { $0 + "/" }
    return tree.files(below: folder).filter { isSource($0, folder, packages) }
  }

  private static func isSource(_ path: String, _ folder: String, _ packages: [String]) -> Bool {
    guard let dot = path.lastIndex(of: "."), extensions.contains(path[path.index(after: dot)...])
    else { return false }
    if !packages.isEmpty, packages.contains(where: path.hasPrefix) { return false }
    let name = ProjectTree.name(path)
    if testMarks.contains(where: { $0.hasPrefix(".") ? name.contains($0) : name.hasPrefix($0) }) {
      return false
    }
    return !folders(of: path, below: folder).contains { testFolders.contains($0) }
  }

  /// Whether a file is of a tool, so that the application itself does not need what the file needs.
  static func isTool(_ path: String, below folder: String) -> Bool {
    let name = ProjectTree.name(path)
    return toolMarks.contains(where: name.hasPrefix) || name.hasPrefix("seed.")
      || folders(of: path, below: folder).contains { toolFolders.contains($0) }
  }

  private static func folders(of path: String, below folder: String) -> ArraySlice<Substring> {
    let below = ProjectPath.relative(path, to: folder) ?? path
    return below.split(separator: "/").dropLast()
  }
}
