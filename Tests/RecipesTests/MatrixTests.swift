import ForgeBasics
import ForgeCodebase
import ForgeLint
import Foundation
import TestSupport
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// Package managers × outputs × bases × dialects: the Dockerfile of each combination, as it is committed below
/// `Matrix/`: one file for a manager and an output, with the default in full, and each other base and dialect as its
/// difference from that. `FORGE_UPDATE_SNAPSHOTS=1` writes them anew.
@Suite struct MatrixTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let service: Service
    var testDescription: String { name }
  }

  private static let next: [Row] = [
    (PackageManager.Name.npm, "package-lock.json", nil), (.yarn, "yarn.lock", nil),
    (.yarnBerry, "yarn.lock", "4.9.2"),
    (.pnpm, "pnpm-lock.yaml", "10.13.1"), (.bun, "bun.lock", nil),
  ].flatMap { manager, lockfile, version in
    ["standalone", "export", "server", "workspace"].map { output in
      Row(
        name: "next-\(manager.rawValue)-\(output)",
        service: Samples.next { service in
          service.packageManager = PackageManager(
            name: manager, version: version, lockfile: lockfile, source: "frontend/\(lockfile):1")
          service.installInputs = [lockfile, "package.json"].sorted()
          switch output {
          case "export": service.next?.output = .export
          case "server":
            service.next?.customServer = "server.js"
            service.next?.startCommand = "node server.js"
          case "workspace":
            service.path = "apps/web"
            service.workspace = Workspace(root: ".", kind: manager == .pnpm ? "pnpm" : "npm")
            service.next?.standaloneServer = "apps/web/server.js"
            service.installInputs = ["apps/web/package.json", lockfile, "package.json"].sorted()
          default: service.next?.output = .standalone
          }
        })
    }
  }

  private static let python: [Row] = [
    (PackageManager.Name.pip, "requirements.txt"), (.uv, "uv.lock"), (.poetry, "poetry.lock"),
    (.pdm, "pdm.lock"),
    (.pipenv, "Pipfile.lock"),
  ].flatMap { manager, lockfile in
    ["fastapi", "mcp"].map { kind in
      Row(
        name: "\(kind)-\(manager.rawValue)",
        service: {
          var service = kind == "mcp" ? Samples.mcp(.streamableHTTP) : Samples.fastapi()
          service.packageManager = PackageManager(
            name: manager, lockfile: lockfile, source: "backend/\(lockfile):1")
          service.installInputs =
            manager == .pip
            ? [lockfile] : [lockfile, manager == .pipenv ? "Pipfile" : "pyproject.toml"]
          return service
        }())
    }
  }

  static let rows = next + python
  static let bases: [BaseChoice?] = [nil, .alpine, .slim, .distroless, .chainguard]

  private struct Variant {
    let name: String
    let files: [GeneratedFile]
  }

  private static func variants(_ row: Row) throws -> [Variant] {
    try bases.flatMap { base in
      try [RecipeOptions.Dialect.portable, .buildkit].map { dialect in
        var options = RecipeOptions()
        options.base = base
        options.dialect = dialect
        return Variant(
          name: "\(base?.name ?? "default") \(dialect.rawValue)",
          files: try Generator.generate(
            Analysis(root: ".", services: [row.service]), options: options))
      }
    }
  }

  @Test(arguments: rows) func matchesSnapshot(_ row: Row) throws {
    let variants = try Self.variants(row)
    let first = try #require(variants.first)
    // The stamp differs wherever anything does.
    func body(_ variant: Variant) -> String {
      variant.files[0].contents.split(separator: "\n").dropFirst().joined(separator: "\n") + "\n"
    }
    var text = first.files[0].contents
    for (index, variant) in variants.enumerated().dropFirst() {
      // Another base differs from the default one, BuildKit's dialect from the portable one of the same base.
      let other = variant.name.hasSuffix("buildkit") ? variants[index - 1] : first
      let diff = UnifiedDiff.between(
        body(other), body(variant), oldName: other.name, newName: variant.name)
      text +=
        diff.isEmpty
        ? "\n=== \(variant.name): as \(other.name)\n" : "\n=== \(variant.name)\n\(diff)"
    }
    let place = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Matrix/\(row.name).txt")
    if ProcessInfo.processInfo.environment["FORGE_UPDATE_SNAPSHOTS"] == "1" {
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: place, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: place, encoding: .utf8)
    let diff = UnifiedDiff.between(expected, text, oldName: row.name, newName: "generated")
    #expect(diff.isEmpty, "\(diff)")
  }

  @Test func everySnapshotHasARow() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Matrix")
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: folder.path()))
        == Set(Self.rows.map { $0.name + ".txt" })
    )
  }

  /// Of every combination: BuildKit's checks and forge's own rules find nothing, and everything that is copied is there
  /// and survives the ignore file, in a folder that has the files.
  @Test(arguments: rows) func lintFindsNothing(_ row: Row) throws {
    let folder = try Self.folder(row.service)
    let context = try BuildContext(folder.path)
    for variant in try Self.variants(row) {
      let findings = Linter.lint(
        SourceText(name: "Dockerfile", text: variant.files[0].contents),
        ignore: SourceText(name: ".dockerignore", text: variant.files[1].contents), context: context
      )
      #expect(
        findings.isEmpty,
        "\(variant.name): \(findings.map { "\($0.id) \($0.location ?? "") \($0.message)" })")
      // No settings file gets to the builder.
      let ignore = try IgnoreFile.parse(variant.files[1].contents)
      #expect(Self.own(row.service)[3...].allSatisfy(ignore.ignores), "\(variant.name)")
    }
  }

  private static func own(_ service: Service) -> [String] {
    [
      "app/page.tsx", "public/a.svg", "app/main.py", ".env", ".env.production", ".git/config",
      "node_modules/x/a.js",
    ].map { (service.workspace == nil ? "" : service.path + "/") + $0 }
  }

  private static func folder(_ service: Service) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for input in service.installInputs + own(service) { try folder.write("{}", to: input) }
    return folder
  }

  /// hadolint says nothing about any of them.
  @Test func hadolintIsSilent() async throws {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    var seen: Set<String> = []
    var count = 0
    for row in Self.rows {
      for variant in try Self.variants(row) {
        let name = "\(row.name)-\(variant.name.replacing(" ", with: "-")).Dockerfile"
        count += 1
        guard seen.insert(variant.files[0].contents).inserted else { continue }
        try folder.write(variant.files[0].contents, to: name)
        paths.append(name)
      }
    }
    #expect(count == 300)
    let result = try await Command.run("hadolint", ["--no-color"] + paths, in: folder.path)
    #expect(result.status == 0 && result.output.isEmpty, "\(result)")
  }

  /// Without a mount for docker's classic builder, and otherwise as clean as the portable one.
  @Test(arguments: rows) func theClassicBuilderFindsNoMount(_ row: Row) throws {
    let folder = try Self.folder(row.service)
    let context = try BuildContext(folder.path)
    for base in Self.bases {
      var options = RecipeOptions()
      options.base = base
      let analysis = Analysis(root: ".", services: [row.service])
      let portable = try Generator.generate(analysis, options: options)
      options.dialect = .classic
      let classic = try Generator.generate(analysis, options: options)
      let text = classic[0].contents
      #expect(
        !["--mount", "--link", "--chmod", "<<", "/next-cache"].contains(where: text.contains),
        "\(text)")
      #expect(portable[0].contents.contains("--mount=type=cache"))
      #expect(portable[1] == classic[1] && portable[2] == classic[2])
      let findings = Linter.lint(
        SourceText(name: "Dockerfile", text: text),
        ignore: SourceText(name: ".dockerignore", text: classic[1].contents), context: context)
      #expect(findings.isEmpty, "\(findings.map { "\($0.id) \($0.location ?? "") \($0.message)" })")
    }
  }

  /// What only BuildKit and newer engines know is in that dialect alone.
  @Test(arguments: rows) func dialectsDiffer(_ row: Row) throws {
    for variant in try Self.variants(row) {
      let text = variant.files[0].contents
      let isBuildKit = variant.name.hasSuffix("buildkit")
      #expect(text.contains("COPY --link --from=") == isBuildKit, "\(variant.name)")
      if !isBuildKit { #expect(!text.contains("<<") && !text.contains(",env="), "\(variant.name)") }
    }
  }
}
