import ForgeCodebase

/// The user that every image runs as: above the range that hosts give to people and system services.
package enum ImageUser {
  /// The number of its group, which is the number of the user too.
  package static let group = "10001"
  /// `UID:GID`.
  package static let user = "\(group):\(group)"
}

extension Service {
  /// Whether the dependencies need what Alpine does not have: Debian's packages, or glibc.
  package var needsDebian: Bool {
    !systemPackages.build.isEmpty || !systemPackages.runtime.isEmpty
      || nativePackages.contains { !$0.libc.contains(.musl) }
  }
}
