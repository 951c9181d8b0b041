import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// What each instruction decides.
extension ExistingDockerfile {
  /// Where an instruction stands.
  struct Place {
    let line: Int
    /// In the last stage, or one that it stands on.
    let isFinal: Bool
    /// There is one stage only: it builds and runs.
    let isOnly: Bool
    let service: Service
    let variables: DockerfileVariables
    let escape: Character
  }

  // MARK: The base

  mutating func takeBase(_ image: String, own: String, line: Int) {
    let tag = image.prefix { $0 != "@" }.split(separator: "/").last?.split(separator: ":").dropFirst().first ?? ""
    guard DockerText.isImageName(image) else {
      return drop("FROM \(image)", line, "only the build knows which image it is")
    }
    if image.hasPrefix("cgr.dev/chainguard/") {
      base = .chainguard
    } else if image.contains("distroless") {
      base = .distroless
    } else if Self.family(image) != own || image.contains("/") {
      // A base of the team's own has the runtime, and whatever else it decided.
      base = .named(image)
    } else if let version = tag.firstMatch(of: /^[0-9]+(\.[0-9]+)*/)?.output.0 {
      // As far as forge's own table goes: Node.js by its major version, Python by its minor one.
      runtimeVersion = version.split(separator: ".").prefix(own == "node" ? 1 : 2).joined(separator: ".")
      guard tag.contains("slim") || tag.contains("alpine") else {
        keep("FROM \(own):\(version)", line)
        return drop("FROM \(image)", line, "the full image brings compilers; its version is kept")
      }
      base = tag.contains("slim") ? .slim : .alpine
      self.image = image
    } else {
      return drop("FROM \(image)", line, "it names no version")
    }
    keep("FROM \(image)", line)
  }

  // MARK: Instructions

