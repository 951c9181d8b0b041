/// A dependency with code for one machine.
public struct NativePackage: Codable, Sendable, Equatable {
  public enum Libc: String, Codable, Sendable {
    case glibc, musl
  }

  public var name: String
  /// The C libraries that it is published for, ready to run; empty when it is compiled by the installation.
  public var libc: [Libc]
  /// `file:line`.
  public var source: String

  public init(name: String, libc: [Libc], source: String) {
    self.name = name
    self.libc = libc
    self.source = source
  }
}
