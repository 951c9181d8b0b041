/// Names in a layer, as its root sees them.
enum TarPath {
  enum Problem: Error {
    case holdsNUL, leavesRoot

    var reason: String {
      switch self {
      case .holdsNUL: "a path holds a NUL byte"
      case .leavesRoot: "a path leaves the root through '..'"
      }
    }
  }

  /// Writes `raw` to `clean` without leading, doubled and trailing slashes and `.`, and with `..` taken away lexically,
  /// as container runtimes do. Empty for the root.
  /// - Returns: whether there was a `..`.
  static func clean(_ raw: some Collection<UInt8>, into clean: inout [UInt8]) throws(Problem)
    -> Bool
  {
    clean.removeAll(keepingCapacity: true)
    guard !raw.contains(0) else { throw .holdsNUL }
    var hadDots = false
    for component in raw.split(separator: UInt8(ascii: "/")) {
      switch component.count {
      case 1 where component.first == UInt8(ascii: "."): continue
      case 2 where component.allSatisfy({ $0 == UInt8(ascii: ".") }):
        guard !clean.isEmpty else { throw .leavesRoot }
        hadDots = true
        clean.removeLast(clean.count - (clean.lastIndex(of: UInt8(ascii: "/")) ?? 0))
      default:
        if !clean.isEmpty { clean.append(UInt8(ascii: "/")) }
        clean.append(contentsOf: component)
      }
    }
    return hadDots
  }
}
