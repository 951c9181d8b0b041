import ForgeBasics
import ForgeCatalogue
import Yams

/// The YAML tables of `recipes/`, which are embedded.
package enum DataFile {
  /// - Throws: `DecodingError`, also when there is no such file.
  package static func decode<Value: Decodable>(_ type: Value.Type, from path: String) throws
    -> Value
  {
    try YAMLDecoder().decode(type, from: Catalogue.text(path) ?? "")
  }
}
