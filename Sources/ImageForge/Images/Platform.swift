/// What an image runs on (image-spec, image-index.md, `platform`).
package struct Platform: Hashable, Sendable, CustomStringConvertible {
  /// A Go operating system, such as `linux`.
  package let os: String
  /// A Go architecture, such as `amd64`.
  package let architecture: String
  /// Such as `v8`; nil where the architecture has none.
  package let variant: String?

  package init(os: String, architecture: String, variant: String? = nil) {
    self.os = os
    self.architecture = architecture
    self.variant = variant == "" ? nil : variant
  }

  /// Reads `linux/arm64` or `linux/arm64/v8`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), !parts.contains("") else { return nil }
    self.init(os: parts[0], architecture: parts[1], variant: parts.dropFirst(2).first)
  }

  package var description: String {
    [os, architecture, variant].compactMap(\.self).joined(separator: "/")
  }

  /// Whether a user who asks for `wanted` means this one: a variant counts only where it was asked for.
  func satisfies(_ wanted: Platform) -> Bool {
    os == wanted.os && architecture == wanted.architecture
      && (wanted.variant == nil || wanted.variant == variant)
  }

  /// The same but for a variant that one side leaves out, as `arm64` and `arm64/v8`.
  func agrees(with other: Platform) -> Bool { satisfies(other) || other.satisfies(self) }

  /// What BuildKit writes for manifests that no machine runs, such as attestations.
  var isUnknown: Bool { os == "unknown" && architecture == "unknown" }
}
