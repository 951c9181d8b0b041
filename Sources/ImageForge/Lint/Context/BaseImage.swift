import ForgeBasics

/// The name of a base image, as the rules ask about it.
struct BaseImage {
  /// As it is written, variables expanded.
  let text: String
  /// Nil where the text names no image.
  let reference: ImageReference?

  init(_ text: String) {
    self.text = text
    reference = try? ImageReference(familiar: text)
  }

  /// The last part of its path: `node` of `docker.io/library/node:22`.
  var family: String { reference.map { String($0.baseName) } ?? "" }
  /// As people write it: `node`, `oven/bun`, `ghcr.io/astral-sh/uv`.
  var name: String { reference?.familiarName ?? "" }
  var tag: String? { reference?.tag }
  /// One of Docker's official images.
  var isOfficial: Bool {
    guard let reference else { return false }
    return reference.domain == ImageReference.defaultDomain && reference.path.hasPrefix("library/")
  }
  var isOfficialRuntime: Bool { isOfficial && ["node", "python"].contains(family) }
  var isPinned: Bool { reference?.digest != nil }
  /// Whether the name says nothing of a version.
  var moves: Bool { !isPinned && (tag == nil || tag == "latest") }
  var isAlpine: Bool { isOfficial && (family == "alpine" || tag?.contains("alpine") == true) }
  var isSlim: Bool { isOfficialRuntime && tag?.contains("slim") == true }
  /// Debian with compilers, git, curl and the headers of common libraries.
  var isFull: Bool { isOfficialRuntime && reference != nil && !isSlim && !isAlpine }

  /// The same name with another tag.
  func tagged(_ tag: String) -> String {
    let end = text.firstIndex(of: "@") ?? text.endIndex
    let name = text[..<end]
    guard let old = self.tag else { return "\(name):\(tag)" }
    return "\(name.dropLast(old.count))\(tag)"
  }

  /// Images whose containers run as root unless they are told otherwise. Of others only their configuration tells.
  private static let rootImages: Set<String> = [
    "node", "python", "debian", "ubuntu", "alpine", "busybox", "golang", "rust", "ruby", "php",
    "nginx", "httpd", "caddy", "buildpack-deps", "amazonlinux", "fedora", "rockylinux",
    "almalinux", "eclipse-temurin", "amazoncorretto", "openjdk", "oven/bun", "denoland/deno",
    "ghcr.io/astral-sh/uv", "mcr.microsoft.com/playwright",
    "mcr.microsoft.com/playwright/python", "nvidia/cuda", "pytorch/pytorch",
    "tiangolo/uvicorn-gunicorn-fastapi",
  ]

  /// Whether its containers are known to run as root.
  var runsAsRoot: Bool {
    guard Self.rootImages.contains(name) else { return false }
    return !["nonroot", "unprivileged", "rootless"].contains { tag?.contains($0) == true }
  }
}
