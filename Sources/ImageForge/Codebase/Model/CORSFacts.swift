import ForgeFindings

/// From where browsers may call an application, as its `CORSMiddleware` says.
public struct CORSFacts: Codable, Sendable, Equatable {
  /// As written: `https://shop.example`, `*`. Empty where only a variable says it.
  public var origins: [String]
  /// Whether the code decides more than `origins` shows: a pattern, a variable, a computed list.
  public var isOpenEnded: Bool
  @PlaceText package var place: Place

  /// `file:line` of the middleware.
  public var source: String {
    get { place.description }
    set { place = .text(newValue) }
  }

  public init(origins: [String], isOpenEnded: Bool, source: String) {
    self.init(origins: origins, isOpenEnded: isOpenEnded, at: .text(source))
  }

  package init(origins: [String], isOpenEnded: Bool, at place: Place) {
    self.origins = origins
    self.isOpenEnded = isOpenEnded
    self.place = place
  }

  private enum CodingKeys: String, CodingKey {
    case origins, isOpenEnded
    case place = "source"
  }
}
