import ForgeBasics
import Testing

/// The tables of github.com/distribution/reference: reference_test.go, regexp_test.go and normalize_test.go.
@Suite struct ImageReferenceTests {
  struct Parts: Equatable {
    let domain: String?
    let name: String
    let tag: String?
    let digest: String?
  }

  enum Outcome: Equatable {
    case parts(Parts)
    case refused(ImageReferenceError.Reason)
  }

  private static let a255 = String(repeating: "a", count: 255)
  private static let a256 = a255 + "a"
  private static let deep127 = String(repeating: "a/", count: 127)
  private static let deep128 = deep127 + "a/"
  private static let f64 = String(repeating: "f", count: 64)
  private static let be17 = "be178c0543eb17f5f3043021c9e5fcf30285e557a4fc309cce97ff9ca6182912"

  private func outcome(_ text: String) -> Outcome {
    do throws(ImageReferenceError) {
      let reference = try ImageReference(text)
      #expect(reference.description == text)
      return .parts(
        Parts(
          domain: reference.domain, name: reference.name, tag: reference.tag,
          digest: reference.digest?.description))
    } catch {
      return .refused(error.reason)
    }
  }

  /// TestReferenceParse.
  private static let parsed: [(text: String, outcome: Outcome)] = [
    ("test_com", .parts(Parts(domain: nil, name: "test_com", tag: nil, digest: nil))),
    ("test.com:tag", .parts(Parts(domain: nil, name: "test.com", tag: "tag", digest: nil))),
    ("test.com:5000", .parts(Parts(domain: nil, name: "test.com", tag: "5000", digest: nil))),
    (
      "test.com/repo:tag",
      .parts(Parts(domain: "test.com", name: "test.com/repo", tag: "tag", digest: nil))
    ),
    (
      "test:5000/repo",
      .parts(Parts(domain: "test:5000", name: "test:5000/repo", tag: nil, digest: nil))
    ),
    (
      "test:5000/repo:tag",
      .parts(Parts(domain: "test:5000", name: "test:5000/repo", tag: "tag", digest: nil))
    ),
    (
      "test:5000/repo@sha256:\(f64)",
      .parts(Parts(domain: "test:5000", name: "test:5000/repo", tag: nil, digest: "sha256:\(f64)"))
    ),
    (
      "test:5000/repo:tag@sha256:\(f64)",
      .parts(
        Parts(domain: "test:5000", name: "test:5000/repo", tag: "tag", digest: "sha256:\(f64)"))
    ),
    ("", .refused(.empty)),
    (":justtag", .refused(.format)),
    ("@sha256:\(f64)", .refused(.format)),
    ("repo@sha256:ffffffffffffffffffffffffffffffffff", .refused(.digest)),
    ("validname@invaliddigest:\(f64)", .refused(.digest)),
    ("Uppercase:tag", .refused(.uppercase)),
    ("test:5000/Uppercase/lowercase:tag", .refused(.uppercase)),
    (
      "lowercase:Uppercase",
      .parts(Parts(domain: nil, name: "lowercase", tag: "Uppercase", digest: nil))
    ),
    ("domain/\(a256):tag", .refused(.tooLong)),
    (
      "\(deep127)a:tag-puts-this-over-max",
      .parts(Parts(domain: "a", name: "\(deep127)a", tag: "tag-puts-this-over-max", digest: nil))
    ),
    ("aa/asdf$$^/aa", .refused(.format)),
    (
      "sub-dom1.foo.com/bar/baz/quux",
      .parts(
        Parts(
          domain: "sub-dom1.foo.com", name: "sub-dom1.foo.com/bar/baz/quux", tag: nil, digest: nil))
    ),
    (
      "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
      .parts(
        Parts(
          domain: "sub-dom1.foo.com", name: "sub-dom1.foo.com/bar/baz/quux", tag: "some-long-tag",
          digest: nil))
    ),
    (
      "b.gcr.io/test.example.com/my-app:test.example.com",
      .parts(
        Parts(
          domain: "b.gcr.io", name: "b.gcr.io/test.example.com/my-app", tag: "test.example.com",
          digest: nil))
    ),
    (
      "xn--n3h.com/myimage:xn--n3h.com",
      .parts(
        Parts(domain: "xn--n3h.com", name: "xn--n3h.com/myimage", tag: "xn--n3h.com", digest: nil))
    ),
    (
      "xn--7o8h.com/myimage:xn--7o8h.com@sha256:\(f64)",
      .parts(
        Parts(
          domain: "xn--7o8h.com", name: "xn--7o8h.com/myimage", tag: "xn--7o8h.com",
          digest: "sha256:\(f64)"))
    ),
    ("foo_bar.com:8080", .parts(Parts(domain: nil, name: "foo_bar.com", tag: "8080", digest: nil))),
    (
      "foo/foo_bar.com:8080",
      .parts(Parts(domain: "foo", name: "foo/foo_bar.com", tag: "8080", digest: nil))
    ),
    ("192.168.1.1", .parts(Parts(domain: nil, name: "192.168.1.1", tag: nil, digest: nil))),
    ("192.168.1.1:tag", .parts(Parts(domain: nil, name: "192.168.1.1", tag: "tag", digest: nil))),
    ("192.168.1.1:5000", .parts(Parts(domain: nil, name: "192.168.1.1", tag: "5000", digest: nil))),
    (
      "192.168.1.1/repo",
      .parts(Parts(domain: "192.168.1.1", name: "192.168.1.1/repo", tag: nil, digest: nil))
    ),
    (
      "192.168.1.1:5000/repo",
      .parts(
        Parts(domain: "192.168.1.1:5000", name: "192.168.1.1:5000/repo", tag: nil, digest: nil))
    ),
    (
      "192.168.1.1:5000/repo:5050",
      .parts(
        Parts(domain: "192.168.1.1:5000", name: "192.168.1.1:5000/repo", tag: "5050", digest: nil))
    ),
    ("[2001:db8::1]", .refused(.format)),
    ("[2001:db8::1]:5000", .refused(.format)),
    ("[2001:db8::1]:tag", .refused(.format)),
    (
      "[2001:db8::1]/repo",
      .parts(Parts(domain: "[2001:db8::1]", name: "[2001:db8::1]/repo", tag: nil, digest: nil))
    ),
    (
      "[2001:db8:1:2:3:4:5:6]/repo:tag",
      .parts(
        Parts(
          domain: "[2001:db8:1:2:3:4:5:6]", name: "[2001:db8:1:2:3:4:5:6]/repo", tag: "tag",
          digest: nil))
    ),
    (
      "[2001:db8::1]:5000/repo",
      .parts(
        Parts(domain: "[2001:db8::1]:5000", name: "[2001:db8::1]:5000/repo", tag: nil, digest: nil))
    ),
    (
      "[2001:db8::1]:5000/repo:tag",
      .parts(
        Parts(
          domain: "[2001:db8::1]:5000", name: "[2001:db8::1]:5000/repo", tag: "tag", digest: nil))
    ),
    (
      "[2001:db8::1]:5000/repo@sha256:\(f64)",
      .parts(
        Parts(
          domain: "[2001:db8::1]:5000", name: "[2001:db8::1]:5000/repo", tag: nil,
          digest: "sha256:\(f64)"))
    ),
    (
      "[2001:db8::1]:5000/repo:tag@sha256:\(f64)",
      .parts(
        Parts(
          domain: "[2001:db8::1]:5000", name: "[2001:db8::1]:5000/repo", tag: "tag",
          digest: "sha256:\(f64)"))
    ),
    (
      "[2001:db8::]:5000/repo",
      .parts(
        Parts(domain: "[2001:db8::]:5000", name: "[2001:db8::]:5000/repo", tag: nil, digest: nil))
    ),
    (
      "[::1]:5000/repo",
      .parts(Parts(domain: "[::1]:5000", name: "[::1]:5000/repo", tag: nil, digest: nil))
    ),
    ("[fe80::1%eth0]:5000/repo", .refused(.format)),
    ("[fe80::1%@invalidzone]:5000/repo", .refused(.format)),
    (
      "example.com/\(a255):tag",
      .parts(Parts(domain: "example.com", name: "example.com/\(a255)", tag: "tag", digest: nil))
    ),
  ]

