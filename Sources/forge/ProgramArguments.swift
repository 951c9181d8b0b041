import CArguments
import ForgeBasics

/// What the program was started with, as the kernel handed it over.
///
/// Swift's own `CommandLine` reads /proc on Linux, and is empty where that is not mounted or cannot be read. A gate that
/// sees no arguments must not pass.
enum ProgramArguments {
  /// The program's name and what follows it; empty where the vector is.
  private static let all: [String] = {
    let count = forge_argument_count()
    guard count >= 0 else { return CommandLine.arguments }
    return (0..<count).compactMap { index in
      forge_argument(index).map { String(cString: $0) }
    }
  }()

  /// As it was called.
  static var program: String { all.first ?? "forge" }

  /// What follows the program's name.
  /// - Throws: where not even that was handed over.
  static func get() throws(NoArguments) -> [String] {
    // Linux puts an empty text in front where a caller hands over nothing (since 5.18).
    guard let program = all.first, !program.isEmpty || all.count > 1 else { throw NoArguments() }
    return Array(all.dropFirst())
  }
}

/// The program was started without any argument, not even its own name.
struct NoArguments: ForgeError {
  var exitCode: ForgeBasics.ExitCode { .defect }
  var description: String {
    "was started with an empty list of arguments, not even its own name; call it by its name"
  }
}

/// The system gives the program too few threads to work with.
struct NoThreads: ForgeError {
  var exitCode: ForgeBasics.ExitCode { .defect }
  var description: String {
    "the system gives no thread to work with; raise the limit of processes (`ulimit -u`, pids.max of the container) or "
      + "of memory (`ulimit -v`)"
  }
}
