import ForgeBasics
import Foundation
import TestSupport
import Testing

@testable import ForgeSyntax

/// Python's own readers as judges: `tomllib` for TOML, `packaging` (pip's copy of it) for versions and requirements.
@Suite struct PythonOracleTests {
  private func python(_ script: String, input: String) throws -> [String] {
    let output = try Shell.run(["python3", "-c", script], input: Array(input.utf8))
    return String(decoding: output, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .dropLast().map(String.init)
  }

  // MARK: Versions

  private static let specifiers = [
    ">=3.11", ">=3.11,<4", "~=3.12", "~=3.12.1", "==3.12.*", "!=3.12.*", "==3.12", "<3.12",
    "<=3.12", ">3.12",
    "!=3.12.4", ">=3.9,!=3.11.*,<3.14", "==3", "~=3.0", ">3", "<4,>=3.13",
  ]
  private static let versions = [
    [3, 8], [3, 9], [3, 11], [3, 11, 9], [3, 12], [3, 12, 0], [3, 12, 1], [3, 12, 4], [3, 13],
    [3, 13, 2], [3, 14],
    [4, 0],
    [3],
  ]

  @Test func specifiersAllowWhatPackagingAllows() throws {
    let cases = Self.specifiers.flatMap { specifier in Self.versions.map { (specifier, $0) } }
    let input = cases.map { "\($0) \($1.map(String.init).joined(separator: "."))" }.joined(
      separator: "\n")
    let expected = try python(
      """
      import sys
      from pip._vendor.packaging.specifiers import SpecifierSet
      for line in sys.stdin.read().splitlines():
          specifier, version = line.split()
          print(SpecifierSet(specifier).contains(version))
      """, input: input)
    try #require(expected.count == cases.count)
    for ((specifier, version), answer) in zip(cases, expected) {
      let set = try #require(VersionSpecifier(specifier))
      #expect(set.allows(version) == (answer == "True"), "\(specifier) \(version)")
    }
  }

  @Test func requirementsAreReadAsPackagingReadsThem() throws {
    let lines = [
      "fastapi", "Fast_API.Users >= 1.0, < 2",
      "uvicorn[standard,H11]==0.1 ; python_version < '3.12'",
      "lib @ https://x.org/a.whl ; os_name == 'nt'", "name (>=1)", "a[b]>=1,!=1.5,<2",
      "x-y_z.q~=1.4.2",
      "pkg [extra1 , extra2] >= 2", "a==1.*", "a===1.0", "zope.interface>5", "a ; extra == 'x'",
    ]
    let expected = try python(
      """
      import sys
      from pip._vendor.packaging.requirements import Requirement
      from pip._vendor.packaging.utils import canonicalize_name as name
      for line in sys.stdin.read().splitlines():
          r = Requirement(line)
          print(name(r.name), ",".join(sorted(map(name, r.extras))), ",".join(sorted(map(str, r.specifier))),
                r.url or "", bool(r.marker), sep="|")
      """, input: lines.joined(separator: "\n"))
    for (line, answer) in zip(lines, expected) {
      let read = try #require(Requirement(line), "\(line)")
      let specifier = read.specifier.split(separator: ",").sorted().joined(separator: ",")
      let mine = [
        read.name, read.extras.joined(separator: ","), specifier, read.url ?? "",
        read.marker == nil ? "False" : "True",
      ].joined(separator: "|")
      #expect(mine == answer, "\(line)")
    }
  }

  @Test(arguments: ["-x", "[a]", "a[b", "a b", "a@", "_a", "a-", "a $(x)"])
  func whatPackagingRefusesIsNoRequirement(_ text: String) throws {
    let answer = try python(
      """
      import sys
      from pip._vendor.packaging.requirements import Requirement, InvalidRequirement
      try:
          Requirement(sys.stdin.read()); print("taken")
      except InvalidRequirement:
          print("refused")
      """, input: text)
    #expect(answer == ["refused"])
    #expect(Requirement(text) == nil)
  }

  // MARK: TOML

  private static let document = #"""
    title = "a \"quoted\" \u00e9\ttext"
    path = 'C:\raw'
    many = """
    first
      second \
        joined
    """
    count = 1_000
    hexadecimal = 0xff
    ratio = 6.5
    yes = true
    when = 2026-11-24T10:00:00Z
    list = [1, "two", [3, 4], { five = 5 }]
    dotted.key."with space" = "x"

    [project]
    name = "shop"
    dependencies = [
      "fastapi>=0.1",  # a comment
      'uvicorn[standard]',
    ]
    [project.optional-dependencies]
    test = ["pytest"]

    [[package]]
    name = "a"
    [package.source]
    editable = "."
    [[package]]
    name = "b"
    wheels = [{ url = "https://x.org/b-1.whl", size = 5 }]
    """#

  /// One line a leaf: its path and its value.
  private func leaves(_ value: TOML, _ path: String) -> [String] {
    switch value {
    case .table(let table): table.flatMap { leaves($1, "\(path)/\($0)") }
    case .array(let elements): elements.enumerated().flatMap { leaves($1, "\(path)/\($0)") }
    case .string(let text): ["\(path) = \(text.replacing("\n", with: "\\n"))"]
    case .integer(let number): ["\(path) = \(number)"]
    case .double(let number): ["\(path) = \(number)"]
    case .bool(let flag): ["\(path) = \(flag)"]
    case .date: ["\(path) = date"]
    }
  }

  @Test func tomlIsReadAsTomllibReadsIt() throws {
    let expected = try python(
      #"""
      import sys, tomllib
      def leaves(value, path):
          if isinstance(value, dict):
              for key, inner in value.items(): leaves(inner, f"{path}/{key}")
          elif isinstance(value, list):
              for index, inner in enumerate(value): leaves(inner, f"{path}/{index}")
          elif isinstance(value, bool): print(f"{path} = {str(value).lower()}")
          elif isinstance(value, (int, float)): print(f"{path} = {value}")
          elif isinstance(value, str): print(path, "=", value.replace("\n", "\\n"))
          else: print(f"{path} = date")
      leaves(tomllib.loads(sys.stdin.buffer.read().decode()), "")
      """#, input: Self.document)
    let document = try TOMLDocument.parse(SourceText(name: "a.toml", text: Self.document))
    #expect(leaves(document.root, "").sorted() == expected.sorted())
  }
}