  @Test func parse() {
    for (text, expected) in Self.parsed {
      #expect(outcome(text) == expected, "\(text)")
    }
  }

  /// SHA-512 is known here; upstream's test leaves it out of its program.
  @Test func sha512() throws {
    let text = "validname@sha512:" + String(repeating: "f", count: 128)
    #expect(try ImageReference(text).digest?.algorithm == .sha512)
  }

  /// TestDomainRegexp.
  private static let domains: [(String, isValid: Bool)] = [
    ("test.com", true),
    ("test.com:10304", true),
    ("test.com:http", false),
    ("localhost", true),
    ("localhost:8080", true),
    ("a", true),
    ("a.b", true),
    ("ab.cd.com", true),
    ("a-b.com", true),
    ("-ab.com", false),
    ("ab-.com", false),
    ("ab.c-om", true),
    ("ab.-com", false),
    ("ab.com-", false),
    ("0101.com", true),
    ("001a.com", true),
    ("b.gbc.io:443", true),
    ("b.gbc.io", true),
  ]

  @Test func domains() {
    for (domain, isValid) in Self.domains {
      let reference = try? ImageReference(domain + "/name")
      #expect((reference?.domain == domain) == isValid, "\(domain)")
    }
  }

  /// TestFullNameRegexp: the domain and the path of a name; empty where the table names neither.
  private static let names: [(String, parts: [String]?)] = [
    ("", nil),
    ("short", ["", "short"]),
    ("simple/name", ["simple", "name"]),
    ("library/ubuntu", ["library", "ubuntu"]),
    ("docker/stevvooe/app", ["docker", "stevvooe/app"]),
    (
      "aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb",
      ["aa", "aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb"]
    ),
    ("aa/aa/bb/bb/bb", ["aa", "aa/bb/bb/bb"]),
    ("a/a/a/a", ["a", "a/a/a"]),
    ("a/a/a/a/", nil),
    ("a//a/a", nil),
    ("a", ["", "a"]),
    ("a/aa", ["a", "aa"]),
    ("a/aa/a", ["a", "aa/a"]),
    ("foo.com", ["", "foo.com"]),
    ("foo.com/", nil),
    ("foo.com:8080/bar", ["foo.com:8080", "bar"]),
    ("foo.com:http/bar", nil),
    ("foo.com/bar", ["foo.com", "bar"]),
    ("foo.com/bar/baz", ["foo.com", "bar/baz"]),
    ("localhost:8080/bar", ["localhost:8080", "bar"]),
    ("sub-dom1.foo.com/bar/baz/quux", ["sub-dom1.foo.com", "bar/baz/quux"]),
    ("blog.foo.com/bar/baz", ["blog.foo.com", "bar/baz"]),
    ("a^a", nil),
    ("aa/asdf$$^/aa", nil),
    ("asdf$$^/aa", nil),
    ("aa-a/a", ["aa-a", "a"]),
    ("\(deep128)a", ["a", "\(deep127)a"]),
    ("a-/a/a/a", nil),
    ("foo.com/a-/a/a", nil),
    ("-foo/bar", nil),
    ("foo/bar-", nil),
    ("foo-/bar", nil),
    ("foo/-bar", nil),
    ("_foo/bar", nil),
    ("foo_bar", ["", "foo_bar"]),
    ("foo_bar.com", ["", "foo_bar.com"]),
    ("foo_bar.com:8080", nil),
    ("foo_bar.com:8080/app", nil),
    ("foo.com/foo_bar", ["foo.com", "foo_bar"]),
    ("____/____", nil),
    ("_docker/_docker", nil),
    ("docker_/docker_", nil),
    ("b.gcr.io/test.example.com/my-app", ["b.gcr.io", "test.example.com/my-app"]),
    ("xn--n3h.com/myimage", ["xn--n3h.com", "myimage"]),
    ("xn--7o8h.com/myimage", ["xn--7o8h.com", "myimage"]),
    ("example.com/xn--7o8h.com/myimage", ["example.com", "xn--7o8h.com/myimage"]),
    (
      "example.com/some_separator__underscore/myimage",
      ["example.com", "some_separator__underscore/myimage"]
    ),
    ("example.com/__underscore/myimage", nil),
    ("example.com/..dots/myimage", nil),
    ("example.com/.dots/myimage", nil),
    ("example.com/nodouble..dots/myimage", nil),
    ("docker./docker", nil),
    (".docker/docker", nil),
    ("docker-/docker", nil),
    ("-docker/docker", nil),
    ("do..cker/docker", nil),
    ("do__cker:8080/docker", nil),
    ("do__cker/docker", ["", "do__cker/docker"]),
    (
      "registry.io/foo/project--id.module--name.ver---sion--name",
      ["registry.io", "foo/project--id.module--name.ver---sion--name"]
    ),
    ("Asdf.com/foo/bar", []),
    ("Foo/FarB", nil),
  ]

