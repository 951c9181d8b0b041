import ForgeAnalyzer
import ForgeCodebase
import ForgeDockerignore
import Foundation
import TestSupport
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// From source to Dockerfile: the tokens of registries and of Sentry are secret mounts of the steps that need them, in
/// both dialects, and stand in no `ARG` and no `ENV`; settings files never get to the builder.
@Suite struct SecretMountTests {
  struct Project: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: String]
    let secrets: [String]
    /// What the step that needs them runs.
    let step: String
    var testDescription: String { name }
  }

  private static let fastapi = [
    "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", ".python-version": "3.13\n",
  ]
  private static func pyproject(_ rest: String) -> String {
    "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"
      + rest
  }
  private static func next(_ files: [String: String]) -> [String: String] {
    [
      "package.json":
        #"{"name": "web", "dependencies": {"next": "16.3.4"}, "scripts": {"build": "next build"}}"#,
      "package-lock.json":
        #"{"name": "web", "lockfileVersion": 3, "packages": {"node_modules/next": {"version": "16.3.4"}}}"#,
      "app/page.tsx":
        "export default function Page() { return process.env.NEXT_PUBLIC_USED }\n// NEXT_PUBLIC_COMMENT\n",
      ".env.production": "NEXT_PUBLIC_FILE_ONLY=x\nSECRET=y\n", ".nvmrc": "24\n",
    ].merging(files) { $1 }
  }

  static let projects = [
    Project(
      name: "npm", files: next([".npmrc": "//registry.example.org/:_authToken=${NPM_TOKEN}\n"]),
      secrets: ["NPM_TOKEN"],
      step: "npm ci"),
    Project(
      name: "sentry",
      files: next([
        "next.config.ts":
          "import { withSentryConfig } from '@sentry/nextjs'\nexport default withSentryConfig({}, { authToken: process.env.SENTRY_AUTH_TOKEN })\n"
      ]), secrets: ["SENTRY_AUTH_TOKEN"], step: "npm run build"),
    Project(
      name: "pip",
      files: fastapi.merging([
        "requirements.txt":
          "--index-url https://u:${PIP_TOKEN}@packages.example.org/simple\nfastapi==0.120.0\nuvicorn==0.38.0\n"
      ]) { $1 }, secrets: ["PIP_TOKEN"], step: "pip --python"),
    Project(
      name: "uv",
      files: fastapi.merging([
        "pyproject.toml": pyproject(
          "[[tool.uv.index]]\nname = \"team-index\"\nurl = \"https://packages.example.org/simple\"\nauthenticate = \"always\"\n"
        ),
        "uv.lock":
          "version = 1\nrequires-python = \">=3.13\"\n[[package]]\nname = \"fastapi\"\nversion = \"0.120.0\"\nsource = { registry = \"https://packages.example.org/simple\" }\n",
      ]) { $1 }, secrets: ["UV_INDEX_TEAM_INDEX_PASSWORD", "UV_INDEX_TEAM_INDEX_USERNAME"],
      step: "uv sync"),
    Project(
      name: "uv index that says nothing of credentials",
      files: fastapi.merging([
        "pyproject.toml": pyproject(
          "[[tool.uv.index]]\nname = \"team\"\nurl = \"https://packages.example.org/simple\"\n"
            + "[[tool.uv.index]]\nname = \"pytorch-cpu\"\nurl = \"https://torch.example.org/whl/cpu\"\n"
            + "[[tool.uv.index]]\nname = \"open\"\nurl = \"https://open.example.org/simple\"\nauthenticate = \"never\"\n"
        ),
        "uv.lock":
          "version = 1\nrequires-python = \">=3.13\"\n[[package]]\nname = \"fastapi\"\nversion = \"0.120.0\"\nsource = { registry = \"https://packages.example.org/simple\" }\n",
      ]) { $1 }, secrets: ["UV_INDEX_TEAM_PASSWORD", "UV_INDEX_TEAM_USERNAME"], step: "uv sync"),
    Project(
      name: "poetry",
      files: fastapi.merging([
        "pyproject.toml":
          "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = \">=3.13\"\nfastapi = \"*\"\nuvicorn = \"*\"\n"
          + "[[tool.poetry.source]]\nname = \"team-index.eu\"\nurl = \"https://packages.example.org/simple\"\n"
          + "[[tool.poetry.source]]\nname = \"PyPI\"\npriority = \"primary\"\n",
        "poetry.lock":
          "[[package]]\nname = \"fastapi\"\nversion = \"0.120.0\"\ngroups = [\"main\"]\n\n[metadata]\nlock-version = \"2.1\"\n",
      ]) { $1 },
      secrets: [
        "POETRY_HTTP_BASIC_TEAM_INDEX_EU_PASSWORD", "POETRY_HTTP_BASIC_TEAM_INDEX_EU_USERNAME",
      ],
      step: "poetry install"),
    Project(
      name: "pip's own settings",
      files: fastapi.merging([
        "requirements.txt": "fastapi==0.120.0\nuvicorn==0.38.0\n",
        ".env.example": "# PIP_NO_INDEX_URL is none\nPIP_INDEX_URL=\n",
        "compose.yaml":
          "services:\n  api:\n    build:\n      args:\n        PIP_EXTRA_INDEX_URL: ${PIP_EXTRA_INDEX_URL}\n",
      ]) { $1 }, secrets: ["PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"], step: "pip --python"),
    Project(
      name: "pdm",
      files: fastapi.merging([
        "pyproject.toml": pyproject(
          "[[tool.pdm.source]]\nname = \"team\"\nurl = \"https://${TEAM_USER}:${TEAM_TOKEN}@packages.example.org/simple\"\n"
        ),
        "pdm.lock":
          "[metadata]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"fastapi\"\nversion = \"0.120.0\"\n",
      ]) { $1 }, secrets: ["TEAM_TOKEN", "TEAM_USER"], step: "pdm sync"),
    Project(
      name: "pipenv",
      files: fastapi.merging([
        "Pipfile":
          "[[source]]\nname = \"team\"\nurl = \"https://$TEAM_USER:${TEAM_TOKEN}@packages.example.org/simple\"\nverify_ssl = true\n[packages]\nfastapi = \"*\"\nuvicorn = \"*\"\n",
        "Pipfile.lock":
          #"{"_meta": {"requires": {"python_version": "3.13"}}, "default": {"fastapi": {"version": "==0.120.0"}}, "develop": {}}"#,
      ]) { $1 }, secrets: ["TEAM_TOKEN", "TEAM_USER"], step: "pipenv requirements"),
  ]

  @Test(arguments: projects) func tokensAreMounted(_ project: Project) throws {
    let folder = try TemporaryFolder()
    for (name, text) in project.files { try folder.write(text, to: name) }
    for name in [".env", ".env.local"] { try folder.write("TOKEN=x\n", to: name) }
    let analysis = try Analyzer.analyze(folder.path)
    for dialect in [RecipeOptions.Dialect.portable, .buildkit] {
      var options = RecipeOptions()
      options.dialect = dialect
      let files = try Generator.generate(analysis, options: options)
      try GenerationProof.check(files, of: analysis, root: folder.path)
      let text = files[0].contents
      let steps = text.replacing("\\\n", with: " ").split(separator: "\n")
      let step = try #require(
        steps.first { $0.hasPrefix("RUN ") && $0.contains(project.step) }, "\(text)")
      let mounted = text.matches(of: /type=secret,id=(\w+)/).map { String($0.1) }
      #expect(Set(mounted) == Set(project.secrets), "\(text)")
      for secret in project.secrets {
        let mount =
          "--mount=type=secret,id=\(secret)" + (dialect == .buildkit ? ",env=\(secret)" : "")
        #expect(step.contains(mount), "\(step)")
        #expect(analysis.services[0].environment.first { $0.name == secret }?.scope == .buildSecret)
        #expect(
          !steps.contains { ($0.hasPrefix("ARG ") || $0.hasPrefix("ENV ")) && $0.contains(secret) },
          "\(text)")
      }
      let ignore = try IgnoreFile.parse(files[1].contents)
      for name in [".env", ".env.local", ".env.production", "deep/.env"] {
        #expect(ignore.ignores(name), "\(name)")
      }
    }
    // docker's classic builder cannot mount them.
    var options = RecipeOptions()
    options.dialect = .classic
    let error = #expect(throws: RecipeError.self) {
      try Generator.generate(analysis, options: options)
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.contains("Build with BuildKit") == true)
    #expect(
      project.secrets.allSatisfy { error?.description.contains($0) == true },
      "\(error?.description ?? "")")
  }

  /// In a network that reaches one index alone, the package manager comes from there too.
  @Test(arguments: [RecipeOptions.Dialect.portable, .buildkit])
  func thePackageManagerComesFromTheIndex(
    _ dialect: RecipeOptions.Dialect
  ) throws {
    let folder = try TemporaryFolder()
    let project = try #require(Self.projects.first { $0.name == "uv" })
    for (name, text) in project.files { try folder.write(text, to: name) }
    try folder.write("PIP_INDEX_URL=\n", to: ".env.example")
    var options = RecipeOptions()
    options.dialect = dialect
    let file = try Generator.generate(Analyzer.analyze(folder.path), options: options)[0].contents
    let steps = file.replacing("\\\n", with: " ").split(separator: "\n")
    let setup = try #require(steps.first { $0.contains("pip install uv==") })
    #expect(setup.hasPrefix("RUN --mount=type=secret,id=PIP_INDEX_URL"))
    #expect(
      dialect == .buildkit || setup.contains(/export PIP_INDEX_URL; fi +&& pip install uv==/),
      "\(setup)")
    // What only the installation reads is not there.
    #expect(!setup.contains("UV_INDEX"))
  }

  /// Only variables that are there become arguments: read by the code, or set by a file that does not reach the build.
  @Test func argumentsAreWhatTheProjectHas() throws {
    let folder = try TemporaryFolder()
    for (name, text) in Self.next([:]) { try folder.write(text, to: name) }
    let file = try Generator.generate(Analyzer.analyze(folder.path))[0].contents
    #expect(
      file.split(separator: "\n").filter { $0.hasPrefix("ARG ") }
        == ["ARG NEXT_PUBLIC_FILE_ONLY", "ARG NEXT_PUBLIC_USED"])
  }
}
