import ForgeBasics
import ForgeCodebase
import ForgeSyntax
import ForgeTemplates
import ForgeWorkloads
import Foundation

/// What each instruction decides.
extension DockerfileReader {
  // MARK: The base

  mutating func takeBase(_ image: String, own: String, line: Int) {
    let tag =
      image.prefix { $0 != "@" }.split(separator: "/").last?.split(separator: ":").dropFirst().first
      ?? ""
    guard DockerText.isImageName(image) else {
      return drop("FROM \(image)", line, "only the build knows which image it is")
    }
    if image.hasPrefix("cgr.dev/chainguard/") {
      result.base.choice = .chainguard
    } else if image.contains("distroless") {
      result.base.choice = .distroless
      if let version = image.firstMatch(of: /nodejs([0-9]+)/)?.1 {
        guard Self.hasImage(of: "node", String(version), .distroless) else {
          return drop(
            "FROM \(image)", line,
            "nobody maintains an image of that version: the project's own is taken")
        }
        result.base.runtimeVersion = String(version)
      }
    } else if ExistingDockerfile.family(image) != own || image.contains("/") {
      // A base of the team's own has the runtime, and whatever else it decided.
      result.base.choice = .named(image)
    } else if let version = tag.firstMatch(of: /^[0-9]+(\.[0-9]+)*/)?.output.0 {
      // As far as forge's own table goes: Node.js by its major version, Python by its minor one.
      let parts = own == "node" ? 1 : 2
      let short = version.split(separator: ".").prefix(parts).joined(separator: ".")
      let kind = [BaseChoice.slim, .alpine].first { tag.contains($0.name) }
      guard Self.hasImage(of: own, short, kind) else {
        result.base.choice = kind
        return drop(
          "FROM \(image)", line,
          "nobody maintains an image of that version: the project's own is taken")
      }
      result.base.runtimeVersion = short
      guard let kind else {
        result.base.line = line
        keep("FROM \(own):\(version)", line)
        return drop("FROM \(image)", line, "the full image brings compilers; its version is kept")
      }
      result.base.choice = kind
      result.base.image = image
    } else {
      return drop("FROM \(image)", line, "it names no version")
    }
    result.base.line = line
    keep("FROM \(image)", line)
  }

  /// Whether forge knows an image of a runtime's version.
  private static func hasImage(of own: String, _ version: String, _ kind: BaseChoice?) -> Bool {
    guard let table = try? BaseTable.load(RecipeBook()) else { return false }
    let bases = own == "node" ? table.node : table.python
    return bases.has(version, kind)
  }

  // MARK: Instructions

