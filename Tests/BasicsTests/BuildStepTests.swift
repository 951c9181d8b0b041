import ForgeBasics
import Testing

@Suite struct BuildStepTests {
  @Test(arguments: [
    ("/bin/sh -c #(nop) COPY file:abc in /app ", "COPY file:abc in /app"),
    ("/bin/sh -c apt-get update", "RUN apt-get update"),
    ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
    ("COPY . . # buildkit", "COPY . ."),
    ("RUN a \\\n\t&& b\u{1B}[2J", "RUN a \\ && b\\x1b[2J"),
  ])
  func short(step: String, expected: String) { #expect(BuildStep.short(step) == expected) }
}
