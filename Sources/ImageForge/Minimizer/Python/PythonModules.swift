import ForgeInspection
import ForgeWriting

/// The modules that the Python libraries of an image hold: its standard library and every `site-packages`.
struct PythonModules {
  /// A file or folder that gives a module.
  struct Definition {
    enum Kind { case source, extensionModule, package }
    var kind: Kind
    var id: FileTree.ID
    var isStandard: Bool
  }

  private(set) var definitions: [String: [Definition]] = [:]
  /// By package, or the empty name: the names of the modules right below it.
  private(set) var children: [String: Set<String>] = [:]
  /// `site-packages` and the like.
  private(set) var sites: [FileTree.ID] = []
  private(set) var libraries: Set<FileTree.ID> = []
  private let root: RootFilesystem

  private let kept: Set<FileTree.ID>

  /// - Parameter kept: the names that count.
  init(_ root: RootFilesystem, kept: Set<FileTree.ID>) {
    self.root = root
    self.kept = kept
    var standard: [FileTree.ID] = []
    var sites: [FileTree.ID] = []
    root.walk { id in
      guard root.tree[id].kind == .directory, id == FileTree.root || kept.contains(id) else {
        return false
      }
      let name = Self.text(root, id)
      if name == "site-packages" || name == "dist-packages" {
        sites.append(id)
        return false
      }
      if name.hasPrefix("python3."), root.tree.child(id, Array("os.py".utf8)[...]) != nil {
        standard.append(id)
      }
      return true
    }
    self.sites = sites
    libraries = Set(sites + standard)
    for id in standard {
      index(id, "", isStandard: true)
      if let folder = root.tree.child(id, Array("lib-dynload".utf8)[...]) {
        index(folder, "", isStandard: true)
      }
    }
    for id in sites { index(id, "", isStandard: false) }
  }

  static func text(_ root: RootFilesystem, _ id: FileTree.ID) -> String {
    String(decoding: root.tree.name(id), as: UTF8.self)
  }

  private mutating func index(_ folder: FileTree.ID, _ package: String, isStandard: Bool) {
    for child in root.tree.children(folder) where kept.contains(child) {
      let file = Self.text(root, child)
      let name = String(file.prefix { $0 != "." })
      guard PythonImports.isDotted(name[...]), name != "__init__" else { continue }
      let isFolder = root.tree[child].kind == .directory
      let kind: Definition.Kind
      if isFolder, file == name, file != "__pycache__" {
        kind = .package
      } else if !isFolder, file == name + ".py" {
        kind = .source
      } else if !isFolder, file.hasSuffix(".so"),
        file == name + ".so" || file.contains(".cpython-3") || file.contains(".abi3.")
      {
        kind = .extensionModule
      } else {
        continue
      }
      let full = package.isEmpty ? name : package + "." + name
      definitions[full, default: []].append(
        Definition(kind: kind, id: child, isStandard: isStandard))
      children[package, default: []].insert(name)
      if kind == .package { index(child, full, isStandard: isStandard) }
    }
  }

  func isStandard(_ name: String) -> Bool { definitions[name]?.contains { $0.isStandard } ?? false }

  /// The modules in a text of names that may have others before and behind them, as compiled programs hold them.
  func modules(in text: Substring) -> [String] {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let first = parts.first, first.utf8.count < 200 else { return [] }
    var found: [String] = []
    let whole = definitions[first] == nil ? [] : [first]
    found += whole
    var starts = whole
    if parts.count > 1 {
      // The names of a Rust program follow each other without anything between them.
      var rest = first.dropFirst()
      while rest.utf8.count > 2 {
        if definitions[String(rest)] != nil { starts.append(String(rest)) }
        rest = rest.dropFirst()
      }
    }
    for start in starts {
      var module = start
      for part in parts.dropFirst() {
        guard let names = children[module] else { break }
        let fitting = names.filter { part.hasPrefix($0) }
        // A word that ends like the name of a module is none: `xreadline.x`.
        if module == start, !fitting.isEmpty { found.append(start) }
        found += fitting.map { module + "." + $0 }
        guard let longest = fitting.max(by: { $0.count < $1.count }) else { break }
        module += "." + longest
      }
    }
    return found
  }
}