  mutating func take(_ instruction: DockerfileInstruction, at place: Place) {
    let written = "\(instruction.keyword) \(instruction.arguments)"
    switch instruction.keyword {
    case "ENV", "LABEL":
      for (name, value) in DockerfileVariables.pairs(instruction.arguments, escape: place.escape) {
        take(instruction.keyword, name, value, at: place)
      }
    case "ARG":
      for word in DockerfileWords.split(instruction.arguments, escape: place.escape) { takeArgument(word, at: place) }
    case "EXPOSE" where place.isFinal:
      guard let word = instruction.words.first.flatMap(place.variables.expand),
        let number = Int(word.prefix { $0 != "/" }), (1...65535).contains(number)
      else { return drop(written, place.line, "it names no port") }
      port = number
      keep("EXPOSE \(number)", place.line)
      for more in instruction.words.dropFirst() { drop("EXPOSE \(more)", place.line, "the server listens on one port") }
    case "USER" where place.isFinal:
      guard let match = instruction.arguments.wholeMatch(of: /([0-9]{1,9})(:([0-9]{1,9}))?/), match.1 != "0" else {
        let reason =
          ["root", "0"].contains(instruction.arguments.prefix { $0 != ":" })
          ? "a server needs no root" : "its number is not known; the image runs as \(ImageUser.user)"
        return drop(written, place.line, reason)
      }
      let number = "\(match.1):\(match.3 ?? match.1)"
      user = number
      keep("USER \(number)", place.line)
    case "STOPSIGNAL" where place.isFinal, "VOLUME" where place.isFinal:
      guard let text = Self.plain(instruction.arguments, place) else {
        return drop(written, place.line, "only the build knows its value")
      }
      finalLines.append(Line(text: "\(instruction.keyword) \(text)", number: place.line))
      keep("\(instruction.keyword) \(text)", place.line)
    case "HEALTHCHECK" where place.isFinal:
      let pattern = /https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:[^\/\s'"\\]+)?(\/[A-Za-z0-9._~\/%@+-]*)/
      guard let match = instruction.arguments.firstMatch(of: pattern) else {
        return drop(written, place.line, "forge asks the port itself, without a program that the image lacks")
      }
      healthPath = String(match.3)
      keep("HEALTHCHECK \(match.3)", place.line)
    case "ENTRYPOINT" where place.isFinal:
      entrypoint = instruction.execForm ?? Self.shellWords(instruction.arguments)
      arguments = nil
      commandLine = place.line
    case "CMD" where place.isFinal:
      arguments = instruction.execForm ?? Self.shellWords(instruction.arguments)
      commandLine = place.line
    case "RUN": takeStep(instruction, at: place)
    case "ADD" where instruction.words.contains { $0.contains("://") }:
      drop(written, place.line, "forge fetches nothing from outside; copy the file into the project")
    case "WORKDIR" where place.isFinal && !["/app", "/app/"].contains(instruction.arguments):
      drop(written, place.line, "forge works in /app")
    case "SHELL" where place.isFinal, "ONBUILD" where place.isFinal:
      drop(written, place.line, "forge's steps are written for sh, and end with this image")
    default: break
    }
  }

  /// What forge sets itself, so that it is neither kept nor lost.
  private static let settled: Set<String> = [
    "NODE_ENV", "NEXT_TELEMETRY_DISABLED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOSTNAME",
    "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION", "DEBIAN_FRONTEND", "VIRTUAL_ENV",
  ]
  private static let settledPrefixes = ["UV_", "POETRY_", "PDM_", "PIPENV_", "NPM_CONFIG_", "PNPM_", "YARN_"]

  private mutating func take(_ keyword: String, _ name: String, _ value: String, at place: Place) {
    let shown = "\(keyword) \(name)"
    guard let value = place.variables.expand(value), !value.contains(where: \.isNewline) else {
      if name.hasPrefix("NEXT_PUBLIC_") || Self.settled.contains(name) { return }
      return drop(shown, place.line, "its value depends on the build or on the old base")
    }
    if keyword == "ENV" {
      if Self.settled.contains(name) || Self.settledPrefixes.contains(where: name.hasPrefix) { return }
      if ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"].contains(name) {
        return drop(shown, place.line, "it belongs to the old file's folders")
      }
      if SecretName.isSecret(name, setTo: value) || (SecretName.isSecret(name) && value.isEmpty == false) {
        return drop(
          shown, place.line, "it is a secret, which an image must not hold: pass it when the container starts")
      }
      if name == "PORT" {
        if let number = Int(value), (1...65535).contains(number) {
          port = port ?? number
          keep("ENV PORT=\(number)", place.line)
        }
        return
      }
    }
    guard keyword == "LABEL" ? name.wholeMatch(of: /[A-Za-z0-9._\/-]{1,128}/) != nil : DockerText.isVariableName(name)
    else { return drop(shown, place.line, "its name is unusual") }
    let text = "\(keyword) \(name)=\(Self.quoted(value))"
    if keyword == "LABEL", !place.isFinal { return drop(shown, place.line, "it is of a stage that is thrown away") }
    if place.isFinal { finalLines.append(Line(text: text, number: place.line)) }
    // In a file of one stage the build sees it too.
    if keyword == "ENV", place.isOnly || !place.isFinal { buildLines.append(Line(text: text, number: place.line)) }
    keep(text, place.line)
  }

