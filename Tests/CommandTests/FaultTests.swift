import Foundation
import TestSupport
import Testing

/// A battery of faults, against an image that must not pass: its one error is a token in the last file of its last
/// layer. Whatever breaks on the way there, the gate says so or finds it, and ends. Needs strace and root.
@Suite(.serialized) struct FaultTests {
  private struct Bench {
    let folder: TemporaryFolder
    var image: String { folder.file("leak.tar") }

    init() throws {
      folder = try TemporaryFolder()
      var (random, examples) = (SeededBytes(seed: 5), SecretExamples(seed: 5))
      let data = random.bytes(300_000)
      let base = TarBuilder.make { tar in
        tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\n")
        tar.file("etc/ssl/certs/ca.pem", "-")
        tar.add("app/data", data: data)
      }
      let line = try examples.line("github-token").text
      let top = TarBuilder.make { $0.file("app/x.js", line) }
      let image = TestImage(
        layers: [base, top], config: TestConfig(user: "10001", history: ["ADD x /", "COPY . ."]))
      try Data(image.dockerArchive()).write(to: URL(filePath: self.image))
    }

    /// Runs a script in which `$1` is the program and `$2` the image; a minute is far more than it takes.
    func run(_ script: String, _ extra: [String] = []) async throws -> CommandResult {
      try await Command.run(
        "/usr/bin/timeout",
        ["--signal=KILL", "60", "/bin/sh", "-c", script, "sh", Command.forge, image] + extra,
        in: folder.path, environment: ["XDG_CACHE_HOME": folder.file("cache")])
    }
  }

  /// What a run may end with where a fault may have struck: found, no output, unreadable, a fault of the
  /// machine.
  private static let failures: [Int32] = [1, 2, 3, 70]
  /// The dynamic loader gives up, and signals by which a runtime ends that gets no memory.
  private static let loader: [Int32] = [127]
  private static let stopped: [Int32] = Array(132...139)

  // MARK: System calls

  /// The call that fails, the error, and what else the process may end with: memory that is refused stops every Swift
  /// program. The loader may fall to any of them before forge begins.
  private static let faults: [(call: String, errors: [String], may: [Int32])] = [
    ("read,pread64,readv,preadv", ["EIO", "EINTR", "EAGAIN"], []),
    // libdispatch stops a process whose threads it may not count (`_dispatch_workq_monitor_pools`).
    ("openat", ["EMFILE", "ENFILE", "EACCES", "EIO", "ENOMEM"], [132]),
    ("fstat,newfstatat,statx", ["EIO", "EACCES"], []),
    ("lseek", ["EIO"], []), ("close", ["EIO"], []), ("write", ["EIO", "ENOSPC", "EPIPE"], []),
    ("clone,clone3", ["EAGAIN", "ENOMEM"], []),
    ("mmap,brk", ["ENOMEM"], stopped),
    ("getrandom", ["ENOSYS", "EAGAIN"], []), ("sched_getaffinity", ["EPERM"], []),
    ("readlink,readlinkat,getcwd", ["ENOENT", "EACCES"], []),
  ]

