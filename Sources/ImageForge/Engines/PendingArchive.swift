import ForgeBasics
import Foundation
import Synchronization
import SystemPackage

/// An archive that an engine is writing: a temporary file beside the target, open for both the engines' ways of
/// writing. Either `commit` or `discard` ends it.
struct PendingArchive: Sendable {
  let file: FileDescriptor
  private let pending: PendingFile

  init(_ path: String) throws(EngineError) {
    do { pending = try PendingFile(for: path) } catch { throw .unwritable(error) }
    do { file = try FileDescriptor.open(FilePath(pending.temporaryPath), .readWrite) } catch {
      pending.discard()
      throw .unwritable(OutputError(path: path, reason: "\(error)"))
    }
    let temporary = pending.temporaryPath
    Self.unfinished.withLock { _ = $0.insert(temporary) }
  }

  func commit() throws(EngineError) {
    close()
    do { try pending.commit() } catch { throw .unwritable(error) }
  }

  func discard() {
    close()
    pending.discard()
  }

  private func close() {
    try? file.close()
    Self.unfinished.withLock { _ = $0.remove(pending.temporaryPath) }
  }

  private static let unfinished = Mutex<Set<String>>([])

  /// Removes every temporary file, for when forge itself is about to die.
  static func discardAll() {
    for path in unfinished.withLock({ $0 }) { unlink(path) }
  }
}
