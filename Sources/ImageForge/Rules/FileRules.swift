import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeInspection
import ForgeSecrets

/// Rules whose evidence is the files of the layers.
enum FileRules {
  // MARK: Leftovers

  static func leftovers(_ rule: FindingID) -> RuleCheck {
    let caches = NeedlessFiles.table.caches.filter { $0.rule == rule }
    return { inspection, _ in
      struct Place: Hashable {
        let cache: Int
        let layer: Int
      }
      var files: [Place: [FileInstance]] = [:]
      for file in inspection.details.files where file.kind == .regular && file.size > 0 {
        if let cache = caches.firstIndex(where: { file.path.starts(with: $0.folder) }) {
          files[Place(cache: cache, layer: file.layer), default: []].append(file)
        }
      }
      // A lock file or an empty index is not worth a word.
      return files.mapValues(\.bytes).filter { $0.value >= 100_000 }.map { place, size in
        let folder = String(decoding: caches[place.cache].folder, as: UTF8.self)
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
    let privileged = files.filter { $0.mode & 0o6000 != 0 }
    let base = Set(privileged.filter(isOfBase).map(\.path))
    let bits = [nil, Severity.info].flatMap { atMost in
      privileged.filter { base.contains($0.path) == (atMost != nil) }.byLayer {
        Violation(
          message: "\($0.shownNames) \($0.count == 1 ? "is" : "are") setuid or setgid",
          at: $0.first?.place,
          fix:
            "`RUN chmod a-s …` in the stage that installs them, or run with `allowPrivilegeEscalation: false`",
          evidence: .file, atMost: atMost)
      }
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

  private static let baseFiles: Set<String> = {
    let table = try? CatalogueTable(yaml: Catalogue.text("data/base-privileges.yaml") ?? "")
    return Set(table?.texts("files") ?? [])
  }()

  /// Whether distributions make the file setuid themselves.
  private static func isOfBase(_ file: FileInstance) -> Bool {
    baseFiles.contains(String(decoding: file.path, as: UTF8.self))
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

  static func needless(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let own = inspection.details.files.filter {
      $0.kind == .regular
        && (SecretPlace.isApplication($0.path[...])
          || ($0.isBelow("node_modules") && $0.isBelow(".cache")))
    }
    return NeedlessFiles.table.kinds.flatMap { kind in
      own.filter(kind.holds).byLayer {
        Violation(
          message: "\(ByteCount.text($0.bytes)) \(kind.what) in the image: \($0.shownNames)",
          at: $0.first?.place,
          fix: "add \(kind.ignore) to .dockerignore, or copy only what the program needs",
          evidence: .file,
          atMost: kind.atMost)
      }
    }
  }

  static func tools(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let programs = programs(inspection)
    let found = NeedlessFiles.table.programs.compactMap { row -> String? in
      let present = row.names.intersection(programs.keys).sorted()
      guard !present.isEmpty else { return nil }
      return "\(row.kind) \(present.joined(separator: ", "))"
    }
    guard !found.isEmpty else { return [] }
    return [
      Violation(
        message: "the image holds \(found.joined(separator: "; "))", at: nil,
        fix: "copy the program into a final stage without them, such as a distroless one",
        evidence: .file)
    ]
  }

  /// Programs that start others as another user. Those that entry points step down from root with are only told of.
  private static let switchers: [(name: String, atMost: Severity?)] = [
    ("sudo", nil), ("doas", nil), ("gosu", .info), ("su-exec", .info),
  ]

  static func sudo(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let programs = programs(inspection)
    let found = switchers.compactMap { row in programs[row.name].map { (row, $0) } }.map {
      row, file in
      Violation(
        message: "\(file.shownPath) is in the image", at: file.place,
        fix: "do what needs root before the last USER, and leave \(row.name) out", evidence: .file,
        atMost: row.atMost)
    }
    guard programs["sudo"] == nil else { return found }
    return found
      + HistoryRules.steps(inspection, where: runsSudo).map {
        $0.violation("a step runs sudo", fix: "switch with USER instead")
      }
  }

  /// Whether `sudo` is a command of a step, and not a package or a word of it.
  private static func runsSudo(_ step: String) -> Bool {
    guard step.hasPrefix("RUN ") else { return false }
    return ShellText.commands(String(step.dropFirst(4))).contains { command in
      command.first { !ShellText.isAssignment($0) && !$0.hasPrefix("--mount") } == "sudo"
    }
  }

  /// Programs in the folders of `$PATH`, by name, as the final root filesystem shows them.
  private static func programs(_ inspection: Inspection) -> [String: FileInstance] {
    let folders = NeedlessFiles.table.programFolders
    var programs: [String: FileInstance] = [:]
    for file in inspection.details.files
    where file.visible && (file.kind == .regular || file.kind == .symlink) {
      guard let folder = folders.first(where: { file.path.starts(with: $0) }),
        file.path.count - folder.count <= 12
      else { continue }
      let name = String(decoding: file.path[folder.count...], as: UTF8.self)
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
