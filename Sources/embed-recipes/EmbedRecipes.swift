import Foundation

/// `embed-recipes DIRECTORY OUTPUT.swift`: the text files below DIRECTORY as one Swift dictionary, sorted by path.
@main
struct EmbedRecipes {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else {
      throw Failure(message: "usage: embed-recipes DIRECTORY OUTPUT.swift")
    }
    let root = URL(filePath: arguments[1], directoryHint: .isDirectory)
    let paths =
      (FileManager.default.enumerator(atPath: root.path(percentEncoded: false))?.allObjects
      as? [String] ?? [])
      .sorted()
    var code =
      "// Made from recipes/ by embed-recipes.\nlet embeddedRecipes: [String: String] = [\n"
    for path in paths {
      let file = root.appending(path: path)
      guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        continue
      }
      let text = try String(contentsOf: file, encoding: .utf8)
      code += "  \(literal(path)): \(literal(text)),\n"
    }
    code += code.hasSuffix("[\n") ? "  :\n]\n" : "]\n"
    try code.write(toFile: arguments[2], atomically: true, encoding: .utf8)
  }

  /// A Swift string literal with every special character escaped.
  private static func literal(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\" + String(scalar)
      case " "..."~": out.unicodeScalars.append(scalar)
      default: out += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    }
    return out + "\""
  }

  private struct Failure: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
  }
}
