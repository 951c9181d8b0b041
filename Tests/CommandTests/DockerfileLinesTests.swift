import ForgeBasics
import ForgeFindings
import ForgeInspection
import Testing

@testable import ImageForge

@Suite struct DockerfileLinesTests {
  private let dockerfile = """
    FROM python:3.13 AS build
    RUN make everything

    FROM python:3.13-slim
    ARG MODE=production
    WORKDIR /app
    ENV PATH=/opt/venv/bin:$PATH \\
        API_TOKEN=x
    COPY --from=build /opt/venv /opt/venv
    COPY . .
    RUN ["chmod", "-R", "a+rX", "."]
    USER app
    CMD ["uvicorn", "app.main:app"]
    """
  private let base = [
    HistoryFacts(createdBy: "/bin/sh -c #(nop) ADD file:1 in / ", layer: 0),
    HistoryFacts(createdBy: "CMD [\"sh\"]", layer: nil),
  ]

  private func cause(
    _ lines: DockerfileLines?, _ place: Place, about subject: Finding.Subject? = nil
  ) -> String? {
    lines?.cause(
      Finding(id: "FORGE-I099", severity: .error, message: "", at: place, subject: subject)
    )
    .map {
      "\($0.file):\($0.line) `\($0.text)`"
    }
  }

  private func step(_ text: String, _ layer: Int? = nil) -> HistoryFacts {
    HistoryFacts(createdBy: text, layer: layer)
  }

  @Test func linesOfWhatBuildahAndBuildKitRecord() {
    let buildah =
      base + [
        step("/bin/sh -c #(nop) WORKDIR /app"),
        step("/bin/sh -c #(nop) ENV PATH=/opt/venv/bin:$PATH API_TOKEN=x"),
        step("/bin/sh -c #(nop) COPY dir:1 in /opt/venv ", 1),
        step("/bin/sh -c #(nop) COPY dir:2 in ./ ", 2),
        step("|1 MODE=production chmod -R a+rX .", 3), step("/bin/sh -c #(nop) USER app"),
        step("/bin/sh -c #(nop) CMD [\"uvicorn\"]"), step("/bin/sh -c #(nop) LABEL \"base\"=\"x\""),
      ]
    let buildKit =
      base + [
        step("ARG MODE=production"), step("WORKDIR /app"),
        step("ENV PATH=/opt/venv/bin:$PATH API_TOKEN=x"),
        step("COPY /opt/venv /opt/venv # buildkit", 1), step("COPY . . # buildkit", 2),
        step("RUN |1 MODE=production chmod -R a+rX . # buildkit", 3), step("USER app"),
        step("CMD [\"uvicorn\"]"),
      ]
    for history in [buildah, buildKit] {
      let lines = DockerfileLines(dockerfile, name: "backend/Dockerfile", history: history)
      #expect(cause(lines, .layer(2, path: "app/.env")) == "backend/Dockerfile:10 `COPY . .`")
      #expect(
        cause(lines, .layer(1, path: "opt/venv/x"))
          == "backend/Dockerfile:9 `COPY --from=build /opt/venv /opt/venv`")
      #expect(
        cause(lines, .layer(3, path: "app/x"))?.hasPrefix("backend/Dockerfile:11 `RUN") == true)
      #expect(
        cause(lines, .layer(0, path: "usr/bin/su"))
          == "backend/Dockerfile:4 `FROM python:3.13-slim`")
      #expect(cause(lines, .config(.user)) == "backend/Dockerfile:12 `USER app`")
      #expect(
        cause(lines, .config(.environment), about: .variable("API_TOKEN"))?.hasPrefix(
          "backend/Dockerfile:7 `ENV") == true)
      #expect(cause(lines, .archive("reference")) == nil)
    }
  }

  /// Of another image nothing is said, rather than something wrong.
  @Test func anotherHistoryIsNotForced() {
    #expect(DockerfileLines(dockerfile, name: "Dockerfile", history: base) == nil)
    #expect(DockerfileLines("", name: "Dockerfile", history: base) == nil)
    let stage = [HistoryFacts(createdBy: "RUN make everything", layer: 1)]
    let target = DockerfileLines(
      dockerfile, name: "Dockerfile", target: "build", history: base + stage)
    #expect(cause(target, .layer(1, path: "x")) == "Dockerfile:2 `RUN make everything`")
    #expect(
      DockerfileLines(dockerfile, name: "Dockerfile", target: "none", history: base + stage) == nil)
    // A stage that stands on another one.
    let both = DockerfileLines(
      "FROM python AS runtime\nCOPY . .\nFROM runtime AS server\nUSER 1\n", name: "Dockerfile",
      history: base + [step("COPY . .", 1), step("USER 1")])
    #expect(cause(both, .layer(1, path: "x")) == "Dockerfile:2 `COPY . .`")
    #expect(cause(both, .layer(0, path: "x")) == "Dockerfile:1 `FROM python AS runtime`")
    let empty = DockerfileLines(
      "FROM scratch\nUSER 1\n", name: "Dockerfile", history: [step("USER 1")])
    #expect(cause(empty, .config(.command)) == "Dockerfile:1 `FROM scratch`")
    #expect(cause(empty, .layer(99, path: "x")) == "Dockerfile:1 `FROM scratch`")
  }
}
