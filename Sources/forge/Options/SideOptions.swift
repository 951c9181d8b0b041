import ArgumentParser
import ForgeImages

/// Which image and platform, of each of two archives.
struct SideOptions: ParsableArguments {
  @Option(name: .customLong("image"), help: "Which image, where an archive holds several; of both.")
  var choice: String?

  @Option(
    name: .customLong("old-image"), help: "Which image of the old archive, instead of --image.")
  var oldChoice: String?

  @Option(
    name: .customLong("new-image"), help: "Which image of the new archive, instead of --image.")
  var newChoice: String?

  @Option(help: "Which platform, where an image has several: linux/arm64; of both.")
  var platform: String?

  @Option(help: "Which platform of the old image, instead of --platform.")
  var oldPlatform: String?

  @Option(help: "Which platform of the new image, instead of --platform.")
  var newPlatform: String?

  /// What is chosen of one side.
  typealias Choice = (image: String?, platform: String?)

  var old: Choice { (oldChoice ?? choice, oldPlatform ?? platform) }
  var new: Choice { (newChoice ?? choice, newPlatform ?? platform) }
}