  @Test func names() {
    for (name, parts) in Self.names {
      // What has a tag is a reference, and no name.
      let reference = (try? ImageReference(name)).flatMap { $0.tag == nil ? $0 : nil }
      guard let parts else {
        #expect(reference == nil, "\(name)")
        continue
      }
      #expect(reference != nil || name.utf8.count > 256, "\(name)")
      guard let reference, !parts.isEmpty else { continue }
      #expect([reference.domain ?? "", reference.path] == parts, "\(name)")
    }
  }

  /// TestReferenceRegexp: name, tag and digest.
  private static let references: [(String, parts: [String]?)] = [
    ("registry.com:8080/myapp:tag", ["registry.com:8080/myapp", "tag", ""]),
    ("registry.com:8080/myapp@sha256:\(be17)", ["registry.com:8080/myapp", "", "sha256:\(be17)"]),
    (
      "registry.com:8080/myapp:tag2@sha256:\(be17)",
      ["registry.com:8080/myapp", "tag2", "sha256:\(be17)"]
    ),
    ("registry.com:8080/myapp@sha256:badbadbadbad", nil),
    ("registry.com:8080/myapp:invalid~tag", nil),
    ("bad_hostname.com:8080/myapp:tag", nil),
    ("localhost:8080@sha256:\(be17)", ["localhost", "8080", "sha256:\(be17)"]),
    ("localhost:8080/name@sha256:\(be17)", ["localhost:8080/name", "", "sha256:\(be17)"]),
    ("localhost:http/name@sha256:\(be17)", nil),
    ("localhost@sha256:\(be17)", ["localhost", "", "sha256:\(be17)"]),
    ("registry.com:8080/myapp@bad", nil),
    ("registry.com:8080/myapp@2bad", nil),
  ]