  mutating func take(_ instruction: DockerfileInstruction, at place: InstructionPlace) {
    let written = "\(instruction.keyword) \(instruction.arguments)"
    switch instruction.keyword {
    case "ENV", "LABEL":
      for (name, value) in DockerfileVariables.pairs(instruction.arguments, escape: place.escape) {
        take(instruction.keyword, name, value, at: place)
      }
    case "ARG":
      for word in DockerfileWords.split(instruction.arguments, escape: place.escape) {
        takeArgument(word, at: place)
      }
    case "EXPOSE" where place.isFinal:
      let first = instruction.words.first
      guard
        let word = first.flatMap({ word in
          place.variables.expand(word)
            ?? word.wholeMatch(of: /\$\{[A-Za-z_][A-Za-z0-9_]*:-([0-9]+)\}/).map { String($0.1) }
        }),
        let number = Int(word.prefix { $0 != "/" }), (1...65535).contains(number)
      else { return drop(written, place.line, "it names no port") }
      result.server.port = Kept(number, place.line)
      keep("EXPOSE \(number)", place.line)
      for more in instruction.words.dropFirst() {
        drop("EXPOSE \(more)", place.line, "the server listens on one port")
      }
    case "USER" where place.isFinal: takeUser(instruction, at: place)
    case "STOPSIGNAL" where place.isFinal, "VOLUME" where place.isFinal:
      guard let text = Self.plain(instruction.arguments, place) else {
        return drop(written, place.line, "only the build knows its value")
      }
      result.lines.final.append(
        ExistingDockerfile.Line(text: "\(instruction.keyword) \(text)", number: place.line))
      keep("\(instruction.keyword) \(text)", place.line)
    case "HEALTHCHECK" where place.isFinal:
      let pattern =
        /https?:\/\/(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(:[^\/\s'"\\]+)?(\/[A-Za-z0-9._~\/%@+-]*)/
      guard let match = instruction.arguments.firstMatch(of: pattern) else {
        return drop(
          written, place.line, "forge asks the port itself, without a program that the image lacks")
      }
      result.server.healthPath = Kept(String(match.3), place.line)
      result.server.healthFlags = instruction.flags.compactMap { flag in
        let isTime = ["interval", "timeout", "start-period", "start-interval", "retries"].contains(
          flag.name)
        guard isTime, let value = flag.value, value.wholeMatch(of: /[0-9a-z.]{1,20}/) != nil else {
          return nil
        }
        return "--\(flag.name)=\(value)"
      }
      keep(
        (["HEALTHCHECK"] + result.server.healthFlags + [String(match.3)]).joined(separator: " "),
        place.line)
    case "ENTRYPOINT" where place.isFinal:
      entrypoint = instruction.execForm ?? Self.shellWords(instruction.arguments)
      arguments = nil
      entrypointLine = place.line
    case "CMD" where place.isFinal:
      arguments = instruction.execForm ?? Self.shellWords(instruction.arguments)
      commandLine = place.line
    case "RUN" where place.isReached: takeStep(instruction, at: place)
    case "COPY": takeCopy(instruction, at: place)
    case "ADD" where instruction.words.contains { $0.contains("://") }:
      drop(
        written, place.line, "forge fetches nothing from outside; copy the file into the project")
    case "ADD": takeCopy(instruction, at: place)
    case "WORKDIR" where place.isFinal && !["/app", "/app/"].contains(instruction.arguments):
      drop(written, place.line, "forge works in /app")
    case "SHELL" where place.isReached, "ONBUILD" where place.isFinal:
      drop(written, place.line, "forge's steps are written for sh, and end with this image")
    default: break
    }
  }

  /// What forge sets itself, so that it is neither kept nor lost.
  private static let settled: Set<String> = [
    "NODE_ENV", "NEXT_TELEMETRY_DISABLED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE",
    "HOSTNAME",
    "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION", "DEBIAN_FRONTEND",
    "VIRTUAL_ENV",
  ]
  private static let settledPrefixes = [
    "UV_", "POETRY_", "PDM_", "PIPENV_", "NPM_CONFIG_", "PNPM_", "YARN_",
  ]

  private mutating func take(
    _ keyword: String, _ name: String, _ value: String, at place: InstructionPlace
  ) {
    let shown = "\(keyword) \(name)"
    guard let value = place.variables.expand(value), !value.contains(where: \.isNewline) else {
      if name.hasPrefix("NEXT_PUBLIC_") || Self.settled.contains(name) { return }
      return drop(shown, place.line, "its value depends on the build or on the old base")
    }
    if keyword == "ENV" {
      if Self.settled.contains(name) || Self.settledPrefixes.contains(where: name.hasPrefix) {
        return
      }
      if ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH"].contains(name) {
        return drop(shown, place.line, "it belongs to the old file's folders")
      }
      if SecretName.isSecret(name, setTo: value)
        || (SecretName.isSecret(name) && value.isEmpty == false)
      {
        return drop(
          shown, place.line,
          "it is a secret, which an image must not hold: pass it when the container starts")
      }
      if name == "PORT" {
        if let number = Int(value), (1...65535).contains(number) {
          if result.server.port == nil { result.server.port = Kept(number, place.line) }
          keep("ENV PORT=\(number)", place.line)
        }
        return
      }
    }
    guard Self.isUsual(name, of: keyword) else {
      return drop(shown, place.line, "its name is unusual")
    }
    let text = "\(keyword) \(name)=\(Self.quoted(value))"
    if keyword == "LABEL", !place.isFinal {
      return drop(shown, place.line, "it is of a stage that is thrown away")
    }
    if place.isFinal {
      result.lines.final.append(ExistingDockerfile.Line(text: text, number: place.line))
    }
    // In a file of one stage the build sees it too.
    if keyword == "ENV", place.isOnly || !place.isFinal {
      result.lines.build.append(ExistingDockerfile.Line(text: text, number: place.line))
    }
    keep(text, place.line)
  }

  private static func isUsual(_ name: String, of keyword: String) -> Bool {
    guard keyword == "LABEL" else { return PlainText.isVariableName(name) }
    return name.wholeMatch(of: /[A-Za-z0-9._\/-]{1,128}/) != nil
  }

  private mutating func takeArgument(_ word: String, at place: InstructionPlace) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
      String.init)
    guard PlainText.isVariableName(parts[0]) else { return }
    let name = parts[0]
    let value = parts.dropFirst().first.flatMap { place.variables.expand($0) }
    if SecretName.isSecret(name), !name.hasPrefix("NEXT_PUBLIC_") {
      secretArguments.insert(name)
      return drop(
        "ARG \(name)", place.line,
        "a secret in an argument stays in the image's history: forge mounts it")
    }
    let text = "ARG \(name)" + (value.map { "=\(Self.quoted($0))" } ?? "")
    if place.service.environment.contains(where: {
      $0.name == name && $0.delivery == .buildArgument
    }
    ) {
      if value != nil {
        result.lines.arguments[name] = ExistingDockerfile.Line(text: text, number: place.line)
      }
    } else if place.isFinal, !place.isOnly {
      result.lines.final.append(ExistingDockerfile.Line(text: text, number: place.line))
    } else {
      result.lines.build.append(ExistingDockerfile.Line(text: text, number: place.line))
      if place.isOnly {
        ownArguments[name] = ExistingDockerfile.Line(text: text, number: place.line)
      }
    }
    keep(text, place.line)
  }

