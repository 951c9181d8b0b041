import ForgeBasics
import Testing

@testable import ForgeSyntax

@Suite struct DockerfileTests {
  private func parse(_ text: String) throws -> DockerfileSyntax {
    try DockerfileSyntax.parse(SourceText(name: "Dockerfile", text: text))
  }

  @Test func instructionsWithTheirLines() throws {
    let file = try parse(
      """
      # syntax=docker/dockerfile:1
      # a comment ends the directives
      # escape=`
      FROM --platform=$BUILDPLATFORM debian:12 AS Build
      RUN one \\
        # between
        two   \\

        three
      copy --from=build --chown=1:1 ["a b", "/c d"]
      """)
    #expect(file.directives.map(\.name) == ["syntax"])
    #expect(file.escape == "\\")
    #expect(file.instructions.map(\.keyword) == ["FROM", "RUN", "COPY"])
    #expect(file.instructions.map(\.line) == [4, 5, 10])
    #expect(file.instructions.map(\.endLine) == [4, 9, 10])
    #expect(file.instructions[1].words == ["one", "two", "three"])
    #expect(file.emptyContinuations == [8])
    #expect(file.instructions[2].spelling == "copy")
    #expect(file.instructions[2].words == ["a b", "/c d"])
    #expect(file.instructions[2].value(of: "from") == "build")
    #expect(file.stages.map(\.name) == ["Build"])
    #expect(file.stages[0].base == "debian:12")
  }

  @Test func escapeDirective() throws {
    let file = try parse("# Escape = `\nFROM a\nRUN dir `\n  C:\\x\\\nRUN b\n")
    #expect(file.escape == "`")
    #expect(file.instructions.map(\.arguments) == ["a", "dir   C:\\x\\", "b"])
    #expect(throws: SyntaxError.self) { try parse("# escape=x\nFROM a\n") }
    #expect(throws: SyntaxError.self) { try parse("# escape=`\n# escape=`\nFROM a\n") }
  }

  @Test func hereDocuments() throws {
    let file = try parse(
      "FROM a\nRUN <<-ONE cat 3<<'TWO'\nx $y\n\tONE\nFROM z\nTWO\nCOPY <<\"E O\" /e\nbody\nE O\nRUN [\"<<X\"]\nRUN echo 1<<2x\n2x\n"
    )
    #expect(file.instructions.map(\.keyword) == ["FROM", "RUN", "COPY", "RUN", "RUN"])
    let documents = file.instructions[1].heredocs
    #expect(documents.map(\.name) == ["ONE", "TWO"])
    #expect(documents.map(\.content) == ["x $y\n", "FROM z\n"])
    #expect(documents.map(\.expands) == [true, false])
    #expect(documents.map(\.chomps) == [true, false])
    #expect(file.instructions[3].heredocs.isEmpty)
    let error = #expect(throws: SyntaxError.self) { try parse("FROM a\nRUN <<E\nx\n") }
    #expect(error?.location == "Dockerfile:2")
  }

  @Test func mountsAndFlags() throws {
    let run = try parse(
      "FROM a\nRUN --mount=type=bind,source=x,target=/x,readonly --network=none -- --not a\n"
    )
    .instructions[1]
    #expect(run.mounts == [["type": "bind", "source": "x", "target": "/x", "readonly": ""]])
    #expect(run.value(of: "network") == "none")
    #expect(run.arguments == "--not a")
  }

  @Test(arguments: [
    ("$a", "1"), ("${a}b", "1b"), ("${b:-x}", "x"), ("${b-x}", ""), ("${c:-$a}", "1"),
    ("${a:+y}", "y"),
    ("${c:+y}", ""),
    ("'$a'", "$a"), ("\"$a\\$\"", "1$"), ("\\$a", "$a"), ("$", "$"), ("x$d", nil), ("${a#x}", nil),
    ("'open", nil),
    ("${a", nil),
  ])
  func expansion(_ word: String, _ expected: String?) {
    let values: [String: DockerfileWords.Value] = ["a": .known("1"), "b": .known(""), "c": .unset]
    #expect(DockerfileWords.expand(word) { values[$0] } == expected)
  }

  @Test func variablesOfStages() throws {
    let file = try parse(
      "ARG V=1\nFROM a:$V\nARG V\nARG W=${V}2\nENV X=\"$W 3\" Y=4\nENV Z old form\n")
    let preamble = DockerfileVariables(preamble: file)
    #expect(preamble.expand("$V") == "1")
    var variables = DockerfileVariables(stageOf: file)
    #expect(variables.expand("$V") == nil)
    for instruction in file.stages[0].instructions {
      variables.apply(instruction, preamble: preamble)
    }
    #expect(variables.expand("$V-$W-$X-$Y-$Z") == "1-12-12 3-4-old form")
    #expect(variables.expand("$PATH") == nil)
  }

  @Test func stagesByNameAndNumber() throws {
    let file = try parse("FROM a AS one\nFROM one\nFROM c AS ONE\n")
    #expect(file.stage("One", before: 2)?.index == 0)
    #expect(file.stage("1", before: 2)?.index == 1)
    #expect(file.stage("1", before: 1) == nil)
    #expect(file.stage("one", before: 3)?.index == 2)
  }

  @Test func hostileFiles() {
    #expect(throws: SyntaxError.self) { try parse("") }
    #expect(throws: SyntaxError.self) {
      try parse("FROM " + String(repeating: "a", count: 1 << 17))
    }
    #expect(throws: SyntaxError.self) { try parse(String(repeating: "RUN a\n", count: 20_000)) }
    let nested = String(repeating: "${a:-", count: 5_000)
    #expect(DockerfileWords.expand(nested) { _ in .unset } == nil)
    let bytes = SourceText(name: "Dockerfile", bytes: [0xFF, 0xFE, 0x00, 0x0A, 0x46, 0x52])
    #expect((try? DockerfileSyntax.parse(bytes))?.instructions.count == 2)
  }
}
