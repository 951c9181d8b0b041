/// The functions of Node's modules `path` and `url` that configurations find folders with.
enum JSPath {
  private static let modules: Set<String> = ["path", "node:path", "path/posix", "url", "node:url"]

  /// What a call gives; nil when the function is another one, or an argument is not known.
  static func call(_ function: JSValue, _ arguments: [JSValue], cwd: String) -> JSValue? {
    guard case .external(let name, let module) = function, modules.contains(module) else {
      return nil
    }
    var texts: [String] = []
    for argument in arguments.prefix(32) {
      guard let text = argument.string else { return nil }
      texts.append(text)
    }
    switch name {
    case "join": return .text(normalized(texts.joined(separator: "/")))
    case "resolve": return .text(resolved([cwd] + texts))
    case "dirname": return texts.first.map { .text(parent($0)) }
    case "normalize": return texts.first.map { .text(normalized($0)) }
    case "fileURLToPath":
      return texts.first.map { .text($0.hasPrefix("file://") ? String($0.dropFirst(7)) : $0) }
    default: return nil
    }
  }

  private static func resolved(_ parts: [String]) -> String {
    var out = ""
    for part in parts {
      if part.hasPrefix("/") { out = part } else { out += "/" + part }
    }
    return normalized(out)
  }

  /// Without `.`, `..` and doubled slashes.
  static func normalized(_ path: String) -> String {
    let isAbsolute = path.hasPrefix("/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != ".." || !isAbsolute {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    if isAbsolute { return "/" + joined }
    if joined.isEmpty { return "." }
    return joined
  }

  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    if slash == path.startIndex { return "/" }
    return String(path[..<slash])
  }
}
