import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// Rules whose evidence is the files of the layers.
enum FileRules {
  // MARK: Leftovers

  /// Folders whose content is only an index or a cache of a package manager.
  private struct Cache {
    let rule: FindingID
    let program: String
    let folder: StaticString
    let fix: String
  }

  private static let caches = [
    Cache(
      rule: "FORGE-I005", program: "apt", folder: "var/lib/apt/lists/",
      fix: "end the same RUN with `rm -rf /var/lib/apt/lists/*`"),
    Cache(
      rule: "FORGE-I005", program: "apt", folder: "var/cache/apt/",
      fix:
        "mount a cache: `RUN --mount=type=cache,target=/var/cache/apt …`, or `apt-get clean` in that RUN"
    ),
    Cache(
      rule: "FORGE-I005", program: "pip", folder: "root/.cache/pip/",
      fix: "use `RUN --mount=type=cache,target=/root/.cache/pip …` or `pip install --no-cache-dir`"),
    Cache(
      rule: "FORGE-I005", program: "uv", folder: "root/.cache/uv/",
      fix: "use `RUN --mount=type=cache,target=/root/.cache/uv …`"),
    Cache(
      rule: "FORGE-I005", program: "npm", folder: "root/.npm/_cacache/",
      fix: "use `RUN --mount=type=cache,target=/root/.npm …`"),
    Cache(
      rule: "FORGE-I005", program: "yarn", folder: "usr/local/share/.cache/yarn/",
      fix: "use `RUN --mount=type=cache,target=/usr/local/share/.cache/yarn …`"),
    Cache(
      rule: "FORGE-I016", program: "apk", folder: "var/cache/apk/", fix: "use `apk add --no-cache`"),
    Cache(
      rule: "FORGE-I016", program: "apk", folder: "lib/apk/cache/", fix: "use `apk add --no-cache`"),
    Cache(
      rule: "FORGE-I017", program: "dnf", folder: "var/cache/dnf/",
      fix: "end the same RUN with `dnf clean all`"),
    Cache(
      rule: "FORGE-I017", program: "yum", folder: "var/cache/yum/",
      fix: "end the same RUN with `yum clean all`"),
    Cache(
      rule: "FORGE-I017", program: "zypper", folder: "var/cache/zypp/",
      fix: "end the same RUN with `zypper clean --all`"),
    Cache(
      rule: "FORGE-I017", program: "dnf", folder: "var/lib/dnf/repos/",
      fix: "end the same RUN with `dnf clean all`"
    ),
  ]

  static func leftovers(_ rule: FindingID) -> ImageRules.Check {
    let caches = caches.filter { $0.rule == rule }
    return { inspection, _ in
      struct Place: Hashable {
        let cache: Int
        let layer: Int
      }
      var bytes: [Place: Int64] = [:]
      for file in inspection.details.files where file.kind == .regular && file.size > 0 {
        if let cache = caches.firstIndex(where: { file.hasPrefix($0.folder) }) {
          bytes[Place(cache: cache, layer: file.layer), default: 0] += file.size
        }
      }
      // A lock file or an empty index is not worth a word.
      return bytes.filter { $0.value >= 100_000 }.map { place, size in
        let folder = "\(caches[place.cache].folder)"
        return Violation(
          message: "\(ByteCount.text(size)) of package lists or caches in /\(folder.dropLast())",
          at: .layer(place.layer, path: folder), about: .program(caches[place.cache].program),
          fix: caches[place.cache].fix, evidence: .file)
      }
    }
  }

  // MARK: Permissions

  static func setuid(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let files = inspection.details.files.filter { $0.visible && $0.kind == .regular }
    let bits = files.filter { $0.mode & 0o6000 != 0 }.byLayer {
      Violation(
        message: "\($0.shownNames) \($0.count == 1 ? "is" : "are") setuid or setgid",
        at: $0.first?.place,
        fix:
          "`RUN chmod a-s …` in the stage that installs them, or run with `allowPrivilegeEscalation: false`",
        evidence: .file)
    }
    let capabilities = files.filter { $0.attributes.contains("security.capability") }.byLayer {
      Violation(
        message: "\($0.shownNames) \($0.count == 1 ? "has" : "have") file capabilities",
        at: $0.first?.place,
        fix:
          "`RUN setcap -r …` in the stage that installs them, or run with `allowPrivilegeEscalation: false`",
        evidence: .file)
    }
    return bits + capabilities
  }

  static func worldWritable(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    inspection.details.files.filter {
      $0.visible && $0.mode & 0o002 != 0
        && ($0.kind == .regular || ($0.kind == .directory && $0.mode & 0o1000 == 0))
    }.byLayer {
      Violation(
        message: "\($0.shownNames) may be written by everyone", at: $0.first?.place,
        fix: "`chmod o-w …` in the step that makes them, or `COPY --chmod=…`", evidence: .file)
    }
  }

