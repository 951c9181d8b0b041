/// The user that every image runs as: above the range that hosts give to people and system services.
package enum ImageUser {
  /// The number of its group, which is the number of the user too.
  package static let group = "10001"
  /// `UID:GID`.
  package static let user = "\(group):\(group)"
}
