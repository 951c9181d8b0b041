import ForgeBasics
import Foundation
import TestSupport
import Testing

@Suite struct BoundedFileTests {
  private func failure(
    _ path: String, limit: Int = 16, kind: BoundedFile.Kind = .regular
  ) -> BoundedFileError.Reason? {
    do throws(BoundedFileError) {
      _ = try BoundedFile.read(path, limit: limit, kind: kind)
      return nil
    } catch {
      #expect(error.path == path)
      #expect(error.limit == limit)
      return error.reason
    }
  }

  @Test func readsUpToTheLimit() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    for count in [0, 1, 15, 16] {
      let bytes = [UInt8](repeating: 7, count: count)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      #expect(try BoundedFile.read(path, limit: 16) == bytes)
      #expect(try BoundedFile.read(path, limit: 16, kind: .anything) == bytes)
    }
    try Data(repeating: 7, count: 17).write(to: URL(fileURLWithPath: path))
    #expect(failure(path) == .tooLarge)
    #expect(failure(path, kind: .anything) == .tooLarge)
  }

  @Test func readsWhatTellsNoSize() throws {
    #expect(try BoundedFile.read("/proc/self/cmdline", limit: 1 << 20).isEmpty == false)
    #expect(failure("/dev/zero", kind: .anything) == .tooLarge)
    #expect(failure("/dev/zero") == .notRegular)
  }

  @Test func refusesFoldersAndPipes() throws {
    let folder = try TemporaryFolder()
    #expect(failure(folder.path) == .notRegular)
    #expect(failure(folder.path, kind: .anything) == .notRegular)
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    // Nobody writes into it: whoever waits, waits for ever.
    #expect(failure(pipe) == .notRegular)
  }

  @Test func saysWhatIsMissing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/absent"
    #expect(failure(path) == .missing)
    #expect(try BoundedFile.readIfPresent(path, limit: 1) == nil)
    #expect(failure(folder.path + "/\u{1}/x") == .missing)
    let error = BoundedFileError(path: "a\u{1B}b", limit: 1 << 20, reason: .tooLarge)
    #expect(
      error.description
        == "a\\x1bb cannot be read: larger than 1 MiB; check the path, its permissions and its size"
    )
  }

  /// A file of gigabytes costs neither memory nor time.
  @Test func refusesALargeFileUnread() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/sparse"
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    #expect(truncate(path, 64 << 30) == 0)
    let start = ContinuousClock.now
    #expect(failure(path, limit: 1 << 20) == .tooLarge)
    #expect(failure(path, limit: 1 << 20, kind: .anything) == .tooLarge)
    #expect(ContinuousClock.now - start < .seconds(1))
  }
}
