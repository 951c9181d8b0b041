/// A secret that a build step gets from the engine, exports to its command, and leaves in no layer.
package struct BuildSecret: Sendable {
  package let name: String
  /// The flag of `RUN`.
  package let mount: String
  /// What the step's shell does first; nil where the engine sets the variable itself.
  package let read: String?

  /// A secret that every engine mounts as a file below `/run/secrets`.
  package static func file(_ name: String) -> BuildSecret {
    let file = "/run/secrets/\(name)"
    return BuildSecret(
      name: name, mount: "--mount=type=secret,id=\(name)",
      read: "if [ -f \(file) ]; then \(name)=\"$(cat \(file))\" && export \(name); fi")
  }

  /// A secret that BuildKit sets as a variable of the step.
  package static func variable(_ name: String) -> BuildSecret {
    BuildSecret(name: name, mount: "--mount=type=secret,id=\(name),env=\(name)", read: nil)
  }
}
