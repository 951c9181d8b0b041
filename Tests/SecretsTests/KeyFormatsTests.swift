import Foundation
import TestSupport
import Testing

@testable import ForgeSecrets

/// Private keys in every form that programs write, in what files wrap around them.
@Suite struct KeyFormatsTests {
  private let catalogue: SecretCatalogue

  init() throws { catalogue = try SecretCatalogue.standard.get() }

  private func kinds(_ bytes: [UInt8], _ path: String = "app/key.txt") -> [String] {
    SecretScanner(catalogue).scan(bytes, path: Array(path.utf8)).map(\.kind)
  }

  private func kinds(_ text: String, _ path: String = "app/key.txt") -> [String] {
    kinds(Array(text.utf8), path)
  }

  private static func lines(_ bytes: [UInt8], _ width: Int) -> String {
    let text = Array(Data(bytes).base64EncodedString())
    return stride(from: 0, to: text.count, by: width).map {
      String(text[$0..<min(text.count, $0 + width)])
    }.joined(separator: "\n")
  }

  /// What `ssh-keygen -t ed25519` writes: the lengths in front of its fields are long runs of zeros.
  static func openSSH(seed: UInt64) -> String {
    var random = SeededBytes(seed: seed)
    func field(_ bytes: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(bytes.count)] + bytes }
    let none = field(Array("none".utf8)) + field(Array("none".utf8)) + field([])
    let type = field(Array("ssh-ed25519".utf8))
    let body =
      Array("openssh-key-v1\0".utf8) + none + [0, 0, 0, 1]
      + field(type + field(random.bytes(32))) + [0, 0, 0, 0x90] + random.bytes(0x90)
    return "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + lines(body, 70)
      + "\n-----END OPENSSH PRIVATE KEY-----\n"
  }

  private static func pem(_ label: String, _ headers: String = "", seed: UInt64) -> String {
    var random = SeededBytes(seed: seed)
    return "-----BEGIN \(label)" + "-----\n" + headers + lines(random.bytes(600), 64)
      + "\n-----END \(label)-----\n"
  }

  static let keys: [String] =
    [openSSH(seed: 1), openSSH(seed: 2)]
    + [
      pem(
        "RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B2C3D4E5F\n\n", seed: 3
      ),
      pem("ENCRYPTED PRIVATE KEY", seed: 4), pem("EC PRIVATE KEY", seed: 5),
      pem("DSA PRIVATE KEY", seed: 6), pem("PRIVATE KEY", seed: 7),
      pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\nComment: x\n\n", seed: 8),
    ]

  @Test(arguments: keys.indices)
  func inEveryWrapping(index: Int) throws {
    let key = Self.keys[index]
    let json = String(decoding: try JSONEncoder().encode(["key": key]), as: UTF8.self)
    let twice = String(decoding: try JSONEncoder().encode(["code": json]), as: UTF8.self)
    let wrapped = [
      key, key.replacingOccurrences(of: "\n", with: "\r\n"), json, twice,
      "KEY = \"\"\"\(key)\"\"\"\n", "KEY=\"\(key.replacingOccurrences(of: "\n", with: "\\n"))\"",
      key.replacingOccurrences(of: "\n", with: " "),
      key.split(separator: "\n").map { "    \"\($0)\\n\"" }.joined(separator: "\n"),
      key.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"),
      "client-key-data: " + Data(key.utf8).base64EncodedString(),
    ]
    for (number, text) in wrapped.enumerated() where number != 6 || !key.contains(": ") {
      #expect(kinds(text) == ["private-key"], "wrapping \(number)")
    }
    let wide: [UInt8] = [0xFF, 0xFE] + key.utf8.flatMap { [$0, 0] as [UInt8] }
    #expect(kinds(wide) == ["private-key"])
    let big: [UInt8] = [0xFE, 0xFF] + key.utf8.flatMap { [0, $0] as [UInt8] }
    #expect(kinds(big) == ["private-key"])
  }

  @Test(arguments: [
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq7Wn2kZ8vB4xR6tY1uP3sD5fG9hJ0aLc\n",
    "if (text.startsWith(\"-----BEGIN PRIVATE KEY-----\")) { return parseThePrivateKeyOfTheUser(); }",
    "-----BEGIN RSA PRIVATE KEY-----\n<your key here>\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n",
  ])
  func isNone(text: String) { #expect(kinds(text) == []) }

  @Test func otherPrograms() {
    var random = SeededBytes(seed: 9)
    let hex = (0..<16).map { _ in random.bytes(16).map { String(format: "%02x", $0) }.joined() }
    let vpn = "-----BEGIN OpenVPN Static " + "key V1-----\n" + hex.joined(separator: "\n")
    #expect(kinds(vpn) == ["private-key"])
    let ssh2 =
      "---- BEGIN SSH2 ENCRYPTED " + "PRIVATE KEY ----\nComment: \"x\"\n"
      + Self.lines(random.bytes(300), 70)
    #expect(kinds(ssh2) == ["private-key"])
  }

  /// Length bytes are of the structure, not of the search: DER has no text that a keyword could find.
  @Test func inDer() {
    var random = SeededBytes(seed: 10)
    let rsa: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0]
    let inner =
      [0x02, 0x01, 0x00, 0x30, 0x0D] + rsa + [0x04, 0x82, 0x04, 0xA9] + random.bytes(0x4A9)
    let key = [0x30, 0x82, UInt8(inner.count >> 8), UInt8(inner.count & 0xFF)] + inner
    #expect(kinds(key, "app/server.key") == ["raw-private-key"])
    let pkcs1 =
      [0x30, 0x82, 0x04, 0xA3, 0x02, 0x01, 0x00, 0x02, 0x82, 0x01, 0x01, 0x00]
      + random.bytes(256) + [0x02, 0x03, 0x01, 0x00, 0x01] + random.bytes(900)
    #expect(kinds(pkcs1, "usr/lib/x.bin") == ["raw-private-key"])
    // A certificate, and a public key.
    #expect(kinds([0x30, 0x82, 0x03, 0x77, 0x30, 0x82, 0x02, 0x5F] + random.bytes(400)) == [])
    #expect(
      kinds([0x30, 0x82, 0x01, 0x22, 0x30, 0x0D] + rsa + [0x03, 0x82] + random.bytes(300)) == [])
  }
}
