import ForgeBasics
import Testing

@testable import ForgeDockerignore

/// The vectors of moby/patternmatcher, rebuilt.
@Suite struct DockerignoreTests {
  /// As `patternmatcher.MatchesOrParentMatches` does: no ignore file in between.
  private func matches(_ patterns: [String], _ path: String) throws -> Bool {
    let rules = try patterns.map {
      Dockerignore.Rule(pattern: try DockerignorePattern($0), line: 1, text: $0)
    }
    return Dockerignore(rules: rules).ignores(path)
  }

  @Test func exceptions() throws {
    #expect(try matches(["*"], "fileutils.go"))
    #expect(try matches(["*.go"], "fileutils.go"))
    #expect(try matches(["!fileutils.go", "*.go"], "fileutils.go"))
    #expect(try !matches(["*.go", "!fileutils.go"], "fileutils.go"))
    for folder in ["docs", "docs/", "docs/*"] {
      #expect(try !matches([folder, "!docs/README.md"], "docs/README.md"))
    }
    #expect(try !matches(["*.go"], "."))
    #expect(try !matches([], "/any/path/there"))
    #expect(throws: BadPattern.self) { try matches(["!"], "fileutils.go") }
    #expect(throws: BadPattern.self) { try matches(["["], "/any/path/there") }
  }

  @Test(arguments: [
    ("**", "file", true), ("**", "file/", true), ("**/", "file", true), ("**/", "file/", true),
    ("**", "/", true),
    ("**/", "/", true), ("**", "dir/file", true), ("**/", "dir/file", true),
    ("**", "dir/file/", true),
    ("**/", "dir/file/", true), ("**/**", "dir/file", true), ("**/**", "dir/file/", true),
    ("dir/**", "dir/file", true), ("dir/**", "dir/file/", true), ("dir/**", "dir/dir2/file", true),
    ("dir/**", "dir/dir2/file/", true), ("**/dir", "dir", true), ("**/dir", "dir/file", true),
    ("**/dir2/*", "dir/dir2/file", true), ("**/dir2/*", "dir/dir2/file/", true),
    ("**/dir2/**", "dir/dir2/dir3/file", true), ("**/dir2/**", "dir/dir2/dir3/file/", true),
    ("**file", "file", true),
    ("**file", "dir/file", true), ("**/file", "dir/file", true), ("**file", "dir/dir/file", true),
    ("**/file", "dir/dir/file", true), ("**/file*", "dir/dir/file", true),
    ("**/file*", "dir/dir/file.txt", true),
    ("**/file*txt", "dir/dir/file.txt", true), ("**/file*.txt", "dir/dir/file.txt", true),
    ("**/file*.txt*", "dir/dir/file.txt", true), ("**/**/*.txt", "dir/dir/file.txt", true),
    ("**/**/*.txt2", "dir/dir/file.txt", false), ("**/*.txt", "file.txt", true),
    ("**/**/*.txt", "file.txt", true),
    ("a**/*.txt", "a/file.txt", true), ("a**/*.txt", "a/dir/file.txt", true),
    ("a**/*.txt", "a/dir/dir/file.txt", true),
    ("a/*.txt", "a/dir/file.txt", false), ("a/*.txt", "a/file.txt", true),
    ("a/*.txt**", "a/file.txt", true),
    ("a[b-d]e", "ae", false), ("a[b-d]e", "ace", true), ("a[b-d]e", "aae", false),
    ("a[^b-d]e", "aze", true),
    (".*", ".foo", true), (".*", "foo", false), ("abc.def", "abcdef", false),
    ("abc.def", "abc.def", true),
    ("abc.def", "abcZdef", false), ("abc?def", "abcZdef", true), ("abc?def", "abcdef", false),
    ("a\\\\", "a\\", true),
    ("**/foo/bar", "foo/bar", true), ("**/foo/bar", "dir/foo/bar", true),
    ("**/foo/bar", "dir/dir2/foo/bar", true),
    ("abc/**", "abc", false), ("abc/**", "abc/def", true), ("abc/**", "abc/def/ghi", true),
    ("**/.foo", ".foo", true),
    ("**/.foo", "bar.foo", false), ("a(b)c/def", "a(b)c/def", true),
    ("a(b)c/def", "a(b)c/xyz", false),
    ("a.|)$(}+{bc", "a.|)$(}+{bc", true), ("a\\*b", "a*b", true),
    (
      "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
      "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true
    ),
    ("dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true),
  ])
  func single(_ pattern: String, _ path: String, _ expected: Bool) throws {
    // `/` is cleaned to itself and has no parents.
    #expect(try matches([pattern], path) == expected)
  }

  @Test func several() throws {
    #expect(try !matches(["**", "!util/docker/web"], "util/docker/web/foo"))
    #expect(try matches(["**", "!util/docker/web", "util/docker/web/foo"], "util/docker/web/foo"))
    #expect(
      try !matches(
        ["**", "!dist/a-2.4.0rc3.dev36+g08-any.whl"], "dist/a-2.4.0rc3.dev36+g08-any.whl"))
    #expect(try !matches(["**", "!dist/*.whl"], "dist/a-2.4.0rc3.dev36+g08-any.whl"))
  }

