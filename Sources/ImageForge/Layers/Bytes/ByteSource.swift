import ForgeBasics
import Foundation
import SystemPackage

/// Where bytes come from, in order.
protocol ByteSource: AnyObject {
  /// Some of the next bytes, at most `target.count`; 0 only at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
}

/// The bytes of a blob.
final class BlobSource: ByteSource {
  private let blob: Blob
  private let name: String
  private let progress: (@Sendable (Int) -> Void)?
  private var position: Int64 = 0

  /// - Parameters:
  ///   - name: what messages call the blob.
  ///   - progress: is told the bytes of each piece.
  init(_ blob: Blob, name: String, progress: (@Sendable (Int) -> Void)? = nil) {
    self.blob = blob
    self.name = name
    self.progress = progress
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    guard position < blob.length else { return 0 }
    let count: Int
    do {
      count = try blob.read(at: position, into: target)
    } catch {
      throw .unreadable(layer: name, reason: "\(error)")
    }
    // The container promised more bytes than its file holds.
    guard count > 0 else {
      throw .truncated(layer: name, offset: position, within: "the archive's file")
    }
    position += Int64(count)
    progress?(count)
    return count
  }
}

/// The bytes of a pipe or another file that can be read once only. The descriptor belongs to the caller.
final class PipeSource: ByteSource {
  private let descriptor: FileDescriptor
  private let name: String

  init(_ descriptor: FileDescriptor, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    do {
      return try descriptor.read(into: target)
    } catch {
      throw .unreadable(layer: name, reason: "\(error)")
    }
  }
}

/// Bytes that were looked at, and what follows them.
final class PrefixedSource: ByteSource {
  private var prefix: ArraySlice<UInt8>
  private let rest: any ByteSource

  init(_ prefix: some Collection<UInt8>, _ rest: any ByteSource) {
    self.prefix = Array(prefix)[...]
    self.rest = rest
  }

  /// Looks at the first bytes of a source.
  /// - Returns: at most `count` bytes, fewer only where there are no more; and a source of all the bytes.
  static func peek(_ source: any ByteSource, count: Int) throws(LayerError) -> (
    [UInt8], PrefixedSource
  ) {
    var start: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    while start.count < count {
      let read = try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<(count - start.count)]))
      if read == 0 { break }
      start += buffer[..<read]
    }
    return (start, PrefixedSource(start, source))
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    guard !prefix.isEmpty else { return try rest.read(into: target) }
    let count = min(prefix.count, target.count)
    target.copyBytes(from: prefix.prefix(count))
    prefix = prefix.dropFirst(count)
    return count
  }
}
