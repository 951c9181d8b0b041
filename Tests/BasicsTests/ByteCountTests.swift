import ForgeBasics
import Testing

@Suite struct ByteCountTests {
  @Test(
    arguments: [
      (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_049, "1.0 kB"), (1_050, "1.1 kB"),
      (999_949, "999.9 kB"),
      (999_950, "1.0 MB"), (174_300_000, "174.3 MB"), (200_000_000, "200.0 MB"),
      (1_500_000_000, "1.5 GB"),
      (-2_000_000, "-2.0 MB"),
    ] as [(Int64, String)])
  func text(bytes: Int64, expected: String) { #expect(ByteCount.text(bytes) == expected) }

  @Test func extremesDoNotTrap() {
    #expect(ByteCount.text(.max).hasSuffix(" TB"))
    #expect(ByteCount.text(.min).hasPrefix("-"))
  }

  @Test(
    arguments: [
      ("200MB", 200_000_000), ("200 MB", 200_000_000), ("1.5GB", 1_500_000_000),
      ("64MiB", 67_108_864), ("123", 123),
      ("10k", 10_000), ("0.25kB", 250), ("1_000", 1_000),
    ] as [(String, Int64)])
  func parses(text: String, expected: Int64) { #expect(ByteCount.parse(text) == expected) }

  @Test(arguments: [
    "", "MB", "-1", "1.2.3MB", "1.MB", "9999999TB9", "99999999999999999999", "9999999TB",
    "1 parsec",
  ])
  func refuses(text: String) { #expect(ByteCount.parse(text) == nil) }
}