  private static let code: [StaticString] = [".js", ".mjs", ".cjs", ".py", ".so", ".node", ".sh"]

  /// Code that the process could change, so that a break-in outlives it.
  static func writableCode(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    guard
      case .uid(let uid) = UserRules.resolve(
        inspection.image.user, passwd: inspection.details.passwd), uid > 0
    else { return [] }
    let gid = UserRules.group(inspection.image.user, inspection.details)
    return inspection.details.files.filter { file in
      guard file.visible, file.kind == .regular, code.contains(where: file.hasSuffix),
        SecretPlace.isApplication(file.path[...]) || SecretPlace.isDependency(file.path[...]),
        !file.isBelow("cache"), !file.isBelow("tmp")
      else { return false }
      return (Int64(file.uid) == uid && file.mode & 0o200 != 0)
        || (Int64(file.gid) == gid && gid != 0 && file.mode & 0o020 != 0)
    }.byLayer {
      Violation(
        message:
          "\($0.shownNames) may be changed by the process that runs \($0.count == 1 ? "it" : "them")",
        at: $0.first?.place,
        fix:
          "leave code to root: `COPY` without `--chown`, and `--chown` only for folders that the process writes to",
        evidence: .file)
    }
  }

  // MARK: What does not belong

  static func devices(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    inspection.details.files.filter { $0.kind == .device || $0.kind == .fifo }.byLayer {
      Violation(
        message:
          "\($0.shownNames) \($0.count == 1 ? "is a device or pipe" : "are devices or pipes")",
        at: $0.first?.place, fix: "remove them: runtimes make /dev themselves",
        evidence: .file)
    }
  }

  static func attributes(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    func isOdd(_ name: String) -> Bool {
      ["trusted.", "user.overlay.", "security.selinux", "security.ima", "security.evm"].contains(
        where: name.hasPrefix)
    }
    return inspection.details.files.filter { $0.attributes.contains(where: isOdd) }.byLayer {
      files in
      let names = Set(files.flatMap(\.attributes).filter(isOdd)).sorted()
      return Violation(
        message:
          "\(files.shownNames) \(files.count == 1 ? "carries" : "carry") \(names.joined(separator: ", ")): "
          + "attributes of the machine that built the image", at: files.first?.place,
        fix: "build with an engine that does not record them, or `RUN setfattr -x …`",
        evidence: .file)
    }
  }

  private struct Litter {
    let what: String
    let advice: String
    let atMost: Severity?
    let isPart: @Sendable (FileInstance) -> Bool
  }

  private static let litter = [
    Litter(what: "of a Git repository", advice: "**/.git", atMost: nil) {
      $0.isBelow(".git") && !$0.isBelow("node_modules")
    },
    Litter(what: "of editors", advice: "**/.vscode and **/.idea", atMost: nil) {
      $0.isBelow(".vscode") || $0.isBelow(".idea")
    },
    Litter(what: "caches", advice: "**/.cache", atMost: nil) {
      $0.isBelow(".npm")
        || ($0.isBelow(".cache") && ($0.isBelow("node_modules") || $0.size > 100_000))
        || $0.isBelow(".pytest_cache") || $0.isBelow(".mypy_cache") || $0.isBelow(".ruff_cache")
    },
    Litter(what: "how the image is built", advice: "Dockerfile* and docker-compose*", atMost: .info)
    {
      $0.name.starts(with: "Dockerfile".utf8) || $0.name.starts(with: "docker-compose".utf8)
        || $0.name.elementsEqual("compose.yaml".utf8) || $0.name.elementsEqual(".dockerignore".utf8)
    },
    Litter(what: "tests", advice: "**/tests and **/__tests__", atMost: .info) {
      $0.isBelow("__tests__") || $0.isBelow("tests") || $0.isBelow("test")
    },
    Litter(what: "source maps", advice: "**/*.map", atMost: .info) { $0.hasSuffix(".js.map") },
  ]

  /// The line of a `.dockerignore` that keeps such litter out.
  static func ignoreLine(_ path: String) -> String? {
    let folders: Set<Substring> = [
      ".git", ".vscode", ".idea", ".npm", ".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache",
      "__tests__", "tests",
      "test",
    ]
    let parts = path.split(separator: "/")
    if let folder = parts.dropLast().first(where: folders.contains) { return "**/\(folder)" }
    guard let name = parts.last else { return nil }
    if name.hasSuffix(".js.map") { return "**/*.map" }
    for start in ["Dockerfile", "docker-compose"] where name.hasPrefix(start) {
      return "**/\(start)*"
    }
    return name == "compose.yaml" || name == ".dockerignore" ? "**/\(name)" : nil
  }

