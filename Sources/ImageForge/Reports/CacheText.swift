import ForgeBasics
import ForgeLayers

extension LayerCache.Contents {
  /// What `forge cache info` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table([
      ["folder", DisplayText.escape(path)], ["layers", String(layers)],
      ["size", "\(ByteCount.text(bytes)) of at most \(ByteCount.text(maximum))"],
    ])
    return layout.text
  }
}
