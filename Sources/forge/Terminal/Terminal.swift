import Foundation

/// The terminal that the program runs in.
enum Terminal {
  /// Where nothing tells how wide lines may be.
  static let usualWidth = 80

  /// How many characters a line of an open file has, such as `STDOUT_FILENO`; the usual width where it is no terminal.
  static func width(of file: Int32) -> Int {
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return usualWidth }
    return Int(size.ws_col)
  }
}
