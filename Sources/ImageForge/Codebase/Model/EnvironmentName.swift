import ForgeBasics
import ForgeFindings

/// What the name of an environment variable tells; whether it stands for a secret, `SecretName` knows.
package enum EnvironmentName {
  /// Says of places that read a variable whose name only running the code would tell. Nil when there are none.
  package static func computed(_ places: [String], id: String) -> Finding? {
    guard let first = places.first else { return nil }
    let more = places.count == 1 ? "" : ", and \(places.count - 1) more places read one so"
    return Finding(
      id: id, severity: .info,
      message:
        "a variable is read under a name that is computed here\(more): the list may lack some",
      location: first,
      fix: "name them in .env.example")
  }

  /// `[A-Za-z_][A-Za-z0-9_]*`.
  package static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, first == UInt8(ascii: "_") || isLetter(first), bytes.count <= 256
    else {
      return false
    }
    return bytes.allSatisfy {
      isLetter($0) || $0 == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }
}
