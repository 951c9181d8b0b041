import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeRules
import Foundation
import TestSupport
import Testing

/// Secrets behind what an image packs or links, through the reader and the judge.
@Suite struct NestedSecretsTests {
  private func verdict(_ build: (inout TarBuilder) -> Void) throws -> Verdict {
    let image = TestImage(layers: [TarBuilder.make(build)], config: TestConfig(user: "1000"))
    return try Shell.withTemporaryFolder { folder in
      let path = "\(folder)/image.tar"
      try Data(image.dockerArchive()).write(to: URL(filePath: path))
      let options = InspectionOptions(findsSecrets: true, capture: Gate.capture)
      return try Gate.judge(Inspector.inspect(path, options: options), policy: Policy())
    }
  }

  /// Packs standard input into one form after the other, the innermost first.
  private static let packing = """
    import bz2, gzip, io, lzma, sys, tarfile, zipfile
    data, name = sys.stdin.buffer.read(), "config.py"
    for form in sys.argv[1].split(","):
        out = io.BytesIO()
        if form == "zip":
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z: z.writestr(name, data)
        elif form == "tar":
            with tarfile.open(fileobj=out, mode="w") as t:
                for n, d in (("a.txt", b"x" * 700), (name, data)):
                    i = tarfile.TarInfo(n); i.size = len(d); t.addfile(i, io.BytesIO(d))
        else: out.write({"gz": gzip, "bz2": bz2, "xz": lzma}[form].compress(data))
        data, name = out.getvalue(), "inner." + form
    sys.stdout.buffer.write(data)
    """

  @Test(arguments: [
    "tar", "zip", "tar,gz", "zip,tar,gz", "zip,tar", "zip,gz", "zip,zip", "tar,gz,zip",
    "gz,tar,xz", "tar,bz2,tar", "zip,tar,tar",
  ])
  func aTokenInArchivesWithinArchives(forms: String) throws {
    var examples = SecretExamples(seed: 3)
    let line = try examples.line("github-token").text
    let packed = try Shell.run(["python3", "-c", Self.packing, forms], input: Array(line.utf8))
    let found = try verdict { $0.add("app/data.bin", data: packed) }
    #expect(
      found.findings.contains {
        $0.id == "FORGE-I010" && $0.location?.contains("app/data.bin") == true
      },
      "\(found.findings.map(\.message))")
    // Without the token, nothing is said: neither that one is there nor that something was not looked into.
    let plain = try Shell.run(["python3", "-c", Self.packing, forms], input: Array("a = 1".utf8))
    let none = try verdict { $0.add("app/data.bin", data: plain) }
    #expect(none.findings.allSatisfy { $0.location?.contains("app/data.bin") != true })
  }

  @Test(arguments: [
    ("app/.env", "live", "A=1", true), ("app/.env.production", "/etc/app/live", "A=1", true),
    ("app/.env", "../etc/app/live", "A=1", true),
    ("app/.env", "env.example", "A=1", false), ("app/.env", "missing", "A=1", false),
    ("app/.env", "live", "", false), ("app/env", "live", "A=1", false),
    ("app/.env.example", "live", "A=1", false),
  ])
  func anEnvironmentFileBehindALink(
    _ link: String, _ target: String, _ text: String, _ isFound: Bool
  ) throws {
    let found = try verdict { tar in
      tar.file("app/live", text)
      tar.file("etc/app/live", text)
      tar.file("app/env.example", text)
      tar.symlink(link, to: target)
    }
    #expect(found.findings.contains { $0.id == "FORGE-I009" } == isFound, "\(found.findings)")
  }
}
