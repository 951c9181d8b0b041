import ForgeBasics
import ForgeCodebase
import Foundation
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// What every generated file promises, and what has no recipe.
@Suite struct RecipeTests {
  private func generate(_ service: Service) throws(RecipeError) -> [GeneratedFile] {
    try Generator.generate(Analysis(root: ".", services: [service]))
  }

  @Test func filesStandInTheServicesFolder() throws {
    let analysis = Analysis(
      root: ".",
      services: [Samples.fastapi { $0.path = "apps/api" }, Samples.next { $0.path = "." }])
    let paths = try Generator.generate(analysis).map(\.path)
    #expect(
      paths == [
        "apps/api/Dockerfile", "apps/api/.dockerignore", "apps/api/ENVIRONMENT.md", "Dockerfile",
        ".dockerignore",
        "ENVIRONMENT.md",
      ])
  }

  /// What the code writes is the user's, what it reads stays in the context.
  @Test func whatTheCodeWritesIsTheUsers() throws {
    let service = Samples.fastapi { service in
      service.path = "."
      service.writes = [
        WrittenPath(folder: ".", file: "app.db", source: "a.py:1"),
        WrittenPath(folder: "/data", source: "a.py:2"),
        WrittenPath(folder: "logs", source: "a.py:3"),
        WrittenPath(folder: "seed", holdsFiles: true, source: "a.py:4"),
        WrittenPath(folder: "~/.cache", source: "a.py:5"),
      ]
      service.reads = ["certs/ca.pem", "tests", "app/plain.json"]
    }
    let files = try generate(service)
    let lines = files[0].contents.split(separator: "\n").map(String.init)
    for line in [
      "RUN mkdir -p /source/logs /source/seed /writable/data /writable/home/app \\",
      "    && chown 10001:10001 /source/logs /source/seed /writable/data /writable/home/app /source/app.db",
      "COPY --from=build /writable /", "    HOME=/home/app \\",
      "RUN chgrp 10001 /app && chmod 1775 /app",
      // A volume would hide the files of `seed`.
      #"LABEL forge.writable="/app/logs /data /home/app""#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(files[1].contents.contains("!certs/ca.pem\n!tests\n"))
    #expect(!files[1].contents.contains("plain.json"))
  }

  @Test func theCodesOwnPackageIsALink() throws {
    let text = try generate(Samples.fastapi { $0.package = "api" })[0].contents
    #expect(text.contains("RUN chmod -R u=rwX,go=rX /source\n"))
    #expect(text.contains("\nRUN ln -s . /source/api\n"))
    #expect(try !generate(Samples.fastapi())[0].contents.contains("ln -s"))
    #expect(throws: RecipeError.self) { try generate(Samples.fastapi { $0.package = "a b" }) }
  }

  /// On a read-only file system nothing is made beside the code, and no volume can hide it.
  @Test func filesBesideTheCodeLeadElsewhere() throws {
    let service = Samples.fastapi { service in
      service.path = "."
      service.writes = [
        WrittenPath(folder: ".", holdsFiles: true, newFile: "app.db", source: "a.py:1"),
        WrittenPath(folder: "app", holdsFiles: true, newFile: "app/app.db", source: "a.py:2"),
      ]
    }
    let lines = try generate(service)[0].contents.split(separator: "\n").map(String.init)
    for line in [
      "RUN mkdir -p /writable/data \\", "RUN ln -s /data/app.db /source/app.db",
      "RUN ln -s /data/app-app.db /source/app/app.db", #"LABEL forge.writable="/data""#,
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(!lines.contains { $0.contains("1775") })
  }

  @Test func sameAnalysisSameBytes() throws {
    for sample in Samples.all { #expect(try generate(sample.service) == generate(sample.service)) }
  }

  /// `forge generate .` at the root and in the service's own folder write the same.
  @Test func whereTheAnalysisBeganMakesNoDifference() throws {
    let fromRoot = try generate(Samples.next())
    let fromFolder = try generate(
      Samples.next { service in
        service.path = "."
        for index in service.environment.indices {
          service.environment[index].sources = service.environment[index].sources.map {
            $0.replacing("frontend/", with: "")
          }
        }
      })
    #expect(fromRoot.map(\.contents) == fromFolder.map(\.contents))
    #expect(fromRoot[2].contents.contains("| `app/page.tsx:12`, `lib/api.ts:4` |"))
  }

  /// Of every Dockerfile: what DESIGN and all three engines ask for.
  @Test(arguments: Samples.all.map(\.name))
  func keepsTheRules(_ name: String) throws {
    let options = Samples.options(name)
    let dockerfile = try Samples.generate(name)[0].contents
    let lines = dockerfile.split(separator: "\n").map(String.init)
    let instructions = lines.filter { !$0.hasPrefix("#") }

    // Multi-stage; the last stage is the server.
    #expect(instructions.count { $0.hasPrefix("FROM ") } >= 2)
    // Each base has a tag that is no moving one.
    for from in instructions
    where from.hasPrefix("FROM ") && !from.hasPrefix("FROM runtime ")
      && !from.hasPrefix("FROM build ")
    {
      #expect(from.contains(":") || from.contains("gcr.io/distroless/"))
      #expect(options.base == .chainguard || !from.contains("latest"))
    }
    let users = instructions.filter { $0.hasPrefix("USER ") }
    #expect(users.last == "USER 10001:10001")
    #expect(users.allSatisfy { $0 == "USER 10001:10001" || options.base == .chainguard })
    // CMD and HEALTHCHECK in exec form: valid JSON arrays.
    let commands = instructions.compactMap { line in
      line.firstRange(of: "CMD [").map { line[$0.lowerBound...].dropFirst(4) }
    }
    #expect(!commands.isEmpty)
    for command in commands {
      let words = try JSONDecoder().decode([String].self, from: Data(command.utf8))
      #expect(!words.isEmpty && !words.contains("curl"))
    }
    guard options.dialect == .portable else { return }
    // Dependencies are copied and installed before the source.
    let source = try #require(instructions.firstIndex { $0.hasPrefix("COPY . ") })
    let install = try #require(
      instructions.firstIndex {
        $0.contains("install ") || $0.contains("npm ci") || $0.contains(" sync ")
      })
    #expect(install < source)
    // Only what Debian 12's buildah 1.28 and podman 4.3 understand; no frontend that BuildKit would have to fetch.
    for word in [
      "# syntax", "--link", "--parents", "--exclude", "<<", "--start-interval", "--checksum",
    ] {
      #expect(!dockerfile.contains(word), "\(word)")
    }
    // Nothing was left by a template.
    #expect(!dockerfile.contains("{{") && !dockerfile.contains("}}"))
    for line in lines { #expect(!line.hasSuffix(" "), "\(line)") }
  }

  /// What the Dockerfile copies from the context is not ignored; what must stay out is.
  @Test(arguments: Samples.all.map(\.name))
  func ignoresNothingThatIsCopied(_ name: String) throws {
    let files = try Samples.generate(name)
    let ignore = files[1].contents
    let rules = try IgnoreFile.parse(ignore)
    for line in files[0].contents.split(separator: "\n")
    where line.hasPrefix("COPY ") && !line.contains("--from") {
      for source in line.split(separator: " ").dropFirst().dropLast() where source != "." {
        #expect(!rules.ignores(String(source)), "\(source)")
      }
    }
    let secrets = [
      ".env", ".env.production", "config/.env.local", "deploy/server.key", "node_modules/next/x.js",
    ]
    for secret in secrets + [".git/config", "Dockerfile"] {
      #expect(rules.ignores(secret), "\(secret)")
    }
    // A `#` begins a comment only as the first byte of a line.
    for line in ignore.split(separator: "\n") where line.contains("#") {
      #expect(line.hasPrefix("#"))
    }
  }

  @Test func whatIsNeededAfterAllIsTakenBack() throws {
    let ignore = try generate(
      Samples.fastapi {
        $0.fastapi?.entrypoint = "tests.app:app"
        $0.installInputs = ["certs/index.pem", "requirements.txt"]
      })[1].contents
    #expect(ignore.hasSuffix("# What the image needs after all.\n!certs/index.pem\n!tests\n"))
  }

  @Test func foldersAreCopiedToTheirOwnPlace() throws {
    let dockerfile = try generate(
      Samples.next {
        $0.installInputs = [".npmrc", "package.json", "patches", "prisma/schema.prisma", "vendor/"]
      })[0]
    #expect(
      dockerfile.contents.contains(
        """
        COPY .npmrc package.json ./
        COPY patches ./patches
        COPY prisma/schema.prisma ./prisma/schema.prisma
        COPY vendor ./vendor

        """))
  }

  @Test(arguments: [("22.20.0", "node:22-alpine3.23"), ("24", "node:24-alpine3.23")])
  func takesTheImageOfTheMajor(_ version: String, _ image: String) throws {
    #expect(
      try generate(Samples.next { $0.runtime.version = version })[0].contents.contains(
        "FROM \(image) AS build"))
  }

  @Test(arguments: ["2", "220", "18", "24-alpine", "lts"])
  func refusesNodeVersionsWithoutImage(_ version: String) {
    #expect(throws: RecipeError.self) {
      try generate(Samples.next { $0.runtime.version = version })
    }
  }

  @Test(arguments: [
    Samples.next {
      $0.next?.customServer = "server.ts"
      $0.next?.startCommand = "tsx server.ts"
    },
    Samples.next {
      $0.next?.customServer = "server.js"
      $0.workspace = Workspace(root: ".", kind: "pnpm")
    },
    Samples.next { $0.next = nil },
    Samples.next { $0.workspace = Workspace(root: "elsewhere", kind: "pnpm") },
    Samples.next { $0.packageManager.name = .pip },
    Samples.fastapi { $0.packageManager.name = .npm },
    Samples.fastapi { $0.packageManager = PackageManager(name: .uv, lockfile: nil, source: "x:1") },
    Samples.fastapi { $0.fastapi = nil },
    Samples.fastapi {
      $0.kind = .mcp
      $0.fastapi = nil
    },
  ])
  func saysWhatHasNoRecipe(_ service: Service) {
    let error = #expect(throws: RecipeError.self) { try generate(service) }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.hasPrefix("no recipe for \(service.name): ") == true)
  }
}

/// `--explain`: no instruction without a comment right above it.
@Suite struct ExplanationTests {
  @Test(arguments: Samples.all.map(\.name))
  func everyInstructionSaysWhy(_ name: String) throws {
    var options = Samples.options(name)
    options.explains = true
    let service = try #require(Samples.all.first { $0.name == name }?.service)
    let file = try Generator.generate(Analysis(root: ".", services: [service]), options: options)[0]
      .contents
    var continues = false
    var before: Substring = ""
    var isHeredoc = false
    for line in file.split(separator: "\n", omittingEmptySubsequences: false) {
      let isInstruction = !continues && !isHeredoc && !line.isEmpty && !line.hasPrefix("#")
      if isInstruction { #expect(before.hasPrefix("#"), "\(line)") }
      if line.hasPrefix("COPY <<") {
        isHeredoc = true
      } else if line == "SETTINGS" {
        isHeredoc = false
      }
      if !line.hasPrefix("#") { continues = line.hasSuffix("\\") }
      before = line
    }
  }
}
