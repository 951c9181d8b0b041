import Foundation

/// libFuzzer's driver (compiler-rt, FuzzerDriver.cpp): never returns before its time is over.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ takeInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Gives one reader one input after the other: whatever the bytes, it gives a value or one of its own errors. The
/// environment's FORGE_FUZZ_TARGET picks the reader; the arguments are libFuzzer's.
@main
enum Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = FuzzTarget.chosen
    exit(runDriver(&count, &arguments, takeInput))
  }
}

/// Under the name by which libFuzzer's own entry, which is linked too, would look for it.
@_cdecl("LLVMFuzzerTestOneInput")
public func takeInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

extension FuzzTarget {
  static let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["FORGE_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      print("FORGE_FUZZ_TARGET must be one of \(allCases.map(\.rawValue).joined(separator: ", "))")
      exit(2)
    }
    return target
  }()
}
