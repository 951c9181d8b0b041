// swift-tools-version: 6.2
// The plan of the house: one target a room, and its dependencies are the room's doors (ARCHITECTURE.md).
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// Whether the rooms are built for libFuzzer (`scripts/fuzz`).
let fuzzes = Context.environment["FORGE_FUZZ"] != nil
let fuzzing: [SwiftSetting] = fuzzes ? [.unsafeFlags(["-sanitize=fuzzer"])] : []

/// A room of the library: `Sources/ImageForge/<name>`, module `Forge<name>`.
func room(_ name: String, uses: [Target.Dependency], plugins: [Target.PluginUsage] = []) -> Target {
  .target(
    name: "Forge\(name)", dependencies: uses, path: "Sources/ImageForge/\(name)",
    swiftSettings: strict + fuzzing, plugins: plugins)
}

func tests(_ name: String, uses: [Target.Dependency], excludes: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: uses + ["TestSupport"], path: "Tests/\(name)Tests",
    exclude: excludes,
    swiftSettings: strict)
}

func library(_ name: String, package debian: String, pkgConfig: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "forge",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "ImageForge", targets: ["ImageForge"]),
    .executable(name: "forge", targets: ["forge"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C libraries of the system, each behind one wrapper in the room that owns it.
    library("CArchive", package: "libarchive-dev", pkgConfig: "libarchive"),
    library("CZstd", package: "libzstd-dev", pkgConfig: "libzstd"),
    library("CIsal", package: "libisal-dev", pkgConfig: "libisal"),
    library("CDeflate", package: "libdeflate-dev", pkgConfig: "libdeflate"),
    library("CXxhash", package: "libxxhash-dev", pkgConfig: "libxxhash"),
    .systemLibrary(name: "CMalloc"),
    // The arguments of `main`, which Swift on Linux takes from /proc.
    .target(name: "CArguments"),

    // What every room may use, and no room owns.
    room("Basics", uses: [crypto, system]),
    room("Findings", uses: ["ForgeBasics"]),
    room("Catalogue", uses: ["ForgeBasics", "ForgeFindings", yams], plugins: ["EmbedRecipes"]),

    // Right wing: reads images and judges them.
    room(
      "Layers",
      uses: [
        "ForgeBasics", "ForgeFindings", "CArchive", "CZstd", "CIsal", "CXxhash", crypto, system,
      ]),
    room("Images", uses: ["ForgeBasics", "ForgeFindings", "ForgeLayers", system]),
    room("Secrets", uses: ["ForgeBasics", "ForgeFindings", "ForgeCatalogue"]),
    room(
      "Inspection",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeImages", "ForgeLayers", "ForgeSecrets",
      ]),
    room(
      "Writing",
      uses: [
        "ForgeBasics", "ForgeImages", "ForgeLayers", "ForgeInspection", "CZstd", "CDeflate", crypto,
        system,
      ]),
    room(
      "Minimizer",
      uses: [
        "ForgeBasics", "ForgeCatalogue", "ForgeSyntax", "ForgeImages", "ForgeLayers",
        "ForgeInspection", "ForgeWriting",
      ]),
    room(
      "Optimizer",
      uses: [
        "ForgeBasics", "ForgeImages", "ForgeLayers", "ForgeInspection", "ForgeWriting",
        "ForgeMinimizer", crypto,
      ]),
    room(
      "Rules",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeImages", "ForgeInspection",
        "ForgeSecrets", yams,
      ]),

    // Left wing: reads source and writes recipes.
    room("Syntax", uses: ["ForgeBasics", "ForgeFindings", yams, toml]),
    room("JavaScript", uses: ["ForgeBasics"]),
    room("Codebase", uses: ["ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax"]),
    room(
      "Node",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax", "ForgeJavaScript",
        "ForgeCodebase",
      ]),
    room(
      "PythonCode",
      uses: ["ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax", "ForgeCodebase"]),
    room(
      "PythonPackages",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax", "ForgeCodebase",
        "ForgePythonCode",
      ]),
    room(
      "Python",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax", "ForgeCodebase",
        "ForgePythonCode", "ForgePythonPackages",
      ]),
    room(
      "Analyzer",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeSyntax", "ForgeJavaScript", "ForgeCodebase",
        "ForgeNode", "ForgePythonCode", "ForgePython",
      ]),
    room("Dockerignore", uses: ["ForgeBasics"]),
    room(
      "Lint",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeSyntax", "ForgeCodebase",
        "ForgeDockerignore",
      ]),
    room("Workloads", uses: ["ForgeBasics", "ForgeCodebase"]),
    room("Charts", uses: ["ForgeBasics", "ForgeTemplates", "ForgeWorkloads"]),
    room("Templates", uses: ["ForgeBasics", "ForgeCatalogue", mustache, yams, system]),
    room(
      "Migration",
      uses: [
        "ForgeBasics", "ForgeSyntax", "ForgeCodebase", "ForgeLint", "ForgeWorkloads",
        "ForgeTemplates", system,
      ]),
    room(
      "Recipes",
      uses: [
        "ForgeBasics", "ForgeCodebase", "ForgeDockerignore", "ForgeLint", "ForgeWorkloads",
        "ForgeTemplates", "ForgeMigration", "ForgeCatalogue", yams,
      ]),

    // Between the wings: what builds, starts and checks images.
    room("Engines", uses: ["ForgeBasics", subprocess, system]),
    room(
      "Git",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCodebase", "ForgeAnalyzer", "ForgeTemplates",
        "ForgeRecipes", "ForgeSecrets", "ForgeRules", subprocess, system,
      ]),
    room(
      "Tracing",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeSyntax", "ForgeDockerignore", "ForgeLint",
        "ForgeInspection", "ForgeSecrets", "ForgeRules",
      ]),
    room(
      "Checks",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCodebase", "ForgeLint", "ForgeTemplates",
        "ForgeEngines", "ForgeInspection", "ForgeRules",
      ]),
    room(
      "Builds",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeCodebase", "ForgeAnalyzer",
        "ForgeDockerignore", "ForgeLint", "ForgeTemplates", "ForgeRecipes", "ForgeEngines",
        "ForgeInspection", "ForgeRules", "ForgeTracing", "ForgeGit",
      ]),
    room(
      "Trials",
      uses: [
        "ForgeBasics", "ForgeCodebase", "ForgeAnalyzer", "ForgeEngines", "ForgeImages",
        "ForgeTracing", "ForgeBuilds",
      ]),

    // The way out: views of what the other rooms found.
    room(
      "Reports",
      uses: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeCodebase", "ForgeAnalyzer",
        "ForgeTemplates", "ForgeMigration", "ForgeWorkloads",
        "ForgeRecipes", "ForgeEngines", "ForgeChecks", "ForgeBuilds", "ForgeTrials",
        "ForgeInspection",
        "ForgeLayers",
        "ForgeSecrets", "ForgeRules", "ForgeLint", "ForgeWriting", "ForgeMinimizer",
        "ForgeOptimizer", crypto,
      ]),
    // What other programs import: the few things that people do, by name.
    .target(
      name: "ImageForge",
      dependencies: [
        "ForgeBasics", "ForgeFindings", "ForgeCodebase", "ForgeAnalyzer", "ForgeTemplates",
        "ForgeRecipes", "ForgeInspection", "ForgeRules", "ForgeOptimizer", "ForgeWriting",
        "ForgeEngines", "ForgeChecks", "ForgeBuilds",
      ],
      path: "Sources/ImageForge/ImageForge", swiftSettings: strict),

    .executableTarget(
      name: "forge",
      dependencies: [
        "ForgeBasics", "ForgeFindings", "ForgeCatalogue", "ForgeLayers", "ForgeImages",
        "ForgeInspection", "ForgeWriting", "ForgeMinimizer", "ForgeOptimizer", "ForgeRules",
        "ForgeCodebase",
        "ForgeAnalyzer", "ForgeLint", "ForgeTemplates", "ForgeMigration", "ForgeRecipes",
        "ForgeEngines", "ForgeGit", "ForgeTracing", "ForgeChecks", "ForgeBuilds", "ForgeTrials",
        "ForgeReports", "ForgeWorkloads", "ForgeCharts", "CMalloc", "CArguments", arguments,
      ], swiftSettings: strict),

    // The example of README.md, compiled as a program of someone else's would be.
    .executableTarget(
      name: "library-example", dependencies: ["ImageForge"], path: "Examples", packageAccess: false,
      swiftSettings: strict),

    // What an inspection is measured against; never shipped.
    .executableTarget(
      name: "forge-limit", dependencies: ["ForgeImages", "ForgeLayers", "CIsal", "CZstd", crypto],
      path: "Benchmarks/limit", swiftSettings: strict),

    // `recipes/` is embedded in the binary, so that the binary stands alone.
    .executableTarget(name: "embed-recipes", swiftSettings: strict),
    .plugin(name: "EmbedRecipes", capability: .buildTool(), dependencies: ["embed-recipes"]),

    .target(
      name: "TestSupport", dependencies: ["ForgeBasics", crypto, subprocess, system],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("Basics", uses: ["ForgeBasics", "ForgeFindings", "ForgeCatalogue"]),
    tests("Layers", uses: ["ForgeFindings", "ForgeLayers"]),
    tests("Images", uses: ["ForgeImages"]),
    tests("Secrets", uses: ["ForgeFindings", "ForgeSecrets"]),
    tests("Inspection", uses: ["ForgeInspection"]),
    tests(
      "Optimizer",
      uses: [
        "ForgeOptimizer", "ForgeMinimizer", "ForgeWriting", "ForgeInspection", "forge",
      ]),
    tests("Rules", uses: ["ForgeRules", "ForgeSecrets", "ForgeImages"]),
    tests("Syntax", uses: ["ForgeSyntax", "ForgeJavaScript"]),
    tests(
      "Codebase",
      uses: [
        "ForgeCodebase", "ForgeNode", "ForgePythonCode", "ForgePythonPackages", "ForgePython",
        "ForgeAnalyzer",
      ],
      excludes: ["Shapes/Snapshots"]),
    tests("Dockerignore", uses: ["ForgeDockerignore"]),
    tests(
      "Lint", uses: ["ForgeLint", "ForgeRecipes", "ForgeAnalyzer", "ForgeFindings", "ForgeBasics"]),
    tests(
      "Recipes",
      uses: ["ForgeRecipes", "ForgeMigration", "ForgeTemplates", "ForgeAnalyzer", subprocess],
      excludes: ["Snapshots", "ExistingSnapshots", "Matrix"]),
    tests("Engines", uses: ["ForgeEngines", "ForgeTrials"]),
    tests(
      "Chart",
      uses: [
        "ForgeWorkloads", "ForgeCharts", "ForgeTemplates", "ForgeAnalyzer", "ForgeReports", "forge",
      ], excludes: ["helm.py"]),
    tests("Reports", uses: ["ForgeReports"], excludes: ["Schemas"]),
    tests("Command", uses: ["ImageForge", "ForgeTracing", "ForgeBuilds", "forge", yams]),
    tests("EndToEnd", uses: ["ImageForge", "forge"]),
  ]
)

// The readers of images and of text under whatever bytes: a fixed corpus as a test, or libFuzzer, which is no part of an
// ordinary build.
let readers: [Target.Dependency] = [
  "ForgeBasics", "ForgeLayers", "ForgeImages", "ForgeInspection", "ForgeSyntax", "ForgeJavaScript",
  "ForgeDockerignore", "ForgeRules",
]
if fuzzes {
  package.products.append(.executable(name: "forge-fuzz", targets: ["forge-fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "forge-fuzz", dependencies: readers, path: "Tests/Fuzz",
      exclude: ["seeds.py", "texts.py", "corpus.tar.gz", "CorpusTests.swift"],
      swiftSettings: strict + fuzzing,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
} else {
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: readers + ["TestSupport"], path: "Tests/Fuzz",
      exclude: ["seeds.py", "texts.py", "corpus.tar.gz", "Fuzz.swift"], swiftSettings: strict))
}
