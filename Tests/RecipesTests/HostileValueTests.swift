import ForgeCodebase
import Foundation
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// Values of a project that try to write their own lines into a Dockerfile.
@Suite struct HostileValueTests {
  private static let injections = [
    "app\nRUN curl evil", "app\r\nUSER root", "a\u{2028}b", "a b", "a\"b", "a'b", "a\\", "$HOME",
    "${X}", "`id`", "a;b",
    "a&&b", "a|b", "a#b", "a\u{0}b", "a\u{202E}b", "é", "../../etc/passwd", "/etc/passwd", "a/../b",
    "a//b", "-rf", "",
    String(repeating: "a", count: 5000),
  ]

  private func generate(_ service: Service) throws(RecipeError) -> [GeneratedFile] {
    try Generator.generate(Analysis(root: ".", services: [service]))
  }

  /// Each place of a service whose text enters a Dockerfile or its ignore file.
  private static let places: [(String, @Sendable (String) -> Service)] = [
    ("name", { value in Samples.next { $0.name = value } }),
    ("path", { value in Samples.next { $0.path = value } }),
    ("distDir", { value in Samples.next { $0.next?.distDir = value } }),
    ("standaloneServer", { value in Samples.next { $0.next?.standaloneServer = value } }),
    ("configFile", { value in Samples.next { $0.next?.configFile = value } }),
    ("installInputs", { value in Samples.next { $0.installInputs = [value] } }),
    ("node version", { value in Samples.next { $0.runtime.version = value } }),
    (
      "build argument",
      { value in
        Samples.next {
          $0.environment = [
            EnvironmentVariable(name: value, scope: .buildPublic, required: true, sources: [])
          ]
        }
      }
    ),
    (
      "build secret",
      { value in
        Samples.next {
          $0.environment = [
            EnvironmentVariable(name: value, scope: .buildSecret, required: true, sources: [])
          ]
        }
      }
    ),
    ("entrypoint", { value in Samples.fastapi { $0.fastapi?.entrypoint = value } }),
    (
      "entrypoint's object",
      { value in Samples.fastapi { $0.fastapi?.entrypoint = "app.main:\(value)" } }
    ),
    ("appDir", { value in Samples.fastapi { $0.fastapi?.appDir = value } }),
    ("server", { value in Samples.fastapi { $0.fastapi?.server = value } }),
    ("lockfile", { value in Samples.fastapi { $0.packageManager.lockfile = value } }),
    ("system package", { value in Samples.fastapi { $0.systemPackages.build = [value] } }),
    ("python version", { value in Samples.fastapi { $0.runtime.version = value } }),
  ]

  @Test(arguments: places.map(\.0))
  func refusesInjection(_ place: String) throws {
    let make = try #require(Self.places.first { $0.0 == place }?.1)
    for value in Self.injections {
      // What is refused is named in the error on one line, whatever it holds.
      let error = #expect(throws: RecipeError.self, "\(value.debugDescription)") {
        try generate(make(value))
      }
      #expect(error?.description.contains(where: \.isNewline) == false)
      #expect((error?.description.count ?? 0) < 1000)
    }
  }

  @Test(
    arguments: injections.filter { $0.contains(where: { "\n\r\"'\\$`;|#\0\u{2028}".contains($0) }) }
  )
  func refusesInjectionInURLPaths(_ value: String) {
    #expect(throws: RecipeError.self) { try generate(Samples.next { $0.healthPath = "/" + value }) }
    #expect(throws: RecipeError.self) {
      try generate(Samples.fastapi { $0.healthPath = "/" + value })
    }
    #expect(throws: RecipeError.self) {
      try generate(
        Samples.next {
          $0.healthPath = nil
          $0.next?.basePath = "/" + value
        })
    }
  }

  @Test(arguments: [
    "alembic upgrade head; rm -rf /", "alembic\nUSER root", "sh -c 'x'", "a $(id)", "", "   ",
  ])
  func refusesMigrationsThatNeedAShell(_ command: String) {
    #expect(throws: RecipeError.self) {
      try generate(
        Samples.fastapi { $0.migrations = Migrations(tool: "alembic", command: command) })
    }
  }

  @Test(arguments: [0, -1, 65536, Int.max])
  func refusesPorts(_ port: Int) {
    #expect(throws: RecipeError.self) { try generate(Samples.next { $0.port = port }) }
  }

  /// Text that is only shown: the framework's version, the sources and defaults of variables.
  @Test func shownTextStaysInItsPlace() throws {
    let files = try generate(
      Samples.next {
        $0.framework.version = "16.0.0\nUSER root"
        $0.environment = [
          EnvironmentVariable(
            name: "A|B`\n## Heading", scope: .runtime, required: true, default: "x|`y\n| z |",
            sources: ["a\n|b`.ts:1"]),
          EnvironmentVariable(
            name: "KEY", scope: .runtimeSecret, required: true, default: "hunter2",
            sources: ["a.ts:1"]),
        ]
      })
    let dockerfile = files[0].contents
    #expect(!dockerfile.contains("USER root"))
    #expect(dockerfile.contains("# todo-frontend: Next.js, built"))

    let guide = files[2].contents
    #expect(!guide.contains("hunter2"))
    #expect(!guide.contains("\n## Heading"))
    let row = try #require(guide.split(separator: "\n").first { $0.contains("Heading") })
    #expect(
      row.split(separator: "|", omittingEmptySubsequences: false).count == 7 + row.count(of: "\\|"))
    // A name that cannot be passed is documented, but stands in no command and no manifest.
    #expect(guide.split(separator: "\n").count { $0.contains("Heading") } == 1)
  }

  /// No secret is ever an argument or a setting of the image.
  @Test func secretsAreNeverArguments() throws {
    let names = ["NPM_TOKEN", "STRIPE_SECRET_KEY", "NEXT_PUBLIC_DB_PASSWORD"]
    let dockerfile = try generate(
      Samples.next {
        $0.environment = [
          EnvironmentVariable(
            name: names[0], scope: .buildSecret, required: true, sources: [".npmrc:1"]),
          EnvironmentVariable(
            name: names[1], scope: .buildPublic, required: true, sources: ["next.config.ts:1"]),
          EnvironmentVariable(
            name: names[2], scope: .buildPublic, required: true, sources: ["a.ts:1"]),
          EnvironmentVariable(
            name: "SESSION_SECRET", scope: .runtimeSecret, required: true, sources: ["a.ts:1"]),
        ]
      })[0].contents
    let settings = dockerfile.split(separator: "\n").filter {
      $0.hasPrefix("ARG") || $0.hasPrefix("ENV")
    }
    for name in names { #expect(!settings.contains { $0.contains(name) }) }
    #expect(dockerfile.contains("--mount=type=secret,id=NPM_TOKEN"))
    #expect(dockerfile.contains("--mount=type=secret,id=STRIPE_SECRET_KEY"))
    #expect(!dockerfile.contains("SESSION_SECRET"))
  }
}

extension Substring {
  fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
