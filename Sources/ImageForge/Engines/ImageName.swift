import Foundation

/// Names of images, after the grammar of the distribution project's `reference` package.
enum ImageName {
  /// Whether a build may give an image this name: `[registry[:port]/]path[/path…][:tag]`.
  static func isValid(_ name: String) -> Bool {
    guard name.utf8.count <= 255 + 129 else { return false }
    let part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*"
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
    let registry = "(?:\(label)(?:\\.\(label))*(?::[0-9]+)?/)?"
    return matches("\(registry)\(part)(?:/\(part))*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?", name)
  }

  /// Whether a text can name an image at all, by name, digest or id; above all that it is no option.
  static func isPlausible(_ reference: String) -> Bool {
    reference.utf8.count <= 1024 && matches("[A-Za-z0-9][A-Za-z0-9._:/@-]*", reference)
  }

  private static func matches(_ pattern: String, _ text: String) -> Bool {
    text.range(of: "^(?:\(pattern))$", options: .regularExpression) == text
      .startIndex..<text.endIndex
  }
}
