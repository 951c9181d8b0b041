/// Spellings of `config.User` that one runtime takes for a number, another for a name, and a third for root.
///
/// Docker and podman read a decimal number of Go's `Atoi`, sign and leading zeros included (moby/sys/user); buildah one
/// without a sign (`ParseUint`); containerd took numbers beyond 32 bits for root (CVE-2024-40635), and now takes them
/// for names; other readers see hexadecimal and octal numbers. Whoever judges an image by such a user may be wrong.
enum AmbiguousUser {
  /// Why readers disagree; nil where they do not. `USER`, `USER:GROUP`, or empty.
  static func reason(_ user: String) -> String? {
    let parts = user.unicodeScalars.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count > 2 {
      return "some runtimes refuse more than a user and a group, others ignore the rest"
    }
    for part in parts {
      guard part.allSatisfy({ ("!"..."~").contains($0) }) else {
        return "readers disagree on spaces, control characters and what is not ASCII"
      }
      let number = part.drop { $0 == "+" || $0 == "-" }
      guard let first = number.first, ("0"..."9").contains(first) else { continue }
      if number.startIndex != part.startIndex {
        return "some runtimes read a number with a sign, others a name"
      }
      if first == "0", number.count > 1 {
        return
          "some readers take what starts with 0 for a decimal number, others for an octal or hexadecimal one or a name"
      }
      guard number.allSatisfy({ ("0"..."9").contains($0) }) else { continue }
      guard Int32(String(number)) != nil else {
        return
          "a number beyond \(Int32.max) is refused by some runtimes, a name to others, and root to a third kind"
      }
    }
    return nil
  }
}