  @Test func references() {
    for (text, parts) in Self.references {
      let reference = try? ImageReference(text)
      let found = reference.map { [$0.name, $0.tag ?? "", $0.digest?.description ?? ""] }
      #expect(found == parts, "\(text)")
    }
  }

  /// TestValidateReferenceName and TestValidateRemoteName.
  private static let valid = [
    "docker/docker",
    "library/debian",
    "debian",
    "localhost/library/debian",
    "localhost/debian",
    "LOCALDOMAIN/library/debian",
    "LOCALDOMAIN/debian",
    "docker.io/docker/docker",
    "docker.io/library/debian",
    "docker.io/debian",
    "index.docker.io/docker/docker",
    "index.docker.io/library/debian",
    "index.docker.io/debian",
    "127.0.0.1:5000/docker/docker",
    "127.0.0.1:5000/library/debian",
    "127.0.0.1:5000/debian",
    "192.168.0.1",
    "192.168.0.1:80",
    "192.168.0.1:8/debian",
    "192.168.0.2:25000/debian",
    "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
    "[fc00::1]:5000/docker",
    "[fc00::1]:5000/docker/docker",
    "[fc00:1:2:3:4:5:6:7]:5000/library/debian",
    "docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
    "Docker/docker",
    "DOCKER/docker",
    "docker-rules/docker",
    "docker---rules/docker",
    "doc/docker",
    "d/docker",
    "jess/t",
    "dock__er/docker",
  ]
  private static let invalid = [
    "https://github.com/docker/docker",
    "docker/Docker",
    "-docker",
    "-docker/docker",
    "-docker.io/docker/docker",
    "docker///docker",
    "docker.io/docker/Docker",
    "docker.io/docker///docker",
    "[fc00::1]",
    "[fc00::1]:5000",
    "fc00::1:5000/debian",
    "[fe80::1%eth0]:5000/debian",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
    "docker-/docker",
    "-docker-/docker",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "dock-.er/docker",
    "docker/",
    Array(
      repeating: "this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255", count: 4
    ).joined(separator: "_")
      + "/docker",
  ]

