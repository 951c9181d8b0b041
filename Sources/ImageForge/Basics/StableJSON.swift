import Foundation

/// The one way in which forge writes JSON: sorted keys, two-space indentation, a line break at the end;
/// the same bytes for the same value.
public enum StableJSON {
  /// The UTF-8 text of `value`.
  public static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    // Only a string can hold a number sign: the same value, but no `##[command]` for a CI runner that shows the text.
    guard text.contains("##") else { return text }
    return text.replacing(/##([A-Za-z]*)\[/) { "#\\u0023\($0.1)[" }
  }
}
