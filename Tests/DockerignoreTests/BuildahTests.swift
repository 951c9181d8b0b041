import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeDockerignore

/// What buildah really leaves out of `COPY . /`, against what we say that it does.
@Suite struct BuildahTests {
  private static let files = [
    ".env", ".env.example", "a/b/c/file.txt", "a/b/file.md", "a/file.txt", "a/x", "ab/c",
    "app/(g)/page.tsx",
    "app/[slug]/page.tsx", "app/s/page.tsx", "b", "docs/README.md", "docs/deep/a/b", "file.txt",
    "node_modules/m/i.js",
    "web/node_modules/m/i.js", "web/src/index.ts",
  ]

  private static let pieces = [
    "a", "b", "c", "x", "file", ".txt", ".md", "*", "*", "**", "**/", "?", "/", "/", "[a-c]",
    "[^a]", "app", "docs",
    "web", "node_modules", "[slug]", "\\[slug\\]", ".env", "src", "README", "page.tsx",
  ]

  private static func line(_ random: inout SplitMix) -> String {
    let words = (0..<Int.random(in: 1...4, using: &random)).map { _ in
      pieces.randomElement(using: &random) ?? "a"
    }
    // buildah before its move to moby's matcher reads parentheses as a group: they are left to the vectors.
    let literal = files.filter { !$0.contains("(") }.randomElement(using: &random)
    var path = Int.random(in: 0..<4, using: &random) == 0 ? literal ?? "b" : words.joined()
    // To moby `**x` is whatever ends with x, to that buildah a file x at any depth.
    if path.hasPrefix("**"), !path.hasPrefix("**/") { path = "**/" + path.drop { $0 == "*" } }
    return (Int.random(in: 0..<3, using: &random) == 0 ? "!" : "") + path
  }

  /// Unlike BuildKit, buildah looks into an ignored folder only where an exception starts with its path.
  private static func isReached(_ path: String, _ ignore: Dockerignore) -> Bool {
    let parts = path.split(separator: "/")
    return (1..<max(1, parts.count)).allSatisfy { count in
      let folder = parts.prefix(count).joined(separator: "/")
      return !ignore.ignores(folder)
        || ignore.rules.contains {
          $0.pattern.isException && ($0.pattern.cleaned + "/").hasPrefix(folder + "/")
        }
    }
  }

  /// The files that buildah copies; nil when it stops.
  private func copied(_ ignore: String, context: TemporaryFolder, work: TemporaryFolder)
    async throws -> Set<String>?
  {
    try context.write(ignore, to: ".dockerignore")
    let store = [
      "--root", work.file("root"), "--runroot", work.file("run"), "--storage-driver", "vfs",
    ]
    let build = try await Command.run(
      "buildah",
      ["bud"] + store + [
        "--isolation", "chroot", "-q", "-f", work.file("Dockerfile"), "-t", "t", context.path,
      ])
    guard build.status == 0 else { return nil }
    let out = work.file("out")
    try? FileManager.default.removeItem(atPath: out)
    try await Command.require("buildah", ["push"] + store + ["-q", "t", "dir:" + out])
    let manifest = try JSON.parse(
      SourceText(
        name: "manifest", bytes: [UInt8](Data(contentsOf: URL(filePath: out + "/manifest.json")))),
      .image)
    let digest = try #require(manifest["layers"]?.elements.last?["digest"]?.string)
    let layer = out + "/" + digest.replacing("sha256:", with: "")
    let listing = try await Command.require("tar", ["--quoting-style=literal", "-tzf", layer])
    return Set(listing.split(separator: "\n").filter { !$0.hasSuffix("/") }.map(String.init))
  }

  @Test func sameFilesAsBuildah() async throws {
    let context = try TemporaryFolder()
    let work = try TemporaryFolder()
    for file in Self.files { try context.write("x", to: file) }
    try work.write("FROM scratch\nCOPY . /\n", to: "Dockerfile")
    let seed = ProcessInfo.processInfo.environment["FORGE_SEED"].flatMap { UInt64($0) } ?? 1
    let count = ProcessInfo.processInfo.environment["FORGE_CASES"].flatMap { Int($0) } ?? 40
    var random = SplitMix(state: seed)
    var compared = 0
    for _ in 0..<count {
      let lines = (0..<Int.random(in: 1...5, using: &random)).map { _ in Self.line(&random) }
      // Its own ignore file is part of the context; kept out of the comparison.
      let text = lines.joined(separator: "\n") + "\n"
      let theirs = try await copied(text, context: context, work: work)?.subtracting([
        ".dockerignore"
      ])
      guard let ignore = try? Dockerignore(SourceText(name: ".dockerignore", text: text)) else {
        #expect(theirs == nil, "buildah takes what we refuse:\n\(text)")
        continue
      }
      let ours = Set(Self.files.filter { !ignore.ignores($0) && Self.isReached($0, ignore) })
      let difference = (theirs ?? []).symmetricDifference(ours).sorted()
      #expect(theirs != nil && difference == [], "\(text)")
      compared += 1
    }
    #expect(compared > count / 2)
  }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
