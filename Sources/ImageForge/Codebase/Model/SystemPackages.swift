/// Debian packages that the resolved dependencies need.
public struct SystemPackages: Codable, Sendable, Equatable {
  public var build: [String]
  public var runtime: [String]

  public init(build: [String] = [], runtime: [String] = []) {
    self.build = build
    self.runtime = runtime
  }
}