  @Test func brokenSystemCalls() async throws {
    let bench = try Bench()
    var (tried, found) = (0, 0)
    for (call, errors, may) in Self.faults {
      for error in errors {
        for number in [1, 2, 4, 8, 20] {
          let script =
            "exec strace -f -qq -o /dev/null -e inject=\(call):error=\(error):when=\(number) "
            + "\"$1\" check --no-cache \"$2\""
          let result = try await bench.run(script)
          tried += 1
          if result.output.contains("FORGE-I010") { found += 1 }
          #expect(
            (Self.failures + Self.loader + may).contains(result.status),
            "\(call) \(error) \(number): \(result.status) \(result.errors.suffix(300))")
        }
      }
    }
    print("broken system calls: \(tried) tried, 0 passed; in \(found) the token was found")
    #expect(found > 0 && found < tried)
  }

  // MARK: Limits

  @Test(arguments: [
    "ulimit -n 4", "ulimit -n 7", "ulimit -n 12", "ulimit -s 256",
    "ulimit -f 0; exec >out 2>errors",
    "ulimit -v 200000", "ulimit -v 600000", "ulimit -d 20000", "ulimit -t 1",
    "exec 0<&-", "exec 2>&-", "exec 0<&- 2>&-", "cd /; umask 777", "trap '' PIPE TERM INT HUP",
  ])
  func limits(limit: String) async throws {
    let result = try await Bench().run("\(limit); exec \"$1\" check --no-cache \"$2\"")
    // Where memory ends, the loader or the runtime stops the process.
    let isMemory = limit.hasPrefix("ulimit -v") || limit.hasPrefix("ulimit -d")
    let allowed = isMemory ? Self.loader + Self.stopped : []
    #expect(
      (Self.failures + allowed).contains(result.status), "\(result)")
  }

  /// Root has as many processes as it likes.
  @Test(arguments: [1, 2, 3, 4, 6, 12]) func fewProcesses(limit: Int) async throws {
    let bench = try Bench()
    let script =
      "chmod 755 . && chmod 644 \"$2\" && exec setpriv --reuid=54321 --regid=54321 --clear-groups "
      + "prlimit --nproc=\(limit) \"$1\" check --no-cache \"$2\""
    let result = try await bench.run(script)
    #expect([1, 70].contains(result.status), "\(result)")
  }

  /// Swift on Linux reads the arguments of a process there.
  @Test(arguments: ["mount -t tmpfs none /proc", "mount -t tmpfs none /sys", "umount -l /proc"])
  func withoutProc(mount: String) async throws {
    let result = try await Bench().run(
      "exec unshare --mount /bin/sh -c '\(mount) && exec \"$0\" check --no-cache \"$1\"' \"$1\" \"$2\""
    )
    #expect(result.status == 1 && result.output.contains("FORGE-I010"), "\(result)")
  }

  // MARK: Disks

  @Test(arguments: [
    "-o /dev/full", "--report json=/dev/full", "--report sarif=/dev/full,html=/dev/full",
    "--format json >/dev/full", ">/dev/full", ">&-", ">/dev/full 2>/dev/full", ">&- 2>&-",
  ])
  func fullDisks(output: String) async throws {
    let result = try await Bench().run("\"$1\" check --no-cache \"$2\" \(output)")
    #expect([1, 2].contains(result.status), "\(result)")
  }

  /// A cache that cannot be written to changes nothing.
  @Test func fullCache() async throws {
    let bench = try Bench()
    let script =
      "mkdir -p cache && exec unshare --mount /bin/sh -c 'mount -t tmpfs -o size=16k none cache && "
      + "\"$0\" check --cache \"$1\"; a=$?; \"$0\" check --cache \"$1\" && exit 99; exit $a' \"$1\" \"$2\""
    let result = try await bench.run(script)
    #expect(result.status == 1 && result.output.contains("FORGE-I010"), "\(result)")
  }

  // MARK: Many, and killed

  @Test func manyProcessesOnOneCache() async throws {
    let bench = try Bench()
    let expected = try await bench.run("\"$1\" inspect --no-cache --json \"$2\"")
    #expect(expected.status == 0)
    let script =
      "for i in $(seq 50); do \"$1\" inspect --json \"$2\" >out.$i & done; wait; cat out.* | wc -c"
    let all = try await bench.run(script)
    let count = try #require(Int(all.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(count == 50 * expected.output.utf8.count)
    for index in 1...50 {
      let output = try String(contentsOfFile: bench.folder.file("out.\(index)"), encoding: .utf8)
      #expect(output == expected.output, "process \(index)")
    }
    #expect(try await bench.run("\"$1\" check --cache \"$2\"").status == 1)
  }

  /// Killed at any moment, a writer of the cache leaves nothing that another would believe.
  @Test func killedOnTheCache() async throws {
    let bench = try Bench()
    for step in 0..<25 {
      _ = try await bench.run(
        "rm -rf cache; timeout --signal=KILL 0.\(String(format: "%03d", step * 12)) \"$1\" check --cache \"$2\""
      )
      let result = try await bench.run("\"$1\" check --cache \"$2\"")
      #expect(result.status == 1 && result.output.contains("FORGE-I010"), "\(step): \(result)")
    }
    let rest = try await bench.run("find cache -name '*.tmp' -o -name '.*.partial' | head")
    #expect(rest.output.isEmpty, "\(rest)")
  }
}