  private mutating func takeArgument(_ word: String, at place: Place) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard DockerText.isVariableName(parts[0]) else { return }
    let name = parts[0]
    let value = parts.count > 1 ? place.variables.expand(parts[1]) : nil
    if SecretName.isSecret(name), !name.hasPrefix("NEXT_PUBLIC_") {
      return drop("ARG \(name)", place.line, "a secret in an argument stays in the image's history: forge mounts it")
    }
    let text = "ARG \(name)" + (value.map { "=\(Self.quoted($0))" } ?? "")
    if place.service.environment.contains(where: { $0.name == name && $0.passage == .buildArgument }) {
      if value != nil { argumentDefaults[name] = Line(text: text, number: place.line) }
    } else if place.isFinal, !place.isOnly {
      finalLines.append(Line(text: text, number: place.line))
    } else {
      buildLines.append(Line(text: text, number: place.line))
    }
    keep(text, place.line)
  }

  // MARK: Steps

  /// Programs whose work forge's own steps do, each in its way.
  private static let replaced: Set<String> = [
    "pip", "pip3", "npm", "npx", "yarn", "pnpm", "bun", "corepack", "uv", "poetry", "pdm", "pipenv", "python",
    "python3", "next", "rm", "mkdir", "chown", "chmod", "cp", "mv", "apt-get", "apt", "useradd", "adduser", "groupadd",
    "addgroup", "set", "cd", "true", "echo",
  ]
  private static let compilers = [
    "gcc", "g++", "make", "cmake", "build-essential", "pkg-config", "git", "rustc", "cargo",
  ]

  private mutating func takeStep(_ run: DockerfileInstruction, at place: Place) {
    let script = run.execForm?.joined(separator: " ") ?? run.arguments + run.heredocs.map { "\n" + $0.content }.joined()
    for command in script.split(whereSeparator: { "&|;\n".contains($0) }) {
      let words = command.split { $0.isWhitespace || $0 == "\\" }.map(String.init)
        .filter { !["sudo", "then", "do", "fi", "done"].contains($0) && !$0.contains("=") }
      guard let program = words.first else { continue }
      if ["apt-get", "apt"].contains(program), words.contains("install") {
        for package in words.drop(while: { $0 != "install" }).dropFirst() where !package.hasPrefix("-") {
          guard DockerText.isDebianPackage(package) else {
            drop("RUN apt-get install \(package)", place.line, "it is no plain name of a Debian package")
            continue
          }
          let isForBuild = package.hasSuffix("-dev") || Self.compilers.contains(package)
          if !place.isFinal || isForBuild {
            if !buildPackages.contains(package) { buildPackages.append(package) }
          } else if !runtimePackages.contains(package) {
            runtimePackages.append(package)
          }
          keep("RUN apt-get install \(package)", place.line)
        }
      } else if program == "apk", words.contains("add") {
        let packages = words.drop { $0 != "add" }.dropFirst().filter { !$0.hasPrefix("-") }
        drop(
          "RUN apk add \(packages.joined(separator: " "))", place.line,
          "forge installs Debian packages alone: name their Debian names, or keep the line in a # forge:keep block")
      } else if !Self.replaced.contains(program), !program.hasPrefix("#") {
        drop(
          "RUN \(words.joined(separator: " "))", place.line,
          "forge has no such step: put it into a # forge:keep block where it belongs")
      }
    }
  }

  // MARK: The command

  /// The last ENTRYPOINT and CMD together are one decision.
  mutating func settleCommand(_ service: Service) {
    let words = (entrypoint ?? []) + (arguments ?? [])
    guard let program = words.first else { return }
    let text = "CMD \(DockerText.execForm(words))"
    if words.contains(where: { ["dev", "--reload", "--debug"].contains($0) }) || program == "nodemon" {
      return drop(text, commandLine, "it starts a development server")
    }
    guard words.allSatisfy({ $0.wholeMatch(of: /[ -~]{1,400}/) != nil && !$0.contains("$") && !$0.contains("`") }),
      program != "sh", program != "/bin/sh", program != "bash", program != "/bin/bash"
    else { return drop(text, commandLine, "it needs a shell, which would keep signals from the server") }
    let servers: Set<String> = ["uvicorn", "gunicorn", "hypercorn", "granian", "fastapi", "python", "python3"]
    guard service.kind != .nextjs else {
      // What is served is what forge builds: by node itself, at the place where the output lies.
      return drop(text, commandLine, "node starts the server of the built output, without npm or next")
    }
    guard servers.contains(program) else {
      return drop(text, commandLine, "\(program) is no server that the new image is known to hold")
    }
    guard base != .distroless else {
      return drop(text, commandLine, "this base has the modules, but no programs of a virtual environment")
    }
    command = words
    keep(text, commandLine)
  }

  // MARK: Texts

  /// The words of a command in shell form; one word that no check passes where they need a shell.
  private static func shellWords(_ line: String) -> [String] {
    let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    return line.contains { "&|;<>()$`*?'\"\\".contains($0) } ? ["sh", "-c", line] : words
  }

  private static func quoted(_ value: String) -> String {
    if value.wholeMatch(of: /[A-Za-z0-9_.,:\/@%+=-]+/) != nil { return value }
    let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("$", with: "\\$")
    return "\"\(escaped)\""
  }

  private static func plain(_ text: String, _ place: Place) -> String? {
    guard let value = place.variables.expand(text), !value.contains(where: \.isNewline) else { return nil }
    return text.contains("\"") ? text : value
  }
}
