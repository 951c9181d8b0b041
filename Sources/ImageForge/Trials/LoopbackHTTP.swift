import Foundation

/// One HTTP/1.1 request to a server on this machine: no proxy, no redirects, bounded in time and size.
package enum LoopbackHTTP {
  package struct Answer: Sendable, Equatable {
    package let status: Int
    /// At most 64 KiB of what came.
    package let body: String
  }

  /// The answer; nil when nobody listens, or nothing like HTTP comes within two seconds.
  package static func request(
    port: Int, method: String = "GET", path: String, headers: [(String, String)] = [],
    body: String = ""
  ) -> Answer? {
    let socket = socket(AF_INET, streamType, 0)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(clamping: port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return nil }
    var text =
      "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    let bytes = Array((text + "\r\n" + body).utf8)
    guard send(socket, bytes, bytes.count, noSignal) == bytes.count else { return nil }
    return answer(read(socket))
  }

  private static func read(_ socket: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8192)
    while bytes.count < 65536 {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count <= 0 { break }
      bytes.append(contentsOf: buffer.prefix(count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func answer(_ text: String) -> Answer? {
    guard text.hasPrefix("HTTP/1."), let status = Int(text.dropFirst(9).prefix(3)) else {
      return nil
    }
    let body = text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
    return Answer(status: status, body: body)
  }

  #if os(Linux)
    private static let streamType = Int32(SOCK_STREAM.rawValue)
    private static let noSignal = Int32(MSG_NOSIGNAL)
  #else
    private static let streamType = SOCK_STREAM
    private static let noSignal: Int32 = 0
  #endif
}
