import ForgeBasics

/// Text of a project in files that YAML, and then Helm's templates, read.
enum HelmText {
  /// A key of YAML: quoted where YAML would read a boolean, a number or null.
  static func key(_ name: String) -> String {
    let special: Set<String> = [
      "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~",
    ]
    if special.contains(name.lowercased()) { return "\"\(name)\"" }
    return name
  }

  /// A string of YAML's in double quotes, in a template.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\" + String(scalar)
      case " "..."~": out.unicodeScalars.append(scalar)
      default:
        let code = String(scalar.value, radix: 16, uppercase: true)
        out += "\\U" + String(repeating: "0", count: 8 - code.count) + code
      }
    }
    return escapingBraces(out + "\"")
  }

  /// Words for a comment: one line, and nothing that a template would execute.
  static func comment(_ words: String) -> String {
    var text = DisplayText.escape(words).replacing("\n", with: " ")
    // Two braces in a comment would still begin an action.
    text = text.replacing("{{", with: "{ {").replacing("}}", with: "} }")
    return String(text.prefix(200))
  }

  private static func escapingBraces(_ text: String) -> String {
    text.replacing("{{", with: "{\\x7B")
  }
}
