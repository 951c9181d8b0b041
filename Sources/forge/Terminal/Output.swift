import ArgumentParser
import ForgeBasics
import ForgeReports
import Foundation

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// The options of every command that prints a result.
struct OutputOptions: ParsableArguments {
  @Option(help: "How the result is written.")
  var format = OutputFormat.text

  @Option(help: "When text is coloured; NO_COLOR in the environment means never.")
  var color = ColourChoice.auto

  /// How text for standard output is laid out.
  var style: TextStyle { Self.style(color) }

  static func style(_ color: ColourChoice) -> TextStyle {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let environment = ProcessInfo.processInfo.environment
    let isColoured =
      switch color {
      case .always: true
      case .never: false
      case .auto:
        isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
      }
    return TextStyle(
      isColoured: isColoured,
      width: isTerminal ? Terminal.width(of: STDOUT_FILENO) : Terminal.usualWidth)
  }

  /// Writes a result in the chosen format, to a file or to standard output.
  func write(_ result: some Encodable, text: (TextStyle) -> String, to file: String? = nil) throws {
    let style = file == nil || color == .always ? style : TextStyle()
    let output = format == .json ? try StableJSON.encode(result) : text(style)
    if let file {
      try AtomicFile.write(output.utf8, to: file)
    } else {
      try StandardOutput.write(output)
    }
  }

}

/// Standard output could not take all of a result.
struct StandardOutputError: ForgeError {
  let reason: String
  var exitCode: ForgeBasics.ExitCode { .usage }
  var description: String { "standard output cannot be written: \(reason)" }
}

enum StandardOutput {
  /// Writes all of the text, or says why not. A reader that has gone away (`| head`) ends the program quietly.
  static func write(_ text: String) throws {
    if let error = writeAll(text, to: STDOUT_FILENO) {
      throw StandardOutputError(reason: String(cString: strerror(error)))
    }
  }
}

/// Writes all of the text to a descriptor; the number of the error that ended it, if one did.
private func writeAll(_ text: String, to descriptor: CInt) -> CInt? {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    if count > 0 {
      bytes = bytes.dropFirst(count)
    } else if errno != EINTR {
      return errno
    }
  }
  return nil
}

enum StandardError {
  /// Prints a line; what a CI runner would take for a command of its own is escaped.
  static func print(_ line: String) {
    let line = line.split(separator: "\n", omittingEmptySubsequences: false).map {
      DisplayText.line(String($0))
    }
    .joined(separator: "\n")
    write(line + "\n")
  }

  /// Writes text as it stands. Where that fails, as on a full disk, nobody can be told: the exit code stands.
  static func write(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }
}

/// Ends the program without unwinding: every result is written by now.
func leave(_ code: ForgeBasics.ExitCode) -> Never { exit(code.rawValue) }
