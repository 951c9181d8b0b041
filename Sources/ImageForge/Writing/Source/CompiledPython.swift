import ForgeInspection
import ForgeLayers

/// Compiled Python modules name the time of their source (CPython, importlib `_validate_timestamp_pyc`): where that
/// time changes, Python compiles anew at every start.
package enum CompiledPython {
  static let headerSize = 16

  /// Keeps the headers of `*.pyc`.
  static let capture: @Sendable (ArraySlice<UInt8>) -> Int = { path in
    path.suffix(4).elementsEqual(".pyc".utf8) ? headerSize : 0
  }

  /// The time of its source, seconds; nil where it is checked by hash, or the header is none.
  static func sourceTime(_ head: [UInt8]) -> UInt32? {
    guard head.count == headerSize, head[2] == 0x0D, head[3] == 0x0A,
      head[4..<8].allSatisfy({ $0 == 0 })
    else {
      return nil
    }
    return head[8..<12].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// `pkg/__pycache__/mod.cpython-312.pyc` → `pkg/mod.py`.
  package static func source(of path: [UInt8]) -> [UInt8]? {
    let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[parts.count - 2].elementsEqual("__pycache__".utf8),
      let file = parts.last
    else {
      return nil
    }
    let module = file.prefix { $0 != UInt8(ascii: ".") }
    return Array(parts.dropLast(2).joined(separator: [UInt8(ascii: "/")]))
      + (parts.count > 2 ? [UInt8(ascii: "/")] : [])
      + module + Array(".py".utf8)
  }

  /// Sources whose time stands in a compiled module beside them.
  package static func timedSources(_ root: RootFilesystem, _ scans: [LayerScan]) -> Set<[UInt8]> {
    var found: Set<[UInt8]> = []
    root.walk { id in
      let node = root.tree[id]
      if node.inode != FileTree.none, root.tree.name(id).suffix(4).elementsEqual(".pyc".utf8) {
        let origin = root.inodes[Int(node.inode)].origin
        if let head = scans[Int(origin.layer)].entries.head(Int(origin.index)),
          sourceTime(head) != nil,
          let source = source(of: root.tree.path(id))
        {
          found.insert(source)
        }
      }
      return true
    }
    return found
  }
}