  @Test func familiarNames() {
    for name in Self.valid {
      #expect(throws: Never.self, "\(name)") { try ImageReference(familiar: name) }
    }
    for name in Self.invalid {
      #expect(throws: ImageReferenceError.self, "\(name)") { try ImageReference(familiar: name) }
    }
  }

  /// TestParseRepositoryInfo: familiar, full and ambiguous name, domain, path.
  private static let repositories: [[String]] = [
    ["localhost/fooo", "localhost/fooo", "localhost/fooo", "localhost", "fooo"],
    ["localhost/fooo/bar", "localhost/fooo/bar", "localhost/fooo/bar", "localhost", "fooo/bar"],
    ["LOCALDOMAIN/fooo", "LOCALDOMAIN/fooo", "LOCALDOMAIN/fooo", "LOCALDOMAIN", "fooo"],
    [
      "LOCALDOMAIN/fooo/bar", "LOCALDOMAIN/fooo/bar", "LOCALDOMAIN/fooo/bar", "LOCALDOMAIN",
      "fooo/bar",
    ],
    ["fooo/bar", "docker.io/fooo/bar", "index.docker.io/fooo/bar", "docker.io", "fooo/bar"],
    ["ubuntu", "docker.io/library/ubuntu", "library/ubuntu", "docker.io", "library/ubuntu"],
    ["nonlibrary/ubuntu", "docker.io/nonlibrary/ubuntu", "", "docker.io", "nonlibrary/ubuntu"],
    ["other/library", "docker.io/other/library", "", "docker.io", "other/library"],
    [
      "127.0.0.1:8000/private/moonbase", "127.0.0.1:8000/private/moonbase", "", "127.0.0.1:8000",
      "private/moonbase",
    ],
    [
      "127.0.0.1:8000/privatebase", "127.0.0.1:8000/privatebase", "", "127.0.0.1:8000",
      "privatebase",
    ],
    [
      "example.com/private/moonbase", "example.com/private/moonbase", "", "example.com",
      "private/moonbase",
    ],
    ["example.com/privatebase", "example.com/privatebase", "", "example.com", "privatebase"],
    [
      "example.com:8000/private/moonbase", "example.com:8000/private/moonbase", "",
      "example.com:8000", "private/moonbase",
    ],
    [
      "example.com:8000/privatebasee", "example.com:8000/privatebasee", "", "example.com:8000",
      "privatebasee",
    ],
    [
      "ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base",
      "index.docker.io/library/ubuntu-12.04-base", "docker.io", "library/ubuntu-12.04-base",
    ],
    ["foo", "docker.io/library/foo", "docker.io/foo", "docker.io", "library/foo"],
    ["library/foo/bar", "docker.io/library/foo/bar", "", "docker.io", "library/foo/bar"],
    ["store/foo/bar", "docker.io/store/foo/bar", "", "docker.io", "store/foo/bar"],
    ["Foo/bar", "Foo/bar", "", "Foo", "bar"],
    ["FOO/bar", "FOO/bar", "", "FOO", "bar"],
  ]

  @Test func normalizes() throws {
    for row in Self.repositories {
      for spelling in row[..<3] where !spelling.isEmpty {
        let reference = try ImageReference(familiar: spelling)
        #expect(reference.familiarName == row[0], "\(spelling)")
        #expect(reference.name == row[1], "\(spelling)")
        #expect(reference.domain == row[3], "\(spelling)")
        #expect(reference.path == row[4], "\(spelling)")
      }
    }
  }

  @Test func defaultTag() throws {
    #expect(
      try ImageReference(familiar: "todo").withDefaultTag.description
        == "docker.io/library/todo:latest")
    #expect(try ImageReference("a/b:1").withDefaultTag.description == "a/b:1")
    #expect(try ImageReference("registry:5000/team/app:1.2").baseName == "app")
  }

  @Test func saysWhatIsWrong() {
    #expect(throws: ImageReferenceError.self) { try ImageReference("-v") }
    do {
      _ = try ImageReference("Team/App:1")
    } catch {
      #expect(
        error.description
          == "\"Team/App:1\" names no image: the name of a repository is in lower case")
      #expect(error.exitCode == .usage)
    }
  }
}