  /// The vectors of Go's `filepath.Match`; nil: refused.
  @Test(arguments: [
    ("abc", "abc", true), ("*", "abc", true), ("*c", "abc", true), ("a*", "a", true),
    ("a*", "abc", true),
    ("a*", "ab/c", true), ("a*/b", "abc/b", true), ("a*/b", "a/c/b", false),
    ("a*b*c*d*e*/f", "axbxcxdxe/f", true), ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
    ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false), ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
    ("a*b?c*x", "abxbbxdbxebxczzx", true), ("a*b?c*x", "abxbbxdbxebxczzy", false),
    ("ab[c]", "abc", true),
    ("ab[b-d]", "abc", true), ("ab[e-g]", "abc", false), ("ab[^c]", "abc", false),
    ("ab[^b-d]", "abc", false),
    ("ab[^e-g]", "abc", true), ("a\\*b", "a*b", true), ("a\\*b", "ab", false), ("a?b", "a☺b", true),
    ("a[^a]b", "a☺b", true), ("a???b", "a☺b", false), ("a[^a][^a][^a]b", "a☺b", false),
    ("[a-ζ]*", "α", true),
    ("*[a-ζ]", "A", false), ("a?b", "a/b", false), ("a*b", "a/b", false), ("[\\]a]", "]", true),
    ("[\\-]", "-", true),
    ("[x\\-]", "x", true), ("[x\\-]", "-", true), ("[x\\-]", "z", false), ("[\\-x]", "x", true),
    ("[\\-x]", "-", true),
    ("[\\-x]", "a", false), ("[]a]", "]", nil), ("[-]", "-", nil), ("[x-]", "x", nil),
    ("[-x]", "x", nil),
    ("\\", "a", nil), ("[a-b-c]", "a", nil), ("[", "a", nil), ("[^", "a", nil), ("[^bc", "a", nil),
    ("a[", "a", nil),
    ("*x", "xxx", true),
  ])
  func goMatch(_ pattern: String, _ path: String, _ expected: Bool?) throws {
    guard let expected else {
      #expect(throws: BadPattern.self) { try matches([pattern], path) }
      #expect(throws: BadPattern.self) { try GoGlob(pattern) }
      return
    }
    #expect(try matches([pattern], path) == expected)
    // A source of COPY knows no parents.
    #expect(try GoGlob(pattern).matches(path) == (expected && (pattern, path) != ("a*", "ab/c")))
  }

  @Test(arguments: [
    ("*", "^[^/]*$"), ("file*", "^file[^/]*$"), ("*file", "^[^/]*file$"), ("a*/b", "^a[^/]*/b$"),
    ("**", "suffix"),
    ("**/**", "^(.*/)?.*$"), ("dir/**", "prefix"), ("**/dir", "suffix"),
    ("**/dir2/*", "^(.*/)?dir2/[^/]*$"),
    ("**/dir2/**", "^(.*/)?dir2/.*$"), ("**file", "suffix"),
    ("**/file*txt", "^(.*/)?file[^/]*txt$"),
    ("**/**/*.txt", "^(.*/)?(.*/)?[^/]*\\.txt$"), ("a[b-d]e", "^a[b-d]e$"), (".*", "^\\.[^/]*$"),
    ("abc.def", "exact"), ("abc?def", "^abc[^/]def$"), ("**/foo/bar", "suffix"),
    ("a(b)c/def", "exact"),
    ("a.|)$(}+{bc", "exact"), ("dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", "exact"),
  ])
  func compiled(_ pattern: String, _ expected: String) throws {
    let kind =
      switch try DockerignorePattern(pattern).kind {
      case .exact: "exact"
      case .prefix: "prefix"
      case .suffix: "suffix"
      case .expression(let text, _): text
      }
    #expect(kind == expected)
  }

  /// Valid for `filepath.Match`, but not as the expression that it becomes: the builders stop at its first use.
  @Test(arguments: ["[Local-Only]/", "[z-a]", "\\p", "[[:foo:]]x"])
  func refusedAtFirstUse(_ pattern: String) {
    #expect(throws: BadPattern.self) { try DockerignorePattern(pattern) }
  }

  @Test func ignoreFileLines() throws {
    let lines = [
      "test1", "/test2", "/a/file/here", "", "lastfile", "# this is a comment",
      "! /inverted/abs/path",
    ]
    #expect(
      lines.filter { !$0.hasPrefix("#") }.compactMap(Dockerignore.normalized)
        == ["test1", "test2", "a/file/here", "lastfile", "!inverted/abs/path"])
    #expect(Dockerignore.normalized("!") == "!" && Dockerignore.normalized("! ") == "!")
    #expect(Dockerignore.normalized("  a/../b/./c/ \r") == "b/c")
    #expect(Dockerignore.normalized("/") == "/" && Dockerignore.normalized("foo//bar") == "foo/bar")
  }

  @Test func readsAFile() throws {
    let text = "\u{FEFF}# comment\n *.md\n\n!README.md\r\n #x\n"
    let ignore = try Dockerignore(SourceText(name: ".dockerignore", text: text))
    #expect(ignore.rules.map(\.line) == [2, 4, 5])
    #expect(ignore.rules.map(\.text) == ["*.md", "!README.md", "#x"])
    #expect(ignore.ignores("a.md") && !ignore.ignores("README.md") && ignore.ignores("#x"))
    #expect(ignore.decision("README.md")?.line == 4)
    #expect(!ignore.ignores("docs/a.md"))
    let error = #expect(throws: DockerignoreError.self) {
      try Dockerignore(SourceText(name: ".dockerignore", text: "a\n!\n"))
    }
    #expect(error?.line == 2)
  }

  @Test func foldersThatMayKeepSomething() throws {
    let ignore = try Dockerignore(SourceText(name: "", text: "*\n!src/app\n"))
    #expect(ignore.mayKeep(below: "src") && !ignore.mayKeep(below: "docs"))
    #expect(try Dockerignore(SourceText(name: "", text: "*\n!**/x\n")).mayKeep(below: "docs"))
  }

  @Test(arguments: ["app/[slug]", "app/[[...x]]", "app/(g)/@modal", "a*b?c", "a\\b", "plain"])
  func escapedPathsMatchThemselves(_ path: String) throws {
    #expect(try matches([GoPath.escapingPattern(path)], path))
    #expect(try !matches([GoPath.escapingPattern(path)], path + "x"))
    if !path.contains("\\") { #expect(try GoGlob(GoPath.escapingSource(path)).matches(path)) }
  }

  @Test func hostilePatternsTakeLinearTime() throws {
    let stars = String(repeating: "*a", count: 500) + "*"
    let path = String(repeating: "a", count: 1_000)
    let clock = ContinuousClock()
    let pattern = try DockerignorePattern(stars)
    let elapsed = clock.measure { _ = pattern.matches(path + "b") }
    #expect(elapsed < .seconds(10))
    #expect(throws: DockerignoreError.self) {
      try Dockerignore(SourceText(name: "", text: String(repeating: "a", count: 1 << 17)))
    }
  }
}
