import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// Symbols and debug information go, and the programs run as before.
@Suite struct DebugTests {
  private static let library = """
    #include <stdio.h>
    static int hidden(int x) { return x * 3; }
    __thread int counter = 5;
    int answer(int x) { counter++; return hidden(x) + counter; }
    """
  private static let program = """
    #include <stdio.h>
    int answer(int x);
    static const char text[] = "the answer is %d\\n";
    int main(int count, char **words) { printf(text, answer(count + 9)); return 0; }
    """

  /// Compiles a library and a program that needs it, with symbols and debug information.
  private func compiled() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    // Many functions, so that there is something to tell of them.
    let many = (0..<300).map {
      "static int f\($0)(int x) { return x ^ \($0); }\nint (*p\($0))(int) = f\($0);\n"
    }
    .joined()
    try folder.write(Self.library + "\n" + many, to: "l.c")
    try folder.write(Self.program + "\n" + many, to: "p.c")
    try await Command.require(
      "clang", ["-g", "-O1", "-shared", "-fPIC", "-o", "libl.so", "l.c"], in: folder.path)
    try await Command.require(
      "clang", ["-g", "-O1", "-o", "p", "p.c", "-L.", "-ll", "-Wl,-rpath,$ORIGIN"], in: folder.path)
    return folder
  }

  private func blob(_ path: String) throws -> Blob {
    Blob(whole: try BlobFile(taking: FileDescriptor.open(path, .readOnly), name: path))
  }

  private func bytes(_ file: RewrittenFile, of blob: Blob) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try file.forEachPiece(of: blob, name: "x") { bytes += $0 }
    return bytes
  }

  @Test func strippedProgramsRunAsBefore() async throws {
    let folder = try await compiled()
    let before = try await Command.require(folder.file("p"))
    #expect(before == "the answer is 36\n")
    for name in ["p", "libl.so"] {
      let blob = try blob(folder.file(name))
      let file = try #require(ELFStripper.strip(blob))
      let new = try bytes(file, of: blob)
      let old = try blob.bytes(count: Int(blob.length))
      #expect(Int64(new.count) == file.size)
      #expect(new.count < old.count)
      // What the loader reads is what it was.
      #expect(ELFFile(new)?.needed == ELFFile(old)?.needed)
      #expect(ELFStripper.strip(Blob(whole: BlobFile(new, name: name))) == nil)
      try FileManager.default.removeItem(atPath: folder.file(name))
      try Data(new).write(to: URL(fileURLWithPath: folder.file(name)))
      chmod(folder.file(name), 0o755)
      // Another reader of such files finds nothing wrong with it, and none of what was to go.
      let read = try await Command.run("readelf", ["--wide", "--all", folder.file(name)])
      #expect(
        read.status == 0 && !read.errors.contains("Warning") && !read.errors.contains("Error"),
        "\(read.errors)")
      #expect(!read.output.contains(".debug_info") && !read.output.contains(".symtab"))
    }
    #expect(try await Command.require(folder.file("p")) == before)
  }

  /// Damaged in its headers in every byte and cut anywhere, a file is left alone or written as planned.
  @Test func damagedFilesAreHarmless() async throws {
    let folder = try await compiled()
    let original = try blob(folder.file("libl.so"))
    let bytes = try original.bytes(count: Int(original.length))
    let table = bytes[40..<48].reversed().reduce(0) { $0 << 8 | Int($1) }
    var written = 0
    for index in Array(0..<64) + Array(table..<bytes.count) {
      for value: UInt8 in [0, 0x7F, 0xFF] {
        var damaged = bytes
        damaged[index] = value
        let blob = Blob(whole: BlobFile(damaged, name: "x"))
        guard let file = ELFStripper.strip(blob) else { continue }
        written += 1
        #expect(try self.bytes(file, of: blob).count < damaged.count)
      }
    }
    #expect(written > 0)
    for cut in stride(from: 0, to: bytes.count, by: 97) {
      #expect(ELFStripper.strip(Blob(whole: BlobFile(Array(bytes[..<cut]), name: "x"))) == nil)
    }
    // What a program carries behind its sections is its own.
    #expect(
      ELFStripper.strip(Blob(whole: BlobFile(bytes + Array("payload".utf8), name: "x"))) == nil)
  }

  @Test(arguments: [nil, Compressor.gzip])
  func theProofNamesBothContents(compressor: Compressor?) async throws {
    let files = try await compiled()
    let program = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.file("p"))))
    let library = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.file("libl.so"))))
    let folder = try ImageFolder(
      TestImage(layers: [
        layer { tar in
          tar.add("app/p", data: program, mode: 0o4755)
          tar.add("app/q", type: "1", link: "app/p", mode: 0o4755)
          tar.add("app/libl.so", data: library)
          tar.add("app/notes", data: library)
          tar.file("app/script", "#!/bin/sh\n" + String(repeating: "#", count: 9_000), mode: 0o755)
        }
      ]), oci: compressor)
    let path = folder.folder.file("out.tar")
    let plan = try Optimizer.plan(folder.image, options { $0.strip = [.debug] })
    let (report, proof) = try Optimizer.optimize(
      folder.image, to: path, options { $0.strip = [.debug] })
    #expect(report.rewritten.map(\.path) == ["app/libl.so", "app/p", "app/q"])
    #expect(plan.rewritten == report.rewritten && plan.after.stored == report.after.stored)
    #expect(report.after.stored < report.before.stored)
    #expect(proof.rewritten.count == 3)
    #expect(try Verification.compare(folder.image, path, proof: proof).isSame)
    // Only these contents are allowed, and only where the proof says so.
    let differences = try Verification.compare(folder.image, path).differences
    #expect(differences.filter { $0.contains("content") }.count == 3)
    var forged = proof
    let first = try #require(proof.rewritten.first)
    forged.rewritten[0].new = first.old
    #expect(try !Verification.compare(folder.image, path, proof: forged).isSame)
    try folder.optimize(options { $0.strip = [.debug] }, from: "out.tar", to: "2.tar")
    #expect(try folder.bytes("out.tar") == folder.bytes("2.tar"))
    let sizes = try Optimizer.stripEstimates(folder.image)
    #expect(
      sizes.first { $0.set == .debug }?.bytes
        == report.rewritten.reduce(0) { $0 + $1.before - $1.after })
  }
}
