import ForgeBasics
import Testing

@Suite struct DigestTests {
  private let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test func knownAnswer() {
    #expect(Digest.sha256([]).description == empty)
    #expect(Digest(empty) == Digest.sha256([]))
  }

  /// A digest becomes part of a path: nothing but the canonical form may pass (CVE-2024-3727).
  @Test func refusesEverythingElse() {
    let hex = String(empty.dropFirst(7))
    let bad = [
      "", hex, "sha256:", "sha256:" + hex.uppercased(), "sha256:" + hex.dropLast(),
      "sha256:" + hex + "0", "md5:" + hex,
      "sha512:" + hex, "sha256:../../../../etc/passwd", "sha256:" + hex.dropLast(1) + "g",
      "sha256:" + hex + "\n",
      "SHA256:" + hex,
    ]
    for text in bad { #expect(Digest(text) == nil, "\(text)") }
  }
}
