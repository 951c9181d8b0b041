import ForgeSyntax

/// What commands of Dockerfiles do, as the rules of practice ask.
extension ShellCommand {
  var isApt: Bool { ["apt-get", "apt"].contains(program) }
  var isAptInstall: Bool { (isApt || program == "aptitude") && has("install") }
  var isAptUpdate: Bool { isApt && has("update") }
  var isApkAdd: Bool { program == "apk" && has("add") }
  var isPipInstall: Bool { (isPip || isPipModule) && has("install") }
  /// `pip`, `pip3`, `pip3.13`; not `pipx`, `pipenv` or `pip-compile`.
  private var isPip: Bool {
    program.hasPrefix("pip") && program.dropFirst(3).allSatisfy { $0.isNumber || $0 == "." }
  }
  private var isPipModule: Bool {
    guard program.hasPrefix("python"), let flag = words.firstIndex(of: "-m") else { return false }
    return words.dropFirst(flag + 1).first == "pip"
  }

  /// Installs the project's own dependencies, from the files that name them.
  package var installsProject: Bool {
    switch program {
    case "npm": has("ci") || (isNodeInstall && packageOperands.isEmpty)
    case "yarn":
      packageOperands.isEmpty
        && (has("install") || words.dropFirst().allSatisfy { $0.hasPrefix("-") })
    case "pnpm", "bun": isNodeInstall && packageOperands.isEmpty
    case "uv": has("sync") || (has("pip") && (has("-r") || has("--requirement")))
    case "poetry": has("install")
    case "pdm": has("sync") || has("install")
    case "pipenv": has("sync") || has("install")
    default: isPipInstall && (has("-r") || has("--requirement"))
    }
  }

  private var isNodeInstall: Bool { has("install") || has("i") }
  private var packageOperands: [String] {
    operands.filter { !["install", "i", "ci"].contains($0) }
  }

  /// `npm install` and its like, which change the lockfile where `npm ci` would follow it.
  var followsNoLock: Bool {
    switch program {
    case "npm": isNodeInstall && packageOperands.isEmpty
    case "yarn": installsProject && !has("--frozen-lockfile") && !has("--immutable")
    // In CI pnpm is strict by itself; in a build of an image nothing says that it is one.
    case "pnpm", "bun":
      isNodeInstall && packageOperands.isEmpty && !has("--frozen-lockfile")
        && !has("--no-frozen-lockfile")
    default: false
    }
  }

  /// What people run while they write code: it compiles on demand, watches files, and shows errors to everybody.
  package var isDevelopmentServer: Bool {
    switch program {
    case "next", "vite", "fastapi": has("dev")
    case "npm", "pnpm", "yarn", "bun": operands.last == "dev" || operands.last == "develop"
    case "npx", "bunx": has("next") && has("dev")
    case "nodemon", "ts-node-dev": true
    case "uvicorn": has("--reload")
    case "flask": has("--debug") || has("--reload")
    case "python", "python3": has("--reload") || has("runserver")
    default: false
    }
  }

  /// Compiles the project.
  var isBuild: Bool {
    switch program {
    case "npm", "pnpm", "yarn", "bun":
      operands.contains { $0 == "build" || $0.hasPrefix("build:") }
    case "next", "turbo", "nx", "vite": has("build")
    case "npx", "bunx": has("build")
    default: false
    }
  }
}