  private mutating func takeUser(_ instruction: DockerfileInstruction, at place: InstructionPlace) {
    let written = place.variables.expand(instruction.arguments) ?? instruction.arguments
    let name = String(written.prefix { $0 != ":" })
    let number = written.wholeMatch(of: /([1-9][0-9]{0,8})(:([0-9]{1,9}))?/).map {
      "\($0.1):\($0.3 ?? $0.1)"
    }
    guard let number = number ?? users[name] ?? Self.baseUsers[name] else {
      var reason = "its number is not known; the image runs as \(ImageUser.user)"
      if ["root", "0"].contains(name) { reason = "a server needs no root" }
      return drop("USER \(instruction.arguments)", place.line, reason)
    }
    result.server.user = Kept(number, place.line)
    keep("USER \(number)", place.line)
  }

  /// Users that the images of the runtimes have.
  private static let baseUsers = [
    "node": "1000:1000", "nonroot": "65532:65532", "nobody": "65534:65534",
  ]

  // MARK: Texts

  /// The words of a command in shell form: with the shell, where they need one.
  private static func shellWords(_ line: String) -> [String] {
    let needsShell = line.contains { "&|;<>()$`*?\\".contains($0) }
    if needsShell { return ["sh", "-c", line] }
    return DockerfileWords.split(line, escape: "\\").map { word in
      word.filter { !"'\"".contains($0) }
    }
  }

  private static func quoted(_ value: String) -> String {
    if value.wholeMatch(of: /[A-Za-z0-9_.,:\/@%+=-]+/) != nil { return value }
    let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
      "$", with: "\\$")
    return "\"\(escaped)\""
  }

  private static func plain(_ text: String, _ place: InstructionPlace) -> String? {
    guard let value = place.variables.expand(text), !value.contains(where: \.isNewline) else {
      return nil
    }
    // Written as JSON, it has quotes of its own.
    if text.contains("\"") { return text }
    return value
  }
}
