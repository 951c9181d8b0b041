import ForgeBasics

/// One service reaches another through an environment variable.
public struct ServiceLink: Codable, Sendable, Equatable {
  public let from: String
  public let to: String
  public let variable: String
  /// Whether the address is fixed when the image is built, so that another address needs another image.
  public let baked: Bool
  /// What a deployment gives the variable where both run in one cluster under their own names; nil where browsers,
  /// which know no such names, use the address.
  @EncodesNull public private(set) var internalAddress: String?
  /// `file:line` of what shows that the address is that service's.
  public let evidence: [String]

  public init(
    from: String, to: String, variable: String, baked: Bool = false, internalAddress: String? = nil,
    evidence: [String] = []
  ) {
    self.from = from
    self.to = to
    self.variable = variable
    self.baked = baked
    self.internalAddress = internalAddress
    self.evidence = evidence
  }
}
