import ForgeBasics
import Foundation

/// The descriptors that a program may be started without.
enum StandardDescriptors {
  /// Puts something at 0, 1 and 2 where they are closed: else the next file that is opened would be taken for standard
  /// output. 0 and 1 are open the wrong way, so that whoever reads or writes there still fails.
  static func occupy() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
      let opened = open("/dev/null", descriptor == 1 ? O_RDONLY : O_WRONLY)
      // The lowest one that is free is this.
      if opened > descriptor { close(opened) }
    }
  }

  /// Whether the few that Swift's runtime needs, and traps without, can be had.
  static var hasRoom: Bool {
    let opened = (0..<4).map { _ in open("/", O_RDONLY | O_CLOEXEC) }
    for descriptor in opened where descriptor >= 0 { close(descriptor) }
    return opened.allSatisfy { $0 >= 0 }
  }
}

/// The system gives the program too few descriptors to work with.
struct NoDescriptors: ForgeError {
  var exitCode: ForgeBasics.ExitCode { .defect }
  var description: String {
    "too few files may be open at a time; raise the limit of open files (`ulimit -n`)"
  }
}
