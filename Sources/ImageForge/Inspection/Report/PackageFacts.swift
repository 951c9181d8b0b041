import ForgeBasics

/// An installed package, from its database in the image.
public struct PackageFacts: Codable, Sendable, Equatable {
  /// `deb`, `apk`, `python`, `npm`.
  public var kind: String
  /// As its package manager calls it.
  public var name: String
  /// The installed version.
  public var version: String
  /// The visible regular files that it owns.
  public var bytes: Int64
  /// The layer that stores most of them; nil for a package without any.
  @EncodesNull public var layer: Int?

  /// A package of a kind, and the bytes that its visible files take.
  public init(kind: String, name: String, version: String, bytes: Int64, layer: Int? = nil) {
    self.kind = kind
    self.name = name
    self.version = version
    self.bytes = bytes
    self.layer = layer
  }

}

/// Bytes of the root filesystem that are one owner's.
public struct OwnerFacts: Codable, Sendable, Equatable {
  /// `deb`, `apk`, `python`, `npm`: packages of that kind; `next`: the output of `next build`; `other`: nobody's.
  public var owner: String
  /// Of the files that are its own.
  public var bytes: Int64
  /// Regular files; a hardlink group is one.
  public var files: Int
  /// The part of `bytes` that the layers of the base image store; 0 where the base is not known.
  public var base: Int64

  /// An owner with the bytes and files that are its own.
  public init(owner: String, bytes: Int64, files: Int, base: Int64) {
    self.owner = owner
    self.bytes = bytes
    self.files = files
    self.base = base
  }
}
