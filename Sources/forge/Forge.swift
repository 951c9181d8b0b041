import ArgumentParser
import ImageForge

@main
struct Forge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forge", abstract: "Builds small, safe container images, and proves it.", version: "0.1.0")
}
