import Foundation

/// How buildah and podman fence a RUN step.
///
/// Their default, an OCI runtime, is the better fence, but it needs what a container or a CI job often lacks: a
/// runtime, control groups it can write, the right to raise limits. `chroot` needs none of these, and in a container
/// the outer container is the fence. So chroot is chosen where the default is known to break, and nowhere else.
enum Isolation {
  /// What the choice rests on.
  struct Host: Sendable, Equatable {
    var isLinux: Bool
    /// forge itself runs in a container.
    var isContainer: Bool
    var hasRuntime: Bool
    /// Control groups v1 and v2 are mounted side by side, which crun refuses ("cgroups in hybrid mode").
    var hasHybridControlGroups: Bool
    var runtimeIsCrun: Bool
  }

  /// The value of `--isolation`; nil leaves the engine's default. `BUILDAH_ISOLATION`, which podman ignores, counts
  /// for both.
  static func choose(environment: [String: String], host: Host) -> String? {
    if let wanted = environment["BUILDAH_ISOLATION"], !wanted.isEmpty { return wanted }
    guard host.isLinux else { return nil }
    let breaks =
      host.isContainer || !host.hasRuntime || (host.hasHybridControlGroups && host.runtimeIsCrun)
    guard breaks else { return nil }
    return "chroot"
  }

  static func host(environment: [String: String]) -> Host {
    #if os(Linux)
      let exists = FileManager.default.fileExists(atPath:)
      // The engines look in these folders whatever PATH says.
      let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"]
      func has(_ runtime: String) -> Bool {
        folders.contains { exists("\($0)/\(runtime)") }
          || Programs.find(runtime, environment: environment) != nil
      }
      let hasCrun = has("crun")
      return Host(
        isLinux: true,
        isContainer: exists("/.dockerenv") || exists("/run/.containerenv")
          || environment["container"]?.isEmpty == false
          || environment["KUBERNETES_SERVICE_HOST"] != nil,
        hasRuntime: hasCrun || has("runc"),
        hasHybridControlGroups: exists("/sys/fs/cgroup/unified/cgroup.controllers"),
        runtimeIsCrun: hasCrun)
    #else
      return Host(
        isLinux: false, isContainer: false, hasRuntime: true, hasHybridControlGroups: false,
        runtimeIsCrun: false)
    #endif
  }
}

/// Finds programs on `PATH`.
enum Programs {
  /// The first executable file of that name. Relative entries of PATH are skipped: they would let the folder being
  /// analysed bring its own `docker`.
  static func find(_ name: String, environment: [String: String]) -> String? {
    for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/") {
      let path = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
        FileManager.default.isExecutableFile(atPath: path)
      {
        return path
      }
    }
    return nil
  }
}