  static func needless(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let own = inspection.details.files.filter {
      $0.kind == .regular
        && (SecretPlace.isApplication($0.path[...])
          || ($0.isBelow("node_modules") && $0.isBelow(".cache")))
    }
    return litter.flatMap { kind in
      own.filter(kind.isPart).byLayer {
        Violation(
          message: "\(ByteCount.text($0.bytes)) \(kind.what) in the image: \($0.shownNames)",
          at: $0.first?.place,
          fix: "add \(kind.advice) to .dockerignore, or copy only what the program needs",
          evidence: .file,
          atMost: kind.atMost)
      }
    }
  }

  private static let tools: [(kind: String, names: Set<String>)] = [
    (
      "package managers",
      [
        "apt", "apt-get", "dpkg", "apk", "yum", "dnf", "microdnf", "npm", "npx", "yarn", "pip",
        "pip3",
      ]
    ),
    ("compilers", ["gcc", "g++", "cc", "make", "clang", "cargo", "go"]),
    ("downloaders", ["curl", "wget"]), ("shells", ["sh", "bash", "dash", "ash", "zsh", "busybox"]),
  ]

  static func tools(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let programs = programs(inspection)
    let found = tools.compactMap { kind, names in
      let present = names.intersection(programs.keys).sorted()
      return present.isEmpty ? nil : "\(kind) \(present.joined(separator: ", "))"
    }
    guard !found.isEmpty else { return [] }
    return [
      Violation(
        message: "the image holds \(found.joined(separator: "; "))", at: nil,
        fix: "copy the program into a final stage without them, such as a distroless one",
        evidence: .file)
    ]
  }

  static func sudo(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    if let file = programs(inspection)["sudo"] {
      return [
        Violation(
          message: "\(file.shownPath) is in the image", at: file.place,
          fix: "do what needs root before the last USER, and leave sudo out", evidence: .file)
      ]
    }
    return HistoryRules.steps(inspection) { HistoryRules.words($0).contains("sudo") }.map {
      $0.violation("a step runs sudo", fix: "switch with USER instead")
    }
  }

  /// Programs in the folders of `$PATH`, by name, as the final root filesystem shows them.
  private static func programs(_ inspection: Inspection) -> [String: FileInstance] {
    let folders: [StaticString] = [
      "usr/bin/", "bin/", "usr/sbin/", "sbin/", "usr/local/bin/", "usr/local/sbin/",
    ]
    var programs: [String: FileInstance] = [:]
    for file in inspection.details.files
    where file.visible && (file.kind == .regular || file.kind == .symlink) {
      guard let folder = folders.first(where: file.hasPrefix),
        file.path.count - folder.utf8CodeUnitCount <= 12
      else { continue }
      let name = String(decoding: file.path[folder.utf8CodeUnitCount...], as: UTF8.self)
      if programs[name] == nil { programs[name] = file }
    }
    return programs
  }

  static func machine(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    inspection.details.files.compactMap { file in
      guard file.kind != .directory else { return nil }
      if file.hasPrefix("var/run/docker.sock") || file.hasPrefix("run/docker.sock") {
        return Violation(
          message: "\(file.shownPath) is in the image", at: file.place,
          fix: "leave it out: whoever reaches Docker's socket is root on the node", evidence: .file)
      }
      if file.size > 0, file.hasPrefix("etc/ssh/ssh_host_"), !file.hasSuffix(".pub") {
        return Violation(
          message:
            "\(file.shownPath) is an SSH host key that every container of the image would share",
          at: file.place,
          fix: "remove openssh-server, or `rm -f /etc/ssh/ssh_host_*` in the RUN that installs it",
          evidence: .file)
      }
      if file.visible, file.size >= 32,
        file.hasSuffix("etc/machine-id") || file.hasSuffix("var/lib/dbus/machine-id")
      {
        return Violation(
          message: "\(file.shownPath) gives every container the same machine id",
          at: file.place,
          fix: "empty it at the end of the RUN that makes it: `: > /etc/machine-id`",
          evidence: .file, atMost: .info)
      }
      return nil
    }
  }

  static func authorities(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let files = inspection.details.files
    guard !files.isEmpty else { return [] }
    let hasAuthorities = files.contains { file in
      file.visible
        && (file.hasPrefix("etc/ssl/certs/") || file.hasPrefix("etc/pki/")
          || file.hasSuffix("etc/ssl/cert.pem")
          || file.hasSuffix("certifi/cacert.pem") || file.hasSuffix("ca-certificates.crt")
          // Node has its own.
          || file.hasSuffix("bin/node") || file.hasSuffix("bin/bun"))
        && file.kind != .directory
    }
    guard !hasAuthorities else { return [] }
    return [
      Violation(
        message:
          "there are no certificate authorities: TLS connections to other services will fail",
        at: nil,
        fix: "copy them: `COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/`",
        evidence: .file)
    ]
  }
}
