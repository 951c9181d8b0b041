import ForgeBasics
import ForgeSyntax

/// For which platform a Dockerfile wants one of its base images. Whether the image is of it, only an engine knows that
/// has it: BuildKit's check `InvalidBaseImagePlatform`.
package struct BasePlatform: Equatable, Sendable {
  package let image: String
  package let platform: String
  /// Of its FROM.
  package let line: Int

  /// - Parameters:
  ///   - target: the platform that is built for.
  ///   - machine: the platform that builds.
  package static func all(in text: String, target: String, machine: String) -> [BasePlatform] {
    guard let file = try? DockerfileSyntax.parse(SourceText(name: "Dockerfile", text: text)) else {
      return []
    }
    let variables = DockerfileVariables(preamble: file)
    return file.stages.compactMap { stage in
      guard file.parent(of: stage) == nil,
        let image = variables.expand(stage.base),
        image != "scratch", !image.isEmpty
      else { return nil }
      let flag = stage.from.value(of: "platform")?.filter { !"{}".contains($0) }
      switch flag {
      case nil, "$TARGETPLATFORM":
        return BasePlatform(image: image, platform: target, line: stage.from.line)
      case "$BUILDPLATFORM":
        return BasePlatform(image: image, platform: machine, line: stage.from.line)
      case let flag?:
        guard let platform = variables.expand(flag), platform.contains("/") else { return nil }
        return BasePlatform(image: image, platform: platform, line: stage.from.line)
      }
    }
  }

  /// What BuildKit would say of the image that was used; nil where it fits. Variants of a processor run on one another.
  package func complaint(about found: String) -> String? {
    func short(_ platform: String) -> [Substring] {
      Array(platform.split(separator: "/").prefix(2))
    }
    guard short(found) != short(platform) else { return nil }
    return
      "InvalidBaseImagePlatform: the base image \(image) is of \(found), where \(platform) is wanted"
  }
}
