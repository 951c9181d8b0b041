/// From where browsers may call an application, as its `CORSMiddleware` says.
public struct CORSFacts: Codable, Sendable, Equatable {
  /// As written: `https://shop.example`, `*`. Empty where only a variable says it.
  public var origins: [String]
  /// Whether the code decides more than `origins` shows: a pattern, a variable, a computed list.
  public var isOpenEnded: Bool
  /// `file:line`.
  public var source: String

  public init(origins: [String], isOpenEnded: Bool, source: String) {
    self.origins = origins
    self.isOpenEnded = isOpenEnded
    self.source = source
  }
}
