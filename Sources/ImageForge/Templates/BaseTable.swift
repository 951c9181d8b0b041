import ForgeBasics
import Yams

/// `recipes/data/bases.yaml`: which base images and tool versions the recipes use.
package struct BaseTable: Decodable, Sendable {
  /// The base images of one runtime.
  package struct Bases: Decodable, Sendable {
    /// The versions that have such images, as the tags write them; oldest first.
    package let versions: [String]
    /// The kind that is used unless another is asked for.
    package let `default`: String
    private let kinds: [String: Kind]

    private struct Kind: Decodable, Sendable {
      let build: String
      let final: String
      /// Where not all versions have images of this kind.
      let versions: [String]?
      /// The runtime's own path in an image that has no shell.
      let program: String?
      /// Images of one release, the first that is not younger than it; without this a release gets the image of its
      /// line, and where it is empty there are none.
      let exact: [Exact]?
    }

    /// The tags of single releases, which name the distribution that was new when they came out.
    private struct Exact: Decodable, Sendable {
      let image: String
      /// The first release of each line that has the tag.
      let since: [String]
    }

    /// Nil when there is no such kind, or none for that version; `22.20.0` is served by the image of `22`.
    package func images(for version: String, _ choice: BaseChoice?) -> BaseImages? {
      if case .named(let name) = choice {
        return BaseImages(kind: name, build: name, final: name, version: version, program: nil)
      }
      let name = choice?.name ?? `default`
      guard let kind = kinds[name],
        let listed = (kind.versions ?? versions).first(where: {
          version == $0 || version.hasPrefix($0 + ".")
        })
      else { return nil }
      if version != listed, let exact = kind.exact {
        return Self.image(of: version, in: exact).map { image in
          BaseImages(kind: name, build: image, final: image, version: listed, program: kind.program)
        }
      }
      func image(_ pattern: String) -> String { pattern.replacing("{version}", with: listed) }
      return BaseImages(
        kind: name, build: image(kind.build), final: image(kind.final), version: listed,
        program: kind.program)
    }

    private static func image(of version: String, in exact: [Exact]) -> String? {
      func numbers(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0) ?? 0 } }
      let release = numbers(version)
      let fitting = exact.first { tag in
        tag.since.contains { first in
          let first = numbers(first)
          return first.prefix(2) == release.prefix(2)
            && !release.lexicographicallyPrecedes(first)
        }
      }
      return fitting?.image.replacing("{version}", with: version)
    }

    /// Whether there are images of that version.
    package func has(_ version: String, _ choice: BaseChoice?) -> Bool {
      versions(of: choice).contains { version == $0 || version.hasPrefix($0 + ".") }
    }

    /// The versions that have an image of a kind, for a message; empty when there is no such kind.
    package func versions(of choice: BaseChoice?) -> [String] {
      guard let kind = kinds[choice?.name ?? `default`] else { return [] }
      return kind.versions ?? versions
    }
  }

  package let node: Bases
  package let python: Bases
  /// Servers of files.
  package let `static`: Bases
  /// By the package manager's name.
  private let tools: [String: String]

  private static let file = "data/bases.yaml"

  package static func load(_ book: RecipeBook) throws(RecipeError) -> BaseTable {
    let text = try book.text(file)
    do {
      return try YAMLDecoder().decode(BaseTable.self, from: text)
    } catch {
      // An error of YAML lies inside of one of decoding.
      if case DecodingError.dataCorrupted(let context) = error,
        case .parser(_, let problem, let mark, _)? = context.underlyingError as? YamlError
      {
        throw book.broken(
          file, line: mark.line, reason: "line \(mark.line) is not valid YAML: \(problem)")
      }
      throw book.broken(file, line: nil, reason: "\(error)")
    }
  }

  /// The exact version to install of a package manager: the one that the project pins, else the table's.
  package func version(of tool: String, pinned: String?) throws(RecipeError) -> String {
    if let pinned, DockerText.isExactVersion(pinned) { return pinned }
    guard let version = tools[tool] else {
      throw .brokenRecipe(file: Self.file, reason: "tools lacks \(tool)")
    }
    return version
  }
}

/// The two base images of a Dockerfile: what builds, and what the image stands on.
package struct BaseImages: Sendable {
  /// `alpine`, `slim`, `distroless`, `chainguard`, or the name that the user gave.
  package let kind: String
  package let build: String
  package let final: String
  /// The runtime's version as the tags write it.
  package let version: String
  /// The runtime's path, in an image that has no shell.
  package let program: String?

  /// The tag says nothing about the version.
  package var isMoving: Bool { final.hasSuffix(":latest") }
  /// The build image's user is not root.
  package var isUnprivileged: Bool { kind == "chainguard" }
  package var isNamed: Bool { !["alpine", "slim", "distroless", "chainguard"].contains(kind) }

  /// The images that build with these and stand on those of another runtime.
  package func withFinal(_ other: BaseImages) -> BaseImages {
    BaseImages(
      kind: kind, build: build, final: other.final, version: version, program: program)
  }

  /// With an image that is kept, where it is of the same name, such as another tag of `python`.
  package func replaced(by image: String?) -> BaseImages {
    guard let image else { return self }
    func replaced(_ own: String) -> String {
      let name = image.prefix { $0 != ":" && $0 != "@" }
      return own.hasPrefix("\(name):") ? image : own
    }
    return BaseImages(
      kind: kind, build: replaced(build), final: replaced(final), version: version,
      program: program)
  }

  /// The images that a Dockerfile names, with the digests that `pins` knows. Of a tag and a digest older engines
  /// take only one, so that the digest stands alone.
  package func pinned(_ pins: [String: String]) -> BaseImages {
    func pinned(_ image: String) -> String {
      guard let digest = pins[image] else { return image }
      let slash = image.lastIndex(of: "/") ?? image.startIndex
      let name = image[slash...].firstIndex(of: ":").map { image[..<$0] } ?? image[...]
      return "\(name)@\(digest)"
    }
    return BaseImages(
      kind: kind, build: pinned(build), final: pinned(final), version: version, program: program)
  }
}
