/// Paths as manifests write them, resolved inside the project.
package enum ProjectPath {
  /// `path` as seen from `folder`, both relative to the root; nil when it is absolute or leaves the root.
  package static func resolve(_ path: String, from folder: String) -> String? {
    guard !path.hasPrefix("/"), !path.hasPrefix("~"), !path.contains("\0") else { return nil }
    var parts = folder.split(separator: "/").filter { $0 != "." }
    for part in path.split(separator: "/") where part != "." {
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(part)
      }
    }
    return joined(parts[...])
  }

  /// A path of these parts; `.` of none.
  package static func joined(_ parts: ArraySlice<Substring>) -> String {
    if parts.isEmpty { return "." }
    return parts.joined(separator: "/")
  }

  /// The path of a file in a folder; `.` is the root itself.
  package static func join(_ folder: String, _ name: String) -> String {
    if folder == "." { return name }
    return "\(folder)/\(name)"
  }

  /// `path` relative to `folder`, when it lies in it.
  package static func relative(_ path: String, to folder: String) -> String? {
    if path == folder { return "." }
    if folder == "." { return path }
    guard path.hasPrefix(folder + "/") else { return nil }
    return String(path.dropFirst(folder.count + 1))
  }

  /// Whether a path can stand in a Dockerfile as it is: nothing that a shell, BuildKit or Go's patterns would read.
  package static func isPlain(_ path: String) -> Bool {
    !path.isEmpty && path.utf8.count <= 1024 && !path.hasPrefix("-")
      && path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._-/+@".utf8.contains(byte)
        }
      }
  }
}
